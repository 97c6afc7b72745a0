FROM debian
RUN apt-get update && apt-get install -y sudo
USER app
RUN touch /home/app/marker

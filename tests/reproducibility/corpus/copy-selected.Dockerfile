# stratum: copy
FROM scratch
COPY app/*.py /srv/app/
COPY data/words.txt data/numbers.csv /srv/data/
COPY conf /etc/service/
CMD ["/srv/app/main.py"]

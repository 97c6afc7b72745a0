FROM debian
RUN useradd -m -u 1234567 app
RUN groupadd app \
 && useradd --uid=1234567 app
RUN useradd --uid 1234567 app

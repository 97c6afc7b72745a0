FROM python AS base
ARG PIP_NO_CACHE_DIR=1
RUN pip install requests && \
    python -m pip install -r requirements.txt
ENV PIP_NO_CACHE_DIR=on
FROM base
ENV PIP_NO_CACHE_DIR=0
RUN pip3 install flask

# stratum: pip
# network: yes
FROM debian:bookworm
RUN apt-get update && apt-get install -qqy --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
COPY app/requirements.txt /tmp/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi; \
    python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt
COPY app /srv/app
RUN /opt/venv/bin/python -c 'import iniconfig' && /opt/venv/bin/python /srv/app/main.py /tmp/requirements.txt > /listed

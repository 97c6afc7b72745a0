FROM python AS base
ENV PIP_NO_CACHE_DIR="True"
FROM base
RUN pip install requests
FROM python
RUN pip install --no-cache-dir requests && PIP_NO_CACHE_DIR=1 pip install flask
RUN --mount=type=cache,target=/root/.cache pip install requests
RUN --mount=type=cache,target=/root/.cache/pip pip install requests
RUN pipx install ruff && pipenv install && pip download requests

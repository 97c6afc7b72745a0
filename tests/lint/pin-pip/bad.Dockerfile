FROM python
RUN pip install --no-cache-dir --timeout 60 requests flask==3
RUN python3 -m pip install \
    git+https://git@git.example.org/team/tool.git
RUN pip3.11 install flask && pipx install ruff

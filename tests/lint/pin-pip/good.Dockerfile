FROM python
RUN pip install "requests>=2" 'idna~=3.4' tool-1.0-py3-none-any.whl dist/tool-1.tar.gz
RUN pip3 install -c limits.txt requests && pip install -e .[dev] && pip install .
RUN pip install git+https://git.example.org/team/tool.git@v1 && pip download requests
RUN pipenv install requests && /opt/venv/bin/pip install requests

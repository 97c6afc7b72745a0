"""A page that greets; with --check it serves on loopback, fetches its own page once and ends."""

import sys
import threading
import urllib.request
from wsgiref.simple_server import make_server

import bottle

app = bottle.Bottle()


@app.get("/")
def index() -> str:
    return "It works.\n"


@app.get("/hello/<name>")
def hello(name: str) -> str:
    return bottle.template("Hello, {{name}}!\n", name=name)


def check() -> None:
    """Serve on a free port of loopback and fetch one page."""
    with make_server("127.0.0.1", 0, app) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}/hello/loopback"
        with urllib.request.urlopen(url, timeout=10) as answer:
            sys.stdout.write(answer.read().decode())


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        with make_server("0.0.0.0", 8000, app) as server:
            server.serve_forever()

"""Owns the measuring of the language server: how long an editor waits for an answer to a keystroke.

The server is a real process and the editor speaks to it over pipes. A keystroke is one character inserted into a RUN of
a file of 300 lines; the answer is its colours and all its findings. It refuses to be an editor: it asks nothing else.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmarks.measure import Result, Sample, WorkloadFailed

if TYPE_CHECKING:
    from benchmarks.tools import Lithify

NAME = "lsp: keystroke in 300 lines"
_KEYSTROKES = 40
_MARK = "make install"
_STAGE = """\
# The stage that makes part {n}.
FROM debian:12-slim AS build{n}
ARG VERSION=1.{n}
ENV PATH=/opt/app/bin:$PATH \\
    MODE=fast \\
    LANG=C.UTF-8
WORKDIR /src

# What the compiler needs.
RUN apt-get update && apt-get install -y --no-install-recommends \\
      build-essential=12.9 \\
      ca-certificates=20230311 \\
      curl=7.88.1-10 \\
      git=1:2.39.2-1 \\
      libssl-dev=3.0.11-1 \\
      pkg-config=1.8.1-1 \\
      python3=3.11.2-1 \\
    && rm -rf /var/lib/apt/lists/*

COPY --chown=app go.mod go.sum ./
RUN --mount=type=cache,target=/root/.cache \\
    set -eux; \\
    for target in linux darwin windows; do \\
      if [ "$target" = linux ]; then \\
        echo "building $target ${{VERSION}}" | tee /tmp/log; \\
      else \\
        echo "skipping $target"; \\
      fi; \\
    done
COPY . .
RUN make build VERSION="$VERSION" \\
    && make test \\
    && make install DESTDIR=/out

# What is started.
LABEL org.opencontainers.image.title="part {n}"
USER app
EXPOSE 8080
HEALTHCHECK --interval=5s CMD curl -f http://localhost:8080/ || exit 1
ENTRYPOINT ["/out/app", "--serve"]
CMD ["--port", "8080"]

"""


def measure_keystrokes(lithify: Lithify, work: Path) -> Result:
    """The answers to some keystrokes, one after the other."""
    work.mkdir(parents=True, exist_ok=True)
    text = "".join(_STAGE.format(n=number) for number in range(7))
    before = text[: text.index(_MARK)]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    with subprocess.Popen(
        lithify.command("lsp"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=work,
        env=lithify.environment,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        editor = _Editor(process.stdin, process.stdout, (work / "Dockerfile").as_uri())
        try:
            editor.open(text)
            editor.type_at(line, column, 0)
            samples = [_sample(editor, process.pid, line, column + n) for n in range(_KEYSTROKES)]
        finally:
            process.kill()
    return Result(NAME, lithify.name, tuple(samples))


def _sample(editor: _Editor, pid: int, line: int, column: int) -> Sample:
    import time

    started, used = time.perf_counter(), _cpu_s(pid)
    editor.type_at(line, column, column)
    return Sample(time.perf_counter() - started, _cpu_s(pid) - used, _peak_bytes(pid))


def _cpu_s(pid: int) -> float:
    """Seconds that all threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = [one.split()[1] for one in lines if one.startswith("VmHWM")]
    return int(sizes[0]) * 1024 if sizes else 0


class _Editor:
    """The least that can speak to a language server."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes], uri: str) -> None:
        self._requests = requests
        self._answers = answers
        self._document = {"uri": uri}
        self._count = 0
        self._version = 1

    def open(self, text: str) -> None:
        """Shake hands and open the file."""
        capabilities = {"textDocument": {"diagnostic": {}}}
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})
        document = {**self._document, "languageId": "dockerfile", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def type_at(self, line: int, column: int, number: int) -> None:
        """Insert a letter, and wait for colours and findings."""
        self._version += 1
        place = {"line": line, "character": column}
        change = {"range": {"start": place, "end": place}, "text": "abcdef"[number % 6]}
        document = {**self._document, "version": self._version}
        params = {"textDocument": document, "contentChanges": [change]}
        self._send({"method": "textDocument/didChange", "params": params})
        self._ask("textDocument/semanticTokens/full", {"textDocument": self._document})
        self._ask("textDocument/diagnostic", {"textDocument": self._document})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._requests.write(f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        self._requests.flush()

    def _ask(self, method: str, params: dict[str, Any]) -> None:
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        while self._next().get("id") != self._count:
            pass

    def _next(self) -> dict[str, Any]:
        length = 0
        while (line := self._answers.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if not length:
            raise WorkloadFailed("the language server went away")
        answer: dict[str, Any] = json.loads(self._answers.read(length))
        return answer

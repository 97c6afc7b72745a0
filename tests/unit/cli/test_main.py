"""Exit statuses, errors, interruptions and start-up of the command line."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lithify
from lithify.cli.door import Door
from lithify.cli.main import COMMANDS
from lithify.errors import (
    BuildError,
    Cancelled,
    LithifyError,
    SourceError,
    SourceText,
    Span,
    StepFailed,
    UsageError,
)

_ROOT = str(Path(__file__).parents[3])
_HEAVY = ("lark", "networkx", "pyroute2", "rich", "sqlite3", "argparse", "dataclasses", "typing")


def _python(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": _ROOT, **options.pop("environ", {})}
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, **options
    )


@pytest.mark.parametrize("word", ["--version", "version"])
def test_the_version_loads_nothing_heavy(word: str) -> None:
    code = (
        f"import sys; from lithify.cli.main import main; main([{word!r}]);"
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )
    ended = _python(code)
    assert ended.stdout.splitlines()[1:] == ["[]"], ended.stderr
    assert ended.stdout.startswith("lithify 0")


def test_a_parsed_command_loads_no_other_command_and_no_renderer_it_does_not_need() -> None:
    code = (
        "import sys; from lithify.cli.main import main; main(['build', '--help']);"
        "print([name for name in ('rich', 'sqlite3', 'lark', 'lithify.cli.run') "
        "if name in sys.modules])"
    )
    assert _python(code).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LithifyError("no"), 1),
        (BuildError("no"), 1),
        (StepFailed("no", exit_code=7, tail=("last words",)), 1),
        (UsageError("no"), 2),
        (Cancelled("stopped"), 130),
        (KeyboardInterrupt(), 130),
        (OSError(errno.ENOSPC, "No space left on device", "/store/blob"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "/store"), 1),
        (MemoryError(), 1),
        (OSError(errno.EIO, "Input/output error"), 70),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 70),
        (KeyError("x"), 70),
        (RecursionError(), 70),
    ],
)
def test_what_a_command_raises_decides_the_exit_status(
    lithify: Any, engine: Any, error: BaseException, status: int
) -> None:
    engine.error = error
    ended = lithify("build", ".")
    assert ended.status == status
    assert ended.err.startswith("error: ") or "\nerror: " in ended.err
    assert "Traceback" not in ended.err
    assert engine.is_closed


def test_an_error_is_shown_with_its_place(lithify: Any, engine: Any) -> None:
    source = SourceText("Dockerfile", "FROM a\nCPOY app /app\n")
    engine.error = SourceError(
        'unknown instruction "CPOY"', span=Span(source, 7, 11), suggestion="COPY"
    )
    shown = lithify("build", "--progress=quiet", ".").err
    assert shown.splitlines() == [
        'error: unknown instruction "CPOY" (did you mean COPY?)',
        "  --> Dockerfile:2:1",
        "   |",
        " 2 | CPOY app /app",
        "   | ^^^^",
    ]


def test_an_error_cannot_send_control_sequences_to_the_terminal(lithify: Any, engine: Any) -> None:
    engine.error = BuildError("bad \x1b]0;title\x07 name \x1b[31mred\x9b2J")
    assert lithify("build", "-q", ".").err == "error: bad  name red\n"


def test_errors_are_coloured_on_a_terminal_unless_told_not_to(
    lithify: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.error = BuildError("no", hint="do this")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert lithify("build", "-q", ".").err.startswith("\x1b[1;31merror:\x1b[0m no\n")
    monkeypatch.setenv("NO_COLOR", "1")
    assert lithify("build", "-q", ".").err == "error: no\n   = help: do this\n"


def test_a_bug_is_reported_without_values_of_the_command_line(lithify: Any, engine: Any) -> None:
    engine.error = KeyError("internal")
    shown = lithify("build", "--build-arg=TOKEN=s3cret", "--build-arg", "K=s3cret", "s3cret").err
    assert "command: lithify build --build-arg --build-arg\n" in shown
    assert "s3cret" not in shown
    assert "KeyError" in shown
    assert "--debug" in shown


def test_a_bug_shows_its_traceback_only_with_debug(lithify: Any, engine: Any) -> None:
    engine.error = KeyError("internal")
    assert "Traceback" in lithify("--debug", "images").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bild"], "unknown command: bild (did you mean build?)"),
        (["--rot", "x", "images"], "unknown flag: --rot (did you mean --root?)"),
        (["--root"], "--root needs a value"),
        (["--isolation=vm", "images"], "'vm' is none of"),
        (["build"], "the following arguments are required"),
        (["images", "--quite"], "unknown flag: --quite (did you mean --quiet?)"),
        (["debug", "asts", "x"], "unknown dump: asts (did you mean ast?)"),
        (["debug"], "which dump?"),
        (["version", "now"], "unexpected argument: now"),
        (["plan", "-"], "standard input"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_known(
    lithify: Any, arguments: list[str], said: str
) -> None:
    ended = lithify(*arguments)
    assert ended.status == 2
    assert ended.err.startswith("error: ")
    assert said in ended.err
    assert ended.out == ""


def test_no_command_shows_the_help_and_exits_with_2(lithify: Any) -> None:
    ended = lithify()
    assert (ended.status, ended.out) == (2, "")
    assert all(f"  {name} " in ended.err for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(lithify: Any, command: str) -> None:
    ended = lithify(command, "--help")
    assert ended.status == 0
    assert ended.out.startswith(f"usage: lithify {command}")
    assert lithify("help", command).out == ended.out


@pytest.mark.parametrize(
    ("environ", "is_root", "root"),
    [
        ({"LITHIFY_HOME": "/srv/store"}, True, "/srv/store"),
        ({}, True, "/var/lib/lithify"),
        ({"XDG_DATA_HOME": "/data"}, False, "/data/lithify"),
        ({"XDG_DATA_HOME": "relative"}, False, "/home/u/.local/share/lithify"),
        ({}, False, "/home/u/.local/share/lithify"),
    ],
)
def test_the_store_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], is_root: bool, root: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if is_root else 1000)
    monkeypatch.setenv("HOME", "/home/u")
    assert Door(environ).store_root() == root


@pytest.mark.parametrize(
    "arguments", [["--root", "/r", "--isolation=chroot", "images"], ["images", "--root=/r"]]
)
def test_global_options_stand_before_or_after_the_command(
    lithify: Any, engine: Any, arguments: list[str]
) -> None:
    assert lithify(*arguments).status == 0
    assert engine.options.root == "/r"
    assert engine.options.isolation in ("chroot", "auto")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_cancels_the_build_and_the_second_ends_it(
    lithify: Any, engine: Any, number: int
) -> None:
    cancelled: list[bool] = []

    def interrupt_twice() -> None:
        signal.raise_signal(number)
        cancelled.append(engine.is_cancelled)
        signal.raise_signal(number)

    engine.during = interrupt_twice
    assert lithify("build", ".").status == 130
    assert cancelled == [True]


def test_a_signal_outside_of_a_build_ends_at_once_and_handlers_are_restored(
    lithify: Any, engine: Any
) -> None:
    before = signal.getsignal(signal.SIGINT)
    engine.during = lambda: signal.raise_signal(signal.SIGINT)
    assert lithify("images").status == 130
    assert not engine.is_cancelled
    assert engine.is_closed
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"]])
def test_a_reader_that_went_away_is_no_news(arguments: list[str]) -> None:
    code = (
        "import sys; from lithify.cli.main import main; sys.stdin.readline();"
        f"sys.exit(main({arguments!r}))"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environ = {**os.environ, "PYTHONPATH": _ROOT}
    with subprocess.Popen(command, env=environ, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() in (0, 1)


def test_the_package_can_be_run_as_a_module() -> None:
    words = [sys.executable, "-m", "lithify", "--version"]
    environment = {**os.environ, "PYTHONPATH": str(Path(lithify.__file__).parents[1])}
    ended = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "lithify")

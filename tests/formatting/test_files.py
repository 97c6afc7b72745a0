"""`lithify fmt` on real files: what is written, what is said, how it ends."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import lithify
from lithify.cli.main import main
from lithify.errors import ConfigurationError, LithifyError
from lithify.formatting import Choices, format_file, options_at, write_file

UGLY = "from a\nrun   x\n"
NEAT = "FROM a\nRUN x\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".editorconfig").write_text("root = true\n")
    monkeypatch.chdir(tmp_path)


def test_every_dockerfile_below_here_is_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["Dockerfile", "sub/Containerfile", "sub/web.Dockerfile", "Dockerfile.dev"]
    others = ["Dockerfile.dockerignore", "notes.txt", ".git/Dockerfile"]
    for name in (*names, *others):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(UGLY)
    assert main(["fmt"]) == 0
    assert [Path(name).read_text() for name in names] == [NEAT] * 4
    assert [Path(name).read_text() for name in others] == [UGLY] * 3
    written = capsys.readouterr()
    assert sorted(written.out.splitlines()) == sorted(f"formatted {name}" for name in names)
    assert written.err == "4 files formatted\n"


def test_check_writes_nothing_and_tells_by_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    Path("Dockerfile").write_text(UGLY)
    assert main(["fmt", "--check"]) == 1
    assert Path("Dockerfile").read_text() == UGLY
    assert capsys.readouterr().out == "would format Dockerfile\n"
    assert main(["fmt"]) == 0
    assert main(["fmt", "--check"]) == 0


def test_diff_shows_the_change_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("Dockerfile").write_text("FROM a\nrun x")
    assert main(["fmt", "--diff"]) == 0
    shown = capsys.readouterr().out
    assert "-run x\n\\ No newline at end of file\n+RUN x\n" in shown
    assert main(["fmt", "--diff", "--check", "Dockerfile"]) == 1
    assert Path("Dockerfile").read_text() == "FROM a\nrun x"


def test_a_file_with_mistakes_is_untouched_and_others_are_formatted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("Dockerfile.a").write_text("from a\nCPOY x\nrun y\n")
    Path("Dockerfile.b").write_text(UGLY)
    assert main(["fmt", "Dockerfile.a", "missing", "Dockerfile.b"]) == 1
    assert Path("Dockerfile.a").read_text() == "from a\nCPOY x\nrun y\n"
    assert Path("Dockerfile.b").read_text() == NEAT
    said = capsys.readouterr().err
    assert "Dockerfile.a:2:1" in said
    assert "cannot read missing: no such file or directory" in said
    assert said.endswith("1 file formatted, 2 files failed\n")


def test_standard_input_goes_to_standard_output() -> None:
    root = str(Path(lithify.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", "from lithify.cli.main import main; raise SystemExit(main())", "fmt", "-"],
        input=b"from a\r\nrun \xff\r\n", capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"FROM a\r\nRUN \xff\r\n", b"")


def test_standard_input_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(UGLY.encode())))
    assert main(["fmt", "--check", "-"]) == 1
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(NEAT.encode())))
    assert main(["fmt", "--check", "-"]) == 0


def test_flags_choose_the_layout() -> None:
    Path("Dockerfile").write_text("FROM a\nENV A=1 \\\nB=2\n")
    assert main(["fmt", "--indent", "2", "--line-ending", "crlf"]) == 0
    assert Path("Dockerfile").read_bytes() == b"FROM a\r\nENV A=1 \\\r\n  B=2\r\n"


def test_a_range_is_formatted_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("Dockerfile").write_text("from a\nrun x\nrun y\n")
    assert main(["fmt", "--range", "2:2", "Dockerfile"]) == 0
    assert Path("Dockerfile").read_text() == "from a\nRUN x\nrun y\n"
    Path("b.Dockerfile").write_text(UGLY)
    assert main(["fmt", "--range", "2:2"]) == 2
    assert "--range is for one file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--range", "3:2"], ["--range", "0:2"], ["--range", "x"], ["--indent", "17"], ["--indent", "-1"],
     ["--line-ending", "cr"], ["--fix"]],
)  # fmt: skip
def test_wrong_flags_are_refused(arguments: list[str]) -> None:
    Path("Dockerfile").write_text(UGLY)
    assert main(["fmt", *arguments]) == 2
    assert Path("Dockerfile").read_text() == UGLY


def test_nothing_to_format_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt"]) == 1
    assert "no Dockerfile below ." in capsys.readouterr().err


def test_mode_and_links_stay_and_nothing_is_left_beside(tmp_path: Path) -> None:
    Path("real").write_text(UGLY)
    os.chmod("real", 0o640)
    os.symlink("real", "Dockerfile")
    assert main(["fmt"]) == 0
    assert Path("Dockerfile").is_symlink()
    assert Path("real").read_text() == NEAT
    assert Path("real").stat().st_mode & 0o7777 == 0o640
    assert {one.name for one in tmp_path.iterdir()} == {".editorconfig", "real", "Dockerfile"}


def test_an_unchanged_file_is_not_written() -> None:
    Path("Dockerfile").write_text(NEAT)
    before = Path("Dockerfile").stat()
    assert main(["fmt"]) == 0
    assert Path("Dockerfile").stat().st_ino == before.st_ino
    assert Path("Dockerfile").stat().st_mtime_ns == before.st_mtime_ns


def test_a_write_that_fails_leaves_the_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("Dockerfile").write_text(UGLY)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(LithifyError, match="cannot write Dockerfile: no space left on device"):
        write_file("Dockerfile", format_file("Dockerfile", Choices()))
    assert Path("Dockerfile").read_text() == UGLY
    assert {one.name for one in tmp_path.iterdir()} == {".editorconfig", "Dockerfile"}


def test_what_is_no_file_is_refused() -> None:
    os.mkfifo("Dockerfile")
    with pytest.raises(LithifyError, match="Dockerfile is not a file"):
        format_file("Dockerfile", Choices())


@pytest.mark.parametrize(
    ("text", "indent", "ending", "width", "final"),
    [
        ("indent_size = 2", "  ", "auto", 100, True),
        ("indent_style = tab", "\t", "auto", 100, True),
        ("indent_size = tab\ntab_width = 3", "   ", "auto", 100, True),
        ("end_of_line = crlf\nmax_line_length = 80", "    ", "crlf", 80, True),
        ("max_line_length = off\ninsert_final_newline = false", "    ", "auto", None, False),
        ("indent_size = unset\nend_of_line = unset", "    ", "auto", 100, True),
    ],
)
def test_editorconfig_is_obeyed(
    text: str, indent: str, ending: str, width: int | None, final: bool
) -> None:
    Path(".editorconfig").write_text(f"root = true\n[Dockerfile]\n{text}\n")
    assert tuple(options_at("Dockerfile", Choices())) == (indent, ending, width, final)
    assert tuple(options_at("Other", Choices())) == ("    ", "auto", 100, True)


def test_flags_win_over_editorconfig() -> None:
    Path(".editorconfig").write_text("root = true\n[*]\nindent_size = 2\nend_of_line = crlf\n")
    options = options_at("Dockerfile", Choices(indent=3, line_ending="lf"))
    assert options[:2] == ("   ", "lf")


@pytest.mark.parametrize(
    "text",
    ["end_of_line = cr", "indent_size = many", "indent_size = 99", "max_line_length = -1",
     "insert_final_newline = maybe"],
)  # fmt: skip
def test_senseless_values_of_editorconfig_are_refused(text: str) -> None:
    Path(".editorconfig").write_text(f"root = true\n[*]\n{text}\n")
    with pytest.raises(ConfigurationError, match=text):
        options_at("Dockerfile", Choices())


def test_a_broken_editorconfig_is_refused() -> None:
    Path(".editorconfig").write_text("root = true\n]broken\n")
    Path("Dockerfile").write_text(UGLY)
    assert main(["fmt"]) == 1
    assert Path("Dockerfile").read_text() == UGLY


def test_formatting_loads_nothing_that_only_building_needs() -> None:
    Path("Dockerfile").write_text(UGLY)
    heavy = (
        "networkx",
        "pyroute2",
        "rich",
        "sqlite3",
        "urllib3",
        "tarfile",
        "tree_sitter",
        "lithify.executor",
    )
    code = (
        "import sys; from lithify.cli.main import main; main(['fmt', 'Dockerfile']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(lithify.__file__).parents[1])},
    )  # fmt: skip
    assert done.stdout == "formatted Dockerfile\n[]\n"

"""`lithify lint` as people use it: files, folders, patterns, standard input, exit statuses, repairs, rules of a project."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.cli.main import main
from lithify.linting.discovery import find_files, is_dockerfile
from lithify.linting.run import LintRequest, lint_here, lint_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

_CLEAN = 'FROM busybox:1\nUSER 1000\nCMD ["x"]\n'
_BAD = "FROM busybox:1\nMAINTAINER me\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("lint", ..., stdin=b"")` in an empty folder: status, output, errors."""
    (tmp_path / ".git").mkdir()
    for name in [one for one in os.environ if one.startswith("HADOLINT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(["lint", *arguments])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def _write(name: str, text: str = _BAD) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def _files(output: str) -> list[str]:
    return sorted({one["file"] for one in json.loads(output)})


def test_without_paths_the_current_folder_is_checked(run: Run) -> None:
    _write("Dockerfile")
    _write("sub/Containerfile.dev")
    _write("node_modules/x/Dockerfile")
    _write("sub/notes.md")
    status, output, _ = run("-f", "json")
    assert status == 1
    assert _files(output) == ["Dockerfile", "sub/Containerfile.dev"]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Dockerfile", True),
        ("dockerfile", True),
        ("Containerfile", True),
        ("Dockerfile.dev", True),
        ("app.Dockerfile", True),
        ("app.containerfile", True),
        ("Dockerfile.dockerignore", False),
        ("Dockerfile.orig", False),
        ("Dockerfile~", False),
        ("MyDockerfile", False),
        ("Dockerfiles", False),
    ],
)
def test_dockerfiles_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert is_dockerfile(name) is is_one


def test_patterns_folders_and_files_can_be_mixed_and_left_out(run: Run) -> None:
    for name in ("a/Dockerfile", "b/Dockerfile", "b/old/Dockerfile", "c/x.txt"):
        _write(name)
    assert find_files(["*/Dockerfile", "b", "c/x.txt", "a/Dockerfile"]) == [
        "a/Dockerfile", "b/Dockerfile", "b/old/Dockerfile", "c/x.txt",
    ]  # fmt: skip
    assert find_files(["."], ["b/old", "a"]) == ["b/Dockerfile"]
    status, _, errors = run("nothing*here")
    assert status == 2
    assert "nothing matches" in errors


def test_standard_input_is_a_file(run: Run) -> None:
    status, output, _ = run("-f", "json", "--stdin-name", "x/Dockerfile", "-", stdin=_BAD.encode())
    assert status == 1
    assert _files(output) == ["x/Dockerfile"]


def test_what_cannot_be_read_is_told_and_hides_nothing(run: Run) -> None:
    _write("Dockerfile")
    _write("broken", "FROM busybox:1\nRNU x\nMAINTAINER me\n")
    Path("binary").write_bytes(b"\xff\xfe\x00FROM\n")
    Path("folder.Dockerfile").mkdir()
    status, output, errors = run(
        "-f", "json", "missing", "broken", "binary", "folder.Dockerfile", "Dockerfile"
    )
    assert status == 1
    assert _files(output) == ["Dockerfile", "binary", "broken"]
    assert "error: missing: no such file or directory" in errors
    found = [one["code"] for one in json.loads(output) if one["file"] == "broken"]
    assert found == ["DL1000", "MaintainerDeprecated"]


def test_a_link_in_a_circle_and_a_huge_file_are_told_of(run: Run) -> None:
    os.symlink("loop", "loop")
    with open("huge", "wb") as file:
        file.truncate(17 * 1024 * 1024)
    status, _, errors = run("loop", "huge")
    assert status == 1
    assert "huge: larger than" in errors
    assert "loop: too many levels" in errors


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 1),
        (("-t", "error"), 0),
        (("-t", "none"), 0),
        (("--failure-threshold", "warning"), 1),
        (("--no-fail",), 0),
        (("-f", "codacy"), 0),
        (("-f", "codeclimate"), 0),
        (("-f", "checkstyle"), 1),
        (("--ignore", "maintainer"), 0),
        (("--ignore", "x,MaintainerDeprecated"), 0),
        (("--select", "json-form"), 0),
        (("--info", "maintainer", "-t", "warning"), 0),
        (("--error", "maintainer", "-t", "error"), 1),
    ],
)
def test_the_exit_status_follows_threshold_and_form(
    run: Run, arguments: tuple[str, ...], status: int
) -> None:
    _write("Dockerfile")
    assert run(*arguments)[0] == status


def test_a_file_that_cannot_be_parsed_fails_at_any_threshold(run: Run) -> None:
    _write("Dockerfile", "FROM busybox:1\nRNU x\n")
    assert run("-t", "none")[0] == 1
    assert run("-t", "none", "--no-fail")[0] == 0


def test_a_clean_file_is_told_to_be_clean(run: Run) -> None:
    _write("Dockerfile", _CLEAN)
    assert run() == (0, "no problems found in 1 file\n", "")


def test_broken_settings_are_an_error_that_hides_no_finding(run: Run) -> None:
    _write("Dockerfile", _CLEAN)
    _write(".hadolint.yaml", "ignored: [\n")
    status, output, errors = run()
    assert status == 1
    assert "error: .hadolint.yaml:2:1:" in errors
    assert "no problems found" in output
    assert run("--profile", "hadolint")[0] == 0


def test_settings_of_a_file_count_for_that_file(run: Run) -> None:
    _write("Dockerfile")
    _write("dev/Dockerfile")
    _write("lithify.toml", "[lint.per-file-ignores]\n'dev/*' = ['maintainer']\n")
    assert _files(run("-f", "json")[1]) == ["Dockerfile"]


def test_comments_are_passed_over_where_the_policy_says_so(run: Run) -> None:
    _write("Dockerfile", "# lithify: ignore-file[all] x\n" + _BAD)
    assert run()[0] == 0
    assert run("--disable-ignore-pragma")[0] == 1


def test_forms_and_files_are_paired_by_position(run: Run) -> None:
    _write("Dockerfile")
    status, output, _ = run("-f", "json", "-f", "sarif", "-o", "a.json", "-o", "b.sarif", "-o", "c")
    assert (status, output) == (1, "")
    assert _files(Path("a.json").read_text()) == ["Dockerfile"]
    assert json.loads(Path("b.sarif").read_text())["version"] == "2.1.0"
    assert "MaintainerDeprecated" in Path("c").read_text()
    status, output, _ = run("-f", "json", "-f", "gnu", "-o", "a.json")
    assert output.startswith("lithify:Dockerfile:2:1: MaintainerDeprecated")


def test_control_characters_of_a_file_do_not_reach_the_terminal(run: Run) -> None:
    name_of_file = _write("\x1b[31mDockerfile", "FROM busybox:1\nRNU \x1b[2J\u202eabc\x07\n")
    for name in ("text", "tty", "gnu", "markdown", "github"):
        status, output, errors = run("-f", name, name_of_file)
        assert status == 1
        assert not {"\x1b", "\x07", "\u202e"} & set(output + errors)


def test_rules_are_explained_and_listed(run: Run) -> None:
    status, output, _ = run("--explain", "MAINTAINERDEPRECATED")
    assert status == 0
    assert output.startswith("maintainer (MaintainerDeprecated): An author")
    assert "Use instead" in output
    status, _, errors = run("--explain", "maintaner")
    assert status == 2
    assert "did you mean maintainer?" in errors
    assert "syntax-error" in run("--list-rules")[1]


def test_wrong_use_is_refused_with_a_reason(run: Run) -> None:
    for arguments, reason in (
        (("-f", "pdf"), "'pdf' is none of"),
        (("--require-label", "a:number"), "not a label and its type"),
        (("--unsafe",), "--unsafe"),
        (("--fix", "--diff"), "--fix and --diff"),
        (("--fixx",), "did you mean --fix?"),
    ):
        status, _, errors = run(*arguments)
        assert status == 2
        assert reason in errors


def test_many_files_are_shared_between_processes_and_stay_in_order(run: Run) -> None:
    names = [_write(f"{number:03}/Dockerfile") for number in range(90)]
    names[40] = "missing"
    request = LintRequest(jobs=2)
    assert lint_paths(names, request) == lint_here(names, request)


def test_a_repair_changes_the_file_and_is_told(run: Run) -> None:
    _write("Dockerfile", "# lithify: ignore-file[keyword-csae] x\r\n" + _CLEAN)
    os.chmod("Dockerfile", 0o640)
    os.symlink("Dockerfile", "link")
    before = Path("Dockerfile").read_bytes()
    assert run("--fix", "link")[0] == 1
    assert Path("Dockerfile").read_bytes() == before
    errors = run("--fix", "--unsafe", "link")[2]
    assert errors == "fixed link: 1 unknown-rule\n"
    assert b"[keyword-case] x\r\n" in Path("Dockerfile").read_bytes()
    assert stat.S_IMODE(os.stat("Dockerfile").st_mode) == 0o640
    assert os.path.islink("link")
    assert sorted(os.listdir(".")) == [".git", "Dockerfile", "link"]
    assert run("--fix", "--unsafe", "link")[2] == ""


def test_a_diff_shows_the_repair_and_changes_nothing(run: Run) -> None:
    text = "# lithify: ignore-file[keyword-csae] x\n" + _CLEAN
    _write("Dockerfile", text)
    status, output, _ = run("--diff", "--unsafe")
    assert status == 1
    assert "+# lithify: ignore-file[keyword-case] x\n" in output
    assert Path("Dockerfile").read_text() == text
    _write("Dockerfile", _CLEAN)
    assert run("--diff", "--unsafe")[:2] == (0, "")


def test_standard_input_is_repaired_to_standard_output(run: Run) -> None:
    text = "# lithify: ignore-file[keyword-csae] x\n" + _CLEAN
    _, output, _ = run("--fix", "--unsafe", "-", stdin=text.encode())
    assert output == text.replace("csae", "case")


def test_a_file_in_another_encoding_is_not_repaired(run: Run) -> None:
    data = b"# lithify: ignore-file[keyword-csae] \xe9\n" + _CLEAN.encode()
    Path("Dockerfile").write_bytes(data)
    status, _, errors = run("--fix", "--unsafe")
    assert status == 1
    assert "not repaired: no UTF-8 at byte 37" in errors
    assert Path("Dockerfile").read_bytes() == data


_RULE = '''"""Nobody runs foo."""
from lithify.compiler.lint.context import about
SEVERITY = "error"
def check(ctx):
    for section in ctx.sections:
        for one in section.instructions:
            if "foo" in one.rest:
                yield about(one, "foo is run")
'''


_REPAIRING_RULE = '''"""Say bar."""
from lithify.compiler.lint.context import Edit, Fix, about


def check(ctx):
    for one in ctx.dockerfile.instructions:
        if one.rest == "foo":
            edit = Edit(one.command.span, "bar")
            yield about(one, "no foo", fixes=(Fix("say bar", (edit,)),))
'''


def test_repairs_of_shellcheck_are_made_only_if_unsafe_ones_are_wanted(run: Run) -> None:
    text = 'FROM busybox:1\nRUN echo `date`\nUSER 1\nCMD ["a"]\n'
    _write("Dockerfile", text)
    run("--fix", "--shellcheck")
    assert Path("Dockerfile").read_text() == text
    _, _, errors = run("--fix", "--unsafe", "--shellcheck", "--select", "SC2006")
    assert Path("Dockerfile").read_text() == text.replace("`date`", "$(date)")
    assert "1 shellcheck-2006" in errors


def test_repairs_of_rules_of_a_project_are_made(run: Run) -> None:
    _write("ci/say_bar.py", _REPAIRING_RULE)
    _write("lithify.toml", "[lint]\nrules = ['ci/say_bar.py']\n")
    text = 'FROM busybox:1\nRUN foo\nUSER 1\nCMD ["a"]\n'
    _write("Dockerfile", text)
    run("--fix", "--allow-custom-rules")
    assert Path("Dockerfile").read_text() == text.replace("foo", "bar")


def test_rules_of_a_project_are_loaded_only_if_allowed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write("ci/no_foo.py", _RULE)
    _write("lithify.toml", "[lint]\nrules = ['ci/no_foo.py']\n")
    text = 'FROM busybox:1\nRUN foo\n# lithify: ignore[no-foo] why\nRUN foo\nUSER 1\nCMD ["a"]\n'
    _write("Dockerfile", text)
    _, output, errors = run("-f", "json")
    assert "no-foo" not in [one["code"] for one in json.loads(output)]
    assert "switched off: ci/no_foo.py; --allow-custom-rules" in errors
    for arguments in (("--allow-custom-rules",), ()):
        _, output, errors = run("-f", "json", *arguments)
        found = [one for one in json.loads(output) if one["code"] == "no-foo"]
        assert [(one["line"], one["level"]) for one in found] == [(2, "error")]
        assert errors == ""
        monkeypatch.setenv("LITHIFY_ALLOW_CUSTOM_RULES", "1")
    assert "no-foo" not in run("-f", "json", "--ignore", "no-foo")[1]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("no_bar.py", '"""X."""\ndef check(ctx):\n    yield 1 / 0\n', "no_bar.py: the rule failed"),
        ("no_baz.py", '"""X."""\n', "a rule has a docstring and check"),
        ("no_qux.py", "def check(ctx): ...\n", "a rule has a docstring and check"),
        ("no_syn.py", "def\n", "SyntaxError"),
        ("no_sev.py", '"""X."""\nSEVERITY = 3\ndef check(ctx): ...\n', "SEVERITY: 3 is none of"),
        ("maintainer.py", '"""X."""\ndef check(ctx): ...\n', "called maintainer already"),
        ("Bad-Name.py", "", "a rule is a Python file"),
        ("gone.py", None, "no such file"),
    ],
)
def test_a_broken_rule_of_a_project_is_no_clean_file(
    run: Run, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        _write(name, text)
    _write("lithify.toml", f"[lint]\nrules = ['{name}']\n")
    _write("Dockerfile", _CLEAN)
    status, _, errors = run("--allow-custom-rules")
    assert status == 1
    assert message in errors


def test_what_builds_is_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(_BAD + "COPY --from=x a b\nFROM a AS x\n")
    program = (
        "import sys; from lithify.cli.main import main; main(['lint', '-f', 'sarif', 'Dockerfile'])\n"
        "heavy = ('networkx', 'pyroute2', 'sqlite3', 'urllib3', 'rich', 'tarfile', 'yaml')\n"
        "found = [one for one in sys.modules if one.split('.')[0] in heavy\n"
        "         or one.startswith(('lithify.executor', 'lithify.session', 'lithify.api'))]\n"
        "sys.exit(f'loaded: {found}' if found else 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done: Any = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()

"""The command line as a process: real engine, real store, real pipes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).parents[2])
_DOCKERFILE = 'FROM scratch\nCOPY a /a\nCMD ["/a"]\n'


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "Dockerfile").write_text(_DOCKERFILE)
    (directory / "a").write_text("content\n")
    return directory


def _lithify(tmp_path: Path, *arguments: str, given: bytes = b"") -> tuple[int, bytes, str]:
    environ = {**os.environ, "PYTHONPATH": _ROOT, "LITHIFY_HOME": str(tmp_path / "store")}
    ended = subprocess.run(
        [sys.executable, "-m", "lithify.cli.main", *arguments],
        env=environ,
        cwd=tmp_path,
        input=given,
        capture_output=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr.decode()


def test_an_image_is_built_listed_and_removed(tmp_path: Path, context: Path) -> None:
    status, out, err = _lithify(tmp_path, "build", "-t", "app:1", "--iidfile", "iid", str(context))
    assert (status, out) == (0, b""), err
    assert "COPY a /a" in err
    digest = (tmp_path / "iid").read_text()
    assert err.splitlines()[-1].startswith(f"built docker.io/library/app:1 {digest} (")
    assert _lithify(tmp_path, "build", "-q", str(context))[1].decode() == digest + "\n"
    assert "CACHED" in _lithify(tmp_path, "build", str(context))[2]
    rows = _lithify(tmp_path, "images", "--no-trunc", "--format=json", "app:1")[1].splitlines()
    assert [json.loads(row)["ID"] for row in rows] == [digest]
    assert json.loads(_lithify(tmp_path, "inspect", "app:1")[1])[0]["Id"] == digest
    assert b"COPY a /a" in _lithify(tmp_path, "history", "app:1")[1]
    assert _lithify(tmp_path, "tag", "app:1", "app:2")[0] == 0
    status, out, err = _lithify(tmp_path, "rmi", "app:1", "app:2")
    assert (status, err) == (0, "")
    assert b"Untagged" in out
    assert _lithify(tmp_path, "inspect", "app:1")[0] == 1


def test_a_tar_goes_to_standard_output_and_the_dockerfile_comes_from_standard_input(
    tmp_path: Path, context: Path
) -> None:
    dockerfile = b"FROM scratch\nCOPY a /b\n"
    status, out, err = _lithify(
        tmp_path, "build", "-f", "-", "-o", "-", str(context), given=dockerfile
    )
    assert status == 0, err
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        assert "b" in [name.strip("./") for name in archive.getnames()]


def test_raw_progress_is_json_to_the_last_line(tmp_path: Path, context: Path) -> None:
    _, _, err = _lithify(tmp_path, "build", "--progress=rawjson", str(context))
    events = [json.loads(line) for line in err.splitlines()]
    assert events[-1]["event"] == "result"
    (context / "Dockerfile").write_text("FROM scratch\nCPOY a /a\n")
    status, _, err = _lithify(tmp_path, "build", "--progress=rawjson", str(context))
    failure = json.loads(err.splitlines()[-1])
    assert status == 1
    assert failure["error"]["location"]["line"] == 2


def test_a_mistyped_instruction_is_shown_in_its_place(tmp_path: Path, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCPOY a /a\n")
    status, _, err = _lithify(tmp_path, "build", str(context))
    assert status == 1
    assert "did you mean COPY?" in err
    assert "2 | CPOY a /a" in err
    assert "Traceback" not in err


def test_a_plan_is_shown_without_building(tmp_path: Path, context: Path) -> None:
    status, out, err = _lithify(tmp_path, "plan", str(context))
    assert status == 0, err
    assert b"COPY" in out
    assert _lithify(tmp_path, "images", "-q")[1] == b""


@pytest.mark.parametrize("missing", ["nowhere", "nowhere/deep"])
def test_a_missing_context_is_the_users_error(tmp_path: Path, missing: str) -> None:
    status, _, err = _lithify(tmp_path, "build", missing)
    assert status in (1, 2)
    assert err.startswith("error: ")
    assert missing in err

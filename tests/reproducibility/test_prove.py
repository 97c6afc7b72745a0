"""`lithify prove` finds what differs, where it began and why, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lithify
from lithify.cli.main import main

pytestmark = pytest.mark.root
_PACKAGE = str(Path(lithify.__file__).parents[1])


def _dockerfile(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(text)
    return folder


def _prove(
    store: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["--root", str(store), "prove", "-q", "--json", "--apart", "0", *words])
    return status, json.loads(capsys.readouterr().out)


def _leftovers(store: Path) -> list[str]:
    return [path.name for path in (store / "tmp").rglob("prove-*")]


def test_a_step_that_asks_the_surroundings_differs_and_is_named_with_its_line(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "FROM busybox AS one\nRUN cut -d. -f1 /proc/uptime > /up\nFROM scratch\nCOPY --from=one /up /up\n"
    status, proof = _prove(busybox_store, capsys, str(_dockerfile(tmp_path / "c", text)))
    assert (status, proof["identical"]) == (1, False)
    (origin,) = proof["origins"]
    assert (origin["line"], proof["later"]) == (2, 1)
    assert origin["differences"][0]["difference"]["path"] == "/up"
    assert proof["causes"] == ["counter of the machine"]
    assert _leftovers(busybox_store) == []


def test_two_independent_origins_are_both_found(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = "RUN head -c 24 /dev/urandom | base64 > /token\n"
    other = random.replace("24", "27")  # the same step would be done once
    text = f"FROM busybox AS one\n{random}FROM busybox\n{other}COPY --from=one /token /t\n"
    _, proof = _prove(busybox_store, capsys, str(_dockerfile(tmp_path / "c", text)))
    assert [one["line"] for one in proof["origins"]] == [2, 4]


def test_the_second_build_really_lives_in_other_surroundings(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = _dockerfile(tmp_path / "c", "FROM busybox\nRUN nproc > /nproc\n")
    _, proof = _prove(busybox_store, capsys, str(context))
    told = {one["name"]: one["reason"] for one in proof["second"]["surroundings"]}
    assert set(told) >= {"clock", "store", "environment", "umask", "host name", "uptime"}
    assert not told["umask"] and not told["host name"] and not told["uptime"]
    assert proof["identical"] == (len(os.sched_getaffinity(0)) == 1)


def test_arguments_secrets_and_the_epoch_reach_both_builds(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "FROM busybox\nARG TZ\nRUN --mount=type=secret,id=s cat /run/secrets/s > /s; echo $TZ > /tz; date -d @$SOURCE_DATE_EPOCH > /e\n"
    context = _dockerfile(tmp_path / "c", text)
    secret = tmp_path / "secret"
    secret.write_text("hush")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Here-1")
        words = ["--build-arg", "TZ", "--secret", f"id=s,src={secret}", str(context)]
        status, proof = _prove(busybox_store, capsys, "--source-date-epoch", "1000000000", *words)
    assert (status, proof["identical"]) == (0, True), proof


def test_the_digest_is_that_of_an_ordinary_build(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = _dockerfile(tmp_path / "c", "FROM busybox\nRUN echo a > /a\nCOPY . /c\n")
    _, proof = _prove(busybox_store, capsys, str(context))
    assert main(["--root", str(busybox_store), "build", "-q", str(context)]) == 0
    assert capsys.readouterr().out.strip() == proof["first"]["digest"]


def test_a_failing_build_is_told_once_and_leaves_nothing(
    busybox_store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    context = _dockerfile(tmp_path / "c", "FROM busybox\nRUN exit 3\n")
    assert main(["--root", str(busybox_store), "prove", "-q", str(context)]) == 1
    error = capfd.readouterr().err
    assert error.count("exit code: 3") == 1
    assert "build 1 of 2 failed" in error
    assert _leftovers(busybox_store) == []


@pytest.mark.parametrize("flag", ["--push", "--load", "--output=x", "--iidfile=x"])
def test_flags_that_put_a_result_somewhere_are_refused(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", flag, "-t", "name", str(tmp_path)]) == 2
    assert "leaves no image behind" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--cache-from=type=local,src=x", "from empty stores"),
        ("--provenance=true", "differ on purpose"),
    ],
)
def test_flags_that_would_spoil_the_proof_are_refused(
    flag: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", flag, str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err


def test_standard_input_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "-"]) == 2
    assert "builds twice" in capsys.readouterr().err


def test_an_interrupted_proof_stops_its_build_and_leaves_nothing(
    busybox_store: Path, tmp_path: Path
) -> None:
    context = _dockerfile(tmp_path / "c", "FROM busybox\nRUN echo here && sleep 1000\n")
    command = [sys.executable, "-m", "lithify.cli.main", "--root", str(busybox_store), "prove"]
    process = subprocess.Popen(
        [*command, "--progress=plain", str(context)],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": _PACKAGE},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.endswith(b" here\n"):
            break
    process.send_signal(signal.SIGTERM)
    process.stderr.read()  # to its end: nobody holds it open any more
    assert process.wait(timeout=60) == 130
    assert _leftovers(busybox_store) == []


def test_kept_stores_hold_both_images(
    busybox_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = _dockerfile(tmp_path / "c", "FROM scratch\nCOPY Dockerfile /\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        _, proof = _prove(busybox_store, capsys, "--keep", "-t", "kept", str(context))
    kept = Path(proof["kept"])
    assert kept.parent == tmp_path
    for store in kept.rglob("oci-layout"):
        assert main(["--root", str(store.parent), "inspect", "kept"]) == 0
    assert len(list(kept.rglob("oci-layout"))) == 2

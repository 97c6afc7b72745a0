"""Whatever can change of a RUN, or below it, is named by the first line of the reason."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from lithify.errors import StepFailed
from lithify.requests import SecretSpec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.why.conftest import Lab

pytestmark = pytest.mark.root

#: Dockerfile before and after, the reason of its last RUN.
EDITS = {
    "command": ("RUN true", "RUN true 2", 'the command changed from "true" to "true 2"'),
    "exec form": (
        'RUN ["true"]',
        'RUN ["true", "2"]',
        'the command changed from "true" to "true 2"',
    ),
    "env": ("ENV A=1\nRUN true", "ENV A=2\nRUN true", 'ENV A changed from "1" to "2"'),
    "new env": ("RUN true", "ENV A=2\nRUN true", 'ENV A changed from unset to "2"'),
    "workdir": (
        "WORKDIR /tmp\nRUN true",
        "WORKDIR /bin\nRUN true",
        'WORKDIR changed from "/tmp" to "/bin"',
    ),
    "user": ("USER 1\nRUN true", "USER 2\nRUN true", 'USER changed from "1" to "2"'),
    "shell": (
        "RUN true",
        'SHELL ["/bin/sh", "-ec"]\nRUN true',
        'SHELL changed from "/bin/sh -c" to "/bin/sh -ec"',
    ),
    "network": (
        "RUN true",
        "RUN --network=none true",
        '--network changed from "default" to "none"',
    ),
    "mount": (
        "RUN true",
        "RUN --mount=type=tmpfs,target=/t true",
        "the tmpfs mount /t was added",
    ),
    "mount gone": (
        "RUN --mount=type=cache,target=/t true",
        "RUN true",
        "the cache mount /t was removed",
    ),
    "mount moved": (
        "RUN --mount=type=tmpfs,target=/t true",
        "RUN --mount=type=tmpfs,target=/u true",
        "the tmpfs mount moved from /t to /u",
    ),
    "mount kind": (
        "RUN --mount=type=tmpfs,target=/t true",
        "RUN --mount=type=cache,target=/t true",
        "the mount /t is now a cache mount, not a tmpfs mount",
    ),
    "secret": (
        "RUN --mount=type=secret,id=a true",
        "RUN --mount=type=secret,id=b true",
        'the secret id changed from "a" to "b"',
    ),
    "script": (
        "RUN <<E\n#!/bin/sh\ntrue\nE",
        "RUN <<E\n#!/bin/sh\ntrue 2\nE",
        "the script E changed",
    ),
    "step below": (
        "RUN echo 1 > /x\nRUN true",
        "RUN echo 2 > /x\nRUN true",
        "step [2/3] RUN echo 2 > /x gave other bytes",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_instruction_is_named(shell_lab: Lab, edit: str) -> None:
    before, after, said = EDITS[edit]
    shell_lab.dockerfile("FROM busybox", *before.split("\n"))
    shell_lab.build()
    shell_lab.dockerfile("FROM busybox", *after.split("\n"))
    assert shell_lab.build().of("RUN") == said


def test_a_build_argument_is_named(shell_lab: Lab) -> None:
    shell_lab.dockerfile("FROM busybox", "ARG V=1", "RUN true")
    shell_lab.build()
    said = shell_lab.build(build_args=(("V", "2"),)).of("RUN")
    assert said == 'ARG V changed from "1" to "2"'


def test_a_file_of_a_bind_mount_is_named(shell_lab: Lab) -> None:
    shell_lab.write("src/a", "1")
    shell_lab.dockerfile("FROM busybox", "RUN --mount=type=bind,source=src,target=/src cat /src/a")
    shell_lab.build()
    shell_lab.write("src/a", "2")
    assert shell_lab.build().of("RUN") == "src/a changed"


def test_a_secret_value_is_no_cause(shell_lab: Lab) -> None:
    path = shell_lab.write("../secret", "1")
    shell_lab.dockerfile("FROM busybox", "RUN --mount=type=secret,id=a true")
    shell_lab.build(secrets=(SecretSpec("a", str(path)),))
    path.write_text("2")
    assert shell_lab.build(secrets=(SecretSpec("a", str(path)),)).of("RUN") == ""


def test_faithfulness_and_a_host_name_are_named(shell_lab: Lab) -> None:
    shell_lab.dockerfile("FROM busybox", "RUN true")
    shell_lab.build()
    assert shell_lab.build(hostname="h").of("RUN") == '--hostname changed from "" to "h"'
    said = shell_lab.build(faithful=True, hostname="h").of("RUN")
    assert said == "--faithful was added"


def test_a_step_that_failed_says_so(store_shell_lab: Lab) -> None:
    store_shell_lab.dockerfile("FROM busybox", "RUN --mount=type=cache,target=/c test -e /c/x")
    with pytest.raises(StepFailed):
        store_shell_lab.build()
    with store_shell_lab.engine() as engine:
        (build,) = engine.upkeep().builds()
    assert (build.error != "", build.steps[-1].outcome) == (True, "failed")
    (mount,) = (path for path in (store_shell_lab.store / "mounts").iterdir() if path.is_dir())
    (mount / "x").touch()
    assert store_shell_lab.build().of("RUN") == "it failed the last time"


def test_a_step_that_gives_equal_bytes_leaves_the_rest_cached(shell_lab: Lab) -> None:
    shell_lab.dockerfile("FROM busybox", "RUN echo 1 > /x", "RUN cp /x /y", "RUN rm /x")
    first = shell_lab.build()
    shell_lab.dockerfile("FROM busybox", "RUN echo  1  > /x", "RUN cp /x /y", "RUN rm /x")
    second = shell_lab.build()
    assert second.reasons["RUN echo  1  > /x"].startswith("the command changed")
    assert [second.of("RUN cp"), second.of("RUN rm")] == ["", ""]
    assert first.digest != "" and second.digest != ""


def test_a_secret_is_nowhere_in_a_shared_cache(shell_lab: Lab, tmp_path: Path) -> None:
    path = shell_lab.write("../secret", "hunter2")
    shell_lab.dockerfile("FROM busybox", "RUN --mount=type=secret,id=token,env=T test -n $T")
    shell_lab.build(secrets=(SecretSpec("token", str(path)),))
    published = [one.read_bytes() for one in (tmp_path / "cache").rglob("*") if one.is_file()]
    manifests = [json.loads(one) for one in published if b'"data"' in one]
    plain = [
        zlib.decompress(base64.b64decode(one["config"]["data"]), 31)
        for one in manifests
        if "data" in one["config"]
    ]
    assert not any(b"hunter2" in one for one in (*published, *plain))
    assert all(b"token" in one for one in plain)
    assert bool(plain) == (shell_lab.request.cache_to != ())

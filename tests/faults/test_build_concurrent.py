"""Builds that share a store at the same time help each other and never harm."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.root

_BUILDS = 4
_DOCKERFILE = """
FROM busybox AS left
RUN echo left > /left && usleep 200000
RUN cat /left > /left-again && usleep 100000

FROM busybox AS right
COPY a /a
RUN cp /a /right && usleep 200000

FROM left
COPY --from=right /right /right
RUN cat /left-again /right > /sum
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "a").write_text("a\n")
    return folder


def _ended(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """The digest, and the names of the steps that this build did itself."""
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in err.splitlines()]
    (plan,) = [one for one in lines if one["event"] == "plan"]
    names = {one["step"]: one["name"] for one in plan["steps"]}
    done = [names[one["step"]] for one in lines if one["event"] == "step_finished"]
    return lines[-1]["digest"], done


def test_equal_builds_at_once_do_each_step_once_and_agree(
    world: Any, context: Path, tmp_path: Path
) -> None:
    undisturbed = world.digest(tmp_path / "undisturbed", context).strip()
    store = tmp_path / "store"
    words = ["--root", str(store), "build", "--progress=rawjson", *world.base, str(context)]
    processes = [world.start(*words) for _ in range(_BUILDS)]
    ended = [_ended(process) for process in processes]
    assert {digest for digest, _ in ended} == {undisturbed}
    done = Counter(name for _, names in ended for name in names)
    assert sorted(done.values()) == [1] * 6, done
    assert list((store / "tmp").iterdir()) == []


def test_different_builds_at_once_share_what_is_equal(
    world: Any, context: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    processes = []
    for number in range(_BUILDS):
        path = context / f"{number}.Dockerfile"
        path.write_text(f"{_DOCKERFILE}RUN echo {number} > /own\n")
        words = ["--root", str(store), "build", "--progress=rawjson", "-t", f"own:{number}"]
        processes.append(world.start(*words, *world.base, "-f", str(path), str(context)))
    ended = [_ended(process) for process in processes]
    assert len({digest for digest, _ in ended}) == _BUILDS
    done = Counter(name for _, names in ended for name in names)
    assert len(done) == 6 + _BUILDS
    assert set(done.values()) == {1}, done
    listed = world.run("--root", str(store), "images", "-q")
    assert len(listed.stdout.split()) == _BUILDS, listed.stdout

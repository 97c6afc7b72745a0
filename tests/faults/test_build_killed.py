"""A build that is killed or interrupted at any moment leaves nothing running, and the next one is as if it never was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.root

#: How often a build is killed; more for a thorough search.
_KILLS = int(os.environ.get("LITHIFY_TEST_KILLS", "12"))
_SEED = int(os.environ.get("LITHIFY_TEST_SEED", "1"))
#: A step leaves daemons behind that ignore being asked to end.
_DOCKERFILE = """
FROM busybox AS left
COPY tree /tree
RUN (trap '' TERM INT HUP; setsid sleep 1000 & sleep 1000) & find /tree -type f | wc -l > /left && usleep 150000
RUN mkdir /made && cp -r /tree /made/tree && rm -r /tree/2

FROM busybox AS right
WORKDIR /right
RUN --mount=type=bind,target=/context --mount=type=cache,target=/cache \
    setsid sh -c 'sleep 1000' & cat /context/tree/*/* > /right/all; echo used >> /cache/log; usleep 150000

FROM left
COPY --from=right /right /right
COPY --chown=7:7 tree/3 /last
RUN ls / > /listing
"""
_ENDLESS = """
FROM busybox AS other
RUN setsid sh -c "trap '' TERM INT; while :; do sleep 1000; done"

FROM busybox
RUN (trap '' TERM INT; sleep 1000) & echo ready: $((6 * 7)); exec sleep 1000
COPY --from=other / /
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    for number in range(200):
        path = folder / "tree" / str(number % 10) / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * 500)
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    return folder


def _moments(undisturbed_s: float) -> list[float]:
    generator = random.Random(_SEED)
    # From when the interpreter has started, to when all is done.
    return [generator.uniform(0.1, 1.05) * undisturbed_s for _ in range(_KILLS)]


def _disturb(process: subprocess.Popen[str], after_s: float, number: int) -> tuple[int, str]:
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


def _leftovers(world: Any, store: Path, before: tuple[list[str], list[str]]) -> list[str]:
    """What a build that ended left on the machine, and what the next command left in the store."""
    found = [f"process {one}" for one in world.await_silence()]
    listed = world.run("--root", str(store), "images")
    found += [listed.stderr] if listed.returncode else []
    mounts, network = before
    found += [f"mount {one}" for one in world.mounts() if one not in mounts]
    found += [f"network {one}" for one in world.network() if one not in network]
    found += [f"temporary {path}" for path in (store / "tmp").iterdir()]
    locks = {"gate", "in-use"}
    found += [f"lock {path}" for path in (store / "locks").iterdir() if path.name not in locks]
    return found


@pytest.mark.timeout(1200)
def test_killed_at_any_moment_it_leaves_nothing_and_the_next_build_equals_an_undisturbed_one(
    world: Any, context: Path, tmp_path: Path
) -> None:
    before = (world.mounts(), world.network())
    started = time.monotonic()
    undisturbed = world.digest(tmp_path / "undisturbed", context)
    undisturbed_s = time.monotonic() - started
    assert world.await_silence() == []
    killed = 0
    for number, moment in enumerate(_moments(undisturbed_s)):
        store = tmp_path / str(number)
        process = world.start(*world.build_words(store, context))
        status, _ = _disturb(process, moment, signal.SIGKILL)
        killed += status == -signal.SIGKILL
        where = f"kill {number} after {moment:.3f} s of {undisturbed_s:.3f} s, seed {_SEED}"
        assert _leftovers(world, store, before) == [], where
        assert world.digest(store, context) == undisturbed, where
        assert world.await_silence() == [], where
    assert killed > _KILLS // 2


def test_killed_with_all_its_helpers_it_leaves_only_what_the_next_build_removes(
    world: Any, context: Path, tmp_path: Path
) -> None:
    before = (world.mounts(), world.network())
    undisturbed = world.digest(tmp_path / "undisturbed", context)
    (context / "endless.Dockerfile").write_text(_ENDLESS)
    store = tmp_path / "store"
    process = world.start(
        *world.build_words(store, context, "-f", str(context / "endless.Dockerfile"))
    )
    _read_until(process, "ready: 42")
    while pids := [pid for pid in world.descendants() if pid != world.holder]:
        # Stopped first, so that none sees another's end and cleans up before its own.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        process.communicate()
        world.await_silence()
    assert world.network() != before[1], "the helper that owned the network cleaned up"
    (context / "endless.Dockerfile").unlink()
    assert world.digest(store, context) == undisturbed
    assert _leftovers(world, store, before) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_a_step_it_ends_at_once_and_leaves_nothing(
    world: Any, context: Path, tmp_path: Path, number: int
) -> None:
    before = (world.mounts(), world.network())
    (context / "Dockerfile").write_text(_ENDLESS)
    store = tmp_path / "store"
    process = world.start(*world.build_words(store, context))
    _read_until(process, "ready: 42")
    interrupted = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    took_s = time.monotonic() - interrupted
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert took_s < 2
    assert _leftovers(world, store, before) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_at_any_moment_it_says_so_and_the_next_build_equals_an_undisturbed_one(
    world: Any, context: Path, tmp_path: Path, number: int
) -> None:
    before = (world.mounts(), world.network())
    undisturbed = world.digest(tmp_path / "undisturbed", context)
    generator = random.Random(_SEED)
    store = tmp_path / "store"
    for _ in range(max(3, _KILLS // 4)):
        process = world.start(*world.build_words(store, context))
        _await(lambda: _handles(process.pid, number))  # noqa: B023 - awaited within the round
        moment = generator.uniform(0, 0.8)
        status, err = _disturb(process, moment, number)
        is_late = status == -number and "\nbuilt sha256:" in err  # only the interpreter was ending
        assert status in (0, 130) or is_late, (moment, err)
        assert "Traceback" not in err, (moment, err)
        assert "bug" not in err, (moment, err)
        assert _leftovers(world, store, before) == [], moment
    assert world.digest(store, context) == undisturbed


def _read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if text in line:
            return
    raise AssertionError(seen)


def _handles(pid: int, number: int) -> bool:
    """Whether a process catches a signal, or is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    is_lithify = "lithify" in Path(f"/proc/{pid}/cmdline").read_text()
    terminates = bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
    return is_lithify and terminates and bool(int(caught, 16) >> (number - 1) & 1)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline

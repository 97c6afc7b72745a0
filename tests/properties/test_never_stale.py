"""However a context and its Dockerfile are edited, a build with a cache equals one without, digest for digest.

Each sequence edits one context at random and builds it after every few edits, in a store that has seen all earlier
states and in an empty one. LITHIFY_STALE_SEQUENCES says how many sequences there are.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.cli.main import main
from lithify.errors import LithifyError, Secret
from lithify.executor import fingerprint
from lithify.requests import BuildRequest, EngineOptions, SecretSpec

if TYPE_CHECKING:
    from collections.abc import Callable

SEQUENCES = int(os.environ.get("LITHIFY_STALE_SEQUENCES", "60"))
STATES = 6
#: Longer than any kernel's tick: files older than this are believed to be at rest.
_TICK_NS = 11_000_000

NAMES = ("a", "b", "A", "c.log", "d/e", "d/f", "d/g/h", "d/g/i.log", "D", "l")
TEXTS = ("", "1", "2", "12", "21", "3" * 5000, "4" * 5000)
PATTERNS = ("*.log", "d", "!d/g", "a", "**/h", "!**/h", "[ab]", "D*", "d/g/..", "# none", "")
MODES = (0o644, 0o600, 0o755, 0o444, 0o4755)

COPIES = (
    "COPY . /srv/",
    "COPY a* /x/",
    "COPY [ab] /y/",
    "COPY d /d/",
    "COPY --chmod=640 . /m/",
    "COPY --chmod=u+x,g=r . /n/",
    "COPY --chown=1:2 . /o/",
    "COPY --exclude=*.log --exclude=d/g . /e/",
    "COPY --link . /l/",
    "COPY --parents d/*/h* /p/",
    "COPY $V /v",
    "COPY <<E /h\n$V $W\nE",
    "ADD . /add/",
    "COPY --from=first / /first/",
    "COPY --from=first /srv/a* /second/",
    "WORKDIR /w/$V",
    "ENV W=$V",
    "USER 3:4",
    "LABEL l=$W",
)
RUNS = (
    "RUN find /srv -type f -exec cat {} + > /sum",
    "RUN echo $V $W > /out",
    "RUN --mount=type=bind,target=/c ls -lnR /c > /list",
    "RUN --mount=type=bind,source=d,target=/c,rw find /c -exec touch {} + && ls -nR /c > /d",
    "RUN --mount=type=bind,from=first,source=/srv,target=/c cat /c/a > /f; true",
    "RUN --mount=type=secret,id=s test -n \"$V\"; stat -c '%a %s' /run/secrets/s > /s; true",
    "RUN --mount=type=cache,target=/k touch /k/x",
    "RUN --network=none id > /id",
)


class World:
    """One context in its wanderings; `log` tells what was done to it."""

    def __init__(self, root: Path, seed: int, instructions: tuple[str, ...], base: str) -> None:
        self.root = root
        self.context = root / "context"
        self.context.mkdir(parents=True)
        self.random = random.Random(seed)
        self.log: list[str] = [f"seed {seed}"]
        self.args: tuple[tuple[str, str], ...] = ()
        self.secret = "1"
        self._instructions = instructions
        self._base = base
        for name in NAMES[:5]:
            self._write(self.context / name, "1")
        self.edit_dockerfile()

    # -- edits -----------------------------------------------------------------------------------

    def edit(self) -> None:
        """One change, or something that should be none."""
        todo: tuple[Callable[[], None], ...] = (
            self.change,
            self.change,
            self.rewrite_unseen,
            self.rewrite_unseen,
            self.chmod,
            self.rename,
            self.remove,
            self.link,
            self.hardlink,
            self.touch,
            self.swap,
            self.replace,
            self.edit_ignore_file,
            self.edit_dockerfile,
            self.edit_arguments,
        )
        one = self.random.choice(todo)
        self.log.append(one.__name__)
        one()

    def change(self) -> None:
        self._write(self.context / self.random.choice(NAMES), self.random.choice(TEXTS))

    def rewrite_unseen(self) -> None:
        """Other bytes of the same size, and the old time of change."""
        path = self._file()
        if path is not None and (data := path.read_bytes()):
            stat = path.stat()
            path.chmod(0o644)
            path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def chmod(self) -> None:
        path = self._any()
        if path is not None and not path.is_symlink():
            path.chmod(self.random.choice(MODES) | (0o700 if path.is_dir() else 0))

    def rename(self) -> None:
        path, other = self._any(), self.context / self.random.choice(NAMES)
        if path is not None and self._is_free(other) and path not in other.parents:
            path.rename(other)

    def remove(self) -> None:
        path = self._any()
        if path is not None:
            _remove(path)

    def link(self) -> None:
        path = self.context / self.random.choice(NAMES)
        if _is_real_directory(path.parent):
            _remove(path)
            path.symlink_to(self.random.choice((*NAMES, "/etc/passwd", "../..")))

    def hardlink(self) -> None:
        path, other = self._file(), self.context / self.random.choice(NAMES)
        if path is not None and self._is_free(other):
            other.hardlink_to(path)

    def touch(self) -> None:
        for path in self._all():
            os.utime(path, (self.random.randrange(10**9),) * 2, follow_symlinks=False)

    def swap(self) -> None:
        """Two files change places, times and all."""
        first, second = self._file(), self._file()
        if first is not None and second is not None and first != second:
            aside = self.root / "aside"
            first.rename(aside)
            second.rename(first)
            aside.rename(second)

    def replace(self) -> None:
        """A new file of the same size and times in place of the old one, as from an archive."""
        path = self._file()
        if path is not None:
            stat, size = path.stat(), len(path.read_bytes())
            path.unlink()
            path.write_bytes(bytes([self.random.randrange(256)]) * size)
            path.chmod(stat.st_mode & 0o7777)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def edit_ignore_file(self) -> None:
        lines = self.random.sample(PATTERNS, self.random.randrange(4))
        (self.root / "Dockerfile.dockerignore").write_text("\n".join(lines))

    def edit_dockerfile(self) -> None:
        chosen = [self.random.choice(self._instructions) for _ in range(self.random.randint(1, 4))]
        lines = (
            f"FROM {self._base} AS first",
            f"ARG V={self.random.choice('ab')}",
            "COPY . /srv/",
            f"FROM {self._base}",
            f"ARG V={self.random.choice('ab')}",
            f"ENV W={self.random.choice('12')}",
            "COPY . /srv/",
            *chosen,
        )
        (self.root / "Dockerfile").write_text("\n".join(lines) + "\n")

    def edit_arguments(self) -> None:
        self.args = self.random.choice(((), (("V", "a"),), (("V", "d"),)))
        self.secret = self.random.choice("12")

    # -- building --------------------------------------------------------------------------------

    def outcome(self, store: Path, contexts: tuple[tuple[str, str], ...]) -> str:
        """The digest of the image, or the error."""
        request = BuildRequest(
            str(self.context),
            str(self.root / "Dockerfile"),
            build_args=self.args,
            build_contexts=contexts,
            secrets=(SecretSpec("s", value=Secret(self.secret)),),
        )
        with Engine(EngineOptions(str(store))) as engine:
            try:
                return engine.build(request, lambda _: None).digest
            except LithifyError as error:
                return f"{type(error).__name__}: {error.message}"

    # -- paths -----------------------------------------------------------------------------------

    def _is_free(self, path: Path) -> bool:
        return _is_real_directory(path.parent) and not os.path.lexists(path)

    def _all(self) -> list[Path]:
        return sorted(self.context.rglob("*"))

    def _any(self) -> Path | None:
        found = self._all()
        return self.random.choice(found) if found else None

    def _file(self) -> Path | None:
        found = [path for path in self._all() if path.is_file() and not path.is_symlink()]
        return self.random.choice(found) if found else None

    def _write(self, path: Path, text: str) -> None:
        for above in (self.context / "d", self.context / "d" / "g"):
            if above in path.parents and not above.is_dir():
                _remove(above)
                above.mkdir()
        if path.is_dir() or path.is_symlink():
            _remove(path)
        if path.exists():
            path.chmod(0o644)
        path.write_text(text)


def _is_real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _come_to_rest() -> None:
    """Let so much time pass that files are believed to be at rest: that is when memory is used."""
    end = time.time_ns() + 2 * _TICK_NS
    while (left := end - time.time_ns()) > 0:
        time.sleep(left / 1e9)


def _wander(world: World, contexts: tuple[tuple[str, str], ...] = ()) -> None:
    warm = world.root / "warm"
    for number in range(STATES):
        for _ in range(world.random.randint(0, 3)):
            world.edit()
        if world.random.random() < 0.6:
            _come_to_rest()
        cold = world.root / f"cold-{number}"
        found = world.outcome(warm, contexts)
        wanted = world.outcome(cold, contexts)
        dockerfile = (world.root / "Dockerfile").read_text()
        assert found == wanted, f"{world.log}\n{dockerfile}"
        shutil.rmtree(cold)
        world.log.append(f"built {found[:19]}")


@pytest.fixture(autouse=True)
def _quick_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "_TICK_NS", _TICK_NS)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(4))
def test_copies_are_never_stale(tmp_path: Path, part: int) -> None:
    for seed in range(part, SEQUENCES, 4):
        world = World(tmp_path / str(seed), seed, COPIES, "scratch")
        _wander(world)
        shutil.rmtree(world.root)


@pytest.fixture(scope="module")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, str], ...]:
    store = tmp_path_factory.mktemp("busybox") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # the installed program is used, and no mirror is asked
        assert main(["--root", str(store), "bootstrap", "busybox"]) == 0
    with Engine(EngineOptions(str(store))) as engine:
        (digest,) = {image.digest for image in engine.images()}
    return (("busybox", f"oci-layout://{store}@{digest}"),)


@pytest.mark.root
@pytest.mark.timeout(3600)
def test_runs_are_never_stale(tmp_path: Path, busybox: tuple[tuple[str, str], ...]) -> None:
    for seed in range(max(3, SEQUENCES // 15)):
        world = World(tmp_path / str(seed), seed, (*COPIES, *RUNS, *RUNS, *RUNS), "busybox")
        _wander(world, busybox)
        shutil.rmtree(world.root)

"""Normalisers over real steps: what they take, what they leave, and that --faithful takes
nothing."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.normalise import pyc
from lithify.executor.normalise.table import NORMALISERS
from lithify.executor.snapshot.snapshots import EMPTY_DIFF_ID

if TYPE_CHECKING:
    from tests.layers.conftest import Workshop

pytestmark = pytest.mark.root
EPOCH = 315532800


def write(root: Path, path: str, content: str | bytes = "x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


DROPPED = [
    "var/cache/ldconfig/aux-cache",
    "var/log/dpkg.log",
    "var/log/apt/history.log",
    "var/log/apt/term.log",
    "var/log/dnf.rpm.log",
    "var/log/alternatives.log",
    "var/cache/apt/pkgcache.bin",
    "root/.npm/_logs/2024-05-05T05_05_05_555Z-debug-0.log",
    "var/lib/dbus/machine-id",
]
KEPT = ["var/log/app.log", "var/log/apt/other", "srv/var/log/dpkg.log", "srv/_logs/a-debug-0.log"]


@pytest.mark.parametrize("path", DROPPED)
def test_caches_and_logs_of_the_step_are_dropped(workshop: Workshop, path: str) -> None:
    result = workshop.step([], lambda root: write(root, path))
    assert f"/{path}" not in workshop.look([result.layer])
    assert bool(result.notes) is ("ldconfig" not in path)


@pytest.mark.parametrize("path", KEPT)
def test_other_files_stay(workshop: Workshop, path: str) -> None:
    result = workshop.step([], lambda root: write(root, path))
    assert workshop.look([result.layer])[f"/{path}"][-1] == b"x"
    assert result.notes == ()


def test_a_log_of_the_base_shows_the_base_again(workshop: Workshop) -> None:
    base = workshop.step([], lambda root: write(root, "var/log/dpkg.log", "base"), faithful=True)

    def append(root: Path) -> None:
        with (root / "var/log/dpkg.log").open("a") as log:
            log.write("more")

    result = workshop.step([base.layer], append)
    assert result.layer.diff_id == EMPTY_DIFF_ID
    assert workshop.look([base.layer, result.layer])["/var/log/dpkg.log"][-1] == b"base"
    assert result.notes == ("installer-logs v1: /var/log/dpkg.log",)


@pytest.mark.parametrize("path", DROPPED)
def test_faithful_keeps_everything(workshop: Workshop, path: str) -> None:
    result = workshop.step([], lambda root: write(root, path), faithful=True)
    assert workshop.look([result.layer])[f"/{path}"][-1] == b"x"
    assert result.notes == ()


@pytest.mark.parametrize(
    ("before", "after"), [(None, b""), (b"", b""), (b"fixed by the base\n", b"made by the step")]
)
def test_a_machine_id_made_by_the_step_is_emptied(
    workshop: Workshop, before: bytes | None, after: bytes
) -> None:
    entries = [Entry("etc", Kind.DIRECTORY, 0o755)]
    if before is not None:
        entries.append(Entry("etc/machine-id", Kind.FILE, content=Bytes(before)))
    base = workshop.layer(*entries)
    layer = workshop.step(
        [base], lambda root: write(root, "etc/machine-id", "made by the step")
    ).layer
    assert workshop.look([base, layer])["/etc/machine-id"][-1] == after


def test_uv_stamps_go_with_their_line_in_record(workshop: Workshop) -> None:
    def install(root: Path) -> None:
        write(root, "lib/p-1.dist-info/uv_cache.json", '{"timestamp": 1}')
        write(
            root,
            "lib/p-1.dist-info/RECORD",
            "p.py,,\np-1.dist-info/uv_cache.json,sha256=x,9\nq,,\n",
        )

    seen = workshop.look([workshop.step([], install).layer])
    assert seen["/lib/p-1.dist-info/RECORD"][-1] == b"p.py,,\nq,,\n"
    assert "/lib/p-1.dist-info/uv_cache.json" not in seen


def compile_in(root: Path, source: str, target: str) -> None:
    mode = py_compile.PycInvalidationMode.TIMESTAMP
    py_compile.compile(
        str(root / source), cfile=str(root / target), dfile=f"/{source}", invalidation_mode=mode
    )


@pytest.mark.parametrize("target", ["app/__pycache__/m.cpython-311.opt-1.pyc", "app/m.pyc"])
def test_bytecode_of_a_stamped_source_becomes_hash_checked(workshop: Workshop, target: str) -> None:
    def act(root: Path) -> None:
        write(root, "app/m.py", "x = 1\n")
        compile_in(root, "app/m.py", target)

    result = workshop.step([], act)
    code = workshop.look([result.layer])[f"/{target}"][-1]
    assert isinstance(code, bytes)
    assert code[:4] == importlib.util.MAGIC_NUMBER
    assert code[4:16] == struct.pack("<I", 3) + importlib.util.source_hash(b"x = 1\n")
    assert result.notes == (f"python-bytecode v1: /{target}",)
    assert workshop.step([], act).layer == result.layer


def test_bytecode_of_a_source_whose_time_stays_is_untouched(workshop: Workshop) -> None:
    base = workshop.layer(
        Entry("app", Kind.DIRECTORY, 0o755),
        Entry("app/m.py", Kind.FILE, content=Bytes(b"x = 1\n"), mtime=EPOCH),
    )
    result = workshop.step([base], lambda root: compile_in(root, "app/m.py", "app/m.pyc"))
    code = workshop.look([base, result.layer])["/app/m.pyc"][-1]
    assert isinstance(code, bytes)
    assert code[4:16] == struct.pack("<III", 0, EPOCH, 6)
    assert result.notes == ()


def test_stale_bytecode_is_untouched(workshop: Workshop) -> None:
    def act(root: Path) -> None:
        write(root, "m.py", "x = 1\n")
        os.utime(root / "m.py", (9, 9))
        compile_in(root, "m.py", "m.pyc")
        write(root, "m.py", "x = 22\n")

    assert workshop.step([], act).notes == ()


def test_bytecode_of_old_pythons_gets_the_time_the_source_will_have() -> None:
    magic = struct.pack("<H", 3439) + b"\r\n"
    code = struct.pack("<4sIII", magic, 0, 5000, 3)
    assert pyc._header(code, b"abc", 5000, EPOCH) == struct.pack("<4sIII", magic, 0, EPOCH, 3)


@pytest.mark.parametrize(
    "code",
    [
        struct.pack("<4sIII", struct.pack("<H", 62211) + b"\r\n", 0, 5000, 3),
        struct.pack("<4sIII", struct.pack("<H", 3495) + b"xx", 0, 5000, 3),
        struct.pack("<4sIII", struct.pack("<H", 3495) + b"\r\n", 1, 5000, 3),
        struct.pack("<4sIII", struct.pack("<H", 3495) + b"\r\n", 0, 5001, 3),
        struct.pack("<4sIII", struct.pack("<H", 3495) + b"\r\n", 0, 5000, 4),
    ],
)
def test_unknown_and_stale_headers_are_left_alone(code: bytes) -> None:
    assert pyc._header(code, b"abc", 5000, EPOCH) is None


def test_journals_of_package_databases_are_checked_in(workshop: Workshop, tmp_path: Path) -> None:
    path = "var/lib/rpm/rpmdb.sqlite"

    def install(root: Path) -> None:
        """As a process that is killed leaves it; SQLite itself can't open a detached mount's
        files."""
        source = tmp_path / "rpmdb.sqlite"
        with closing(sqlite3.connect(source)) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table packages (name)")
            database.execute("insert into packages values ('bash')")
            database.commit()
            for suffix in ("", "-wal", "-shm"):
                write(root, path + suffix, Path(f"{source}{suffix}").read_bytes())
        assert (root / f"{path}-wal").stat().st_size

    result = workshop.step([], install)
    seen = workshop.look([result.layer])
    assert [name for name in seen if "rpmdb" in name] == [f"/{path}"]
    assert result.notes == (f"package-database v1: /{path}",)
    content = seen[f"/{path}"][-1]
    assert isinstance(content, bytes)
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    assert database.execute("select name from packages").fetchall() == [("bash",)]


def test_a_damaged_package_database_stays_as_it_is(workshop: Workshop) -> None:
    def install(root: Path) -> None:
        write(root, "var/lib/rpm/rpmdb.sqlite", b"no database at all" * 100)
        write(root, "var/lib/rpm/rpmdb.sqlite-wal", b"no log")

    result = workshop.step([], install)
    seen = workshop.look([result.layer])
    assert seen["/var/lib/rpm/rpmdb.sqlite-wal"][-1] == b"no log"
    assert result.notes == ()


def test_every_normaliser_is_named_versioned_and_explained() -> None:
    assert len({one.name for one in NORMALISERS}) == len(NORMALISERS)
    assert all(one.version >= 1 and one.doc for one in NORMALISERS)

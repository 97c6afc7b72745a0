"""The folder's shape, its versions, its users and what the dead leave."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lithify.cache.digest import Digest
from lithify.cache.store import Store
from lithify.errors import StoreError

REPOSITORY = Path(__file__).resolve().parents[3]


def open_store(root: Path) -> Store:
    return Store.open(root, clock=lambda: 0.0)


def test_new_store_is_an_oci_image_layout(root: Path) -> None:
    with open_store(root):
        pass
    assert json.loads((root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert json.loads((root / "index.json").read_text())["manifests"] == []
    assert (root / "blobs" / "sha256").is_dir()
    assert root.stat().st_mode & 0o077 == 0


def test_what_was_stored_is_there_after_reopening(root: Path) -> None:
    with open_store(root) as store:
        descriptor = store.blobs.put(b"kept", "text/plain")
    with open_store(root) as store:
        assert store.blobs.read(descriptor.digest) == b"kept"


def test_foreign_folder_is_refused(root: Path) -> None:
    root.mkdir()
    (root / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(StoreError, match="neither empty nor a store"):
        open_store(root)
    assert [path.name for path in root.iterdir()] == ["thesis.txt"]


def test_creation_that_was_interrupted_is_completed(root: Path) -> None:
    with open_store(root):
        pass
    (root / "oci-layout").unlink()
    (root / "format").unlink()
    with open_store(root) as store:
        assert store.images.list() == ()
    assert (root / "oci-layout").exists()


def test_newer_format_is_refused_with_advice(root: Path) -> None:
    with open_store(root):
        pass
    (root / "format").write_text("2\n")
    with pytest.raises(StoreError, match="format '2'") as caught:
        open_store(root)
    assert "newer lithify" in caught.value.hint


def test_damaged_layout_file_is_refused(root: Path) -> None:
    with open_store(root):
        pass
    (root / "oci-layout").write_text("{")
    with pytest.raises(StoreError, match="oci-layout is not JSON"):
        open_store(root)


def test_file_in_place_of_the_store_is_a_clear_error(root: Path) -> None:
    root.write_text("not a folder")
    with pytest.raises(StoreError, match="opening the store"):
        open_store(root)


def test_damaged_index_says_what_to_do(root: Path) -> None:
    with open_store(root) as store:
        (root / "index.json").write_text("")
        with pytest.raises(StoreError, match=r"index\.json is damaged") as caught:
            store.images.list()
    assert "remove the file" in caught.value.hint


def test_removed_index_is_made_again(root: Path) -> None:
    with open_store(root):
        (root / "index.json").unlink()
    with open_store(root) as store:
        assert store.images.list() == ()


def test_each_open_store_has_its_own_temporary_area_while_it_lives(root: Path) -> None:
    with open_store(root) as one:
        with open_store(root) as other:
            assert one.tmp_dir() != other.tmp_dir()
            gone = other.tmp_dir()
        assert not gone.exists()
        assert one.tmp_dir().is_dir()


def test_leftovers_of_a_killed_process_are_reaped_and_those_of_the_living_kept(root: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from lithify.cache.store import Store\n"
        "store = Store.open(Path(sys.argv[1]), clock=lambda: 0.0)\n"
        "work = store.tmp_dir() / 'work'; work.mkdir(); work.chmod(0)\n"
        "print(store.tmp_dir(), flush=True); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, root],
        capture_output=True,
        cwd=REPOSITORY,
        text=True,
        check=False,
    )
    area = Path(ended.stdout.strip())
    assert ended.returncode == -9
    assert area.is_dir()
    with open_store(root) as living:
        assert not area.exists()
        with open_store(root):
            assert living.tmp_dir().is_dir()


def test_only_the_single_user_gets_the_store_exclusively(root: Path) -> None:
    with open_store(root) as one:
        with open_store(root), one.exclusive() as is_alone:
            assert not is_alone
        with one.exclusive() as is_alone:
            assert is_alone
        with open_store(root), one.exclusive() as is_alone:
            assert not is_alone, "the lock must be shared again afterwards"


def test_opening_waits_while_another_has_the_store_exclusively(root: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with open_store(root):
            order.append("opened")

    with open_store(root) as one:
        thread = threading.Thread(target=second)
        with one.exclusive() as is_alone:
            assert is_alone
            thread.start()
            order.append("released")
        thread.join()
    assert order == ["released", "opened"]


def _count_up(root: Path, times: int) -> None:
    with open_store(root) as store:
        for _ in range(times):
            with store.lock("counter"):
                path = root / "counter"
                path.write_text(str(int(path.read_text()) + 1))


def test_a_lock_excludes_processes_and_leaves_no_file(root: Path) -> None:
    with open_store(root):
        (root / "counter").write_text("0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count_up, args=(root, 200)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert (root / "counter").read_text() == "800"
    assert not list((root / "locks").glob("key-*"))


def test_a_lock_excludes_threads_of_one_store(root: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(store: Store) -> None:
        for _ in range(100):
            with store.lock("name"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    with open_store(root) as store:
        threads = [threading.Thread(target=work, args=(store,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(most) == 1
    assert len(most) == 400


def _create_and_put(root: Path, number: int) -> None:
    with open_store(root) as store:
        store.blobs.put(b"%d" % number, "text/plain")
        store.records.memo_put("kind", str(number), "value")


def test_many_processes_may_create_the_store_at_once(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_create_and_put, args=(root, n)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    with open_store(root) as store:
        assert all(store.blobs.has(Digest.of(b"%d" % n)) for n in range(8))
        assert all(store.records.memo_get("kind", str(n)) == "value" for n in range(8))


def test_store_in_a_folder_of_another_user_is_a_clear_error() -> None:
    """/proc takes no folders, not even from root."""
    with pytest.raises(StoreError, match="opening the store in /proc/store"):
        open_store(Path("/proc/store"))


@pytest.mark.root
def test_store_without_permission_says_how_to_choose_another(root: Path) -> None:
    with open_store(root):
        pass
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        try:
            open_store(root)
        except StoreError as error:
            is_clear = "Permission denied" in error.message and "--root" in error.hint
            os._exit(0 if is_clear else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

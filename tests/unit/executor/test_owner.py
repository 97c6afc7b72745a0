"""Who USER means for a process, decided by the image's own files, which are hostile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor.ops.owner import ProcessIdentity, copy_owner, process_identity
from lithify.executor.tree import EmptyTree, TreeView

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWD = (
    "# comment\nbroken\nroot:x:0:0:root:/root:/bin/sh\n"
    "app:x:1000:100:App:/home/app:/bin/sh\nbare:x:5:6::\n7:x:8:9::/seven:\n"
    "huge:x:99999999999:0::/:\n"
)
GROUP = "root:x:0:root\nwheel:x:10:root,app\nstaff:x:50:app\napp:x:100:\nbad:x:z:app\n"


@pytest.fixture
def image(tmp_path: Path) -> Iterator[TreeView]:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(PASSWD)
    (tmp_path / "etc/group").write_text(GROUP)
    fd = os.open(tmp_path, os.O_RDONLY)
    yield TreeView(fd)
    os.close(fd)


@pytest.mark.parametrize(
    ("user", "uid", "gid", "groups", "home"),
    [
        ("", 0, 0, (0, 10), "/root"),
        ("root", 0, 0, (0, 10), "/root"),
        ("0", 0, 0, (0, 10), "/root"),
        ("app", 1000, 100, (100, 10, 50), "/home/app"),
        ("1000", 1000, 100, (100, 10, 50), "/home/app"),
        ("app:staff", 1000, 50, (50,), "/home/app"),
        ("app:77", 1000, 77, (77,), "/home/app"),
        ("33:34", 33, 34, (34,), "/"),
        ("33", 33, 0, (0,), "/"),
        ("root:root", 0, 0, (0,), "/root"),
        ("bare", 5, 6, (6,), "/"),
        ("7", 8, 9, (9,), "/seven"),
    ],
)
def test_a_user_means_ids_groups_and_a_home(
    image: TreeView, user: str, uid: int, gid: int, groups: tuple[int, ...], home: str
) -> None:
    assert process_identity(image, user) == ProcessIdentity(uid, gid, groups, home)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("nobody", "unable to find user nobody: no matching entries in passwd file"),
        ("huge", "unable to find user huge: no matching entries in passwd file"),
        ("app:none", "unable to find group none: no matching entries in group file"),
        ("4294967295", "invalid user or group id 4294967295"),
        ("1" * 5000, "invalid user or group id"),
    ],
)
def test_unknown_names_and_impossible_ids_are_refused(
    image: TreeView, user: str, message: str
) -> None:
    with pytest.raises(BuildError, match=message):
        process_identity(image, user)


def test_an_empty_image_knows_root_and_numbers_only() -> None:
    assert process_identity(EmptyTree(), "") == ProcessIdentity(0, 0, (0,), "/")
    assert process_identity(EmptyTree(), "root:root") == ProcessIdentity(0, 0, (0,), "/")
    assert copy_owner(EmptyTree(), "3") == (3, 3)
    with pytest.raises(BuildError, match="unable to find user app"):
        process_identity(EmptyTree(), "app")


def test_a_passwd_that_leads_out_of_the_image_is_not_read(
    image: TreeView, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "passwd"
    outside.write_text("outsider:x:1:1::/:\n")
    (tmp_path / "etc/passwd").unlink()
    (tmp_path / "etc/passwd").symlink_to(outside)
    with pytest.raises(BuildError, match="unable to find user outsider"):
        process_identity(image, "outsider")


def test_a_passwd_that_is_a_pipe_is_not_opened(image: TreeView, tmp_path: Path) -> None:
    (tmp_path / "etc/passwd").unlink()
    os.mkfifo(tmp_path / "etc/passwd")
    assert process_identity(image, "12:13").uid == 12


def test_a_passwd_too_large_to_be_one_is_refused(image: TreeView, tmp_path: Path) -> None:
    os.truncate(tmp_path / "etc/passwd", 11 * 1024 * 1024)
    with pytest.raises(BuildError, match="larger than"):
        process_identity(image, "app")

"""What COPY keeps of an object, and what --chown and --chmod change (reference semantics, 3.4)."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import ContextTree, CopyOp, TreeSource
from lithify.errors import BuildError

if TYPE_CHECKING:
    from conftest import Desk

PASSWD = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:2:d:/:/bin/false\n"
GROUP = "root:x:0:\ndaemon:x:2:\nwww:x:33:daemon\n"


@pytest.mark.root
def test_owners_of_a_context_become_root_and_those_of_a_stage_stay(desk: Desk) -> None:
    file = desk.write("d/f", "F")
    os.chown(file, 5, 6)
    os.chown(desk.source / "d", 7, 8)
    assert desk.copy("/d", "/t")["t/f"] == "file 644 0:0 F"
    assert desk.copy("/d", "/t", from_stage=True) == {
        "t": "dir 755 0:0",
        "t/f": "file 644 5:6 F",
    }


def test_special_bits_and_modes_are_kept(desk: Desk) -> None:
    desk.write("d/s", "S", 0o4711)
    (desk.source / "d/t").mkdir()
    (desk.source / "d/t").chmod(0o1777)
    found = desk.copy("/d", "/x")
    assert found["x/s"] == "file 4711 0:0 S"
    assert found["x/t"] == "dir 1777 0:0"


def test_an_existing_inner_directory_takes_mode_and_owner_of_the_source(desk: Desk) -> None:
    desk.write("d/s/g", "G")
    (desk.source / "d/s").chmod(0o711)
    desk.have("t/s/old")
    assert desk.copy("/d", "/t", chown="1:2") == {
        "t": f"dir 755 {os.getuid()}:{os.getgid()}",
        "t/s": "dir 711 1:2",
        "t/s/g": "file 644 1:2 G",
    }


def test_links_in_a_directory_are_kept_as_they_are(desk: Desk) -> None:
    desk.write("d/f", "F")
    for name, target in {
        "rel": "f",
        "abs": "/etc/passwd",
        "none": "no/where",
        "up": "../..",
    }.items():
        (desk.source / "d" / name).symlink_to(target)
    found = desk.copy("/d", "/t", chmod="0600", chown="3")
    assert found["t/rel"] == "link 3:3 f"
    assert found["t/abs"] == "link 3:3 /etc/passwd"
    assert found["t/none"] == "link 3:3 no/where"
    assert found["t/up"] == "link 3:3 ../.."


def test_hard_links_of_one_directory_stay_one_file(desk: Desk) -> None:
    first = desk.write("d/b", "B")
    os.link(first, desk.source / "d/a")
    os.link(first, desk.source / "outside")
    found = desk.copy("/d", "/x")
    assert found["x/a"] == "file 644 0:0 B"
    assert found["x/b"] == "same x/a"
    assert desk.copy("/outside", "/y") == {"y": "file 644 0:0 B"}


def test_a_socket_of_a_context_is_an_empty_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.source / "d").mkdir()
    monkeypatch.chdir(desk.source / "d")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
    (desk.source / "d/s").chmod(0o644)
    assert desk.copy("/d", "/t")["t/s"] == "file 644 0:0 "
    assert desk.digest("/d")
    assert "t/s" not in desk.copy("/d", "/t", from_stage=True)


def test_a_pipe_is_copied_and_never_opened(desk: Desk) -> None:
    (desk.source / "d").mkdir()
    os.mkfifo(desk.source / "d/p", 0o600)
    assert desk.copy("/d", "/t")["t/p"] == "fifo 600 0:0"
    assert desk.digest("/d")


@pytest.mark.root
def test_a_device_node_is_copied_with_its_number(desk: Desk) -> None:
    (desk.source / "d").mkdir()
    os.mknod(desk.source / "d/null", 0o20666, os.makedev(1, 3))
    op = CopyOp("COPY", (TreeSource(ContextTree(), "/d", "d"),), "/t")
    node = next(one for one in desk.entries(op) if one.path == "t/null")
    assert node.device == (1, 3)


@pytest.mark.parametrize(
    ("chown", "owner"),
    [
        ("12:34", "12:34"),
        ("56", "56:56"),
        (":78", "0:78"),
        ("daemon", "1:2"),
        ("daemon:33", "1:33"),
        ("daemon:www", "1:33"),
        (":www", "0:33"),
        ("root:root", "0:0"),
    ],
)
def test_chown_means_numbers_or_names_of_the_base(desk: Desk, chown: str, owner: str) -> None:
    desk.have("etc/passwd", PASSWD)
    desk.have("etc/group", GROUP)
    desk.write("a", "A")
    assert desk.copy("/a", "/n/a", chown=chown) == {
        "n": f"dir 755 {owner}",
        "n/a": f"file 644 {owner} A",
    }


def test_root_needs_no_passwd_file(desk: Desk) -> None:
    desk.write("a", "A")
    assert desk.copy("/a", "/a", chown="root:root") == {"a": "file 644 0:0 A"}


@pytest.mark.parametrize(("chown", "name"), [("nobody", "nobody"), ("1:staff", "staff")])
def test_an_unknown_owner_is_refused_by_name(desk: Desk, chown: str, name: str) -> None:
    desk.write("a")
    with pytest.raises(BuildError, match=name) as caught:
        desk.copy("/a", "/a", chown=chown)
    assert "number" in caught.value.hint


@pytest.mark.parametrize(
    ("chmod", "parent", "file"),
    [("0751", "751", "751"), ("4755", "4755", "4755"), ("0", "0", "0"), ("u+x", "755", "740")],
)
def test_an_octal_mode_applies_to_created_parents_and_a_symbolic_one_does_not(
    desk: Desk, chmod: str, parent: str, file: str
) -> None:
    desk.write("x", "X", 0o640)
    assert desk.copy("/x", "/n/x", chmod=chmod) == {
        "n": f"dir {parent} 0:0",
        "n/x": f"file {file} 0:0 X",
    }


def test_octal_modes_apply_to_the_whole_tree(desk: Desk) -> None:
    desk.write("d/s/y", "Y")
    assert desk.copy("/d", "/n/d", chmod="0751") == {
        "n": "dir 751 0:0",
        "n/d": "dir 751 0:0",
        "n/d/s": "dir 751 0:0",
        "n/d/s/y": "file 751 0:0 Y",
    }


@pytest.mark.root
def test_file_capabilities_and_user_attributes_travel_and_others_do_not(desk: Desk) -> None:
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    file = desk.write("ping", "P", 0o755)
    os.setxattr(file, "user.note", b"n")
    os.setxattr(file, "security.capability", capability)
    os.setxattr(file, "trusted.secret", b"s")
    op = CopyOp("COPY", (TreeSource(ContextTree(), "/ping", "ping"),), "/bin/", chown="3:4")
    entry = desk.entries(op)[-1]
    assert entry.xattrs == (("security.capability", capability), ("user.note", b"n"))

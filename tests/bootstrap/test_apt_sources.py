"""A Debian image comes from the Debian archive that the machine itself uses, and from nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor.bootstrap.apt_sources import (
    AptSource,
    machine_suite,
    parse_deb822,
    parse_one_line,
    sources_for,
)

if TYPE_CHECKING:
    from pathlib import Path

ONE_LINE = """\
# deb cdrom:[Debian GNU/Linux 12]/ bookworm main
deb cdrom:[Debian]/ bookworm main
deb http://deb.debian.org/debian/ bookworm main non-free-firmware # the archive
deb-src http://deb.debian.org/debian/ bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/d.gpg] http://security.debian.org/debian-security bookworm-security main
deb https://download.example.com/linux/debian bookworm stable
deb http://apt.example.org/pub bookworm-pgdg main
deb broken
"""

DEB822 = """\
# A comment
Types: deb deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.example.com/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://inline.example.com/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
"""


@pytest.fixture
def etc_apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_one_line_form_keeps_binary_repositories_and_their_keyring() -> None:
    found = parse_one_line(ONE_LINE)
    assert (
        AptSource(
            ("http://security.debian.org/debian-security",),
            ("bookworm-security",),
            ("main",),
            "/usr/share/keyrings/d.gpg",
        )
        in found
    )
    assert all("src" not in uri for one in found for uri in one.uris)


def test_deb822_form_leaves_out_what_is_disabled() -> None:
    found = parse_deb822(DEB822)
    assert [one.uris[0] for one in found] == [
        "http://deb.debian.org/debian",
        "http://inline.example.com/debian",
    ]
    assert found[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert found[1].signed_by == ""


def test_other_vendors_and_media_are_left_out(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    found = sources_for("bookworm", "bookworm", etc_apt)
    assert [(one.uris[0], one.suites) for one in found] == [
        ("http://deb.debian.org/debian/", ("bookworm",)),
        ("http://security.debian.org/debian-security", ("bookworm-security",)),
    ]


def test_backports_are_left_out_and_updates_kept(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    first, *_ = sources_for("bookworm", "bookworm", etc_apt)
    assert first.suites == ("bookworm", "bookworm-updates")


def test_another_suite_is_taken_from_the_same_mirrors(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    found = sources_for("trixie", "bookworm", etc_apt)
    assert [one.suites for one in found] == [("trixie",), ("trixie-security",)]


def test_a_machine_without_the_archive_is_told_what_to_add(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d" / "x.list").write_text("deb https://example.com/x y stable\n")
    with pytest.raises(BuildError, match="name no Debian archive for bookworm") as caught:
        sources_for("bookworm", "bookworm", etc_apt)
    assert "sources.list.d" in caught.value.hint


def test_rendered_sources_are_read_back_unchanged(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    found = sources_for("bookworm", "bookworm", etc_apt)
    assert tuple(parse_deb822("\n".join(one.render() for one in found))) == found


@pytest.mark.parametrize(
    ("text", "suite"),
    [('ID=debian\nVERSION_CODENAME="trixie"\n', "trixie"), ("ID=arch\n", "")],
)
def test_the_machines_suite_is_that_of_os_release(tmp_path: Path, text: str, suite: str) -> None:
    path = tmp_path / "os-release"
    path.write_text(text)
    assert machine_suite(path) == suite
    assert machine_suite(tmp_path / "absent") == ""

"""What is found in an image: each package manager's files, merged as the layers are, and never more than asked."""

from __future__ import annotations

import sqlite3
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.errors import DigestMismatch
from lithify.executor.attest import apk, dpkg, gems, gobinary, node, python, rpm
from lithify.executor.attest import scan as scanning
from lithify.executor.attest.packages import Distribution, Package, purl, read_os_release
from lithify.executor.attest.scan import scan_layers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.cache.ports import Layer
    from lithify.cache.store import Store

    MakeLayer = Callable[..., Layer]

STATUS = b"""Package: libc6
Status: install ok installed
Source: glibc
Version: 2.36-9+deb12u4
Architecture: amd64
Maintainer: GNU Libc
 Maintainers
Description: C library
 with: colons

Package: gone
Status: deinstall ok config-files
Version: 1

Package: gcc-12-base
Status: install ok installed
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+x
Architecture: amd64
"""
RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'
INSTALLED = (
    b"C:Q1x\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nm:A B <a@b>\nF:lib\nR:x\n\nP:half\n\n"
)
GEMSPEC = b"""Gem::Specification.new do |s|
  s.name = "rake".freeze
  s.version = "13.0.6"
  s.authors = ["Hiroshi".freeze, "Eric".freeze]
  s.licenses = ["MIT".freeze]
end
"""


def names(store: Store, *layers: Layer) -> list[tuple[str, str]]:
    return [(one.name, one.version) for one in scan_layers(store, layers).packages]


def test_dpkg_lists_what_is_installed_and_its_sources() -> None:
    found = list(dpkg.SCANNER.read("var/lib/dpkg/status", STATUS))
    assert [(one.name, one.source) for one in found] == [
        ("libc6", "glibc"),
        ("gcc-12-base", "gcc-12@12.2.0-14"),
    ]
    assert found[0].supplier == "GNU Libc"


def test_distroless_lists_of_dpkg_have_no_status_field() -> None:
    data = b"Package: base\nVersion: 1.0\nArchitecture: all\n"
    assert dpkg.SCANNER.wants("var/lib/dpkg/status.d/base")
    assert not dpkg.SCANNER.wants("var/lib/dpkg/status.d/base.md5sums")
    assert [one.version for one in dpkg.SCANNER.read("var/lib/dpkg/status.d/base", data)] == ["1.0"]


def test_apk_python_node_and_gems_are_read() -> None:
    (musl,) = apk.SCANNER.read("lib/apk/db/installed", INSTALLED)
    assert (musl.name, musl.version, musl.license, musl.supplier) == (
        "musl",
        "1.2.4-r2",
        "MIT",
        "A B <a@b>",
    )
    metadata = b"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 2\nLicense: BSD\n\nName: no\n"
    (foo,) = python.SCANNER.read("x/Foo.Bar-2.dist-info/METADATA", metadata)
    assert (foo.name, foo.version, foo.license) == ("Foo.Bar", "2", "BSD")
    (old,) = node.SCANNER.read(
        "a", b'{"name":"o","version":"1","licenses":[{"type":"A"},{"type":"B"}]}'
    )
    assert old.license == "A OR B"
    (rake,) = gems.SCANNER.read("x/specifications/rake-13.0.6.gemspec", GEMSPEC)
    assert (rake.name, rake.version, rake.license, rake.supplier) == (
        "rake",
        "13.0.6",
        "MIT",
        "Hiroshi, Eric",
    )
    (json_,) = gems.SCANNER.read("specifications/default/json-2.6.gemspec", b"odd")
    assert (json_.name, json_.version) == ("json", "2.6")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("app/node_modules/a/package.json", True),
        ("node_modules/@s/a/package.json", True),
        ("node_modules/a/test/package.json", False),
        ("node_modules/.cache/package.json", False),
        ("package.json", False),
        ("x/node_modules/a/node_modules/b/package.json", True),
    ],
)
def test_only_packages_of_their_own_count_as_node_packages(path: str, wanted: bool) -> None:
    assert node.SCANNER.wants(path) is wanted


def go_block(version: bytes = b"go1.22.1", extra: bytes = b"") -> bytes:
    lines = (
        b"path\texample.org/app\nmod\texample.org/app\t(devel)\t\n"
        b"dep\tgolang.org/x/sys\tv0.15.0\th1:x\ndep\told.org/m\tv1.0.0\n=>\tnew.org/m\tv2.0.0\th1:y\n"
    ) + extra
    modules = b"s" * 16 + lines + b"e" * 16

    def string(data: bytes) -> bytes:
        length, out = len(data), b""
        while length > 0x7F:
            out, length = out + bytes((length & 0x7F | 0x80,)), length >> 7
        return out + bytes((length,)) + data

    return (
        (b"\xff Go buildinf:" + bytes((8, 2))).ljust(32, b"\0") + string(version) + string(modules)
    )


@pytest.mark.parametrize("piece", [7, 16, 1000, 1 << 20])
@pytest.mark.parametrize("before", [0, 4096, 3_000_000])
def test_a_go_program_tells_its_modules_however_it_is_cut(piece: int, before: int) -> None:
    if piece < 1000 and before > 4096:
        before = 65_536
    program = b"\0" * before + go_block() + b"rest" * 1000
    search = gobinary.GoSearch()
    for at in range(0, len(program), piece):
        search.feed(program[at : at + piece])
    search.finish()
    assert search.info is not None
    found = [(one.name, one.version) for one in gobinary.read_modules("p", *search.info)]
    assert found == [
        ("stdlib", "1.22.1"),
        ("example.org/app", ""),
        ("golang.org/x/sys", "v0.15.0"),
        ("new.org/m", "v2.0.0"),
    ]


def test_the_magic_elsewhere_is_no_build_information() -> None:
    for noise in (b"\xff Go buildinf:", b"x\xff Go buildinf:\x08\x02" + b"z" * 100):
        search = gobinary.GoSearch()
        search.feed(b"\x7fELF" + noise * 5 + b"\0" * (16 - (4 + 5 * len(noise)) % 16) + go_block())
        search.finish()
        assert search.info is not None
        assert search.info[0] == "go1.22.1"
    old = gobinary.GoSearch()
    old.feed(b"\0" * 32 + b"\xff Go buildinf:\x08\x00" + b"p" * 40)
    old.finish()
    assert (old.info, old.is_old) == (None, True)


def header(tags: dict[int, str | int]) -> bytes:
    index, data = b"", b""
    for tag, value in tags.items():
        if isinstance(value, int):
            data += b"\0" * (-len(data) % 4)
            index += struct.pack(">IIII", tag, 4, len(data), 1)
            data += struct.pack(">I", value)
        else:
            index += struct.pack(">IIII", tag, 6, len(data), 1)
            data += value.encode() + b"\0"
    return struct.pack(">II", len(tags), len(data)) + index + data


def rpm_database(folder: Path, *headers: bytes) -> bytes:
    path = folder / "made.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(h,) for h in headers])
    connection.close()
    data = path.read_bytes()
    path.unlink()
    return data


def test_rpm_databases_of_sqlite_are_read_and_older_ones_named(
    store: Store, layer: MakeLayer, tmp_path: Path
) -> None:
    bash = header(
        {1000: "bash", 1001: "5.2", 1002: "1.fc40", 1003: 7, 1014: "GPLv3+", 1022: "x86_64"}
    )
    key = header({1000: "gpg-pubkey", 1001: "a"})
    data = rpm_database(tmp_path, bash, key, b"short", bash[:20])
    one = layer({"var/lib/rpm/rpmdb.sqlite": data, "usr/lib/sysimage/rpm/Packages.db": b"ndb"})
    findings = scan_layers(store, (one,))
    (package,) = findings.packages
    assert (package.version, package.epoch, package.arch) == ("5.2-1.fc40", "7", "x86_64")
    assert findings.notes == (
        "/usr/lib/sysimage/rpm/Packages.db: RPM databases of kind ndb are not read: packages missing",
    )


def test_a_database_that_is_none_becomes_a_note(
    store: Store, layer: MakeLayer, tmp_path: Path
) -> None:
    view = tmp_path / "view.sqlite"
    with sqlite3.connect(view) as connection:
        connection.execute(
            "CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) "
            "SELECT x AS hnum, x AS blob FROM c"
        )
    connection.close()
    for data in (b"no database", view.read_bytes()):
        findings = scan_layers(store, (layer({"var/lib/rpm/rpmdb.sqlite": data}),))
        assert findings.packages == ()
        assert len(findings.notes) == 1
        assert "cannot be read" in findings.notes[0]


@given(st.binary(max_size=300))
def test_no_rpm_header_can_break_the_reader(blob: bytes) -> None:
    assert set(rpm.read_header(blob)) <= {1000, 1001, 1002, 1003, 1011, 1014, 1022, 1044}


@given(st.binary(max_size=400))
def test_no_file_can_break_a_scanner(data: bytes) -> None:
    for scanner in scanning.SCANNERS:
        list(scanner.read("a/specifications/x.gemspec", data))


# -- layers ---------------------------------------------------------------------------------------

PACKAGE = b'{"name":"left","version":"1"}'
NEWER = b'{"name":"left","version":"2"}'
PLACE = "srv/node_modules/left/package.json"


def test_a_later_layer_replaces_what_an_earlier_one_had(store: Store, layer: MakeLayer) -> None:
    assert names(store, layer({PLACE: PACKAGE}), layer({PLACE: NEWER})) == [("left", "2")]


@pytest.mark.parametrize(
    "above",
    [
        {"srv/node_modules/left/.wh.package.json": b""},
        {"srv/.wh.node_modules": b""},
        {"srv/.wh..wh..opq": b""},
        {".wh..wh..opq": b""},
        {"srv": b"now a file"},
        {"srv/node_modules": "symlink:/elsewhere"},
        {PLACE: None},
        {PLACE: b"no json"},
    ],
    ids=str,
)
def test_what_a_later_layer_hides_is_gone(
    store: Store, layer: MakeLayer, above: dict[str, bytes | str | None]
) -> None:
    assert names(store, layer({PLACE: PACKAGE, "srv2/x": b""}), layer(above)) == []


def test_a_whiteout_hides_only_what_is_below(store: Store, layer: MakeLayer) -> None:
    upper = layer({PLACE: NEWER, "srv/.wh..wh..opq": b"", "srv/node_modules/.wh.left": b""})
    assert names(store, layer({PLACE: PACKAGE}), upper) == [("left", "2")]


def test_hard_links_are_what_they_link_to(store: Store, layer: MakeLayer) -> None:
    link = "x/node_modules/left/package.json"
    assert names(store, layer({PLACE: PACKAGE, link: f"link:{PLACE}"})) == [("left", "1")] * 2


def test_go_programs_must_be_executable_elf(store: Store, layer: MakeLayer) -> None:
    program = b"\x7fELF".ljust(64, b"\0") + go_block()
    assert names(store, layer({"bin/app": program}, mode=0o755))
    assert names(store, layer({"bin/app": program})) == []
    assert names(store, layer({"bin/app": b"#!sh".ljust(64, b"\0") + go_block()}, mode=0o755)) == []


def test_a_damaged_layer_is_never_believed(store: Store, layer: MakeLayer) -> None:
    made = layer({PLACE: PACKAGE})
    path = store.blobs.path(made.descriptor.digest)
    path.write_bytes(path.read_bytes().replace(b'"1"', b'"6"'))
    with pytest.raises(DigestMismatch):
        scan_layers(store, (made,))


def test_files_beyond_the_bound_are_named_not_read(store: Store, layer: MakeLayer) -> None:
    findings = scan_layers(store, (layer({PLACE: PACKAGE.ljust(2 * 1024 * 1024)}),))
    assert findings.packages == ()
    assert findings.notes == (f"/{PLACE} is too large to be looked at",)


def test_the_distribution_names_packages(store: Store, layer: MakeLayer) -> None:
    one = layer({"usr/lib/os-release": RELEASE, "etc/os-release": "symlink:../usr/lib/os-release"})
    assert scan_layers(store, (one,)).distribution == read_os_release(RELEASE)


@pytest.mark.parametrize(
    ("package", "url"),
    [
        (
            Package("deb", "libstdc++6", "12.2.0-14", "", arch="amd64", source="gcc-12"),
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12&upstream=gcc-12",
        ),
        (Package("npm", "@types/node", "1", ""), "pkg:npm/%40types/node@1"),
        (
            Package("golang", "golang.org/x/sys", "v0.1+b", ""),
            "pkg:golang/golang.org/x/sys@v0.1%2Bb",
        ),
        (Package("pypi", "Foo_Bar.Baz", "1!2", ""), "pkg:pypi/foo-bar-baz@1%212"),
        (Package("deb", "x", "1:2", ""), "pkg:deb/debian/x@1:2?distro=debian-12"),
        (Package("golang", "m", "", ""), "pkg:golang/m"),
    ],
)
def test_package_urls_are_canonical(package: Package, url: str) -> None:
    assert purl(package, Distribution("debian", "12")) == url

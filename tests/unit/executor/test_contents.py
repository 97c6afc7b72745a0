"""Sizes and waste of layers, read as they stream."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lithify.cache.digest import Digest
from lithify.cache.oci import MEDIA_LAYER
from lithify.cache.ports import Layer
from lithify.cache.store import Store
from lithify.errors import BuildError, DigestMismatch
from lithify.executor import contents as module
from lithify.executor.attest.packages import Package
from lithify.executor.contents import Contents, Waste, read_contents
from lithify.executor.ownership import package_sizes

MakeLayer = Callable[..., Layer]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "layers-store", clock=lambda: 1.0) as opened:
        yield opened


@pytest.fixture
def layer(store: Store) -> Callable[..., Layer]:
    """A layer of files (bytes), symlinks and hard links ("symlink:x", "link:x"), or directories (None)."""

    def make(files: dict[str, bytes | str | None]) -> Layer:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                if data is None:
                    member.type = tarfile.DIRTYPE
                elif isinstance(data, str):
                    kind, _, member.linkname = data.partition(":")
                    member.type = tarfile.SYMTYPE if kind == "symlink" else tarfile.LNKTYPE
                else:
                    member.size = len(data)
                archive.addfile(member, io.BytesIO(data) if isinstance(data, bytes) else None)
        plain = out.getvalue()
        diff_id = Digest(f"sha256:{hashlib.sha256(plain).hexdigest()}")
        with store.blobs.writer() as writer:
            writer.write(plain)
            return Layer(writer.commit(MEDIA_LAYER), diff_id)

    return make


def seen(contents: Contents) -> dict[str, int]:
    return {path: file.size_bytes for path, file in contents.files()}


def test_a_later_layer_overwrites_and_deletes(store: Store, layer: MakeLayer) -> None:
    found = read_contents(
        store,
        [
            layer({"a": b"1234", "d/e": b"12", "d/f/g": b"123", "kept": b"1"}),
            layer({"a": b"12345", ".wh.d": b""}),
        ],
    )
    assert seen(found) == {"a": 5, "kept": 1}
    assert [(one.size_bytes, one.wasted_bytes, one.files) for one in found.layers] == [
        (10, 9, 4),
        (5, 0, 1),
    ]
    assert found.waste() == (
        Waste("a", 4, 1, False, 0, 1),
        Waste("d/f/g", 3, 1, True, 0, 1),
        Waste("d/e", 2, 1, True, 0, 1),
    )


def test_what_is_written_again_and_again_is_summed(store: Store, layer: MakeLayer) -> None:
    layers = [layer({"a": b"1" * size}) for size in (10, 20, 30)]
    found = read_contents(store, layers)
    assert found.waste() == (Waste("a", 30, 2, False, 1, 2),)
    assert sum(one.wasted_bytes for one in found.layers) == 30


@pytest.mark.parametrize("names", [(".wh..wh..opq", "d/new"), ("d/new", ".wh..wh..opq")])
def test_an_opaque_folder_hides_what_was_below_and_not_what_comes_with_it(
    store: Store, layer: MakeLayer, names: tuple[str, ...]
) -> None:
    upper = {f"d/{one}" if "wh" in one else one: b"" if "wh" in one else b"12" for one in names}
    found = read_contents(store, [layer({"d/old": b"123", "d/x/y": b"1"}), layer(upper)])
    assert seen(found) == {"d/new": 2}
    assert sum(one.size_bytes for one in found.waste()) == 4


def test_a_whiteout_does_not_hide_what_its_own_layer_brings(store: Store, layer: MakeLayer) -> None:
    found = read_contents(store, [layer({"d/old": b"123"}), layer({"d/new": b"12", ".wh.d": b""})])
    assert seen(found) == {"d/new": 2}


def test_a_file_in_place_of_a_folder_and_back(store: Store, layer: MakeLayer) -> None:
    found = read_contents(
        store, [layer({"a/b": b"123"}), layer({"a": b"12"}), layer({"a": None, "a/c": b"1"})]
    )
    assert seen(found) == {"a/c": 1}
    assert {one.path: one.size_bytes for one in found.waste()} == {"a/b": 3, "a": 2}


def test_bytes_with_several_names_count_once_and_are_wasted_with_the_last(
    store: Store, layer: MakeLayer
) -> None:
    lower = layer({"d/a": b"12345", "e/b": "link:d/a"})
    both = read_contents(store, [lower])
    assert both.folder_sizes() == {"": 5, "d": 5}
    one = read_contents(store, [lower, layer({"d/.wh.a": b""})])
    assert not one.waste()
    assert one.folder_sizes() == {"": 5, "e": 5}
    none = read_contents(store, [lower, layer({"d/.wh.a": b"", "e/.wh.b": b""})])
    assert [waste.size_bytes for waste in none.waste()] == [5]


def test_a_hostile_name_stays_inside(store: Store, layer: MakeLayer) -> None:
    found = read_contents(store, [layer({"../../etc/x": b"1", "/abs": b"22", "a/../b": b"333"})])
    assert seen(found) == {"etc/x": 1, "abs": 2, "b": 3}


def test_a_layer_that_is_not_what_its_digest_says_is_refused(
    store: Store, layer: MakeLayer
) -> None:
    made = layer({"a": b"1"})
    lying = Layer(made.descriptor, layer({"b": b"1"}).diff_id)
    with pytest.raises(DigestMismatch):
        read_contents(store, [lying])


def test_an_image_with_too_many_names_is_refused(
    store: Store, layer: MakeLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_NAMES", 3)
    with pytest.raises(BuildError, match="more than 3 names"):
        read_contents(store, [layer({f"f{number}": b"" for number in range(4)})])


# -- packages -------------------------------------------------------------------------------------


def size_of(store: Store, layers: list[Layer], package: Package) -> int | None:
    (row,) = package_sizes([package], read_contents(store, layers))
    return row.size_bytes


def test_a_debian_package_is_its_list_also_where_bin_is_a_link(
    store: Store, layer: MakeLayer
) -> None:
    files = layer(
        {
            "bin": "symlink:usr/bin",
            "usr/bin/tool": b"123456",
            "usr/share/doc/tool": b"12",
            "var/lib/dpkg/info/tool:amd64.list": b"/.\n/bin\n/bin/tool\n/usr/share/doc/tool\n/gone\n",
        }
    )
    package = Package("deb", "tool", "1", "var/lib/dpkg/status")
    assert size_of(store, [files], package) == 8
    assert size_of(store, [files], package._replace(name="other")) is None


def test_an_alpine_package_is_what_the_database_says(store: Store, layer: MakeLayer) -> None:
    place = "lib/apk/db/installed"
    files = layer(
        {place: b"P:tool\nV:1\nF:usr/bin\nR:tool\nF:etc\nR:rc\n\nP:none\nV:1\n",
         "usr/bin/tool": b"1234", "etc/rc": b"1"}
    )  # fmt: skip
    assert size_of(store, [files], Package("apk", "tool", "1", place)) == 5
    assert size_of(store, [files], Package("apk", "none", "1", place)) == 0


def test_a_python_distribution_is_its_record(store: Store, layer: MakeLayer) -> None:
    site = "usr/lib/python3/site-packages"
    files = layer(
        {
            f"{site}/tool/__init__.py": b"123",
            "usr/bin/tool": b"12",
            f"{site}/tool-1.dist-info/METADATA": b"1",
            f"{site}/tool-1.dist-info/RECORD": b"tool/__init__.py,sha256=x,3\n"
            b"../../../bin/tool,,\ntool-1.dist-info/METADATA,,\n",
        }
    )
    package = Package("pypi", "tool", "1", f"{site}/tool-1.dist-info/METADATA")
    assert size_of(store, [files], package) == 6


def test_a_node_package_is_its_folder_without_those_inside(store: Store, layer: MakeLayer) -> None:
    files = layer(
        {
            "app/node_modules/a/package.json": b"12",
            "app/node_modules/a/i.js": b"123",
            "app/node_modules/a/node_modules/b/i.js": b"1" * 50,
        }
    )
    place = "app/node_modules/a/package.json"
    assert size_of(store, [files], Package("npm", "a", "1", place)) == 5


def test_a_program_of_go_is_one_row_whatever_it_was_built_from(
    store: Store, layer: MakeLayer
) -> None:
    contents = read_contents(store, [layer({"usr/bin/prog": b"12345"})])
    modules = [Package("golang", name, "1", "usr/bin/prog") for name in ("stdlib", "example.com/x")]
    assert [tuple(row) for row in package_sizes(modules, contents)] == [
        ("golang", "/usr/bin/prog", "", 5)
    ]


def test_a_list_that_was_replaced_counts_no_more(store: Store, layer: MakeLayer) -> None:
    place = "var/lib/dpkg/info/tool.list"
    layers = [layer({"a": b"1", "b": b"22", place: b"/a\n"}), layer({place: b"/b\n"})]
    assert size_of(store, layers, Package("deb", "tool", "1", "var/lib/dpkg/status")) == 2

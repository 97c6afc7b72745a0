"""Two images differ in exactly what they differ in: documents, layers, files, the way layers are packed."""

from __future__ import annotations

import tarfile

import pytest

from lithify.errors import Corrupt
from lithify.executor.compare.images import compare_images, compare_layers
from lithify.executor.compare.model import Aspect
from lithify.executor.compare.trees import merge
from tests.compare.conftest import directory, file, image, layer, link, pack


def _files(before: bytes, after: bytes) -> dict[str, tuple[str, tuple[Aspect, ...]]]:
    found = compare_images(image(before), image(after)).differences
    return {one.path: (one.change, one.aspects) for one in found if one.area == "file"}


def test_an_image_equals_itself() -> None:
    one = image(pack(file("a")), config={"User": "0"})
    assert compare_images(one, one).is_equal
    assert compare_images(one, one).differences == ()


def test_added_removed_and_changed_files_are_told_apart() -> None:
    before = pack(file("gone"), file("same"), file("other", b"1"))
    after = pack(file("new"), file("same"), file("other", b"2"))
    changes = {path: change for path, (change, _) in _files(before, after).items()}
    assert changes == {"/gone": "removed", "/new": "added", "/other": "changed"}


@pytest.mark.parametrize(
    ("properties", "aspect"),
    [
        ({"mode": 0o4755}, Aspect("mode", "0644", "4755")),
        ({"uid": 7, "gid": 8}, Aspect("owner", "0:0", "7:8")),
        ({"mtime": 86400}, Aspect("mtime", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z")),
        (
            {"pax_headers": {"SCHILY.xattr.user.note": "hi"}},
            Aspect("xattr user.note", "", "0x6869"),
        ),
    ],
)
def test_a_difference_in_metadata_is_named(properties: dict[str, object], aspect: Aspect) -> None:
    assert _files(pack(file("a")), pack(file("a", **properties)))["/a"][1] == (aspect,)


def test_a_link_with_another_target_and_a_file_that_became_a_link_are_named() -> None:
    found = _files(pack(link("l", "a"), file("f")), pack(link("l", "b"), link("f", "x")))
    assert found["/l"][1] == (Aspect("target", "a", "b"),)
    assert Aspect("type", "file", "symlink") in found["/f"][1]


def test_a_later_layer_hides_and_replaces_what_is_below() -> None:
    base = pack(directory("d"), file("d/a"), file("d/b"), directory("e"), file("e/x"), file("f"))
    top = pack(
        file("d/.wh.a", b""),
        directory("e"),
        file("e/.wh..wh..opq", b""),
        file("e/y"),
        file(".wh.f", b""),
    )
    assert sorted(merge([layer(base), layer(top)])) == ["d", "d/b", "e", "e/y"]


def test_a_file_that_replaces_a_directory_hides_what_was_in_it() -> None:
    base = pack(directory("d"), file("d/a"))
    assert sorted(merge([layer(base), layer(pack(file("d")))])) == ["d"]


def test_a_whiteout_says_nothing_about_its_own_layer() -> None:
    assert sorted(merge([layer(pack(file("a"), file(".wh.a", b"")))])) == ["a"]


def test_the_same_files_in_other_layers_differ_in_layers_alone() -> None:
    a, b, both = pack(file("a")), pack(file("b")), pack(file("a"), file("b"))
    areas = {one.area for one in compare_images(image(a, b), image(both)).differences}
    assert "layers" in areas and "file" not in areas


def test_files_are_told_with_the_step_that_made_them() -> None:
    base = pack(file("base"))
    found = compare_images(image(base, pack(file("x", b"1"))), image(base, pack(file("x", b"2"))))
    (only,) = [one for one in found.differences if one.area == "file"]
    assert (only.layer, only.made_by) == (1, "RUN step 2")


def test_another_order_of_entries_is_found_when_trees_are_equal() -> None:
    before, after = pack(file("a"), file("b")), pack(file("b"), file("a"))
    (only,) = [
        one
        for one in compare_images(image(before), image(after)).differences
        if one.area != "layers"
    ]
    assert only.area == "packing"
    assert only.findings[0].form == "order"
    assert only.findings[0].excerpt == ("-a", "+b")


def test_another_form_of_header_is_found_when_trees_are_equal() -> None:
    long = "d/" * 80 + "x"
    before = pack(file(long), form=tarfile.PAX_FORMAT)
    after = pack(file(long), form=tarfile.GNU_FORMAT)
    (only,) = compare_layers(layer(before), layer(after)).differences
    assert only.area == "packing"
    assert "magic and version" in only.findings[0].summary


def test_names_of_users_in_headers_are_found() -> None:
    before, after = pack(file("a")), pack(file("a", uname="root"))
    (only,) = compare_layers(layer(before), layer(after)).differences
    assert "user name '' -> 'root'" in only.findings[0].summary


def test_what_follows_the_entries_is_found() -> None:
    data = pack(file("a"))
    (only,) = compare_layers(layer(data), layer(data + bytes(10240))).differences
    assert only.findings[0].summary == "what follows or fills the entries differs"


def test_variables_of_the_config_are_compared_by_name() -> None:
    data = pack(file("a"))
    before = image(data, config={"Env": ["A=1", "B=2"], "Labels": {"x": "y"}})
    after = image(data, config={"Env": ["A=1", "B=3", "C=4"]})
    found = {one.path: one.change for one in compare_images(before, after).differences}
    assert found == {
        "config.Env[B]": "changed",
        "config.Env[C]": "added",
        "config.Labels.x": "removed",
    }


def test_a_layer_that_is_no_tar_is_an_error() -> None:
    with pytest.raises(Corrupt):
        compare_images(image(pack(file("a"))), image(b"no tar" * 200))

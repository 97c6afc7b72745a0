"""Owns the comparison of images: documents, layers, and the file trees that the layers make.

Files are compared by digest first; only the contents of those that differ are read again, and of these a bounded number
into temporary files. When files are the same and layers are not, the way layers are packed is compared. It refuses to
know where layers come from: they are opened for it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from lithify.executor.compare.archives import compare_content
from lithify.executor.compare.documents import compare_documents
from lithify.executor.compare.members import aspects_of, read_members, read_raw
from lithify.executor.compare.model import Aspect, Comparison, Difference, Finding, change_of
from lithify.executor.compare.packing import find_headers, find_order
from lithify.executor.compare.trees import LayerSource, merge
from lithify.executor.entries import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lithify.executor.compare.members import Member
    from lithify.executor.compare.trees import Tree

MOST_DIFFERENCES = 500
#: Of these many files at most the contents are compared, the rest by digest alone.
MOST_CONTENTS = 64
MOST_CONTENT_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImageSide:
    """One image to compare: its digest, its documents as they are, its layers from the bottom."""

    digest: str
    manifest: bytes
    config: bytes
    layers: tuple[LayerSource, ...]


def compare_images(
    before: ImageSide, after: ImageSide, check: Callable[[], None] = lambda: None
) -> Comparison:
    """How two images differ. `check` is called between files and may raise. Raises ContentError, OSError."""
    if before.digest == after.digest:
        return Comparison(before.digest, after.digest)
    found = compare_documents("config", before.config, after.config)
    found += compare_documents("manifest", before.manifest, after.manifest)
    shared = _shared(before.layers, after.layers)
    if shared < max(len(before.layers), len(after.layers)):
        found += _compare_lists(before.layers, after.layers)
        found += _compare_merged(before.layers, after.layers, shared, check)
        found += _compare_packings(before.layers, after.layers, found)
    if not found:
        text = "the layers are compressed differently; the image is the same"
        found.append(Difference("manifest", "changed", text))
    return _bounded(before.digest, after.digest, found)


def compare_layers(
    before: LayerSource, after: LayerSource, check: Callable[[], None] = lambda: None
) -> Comparison:
    """How two layers differ, whiteouts as the files that they are. Raises ContentError, OSError."""
    if before.diff_id == after.diff_id:
        return Comparison(before.diff_id, after.diff_id)
    left, right = _members(before), _members(after)
    found = _compare_trees(left, right, ((before,), (after,)), check)
    found += _compare_packing(before, after, None, is_whole=not found)
    return _bounded(before.diff_id, after.diff_id, found)


def _bounded(before: str, after: str, found: list[Difference]) -> Comparison:
    omitted = max(0, len(found) - MOST_DIFFERENCES)
    return Comparison(before, after, tuple(found[:MOST_DIFFERENCES]), omitted)


def _shared(before: Sequence[LayerSource], after: Sequence[LayerSource]) -> int:
    """How many layers two images share from the bottom."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one.diff_id != other.diff_id:
            break
        count += 1
    return count


def _compare_lists(before: Sequence[LayerSource], after: Sequence[LayerSource]) -> list[Difference]:
    """Layers that are there on one side only, or other ones, by their places."""
    found = []
    for number in range(max(len(before), len(after))):
        one = before[number] if number < len(before) else None
        other = after[number] if number < len(after) else None
        if one is not None and other is not None and one.diff_id == other.diff_id:
            continue
        shown = other or one
        assert shown is not None
        aspect = Aspect("diff_id", one.diff_id if one else "", other.diff_id if other else "")
        found.append(
            Difference(
                "layers",
                change_of(one, other),
                f"layer {number + 1}",
                (aspect,),
                layer=number,
                made_by=shown.made_by,
            )
        )
    return found


def _compare_merged(
    before: Sequence[LayerSource],
    after: Sequence[LayerSource],
    shared: int,
    check: Callable[[], None],
) -> list[Difference]:
    base = merge(before[:shared])
    left = merge(before[shared:], base, first=shared)
    right = merge(after[shared:], base, first=shared)
    return _compare_trees(left, right, (before, after), check)


def _compare_trees(
    before: Tree,
    after: Tree,
    layers: tuple[Sequence[LayerSource], Sequence[LayerSource]],
    check: Callable[[], None],
) -> list[Difference]:
    paths = sorted(
        path for path in before.keys() | after.keys() if _differ(before.get(path), after.get(path))
    )
    contents = [
        path
        for path in paths
        if path in before and path in after and before[path].digest != after[path].digest
    ][:MOST_CONTENTS]
    with (
        _contents(before, contents, layers[0]) as left,
        _contents(after, contents, layers[1]) as right,
    ):
        found = []
        for path in paths:
            check()
            one, other = before.get(path), after.get(path)
            findings = _findings(path, left, right, one, other)
            found.append(_file_difference(path, one, other, findings, layers))
    return found


def _differ(one: Member | None, other: Member | None) -> bool:
    return one is None or other is None or one.meaning != other.meaning


def _findings(
    path: str,
    left: Mapping[str, BinaryIO],
    right: Mapping[str, BinaryIO],
    one: Member | None,
    other: Member | None,
) -> tuple[Finding, ...]:
    if one is None or other is None or one.digest == other.digest:
        return ()
    if path in left and path in right:
        return compare_content(left[path], right[path], path)
    if one.kind is other.kind is Kind.FILE:
        return (Finding("binary", "content differs; not looked into, for there is too much of it"),)
    return ()


def _file_difference(
    path: str,
    one: Member | None,
    other: Member | None,
    findings: tuple[Finding, ...],
    layers: tuple[Sequence[LayerSource], Sequence[LayerSource]],
) -> Difference:
    shown, of = (other, layers[1]) if other is not None else (one, layers[0])
    assert shown is not None
    aspects = aspects_of(one, other) if one is not None and other is not None else ()
    change = change_of(one, other)
    return Difference(
        "file", change, f"/{path}", aspects, findings, shown.layer, of[shown.layer].made_by
    )


@contextmanager
def _contents(
    tree: Tree, paths: Sequence[str], layers: Sequence[LayerSource]
) -> Iterator[dict[str, BinaryIO]]:
    """The contents of files in temporary files of their own, as far as they are small enough together."""
    wanted: dict[int, set[str]] = {}
    left = MOST_CONTENT_BYTES
    for path in paths:
        member = tree[path]
        if member.kind is Kind.FILE and member.size <= left:
            left -= member.size
            wanted.setdefault(member.layer, set()).add(path)
    with ExitStack() as stack:
        found: dict[str, BinaryIO] = {}
        for number, names in wanted.items():
            with layers[number].open() as stream:
                for raw in read_raw(stream, "the layer"):
                    if raw.path in names:
                        file = cast("BinaryIO", stack.enter_context(TemporaryFile()))
                        raw.tar.copy_to(file.write)
                        found[raw.path] = file
        yield found


# -- packing --------------------------------------------------------------------------------------


def _compare_packings(
    before: Sequence[LayerSource], after: Sequence[LayerSource], found: Sequence[Difference]
) -> list[Difference]:
    """How the layers at the same places are packed, where their files do not explain the difference."""
    explained = {one.layer for one in found if one.area == "file"}
    packings: list[Difference] = []
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        if one.diff_id != other.diff_id:
            is_whole = number not in explained and len(before) == len(after)
            packings += _compare_packing(one, other, number, is_whole=is_whole)
    return packings


def _compare_packing(
    before: LayerSource, after: LayerSource, number: int | None, *, is_whole: bool
) -> list[Difference]:
    """Order and headers; with `is_whole` something is found in any case."""
    left, right = _listed(before), _listed(after)
    order = find_order([path for path, _ in left], [path for path, _ in right])
    headers = find_headers(dict(left), dict(right), before.open, after.open)
    findings = (*((order,) if order else ()), *headers)
    if not findings and is_whole and [path for path, _ in left] == [path for path, _ in right]:
        findings = (Finding("header", "what follows or fills the entries differs"),)
    if not findings:
        return []
    where = "the layer" if number is None else f"layer {number + 1}"
    return [
        Difference("packing", "changed", where, (), findings, layer=number, made_by=after.made_by)
    ]


def _listed(layer: LayerSource) -> list[tuple[str, Member]]:
    with layer.open() as stream:
        return list(read_members(stream, f"the layer {layer.diff_id[:19]}"))


def _members(layer: LayerSource) -> Tree:
    return dict(_listed(layer))

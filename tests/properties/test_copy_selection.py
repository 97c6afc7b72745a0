"""Selections against a plain model on random trees, and archives that try everything to get out."""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.cache.ignore import make_matcher
from lithify.compiler.plan import ContextTree, CopyOp, TreeSource
from lithify.errors import LithifyError
from lithify.executor.context import open_context
from lithify.executor.entries import Entry, Kind
from lithify.executor.filehash import MemoryFileDigests, selection_digest
from lithify.executor.layer import write_layer
from lithify.executor.ops.copy import copy_entries
from lithify.executor.selection import Selection, select
from lithify.executor.tree import EmptyTree

NAME = st.sampled_from(["a", "b", "ab", ".c", "a.txt"])
PATHS = st.lists(st.lists(NAME, min_size=1, max_size=4).map("/".join), max_size=12)
PATTERN = st.sampled_from(["*", "a", "a/*", "**/b", "*.txt", "ab/**", "?", "a/b", "[ab]", ".*"])
PATTERNS = st.lists(st.tuples(st.sampled_from(["", "!"]), PATTERN).map("".join), max_size=4).map(
    tuple
)


def _grow(root: Path, paths: list[str]) -> None:
    """Files at paths; one that is in the way of a later path stays a file, and the later is left out."""
    for path in paths:
        target = root / path
        if target.exists() or any(one.is_file() for one in target.parents if root in one.parents):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)


def _all_below(root: Path) -> dict[str, bool]:
    """Every path below a directory, and whether it is a directory."""
    found = {}
    for at, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = posixpath.relpath(posixpath.join(at, name), root)
            found[path] = name in directories
    return found


def _with_parents(kept: set[str], everything: dict[str, bool]) -> set[str]:
    return kept | {one for one in everything if any(k.startswith(f"{one}/") for k in kept)}


def _paths(selection: Selection) -> set[str]:
    return {node.path for match in selection.matches for node in match.nodes} - {""}


@given(PATHS, PATTERNS, PATTERNS)
@settings(max_examples=150, deadline=None)
def test_a_selection_is_everything_that_no_pattern_takes_away(
    paths: list[str], ignored: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _grow(root, paths)
        everything = _all_below(root)
        (root / ".dockerignore").write_text("\n".join((*ignored, "/.dockerignore")))
        with open_context(root) as context:
            found = _paths(select(context, "/", exclude=excluded))
        hidden, dropped = make_matcher(ignored), make_matcher(excluded)
        visible = {one for one in everything if not hidden.is_ignored(one)}
        visible = _with_parents(visible, everything)
        kept = {one for one in visible if not dropped.is_ignored(one)}
        assert found == _with_parents(kept, everything) & visible


@given(PATHS, PATTERNS)
@settings(max_examples=50, deadline=None)
def test_a_digest_is_a_function_of_what_is_selected(
    paths: list[str], excluded: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        first, second = Path(directory, "1"), Path(directory, "2")
        for root, order in ((first, paths), (second, list(reversed(paths)))):
            root.mkdir()
            _grow(root, order)
        same = {p: (first / p).is_file() and p for p in _all_below(first)} == {
            p: (second / p).is_file() and p for p in _all_below(second)
        }
        digests = []
        for root in (first, second):
            with open_context(root) as context:
                selection = select(context, "/", exclude=excluded)
                digests.append(
                    (_paths(selection), selection_digest(selection, MemoryFileDigests()))
                )
        if same:
            assert digests[0] == digests[1]
        elif digests[0][0] != digests[1][0]:
            assert digests[0][1] != digests[1][1]


HOSTILE_NAME = st.lists(
    st.sampled_from(["..", ".", "", "a", "b", "link", "deep"]), min_size=1, max_size=5
).map("/".join)
MEMBER = st.tuples(
    st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
    st.tuples(st.sampled_from(["", "/"]), HOSTILE_NAME).map("".join),
    st.tuples(st.sampled_from(["", "/", "../../"]), HOSTILE_NAME).map("".join),
)


def _unpacked(members: list[tuple[bytes, str, str]], destination: str) -> list[Entry]:
    with tempfile.TemporaryDirectory() as directory:
        with tarfile.open(Path(directory, "x"), "w") as tar:
            for kind, name, target in members:
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                tar.addfile(info, io.BytesIO())
        with open_context(Path(directory)) as context:
            op = CopyOp("ADD", (TreeSource(ContextTree(), "/x", "x"),), destination, unpack=None)
            return copy_entries(
                op,
                EmptyTree(),
                [select(context, "/x")],
                digests=MemoryFileDigests(),
                temporary=Path(directory),
            )


@given(st.lists(MEMBER, min_size=1, max_size=8), st.sampled_from(["/", "/out/"]))
@settings(max_examples=200, deadline=None)
def test_whatever_an_archive_holds_its_layer_is_a_tree_inside_the_root(
    members: list[tuple[bytes, str, str]], destination: str
) -> None:
    try:
        entries = _unpacked(members, destination)
    except LithifyError:
        return
    kinds = {entry.path: entry.kind for entry in entries if entry.kind is not Kind.OPAQUE}
    for entry in entries:
        parts = entry.path.split("/")
        assert not {"", ".", ".."} & set(parts)
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        assert all(kinds[one] is Kind.DIRECTORY for one in above)
        if entry.kind is Kind.HARDLINK:
            assert kinds[entry.target] not in (Kind.DIRECTORY, Kind.HARDLINK)
    write_layer(entries, lambda _: None, logical_time=0)


def test_the_model_s_own_trees_are_removed() -> None:
    root = Path(tempfile.mkdtemp())
    _grow(root, ["a/b", "a", "a/b/c"])
    assert _all_below(root) == {"a": True, "a/b": False}
    shutil.rmtree(root)

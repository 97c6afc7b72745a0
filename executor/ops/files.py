"""Owns the steps that place files: COPY, ADD and WORKDIR, and the layers that stand for mounted trees.

It joins trees (where files come from), selections (which of them) and entries (where they go) to layers; nothing
is ever written into a mounted file system. It refuses to decide about caching.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lithify.cache.digest import Digest
from lithify.cache.history import BuildHistory
from lithify.cache.oci import MEDIA_LAYER, Descriptor
from lithify.cache.ports import Layer
from lithify.compiler.plan import (
    ContextTree,
    CopyOp,
    GitSource,
    InlineSource,
    ScratchTree,
    StepTree,
    TreeSource,
    UrlSource,
)
from lithify.executor.context import Context
from lithify.executor.filehash import MemoryFileDigests, selection_digest
from lithify.executor.fingerprint import Listing, fingerprint, is_settled
from lithify.executor.layer import make_layer
from lithify.executor.manifest import Matters, manifest_of
from lithify.executor.selection import has_wildcard, select
from lithify.executor.statindex import StatIndex
from lithify.executor.tree import EmptyTree, TreeView, resolve
from lithify.executor.walks import Walk, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lithify.compiler.plan import Source, WorkdirOp
    from lithify.compiler.plan import Tree as PlannedTree
    from lithify.executor.entries import Entry
    from lithify.executor.filehash import FileDigests
    from lithify.executor.selection import Selection
    from lithify.executor.services import Services
    from lithify.executor.tree import Tree

#: The memo from the diff id of a captured context to the digest of what was captured.
CAPTURED_FROM = "captured from"


class FileWork:
    """The file steps of one build; thread-safe. A file of the context is hashed once, a walk done once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._digests = MemoryFileDigests()
        self._indexes: dict[str, StatIndex] = {}
        self._opened_ns = time.time_ns()
        self._listings: set[Listing] = set()
        self._is_comparable = True
        self._lock = threading.Lock()
        #: What was asked of stages and images, and the content that the answer was.
        self.selections: dict[str, str] = {}

    def copy(
        self,
        op: CopyOp,
        parent: tuple[Layer, ...],
        layers: Mapping[int, tuple[Layer, ...]],
    ) -> Layer:
        """The layer of a COPY or ADD on `parent`. Raises BuildError, Corrupt."""
        from lithify.executor.ops.copy import copy_entries

        services = self._services
        with ExitStack() as stack:
            below = EmptyTree() if op.link else stack.enter_context(self._view(parent))
            selections = [self._selection(one, op, layers, stack) for one in op.sources]
            trees = [one.tree for one in op.sources if isinstance(one, TreeSource)]
            entries = copy_entries(
                op,
                below,
                selections,
                digests=self._digests_of(trees),
                temporary=services.store.tmp_dir(),
            )
            return self._layer(entries, parent)

    def workdir(self, op: WorkdirOp, parent: tuple[Layer, ...]) -> Layer:
        """The layer of a WORKDIR: empty if the directory is there. Raises BuildError."""
        from lithify.executor.ops.workdir import workdir_entries

        with self._view(parent) as below:
            entries = workdir_entries(op, below)
            return self._layer(entries, parent)

    def _layer(self, entries: list[Entry], parent: tuple[Layer, ...]) -> Layer:
        services = self._services
        time_s = services.logical_time(len(parent))
        clamp = services.epoch_s is not None
        return make_layer(services.store, entries, logical_time=time_s, clamp=clamp)

    def selection_digest(
        self,
        source: TreeSource,
        op: CopyOp,
        layers: Mapping[int, tuple[Layer, ...]],
    ) -> str:
        """Names the content that a source selects. Raises BuildError when it is missing or unreadable.

        What a stage or image holds never changes, so its answers are remembered for ever."""
        if not isinstance(source.tree, StepTree):
            return self._digest(source, op, layers)
        chain = [str(layer.diff_id) for layer in layers[source.tree.step]]
        described = [chain, source.path, op.exclude, op.parents, bool(op.chown), op.chmod]
        memo = hashlib.sha256(json.dumps(described).encode()).hexdigest()
        records, shared = self._services.store.records, self._services.shared
        known = records.memo_get("selection", memo)
        if known is None and shared is not None:
            known = shared.selection(memo)
        if known is None:
            known = self._digest(source, op, layers)
            records.memo_put("selection", memo, known)
        self.selections[memo] = known
        return known

    def layers_of(
        self,
        tree: PlannedTree,
        source: str,
        layers: Mapping[int, tuple[Layer, ...]],
    ) -> tuple[tuple[Layer, ...], str]:
        """Layers that hold `source` of a tree in canonical form, and its path inside them.

        A context is captured: what a process sees of it is one consistent state without any time of the
        host. Raises BuildError when the source is missing."""
        match tree:
            case StepTree(step):
                return layers[step], source
            case ScratchTree():
                return (), source
            case ContextTree():
                return self._capture(tree, source)

    def _capture(self, tree: ContextTree, source: str) -> tuple[tuple[Layer, ...], str]:
        view = self._services.contexts(tree.name)
        is_file = not _is_directory(view, source)
        name = posixpath.basename(source.rstrip("/")) if is_file else ""
        wanted = TreeSource(tree, source, source)
        op = CopyOp("COPY", (wanted,), f"/{name}", link=True)
        digest = self.selection_digest(wanted, op, {})
        with self._services.store.lock(f"capture-{digest}"):
            return (self._captured(op, f"{digest}:{name}"),), f"/{name}"

    def _captured(self, op: CopyOp, memo: str) -> Layer:
        store = self._services.store
        known = store.records.memo_get("capture", memo)
        if known is not None:
            digest, size = known.split()
            if store.blobs.has(Digest(digest)):
                return Layer(Descriptor(MEDIA_LAYER, Digest(digest), int(size)), Digest(digest))
        layer = self.copy(op, (), {})
        store.records.memo_put("capture", memo, f"{layer.diff_id} {layer.descriptor.size}")
        store.records.memo_put(CAPTURED_FROM, layer.diff_id, memo.partition(":")[0])
        return layer

    def remote_content(self, source: UrlSource | GitSource) -> str:
        """Names what a remote source holds. Raises BuildError."""
        self._is_comparable = False
        return self._services.remotes().content(source)

    def close(self) -> None:
        """Keep what was learned of files for the next build; idempotent."""
        for index in self._indexes.values():
            index.save()
        self._indexes.clear()

    def listings(self) -> tuple[Listing, ...] | None:
        """All that was taken from contexts so far; None if it can't be compared with a later state."""
        return tuple(self._listings) if self._is_comparable else None

    def _note_listing(self, source: TreeSource, op: CopyOp, options: str, listing: str) -> None:
        if not isinstance(source.tree, ContextTree):
            return
        if not listing:
            self._is_comparable = False
            return
        noted = Listing(source.tree.name, source.path, op.exclude, op.parents, options, listing)
        with self._lock:
            self._listings.add(noted)

    def _digests_of(self, trees: Iterable[PlannedTree]) -> FileDigests:
        """Where digests are remembered: between builds only for files of one context."""
        names = {tree.name if isinstance(tree, ContextTree) else None for tree in trees}
        name = names.pop() if len(names) == 1 else None
        if name is None:
            return self._digests
        with self._lock:
            if name not in self._indexes:
                root = self._services.contexts(name).lstat("")
                store = self._services.store
                assert root is not None
                path = store.root / "index" / f"{root.dev:x}-{root.ino:x}"
                self._indexes[name] = StatIndex(path, store.tmp_dir(), opened_ns=self._opened_ns)
            return self._indexes[name]

    def _digest(
        self, source: TreeSource, op: CopyOp, layers: Mapping[int, tuple[Layer, ...]]
    ) -> str:
        with self._tree(source.tree, layers) as tree:
            selection, walk_started_ns = self._select(source, op, tree)
            names_matter = op.parents or has_wildcard(source.path)
            options = (not op.chown, not op.chmod.isdigit(), names_matter)
            # An unchanged listing means unchanged content: nothing is read.
            records = self._services.store.records
            listing = fingerprint(selection, repr(options))
            known = records.memo_get("fingerprint", listing)
            is_known = known is not None or is_settled(selection, walk_started_ns)
            self._note_listing(source, op, repr(options), listing if is_known else "")
            if known is not None:
                return known
            digest = selection_digest(
                selection,
                self._digests_of((source.tree,)),
                owners_matter=options[0],
                modes_matter=options[1],
                names_matter=names_matter,
            )
            self._list_files(digest, selection, source.tree, Matters(*options))
            if is_known:
                records.memo_put("fingerprint", listing, digest)
            return digest

    def _list_files(
        self, digest: str, selection: Selection, tree: PlannedTree, matters: Matters
    ) -> None:
        """Keep which files a new content is made of, so that a rerun can name those that changed."""
        history = BuildHistory(self._services.store.records)
        if not history.has_manifest(digest):
            listed = manifest_of(selection, self._digests_of((tree,)), matters)
            history.put_manifest(digest, listed, self._services.clock())

    def _selection(
        self,
        source: Source,
        op: CopyOp,
        layers: Mapping[int, tuple[Layer, ...]],
        stack: ExitStack,
    ) -> Selection | None:
        match source:
            case TreeSource():
                tree = stack.enter_context(self._tree(source.tree, layers))
                return self._select(source, op, tree).selection
            case UrlSource() | GitSource():
                return self._services.remotes().select(source, op.exclude)
            case InlineSource():
                return None

    def _select(self, source: TreeSource, op: CopyOp, tree: Tree) -> Walk:
        if isinstance(tree, Context) and isinstance(source.tree, ContextTree):
            wanted = Wanted(source.tree.name, source.path, op.exclude, op.parents)
            return self._services.walks.select(tree, wanted)
        started_ns = time.time_ns()
        return Walk(select(tree, source.path, exclude=op.exclude, parents=op.parents), started_ns)

    @contextmanager
    def _tree(self, tree: PlannedTree, layers: Mapping[int, tuple[Layer, ...]]) -> Iterator[Tree]:
        match tree:
            case ContextTree(name):
                yield self._services.contexts(name)
            case ScratchTree():
                yield EmptyTree()
            case StepTree(step):
                with self._view(layers[step]) as view:
                    yield view

    @contextmanager
    def _view(self, layers: tuple[Layer, ...]) -> Iterator[Tree]:
        if not layers:
            yield EmptyTree()
            return
        with self._services.snapshots.view(layers) as fd:
            yield TreeView(fd)


def _is_directory(tree: Tree, path: str) -> bool:
    stat = tree.lstat(resolve(path.strip("/"), tree.readlink))
    return stat is not None and stat.is_directory

"""Owns what a reason needs beyond leaves: which files, which step below, which instruction set a variable.

It looks into the lists of files kept by content, into the steps of both builds, and into the Dockerfile's text, which
may mean something here because only people read the result. It refuses to fail: what is not known is said in general.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from lithify.cache.history import BuildHistory
from lithify.compiler.plan import (
    BindMount,
    ContextTree,
    CopyOp,
    ImageOp,
    RunOp,
    StepTree,
    TreeSource,
)
from lithify.errors import LithifyError
from lithify.executor.manifest import Difference, differences
from lithify.executor.ops.files import CAPTURED_FROM
from lithify.executor.selection import has_wildcard
from lithify.executor.tree import clean
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.cache.history import StepRecord
    from lithify.cache.ports import Leaf
    from lithify.cache.records import SqliteRecordStore
    from lithify.compiler.plan import Plan, Step, Tree
    from lithify.executor.services import Services

#: How many files of a kind are named in the lines after the first.
_MOST_NAMED = 20
_SETTING = re.compile(r"^[ \t]*(ARG|ENV)[ \t]((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A step of an earlier build, and all steps of that build (none if only its result is known)."""

    step: StepRecord
    steps: Sequence[StepRecord]


class StepWitness:
    """A Witness for one step; `steps` are those of the build under way, `earlier` what it is compared with."""

    def __init__(
        self,
        services: Services,
        plan: Plan,
        step: Step,
        steps: Sequence[StepRecord],
        earlier: Earlier,
    ) -> None:
        self._services = services
        self._plan = plan
        self._step = step
        self._steps = steps
        self._earlier = earlier
        self._history = BuildHistory(services.store.records)

    # -- the file system below -------------------------------------------------------------------

    def parent(self) -> str:
        """What changed of the file system that the step stands on: the first step that made other bytes."""
        own = self._steps[self._step.index]
        old, platform = self._earlier.step, str(self._step.platform)
        if old.platform != platform:
            return f'the platform changed from "{old.platform}" to "{platform}"'
        now = list(_ancestors(own, self._steps))
        then = list(_ancestors(old, self._earlier.steps))
        if not now or not then:
            return "what it stands on changed"
        chains, old_chains = [one.chain for one in now], [one.chain for one in then]
        if then[0].chain in chains:
            return f"step {now[0].name} was added before it"
        if now[0].chain in old_chains:
            return f"step {then[0].name} before it was removed"
        return _parted(now, then)

    # -- files -----------------------------------------------------------------------------------

    def files(self, place: str, old: str, new: str) -> Sequence[str]:
        """Phrases for the files that differ, then the same with more names."""
        tree, path, generally = self._origin(place)
        if (renamed := self._rewritten()) and isinstance(self._step.op, CopyOp):
            return (renamed,)
        before, after = self._manifest(old), self._manifest(new)
        if before is None or after is None:
            return (generally,)
        found = [_below(path, one) for one in differences(before, after)]
        if not found:
            return (generally,)
        where = self._where(tree)
        first = "; ".join(one.phrase() for one in found) + where + self._hidden(tree, found)
        return (first, *(one.phrase(_MOST_NAMED) + where for one in found))

    def _origin(self, place: str) -> tuple[Tree | None, str, str]:
        """The tree and path of a source or mount, and what to say if nothing more is known."""
        op = self._step.op
        if isinstance(op, CopyOp):
            source = op.sources[int(place)]
            generally = f"files of its source {int(place) + 1} changed"
            if isinstance(source, TreeSource):
                return source.tree, _shown_base(source.path, op.parents), generally
            return None, "", generally
        generally = f"what is mounted at {place} changed"
        assert isinstance(op, RunOp)
        for mount in op.mounts:
            if isinstance(mount, BindMount) and mount.target == place:
                return mount.tree, clean(mount.source), generally
        return None, "", generally

    def _rewritten(self) -> str:
        """Says so if the instruction names other sources than before."""
        old, new = self._earlier.step.text, self._steps[self._step.index].text
        return "" if old == new else f'the instruction changed from "{old}" to "{new}"'

    def _where(self, tree: Tree | None) -> str:
        if isinstance(tree, StepTree):
            step = self._plan.steps[tree.step]
            if isinstance(step.op, ImageOp):
                return f" in {_image_name(step.op.image.reference)}"
            return f" in {step.stage}"
        if isinstance(tree, ContextTree) and tree.name:
            return f" in context {tree.name}"
        return ""

    def _hidden(self, tree: Tree | None, found: Sequence[Difference]) -> str:
        """Whether the removed files are there, but ignored."""
        removed = [path for one in found if one.verb == "removed" for path in one.paths]
        if not removed or not isinstance(tree, ContextTree):
            return ""
        try:
            why = self._services.contexts(tree.name).why_absent(removed[0])
        except LithifyError:
            return ""
        return f" ({why})" if why else ""

    def _manifest(self, content: str) -> bytes | None:
        found = self._history.manifest(list_name(self._services.store.records, content))
        shared = self._services.shared
        return shared.file_list(content) if found is None and shared is not None else found

    # -- variables -------------------------------------------------------------------------------

    def variable(self, name: str) -> str:
        """A variable with the instruction that sets it, as in `ARG VERSION`."""
        kind = variable_kind(name, self._step.span.source.text)
        return f"{kind} {name}" if kind else name


def contents_of(leaves: Sequence[Leaf]) -> Iterator[str]:
    """What leaves name of files that were taken or mounted."""
    for leaf in leaves:
        if leaf.name.startswith(("source.", "mount.")):
            parts = json.loads(leaf.value)
            if parts[0] in ("files", "bind"):
                yield parts[-1]


def list_name(records: SqliteRecordStore, content: str) -> str:
    """The name of the list of files of a content in a leaf; of a captured context, that of what was captured."""
    if ":" not in content:
        return content
    captured, _, path = content.rpartition(":/")
    return (records.memo_get(CAPTURED_FROM, captured) or "") if captured else path


def variable_kind(name: str, text: str) -> str:
    """The instruction of a Dockerfile's text that sets a variable: ENV, ARG, or '' for none."""
    word = re.compile(rf"(?:^|\s){re.escape(name)}(?=[=\s]|$)")
    found = {match[1].upper() for match in _SETTING.finditer(text) if word.search(match[2])}
    return next((kind for kind in ("ENV", "ARG") if kind in found), "")


def _ancestors(step: StepRecord, steps: Sequence[StepRecord]) -> Iterator[StepRecord]:
    """What a step stands on, nearest first."""
    while steps and step.parent is not None:
        step = steps[step.parent]
        yield step


def _parted(now: Sequence[StepRecord], then: Sequence[StepRecord]) -> str:
    """Where two lines of ancestors, nearest first, part."""
    for at, (new, old) in enumerate(zip(now, then, strict=False)):
        if new.layer == old.layer:
            continue
        if new.kind == old.kind == "FROM":
            return _base(old.origin, new.origin)
        if new.kind != old.kind and len(now) > len(then):
            return f"step {now[at].name} was added before it"
        if new.kind != old.kind and len(now) < len(then):
            return f"step {then[at].name} before it was removed"
        if new.kind != "FROM":
            return f"step {new.name} gave other bytes"
        break
    return "what it stands on changed"


def _base(old: str, new: str) -> str:
    old_name, _, old_digest = old.rpartition("@")
    new_name, _, new_digest = new.rpartition("@")
    if old_name != new_name:
        return f"the base image changed from {_image_name(old_name)} to {_image_name(new_name)}"
    digests = (digest.removeprefix("sha256:")[:12] for digest in (old_digest, new_digest))
    return f"the base image {_image_name(new_name)} changed from " + " to ".join(digests)


def _image_name(reference: str) -> str:
    return reference.removeprefix("docker.io/library/").removeprefix("docker.io/")


def _shown_base(path: str, parents: bool) -> str:
    """Where the paths of a source's list start, as people write it."""
    if parents:
        return clean(path.partition("/./")[0]) if "/./" in path else ""
    if not has_wildcard(path):
        return clean(path)
    above = clean(posixpath.dirname(path))
    return "" if has_wildcard(above) else above


def _below(base: str, one: Difference) -> Difference:
    """A difference with paths from the root of their tree."""
    return Difference(one.verb, tuple(_joined(base, path) for path in one.paths), one.detail)


def _joined(base: str, path: str) -> str:
    return "/".join(part for part in (base, path) if part)

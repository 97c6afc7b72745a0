"""Owns what went into an image: base images, remote files, commits and what was taken of local contexts, with digests.

They are read off the plan, of those steps alone that the image stands on. What is named by content here is what keyed the
steps, so nothing is fetched for it. It refuses paths of this machine and credentials in addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    ContextTree,
    CopyOp,
    GitSource,
    ImageOp,
    RunOp,
    TreeSource,
    UrlSource,
)
from lithify.executor.remote.credentials import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.plan import Plan, PlannedImage, Step
    from lithify.executor.builder import StepBuilder
    from lithify.executor.remote.sources import Remotes

#: The digest algorithm of a selection of files: sha256 over paths, kinds, modes, owners and contents.
TREE = "lithifyTree"


class Material(NamedTuple):
    """A thing that was used (SLSA ResourceDescriptor). One of `uri` and `name` is ''."""

    uri: str
    name: str
    algorithm: str
    digits: str

    def to_json(self) -> dict[str, Any]:
        named = {"uri": self.uri} if self.uri else {"name": self.name}
        return {**named, "digest": {self.algorithm: self.digits}}


class Sources(NamedTuple):
    """Who knows the digests."""

    builder: StepBuilder
    remotes: Remotes | None


def steps_of(plan: Plan, planned: PlannedImage) -> tuple[Step, ...]:
    """The steps that an image stands on, in order."""
    wanted = set() if planned.output is None else {planned.output}
    for step in reversed(plan.steps):
        if step.index in wanted:
            wanted.update(step.inputs)
    return tuple(step for step in plan.steps if step.index in wanted)


def materials(steps: tuple[Step, ...], sources: Sources) -> tuple[Material, ...]:
    """Everything that the steps used, sorted, without repetition. Raises BuildError."""
    return tuple(sorted({one for step in steps for one in _of_step(step, sources)}))


def _of_step(step: Step, sources: Sources) -> Iterator[Material]:
    op = step.op
    if isinstance(op, ImageOp):
        digest = op.image.manifest.digest
        yield Material(_image_uri(op.image, step), "", "sha256", digest.hex)
    elif isinstance(op, CopyOp):
        for source in op.sources:
            if isinstance(source, TreeSource) and isinstance(source.tree, ContextTree):
                yield _local(source.tree, source.path, sources.builder, op)
            elif isinstance(source, UrlSource | GitSource) and sources.remotes is not None:
                yield remote(source, sources.remotes)
            elif isinstance(source, UrlSource) and source.checksum:
                algorithm, _, digits = source.checksum.partition(":")
                yield Material(redacted(source.url), "", algorithm, digits)
    elif isinstance(op, RunOp):
        for mount in op.mounts:
            if isinstance(mount, BindMount | CacheMount) and isinstance(mount.tree, ContextTree):
                yield _local(mount.tree, mount.source, sources.builder)


def remote(source: UrlSource | GitSource, remotes: Remotes) -> Material:
    """A remote file or repository. Raises BuildError."""
    algorithm, digits = remotes.digest(source)
    uri = redacted(source.url)
    if isinstance(source, GitSource):
        uri += f"#{source.ref}" if source.ref else ""
    return Material(uri, "", algorithm, digits)


def _local(
    tree: ContextTree, path: str, builder: StepBuilder, op: CopyOp | None = None
) -> Material:
    digits = builder.context_content(tree, path, op).rpartition(":")[2]
    return Material("", f"context:{tree.name}{path}", TREE, digits)


def _image_uri(image: ResolvedImage, step: Step) -> str:
    """`pkg:docker/...`; of a layout only the selector, for its folder is this machine's matter."""
    platform = quote(str(step.platform), safe="")
    try:
        reference = parse_reference(image.reference.removeprefix("docker-image://"))
    except InvalidReference:
        tail = image.reference.rpartition("/")[2]
        name = tail.partition("@")[0].partition(":")[0] or "image"
        return f"pkg:oci/{quote(name, safe='')}?platform={platform}"
    tag = f"@{reference.tag}" if reference.tag else ""
    digest = f"&digest={reference.digest}" if reference.digest and not reference.tag else ""
    return f"pkg:docker/{reference.familiar_name}{tag}?platform={platform}{digest}"

"""Owns cache keys: everything that can influence a step's result, as named leaves, and their hash.

A key holds the *content* a step stands on, not the way that led there: the parent enters by the chain id of its
layers, a source by the digest of the files taken. So a step that reran and made the same bytes leaves what
follows cached. Leaves are kept with the result, so that a rerun can name the first one that differs. It refuses
secrets' values, proxies and all that only people read.

The same leaves with the inputs' own keys in place of content are a *definition key*: it needs no content, and
names "the same step" of another build.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from typing import TYPE_CHECKING

from lithify.cache.digest import CacheKey, Digest, chain_ids
from lithify.cache.ports import Leaf
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    ContextTree,
    CopyOp,
    GitSource,
    ImageOp,
    InlineSource,
    RunOp,
    ScratchTree,
    SecretMount,
    SshMount,
    StepTree,
    TmpfsMount,
    TreeSource,
    UrlSource,
)
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lithify.compiler.plan import Mount, Operation, Plan, Source, Step, Tree, WorkdirOp

#: Part of every key; a change of what enters keys must change it.
KEY_FORMAT = 1
_DOMAIN = b"lithify step key"
#: What stands for the content of an empty file system.
EMPTY_CONTENT = "empty"


@dataclass(frozen=True, slots=True)
class KeySurroundings:
    """What enters all keys of a build: the explicit epoch in seconds, the version of the canonical layer form,
    the version of the set of normalisers, and whether files are kept as a RUN wrote them."""

    layer_form: int
    normalisers: str
    epoch: int | None = None
    faithful: bool = False


def step_leaves(
    step: Step, surroundings: KeySurroundings, *, parent: str, contents: Sequence[str]
) -> tuple[Leaf, ...]:
    """The named parts of a step's key.

    `parent` is the chain id of the file system it stands on, '' for an empty one. `contents` runs parallel to the
    sources of a CopyOp or the mounts of a RunOp; where the plan itself says all ('' is given) it does not count.
    The content of a wildcard or pattern must include the names of what matched."""
    leaves = [Leaf("op", _kind(step.op))]
    if isinstance(step.op, ImageOp):
        return (*leaves, Leaf("layers", _image_chain(step.op)))
    leaves += _surrounding_leaves(surroundings, is_run=isinstance(step.op, RunOp))
    if not (isinstance(step.op, CopyOp) and step.op.link):
        leaves.append(Leaf("parent", parent))
    match step.op:
        case RunOp():
            leaves.append(Leaf("platform", str(step.platform)))
            leaves += _run_leaves(step.op, contents)
        case CopyOp():
            leaves += _copy_leaves(step.op, contents)
        case workdir:
            leaves += _workdir_leaves(workdir)
    return tuple(leaves)


def key_of(leaves: Iterable[Leaf]) -> CacheKey:
    """The hash of the leaves in their order: sha256 over length-prefixed parts behind a domain."""
    state = hashlib.sha256()
    for part in (_DOMAIN, str(KEY_FORMAT).encode()):
        state.update(len(part).to_bytes(8, "big") + part)
    for leaf in leaves:
        for text in (leaf.name, leaf.value):
            data = text.encode("utf-8", "surrogateescape")
            state.update(len(data).to_bytes(8, "big") + data)
    return CacheKey(state.hexdigest())


def _kind(op: Operation) -> str:
    match op:
        case ImageOp():
            return "image"
        case RunOp():
            return "run"
        case CopyOp():
            return "copy"
        case _:
            return "workdir"


def _image_chain(op: ImageOp) -> str:
    chain = chain_ids(op.image.config.diff_ids)
    return str(chain[-1]) if chain else ""


def _surrounding_leaves(surroundings: KeySurroundings, *, is_run: bool) -> Iterator[Leaf]:
    yield Leaf("layer form", str(surroundings.layer_form))
    yield Leaf("epoch", "" if surroundings.epoch is None else str(surroundings.epoch))
    if is_run:
        yield Leaf("faithful", str(surroundings.faithful))
        yield Leaf("normalisers", "" if surroundings.faithful else surroundings.normalisers)


# -- RUN ------------------------------------------------------------------------------------------


def _run_leaves(op: RunOp, contents: Sequence[str]) -> Iterator[Leaf]:
    yield Leaf("text", json.dumps(op.argv, ensure_ascii=False))
    if op.script is not None:
        yield Leaf(f"script.{op.script[0]}", str(Digest.of(op.script[1])))
    for name, value in op.env:
        yield Leaf(f"env.{name}", value)
    yield Leaf("cwd", op.cwd)
    yield Leaf("user", op.user)
    yield Leaf("network", op.network)
    yield Leaf("security", "sandbox" if op.secure else "insecure")
    yield Leaf("hostname", op.hostname)
    yield Leaf("hosts", " ".join(name for name, _ in op.extra_hosts))
    yield Leaf("shm size", str(op.shm_size_bytes))
    for name, soft, hard in op.ulimits:
        yield Leaf(f"ulimit.{name}", f"{soft}:{hard}")
    for mount, content in zip(op.mounts, contents, strict=True):
        yield _mount_leaf(mount, content)


def _mount_leaf(mount: Mount, content: str) -> Leaf:
    name = f"mount.{mount.target}" if mount.target else "mount"
    match mount:
        case BindMount():
            parts = ["bind", "rw" if mount.writable else "ro", content]
        case CacheMount():
            parts = ["cache", "ro" if mount.read_only else "rw"]
            if mount.tree is not None:
                parts.append(content)
        case TmpfsMount():
            parts = ["tmpfs", str(mount.size_bytes)]
        case SecretMount():
            name = name if mount.target else f"secret.{mount.env}"
            parts = ["secret", mount.id, mount.env, str(mount.required), _owner(mount)]
        case SshMount():
            parts = ["ssh", mount.id, str(mount.required), _owner(mount)]
    return Leaf(name, json.dumps(parts, ensure_ascii=False))


def _owner(mount: SecretMount | SshMount) -> str:
    return f"{mount.uid}:{mount.gid} {mount.mode:04o}"


# -- COPY, ADD and WORKDIR ------------------------------------------------------------------------


def _copy_leaves(op: CopyOp, contents: Sequence[str]) -> Iterator[Leaf]:
    for number, (source, content) in enumerate(zip(op.sources, contents, strict=True)):
        yield Leaf(f"source.{number}", json.dumps(_source_parts(op, source, content)))
    yield Leaf("destination", op.destination)
    yield Leaf("chown", op.chown)
    yield Leaf("chmod", op.chmod)
    yield Leaf("exclude", json.dumps(op.exclude))
    yield Leaf("parents", str(op.parents))
    yield Leaf("unpack", str(op.unpack))
    yield Leaf("link", str(op.link))


def _source_parts(op: CopyOp, source: Source, content: str) -> list[str]:
    """Kind, name and content: the name decides where a file lands in a directory."""
    match source:
        case TreeSource():
            name = source.path if op.parents else posixpath.basename(source.path)
            return ["files", name, content]
        case InlineSource():
            return ["inline", source.name, str(Digest.of(source.content))]
        case UrlSource():
            return ["url", posixpath.basename(source.url.partition("?")[0]), content]
        case GitSource():
            return ["git", source.subdir, str(source.keep_git_dir), content]


def _workdir_leaves(op: WorkdirOp) -> Iterator[Leaf]:
    yield Leaf("destination", op.path)
    yield Leaf("user", op.user)


# -- definition keys ------------------------------------------------------------------------------


def definition_keys(
    plan: Plan,
    surroundings: KeySurroundings,
    context_content: Callable[[ContextTree, str], str],
) -> tuple[CacheKey, ...]:
    """One key for each step, known before anything is built or read.

    `context_content(tree, path)` stands for files of the client: a digest, or any constant where only the
    definition counts."""
    keys: list[CacheKey] = []
    # What stands for the file system after a step: a linked copy's key does not hold what lies below it.
    whole: list[CacheKey] = []

    def place(tree: Tree, path: str) -> str:
        match tree:
            case StepTree():
                return f"{whole[tree.step]}:{path}"
            case ContextTree():
                return context_content(tree, path)
            case ScratchTree():
                return EMPTY_CONTENT

    for step in plan.steps:
        parent = "" if step.parent is None else whole[step.parent]
        contents = tuple(_input_places(step.op, place))
        key = key_of(step_leaves(step, surroundings, parent=parent, contents=contents))
        is_linked = isinstance(step.op, CopyOp) and step.op.link
        keys.append(key)
        whole.append(key_of((Leaf("below", parent), Leaf("link", key))) if is_linked else key)
    return tuple(keys)


def _input_places(op: Operation, place: Callable[[Tree, str], str]) -> Iterator[str]:
    if isinstance(op, CopyOp):
        for source in op.sources:
            match source:
                case TreeSource():
                    yield place(source.tree, source.path)
                case UrlSource():
                    yield source.checksum or source.url
                case GitSource():
                    yield f"{source.url}#{source.ref} {source.submodules}"
                case InlineSource():
                    yield ""
    elif isinstance(op, RunOp):
        for mount in op.mounts:
            if isinstance(mount, BindMount | CacheMount) and mount.tree is not None:
                yield place(mount.tree, mount.source)
            else:
                yield ""

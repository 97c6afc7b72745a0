"""Owns the plan: the steps of a build as plain data, the contract between compiler and executor.

A plan is a directed acyclic graph written as tuples: a step refers to earlier steps by number. It holds
everything a step does and nothing of how; two equal operations on equal content are interchangeable.
It refuses text of the Dockerfile as a source of meaning: spans and names are for people only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from lithify.cache.oci import ContainerConfig, HistoryEntry
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.epoch import SourceTimes
    from lithify.errors import Span


# -- trees: where files come from ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepTree:
    """The file system as it is after a step (by index in the plan)."""

    step: int


@dataclass(frozen=True, slots=True)
class ContextTree:
    """A directory of the client: the build context ('') or a named local context."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class ScratchTree:
    """An empty file system."""


Tree = StepTree | ContextTree | ScratchTree


# -- sources of COPY and ADD ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TreeSource:
    """A path or wildcard pattern in a tree, cleaned and absolute; `as_written` is for messages."""

    tree: Tree
    path: str
    as_written: str


@dataclass(frozen=True, slots=True)
class InlineSource:
    """A heredoc: a file of this name with mode 0644."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file to download; `checksum` is a sha256 digest or empty."""

    url: str
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class GitSource:
    """A git repository to check out; `ref` empty is the default branch.

    `commit_times`: files have the time of the commit (?mtime=commit)."""

    url: str
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool = False
    submodules: bool = True
    commit_times: bool = False


Source = TreeSource | InlineSource | UrlSource | GitSource


# -- mounts of RUN --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BindMount:
    """`source` of a tree at `target`; writes to a writable one are discarded."""

    target: str
    tree: Tree
    source: str = "/"
    writable: bool = False


@dataclass(frozen=True, slots=True)
class CacheMount:
    """A directory that persists between builds; `tree`/`source` give its first content."""

    target: str
    id: str
    sharing: str = "shared"
    read_only: bool = False
    uid: int = 0
    gid: int = 0
    mode: int = 0o755
    tree: Tree | None = None
    source: str = "/"


@dataclass(frozen=True, slots=True)
class TmpfsMount:
    """`size_bytes` 0 is the kernel's default."""

    target: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SecretMount:
    """A secret of the client as a file (`target`), as a variable (`env`), or both."""

    id: str
    target: str = ""
    env: str = ""
    required: bool = False
    uid: int = 0
    gid: int = 0
    mode: int = 0o400


@dataclass(frozen=True, slots=True)
class SshMount:
    """A socket to the client's SSH agent."""

    id: str
    target: str
    required: bool = False
    uid: int = 0
    gid: int = 0
    mode: int = 0o600


Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount


# -- operations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImageOp:
    """A base image: contributes its layers."""

    image: ResolvedImage


@dataclass(frozen=True, slots=True)
class RunOp:
    """A process over the parent's file system.

    `env` is what the process gets, without proxies (`proxies`, never part of a key), HOME and the variables that
    only help reproducibility. `script` is the body of a heredoc that starts with `#!`: (name, content), shown at
    /dev/pipes/<name>. `secure` is False for --security=insecure. `user` as written; resolved at run time."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    cwd: str = "/"
    user: str = ""
    network: str = "default"
    secure: bool = True
    mounts: tuple[Mount, ...] = ()
    script: tuple[str, bytes] | None = None
    proxies: tuple[tuple[str, str], ...] = ()
    hostname: str = ""
    extra_hosts: tuple[tuple[str, str], ...] = ()
    shm_size_bytes: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CopyOp:
    """COPY or ADD. `destination` is absolute; a trailing slash says that it is a directory.

    `chown` and `chmod` as written after expansion ('' is not given). `unpack`: archives are extracted (True),
    copied (False), or local ones extracted (None, ADD's default; COPY always has False). `link`: done on an
    empty file system and laid on top."""

    keyword: str
    sources: tuple[Source, ...]
    destination: str
    chown: str = ""
    chmod: str = ""
    exclude: tuple[str, ...] = ()
    parents: bool = False
    link: bool = False
    unpack: bool | None = False


@dataclass(frozen=True, slots=True)
class WorkdirOp:
    """Make a directory with its parents, owned by `user` (as written, '' is root), if missing."""

    path: str
    user: str = ""


Operation = ImageOp | RunOp | CopyOp | WorkdirOp


@dataclass(frozen=True, slots=True)
class Step:
    """One layer-making (or image-fetching) operation.

    `parent` is the step whose file system it stands on (None: empty). `name` is what people see, such as
    `[build 2/5] RUN make`; `stage` the stage's name or `stage-N`. A step with `no_cache` never matches a record."""

    index: int
    name: str
    stage: str
    op: Operation
    parent: int | None
    platform: Platform
    span: Span
    no_cache: bool = False

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indices of all steps this one needs, ascending, without repetition."""
        found = set() if self.parent is None else {self.parent}
        trees: list[Tree | None] = []
        if isinstance(self.op, CopyOp):
            trees = [one.tree for one in self.op.sources if isinstance(one, TreeSource)]
        elif isinstance(self.op, RunOp):
            trees = [
                mount.tree for mount in self.op.mounts if isinstance(mount, BindMount | CacheMount)
            ]
        found.update(tree.step for tree in trees if isinstance(tree, StepTree))
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """What the build results in for one platform: a file system and everything beside it.

    `history` is the base's entries followed by the build's own, whose `created` is empty."""

    platform: Platform
    output: int | None
    config: ContainerConfig
    history: tuple[HistoryEntry, ...]
    base_history: int = 0
    author: str = ""


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something that deserves attention but stops nothing; `rule` is its public name, `url` explains it."""

    rule: str
    message: str
    span: Span | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which every input comes before its user, and the images they make.

    `epoch` is the explicit SOURCE_DATE_EPOCH in seconds, or None for the default."""

    steps: tuple[Step, ...]
    results: tuple[PlannedImage, ...]
    epoch: int | None = None
    warnings: tuple[PlanWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What the user asked of the compiler; everything that can change the plan."""

    build_args: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platforms: tuple[Platform, ...] = ()
    host: Platform | None = None
    labels: tuple[tuple[str, str], ...] = ()
    network: str = "default"
    allow: frozenset[str] = frozenset()
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    hostname: str = ""
    extra_hosts: tuple[tuple[str, str], ...] = ()
    shm_size_bytes: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()
    epoch: int | None = None
    #: Names of named contexts that are files, local or fetched, and those that are images (name, reference).
    local_contexts: frozenset[str] = frozenset()
    image_contexts: tuple[tuple[str, str], ...] = ()
    #: Named contexts that are the results of targets of the same file (name, target).
    target_contexts: tuple[tuple[str, str], ...] = ()
    #: Whom to ask when SOURCE_DATE_EPOCH names a source instead of a time.
    times: SourceTimes | None = field(default=None, repr=False, compare=False)

"""Owns the contexts of one build: what PATH, URL and - mean, the named ones, and where the Dockerfile is.

A context is opened once, when it is first needed, and never found again by name, so that what was checked is what is
read; one that nothing uses is never touched. It refuses to fetch by itself: what speaks to strangers is loaded only
for contexts that are elsewhere.

Specification: sections 4.4, 7.6 (times of contexts) and 8.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.cache.resolver import IMAGE_SCHEME, LAYOUT_SCHEME
from lithify.compiler.lower import remote
from lithify.compiler.plan import GitSource, UrlSource
from lithify.compiler.scopes import proxy_variables
from lithify.errors import BuildError, UsageError
from lithify.executor.access import Access
from lithify.executor.context import Context, open_context
from lithify.executor.inputs import (
    BuildInputs,
    checked_text,
    read_inside,
    read_path,
    read_stream,
)
from lithify.values import dataclass, field, replace

if TYPE_CHECKING:
    from typing import BinaryIO

    from lithify.cache.store import Store
    from lithify.executor.cancel import Cancellation
    from lithify.executor.remote.sources import Remotes
    from lithify.requests import BuildRequest

_TARGET_SCHEME = "target:"
_GITHUB = "github.com/"
_KEEP_GIT_DIR = "BUILDKIT_CONTEXT_KEEP_GIT_DIR"
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FORMS = "use a directory, docker-image://, oci-layout://, target:STAGE, or the address of a file or git repository"


@dataclass(frozen=True, slots=True)
class NamedContexts:
    """The named contexts by kind, each by its name; `elsewhere` are those to fetch."""

    images: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    directories: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, GitSource | UrlSource] = field(default_factory=dict)

    @property
    def files(self) -> frozenset[str]:
        """Names of those that are files without an image's config."""
        return frozenset((*self.directories, *self.elsewhere))


def parse_contexts(given: tuple[tuple[str, str], ...]) -> NamedContexts:
    """Sort named contexts by kind (section 4.4). Raises UsageError."""
    named = NamedContexts()
    for name, value in given:
        _check_name(name)
        source = remote_source(value)
        if value.startswith((LAYOUT_SCHEME, IMAGE_SCHEME)):
            if value in (LAYOUT_SCHEME, IMAGE_SCHEME):
                raise UsageError(f"invalid context specifier {value} for {name}", hint=_FORMS)
            named.images[name] = value
        elif value.startswith(_TARGET_SCHEME):
            named.targets[name] = value.removeprefix(_TARGET_SCHEME)
        elif source is not None:
            named.elsewhere[name] = source
        elif "://" in value:
            scheme = value.partition(":")[0]
            raise UsageError(f"unsupported context source {scheme} for {name}", hint=_FORMS)
        else:
            named.directories[name] = value
    empty = [name for name, target in named.targets.items() if not target]
    if empty:
        raise UsageError(f"invalid context specifier {_TARGET_SCHEME} for {empty[0]}", hint=_FORMS)
    return named


def remote_source(text: str) -> GitSource | UrlSource | None:
    """What an address names as a context; None for what is none. Raises UsageError for a wrong query."""
    if text.startswith(_GITHUB):
        end = min((text.index(mark) for mark in "?#" if mark in text), default=len(text))
        path = text[:end].removesuffix("/").removesuffix(".git")
        text = f"https://{path}.git{text[end:]}"
    try:
        if remote.is_git(text):
            return remote.parse_git(text)
        return remote.parse_url(text, "") if remote.is_url(text) else None
    except ValueError as error:
        raise UsageError(f"cannot read the address of a context: {error}") from error


def _check_name(name: str) -> None:
    try:
        parse_reference(name.partition("::")[0])
    except InvalidReference as error:
        raise UsageError(f"invalid context name {name}: {error.message}") from error


def make_access(request: BuildRequest, cancellation: Cancellation) -> Access:
    """What a request lets fetching use; its build arguments override the door's proxies."""
    proxies = dict(proxy_variables(dict(request.proxies)))
    proxies |= proxy_variables(dict(request.build_args))
    return Access(
        secrets={
            one.id: one.value if one.value is not None else Path(one.src) for one in request.secrets
        },
        ssh_agents={name: Path(path) for name, path in request.ssh},
        proxies=proxies,
        cancellation=cancellation,
    )


class Contexts:
    """The contexts of one build. Thread-safe; `close` closes and removes everything.

    It is the compiler's SourceTimes."""

    def __init__(
        self, request: BuildRequest, store: Store, access: Access, stdin: BinaryIO | None
    ) -> None:
        self._request = request
        self._store = store
        self._access = access
        self._stdin = stdin
        self._lock = threading.RLock()
        self._opened: dict[str, Context] = {}
        self._times: dict[str, int | None] = {}
        self._remotes: Remotes | None = None
        self.named = parse_contexts(request.build_contexts)

    def close(self) -> None:
        """Idempotent."""
        for context in self._opened.values():
            context.close()
        self._opened.clear()
        if self._remotes is not None:
            self._remotes.close()

    @property
    def has_fetched(self) -> bool:
        """Whether anything came, or was asked for, from elsewhere."""
        return self._remotes is not None

    def remotes(self) -> Remotes:
        """What is fetched for this build, by contexts and by steps."""
        from lithify.executor.remote.sources import Remotes

        with self._lock:
            if self._remotes is None:
                self._remotes = Remotes(self._store, self._access)
            return self._remotes

    # -- the build context and its Dockerfile -------------------------------------------------

    def read_inputs(self) -> BuildInputs:
        """Open the build context and read the Dockerfile (section 8.1). Raises LithifyError."""
        context, dockerfile = self._request.context, self._request.dockerfile
        if context == "-":
            return self._from_stdin(dockerfile)
        if not Path(context).is_dir():
            source = remote_source(context)
            if source is not None:
                return self._from_elsewhere(source, dockerfile)
            raise BuildError(f"unable to prepare context: path {context!r} is not a directory")
        inputs = self._dockerfile_of(Path(context), dockerfile)
        self._opened[""] = open_context(Path(context), inputs.path)
        return inputs

    def _dockerfile_of(self, directory: Path, dockerfile: str) -> BuildInputs:
        if dockerfile == "-":
            return read_stream(self._stdin)
        if remote.is_url(dockerfile):
            return self._fetched_file(UrlSource(dockerfile))
        if dockerfile:
            return read_path(None, Path(dockerfile))
        return read_path(directory, directory / "Dockerfile")

    def _fetched_file(self, source: UrlSource) -> BuildInputs:
        from lithify.executor.remote.sources import FETCHED_FILE

        found = read_inside(self.remotes().tree(source), FETCHED_FILE)
        return BuildInputs("Dockerfile", checked_text(found.dockerfile))

    def _from_stdin(self, dockerfile: str) -> BuildInputs:
        from lithify.executor.remote.streams import open_stream

        if dockerfile == "-":
            raise UsageError("the context and the Dockerfile cannot both be standard input")
        opened = open_stream(self._stdin, self._store.tmp_dir(), self._access)
        self._opened[""], self._times[""] = opened.tree, opened.time_s
        if opened.text is None:
            return read_inside(opened.tree, dockerfile)
        if dockerfile:
            raise UsageError(
                "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles",
                hint="with -f, standard input is a tar archive with that file inside",
            )
        return BuildInputs("Dockerfile", checked_text(opened.text))

    def _from_elsewhere(self, source: GitSource | UrlSource, dockerfile: str) -> BuildInputs:
        """A path is inside the context unless it is absolute."""
        is_text = False
        if isinstance(source, UrlSource):
            is_text = not self._open_fetched(source)
        else:
            kept = dict(self._request.build_args).get(_KEEP_GIT_DIR, "") in _TRUE
            source = replace(source, keep_git_dir=source.keep_git_dir or kept)
            self._opened[""] = self.remotes().tree(source)
            self._times[""] = self.remotes().time_s(source)
        if dockerfile == "-":
            return read_stream(self._stdin)
        if Path(dockerfile).is_absolute():
            return read_path(None, Path(dockerfile))
        if is_text and isinstance(source, UrlSource):
            return self._fetched_file(source)
        return read_inside(self._opened[""], dockerfile)

    def _open_fetched(self, source: UrlSource) -> bool:
        """Open what an address holds; whether it is an archive and not the Dockerfile itself."""
        from lithify.executor.remote.sources import FETCHED_FILE
        from lithify.executor.remote.streams import open_archive_of

        tree = self.remotes().tree(source)
        opened = open_archive_of(tree, FETCHED_FILE, self._store.tmp_dir(), self._access)
        modified_s = self.remotes().time_s(source)
        if opened is None:
            self._opened[""], self._times[""] = tree, modified_s
            return False
        self._opened[""] = opened.tree
        self._times[""] = opened.time_s if modified_s is None else modified_s
        return True

    # -- all contexts -------------------------------------------------------------------------

    def open(self, name: str) -> Context:
        """The build context ('', once its inputs were read) or a named one. Raises BuildError."""
        with self._lock:
            if name not in self._opened:
                source = self.named.elsewhere.get(name)
                if source is not None:
                    self._opened[name] = self.remotes().tree(source)
                else:
                    self._opened[name] = open_context(Path(self.named.directories[name]))
            return self._opened[name]

    def context_time(self, name: str) -> int | None:
        """When a context last changed; None for a local one (section 7.6). Raises BuildError."""
        source = self.named.elsewhere.get(name) if name else None
        if source is not None:
            return self.remotes().time_s(source)
        return self._times.get(name)

    def source_time(self, source: UrlSource | GitSource) -> int | None:
        """When a remote source last changed. Raises BuildError."""
        return self.remotes().time_s(source)

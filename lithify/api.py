"""Owns the engine: the facade that wires ports to implementations, the only composition root.

Every door asks it in values and is answered in values; progress comes as events. Organs are imported inside the
methods, so that reading a Dockerfile never loads what builds one. It refuses to print, to read the environment and
to parse command lines.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from lithify.analysed import AnalysedBuilds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lithify.cache.ports import ResolvedImage
    from lithify.cache.store import Store
    from lithify.compiler.lint.engine import Checked
    from lithify.compiler.outline import Outline, Target
    from lithify.errors import Secret
    from lithify.executor.events import Event
    from lithify.executor.isolation.ports import Sandbox
    from lithify.registries import RegistryAccess
    from lithify.requests import (
        BuildRequest,
        BuildResult,
        EngineOptions,
        HistoryRow,
        ImageSummary,
        RunRequest,
    )
    from lithify.surroundings import Surroundings
    from lithify.upkeep import Upkeep


class Engine(AnalysedBuilds):
    """lithify as a library. Use as a context manager; a store is opened when first needed.

    One engine serves one caller at a time; only `cancel` may be called from elsewhere."""

    def __init__(self, options: EngineOptions) -> None:
        from lithify.executor.cancel import Cancellation

        self._options = options
        self._stack = ExitStack()
        self._cancellation = Cancellation()
        self._opened: Store | None = None
        self._events = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything that still runs and let go of the store; idempotent."""
        self._opened = None
        self._stack.close()

    def cancel(self) -> None:
        """Stop what is under way (from a signal handler or another thread); nothing follows it."""
        self._cancellation.cancel()

    # -- reading Dockerfiles ---------------------------------------------------------------------

    def debug_ast(self, name: str, data: bytes) -> str:
        """The tree of a Dockerfile as stable text. Raises SourceErrors."""
        from lithify.grammar.dump import dump_ast
        from lithify.session import parse_dockerfile

        return dump_ast(parse_dockerfile(name, data))

    def debug_instructions(self, files: Sequence[tuple[str, bytes]]) -> Iterator[dict[str, Any]]:
        """The instructions of each (name, content) as plain data; what can't be read is left out."""
        from lithify.errors import SourceText
        from lithify.grammar.dump import dump_instructions
        from lithify.grammar.parser import parse

        for name, data in files:
            yield dump_instructions(name, parse(SourceText(name, data.decode("utf-8", "replace"))))

    def plan(self, request: BuildRequest, format: Literal["text", "json", "dot", "mermaid"]) -> str:
        """The plan with each step's key and what of it is cached. Raises LithifyError."""
        from lithify.session import BuildSession

        with BuildSession(request, self._surroundings(lambda _: None, None, None)) as session:
            return session.render_plan(format)

    def check(self, request: BuildRequest, *, stdin: BinaryIO | None = None) -> Checked:
        """What the checks find in a Dockerfile; an error that stops planning is part of the answer.

        Raises LithifyError for what can't be read at all."""
        from lithify.session import BuildSession

        with BuildSession(request, self._surroundings(lambda _: None, stdin, None)) as session:
            return session.check()

    def outline(self, request: BuildRequest, *, stdin: BinaryIO | None = None) -> Outline:
        """The arguments, secrets and SSH agents that a target uses. Raises LithifyError."""
        from lithify.session import BuildSession

        with BuildSession(request, self._surroundings(lambda _: None, stdin, None)) as session:
            return session.outline()

    def targets(
        self, request: BuildRequest, *, stdin: BinaryIO | None = None
    ) -> tuple[Target, ...]:
        """The stages that a Dockerfile offers. Raises LithifyError."""
        from lithify.session import BuildSession

        with BuildSession(request, self._surroundings(lambda _: None, stdin, None)) as session:
            return session.targets()

    # -- building --------------------------------------------------------------------------------

    def build(
        self,
        request: BuildRequest,
        on_event: Callable[[Event], None],
        *,
        stdin: BinaryIO | None = None,
        stdout: BinaryIO | None = None,
    ) -> BuildResult:
        """Build, store and export what is asked for. Raises LithifyError.

        `on_event` is called from one thread at a time; `stdin` may hold a Dockerfile, `stdout` takes outputs to '-'."""
        from lithify.errors import LithifyError
        from lithify.unchanged import dockerfile_at_hand, replay
        from lithify.warming import warm

        around = self._surroundings(on_event, stdin, stdout)
        dockerfile = dockerfile_at_hand(request)
        if (result := replay(request, dockerfile, around)) is not None:
            with suppress(LithifyError):  # what only helps explanations never fails a build
                around.store.records.note_repeated(result.digest, time.time())
            return result
        with closing(around.sandbox):
            warm(dockerfile, around.sandbox)
            from lithify.session import BuildSession  # loads parser, planner and executor

            with BuildSession(request, around) as session:
                return session.build()

    def _surroundings(
        self,
        on_event: Callable[[Event], None],
        stdin: BinaryIO | None,
        stdout: BinaryIO | None,
    ) -> Surroundings:
        from lithify.executor.services import LazySandbox
        from lithify.surroundings import Surroundings

        def emit(event: Event) -> None:
            with self._events:
                on_event(event)

        return Surroundings(
            self._store(),
            LazySandbox(self._sandbox_opener(emit)),
            self._cancellation,
            emit,
            stdin,
            stdout,
            self._registries(emit),
        )

    def _registries(self, emit: Callable[[Event], None]) -> RegistryAccess:
        from lithify.registries import RegistryAccess

        environment = self._options.environment
        made = RegistryAccess(self._store(), environment, self._cancellation, emit)
        self._stack.callback(made.close)
        return made

    def _sandbox_opener(self, emit: Callable[[Event], None]) -> Callable[[], Sandbox]:
        from lithify.executor.events import Notice
        from lithify.executor.isolation.backends import open_sandbox

        kind = self._options.isolation
        return lambda: open_sandbox(kind, lambda text: emit(Notice(text)))

    def _store(self) -> Store:
        if self._opened is None:
            from lithify.cache.store import Store

            root = Path(self._options.root)
            self._opened = self._stack.enter_context(Store.open(root, clock=time.time))
        return self._opened

    # -- images ----------------------------------------------------------------------------------

    def images(self, filters: Sequence[tuple[str, str]] = ()) -> tuple[ImageSummary, ...]:
        """The images of the store that pass all filters, newest first. Raises UsageError, ImageNotFound."""
        from lithify.imagelist import list_images

        return list_images(self._store(), filters)

    def inspect(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """What docker's `inspect` tells of each image. Raises ImageNotFound."""
        from lithify.images import inspect

        store = self._store()
        return [inspect(store, name) for name in names]

    def history(self, name: str) -> tuple[HistoryRow, ...]:
        """The history of an image, newest first. Raises ImageNotFound."""
        from lithify.images import history

        return history(self._store(), name)

    def tag(self, source: str, target: str) -> None:
        """Give an image a further name. Raises ImageNotFound, InvalidReference."""
        from lithify.images import find

        store = self._store()
        store.images.tag(target, find(store, source))

    def remove_images(self, names: Sequence[str], *, force: bool) -> tuple[str, ...]:
        """Remove names, and images without names left; what was done, a line each."""
        store = self._store()
        done: list[str] = []
        for name in names:
            removed = store.images.remove(name, force=force)
            done += [f"Untagged: {one}" for one in removed.untagged]
            done += [f"Deleted: {one}" for one in removed.deleted]
        return tuple(done)

    def load(self, stream: BinaryIO) -> tuple[str, ...]:
        """Take in an OCI or docker archive; the names (or digests) of its images. Raises Corrupt."""
        from lithify.cache.archives import load

        loaded: list[str] = []
        for names, descriptor in load(self._store(), stream):
            loaded += names or (str(descriptor.digest),)
        return tuple(loaded)

    def bootstrap(
        self,
        what: str,
        *,
        tag: str,
        environment: Mapping[str, str],
        on_event: Callable[[Event], None],
    ) -> tuple[str, ...]:
        """Make a base image without any registry; its names. Raises BuildError.

        Of `environment` only the proxy variables reach the package manager."""
        from lithify.images import bootstrap

        return bootstrap(self._store(), what, tag, environment, on_event)

    # -- registries ------------------------------------------------------------------------------

    def pull(
        self,
        name: str,
        on_event: Callable[[Event], None],
        *,
        platforms: Sequence[str] = (),
        all_platforms: bool = False,
    ) -> tuple[str, str]:
        """Fetch an image and name it; its full name and digest. Raises RegistryError, ContentError, ..."""
        from lithify.registries import wanted_platforms

        with self._registries(on_event) as registries:
            wanted = None if all_platforms else wanted_platforms(platforms)
            reference, descriptor = registries.pull(name, wanted)
        return str(reference), descriptor.digest

    def push(
        self,
        name: str,
        on_event: Callable[[Event], None],
        *,
        platform: str = "",
        compression: str = "gzip",
    ) -> str:
        """Push an image of the store under its name; its digest there. Raises RegistryError, ImageNotFound."""
        from lithify.registries import wanted_platforms

        with self._registries(on_event) as registries:
            wanted = wanted_platforms((platform,))[0] if platform else None
            return registries.push_stored(name, wanted, compression)

    def login(self, registry: str, credentials: Callable[[str], tuple[str, Secret]]) -> str:
        """Check credentials and keep them; the file they are in, or '' if a helper keeps them.

        `credentials` is asked with the user name known so far ('' if none). Raises Unauthorized, ..."""
        with self._registries(lambda _: None) as registries:
            return registries.login(registry, credentials)

    def logout(self, registry: str) -> bool:
        """Forget the credentials of a registry; False if there were none. Raises ConfigurationError."""
        with self._registries(lambda _: None) as registries:
            return registries.logout(registry)

    def save(
        self,
        names: Sequence[str],
        dest: str,
        stdout: BinaryIO | None,
        *,
        platform: str = "",
        for_docker: bool = True,
        compression: str = "gzip",
    ) -> None:
        """Write images into an archive, a file or `stdout`. Raises ImageNotFound, StoreError, ..."""
        from lithify.images import save
        from lithify.registries import wanted_platforms

        wanted = wanted_platforms((platform,))[0] if platform else None
        store = self._store()
        save(
            store,
            names,
            dest,
            stdout,
            platform=wanted,
            for_docker=for_docker,
            compression=compression,
        )

    def export(self, name: str, dest: str, stdout: BinaryIO | None, *, platform: str = "") -> None:
        """Write an image's file system as a tar, to a file or `stdout`. Raises ImageNotFound, ..."""
        from lithify.images import export
        from lithify.registries import wanted_platforms

        wanted = wanted_platforms((platform,))[0] if platform else None
        export(self._store(), name, dest, stdout, platform=wanted)

    def import_tar(
        self, stream: BinaryIO, names: Sequence[str], *, platform: str = "", comment: str = ""
    ) -> str:
        """Make an image of a root file system in a tar; its digest. Raises Corrupt, StoreError."""
        from lithify.images import import_tar
        from lithify.registries import wanted_platforms

        (wanted,) = wanted_platforms((platform,) if platform else ())
        return import_tar(self._store(), stream, names, wanted, comment).digest

    # -- the store -------------------------------------------------------------------------------

    def upkeep(self) -> Upkeep:
        """The store's memory of builds, its sizes, and pruning. Raises StoreError."""
        from lithify.upkeep import Upkeep

        return Upkeep(self._store())

    # -- containers ------------------------------------------------------------------------------

    def run(self, request: RunRequest, *, stdin: int, stdout: int, stderr: int) -> int:
        """Run a process from an image; its exit status. Raises LithifyError."""
        from lithify.executor.container import ContainerSpec, run_container
        from lithify.executor.events import Notice
        from lithify.executor.services import LazySandbox
        from lithify.executor.snapshot.snapshots import Snapshots

        def ignore(event: Event) -> None:
            assert isinstance(event, Notice)

        image = self._resolve(request.image)
        sandbox = LazySandbox(self._sandbox_opener(ignore))
        spec = ContainerSpec(
            request.command,
            request.entrypoint,
            request.env,
            request.workdir,
            request.user,
            request.volumes,
            request.hostname,
            request.network,
            request.interactive,
            request.tty,
        )
        try:
            snapshots = Snapshots(self._store())
            return run_container(image, spec, snapshots, sandbox.get(), (stdin, stdout, stderr))
        finally:
            sandbox.close()

    def _resolve(self, name: str) -> ResolvedImage:
        """The image to run; one that is not here is pulled, as people expect."""
        from lithify.errors import ImageNotFound
        from lithify.images import resolve
        from lithify.registries import wanted_platforms

        try:
            return resolve(self._store(), name)
        except ImageNotFound:
            with self._registries(lambda _: None) as registries:
                platform = wanted_platforms(())
                image = registries.resolver("missing").resolve(name, *platform)
                registries.pull(name, platform)
            return image

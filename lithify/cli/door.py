"""Owns what a command has of the world around it: global options, environment, the engine it opened.

Kept free of dataclasses and typing at run time, because `--version` loads it too. It refuses to open an engine before
a command asks for one.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from lithify.api import Engine
    from lithify.requests import EngineOptions

    OpenEngine = Callable[[EngineOptions], Engine]

    class Stoppable(Protocol):
        """Something that works and can be asked to stop."""

        def cancel(self) -> None: ...


ISOLATIONS = ("auto", "namespaces", "rootless", "chroot")


class Door:
    """One run of the command line. `open_engine` replaces the real engine in tests."""

    def __init__(
        self, environ: Mapping[str, str], *, open_engine: OpenEngine | None = None
    ) -> None:
        self.environ = environ
        self.root = ""
        self.isolation = "auto"
        self.debug = False
        self._open_engine = open_engine
        self._building: Stoppable | None = None

    def store_root(self) -> str:
        """Where the store is: `--root`, $LITHIFY_HOME, else the place of this kind of user."""
        if chosen := self.root or self.environ.get("LITHIFY_HOME", ""):
            return os.path.abspath(chosen)
        if os.geteuid() == 0:
            return "/var/lib/lithify"
        data = self.environ.get("XDG_DATA_HOME", "")
        if not os.path.isabs(data):
            data = os.path.join(os.path.expanduser("~"), ".local", "share")
        return os.path.join(data, "lithify")

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """The engine, closed at the end whatever happens."""
        from lithify.requests import EngineOptions

        options = EngineOptions(self.store_root(), self.isolation, self.environ)
        if self._open_engine is None:
            from lithify.api import Engine

            opened = Engine(options)
        else:
            opened = self._open_engine(options)
        with opened as engine:
            yield engine

    @contextmanager
    def building(self, engine: Stoppable) -> Iterator[None]:
        """While this lasts, the first interruption asks the engine to stop instead of raising."""
        self._building = engine
        try:
            yield
        finally:
            self._building = None

    def cancel(self) -> bool:
        """Ask the build under way to stop; false if there is none or it was asked before."""
        engine, self._building = self._building, None
        if engine is None:
            return False
        engine.cancel()
        return True

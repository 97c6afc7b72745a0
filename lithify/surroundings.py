"""Owns what an engine lends to one build: the store, ways to run and to stop, where to tell and write.

It is a value of its own so that the short way (nothing changed) and the long way (a session) need not know each
other. It refuses behaviour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from lithify.executor.walks import Walks
from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.store import Store
    from lithify.executor.cancel import Cancellation
    from lithify.executor.events import Event
    from lithify.executor.services import LazySandbox
    from lithify.registries import RegistryAccess


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`emit` is thread-safe; `stdin` may hold a Dockerfile, `stdout` takes outputs written to '-'."""

    store: Store
    sandbox: LazySandbox
    cancellation: Cancellation
    emit: Callable[[Event], None]
    stdin: BinaryIO | None
    stdout: BinaryIO | None
    registries: RegistryAccess
    #: What was listed of the contexts so far.
    walks: Walks = field(default_factory=Walks)

"""Owns the table of isolation backends, and which one `auto` means.

Backends are imported on use. It refuses to fall back silently to weaker isolation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from lithify.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.executor.isolation.ports import Sandbox

BACKENDS = {
    "namespaces": "lithify.executor.isolation.namespaces:NamespaceSandbox",
}
_AUTO = "namespaces"


def open_sandbox(kind: str, on_notice: Callable[[str], None]) -> Sandbox:
    """A sandbox of a kind, or the best one for `auto`; closed by the caller.

    Notices for the user go to `on_notice`. Raises SandboxError for an unknown kind.
    """
    name = _AUTO if kind == "auto" else kind
    if name not in BACKENDS:
        known = ", ".join(("auto", *sorted(BACKENDS)))
        raise SandboxError(f"unknown isolation {kind!r}", hint=f"use one of: {known}")
    module, _, attribute = BACKENDS[name].partition(":")
    backend: Callable[[Callable[[str], None]], Sandbox] = getattr(import_module(module), attribute)
    return backend(on_notice)

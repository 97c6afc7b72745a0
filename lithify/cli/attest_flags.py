"""Owns the small language of `--provenance`, `--sbom` and `--attest`, which is that of docker buildx.

It refuses to know the attributes: whoever attests does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.values import csv_fields, csv_pairs
from lithify.errors import UsageError
from lithify.requests import AttestationSpec

if TYPE_CHECKING:
    from argparse import Namespace

_TRUE = frozenset(("1", "t", "true"))
_FALSE = frozenset(("0", "f", "false"))


def attestations(flags: Namespace) -> tuple[AttestationSpec, ...]:
    """What is asked for; `false` and `disabled=true` take it back. Raises UsageError."""
    found: list[AttestationSpec] = []
    for kind in ("provenance", "sbom"):
        text = getattr(flags, kind)
        if text:
            found += _short(kind, text)
    for text in flags.attest:
        options = dict(csv_pairs("--attest", text))
        kind = options.pop("type", "")
        if not kind:
            raise UsageError(f"--attest: {text!r} has no type", hint="type=provenance or type=sbom")
        found += _enabled(f"--attest type={kind}", kind, options)
    return tuple(found)


def _short(kind: str, text: str) -> list[AttestationSpec]:
    """A boolean, or attributes."""
    fields = csv_fields(f"--{kind}", text)
    if len(fields) == 1 and fields[0].lower() in _TRUE | _FALSE:
        return [AttestationSpec(kind)] if fields[0].lower() in _TRUE else []
    return _enabled(f"--{kind}", kind, dict(csv_pairs(f"--{kind}", text)))


def _enabled(flag: str, kind: str, options: dict[str, str]) -> list[AttestationSpec]:
    disabled = options.pop("disabled", "false").lower()
    if disabled not in _TRUE | _FALSE:
        raise UsageError(f"{flag}: disabled={disabled} is neither true nor false")
    return [] if disabled in _TRUE else [AttestationSpec(kind, tuple(options.items()))]

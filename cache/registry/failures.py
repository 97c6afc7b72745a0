"""Owns how a registry's refusals become typed errors that say what to do.

The text of a registry is a stranger's: it is shortened, stripped of control characters and of whatever in a URL may be
a secret before anybody sees it. It refuses to decide whether to try again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lithify.cache.registry.settings import redacted
from lithify.errors import Forbidden, RateLimited, RegistryError, RegistryNotFound, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_SHOWN = 300
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def refusal(what: str, host: str, status: int, body: bytes = b"") -> RegistryError:
    """The error for a status that was not hoped for, met while doing `what`."""
    said = _said(body)
    message = f"{what}: {host} answered {status}" + (f" ({said})" if said else "")
    match status:
        case 401:
            return Unauthorized(message, status=status, hint=f"log in with `lithify login {host}`")
        case 403:
            return Forbidden(
                message, status=status, hint="the account in use has no right to do this"
            )
        case 404:
            return RegistryNotFound(
                message,
                status=status,
                hint="check the name and the tag; private images may look as if they were not there",
            )
        case 429:
            return RateLimited(
                message,
                status=status,
                hint=f"wait, or log in for a higher limit with `lithify login {host}`",
            )
        case _ if status >= 500:
            return RegistryError(message, status=status, hint="the registry has a fault; try later")
    return RegistryError(message, status=status)


def _said(body: bytes) -> str:
    """The registry's own words (OCI distribution-spec, error codes), cleaned."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    errors = value.get("errors") if isinstance(value, dict) else None
    if not isinstance(errors, list):
        return _clean(str(value.get("details") or "")) if isinstance(value, dict) else ""
    words = []
    for one in errors[:3]:
        if isinstance(one, dict):
            text = str(one.get("message") or "") or str(one.get("code") or "")
            words.append(_clean(text))
    return "; ".join(word for word in words if word)


def _clean(text: str) -> str:
    return redacted(_CONTROLS.sub(" ", text))[:_MOST_SHOWN].strip()


def pause_asked(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that Retry-After asks for, as a number or a date (RFC 9110, section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, OverflowError):
        return None

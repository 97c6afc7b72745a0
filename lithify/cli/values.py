"""Owns the small languages of flag values: sizes, limits, hosts, outputs, secrets, agents.

They are those of docker buildx, so that a command line can be taken over as it is. Each function takes what the user
wrote and returns a plain value or raises UsageError; nothing downstream validates again. It refuses to read files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.errors import Secret, UsageError, closest
from lithify.requests import OutputSpec, SecretSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OUTPUT_TYPES = ("image", "oci", "docker", "tar", "local", "registry", "cacheonly")
COMPRESSIONS = ("gzip", "zstd", "uncompressed")
ENTITLEMENTS = ("network.host", "security.insecure")
ULIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile"),
    *("nproc", "rss", "rtprio", "rttime", "sigpending", "stack"),
)

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(?:b|([kmgt])(?:i?b)?)?", re.IGNORECASE)
#: What a context or stage can be called, and no number.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._/:-]*", re.ASCII)
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_PLATFORM = re.compile(r"[a-z0-9_.-]+(?:\([^()/]*\))?(?:/[A-Za-z0-9_.-]+){0,2}")


def csv_fields(flag: str, text: str) -> list[str]:
    """The comma-separated fields of a value; a field with a comma is quoted as a whole."""
    import csv

    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise UsageError(f"{flag}: {text!r} is not a comma-separated list: {error}") from error
    return rows[0] if rows else []


def csv_pairs(flag: str, text: str) -> list[tuple[str, str]]:
    """Comma-separated `key=value` fields, keys in lower case."""
    pairs = []
    for field in csv_fields(flag, text):
        key, equals, value = field.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{flag}: {field!r} is not of the form key=value")
        pairs.append((key.strip().lower(), value))
    return pairs


def pair(flag: str, text: str, *, value_needed: bool = False) -> tuple[str, str]:
    """`key=value`, or `key` for an empty value unless one is needed."""
    key, equals, value = text.partition("=")
    if not key:
        raise UsageError(f"{flag}: {text!r} has no name before '='")
    if value_needed and not equals:
        raise UsageError(f"{flag}: {text!r} is not of the form name=value")
    return key, value


def from_environment(
    flag: str, texts: Iterable[str], environ: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """`K=V` pairs; a lone `K` is taken from the environment and left out if it is not there."""
    pairs = []
    for text in texts:
        key, value = pair(flag, text)
        if "=" in text:
            pairs.append((key, value))
        elif key in environ:
            pairs.append((key, environ[key]))
    return tuple(pairs)


def platforms(flag: str, text: str) -> list[str]:
    """`os/arch[/variant]` names, comma-separated."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if not _PLATFORM.fullmatch(name):
            raise UsageError(f"{flag}: {name!r} is not a platform", hint="such as linux/amd64")
    return names


def size_bytes(flag: str, text: str) -> int:
    """A size in bytes with an optional unit b, k, m, g or t (powers of 1024)."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{flag}: {text!r} is not a size", hint="such as 67108864 or 64m")
    power = " kmgt".index(match[2].lower()) if match[2] else 0
    return int(float(match[1]) * 1024**power) if "." in match[1] else int(match[1]) * 1024**power


def ulimit(flag: str, text: str) -> tuple[str, int, int]:
    """`name=soft[:hard]`; -1 is unlimited, hard is soft unless given."""
    name, _, limits = text.partition("=")
    if name not in ULIMITS:
        near = closest(name, ULIMITS)
        suggestion = f" (did you mean {near}?)" if near else ""
        raise UsageError(f"{flag}: unknown limit {name!r}{suggestion}")
    soft_text, colon, hard_text = limits.partition(":")
    try:
        soft = int(soft_text)
        hard = int(hard_text) if colon else soft
    except ValueError:
        raise UsageError(f"{flag}: {text!r} is not of the form name=soft[:hard]") from None
    if min(soft, hard) < -1 or (hard != -1 and (soft == -1 or soft > hard)):
        raise UsageError(f"{flag}: {text!r}: the soft limit is above the hard one")
    return name, soft, hard


def extra_host(flag: str, text: str) -> tuple[str, str]:
    """`host:ip` or `host=ip`; IPv6 addresses may stand in brackets."""
    import ipaddress

    host, _, address = text.partition("=") if "=" in text else text.partition(":")
    if address == "host-gateway":
        reason = "builds have no gateway to the host; name the address itself"
        raise UsageError(f"{flag}: host-gateway is not available in this version", hint=reason)
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    try:
        shown = str(ipaddress.ip_address(address))
    except ValueError:
        raise UsageError(f"{flag}: {text!r} is not of the form host:ip or host=ip") from None
    return host_name(flag, host), shown


def host_name(flag: str, text: str) -> str:
    """A host name that is safe to write into /etc/hosts."""
    if not _HOST_NAME.fullmatch(text):
        raise UsageError(f"{flag}: {text!r} is not a host name")
    return text


def entitlement(flag: str, text: str) -> str:
    """An entitlement that a Dockerfile may ask for."""
    if text not in ENTITLEMENTS:
        known = ", ".join(ENTITLEMENTS)
        raise UsageError(f"{flag}: {text!r} is not available", hint=f"one of {known}")
    return text


def output(flag: str, text: str) -> OutputSpec:
    """`DIR`, `-`, or `type=T[,dest=D][,key=value]...`, as buildx reads them."""
    fields = csv_fields(flag, text)
    if len(fields) == 1 and "=" not in fields[0]:
        if fields[0] == "-":
            return OutputSpec("tar", "-")
        if fields[0]:
            return OutputSpec("local", fields[0])
    options = dict(csv_pairs(flag, text))
    kind = options.pop("type", "")
    if kind not in OUTPUT_TYPES:
        near = closest(kind, OUTPUT_TYPES)
        suggestion = f" (did you mean {near}?)" if near else ""
        what = f"unknown type {kind!r}{suggestion}" if kind else f"{text!r} has no type"
        raise UsageError(f"{flag}: {what}", hint=f"one of {', '.join(OUTPUT_TYPES)}")
    dest = options.pop("dest", "")
    if kind == "local" and dest in ("", "-"):
        raise UsageError(f"{flag}: type=local needs a directory", hint="dest=DIR")
    if kind == "cacheonly" and (dest or options):
        raise UsageError(f"{flag}: type=cacheonly writes nothing and takes no options")
    if kind in ("image", "registry") and dest:
        where = "the store" if kind == "image" else "registries"
        raise UsageError(f"{flag}: type={kind} goes to {where} and takes no dest")
    if kind in ("oci", "tar") and not dest:
        dest = "-"
    if kind == "docker" and not dest:
        kind = "image"  # what buildx loads into docker's store goes to ours
    return OutputSpec(kind, dest, tuple(options.items()))


def secret(flag: str, text: str, environ: Mapping[str, str]) -> SecretSpec:
    """`id=ID[,src=FILE|env=VAR][,type=file|env]`; without a source, the variable or file ID.

    An unset variable is an empty secret, as in buildx.
    """
    known = {"type": "", "id": "", "src": "", "source": "", "env": ""}
    for key, value in csv_pairs(flag, text):
        if key not in known:
            raise UsageError(f"{flag}: unknown key {key!r}", hint="id, src, env and type are known")
        known[key] = value
    if not known["id"]:
        raise UsageError(f"{flag}: {text!r} has no id")
    if known["type"] not in ("", "file", "env"):
        raise UsageError(f"{flag}: unknown type {known['type']!r}", hint="one of file, env")
    source, variable = known["src"] or known["source"], known["env"]
    if known["type"] == "env" and not variable:
        source, variable = "", source or known["id"]
    if not source and not variable:
        if known["id"] in environ and known["type"] != "file":
            variable = known["id"]
        else:
            source = known["id"]
    if variable:
        return SecretSpec(known["id"], value=Secret(environ.get(variable, "")))
    return SecretSpec(known["id"], src=source)


def ssh_agent(flag: str, text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """`default|ID[=SOCKET|KEY]`: the id and its path; without one, the user's agent."""
    name, _, paths = text.partition("=")
    if not name:
        raise UsageError(f"{flag}: {text!r} has no id", hint="such as default=/run/agent.sock")
    if "," in paths:
        raise unavailable(f"{flag} {text}", "give one socket or key for each id")
    if paths:
        return name, paths
    agent = environ.get("SSH_AUTH_SOCK", "")
    if not agent:
        hint = f"start ssh-agent, or give a socket or key: --ssh {name}=PATH"
        raise UsageError(f"{flag}: there is no SSH agent ($SSH_AUTH_SOCK is not set)", hint=hint)
    return name, agent


def epoch(flag: str, text: str) -> str:
    """Seconds since 1970 as the SOURCE_DATE_EPOCH specification writes them."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise UsageError(f"{flag}: {text!r} is not a number of seconds since 1970-01-01")
    return text


def epoch_or_name(flag: str, text: str) -> str:
    """A number as `epoch`, or the name of a context or stage whose time counts."""
    return text if _NAME.fullmatch(text) else epoch(flag, text)


def unavailable(flag: str, hint: str = "") -> UsageError:
    """The refusal of a flag that cannot be honoured: silence would be a lie."""
    return UsageError(f"{flag} is not available in this version", hint=hint)

"""Owns platforms: what they are called, how they are read and normalised.

One spelling for each platform keeps keys, contexts and image configs comparable (containerd platforms.Parse
and Normalize). It refuses to look at the machine: its name is passed in.
"""

from __future__ import annotations

import re
from typing import Any

from lithify.values import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """os/architecture[/variant], normalised as containerd does."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        os = f"{self.os}({self.os_version})" if self.os_version else self.os
        return "/".join(part for part in (os, self.architecture, self.variant) if part)

    def to_json(self) -> dict[str, str]:
        out = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            out["os.version"] = self.os_version
        if self.variant:
            out["variant"] = self.variant
        return out

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Platform:
        return cls(
            str(value.get("os", "")),
            str(value.get("architecture", "")),
            str(value.get("variant", "")),
            str(value.get("os.version", "")),
        )


_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "i386": ("386", ""),
}
#: Variants that say no more than the architecture itself.
_BASELINES = frozenset({("arm64", "8"), ("arm64", "v8"), ("arm64", "v8.0"), ("amd64", "v1")})
_OSES = {"macos": "darwin"}
_KNOWN_OSES = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "windows",
        "zos",
    ]
)
_KNOWN_ARCHITECTURES = frozenset(
    [
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "ppc64",
        "ppc64le",
        "loong64",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "ppc",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+\Z")
_OS_PART = re.compile(r"([A-Za-z0-9_.-]+)(?:\(([A-Za-z0-9_.+-]*)\))?\Z")


def parse_platform(text: str, host: Platform) -> Platform:
    """A platform as written by users: `os/arch[/variant]`, `os` or `arch` alone.

    Raises ValueError whose text names the bad component (containerd platforms.Parse)."""
    parts = text.split("/")
    if len(parts) > 3:
        raise ValueError(f"{text!r}: too many components")
    match = _OS_PART.match(parts[0])
    if match is None or not all(_COMPONENT.match(part) for part in parts[1:]):
        bad = next((p for p in parts if not _COMPONENT.match(p)), parts[0])
        raise ValueError(f"{bad!r} is an invalid component of {text!r}")
    if len(parts) == 1:
        return _single_component(match[1].lower(), match[2] or "", host, text)
    return normalise_platform(
        Platform(
            match[1].lower(),
            parts[1].lower(),
            parts[2].lower() if len(parts) == 3 else "",
            (match[2] or "").split("+")[0],
        )
    )


def _single_component(name: str, os_version: str, host: Platform, text: str) -> Platform:
    os = _OSES.get(name, name)
    if os in _KNOWN_OSES:
        return normalise_platform(Platform(os, host.architecture, host.variant, os_version))
    candidate = normalise_platform(Platform(host.os, name))
    if candidate.architecture in _KNOWN_ARCHITECTURES:
        return candidate
    raise ValueError(f"{text!r}: unknown operating system or architecture")


def normalise_platform(platform: Platform) -> Platform:
    """One spelling for every platform (containerd platforms.Normalize)."""
    architecture, variant = _ARCHITECTURES.get(
        platform.architecture, (platform.architecture, platform.variant)
    )
    if platform.variant and architecture != "amd64":
        variant = platform.variant
    if (architecture, variant) in _BASELINES:
        variant = ""
    elif architecture == "arm":
        variant = f"v{variant}" if variant in ("5", "6", "7", "8") else variant or "v7"
    return Platform(_OSES.get(platform.os, platform.os), architecture, variant, platform.os_version)


def host_platform(machine: str) -> Platform:
    """The platform of this machine from uname's machine name."""
    names = {"x86_64": "amd64", "armv7l": "armhf", "armv6l": "armel", "i686": "386"}
    return normalise_platform(Platform("linux", names.get(machine, machine)))

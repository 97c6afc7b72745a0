"""Owns the table of the rules about what RUN executes."""

from __future__ import annotations

from lithify.compiler.lint.rule import BOTH, Rule, Severity

_Names = tuple[str, ...]


def _rule(
    slug: str,
    name: str,
    marks: _Names,
    aliases: _Names = (),
    severity: Severity = Severity.WARNING,
) -> Rule:
    # Trivy writes its names with and without a prefix.
    aliases += tuple(f"AVD-{alias}" for alias in aliases if alias.startswith("DS-"))
    return Rule(
        slug, name, marks, has_page=False, aliases=aliases, severity=severity, profiles=BOTH
    )


_ERROR, _INFO = Severity.ERROR, Severity.INFO

COMMANDS: tuple[Rule, ...] = (
    _rule(
        "pointless-command",
        "DL3001",
        ("free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"),
        severity=_INFO,
    ),
    _rule("cd", "DL3003", ("cd",), ("DS-0013",)),
    _rule("sudo", "DL3004", ("sudo",), ("DS-0010", "CKV2_DOCKER_1"), _ERROR),
    _rule("pin-apt", "DL3008", ("apt-get",)),
    _rule("cache-clean-apt", "DL3009", ("update",), severity=_INFO),
    _rule("archive-add", "DL3010", ("copy",), severity=_INFO),
    _rule("pin-pip", "DL3013", ("pip",)),
    _rule("yes-flag-apt", "DL3014", ("apt-get",), ("DS-0021",)),
    _rule("no-recommends", "DL3015", ("apt-get",), ("DS-0029",), _INFO),
    _rule("pin-npm", "DL3016", ("npm",)),
    _rule("pin-apk", "DL3018", ("apk",)),
    _rule("cache-clean-apk", "DL3019", ("apk",), ("DS-0025",), _INFO),
    _rule("apt-cli", "DL3027", ("apt",), ("CKV_DOCKER_9",)),
    _rule("pin-gem", "DL3028", ("gem",)),
    _rule("yes-flag-yum", "DL3030", ("yum",)),
    _rule("cache-clean-yum", "DL3032", ("yum",), ("DS-0015",)),
    _rule("pin-yum", "DL3033", ("yum",)),
    _rule("yes-flag-zypper", "DL3034", ("zypper",)),
    _rule("zypper-dup", "DL3035", ("zypper",)),
    _rule("cache-clean-zypper", "DL3036", ("zypper",), ("DS-0020",)),
    _rule("pin-zypper", "DL3037", ("zypper",)),
    _rule("yes-flag-dnf", "DL3038", ("dnf",)),
    _rule("cache-clean-dnf", "DL3040", ("dnf",), ("DS-0019", "DS-0027")),
    _rule("pin-dnf", "DL3041", ("dnf",)),
    _rule("cache-clean-pip", "DL3042", ("pip",)),
    _rule("useradd-l", "DL3046", ("useradd",)),
    _rule("wget-progress", "DL3047", ("wget",), severity=_INFO),
    _rule("run-merge", "DL3059", ("run",), severity=_INFO),
    _rule("cache-clean-yarn", "DL3060", ("yarn",), severity=_INFO),
    _rule("pin-go", "DL3062", ("go",)),
    _rule("curl-and-wget", "DL4001", ("wget",), ("DS-0014",)),
    _rule("ln-sh", "DL4005", ("ln",)),
    _rule("pipefail", "DL4006", ("|",)),
)

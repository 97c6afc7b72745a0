"""Owns the table of the rules about single instructions and how they stand together."""

from __future__ import annotations

from lithify.compiler.lint.rule import BOTH, DEFAULT_ONLY, HADOLINT_ONLY, Profile, Rule, Severity

_Names = tuple[str, ...]


def _rule(
    slug: str,
    name: str,
    marks: _Names = ("",),
    aliases: _Names = (),
    severity: Severity = Severity.WARNING,
    profiles: frozenset[Profile] = BOTH,
    *,
    is_off: bool = False,
) -> Rule:
    return Rule(
        slug, name, marks, False, False, aliases, severity, is_off=is_off, profiles=profiles
    )


_ERROR, _INFO, _STYLE = Severity.ERROR, Severity.INFO, Severity.STYLE
_WARNING = Severity.WARNING
_LABEL = ("label",)

_HADOLINT = (
    _rule("inline-ignore", "DL1001", ("ignore",), is_off=True),
    _rule("user-root-last", "DL3002", ("user",), ("DS-0002", "CKV_DOCKER_3", "CKV_DOCKER_8")),
    _rule("image-untagged", "DL3006", aliases=("DS-0001", "CKV_DOCKER_7")),
    _rule("image-latest", "DL3007", (":latest",), ("DS-0001", "CKV_DOCKER_7")),
    _rule("expose-range", "DL3011", ("expose",), ("DS-0008",), _ERROR),
    _rule("add-instead-of-copy", "DL3020", ("add",), ("DS-0005", "CKV_DOCKER_4"), _ERROR),
    _rule("copy-multi-dest-slash", "DL3021", ("copy",), ("DS-0011",), _ERROR),
    _rule("copy-from-unknown", "DL3022", ("--from",)),
    _rule("copy-from-self", "DL3023", ("--from",), ("DS-0006",), _ERROR),
    _rule("registry-untrusted", "DL3026", severity=_ERROR),
    _rule("onbuild-trigger", "DL3043", ("onbuild",), severity=_ERROR),
    _rule("copy-workdir", "DL3045", ("copy",)),
    _rule("label-key", "DL3048", _LABEL, severity=_STYLE),
    _rule("label-missing", "DL3049", severity=_INFO),
    _rule("label-superfluous", "DL3050", _LABEL, severity=_INFO),
    _rule("label-empty", "DL3051", _LABEL),
    _rule("label-url", "DL3052", _LABEL),
    _rule("label-time", "DL3053", _LABEL),
    _rule("label-license", "DL3054", _LABEL),
    _rule("label-hash", "DL3055", _LABEL),
    _rule("label-version", "DL3056", _LABEL),
    _rule("healthcheck-missing", "DL3057", ("",), ("DS-0026", "CKV_DOCKER_2"), is_off=True),
    _rule("label-email", "DL3058", _LABEL),
    _rule("instruction-before-from", "DL3061", severity=_ERROR),
    _rule("user-non-numeric", "DL3066", ("user",), severity=_INFO),
    _rule("copy-root-from-stage", "DL3067", ("--from",)),
)

#: What hadolint says about problems of which, by default, a check of the reference speaks.
_HADOLINT_DELTA = (
    _rule("workdir-not-absolute", "DL3000", ("workdir",), (), _ERROR, HADOLINT_ONLY),
    _rule("healthcheck-repeated", "DL3012", ("healthcheck",), (), _ERROR, HADOLINT_ONLY),
    _rule("stage-name-repeated", "DL3024", ("as",), (), _ERROR, HADOLINT_ONLY),
    _rule(
        "shell-form-command",
        "DL3025",
        ("cmd", "entrypoint", "healthcheck"),
        profiles=HADOLINT_ONLY,
    ),
    _rule("from-platform-fixed", "DL3029", ("--platform",), profiles=HADOLINT_ONLY),
    _rule("env-same-instruction", "DL3044", ("env",), (), _ERROR, HADOLINT_ONLY),
    _rule("stage-name-taken", "DL3063", ("scratch", "context"), profiles=HADOLINT_ONLY),
    _rule("secret-name", "DL3064", ("arg", "env"), profiles=HADOLINT_ONLY),
    _rule("from-platform-target", "DL3065", ("--platform",), profiles=HADOLINT_ONLY),
    _rule("maintainer-used", "DL4000", ("maintainer",), (), _ERROR, HADOLINT_ONLY),
    _rule("cmd-repeated", "DL4003", ("cmd",), profiles=HADOLINT_ONLY),
    _rule("entrypoint-repeated", "DL4004", ("entrypoint",), (), _ERROR, HADOLINT_ONLY),
)

_TLS = ("CKV2_DOCKER_5", "CKV2_DOCKER_6", "CKV2_DOCKER_12", "CKV2_DOCKER_14", "CKV2_DOCKER_16")
_TLS_MARKS = ("tls", "https", "ssl", "trusted")

_OWN = (
    _rule("expose-ssh", "LF100", ("expose",), ("DS-0004", "CKV_DOCKER_1"), _WARNING, DEFAULT_ONLY),
    _rule("workdir-in-system", "LF101", ("workdir",), ("DS-0030",), _WARNING, DEFAULT_ONLY),
    _rule("volume-of-system", "LF102", ("volume",), (), _WARNING, DEFAULT_ONLY),
    _rule("image-undigested", "LF103", ("",), (), _INFO, DEFAULT_ONLY, is_off=True),
    _rule("stopsignal-uncatchable", "LF104", ("stopsignal",), (), _WARNING, DEFAULT_ONLY),
    _rule("env-tls-off", "LF105", _TLS_MARKS, _TLS, _WARNING, DEFAULT_ONLY),
)

STRUCTURE: tuple[Rule, ...] = (*_HADOLINT, *_HADOLINT_DELTA, *_OWN)

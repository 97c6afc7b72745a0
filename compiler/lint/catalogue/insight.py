"""Owns the table of the rules that need the compiler: stage graph, context, base images, layers.

Codes are given once and for all; gaps are rules that need records of builds, which a check does not have.
"""

from __future__ import annotations

from functools import partial

from lithify.compiler.lint.rule import DEFAULT_ONLY, Rule, Severity

_ERROR, _INFO = Severity.ERROR, Severity.INFO
_rule = partial(Rule, has_page=False, profiles=DEFAULT_ONLY)

INSIGHT: tuple[Rule, ...] = (
    _rule("cache-bust-copy", "LF001", ("run",), severity=_INFO),
    _rule("arg-before-run", "LF002", ("arg",), severity=_INFO),
    _rule("env-before-run", "LF003", ("env",), severity=_INFO),
    _rule("unreachable-stage", "LF004", ("from",)),
    _rule("stage-by-index", "LF005", ("--from=",), severity=_INFO),
    _rule("stage-name-shadows-image", "LF006", ("as",)),
    _rule("stage-order", "LF007", ("from",), severity=_ERROR),
    _rule("copy-source-missing", "LF008", ("copy", "add"), severity=_ERROR),
    _rule("copy-from-missing-path", "LF009", ("--from=",), severity=_ERROR),
    _rule("context-too-wide", "LF010", ("copy", "add")),
    _rule("ignore-pattern-unused", "LF011", ("copy", "add"), severity=_INFO, is_off=True),
    _rule("secret-file-copied", "LF012", ("copy", "add")),
    _rule("secret-in-layer", "LF013", ("run",)),
    _rule("secret-in-history", "LF014", ("arg",)),
    _rule("deleted-in-later-layer", "LF015", ("run",), severity=_INFO),
    _rule("copied-then-overwritten", "LF016", ("copy", "add")),
    _rule("chown-after-copy", "LF017", ("chown", "chmod"), severity=_INFO),
    _rule("nonreproducible-run", "LF019", ("run",), severity=_INFO),
    _rule("download-unverified", "LF020", ("curl", "wget"), severity=_INFO),
    _rule("pipe-to-shell", "LF021", ("curl", "wget")),
    _rule("base-image-eol", "LF023", ("from",)),
    _rule("base-provides-it", "LF025", ("apt", "apk"), severity=_INFO),
    _rule("command-not-in-image", "LF026", ("run", "cmd", "entrypoint"), severity=_ERROR),
    _rule("wrong-package-manager", "LF027", ("run",), severity=_ERROR),
    _rule("user-unknown", "LF028", ("user", "--chown"), severity=_ERROR),
    _rule("user-cannot-read", "LF029", ("user",)),
    _rule("user-unused", "LF030", ("useradd", "adduser"), severity=_INFO),
    _rule("effective-entrypoint", "LF031", ("entrypoint",)),
    _rule("env-build-only", "LF032", ("env",), severity=_INFO),
    _rule("volume-then-write", "LF033", ("run",)),
    _rule("workdir-after-user", "LF034", ("workdir",), severity=_INFO, is_off=True),
    _rule("cache-mount-misuse", "LF035", ("cache",)),
    _rule("mount-result-lost", "LF037", ("--from=",)),
    _rule("onbuild-surprise", "LF041", ("from",), severity=_INFO),
    _rule("arg-scope", "LF042", ("arg",)),
    _rule("platform-hardcoded", "LF050", ("amd64", "x86", "arm64", "aarch64")),
    _rule("exec-bit-lost", "LF051", ("entrypoint", "cmd")),
    _rule("crlf-script", "LF052", ("copy", "add")),
    _rule("target-program-in-build-stage", "LF053", ("buildplatform",)),
    _rule("build-platform-ships", "LF054", ("buildplatform",)),
    _rule("healthcheck-timing", "LF055", ("--start-interval",), severity=_INFO),
)

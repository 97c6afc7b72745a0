"""Owns the table of the reference builder's checks: what `--check` runs, and what a build warns of."""

from __future__ import annotations

from lithify.compiler.lint.rule import Rule

CHECKS: tuple[Rule, ...] = (
    Rule("stage-name-case", "StageNameCasing", ("as",)),
    Rule("from-as-case", "FromAsCasing", ("as",)),
    Rule("empty-continuation", "NoEmptyContinuation"),
    Rule("keyword-case", "ConsistentInstructionCasing"),
    Rule("stage-name-duplicate", "DuplicateStageName", ("as",)),
    Rule("stage-name-reserved", "ReservedStageName", ("scratch", "context")),
    Rule("json-form", "JSONArgsRecommended", ("cmd", "entrypoint")),
    Rule("maintainer", "MaintainerDeprecated", ("maintainer",)),
    Rule("undefined-arg-in-from", "UndefinedArgInFrom", ("$",)),
    Rule("workdir-relative", "WorkdirRelativePath", ("workdir",)),
    Rule("undefined-var", "UndefinedVar", ("$",)),
    Rule(
        "multiple-instructions",
        "MultipleInstructionsDisallowed",
        ("cmd", "entrypoint", "healthcheck"),
    ),
    Rule("legacy-key-value", "LegacyKeyValueFormat", ("env", "label")),
    Rule("base-platform-mismatch", "InvalidBaseImagePlatform", has_page=False),
    Rule("from-platform-redundant", "RedundantTargetPlatform", ("--platform",)),
    Rule("secret-in-arg-env", "SecretsUsedInArgOrEnv", ("arg", "env")),
    Rule("invalid-default-arg", "InvalidDefaultArgInFrom", ("$",)),
    Rule("from-platform-const", "FromPlatformFlagConstDisallowed", ("--platform",)),
    Rule("copy-ignored", "CopyIgnoredFile", ("copy", "add")),
    Rule("definition-description", "InvalidDefinitionDescription", is_experimental=True),
    Rule("expose-proto-case", "ExposeProtoCasing", ("expose",)),
    Rule("expose-format", "ExposeInvalidFormat", ("expose",)),
)

"""Owns the table of the reference builder's checks: what `--check` runs, and what a build warns of."""

from __future__ import annotations

from lithify.compiler.lint.rule import Rule

CHECKS: tuple[Rule, ...] = (
    Rule("stage-name-case", "StageNameCasing", ("as",)),
    Rule("from-as-case", "FromAsCasing", ("as",)),
    Rule("empty-continuation", "NoEmptyContinuation"),
    Rule("keyword-case", "ConsistentInstructionCasing"),
    Rule(
        "stage-name-duplicate",
        "DuplicateStageName",
        ("as",),
        aliases=("DL3024", "DS-0012", "CKV_DOCKER_11"),
    ),
    Rule("stage-name-reserved", "ReservedStageName", ("scratch", "context"), aliases=("DL3063",)),
    Rule("json-form", "JSONArgsRecommended", ("cmd", "entrypoint"), aliases=("DL3025",)),
    Rule(
        "maintainer",
        "MaintainerDeprecated",
        ("maintainer",),
        aliases=("DL4000", "DS-0022", "CKV_DOCKER_6"),
    ),
    Rule("undefined-arg-in-from", "UndefinedArgInFrom", ("$",)),
    Rule(
        "workdir-relative",
        "WorkdirRelativePath",
        ("workdir",),
        aliases=("DL3000", "DS-0009", "CKV_DOCKER_10"),
    ),
    Rule("undefined-var", "UndefinedVar", ("$",), aliases=("DL3044",)),
    Rule(
        "multiple-instructions",
        "MultipleInstructionsDisallowed",
        ("cmd", "entrypoint", "healthcheck"),
        aliases=("DL3012", "DL4003", "DL4004", "DS-0007", "DS-0016", "DS-0023"),
    ),
    Rule("legacy-key-value", "LegacyKeyValueFormat", ("env", "label")),
    Rule("base-platform-mismatch", "InvalidBaseImagePlatform", has_page=False),
    Rule(
        "from-platform-redundant", "RedundantTargetPlatform", ("--platform",), aliases=("DL3065",)
    ),
    Rule(
        "secret-in-arg-env", "SecretsUsedInArgOrEnv", ("arg", "env"), aliases=("DL3064", "DS-0031")
    ),
    Rule("invalid-default-arg", "InvalidDefaultArgInFrom", ("$",)),
    Rule(
        "from-platform-const",
        "FromPlatformFlagConstDisallowed",
        ("--platform",),
        aliases=("DL3029",),
    ),
    Rule("copy-ignored", "CopyIgnoredFile", ("copy", "add")),
    Rule("definition-description", "InvalidDefinitionDescription", is_experimental=True),
    Rule("expose-proto-case", "ExposeProtoCasing", ("expose",)),
    Rule("expose-format", "ExposeInvalidFormat", ("expose",)),
)

"""Owns the way from parsed flags to a BuildRequest: every value validated, every variable read, nothing left to guess.

This is the edge where the command line ends; the engine trusts what it is given. It refuses to touch the context.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cli import values
from lithify.cli.attest_flags import attestations
from lithify.errors import UsageError
from lithify.requests import BuildRequest, CacheSpec, OutputSpec, SecretSpec
from lithify.values import replace

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

_PROXIES = frozenset(("http_proxy", "https_proxy", "all_proxy", "no_proxy"))


def plan_request(flags: Namespace, environ: Mapping[str, str]) -> BuildRequest:
    """The request of `plan`: only what can change the plan."""
    arguments = values.from_environment("--build-arg", flags.build_arg, environ)
    return BuildRequest(
        context=flags.context,
        dockerfile=flags.file,
        target=flags.target,
        build_args=arguments,
        build_contexts=tuple(
            values.pair("--build-context", text, value_needed=True) for text in flags.build_context
        ),
        platforms=tuple(
            name for text in flags.platform for name in values.platforms("--platform", text)
        ),
        labels=tuple(values.pair("--label", text) for text in flags.label),
        annotations=tuple(
            values.pair("--annotation", text, value_needed=True) for text in flags.annotation
        ),
        network=flags.network,
        extra_hosts=tuple(values.extra_host("--add-host", text) for text in flags.add_host),
        shm_size_bytes=values.size_bytes("--shm-size", flags.shm_size) if flags.shm_size else 0,
        ulimits=tuple(values.ulimit("--ulimit", text) for text in flags.ulimit),
        allow=frozenset(values.entitlement("--allow", name) for name in _listed(flags.allow)),
        hostname=values.host_name("--hostname", flags.hostname) if flags.hostname else "",
        faithful=flags.faithful,
        source_date_epoch=_epoch(flags, dict(arguments), environ),
        proxies=tuple(sorted((key, environ[key]) for key in environ if key.lower() in _PROXIES)),
    )


def build_request(flags: Namespace, environ: Mapping[str, str]) -> BuildRequest:
    """The request of `build`. Raises UsageError for whatever cannot be honoured."""
    if flags.context == "-" and flags.file == "-":
        raise UsageError("the context and the Dockerfile cannot both be standard input")
    if flags.jobs < 0:
        raise UsageError("--jobs: must not be negative", hint="0 is one per processor")
    return replace(
        plan_request(flags, environ),
        tags=tuple(flags.tag),
        outputs=_outputs(flags),
        secrets=_secrets(flags, environ),
        ssh=_agents(flags, environ),
        cache_from=_caches("--cache-from", flags.cache_from, is_offline=flags.offline),
        cache_to=_caches("--cache-to", flags.cache_to, is_offline=flags.offline),
        no_cache=flags.no_cache,
        no_cache_filter=_listed(flags.no_cache_filter),
        pull=_pull(flags),
        jobs=flags.jobs,
        attestations=attestations(flags),
    )


def _epoch(flags: Namespace, arguments: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """The flag, else the build argument (an empty one means none), else the environment."""
    if flags.source_date_epoch:
        return values.epoch("--source-date-epoch", flags.source_date_epoch)
    if "SOURCE_DATE_EPOCH" in arguments:
        text = arguments["SOURCE_DATE_EPOCH"]
        return values.epoch_or_name("--build-arg SOURCE_DATE_EPOCH", text) if text else ""
    text = environ.get("SOURCE_DATE_EPOCH", "")
    return values.epoch_or_name("$SOURCE_DATE_EPOCH", text) if text else ""


def _listed(texts: list[str]) -> tuple[str, ...]:
    return tuple(name for text in texts for name in text.split(",") if name)


def _outputs(flags: Namespace) -> tuple[OutputSpec, ...]:
    outputs = [values.output("--output", text) for text in flags.output]
    if sum(output.dest == "-" for output in outputs) > 1:
        raise UsageError("--output: only one result can go to standard output")
    if flags.quiet and any(output.dest == "-" for output in outputs):
        raise UsageError("--quiet writes the digest to standard output, where --output goes too")
    if flags.push and not any(_pushes(output) for output in outputs):
        outputs.append(OutputSpec("registry"))
    pushing = [dict(output.options) for output in outputs if _pushes(output)]
    if not flags.tag and not all(options.get("name") for options in pushing):
        raise UsageError("tag is needed when pushing to registry", hint="add -t NAME[:TAG]")
    if flags.load and outputs and all(output.type != "image" for output in outputs):
        outputs.append(OutputSpec("image"))
    return tuple(outputs)


def _caches(flag: str, texts: list[str], *, is_offline: bool) -> tuple[CacheSpec, ...]:
    if not texts:
        return ()
    from lithify.cli.cache_flags import cache

    specs = tuple(cache(flag, text) for text in texts)
    if is_offline and any(one.type == "registry" for one in specs):
        raise UsageError(f"--offline and {flag} of a registry contradict each other")
    return specs


def _pushes(output: OutputSpec) -> bool:
    options = dict(output.options)
    return output.type == "registry" or options.get("push", "").lower() in ("true", "1", "t")


def _pull(flags: Namespace) -> str:
    """When registries are asked. Raises UsageError for a contradiction."""
    policy = "always" if flags.pull else flags.pull_policy
    if flags.offline and policy not in ("", "never", "missing"):
        raise UsageError(f"--offline and --pull={policy} contradict each other")
    return "never" if flags.offline else policy or "missing"


def _secrets(flags: Namespace, environ: Mapping[str, str]) -> tuple[SecretSpec, ...]:
    secrets = tuple(values.secret("--secret", text, environ) for text in flags.secret)
    for secret in secrets:
        if secret.src and not os.path.isfile(secret.src):
            raise UsageError(f"--secret: there is no file {secret.src!r} for id {secret.id!r}")
    return secrets


def _agents(flags: Namespace, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    agents = tuple(values.ssh_agent("--ssh", text, environ) for text in flags.ssh)
    if len({name for name, _ in agents}) < len(agents):
        raise UsageError("--ssh: the same id is given twice")
    return agents

"""Owns RUN: the process, its environment and entitlements, and the three uses of heredocs.

Specification: sections 1.7 (use in RUN), 2.4 (proxies) and 3.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.command import command_line
from lithify.compiler.lower.context import Change
from lithify.compiler.lower.mounts import lower_mounts
from lithify.compiler.plan import RunOp, SshMount
from lithify.compiler.scopes import proxy_variables
from lithify.errors import SourceError, closest
from lithify.grammar.ast import ExecForm
from lithify.grammar.heredoc import chomp, parse_heredoc_word
from lithify.grammar.words import ExpansionError, quoted

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.plan import Mount
    from lithify.compiler.state import Pairs, StageState
    from lithify.grammar.ast import Heredoc, Run

#: Where the body of a heredoc that starts with `#!` is shown to the process.
SCRIPT_DIRECTORY = "/dev/pipes"
_HOSTNAME_ARG = "BUILDKIT_SANDBOX_HOSTNAME"
_NO_DEVICES = "device feature is only supported in Dockerfile frontend 1.14.0-labs or later"


def lower_run(instruction: Run, state: StageState, lowering: Lowering) -> Change:
    """A process over the stage's file system. Raises SourceError at the flag."""
    argv, script = _command(instruction, state)
    if not argv:
        raise SourceError("RUN names no command to run", span=instruction.span)
    device = instruction.flag("device")
    if device is not None:
        raise SourceError(_NO_DEVICES, span=device.span)
    mounts = lower_mounts(instruction, state, lowering)
    options = lowering.options
    op = RunOp(
        argv,
        _environment(state.env, mounts),
        state.working_dir,
        state.config.user,
        _network(instruction, lowering),
        _is_secure(instruction, lowering),
        mounts,
        script,
        proxy_variables(lowering.scope.build_args),
        lowering.scope.build_args.get(_HOSTNAME_ARG) or options.hostname,
        options.extra_hosts,
        options.shm_size_bytes,
        options.ulimits,
    )
    state = state.noting(f"RUN {_args_block(state)}{' '.join(argv)} # buildkit", has_layer=True)
    return Change(state, op, _summary(instruction.heredocs))


def _command(
    instruction: Run, state: StageState
) -> tuple[tuple[str, ...], tuple[str, bytes] | None]:
    """The argument vector and the script to show, if a heredoc brings one."""
    command, heredocs = instruction.command, instruction.heredocs
    if isinstance(command, ExecForm) or not heredocs:
        return command_line(command, state), None
    if len(heredocs) == 1 and _is_heredoc_word(command.text):
        heredoc = heredocs[0]
        body = chomp(heredoc.content) if heredoc.chomp else heredoc.content
        if body.startswith("#!") and state.platform.os != "windows":
            script = (heredoc.name, body.encode("utf-8", "surrogateescape"))
            return (*state.shell, f"{SCRIPT_DIRECTORY}/{heredoc.name}"), script
        return (*state.shell, body), None
    bodies = (f"\n{heredoc.content}{heredoc.name}" for heredoc in heredocs)
    return (*state.shell, command.text + "".join(bodies)), None


def _is_heredoc_word(text: str) -> bool:
    try:
        return parse_heredoc_word(text.strip()) is not None
    except ExpansionError:
        return False


def _summary(heredocs: tuple[Heredoc, ...]) -> str:
    if not heredocs:
        return ""
    lines = heredocs[0].content.strip().replace("\r\n", "\n").split("\n")
    return f"({lines[0]}{'...' if len(lines) > 1 else ''})"


def _environment(env: Pairs, mounts: tuple[Mount, ...]) -> Pairs:
    sockets = [mount.target for mount in mounts if isinstance(mount, SshMount)]
    if not sockets or any(name == "SSH_AUTH_SOCK" for name, _ in env):
        return env
    return (*env, ("SSH_AUTH_SOCK", sockets[0]))


def _args_block(state: StageState) -> str:
    """`|2 A=1 B= `: all ARGs so far with their current values, each once."""
    if not state.args:
        return ""
    variables = state.variables
    shown: dict[str, str] = {}
    for name, value in state.args:
        shown[name] = variables.get(name, value or "")
    pairs = " ".join(f"{name}={value}" for name, value in shown.items())
    return f"|{len(shown)} {pairs} "


def _choice(instruction: Run, name: str, choices: tuple[str, ...], message: str) -> str:
    """The value of a flag, the first choice if it is not given."""
    flag = instruction.flag(name)
    if flag is None or not flag.value:
        return choices[0]
    if flag.value not in choices:
        guess = closest(flag.value, choices)
        raise SourceError(message.format(quoted(flag.value)), span=flag.span, suggestion=guess)
    return flag.value


def _network(instruction: Run, lowering: Lowering) -> str:
    choices = ("default", "none", "host")
    asked = _choice(instruction, "network", choices, "invalid network mode {}")
    if asked == "host" and lowering.options.network != "host":
        _check_entitlement("network.host", "network", instruction, lowering)
    return lowering.options.network if asked == "default" else asked


def _is_secure(instruction: Run, lowering: Lowering) -> bool:
    choices = ("sandbox", "insecure")
    asked = _choice(instruction, "security", choices, "security {} is not valid")
    if asked == "insecure":
        _check_entitlement("security.insecure", "security", instruction, lowering)
    return asked == "sandbox"


def _check_entitlement(name: str, flag_name: str, instruction: Run, lowering: Lowering) -> None:
    if name in lowering.options.allow:
        return
    flag = instruction.flag(flag_name)
    raise SourceError(
        f"entitlement {name} is not allowed",
        span=flag.span if flag else instruction.span,
        hint=f"allow it with --allow {name}",
    )

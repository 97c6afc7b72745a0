"""Owns the instructions that set one plain member of the config: USER, VOLUME, STOPSIGNAL, ONBUILD.

Specification: sections 3.9, 3.10 and 3.12.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change, configured
from lithify.errors import SourceError
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Onbuild, Stopsignal, User, Volume

_SIGNALS = frozenset((
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT",
    "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM",
    "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
    "RTMIN", "RTMAX",
))  # fmt: skip
_REAL_TIME = re.compile(r"RTM(?:IN\+(?:[1-9]|1[0-5])|AX-(?:[1-9]|1[0-4]))\Z")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}\Z")


def lower_user(instruction: User, state: StageState, lowering: Lowering) -> Change:
    """Set the user as written; it is looked up when a process starts."""
    user = lowering.expand(instruction.user, state)
    return configured(state, replace(state.config, user=user), f"USER {user}")


def lower_volume(instruction: Volume, state: StageState, lowering: Lowering) -> Change:
    """Add volumes, each text as it is after expansion."""
    paths = tuple(lowering.expand(word, state) for word in instruction.paths)
    volumes = tuple(sorted({*state.config.volumes, *paths}))
    config = replace(state.config, volumes=volumes)
    return configured(state, config, f"VOLUME [{' '.join(paths)}]")


def lower_stopsignal(instruction: Stopsignal, state: StageState, lowering: Lowering) -> Change:
    """Set the stop signal as written. Raises SourceError for no known signal."""
    signal = lowering.expand(instruction.signal, state)
    if not is_signal(signal):
        raise SourceError(
            f"invalid signal: {signal}",
            span=instruction.signal.span,
            hint="give a number other than 0 or a name such as SIGTERM",
        )
    return configured(state, replace(state.config, stop_signal=signal), f"STOPSIGNAL {signal}")


def is_signal(text: str) -> bool:
    """A number other than 0, or a Linux signal's name with or without SIG in any case."""
    if _NUMBER.match(text):
        return int(text) != 0
    name = text.upper().removeprefix("SIG")
    return name in _SIGNALS or bool(_REAL_TIME.match(name))


def lower_onbuild(instruction: Onbuild, state: StageState, lowering: Lowering) -> Change:
    """Store the trigger; nothing happens in this build and the history says nothing."""
    triggers = (*state.config.on_build, instruction.trigger)
    return Change(state.with_config(replace(state.config, on_build=triggers)))

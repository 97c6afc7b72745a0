"""Owns EXPOSE: port specifications as the docker command line writes them.

Host addresses and ports are checked and dropped. Specification: section 3.10.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from lithify.compiler.expansion import split_word
from lithify.compiler.lower.context import configured
from lithify.errors import SourceError
from lithify.grammar.words import quoted
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Change, Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Expose

_PROTOCOLS = ("tcp", "udp", "sctp")
_LAST_PORT = 65535


def lower_expose(instruction: Expose, state: StageState, lowering: Lowering) -> Change:
    """Add ports; one variable may hold several. Raises SourceError at the argument."""
    ports: list[str] = []
    for word in sorted(instruction.ports, key=lambda one: one.text):
        for text in split_word(word, state.variables, lowering.escape):
            try:
                ports += parse_ports(text)
            except ValueError as error:
                raise SourceError(str(error), span=word.span) from error
    ports = list(dict.fromkeys(ports))
    exposed = tuple(sorted({*state.config.exposed_ports, *ports}))
    config = replace(state.config, exposed_ports=exposed)
    return configured(state, config, f"EXPOSE [{' '.join(ports)}]")


def parse_ports(text: str) -> list[str]:
    """Ports such as `80/tcp` of `[[ip:]host:]port[-port][/protocol]`. Raises ValueError."""
    spec, slash, protocol = text.partition("/")
    address, host, container = _split(spec)
    protocol = protocol.lower() if slash and protocol else "tcp"
    if not container:
        raise ValueError(f"invalid port: {quoted(text)}: no port specified")
    if protocol not in _PROTOCOLS:
        raise ValueError(f"invalid proto: {protocol}")
    _check_address(address)
    first, last = _range(container, "containerPort")
    if host:
        host_first, host_last = _range(host, "hostPort")
        is_one_of_many = first == last and host_first != host_last
        if not is_one_of_many and last - first != host_last - host_first:
            raise ValueError(
                f"invalid ranges specified for container and host Ports: {container} and {host}"
            )
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def _split(spec: str) -> tuple[str, str, str]:
    parts = spec.split(":")
    if len(parts) == 1:
        return "", "", parts[0]
    if len(parts) == 2:
        return "", parts[0], parts[1]
    return ":".join(parts[:-2]), parts[-2], parts[-1]


def _check_address(address: str) -> None:
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not bare:
        return
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        raise ValueError(f"invalid IP address: {address}") from None


def _range(text: str, what: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    numbers = [_port(one, text, what) for one in ((first, last) if dash else (first, first))]
    if numbers[1] < numbers[0]:
        raise ValueError(f"invalid {what}: {text}")
    return numbers[0], numbers[1]


def _port(text: str, whole: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= _LAST_PORT):
        raise ValueError(f"invalid {what}: {whole}")
    return int(text)

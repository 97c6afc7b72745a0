"""Owns the network of sandboxed processes: namespaces joined to a bridge, behind address translation.

It runs in a companion process, because loading pyroute2 takes longer than many builds and because
namespaces belong to threads; it is the only importer of pyroute2. A build's network has a number, and
who holds the abstract socket of that number owns its bridge and table: so what a killed build left
behind is known to be nobody's, and the next build removes it.
It refuses to touch links, tables and addresses that don't carry its prefix.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv4Network
from socket import AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, inet_aton, socket
from typing import TYPE_CHECKING, Any

from pyroute2.iproute.linux import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.nftables.expressions import genex, verdict
from pyroute2.nftables.main import NFTables

from lithify.executor.isolation import kernel, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "lithify"
#: Where /24 networks are taken from; what the host already routes is skipped.
_POOLS = tuple(IPv4Network(pool) for pool in ("10.192.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
_PREFIX_LENGTH = 24
_COUNTS = tuple(1 << (_PREFIX_LENGTH - pool.prefixlen) for pool in _POOLS)
NETWORKS = sum(_COUNTS)
_OWN_NAMESPACE = "/proc/thread-self/ns/net"
_FORWARDING = "/proc/sys/net/ipv4/ip_forward"

_HOOK_FORWARD = 2
_POLICY_DROP = 0
_POLICY_ACCEPT = 1
_SOURCE_NAT_PRIORITY = 100
_NETWORK_HEADER = 1
_SOURCE_ADDRESS_OFFSET = 12
_META_INPUT_NAME, _META_OUTPUT_NAME = 6, 7
_NAME_BYTES = 16
_ACCEPT = 1
#: inet and ip.
_FAMILIES = (1, 2)
_EQUAL, _NOT_EQUAL = 0, 1


class NetworkError(Exception):
    """The host does not let a network be made."""


def main(control_fd: int) -> None:
    """Serve namespaces over a socket until it closes, then remove everything.

    Taking a network down takes the kernel longer than builds want to wait, so this goes on as an orphan.
    """
    if os.fork():
        os._exit(0)
    control = socket(AF_UNIX, SOCK_SEQPACKET, 0, control_fd)
    os.setsid()
    try:
        network = BuildNetwork()
    except (OSError, NetworkError, NetlinkError) as error:
        wire.send(control, {"error": _reason(error)})
        return
    try:
        while wire.receive(control) is not None:
            namespace = network.make_namespace()
            wire.send(control, {"made": True}, [namespace])
            os.close(namespace)
    finally:
        network.close()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    return str(error) or type(error).__name__


def claim(number: int) -> socket | None:
    """Own a network number as long as the socket is open; None if somebody else does."""
    holder = socket(AF_UNIX, SOCK_DGRAM)
    try:
        holder.bind(f"\0{PREFIX}.network.{number}")
    except OSError:
        holder.close()
        return None
    return holder


def network_of(number: int) -> IPv4Network:
    """The /24 network with a number below NETWORKS."""
    for pool, count in zip(_POOLS, _COUNTS, strict=True):
        if number < count:
            return IPv4Network((int(pool.network_address) + (number << 8), _PREFIX_LENGTH))
        number -= count
    raise ValueError("no such network")


def free_networks(taken: list[IPv4Network], start: int) -> Iterator[tuple[int, IPv4Network]]:
    """All (number, network) that overlap none of `taken`, in a rotation beginning at `start`."""
    for step in range(NETWORKS):
        number = (start + step) % NETWORKS
        network = network_of(number)
        if not any(network.overlaps(other) for other in taken):
            yield number, network


class BuildNetwork:
    """A bridge with address translation, and the namespaces attached to it. Not thread-safe."""

    def __init__(self) -> None:
        self._host_namespace = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
        self._links = IPRoute()
        self._tables = NFTables()
        self._made = 0
        self._is_in_firewall = False
        self._reap()
        self._number, self.subnet, self._holder = self._claim_subnet()
        self.bridge = f"{PREFIX}{self._number}"
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    @property
    def gateway(self) -> IPv4Address:
        """The bridge's address, which is the host as seen from inside."""
        return self.subnet[1]

    def make_namespace(self) -> int:
        """A new network namespace with loopback, an address and a default route; the caller closes it."""
        self._made += 1
        address = self.subnet[1 + self._made % (self.subnet.num_addresses - 3) + 1]
        namespace, inside = self._new_namespace()
        try:
            name = f"{PREFIX[:2]}{self._number}.{self._made}"
            peer = {"ifname": "eth0", "net_ns_fd": namespace}
            self._links.link("add", ifname=name, kind="veth", peer=peer)
            index = self._index(self._links, name)
            self._links.link("set", index=index, master=self._index(self._links, self.bridge))
            inner = self._index(inside, "eth0")
            inside.addr("add", index=inner, address=str(address), prefixlen=_PREFIX_LENGTH)
            for number in (self._index(inside, "lo"), inner):
                inside.link("set", index=number, state="up")
            self._links.link("set", index=index, state="up")
            inside.route("add", dst="default", gateway=str(self.gateway))
        finally:
            inside.close()
        return namespace

    def close(self) -> None:
        """Remove bridge and table; namespaces vanish with their last process. Idempotent."""
        self._remove(self.bridge)
        if self._is_in_firewall:
            self._leave_firewall(self.bridge)
        self._holder.close()

    def _new_namespace(self) -> tuple[int, Any]:
        """A namespace and a netlink socket in it."""
        kernel.unshare(kernel.CLONE_NEWNET)
        try:
            namespace = os.open(_OWN_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            return namespace, IPRoute()
        finally:
            kernel.setns(self._host_namespace, kernel.CLONE_NEWNET)

    def _index(self, links: Any, name: str) -> int:
        return int(links.link_lookup(ifname=name)[0])

    def _claim_subnet(self) -> tuple[int, IPv4Network, socket]:
        for number, network in free_networks(self._routed(), os.getpid() % _COUNTS[0]):
            holder = claim(number)
            if holder is not None:
                return number, network, holder
        raise NetworkError("every private network is in use on this host")

    def _routed(self) -> list[IPv4Network]:
        """The networks the host has routes to, other than by default."""
        routes = self._links.get_routes(family=AF_INET)
        return [
            IPv4Network(f"{route.get_attr('RTA_DST')}/{route['dst_len']}", strict=False)
            for route in routes
            if route["dst_len"] and route.get_attr("RTA_DST")
        ]

    def _set_up(self) -> None:
        with open(_FORWARDING, "r+") as file:
            if file.read().strip() != "1":
                file.seek(0)
                file.write("1")
        self._links.link("add", ifname=self.bridge, kind="bridge")
        index = self._index(self._links, self.bridge)
        address = str(self.gateway)
        self._links.addr("add", index=index, address=address, prefixlen=_PREFIX_LENGTH)
        self._links.link("set", index=index, state="up")
        self._tables.begin()
        self._tables.table("add", name=self.bridge)
        self._tables.chain(
            "add",
            table=self.bridge,
            name="postrouting",
            hook="postrouting",
            type="nat",
            priority=_SOURCE_NAT_PRIORITY,
            policy=_POLICY_ACCEPT,
        )
        rule = masquerade_rule(self.subnet, self.bridge)
        self._tables.rule("add", table=self.bridge, chain="postrouting", expressions=(rule,))
        self._tables.commit()
        self._pass_firewall()

    def _pass_firewall(self) -> None:
        """Let our packets through chains that drop what is forwarded, as other engines set up.

        Another table's verdict can't be overruled, so rules are put into those chains themselves."""
        for family in _FAMILIES:
            with NFTables(nfgen_family=family) as tables:
                dropping = [chain for chain in tables.get_chains() if _drops_forwarded(chain)]
                for chain in dropping:
                    self._insert_accepting_rules(tables, chain)

    def _insert_accepting_rules(self, tables: Any, chain: Any) -> None:
        self._is_in_firewall = True
        tables.begin()
        for key in (_META_INPUT_NAME, _META_OUTPUT_NAME):
            tables.rule(
                "insert",
                table=chain.get_attr("NFTA_CHAIN_TABLE"),
                chain=chain.get_attr("NFTA_CHAIN_NAME"),
                expressions=([*_compare_name(key, _EQUAL, self.bridge), *verdict(_ACCEPT)],),
            )
        tables.commit()

    def _leave_firewall(self, name: str) -> None:
        """Take our rules out of other tables' chains again."""
        for family in _FAMILIES:
            with NFTables(nfgen_family=family) as tables:
                for rule in [rule for rule in tables.get_rules() if _names(rule, name)]:
                    tables.begin()
                    tables.rule(
                        "del",
                        table=rule.get_attr("NFTA_RULE_TABLE"),
                        chain=rule.get_attr("NFTA_RULE_CHAIN"),
                        handle=rule.get_attr("NFTA_RULE_HANDLE"),
                    )
                    tables.commit()

    def _reap(self) -> None:
        """Remove what builds that were killed left behind."""
        names = {link.get_attr("IFLA_IFNAME") for link in self._links.get_links()}
        names |= {table.get_attr("NFTA_TABLE_NAME") for table in self._tables.get_tables()}
        for name in sorted(names):
            number = name.removeprefix(PREFIX)
            if number == name or not number.isdecimal():
                continue
            holder = claim(int(number))
            if holder is not None:
                self._remove(name)
                self._leave_firewall(name)
                holder.close()

    def _remove(self, name: str) -> None:
        if any(table.get_attr("NFTA_TABLE_NAME") == name for table in self._tables.get_tables()):
            self._tables.begin()
            self._tables.table("del", name=name)
            self._tables.commit()
        for index in self._links.link_lookup(ifname=name):
            self._links.link("del", index=index)


def masquerade_rule(subnet: IPv4Network, bridge: str) -> list[Any]:
    """nft: ip saddr SUBNET oifname != BRIDGE masquerade."""
    size = subnet.prefixlen // 8
    return [
        genex(
            "payload",
            {"dreg": 1, "base": _NETWORK_HEADER, "offset": _SOURCE_ADDRESS_OFFSET, "len": size},
        ),
        _compare(_EQUAL, inet_aton(str(subnet.network_address))[:size]),
        *_compare_name(_META_OUTPUT_NAME, _NOT_EQUAL, bridge),
        genex("masq", {}),
    ]


def _compare_name(key: int, operator: int, name: str) -> list[Any]:
    return [
        genex("meta", {"dreg": 1, "key": key}),
        _compare(operator, name.encode().ljust(_NAME_BYTES, b"\0")),
    ]


def _drops_forwarded(chain: Any) -> bool:
    hook = chain.get_attr("NFTA_CHAIN_HOOK")
    forwards = hook is not None and hook.get_attr("NFTA_HOOK_HOOKNUM") == _HOOK_FORWARD
    return forwards and chain.get_attr("NFTA_CHAIN_POLICY") == _POLICY_DROP


def _names(rule: Any, interface: str) -> bool:
    """Whether a rule compares something with the name of an interface."""
    wanted = interface.encode().ljust(_NAME_BYTES, b"\0")
    for expression in rule.get_attr("NFTA_RULE_EXPRESSIONS") or ():
        if expression.get_attr("NFTA_EXPR_NAME") == "cmp":
            data = expression.get_attr("NFTA_EXPR_DATA").get_attr("NFTA_CMP_DATA")
            if data is not None and data.get_attr("NFTA_DATA_VALUE") == wanted:
                return True
    return False


def _compare(operator: int, value: bytes) -> Any:
    data = {"attrs": [("NFTA_DATA_VALUE", value)]}
    return genex("cmp", {"sreg": 1, "op": operator, "data": data})

"""Networks of their own: reachability of the host, reuse, several at a time, and leftovers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import threading
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from lithify.executor.isolation import kernel
from lithify.executor.isolation.namespaces import NamespaceSandbox
from lithify.executor.isolation.netpool import NetworkPool
from lithify.executor.isolation.network import NETWORKS, PREFIX, claim, free_networks, network_of

_GATEWAY = "ip route | awk '/default/ {print $3}'"


def _bridges() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(PREFIX)}


def _gateway_of(namespace: int) -> str:
    def enter() -> None:
        kernel.setns(namespace, kernel.CLONE_NEWNET)

    command = ["/bin/busybox", "ip", "route"]
    routes = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=enter)
    words = routes.stdout.split()
    return words[words.index("via") + 1]


def _is_local(address: str) -> bool:
    """Whether an address is one of this host's: only then can it be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def test_networks_are_numbered_without_gaps_or_overlap() -> None:
    networks = [network_of(number) for number in range(NETWORKS)]
    assert len(set(networks)) == NETWORKS
    assert networks[0] == IPv4Network("10.192.0.0/24")
    assert networks[-1] == IPv4Network("192.168.255.0/24")
    with pytest.raises(ValueError, match="no such network"):
        network_of(NETWORKS)


def test_networks_the_host_routes_are_skipped() -> None:
    taken = [IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")]
    assert next(free_networks(taken, 5))[1] == IPv4Network("192.168.0.0/24")
    everything = [IPv4Network("0.0.0.0/0")]
    assert list(free_networks(everything, 0)) == []


def test_a_number_has_one_owner_at_a_time() -> None:
    first = claim(NETWORKS + 1)
    assert first is not None
    assert claim(NETWORKS + 1) is None
    first.close()
    again = claim(NETWORKS + 1)
    assert again is not None
    again.close()


@pytest.mark.root
def test_a_process_reaches_the_host_through_its_gateway(world: Any, notices: list[str]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        served: list[str] = []

        def serve() -> None:
            connection, peer = server.accept()
            with connection:
                served.append(peer[0])
                connection.sendall(b"hello\n")

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        outcome = world.run(f"nc $({_GATEWAY}) {port}", network="default")
        thread.join()
    assert (outcome.output, notices) == ("hello\n", [])
    assert any(served[0].startswith(prefix) for prefix in ("10.", "172.", "192."))


@pytest.mark.root
def test_the_hosts_own_address_is_reached_too(world: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address = probe.getsockname()[0]
    outcome = world.run(f"ping -c1 -W2 {address} > /dev/null && echo pong", network="default")
    assert outcome.output == "pong\n"


@pytest.mark.root
def test_namespaces_are_reused_one_after_another_and_distinct_at_once(world: Any) -> None:
    address = "ip -4 addr show eth0 | awk '/inet/ {print $2}'"
    first = world.run(address, network="default").output
    assert world.run(address, network="default").output == first
    barrier = threading.Barrier(3)
    seen: list[str] = []

    def one() -> None:
        barrier.wait()
        seen.append(world.run(f"{address}; sleep 0.2", network="default").output)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 3


@pytest.mark.root
def test_an_insecure_process_spoils_its_namespace_for_others(world: Any) -> None:
    script = "ip addr add 192.0.2.77/32 dev eth0; ip -4 addr show eth0 | grep -c inet"
    assert world.run(script, network="default", insecure=True).output == "2\n"
    assert world.run(script, network="default").output.splitlines()[-1] == "1"


@pytest.mark.root
def test_two_builds_have_two_bridges_and_closing_removes_them() -> None:
    pools = [NetworkPool(print), NetworkPool(print)]
    gateways = []
    for pool in pools:
        namespace = pool.take()
        assert namespace is not None
        gateways.append(_gateway_of(namespace))
        pool.give_back(namespace, unchanged=True)
    assert len(set(gateways)) == 2
    assert all(_is_local(address) for address in gateways)
    for pool in pools:
        pool.close(wait=True)
        pool.close()
    assert not any(_is_local(address) for address in gateways)


@pytest.mark.root
def test_what_a_killed_build_left_is_removed_by_the_next() -> None:
    program = textwrap.dedent(
        """
        import os, signal
        from lithify.executor.isolation.network import BuildNetwork
        network = BuildNetwork()
        print(network.bridge, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    bridge = killed.stdout.strip()
    assert bridge in _bridges()
    pool = NetworkPool(print)
    namespace = pool.take()
    assert namespace is not None
    os.close(namespace)
    assert bridge not in _bridges()
    pool.close(wait=True)


@pytest.mark.root
def test_without_a_network_of_its_own_the_host_is_shared_with_a_notice(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lithify.executor.isolation.netpool.find_spec", lambda _: None)
    notices: list[str] = []
    sandbox = NamespaceSandbox(notices.append)
    script = "readlink /proc/self/ns/net"
    for _ in range(2):
        outcome = world.run(script, network="default", sandbox=sandbox)
        assert outcome.output.strip() == os.readlink("/proc/self/ns/net")
    sandbox.close()
    assert notices == ["steps share the host's network: pyroute2 is not installed"]


@pytest.mark.root
@pytest.mark.parametrize("family", ["ip", "inet"])
def test_a_firewall_that_drops_forwarded_packets_lets_ours_pass(family: str) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pyroute2.nftables.main import NFTables
        from lithify.executor.isolation import kernel
        from lithify.executor.isolation.network import BuildNetwork

        def rules():
            return list(tables.get_rules())

        kernel.unshare(kernel.CLONE_NEWNET)
        family = {"inet": 1, "ip": 2}[sys.argv[1]]
        tables = NFTables(nfgen_family=family)
        tables.begin()
        tables.table("add", name="filter")
        tables.chain("add", table="filter", name="FORWARD", hook="forward", policy=0)
        tables.commit()
        before = len(rules())
        network = BuildNetwork()
        own = 1 if sys.argv[1] == "ip" else 0
        print(len(rules()) - before - own, flush=True)
        network.close()
        print(len(rules()) - before, flush=True)
        """
    )
    result = subprocess.run(
        [sys.executable, "-c", program, family],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert (result.stdout.split(), result.stderr) == (["2", "0"], "")

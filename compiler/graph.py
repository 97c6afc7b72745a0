"""Owns graph algorithms over stages and steps; nothing else imports networkx.

networkx costs 0.3 s to import, more than a whole cached build, so it is loaded inside the functions that need it.
Stages that only look back at earlier ones, as in nearly all files, are in topological order as they stand: they
have no cycle, and one sweep from the end finds what is needed. It refuses to hold graphs: edges are plain data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx

    from lithify.compiler.plan import Plan


def _looks_back_only(edges: Mapping[int, Iterable[int]]) -> bool:
    return all(other < one for one, others in edges.items() for other in others)


def find_cycle_start(edges: Mapping[int, Iterable[int]]) -> tuple[int, tuple[int, int]] | None:
    """The first node from which a walk closes a cycle, and the edge that closes it; or None."""
    if _looks_back_only(edges):
        return None
    import networkx as nx

    graph = _graph(edges)
    for node in sorted(edges):
        try:
            cycle = nx.find_cycle(graph, source=node)
        except nx.NetworkXNoCycle:
            continue
        user, needed = cycle[-1][:2]
        return node, (user, needed)
    return None


def reachable(edges: Mapping[int, Iterable[int]], start: int) -> frozenset[int]:
    """The nodes a node needs, directly or not, and itself."""
    if _looks_back_only(edges):
        needed = {start}
        for node in range(start, -1, -1):
            if node in needed:
                needed.update(edges.get(node, ()))
        return frozenset(needed)
    import networkx as nx

    return frozenset(nx.descendants(_graph(edges), start)) | {start}


def _graph(edges: Mapping[int, Iterable[int]]) -> nx.DiGraph[int]:
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(sorted(edges))
    graph.add_edges_from((one, other) for one in sorted(edges) for other in sorted(edges[one]))
    return graph


def plan_graph(plan: Plan) -> nx.DiGraph[int]:
    """Steps as nodes, an edge from every input to its user."""
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(step.index for step in plan.steps)
    graph.add_edges_from((one, step.index) for step in plan.steps for one in step.inputs)
    return graph


def shown_edges(plan: Plan) -> tuple[tuple[int, int], ...]:
    """The edges worth drawing: those that no longer path implies, sorted."""
    import networkx as nx

    return tuple(sorted(nx.transitive_reduction(plan_graph(plan)).edges))

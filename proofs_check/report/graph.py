"""Which lemma rests on which, and on what from the literature: layers from left to right, as SVG."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from ..kernel.verdicts import Verdict
from ..runner import Report

WIDTH, COLUMN, LINE, PAD, ROW_GAP, LETTERS = 205, 260, 15, 8, 12, 28
SWEEPS = 6
MARKS = dict(zip(Verdict, ("✓", "❝", "?", "✗"), strict=True))


@dataclass(frozen=True)
class Node:
    """A box: a lemma, or a citation (which has no verdict and no place to link to)."""

    key: str
    lines: tuple[str, ...]
    full: str
    verdict: Verdict | None = None
    link: str = ""

    @property
    def height(self) -> int:
        return len(self.lines) * LINE + 2 * PAD


def graph(reports: Sequence[Report], links: Mapping[str, str]) -> str:
    """The SVG; lemmas without any edge are left out. Empty if there is no edge at all."""
    nodes, edges = _nodes_and_edges(reports, links)
    top, parts, columns = PAD, list[str](), 0
    for component in _components(nodes, edges):
        layers = _layers(component, edges)
        places = _places(layers, top)
        parts += [_edge(places, nodes, a, b) for a, b in edges if a in places]
        parts += [_box(nodes[key], places[key]) for layer in layers for key in layer]
        top = max(y + nodes[key].height for key, (_, y) in places.items()) + 2 * ROW_GAP
        columns = max(columns, len(layers))
    if not parts:
        return ""
    width = columns * COLUMN
    head = f'<svg class="graph" viewBox="0 0 {width} {top}" width="{width}" height="{top}" role="img"'
    said = f"{len(nodes)} lemmas and citations, {len(edges)} arrows from what is used to what uses it"
    return f'{head} aria-label="{said}">{"".join(parts)}</svg>'


def _nodes_and_edges(
    reports: Sequence[Report], links: Mapping[str, str]
) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    for r in reports:
        used = [(u.name, u.name) for u in r.checked.lemma.uses()]
        cited = {m: f"cited {m}" for _, o, _ in r.checked.steps for m in o.modulo}
        for name, key in (*used, *cited.items()):
            edges.append((key, r.name))
            if key not in nodes and key.startswith("cited "):
                nodes[key] = Node(key, _lines(f"❝ {name}"), name)
    joined = {key for edge in edges for key in edge}
    for r in reports:
        if r.name in joined:
            lines, full = _lines(f"{MARKS[r.verdict]} {r.name}"), f"{r.name}: {r.verdict}"
            nodes[r.name] = Node(r.name, lines, full, r.verdict, links[r.name])
    return nodes, [(a, b) for a, b in edges if a in nodes and b in nodes]


def _lines(text: str) -> tuple[str, ...]:
    lines = textwrap.wrap(text, LETTERS)
    return (*lines[:2], f"{lines[2][: LETTERS - 1]}…") if len(lines) > 3 else tuple(lines)


def _components(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """Connected parts, the largest first."""
    part = {key: {key} for key in nodes}
    for a, b in edges:
        if part[a] is not part[b]:
            joined = part[a] | part[b]
            part.update(dict.fromkeys(joined, joined))
    distinct = {id(p): p for p in part.values()}
    for keys in sorted(distinct.values(), key=lambda p: (-len(p), min(p))):
        yield [key for key in nodes if key in keys]


def _layers(component: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Each box to the right of all that it rests on, ordered so that few arrows cross."""
    depth: dict[str, int] = {}

    def deep(key: str) -> int:
        if key not in depth:
            depth[key] = 1 + max((deep(a) for a, b in edges if b == key), default=-1)
        return depth[key]

    layers: list[list[str]] = [[] for _ in range(1 + max(deep(key) for key in component))]
    for key in component:
        layers[depth[key]].append(key)
    for _ in range(SWEEPS):
        rank = {key: (i + 0.5) / len(layer) for layer in layers for i, key in enumerate(layer)}
        for layer in layers:
            layer.sort(key=lambda key: _middle(key, edges, rank))
    return layers


def _middle(key: str, edges: Sequence[tuple[str, str]], rank: Mapping[str, float]) -> float:
    """The mean place of a box's neighbours."""
    near = [rank[b if a == key else a] for a, b in edges if key in (a, b)]
    return sum(near) / len(near) if near else rank[key]


def _places(layers: Sequence[Sequence[str]], top: int) -> dict[str, tuple[int, int]]:
    """Upper left corners, one box below the other in each column."""
    tall = 3 * LINE + 2 * PAD + ROW_GAP
    most = max(len(layer) for layer in layers)
    return {
        key: (i * COLUMN + PAD, top + int((j + 0.5) * most * tall / len(layer) - tall / 2))
        for i, layer in enumerate(layers)
        for j, key in enumerate(layer)
    }


def _edge(places: Mapping[str, tuple[int, int]], nodes: Mapping[str, Node], a: str, b: str) -> str:
    x1, y1 = places[a][0] + WIDTH, places[a][1] + nodes[a].height // 2
    x2, y2 = places[b][0], places[b][1] + nodes[b].height // 2
    bend = (x2 - x1) // 2
    curve = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 6} {y2}"
    return f'<path class="edge" d="{curve}"/><path class="tip" d="M{x2} {y2} l-7 -4 v8 z"/>'


def _box(node: Node, place: tuple[int, int]) -> str:
    x, y = place
    kind = str(node.verdict) if node.verdict is not None else "source"
    corner = 6 if node.verdict is not None else 0
    lines = "".join(
        f'<text x="{x + PAD}" y="{y + PAD + LINE * i + 11}">{escape(line)}</text>'
        for i, line in enumerate(node.lines)
    )
    rect = f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{node.height}" rx="{corner}"/>'
    box = f'<g class="{kind}"><title>{escape(node.full)}</title>{rect}{lines}</g>'
    return f'<a href="#{escape(node.link)}">{box}</a>' if node.link else box

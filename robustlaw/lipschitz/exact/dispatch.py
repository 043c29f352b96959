"""Which exact method suits a network, and what it adds to a known bracket."""

from __future__ import annotations

import time

from ...evidence import Bracket
from ...networks import Network, activation
from ..attained import ASSUMPTION
from . import shallow
from .cells import Cells
from .deep_bound import DeepBound
from .edges import MOST_STEPS, STEPS_A_SECOND, Arrangement, Edges
from .enumeration import Enumeration
from .model import Model
from .search import Search, Threshold
from .smooth import Plane, Subdivision
from .tree import Node, certificate

# Cells are visited recursively, one call a unit at most.
MOST_UNITS = 400
# Share of the time for a search with semidefinite bounds; the rest is for proving its leaves.
SEARCHING = 0.9


def close(
    net: Network, known: Bracket, tolerance: float, seconds: float, threshold: Threshold = None
) -> Bracket:
    """`known` made tighter, until its ends agree up to `tolerance` or time is up.

    threshold : (low, high): stop as soon as the lower end reaches high or the upper end is below low
    """
    deadline = time.monotonic() + seconds
    if net.arch.layers == 1 or known.upper <= known.lower * (1.0 + tolerance):
        return known
    model = Model.of(net)
    kinked = activation(net.arch.activation).kink
    if kinked and model.inputs <= 2 and net.arch.layers == 2 and net.arch.widths[-1] == 1:
        known = _along_edges(model, known, deadline)
        if known.upper <= known.lower * (1.0 + tolerance):
            return known
    if kinked and model.inputs <= 2 and model.hidden <= MOST_UNITS:
        return _enumerated(model, known, deadline)
    plane = Plane.of(model)
    if plane is not None:
        return _subdivided(plane, known, tolerance, deadline, threshold)
    if net.arch.layers == 2 and net.arch.widths[-1] == 1 and not model.slopes.is_single:
        return _shallow(model, known, tolerance, deadline, threshold)
    if kinked:
        return _deep(model, known, tolerance, deadline, threshold)
    return known


def _enumerated(model: Model, known: Bracket, deadline: float) -> Bracket:
    state = Enumeration(model, deadline)
    done = state.run()
    value, point = state.witness()
    method = f"exact, l2: enumeration of cells ({state.cells} cells{'' if done else ', stopped by time'})"
    found = Bracket(
        value,
        state.upper() if done else max(known.upper, value),
        method,
        witness=None if point is None else tuple(point.tolist()),
        certificate=state.certificate() if done else known.certificate,
    )
    return known.intersect(found)


def _deep(model: Model, known: Bracket, tolerance: float, deadline: float, threshold: Threshold) -> Bracket:
    now = time.monotonic()
    stop = now + SEARCHING * (deadline - now)
    state = Search(model, DeepBound(model), Cells(model), tolerance, stop, known.lower, threshold=threshold)
    root = state.run()
    return joined(known, state, root, "branch and bound with semidefinite bounds")


def _shallow(
    model: Model, known: Bracket, tolerance: float, deadline: float, threshold: Threshold
) -> Bracket:
    kinked = activation(model.net.arch.activation).kink
    free = not kinked or shallow.every_pattern_is_reached(model) or shallow.has_one_sign(model)
    if not free:
        known = _along_edges(model, known, deadline)
        if known.upper <= known.lower * (1.0 + tolerance):
            return known
    cells = None if free else Cells(model)
    state, root = shallow.search(model, cells, known.lower, tolerance, deadline, threshold)
    name = "free-pattern branch and bound" if free else "branch and bound over reachable patterns"
    return joined(known, state, root, name)


def _subdivided(
    plane: Plane, known: Bracket, tolerance: float, deadline: float, threshold: Threshold
) -> Bracket:
    state = Subdivision(plane, known.lower, tolerance, deadline, threshold)
    done = state.run()
    method = (
        f"exact, l2: subdivision of the plane ({state.count} triangles{'' if done else ', stopped early'})"
    )
    found = Bracket(
        state.attained,
        state.upper(),
        method,
        assumptions=(ASSUMPTION,),
        witness=known.witness if state.witness is None else tuple(state.witness.tolist()),
        certificate=state.certificate(),
    )
    return known.intersect(found)


def _along_edges(model: Model, known: Bracket, deadline: float) -> Bracket:
    """`known` as it is where there are too many lines, or weights of too different size."""
    planes = Arrangement.of(model)
    left = deadline - time.monotonic()
    if planes is None or planes.steps > min(MOST_STEPS, STEPS_A_SECOND * left):
        return known
    state = Edges(planes, known.lower, deadline)
    done = state.run()
    method = f"exact, l2: enumeration of edges ({planes.lines} lines{'' if done else ', stopped by time'})"
    found = Bracket(
        state.attained,
        state.upper() if done else max(known.upper, state.attained),
        method,
        witness=known.witness if state.witness is None else tuple(state.witness.tolist()),
        certificate=state.certificate() if done else known.certificate,
    )
    return known.intersect(found)


def joined(known: Bracket, state: Search, root: Node, name: str) -> Bracket:
    """The better end of each, with its proof."""
    # An upper end below an attained value would be a defect, and raises BrokenInvariant.
    upper = state.upper(root)
    slopes = state.model.slopes
    common: dict[str, tuple[float, ...]] = {"slope_low": (slopes.low,), "slope_high": (slopes.high,)}
    note = "" if state.finished else ", stopped early"
    method = f"exact, l2: {name} ({state.nodes} nodes{note})"
    found = Bracket(
        max(state.attained, known.lower),
        upper,
        method,
        witness=known.witness if state.witness is None else tuple(state.witness.tolist()),
        assumptions=known.assumptions,
        certificate=certificate(root, common, state.relaxation.numbers),
    )
    return known.intersect(found)

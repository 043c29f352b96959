"""From the two ends of a batch to brackets: which rung does what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from ..data.checks import real_array, require_kind
from ..errors import InvalidArgument, NonFinite, ShapeMismatch, UnknownName
from ..evidence import Bracket, Certificate
from ..networks import Mlp, Network, Stack
from ..seeds import generator
from . import lower, semidefinite, upper
from .attained import ASSUMPTION, certified_norms
from .batch import Batch
from .exact import close
from .merging import Merged, merge

EFFORTS = ("fast", "tight", "exact")
# Doubles in the largest matrix of a part of a stack, or, where no such matrix is needed, in its
# weights. A part has LEAST networks or more, as each costs some calls, and a stack MOST at once.
WORKING_SET, FAST_SET, LEAST, MOST = 1_000_000, 120_000, 4, 256

Extra = Float[np.ndarray, "points inputs"]


def bracket(
    net: Network,
    effort: str = "tight",
    *,
    points: np.ndarray | None = None,
    seed: int = 0,
    tolerance: float = 1e-6,
    seconds: float = 60.0,
) -> Bracket:
    """Certified enclosure of the global Lipschitz constant, l2 to l2, on all of R^d.

    effort : "fast"  UPPER smaller of LipLT and ECLipsE-Fast, for one hidden layer and one output
             LipSDP-Layer, which is below both; LOWER steepest of sampled points.
             "tight" starts from fast and adds LipSDP-Neuron (UPPER), by the mixing method for one
             hidden layer and one output and by Newton's method for all else; and a portfolio of
             searches for a steep point (LOWER).
             "exact" starts from tight and closes the gap where a method can: enumeration of cells
             for one or two inputs, of edges for some more and one hidden layer, subdivision of the
             plane for smooth activations on one or two inputs, branch and bound over activation
             patterns otherwise. What time leaves open stays an honest bracket.
    points : further inputs (points, d) whose gradients are tried, for example the data
    seed   : of the sampled points
    tolerance, seconds : of "exact": relative gap at which to stop, and time for the search
    A network without a path from input to output gives exactly 0; one without hidden layer its
    spectral norm. Both ends are safe against rounding. The witness attains the lower end; the
    certificate proves the upper one. Raises UnknownName, ShapeMismatch or NonFinite.
    """
    return bracket_stack([net], effort, points=points, seed=seed, tolerance=tolerance, seconds=seconds)[0]


def bracket_stack(
    nets: Iterable[Network] | Stack,
    effort: str = "tight",
    *,
    points: np.ndarray | None = None,
    seed: int = 0,
    tolerance: float = 1e-6,
    seconds: float = 60.0,
) -> list[Bracket]:
    """`bracket` of every network, in order; networks of one architecture share their linear algebra.

    Up to rounding each result is the one the network gets alone. Shapes may differ. With "exact"
    every network has `seconds` of its own.
    """
    if effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    everything = _networks(nets)
    if effort == "exact":
        _check_budget(tolerance, seconds)
        known = bracket_stack(everything, "tight", points=points, seed=seed)
        return [close(net, b, tolerance, seconds) for net, b in zip(everything, known, strict=True)]
    results: dict[int, Bracket] = {}
    for arch in dict.fromkeys(net.arch for net in everything):
        places = [i for i, net in enumerate(everything) if net.arch == arch]
        extra = _checked(points, arch)
        for begin in range(0, len(places), MOST):
            some = places[begin : begin + MOST]
            batch = Batch.of([everything[i] for i in some])
            count = -(-len(some) // _part(arch, effort))
            edges = [len(some) * i // count for i in range(count + 1)]
            for i, j in pairwise(edges):
                found = _brackets(batch.take(slice(i, j)), effort, extra, seed)
                results.update(zip(some[i:j], found, strict=True))
    return [results[i] for i in range(len(everything))]


def _part(arch: Mlp, effort: str) -> int:
    """Networks at a time, so that their arrays stay near the processor."""
    if effort == "fast" and arch.layers == 2:
        return max(LEAST, FAST_SET // (arch.widths[0] * arch.widths[1]))
    return max(1, WORKING_SET // sum(arch.widths) ** 2)


def _brackets(batch: Batch, effort: str, extra: Extra, seed: int) -> list[Bracket]:
    merged = merge(batch)
    nothing = Bracket.exact(0.0, "no path from an input to an output")
    results = [
        replace(nothing, certificate=merged.proof(i, Certificate("multipliers"))) if joined else nothing
        for i, joined in enumerate(merged.joined)
    ]
    places = np.flatnonzero(~merged.batch.is_constant)
    if len(places):
        everywhere = len(places) == len(batch)
        live, few = (batch, merged) if everywhere else (batch.take(places), merged.take(places))
        if batch.arch.layers == 1:
            ends = lower.linear(live), upper.linear(live)
        else:
            ends = (_fast if effort == "fast" else _tight)(live, few, extra, seed)
        for place, found in zip(places, _joined(live, *ends, effort), strict=True):
            results[place] = found
    return results


def _fast(batch: Batch, merged: Merged, extra: Extra, seed: int) -> tuple[lower.Lowers, upper.Uppers]:
    """Lower ends speak of points of the given networks; upper ends are proved for the merged ones."""
    low = lower.fast(batch, extra, generator("probe", "lipschitz fast", seed))
    return low, merged.about_the_given(upper.fast(merged.batch))


def _tight(batch: Batch, merged: Merged, extra: Extra, seed: int) -> tuple[lower.Lowers, upper.Uppers]:
    low, high = _fast(batch, merged, extra, seed)
    random = generator("probe", "lipschitz tight", seed)
    if not upper.is_scalar_shallow(batch):
        low = low.best(lower.search(batch, low.points[:, None], random))
        if not semidefinite.applies(batch):
            return low, high
        return low, high.best(merged.about_the_given(semidefinite.neuron(merged.batch)))
    sdp, z, signs = upper.mixing(merged.batch, random)
    found = lower.guided(merged.batch, low, z, signs, random)
    if any(merged.joined):  # rounding differs: what counts is what the given weights attain
        found = low.best(replace(found, values=certified_norms(batch, found.points[:, None])[:, 0]))
    return found, high.best(merged.about_the_given(sdp))


def _joined(batch: Batch, low: lower.Lowers, high: upper.Uppers, effort: str) -> list[Bracket]:
    smooth = batch.arch.layers > 1 and not batch.activation.kink and not batch.sector.is_single
    found = []
    for i in range(len(batch)):
        value = float(low.values[i])
        attained = value > 0.0
        found.append(
            Bracket(
                value,
                float(high.values[i]),
                f"{effort}, l2: lower by {low.methods[i] if attained else 'nothing'}; "
                f"upper by {high.methods[i]}",
                assumptions=(ASSUMPTION,) if smooth and attained else (),
                witness=tuple(low.points[i].tolist()) if attained else None,
                certificate=high.certificates[i],
            )
        )
    return found


def _check_budget(tolerance: float, seconds: float) -> None:
    for name, value in (("tolerance", tolerance), ("seconds", seconds)):
        if not 0.0 <= value < np.inf:
            raise InvalidArgument(name, value, "give a finite number that is not negative")


def _networks(nets: Iterable[Network] | Stack) -> list[Network]:
    """The networks in a list. Raises InvalidArgument if they are something else."""
    remedy = "give networks: Network.from_torch, from_arrays and networks.load_network make them"
    if isinstance(nets, Network) or not isinstance(nets, Iterable):
        raise InvalidArgument("nets", nets, "give several networks; bracket takes one")
    everything = list(nets)
    for net in everything:
        require_kind("net", net, Network, remedy)
    return everything


def _checked(points: np.ndarray | None, arch: Mlp) -> Extra:
    inputs = arch.widths[0]
    if points is None:
        return np.zeros((0, inputs))
    array = real_array("points", points)
    if array.ndim != 2 or array.shape[1] != inputs:
        raise ShapeMismatch("points", array.shape, f"give (points, {inputs})")
    if not np.isfinite(array).all():
        raise NonFinite("points", array[~np.isfinite(array)][:3], "points have to be finite")
    return array

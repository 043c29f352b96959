"""Whether a random sparse source contains a target network: widths that suffice, and exact chances.

A source has q_l copies of every unit of layer l of the target (l = 0: of every input, side by side at its
own input; q_L = 1) and keeps every entry of layer l with chance p_l. A copy is *usable* if every target
edge into it is kept from some usable copy of the unit below; the target is contained if every output is
usable. After Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorems 2.1 and 2.2 (recalled); the
inequalities are proved in proofs_check.lemmas.random_widths ("copies that contain a target") and
random_masks ("a target edge in a random source").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import xlog1py
from scipy.stats import binom

from ..data.checks import require_number, whole
from ..errors import InvalidArgument, ShapeMismatch
from ..evidence import Bracket, round_down, round_up
from .coverage import RELATIVE

# Vectors of usable copies that the exact chance of a deep target may look at, a layer.
MOST_STATES = 200_000


def source_copies(edges: Sequence[int], densities: Sequence[float], delta: float) -> tuple[int, ...]:
    """Copies (q_0, ..., q_L) with which a source contains the target with chance at least 1 - delta.

    q_{l-1} is the smallest whole number of at least log(L m_l q_l/delta)/log(1/(1-p_l)), from the last
    layer downwards, q_L = 1; for two layers it is theorem 2.1, in general 2.2. Rationals decide.

    edges : m_l, non-zeros of each layer of the target, first layer first
    """
    counts, shares = _layers(edges, densities)
    require_number("delta", delta)
    if not 0.0 < delta < 1.0:
        raise InvalidArgument("delta", delta, "give a chance of failure between 0 and 1")
    copies = [1]
    for m, p in zip(reversed(counts), reversed(shares), strict=True):
        copies.insert(0, _enough(len(counts) * m * copies[0], p, delta))
    return tuple(copies)


def _enough(links: int, density: float, delta: float) -> int:
    """The fewest copies q >= 1 with links (1-p)^q <= delta."""
    if links == 0 or density == 1.0:
        return 1
    missed, limit = 1 - Fraction(density), Fraction(delta) / links
    q = max(1, math.ceil(math.log(float(limit)) / math.log1p(-density)))
    while missed**q > limit:
        q += 1
    while q > 1 and missed ** (q - 1) <= limit:
        q -= 1
    return q


def failure_bound(edges: Sequence[int], densities: Sequence[float], copies: Sequence[int]) -> float:
    """Union bound on the chance that the target is not contained: sum of m_l q_l (1-p_l)^q_{l-1}.

    An upper bound, rounded up: it asks for every copy to be usable, and adds up what overlaps.
    """
    missed = [m * q * math.exp(log) for m, q, log in _links(edges, densities, copies)]
    return min(1.0, round_up(math.fsum(missed) * (1.0 + RELATIVE)))


def every_copy_usable(edges: Sequence[int], densities: Sequence[float], copies: Sequence[int]) -> Bracket:
    """Chance that every copy of every unit is usable: product of (1 - (1-p_l)^q_{l-1})^(m_l q_l).

    Exact for that event, which is the one the union bound speaks of, at any depth; a lower bound on
    the chance that the target is contained, for which one usable copy may do.
    """
    with np.errstate(divide="ignore"):
        logs = [xlog1py(float(m * q), -np.exp(log)) for m, q, log in _links(edges, densities, copies)]
    return _enclosed(math.exp(math.fsum(map(float, logs))))


def containment(target: Sequence[Any], densities: Sequence[float], copies: Sequence[int]) -> Bracket:
    """Exact chance that a source contains the target, its rounding enclosed.

    target : boolean matrices (out, in), one a layer: the target's edges
    For one or two layers in closed form, as usable copies of different units are then independent.
    For more layers by summation over how many copies of each unit are usable, (q_l + 1)^(n_l) vectors a
    layer: raises InvalidArgument where these are more than MOST_STATES; `every_copy_usable` and
    `failure_bound` hold there too.
    """
    masks = _masks(target)
    counts = [int(m.sum()) for m in masks]
    links = [log for _, _, log in _links(counts, densities, copies)]
    first = np.asarray(-np.expm1(links[0])) ** masks[0].sum(axis=1)  # a copy of each first unit is usable
    if len(masks) == 1:
        return _enclosed(float(np.prod(first)))
    if len(masks) == 2:
        factors = [
            _read(int(copies[1]), float(g), float(densities[1]), int(o))
            for g, o in zip(first, masks[1].sum(axis=0), strict=True)
        ]
        return _enclosed(float(np.prod(factors)))
    return _enclosed(_deep(masks, [float(p) for p in densities], [int(q) for q in copies], first))


def _read(copies: int, usable: float, density: float, readers: int) -> float:
    """Chance that each of the readers of a unit is linked to a usable copy."""
    k = np.arange(copies + 1.0)
    linked = -np.expm1(xlog1py(k, -density))
    return float((binom.pmf(k, copies, usable) * linked**readers).sum())


def _deep(
    masks: Sequence[np.ndarray], densities: Sequence[float], copies: Sequence[int], first: np.ndarray
) -> float:
    """Backwards: chance of success given how many copies of each unit of a layer are usable."""
    sizes = [(copies[i + 1] + 1) ** len(m) for i, m in enumerate(masks[:-1])]
    if max(sizes) > MOST_STATES or max(a * b for a, b in pairwise(sizes)) > 50_000_000:
        raise InvalidArgument("copies", tuple(copies), "too many to add up; use every_copy_usable")
    success = np.ones(())
    for layer in range(len(masks) - 1, 0, -1):
        counts = _vectors(copies[layer], masks[layer].shape[1])
        linked = -np.expm1(xlog1py(counts, -densities[layer]))  # (states, units below)
        usable = np.prod(np.where(masks[layer][None], linked[:, None, :], 1.0), axis=2)
        if layer == len(masks) - 1:
            success = usable.prod(axis=1)
        else:
            success = _averaged(success, usable, copies[layer + 1])
    return float(_averaged(success, first[None], copies[1])[0])


def _vectors(copies: int, units: int) -> np.ndarray:
    """All vectors of counts 0..copies, (states, units), the last unit running fastest."""
    return np.stack(np.unravel_index(np.arange((copies + 1) ** units), (copies + 1,) * units), axis=1) + 0.0


def _averaged(success: np.ndarray, usable: np.ndarray, copies: int) -> np.ndarray:
    """Mean of `success` over independent binomial counts, for each row of chances `usable`."""
    rows, units = usable.shape
    left = np.broadcast_to(success, (rows, len(success)))
    pmf = binom.pmf(np.arange(copies + 1.0), copies, usable[..., None])  # (rows, units, counts)
    for unit in range(units):
        left = np.einsum("rk,rkm->rm", pmf[:, unit], left.reshape(rows, copies + 1, -1))
    return left[:, 0]


def _links(
    edges: Sequence[int], densities: Sequence[float], copies: Sequence[int]
) -> list[tuple[int, int, float]]:
    """For each layer: edges, copies above, and log of the chance that all copies below are missed."""
    counts, shares = _layers(edges, densities)
    q = [whole("copies", c, 1) for c in copies]
    if len(q) != len(counts) + 1 or q[-1] != 1:
        raise InvalidArgument("copies", tuple(q), f"give {len(counts) + 1} numbers, the last one 1")
    rows = zip(counts, shares, q, q[1:], strict=False)
    return [(m, above, float(xlog1py(below, -p))) for m, p, below, above in rows]


def _layers(edges: Sequence[int], densities: Sequence[float]) -> tuple[list[int], list[float]]:
    counts = [whole("edges", m) for m in edges]
    if not counts or len(densities) != len(counts):
        raise ShapeMismatch("densities", len(densities), f"give one for each of {len(counts)} layers")
    for p in densities:
        require_number("densities", p)
        if not 0.0 < p <= 1.0:
            raise InvalidArgument("densities", p, "give kept fractions, above 0 and at most 1")
    return counts, [float(p) for p in densities]


def _masks(target: Sequence[Any]) -> list[np.ndarray]:
    masks = [np.asarray(m, dtype=bool) for m in target]
    if not masks or any(m.ndim != 2 for m in masks):
        raise ShapeMismatch("target", [m.shape for m in masks], "give (out, in) matrices, one a layer")
    for below, above in pairwise(masks):
        if below.shape[0] != above.shape[1]:
            raise ShapeMismatch("target", (below.shape, above.shape), "consecutive layers have to fit")
    return masks


def _enclosed(chance: float) -> Bracket:
    return Bracket(
        max(0.0, round_down(chance * (1.0 - RELATIVE))),
        min(1.0, round_up(chance * (1.0 + RELATIVE))),
        "closed form",
    )

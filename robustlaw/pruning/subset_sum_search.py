"""How many random numbers a subset sum needs, and the same search by integer programming.

A draw is a sequence of items and a target: it *needs* m items if subsets of the first m come within eps
of the target and subsets of fewer do not. Where every item is kept with chance p only, as in a random
sparse source, a draw that needs m items is served by n items with chance P(Bin(n, p) >= m): one set of
draws gives the count of items for every density. (Lueker 1998; Pensia et al. 2020; for sparse sources
after Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, lemma 2.4, recalled.)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import binom

from ..data.checks import ceiling, finite, require_number, require_positive
from ..errors import InvalidArgument, ShapeMismatch
from .selection import check_density
from .subset_sum import SubsetSum

MOST_NEEDED = 24  # 2^24 sums a draw, 128 MB


def nearest_subset_milp(values: Float[np.ndarray, " items"], target: float) -> SubsetSum:
    """A subset whose sum is nearest to `target`, by mixed-integer linear programming (HiGHS).

    min e subject to |target - sum_i v_i z_i| <= e, z_i in {0, 1}. The solver takes numbers within 1e-6 of
    a whole one for whole, so the sum may be short of the nearest by about a millionth for each item;
    `error` is computed from the subset and is exact. For comparison: `nearest_subset` is faster.
    """
    items = finite("values", values, 1)
    if not len(items):
        return SubsetSum(np.zeros(0, dtype=bool), abs(float(target)))
    ones = np.ones((1, 1))
    row = items[None, :]
    solved = milp(
        np.concatenate([np.zeros(len(items)), [1.0]]),
        constraints=[
            LinearConstraint(np.hstack([row, -ones]), -np.inf, float(target)),
            LinearConstraint(np.hstack([row, ones]), float(target), np.inf),
        ],
        integrality=np.concatenate([np.ones(len(items)), [0.0]]),
        bounds=Bounds(np.zeros(len(items) + 1), np.concatenate([np.ones(len(items)), [np.inf]])),
        options={"mip_rel_gap": 0.0},
    )
    mask = np.asarray(solved.x[:-1] > 0.5)
    total = sum(map(Fraction, items[mask].tolist()), Fraction(0))
    return SubsetSum(mask, ceiling(abs(Fraction(float(target)) - total)))


def items_needed(
    items: Float[np.ndarray, "draws items"], targets: Float[np.ndarray, " _draws"], eps: float
) -> Int[np.ndarray, " draws"]:
    """How many of its first items each draw needs to come within `eps` of its target.

    One more than there are items where all of them are not enough. Raises InvalidArgument beyond
    MOST_NEEDED items.
    """
    values, goals = finite("items", items, 2), finite("targets", targets, 1)
    require_positive("eps", eps)
    if len(goals) != len(values):
        raise ShapeMismatch("targets", goals.shape, f"give one for each of the {len(values)} draws")
    if values.shape[1] > MOST_NEEDED:
        raise InvalidArgument("items", values.shape[1], f"all subsets of at most {MOST_NEEDED} are searched")
    needed = np.full(len(goals), values.shape[1] + 1)
    needed[np.abs(goals) <= eps] = 0
    for part in np.array_split(np.flatnonzero(needed), max(1, len(goals) // 256)):
        _search(values, goals, eps, part, needed)
    return needed


def _search(values: np.ndarray, goals: np.ndarray, eps: float, draws: np.ndarray, needed: np.ndarray) -> None:
    """Item by item, for the draws that are still without a subset; in place."""
    gaps = goals[draws, None]  # target less the sum, for every subset so far
    for m in range(values.shape[1]):
        fresh = gaps - values[draws, m, None]
        found = np.any(np.abs(fresh) <= eps, axis=1)
        needed[draws[found]] = m + 1
        draws = draws[~found]
        if not len(draws):
            return
        gaps = np.concatenate([gaps[~found], fresh[~found]], axis=1)


def items_for(needed: Int[np.ndarray, " draws"], density: float, level: float) -> int:
    """The fewest items of which a share `density` is kept that serve a share `level` of the draws.

    needed : from `items_needed`; the mean over the draws of P(Bin(n, density) >= needed) reaches `level`
    """
    counts = np.bincount(np.asarray(needed)) / len(needed)
    return _fewest(lambda m: float(counts[: m + 1].sum()), density, level)


def counted_items(eps: float, density: float, level: float) -> int:
    """No fewer items serve a share `level` of targets that are uniform on [-1, 1], whatever items are.

    m kept items have 2^m sums, each good for a share eps of the targets: E min(1, 2^m eps) >= level.
    (proofs_check: "subset sums in a source that is almost full")
    """
    require_positive("eps", eps)
    return _fewest(lambda m: min(1.0, 2.0 ** min(m, 1000) * eps), density, level)


def _fewest(success: Callable[[int], float], density: float, level: float) -> int:
    """The least n with E success(Bin(n, density)) >= level; `success` does not fall."""
    check_density(density)
    require_number("level", level)
    limit = success(10_000)
    if not 0.0 < level <= limit:
        raise InvalidArgument("level", level, f"give a share above 0 and at most {limit:.3g}")

    def enough(n: int) -> bool:
        chances = binom.pmf(np.arange(n + 1), n, density)
        return float(sum(c * success(m) for m, c in enumerate(chances.tolist()))) >= level - 1e-12

    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if not enough(low) else low

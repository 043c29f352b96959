"""Exact kept counts and seeded ties: how a score becomes a mask.

Counts are integers from exact rational arithmetic; a tie is broken by a random order that
is fixed before the scores are looked at, so it carries nothing about the data.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from ..data.checks import require_number
from ..errors import InfeasibleDensity, NonFinite, ShapeMismatch, UnknownName

Scope = Literal["global", "layerwise"]


def check_density(density: float) -> float:
    """`density` itself. Raises InfeasibleDensity outside (0, 1]."""
    require_number("density", density)
    if not 0.0 < density <= 1.0:
        raise InfeasibleDensity("density", density, "give the kept fraction, above 0 and at most 1")
    return float(density)


def check_scope(scope: Scope) -> Scope:
    """`scope` itself. Raises UnknownName."""
    if scope not in get_args(Scope):
        raise UnknownName("scope", scope, get_args(Scope))
    return scope


def kept_count(density: float, total: int) -> int:
    """floor(density * total + 1/2), the density read through its shortest decimal.

    Raises InfeasibleDensity if nothing would be kept.
    """
    count = (Fraction(repr(check_density(density))) * total * 2 + 1) // 2
    if count < 1:
        raise InfeasibleDensity(
            "density",
            density,
            f"it keeps none of {total} weights; raise it, or name more tensors as maskable",
        )
    return int(count)


def select(
    scores: Float[np.ndarray, " entries"],
    count: int,
    rng: np.random.Generator,
    candidates: Bool[np.ndarray, " entries"] | None = None,
) -> Bool[np.ndarray, " entries"]:
    """The `count` entries of highest score among the candidates, ties broken by `rng`.

    Raises NonFinite on a NaN score, InfeasibleDensity if there are too few candidates.
    """
    index = np.arange(len(scores)) if candidates is None else np.flatnonzero(candidates)
    if np.isnan(scores[index]).any():
        raise NonFinite("scores", scores[index][np.isnan(scores[index])][:3], "a score has to be a number")
    if not 0 <= count <= len(index):
        raise InfeasibleDensity("count", count, f"choose between 0 and {len(index)} candidates")
    index = index[rng.permutation(len(index))]
    order = np.argsort(-scores[index], kind="stable")
    mask = np.zeros(len(scores), dtype=bool)
    mask[index[order[:count]]] = True
    return mask


def largest_remainder(shares: Float[np.ndarray, " layers"], caps: np.ndarray, total: int) -> np.ndarray:
    """Integers near `shares`, at most `caps`, with sum `total`; earlier layers win equal remainders."""
    if len(shares) != len(caps):
        raise ShapeMismatch("caps", caps.tolist(), f"give one for each of the {len(shares)} shares")
    if not 0 <= total <= caps.sum():
        raise InfeasibleDensity("total", total, f"the layers have room for {int(caps.sum())}")
    counts: np.ndarray = np.clip(np.floor(shares).astype(np.int64), 0, caps)
    while counts.sum() < total:
        room = np.where(counts < caps, shares - counts, -np.inf)
        counts[int(np.argmax(room))] += 1
    while counts.sum() > total:
        counts[int(np.argmax(np.where(counts > 0, counts - shares, -np.inf)))] -= 1
    return counts


def layer_counts(caps: np.ndarray, total: int) -> np.ndarray:
    """`total` shared out in proportion to the sizes `caps`."""
    return largest_remainder(caps * total / max(int(caps.sum()), 1), caps, total)


def select_masks(
    scores: list[np.ndarray],
    count: int,
    scope: Scope,
    rng: np.random.Generator,
    candidates: list[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """One mask a tensor, `count` kept entries in total.

    global    : the best entries wherever they are
    layerwise : the same share of each tensor's candidates, by largest remainder
    """
    pool = [np.ones(s.shape, dtype=bool) for s in scores] if candidates is None else candidates
    if check_scope(scope) == "global":
        flat = select(_join(scores), count, rng, _join(pool))
        ends = np.cumsum([s.size for s in scores])[:-1]
        return [m.reshape(s.shape) for m, s in zip(np.split(flat, ends), scores, strict=True)]
    caps = np.array([int(c.sum()) for c in pool])
    counts = layer_counts(caps, count)
    return [
        select(s.ravel(), int(k), rng, c.ravel()).reshape(s.shape)
        for s, k, c in zip(scores, counts, pool, strict=True)
    ]


def _join(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays])

"""Exact kept counts and seeded ties: how a score becomes a mask.

Counts are integers from exact rational arithmetic; a tie is broken by a random order that
is fixed before the scores are looked at, so it carries nothing about the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from ..data.checks import require_number
from ..errors import InfeasibleDensity, NonFinite, ShapeMismatch, UnknownName
from ..seeds import generator

Scope = Literal["global", "layerwise"]
Orders = Callable[[], np.ndarray]


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
    pool = None if candidates is None else candidates[None]
    return np.asarray(
        select_rows(scores[None], np.array([count]), rng.permutation(len(scores))[None], pool)[0]
    )


def select_rows(
    scores: Float[np.ndarray, "nets entries"],
    counts: Int[np.ndarray, " nets"],
    orders: Int[np.ndarray, "nets entries"] | Orders,
    candidates: Bool[np.ndarray, "nets entries"] | None = None,
) -> Bool[np.ndarray, "nets entries"]:
    """`select` for every row at once; of equal scores the one that stands first in `orders` wins.

    orders : or a function that draws them, called only if a tie has to be broken
    """
    pool = np.ones(scores.shape, dtype=bool) if candidates is None else candidates
    if np.isnan(scores[pool]).any():
        raise NonFinite("scores", scores[pool & np.isnan(scores)][:3], "a score has to be a number")
    room = pool.sum(axis=1)
    for wrong in np.flatnonzero((counts < 0) | (counts > room)):
        raise InfeasibleDensity("count", int(counts[wrong]), f"choose between 0 and {room[wrong]} candidates")
    if not scores.size:
        return np.zeros(scores.shape, dtype=bool)
    cost = np.where(pool, np.clip(-scores, None, np.finfo(np.float64).max), np.inf)
    last = np.sort(cost, axis=1)[np.arange(len(cost)), np.maximum(counts, 1) - 1]
    masks, tied = cost < last[:, None], (cost == last[:, None]) & (counts > 0)[:, None]
    wanted = counts - masks.sum(axis=1)
    masks |= tied
    unfair = np.flatnonzero(tied.sum(axis=1) > wanted)
    if len(unfair):
        order = (orders() if callable(orders) else orders)[unfair]
        masks[unfair] ^= _last_in_order(tied[unfair], wanted[unfair], order)
    return np.asarray(masks & (counts > 0)[:, None])


def _last_in_order(tied: np.ndarray, wanted: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Of the tied entries those that stand behind the first `wanted`."""
    ahead = np.take_along_axis(tied, orders, axis=1)
    behind = ahead & (np.cumsum(ahead, axis=1) > wanted[:, None])
    found = np.zeros(tied.shape, dtype=bool)
    np.put_along_axis(found, orders, behind, axis=1)
    return found


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


def layer_counts(caps: np.ndarray, total: int, floor: int = 0) -> np.ndarray:
    """`total` shared out in proportion to the sizes `caps`, at least `floor` for each."""
    counts = largest_remainder(caps * total / max(int(caps.sum()), 1), caps, total)
    return with_floor(counts, caps, floor) if floor else counts


def with_floor(counts: np.ndarray, caps: np.ndarray, floor: int) -> np.ndarray:
    """The same total with at least `floor` entries a layer (or all it has), taken from the largest.

    Raises InfeasibleDensity if the total is too small for that.
    """
    low = np.minimum(floor, caps)
    if low.sum() > counts.sum():
        raise InfeasibleDensity("min_per_layer", floor, f"{int(counts.sum())} entries are kept in all")
    raised: np.ndarray = np.maximum(counts, low)
    while raised.sum() > counts.sum():
        raised[int(np.argmax(raised - low))] -= 1
    return raised


def select_masks(
    scores: Sequence[Float[np.ndarray, "nets _out _in"]],
    counts: Sequence[int],
    scope: Scope,
    keys: Sequence[int | str],
    candidates: Sequence[Bool[np.ndarray, "nets _out _in"]] | None = None,
    min_per_layer: int = 0,
) -> list[Bool[np.ndarray, "nets _out _in"]]:
    """One mask a tensor for every network, `counts` kept entries in total.

    global        : the best entries wherever they are
    layerwise     : the same share of each tensor's candidates, by largest remainder
    keys          : name each network's order of ties
    min_per_layer : the best so many of each tensor are kept before anything else
    """
    pool = [np.ones(s.shape, dtype=bool) for s in scores] if candidates is None else list(candidates)
    wanted = np.asarray(counts, dtype=np.int64)
    room = np.stack([_flat(p).sum(axis=1) for p in pool], axis=1)
    if check_scope(scope) == "layerwise":
        return select_layers(scores, _shared_out(room, wanted, min_per_layer), keys, pool)
    low = np.minimum(room, min_per_layer)
    if (low.sum(axis=1) > wanted).any():
        raise InfeasibleDensity(
            "min_per_layer", min_per_layer, f"{int(wanted.min())} entries are kept in all"
        )
    first = select_layers(scores, low, keys, pool) if min_per_layer else [np.zeros_like(p) for p in pool]
    rest = [p & ~f for p, f in zip(pool, first, strict=True)]
    sizes = [int(np.prod(s.shape[1:])) for s in scores]
    order = _orders(keys, [sum(sizes)])[0]
    flat = select_rows(_join(scores), wanted - low.sum(axis=1), order, _join(rest))
    flat = flat | _join(first) if min_per_layer else flat
    parts = np.split(flat, np.cumsum(sizes)[:-1], axis=1)
    return [part.reshape(s.shape) for part, s in zip(parts, scores, strict=True)]


def select_layers(
    scores: Sequence[Float[np.ndarray, "nets _out _in"]],
    counts: Int[np.ndarray, "nets layers"],
    keys: Sequence[int | str],
    candidates: Sequence[Bool[np.ndarray, "nets _out _in"]] | None = None,
) -> list[Bool[np.ndarray, "nets _out _in"]]:
    """The best entries of each tensor, as many as `counts` says for each network and tensor."""
    pool = [np.ones(s.shape, dtype=bool) for s in scores] if candidates is None else list(candidates)
    orders = _orders(keys, [int(np.prod(s.shape[1:])) for s in scores])
    rows = zip(scores, counts.T, orders, pool, strict=True)
    return [select_rows(_flat(s), k, order, _flat(p)).reshape(s.shape) for s, k, order, p in rows]


def drawn(keys: Sequence[int | str], draw: Callable[[int | str], np.ndarray]) -> np.ndarray:
    """One draw a network, stacked; networks of one key share theirs."""
    names = list(dict.fromkeys(keys))
    place = {name: i for i, name in enumerate(names)}
    return np.stack([draw(name) for name in names])[[place[k] for k in keys]]


def _orders(keys: Sequence[int | str], sizes: Sequence[int]) -> list[Orders]:
    """For each size one order of ties a network, drawn once for each different key if it is asked for."""

    @cache
    def draws() -> list[np.ndarray]:
        names = list(dict.fromkeys(keys))
        place = {name: i for i, name in enumerate(names)}
        streams, rows = [generator("tie", name) for name in names], [place[k] for k in keys]
        return [np.stack([rng.permutation(size) for rng in streams])[rows] for size in sizes]

    return [lambda i=i: draws()[i] for i in range(len(sizes))]  # type: ignore[misc]


def _shared_out(
    room: Int[np.ndarray, "nets layers"], counts: np.ndarray, floor: int
) -> Int[np.ndarray, "nets layers"]:
    """`layer_counts` of every row; networks with equal numbers share the work."""
    rows, place = np.unique(np.column_stack([room, counts]), axis=0, return_inverse=True)
    shares = np.stack([layer_counts(row[:-1], int(row[-1]), floor) for row in rows])
    return np.asarray(shares[place.ravel()])


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)


def _join(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([_flat(a) for a in arrays], axis=1)

"""Units that say the same become one, where that is exact: a smaller network, the same function.

If (w_j, b_j) = 2^k (w_i, b_i), then phi(z_j) = 2^k phi(z_i), for a phi with one kink at 0, or any if
k = 0. Then 2^k times column j of the next layer is added to column i, and column j becomes 0: unit j
leads nowhere. Multipliers for the smaller network may prove less than those for the given one.
Layers go from the first to the last, as merged columns may make rows of the next layer equal. Rows and
columns are compared and added as floats: what would be rounded is left alone. Constants that dead
units pass on are not moved into biases, so units are only merged if they also agree in those weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int, UInt64

from ..evidence import Certificate
from ..seeds import generator
from .batch import Batch, reachable
from .upper import Uppers

# Sign and mantissa: what a power of two leaves alone.
SIGNIFICAND = np.uint64(0x800F_FFFF_FFFF_FFFF)


@dataclass(frozen=True, eq=False)
class Merged:
    """Networks after merging, and for each what was joined: layer, j, i, layer, j, i, ..."""

    batch: Batch
    joined: tuple[tuple[float, ...], ...]

    def take(self, places: Int[np.ndarray, " some"]) -> Merged:
        return Merged(self.batch.take(places), tuple(self.joined[i] for i in places))

    def about_the_given(self, ends: Uppers) -> Uppers:
        """The same upper ends, with certificates that speak of the networks before merging."""
        if not any(self.joined):
            return ends
        proofs = map(self.proof, range(len(self.joined)), ends.certificates)
        return replace(ends, certificates=tuple(proofs))

    def proof(self, place: int, of_merged: Certificate) -> Certificate:
        if not self.joined[place]:
            return of_merged
        return Certificate(f"merged {of_merged.kind}", {**of_merged.numbers, "joined": self.joined[place]})


def merge(batch: Batch) -> Merged:
    """Every network with its duplicate units joined; the batch itself if there are none."""
    weights, joined = list(batch.weights), [()] * len(batch)
    found: list[list[tuple[float, ...]]] = [[] for _ in joined]
    for layer in range(0 if batch.sector.is_single else batch.arch.layers - 1):
        keys = _keys(weights[layer], batch.biases[layer], batch.activation.kink)
        keys[~batch.alive[layer + 1]] = 0
        ordered = np.sort(keys, axis=1)
        suspects = np.flatnonzero(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)).any(axis=1))
        if len(suspects):
            weights[layer + 1] = weights[layer + 1].copy()
        for e in suspects:
            rows = np.column_stack([weights[layer][e], batch.biases[layer][e]])
            pairs = _join(rows, keys[e], weights[layer + 1][e], batch.activation.kink)
            found[e] += [(layer, j, i) for j, i in pairs]
    if not any(found):
        return Merged(batch, tuple(joined))
    after = replace(batch, weights=tuple(weights), alive=reachable(weights))
    return Merged(after, tuple(tuple(float(x) for triple in f for x in triple) for f in found))


def _keys(w: np.ndarray, b: np.ndarray, kink: bool) -> UInt64[np.ndarray, "nets units"]:
    """Sums that are equal for rows that can be joined, and hardly ever else. Never 0."""
    factors = generator("probe", "duplicate units").integers(2**64, size=w.shape[2] + 1, dtype=np.uint64)
    factors |= np.uint64(1)
    kept = SIGNIFICAND if kink else ~np.uint64(0)
    rows, constants = ((a + 0.0).view(np.uint64) & kept for a in (w, b))  # + 0.0: no negative zeros
    return np.asarray((rows @ factors[:-1] + constants * factors[-1]) | np.uint64(1))


def _join(rows: np.ndarray, keys: np.ndarray, onward: np.ndarray, kink: bool) -> list[tuple[int, int]]:
    """Pairs (j, i): unit j of one network joined i. The columns of `onward` are changed in place."""
    pairs, kept = [], dict[int, list[int]]()
    for j in np.flatnonzero(keys):
        for i in kept.setdefault(int(keys[j]), []):
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                total = _sum(rows[i], rows[j], onward[:, i], onward[:, j], kink)
            if total is not None:
                onward[:, i], onward[:, j] = total, 0.0
                pairs.append((int(j), int(i)))
                break
        else:
            kept[int(keys[j])].append(int(j))
    return pairs


def _sum(
    mine: np.ndarray, other: np.ndarray, column: np.ndarray, more: np.ndarray, kink: bool
) -> np.ndarray | None:
    """column + 2^k more if other = 2^k mine and no float is rounded, else None."""
    place = int(np.abs(mine).argmax())
    power = int(np.frexp(other[place])[1]) - int(np.frexp(mine[place])[1])
    scaled = np.ldexp(more, power)
    exact = np.array_equal(np.ldexp(mine, power), other) and np.array_equal(np.ldexp(other, -power), mine)
    if not exact or (power and not kink) or not np.array_equal(np.ldexp(scaled, -power), more):
        return None
    total = column + scaled
    rest = total - column  # the error of a sum of two floats, itself a float (Knuth)
    lost = (column - (total - rest)) + (scaled - rest)
    return total if np.isfinite(total).all() and not lost.any() else None

"""How far two masks agree, next to chance, and what their agreement says of information.

For masks of K of N entries that are independent copies given what they share, with p_i the chance of entry
i given it, the mean overlap |m and m'|/K is (1/K) sum p_i^2. Let copies of one kind share the data D and
what is fixed (the rewind point), and of the other only what is fixed: the gap of the two overlaps is
(1/K) sum_i Var(p_i), and by Pinsker's inequality

    sum_i I(m_i; D | fixed) >= 2 K (overlap with the same data - overlap with fresh data).

The left side adds up what single entries tell. It is no bound on I(m; D | fixed) itself, because entries
tell the same things again: an Estimate, whatever the sampling.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument, ShapeMismatch
from ..evidence import NATS, Estimate


def overlap(
    first: Bool[Tensor, "nets entries"], second: Bool[Tensor, "_nets _entries"]
) -> Float[Tensor, " nets"]:
    """|m and m'|/K of each pair of masks with K entries each.

    Raises ShapeMismatch, or InvalidArgument if two masks of a pair differ in size or keep nothing.
    """
    if first.shape != second.shape:
        raise ShapeMismatch("first, second", (tuple(first.shape), tuple(second.shape)), "give equal shapes")
    kept = first.sum(1)
    if not bool((kept == second.sum(1)).all()) or not bool((kept > 0).all()):
        raise InvalidArgument("first, second", kept.tolist(), "masks of a pair keep equally many, at least 1")
    return (first & second).sum(1).double() / kept.double()


def chance_overlap(total: int, kept: int) -> float:
    """Mean overlap of a mask with an independent uniform one of the same size: the density K/N."""
    require_count("kept", kept)
    if whole("total", total, 1) < kept:
        raise InvalidArgument("kept", kept, f"choose between 1 and {total}")
    return kept / total


def single_entry_information(same: float, fresh: float, kept: int) -> Estimate:
    """2 K (same - fresh) nats, at least 0: what entries tell one by one (see above)."""
    require_number("same", same)
    require_number("fresh", fresh)
    value = max(0.0, 2.0 * whole("kept", kept, 1) * (float(same) - float(fresh)))
    return Estimate(value, "Pinsker's inequality for every entry, from mean overlaps", NATS)

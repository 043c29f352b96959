"""Exact label information of a pruner: all 2^n labelings, trained side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from ..data.checks import finite, whole
from ..errors import InvalidArgument
from ..evidence import NATS, Bracket, log_of_integer, sum_of
from ..networks import Mlp, Recipe
from ..pruning import Pruner, kept_count
from ..pruning.base import Key
from ..pruning.selection import check_density
from .bounds import InformationBracket, exact_bracket
from .pruner_channels import CHUNK, MaskMaker, signs
from .targets import Target

MOST_LABELS = 20
ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)  # of each byte
ALGORITHM = "the mask is what this program computes from the labels, ties and rounding included"


@dataclass(frozen=True, eq=False)
class LabelInformation:
    """What a pruner's mask knows of n fair labels on fixed inputs, exactly.

    information : I(m;Y|X,init) = H(m|X,init), nats
    kept        : kept entries of the maskable ones, the most of any mask where the count varies
    distinct    : number of different masks among the 2^n
    labels      : n
    """

    information: InformationBracket
    kept: int
    distinct: int
    labels: int


def label_information(
    arch: Mlp,
    x: np.ndarray,
    pruner: Pruner,
    recipe: Recipe | None = None,
    *,
    densities: Sequence[float] | None = None,
    init: Key = 0,
    maskable: frozenset[str] | None = None,
) -> list[LabelInformation]:
    """I(m;Y|X,init) for the given inputs and initialisation, at each density.

    x         : (n, d) inputs, n at most 20: the pruner runs on all 2^n labelings
    densities : by default the pruner's own; one search serves all where the pruner allows
    init      : key of initialisation, ties and a pruner's own noise: the information is given all three
    The mask is a function of the labels, so the information is the mask's entropy over the
    labelings. Raises InvalidArgument (too many labels), InfeasibleDensity, ShapeMismatch.
    """
    points = finite("x", x, 2)
    n = whole("labels", len(points), 1)
    if n > MOST_LABELS:
        raise InvalidArgument("x", points.shape, f"at most {MOST_LABELS} labels can be enumerated")
    maker = MaskMaker(arch, pruner, recipe or Recipe(), init, maskable)
    shares = [pruner.density] if densities is None else [check_density(s) for s in densities]
    counts = [kept_count(share, sum(maker.totals)) for share in shares]
    tables = _all_masks(maker, points, n, counts)
    return [_measured(table, n) for table in tables]


def labelings(n: int, begin: int, end: int) -> Int[np.ndarray, "runs labels"]:
    """Labelings number begin, ..., end - 1: label j is bit j of the number."""
    return np.asarray((np.arange(begin, end)[:, None] >> np.arange(n)) & 1, dtype=np.int64)


def entropy_of_counts(counts: Sequence[int]) -> Bracket:
    """Entropy of the law in proportion to whole numbers: log total - sum c log c / total, nats.

    Equal counts share a term; a single outcome gives exactly 0.
    """
    if len(counts) == 1:
        return Bracket.exact(0.0, unit=NATS)
    total = sum(counts)
    terms = [
        log_of_integer(c) * (Bracket.exact(float(c * times)) / float(total))
        for c, times in Counter(counts).items()
    ]
    return (log_of_integer(total) - sum_of(terms)).at_least(0.0)


def _all_masks(
    maker: MaskMaker, x: np.ndarray, n: int, counts: Sequence[int]
) -> list[UInt8[np.ndarray, "labelings bytes"]]:
    """For each count the packed masks of all labelings."""
    tables: list[list[np.ndarray]] = [[] for _ in counts]
    for begin in range(0, 2**n, CHUNK):
        y = signs(labelings(n, begin, min(begin + CHUNK, 2**n)))
        (session,) = maker.sessions(x[None], y, np.zeros(len(y), dtype=np.int64))
        for table, masks in zip(tables, maker.pruner.choose_at(session, counts), strict=True):
            table.append(np.packbits(maker.flat(masks), axis=1))
    return [np.concatenate(table) for table in tables]


def _measured(table: UInt8[np.ndarray, "labelings bytes"], n: int) -> LabelInformation:
    masks, times = np.unique(table, axis=0, return_counts=True)
    counts, kept = times.tolist(), int(ONES[masks].sum(axis=1).max())
    value = entropy_of_counts(counts)
    bracket = exact_bracket(value, Target.LABELS_GIVEN_INIT, f"all {2**n} labelings", ALGORITHM)
    return LabelInformation(bracket, kept, len(counts), n)

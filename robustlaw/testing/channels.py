"""Random mask channels that are written down, and ways to lose or to add information."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import strategies as st

from ..errors import InvalidArgument
from ..information import FiniteChannel
from .draw import Draw

BITS = 6  # of the masks: more masks than any channel drawn here lists


@st.composite
def channels(draw: Draw, labels: int | None = None, deterministic: bool | None = None) -> FiniteChannel:
    """Channels from 1 to 3 fair labels to 2 to 8 masks of six bits, from sharp to nearly blind.

    deterministic : True for masks that are a function of the labels, False for full support
    """
    n = draw(st.integers(1, 3)) if labels is None else labels
    count = draw(st.integers(2, 8))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sharp = draw(st.booleans()) if deterministic is None else deterministic
    if sharp:
        table = np.eye(count)[random.integers(0, count, 2**n)]
    else:
        table = random.dirichlet(np.full(count, draw(st.sampled_from([0.2, 1.0, 10.0]))), 2**n)
        table = (table + 1e-6) / (1.0 + count * 1e-6)
        table /= table.sum(axis=1, keepdims=True)
    return FiniteChannel(table, bit_rows(random.permutation(2**BITS)[:count]))


def bit_rows(numbers: np.ndarray, bits: int = BITS) -> np.ndarray:
    """Each number as a row of bits, the lowest first."""
    return ((np.asarray(numbers)[:, None] >> np.arange(bits)) & 1).astype(bool)


def coarsened(channel: FiniteChannel, cells: int) -> FiniteChannel:
    """The channel after masks number i, i + cells, ... have become one: no information is gained."""
    count = len(channel.masks)
    if not 1 <= cells <= count:
        raise InvalidArgument("cells", cells, f"give 1 to {count}")
    table = np.stack([channel.probabilities[:, i::cells].sum(axis=1) for i in range(cells)], axis=1)
    return FiniteChannel(table / table.sum(axis=1, keepdims=True), channel.masks[:cells])


def merged_data(channel: FiniteChannel) -> FiniteChannel:
    """The channel that sees all labels but the first, which it draws anew: no information is gained."""
    if channel.source.n < 2:
        raise InvalidArgument("channel", channel.source.n, "it needs two labels or more")
    return FiniteChannel(0.5 * (channel.probabilities[0::2] + channel.probabilities[1::2]), channel.masks)


def side_by_side(first: FiniteChannel, second: FiniteChannel) -> FiniteChannel:
    """Independent channels on independent labels, masks joined: informations add up.

    The labels of `first` come first.
    """
    table = np.einsum("jb,ia->jiba", second.probabilities, first.probabilities)
    rows = table.reshape(len(first.probabilities) * len(second.probabilities), -1)
    masks = [np.concatenate([a, b]) for b, a in product(second.masks, first.masks)]
    return FiniteChannel(rows / rows.sum(axis=1, keepdims=True), np.array(masks))

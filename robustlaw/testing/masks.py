"""Random masks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .draw import Draw

Count = SearchStrategy[int] | int


@st.composite
def masks(
    draw: Draw,
    bits: SearchStrategy[int] | int | None = None,
    kept: SearchStrategy[int] | int | None = None,
) -> np.ndarray:
    """Boolean masks (bits,) with a drawn or given number of bits and of kept entries."""
    size = draw(st.integers(1, 64)) if bits is None else _drawn(draw, bits)
    count = draw(st.integers(0, size)) if kept is None else _drawn(draw, kept)
    mask = np.zeros(size, dtype=bool)
    mask[np.random.default_rng(draw(st.integers(0, 2**32 - 1))).permutation(size)[:count]] = True
    return mask


def _drawn(draw: Draw, value: Count) -> int:
    return value if isinstance(value, int) else int(draw(value))

"""SynFlow (Tanaka et al. 2020): keep what carries most of the flow, without any data.

R = 1' |W_L| ... |W_1| 1, and an entry's score is |w| dR/d|w|: the sum over all paths through it of
the product of weights. The sum of scores over a layer is R, and each hidden unit passes on what it
receives, so that pruning in many small rounds does not empty a layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def flow_scores(sizes: Sequence[Float[np.ndarray, "nets _out _in"]]) -> list[np.ndarray]:
    """Scores of every layer from |w| of every layer, each network's up to one common factor.

    Partial products are kept near 1 by powers of 2, which are exact, so that depth neither
    overflows nor underflows; the factor left out is the same for all entries of a network.
    """
    nets = len(sizes[0])
    arriving, up = [np.ones((nets, sizes[0].shape[2]))], [np.zeros(nets, dtype=np.int64)]
    for w in sizes[:-1]:
        arriving.append((w * arriving[-1][:, None, :]).sum(axis=2))
        up.append(up[-1] + _scaled(arriving[-1]))
    leaving, down = [np.ones((nets, sizes[-1].shape[1]))], [np.zeros(nets, dtype=np.int64)]
    for w in sizes[:0:-1]:
        # summed along the last axis, where numpy's order of additions ignores the companions
        leaving.append((np.ascontiguousarray(w.transpose(0, 2, 1)) * leaving[-1][:, None, :]).sum(axis=2))
        down.append(down[-1] + _scaled(leaving[-1]))
    exponents = np.stack(up) + np.stack(down[::-1])
    shifts = exponents - exponents.max(axis=0)
    return [
        np.ldexp(w * before[:, None, :] * after[:, :, None], shift[:, None, None])
        for w, before, after, shift in zip(sizes, arriving, leaving[::-1], shifts, strict=True)
    ]


def _scaled(values: Float[np.ndarray, "nets units"]) -> np.ndarray:
    """Divide each row in place by the power of 2 just above its largest; the exponents."""
    exponents = np.asarray(np.frexp(values.max(axis=1))[1], dtype=np.int64)
    values[:] = np.ldexp(values, -exponents[:, None])
    return exponents

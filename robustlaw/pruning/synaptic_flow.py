"""SynFlow (Tanaka et al. 2020): keep what carries most of the flow, without any data.

R = 1' |W_L| ... |W_1| 1, and an entry's score is |w| dR/d|w|: the sum over all paths through it of
the product of weights. The sum of scores over a layer is R, and each hidden unit passes on what it
receives, so that pruning in many small rounds does not empty a layer.

Biases are 0 in R, unless they are maskable: then |b| is the weight of one more input of the layer,
which is always 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def flow_scores(
    sizes: Sequence[Float[np.ndarray, "nets _out _in"]], inputs: Sequence[int] | None = None
) -> list[np.ndarray]:
    """Scores of every layer from |w| of every layer, each network's up to one common factor.

    inputs : of each layer; one with a further column has its |b| there. By default none has

    Partial products are kept near 1 by powers of 2, which are exact, so that depth neither
    overflows nor underflows; the factor left out is the same for all entries of a network.
    """
    nets, widths = len(sizes[0]), [w.shape[2] for w in sizes] if inputs is None else inputs
    # the constant input goes along from layer to layer, at the scale of what arrives there
    constant = int(any(w.shape[2] > n for w, n in zip(sizes, widths, strict=True)))
    arriving, up = [np.ones((nets, widths[0] + constant))], [np.zeros(nets, dtype=np.int64)]
    for w in sizes[:-1]:
        sums = (w * arriving[-1][:, None, : w.shape[2]]).sum(axis=2)
        arriving.append(np.concatenate([sums, arriving[-1][:, -1:]], axis=1) if constant else sums)
        up.append(up[-1] + _scaled(arriving[-1]))
    leaving, down = [np.ones((nets, sizes[-1].shape[1]))], [np.zeros(nets, dtype=np.int64)]
    for w, n in zip(sizes[:0:-1], widths[:0:-1], strict=True):
        # summed along the last axis, where numpy's order of additions ignores the companions
        back = np.ascontiguousarray(w[:, :, :n].transpose(0, 2, 1))
        leaving.append((back * leaving[-1][:, None, :]).sum(axis=2))
        down.append(down[-1] + _scaled(leaving[-1]))
    exponents = np.stack(up) + np.stack(down[::-1])
    shifts = exponents - exponents.max(axis=0)
    return [
        np.ldexp(w * before[:, None, : w.shape[2]] * after[:, :, None], shift[:, None, None])
        for w, before, after, shift in zip(sizes, arriving, leaving[::-1], shifts, strict=True)
    ]


def _scaled(values: Float[np.ndarray, "nets units"]) -> np.ndarray:
    """Divide each row in place by the power of 2 just above its largest; the exponents."""
    exponents = np.asarray(np.frexp(values.max(axis=1))[1], dtype=np.int64)
    values[:] = np.ldexp(values, -exponents[:, None])
    return exponents

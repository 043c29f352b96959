"""LipSDP-Neuron for any depth, slopes and outputs: from a batch to certified upper ends.

The search works on each network's reduced weights and proposes multipliers; lmi.py proves
them for the weights themselves, so nothing here has to be exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import eclipse, newton, quasi_newton
from .barrier import Barrier
from .batch import Batch
from .eclipse import Proposal
from .lmi import proved_rho
from .rounding import norm_upper, up
from .upper import Uppers, certified, restored

NEWTON, LARGE_NET = "LipSDP-Neuron (path-following Newton)", "LipSDP-Neuron (L-BFGS, not converged)"
# Hidden units from which Newton's cubic cost outweighs its accuracy (measured: at 800 units, density
# 0.2, 8 s against 2 s for an answer 0.2 % higher).
LARGE = 600
# The quick descent for them: barrier weights in turn.
QUICK = (1e-1, 1e-2, 1e-3, 1e-4)


def applies(batch: Batch) -> bool:
    """An activation that bends, with slopes for which the closed form gives a start."""
    return batch.arch.layers > 1 and eclipse.applies(batch.sector) and not batch.sector.is_single


def neuron(batch: Batch) -> Uppers:
    """LipSDP-Neuron of every network of the batch; infinite where nothing could be proved."""
    weights, exponents = batch.scaled()
    start = eclipse.fast(weights, batch.sector, norm_upper(weights[0]))
    alive = np.concatenate(batch.alive[1:-1], axis=1)
    found = np.ones_like(start.multipliers)
    rho = np.full(len(batch), np.inf)
    names = []
    for e in range(len(batch)):
        barrier = Barrier(_reduced(batch, weights, e), batch.sector)
        begin = start.multipliers[e, alive[e]]
        small = barrier.units <= LARGE
        path = newton.follow(barrier, begin) if small else quasi_newton.descend(barrier, begin, QUICK)
        names.append(NEWTON if small else LARGE_NET)
        found[e, alive[e]], rho[e] = path.multipliers, path.rho
    proved = proved_rho(weights, batch.sector, Proposal(found, rho))
    values = restored(up(np.sqrt(proved)), exponents.sum(axis=1))
    return replace(certified(values, batch, exponents, found, NEWTON), methods=tuple(names))


def _reduced(batch: Batch, weights: tuple[np.ndarray, ...], e: int) -> list[np.ndarray]:
    """Weights of network e between units that matter; R^T in place of a first layer wider than tall.

    W_1 = R^T Q^T with orthonormal columns Q, and the inequality reads W_1 W_1^T only.
    """
    alive = [a[e] for a in batch.alive]
    kept = [w[e][np.ix_(above, below)] for w, below, above in zip(weights, alive, alive[1:], strict=False)]
    if kept[0].shape[1] > kept[0].shape[0]:
        kept[0] = np.asarray(np.linalg.qr(kept[0].T, mode="r")).T
    return kept

"""Networks and high-precision formulas that the tests of the laws share."""

import mpmath
import numpy as np

from robustlaw.networks import Dependence, Network, Origin

mpmath.mp.dps = 50
DIM = 6


def net_of(seed=0, dim=DIM, hidden=4, dependence=Dependence.TRAINING):
    rng = np.random.default_rng(seed)
    mask = rng.random((hidden, dim)) < 0.5
    layers = [
        (np.where(mask, rng.normal(size=(hidden, dim)), 0.0), rng.normal(size=hidden)),
        (rng.normal(size=(1, hidden)), rng.normal(size=1)),
    ]
    return Network.from_arrays(
        layers,
        "relu",
        [mask, np.ones((1, hidden), dtype=bool)],
        Origin(dependence, maskable=frozenset({"W1"})),
    )


def trained(data, seed=0):
    """A network that repeats the noise: its output layer is fitted to z by least squares."""
    net = net_of(seed, data.dim, 8)
    hidden = np.maximum(data.x @ net.weights[0].T + net.biases[0], 0.0)
    last = np.linalg.lstsq(hidden, data.z, rcond=None)[0]
    return net.replace([net.weights[0], last[None, :]], [net.biases[0], np.zeros(1)])


def robust(correlation, n, v, rho, nats):
    """C sqrt(n/(2 v rho nats)) at both ends of C."""
    factor = mpmath.sqrt(n / (2 * mpmath.mpf(v) * mpmath.mpf(rho) * nats))
    return mpmath.mpf(correlation.lower) * factor, mpmath.mpf(correlation.upper) * factor


def encloses(bracket, ends, room=1e-12):
    """The bracket contains the interval and is at most `room` relative wider."""
    low, high = ends
    size = max(abs(low), abs(high))
    return bracket.lower <= low and high <= bracket.upper and bracket.width <= (high - low) + room * size

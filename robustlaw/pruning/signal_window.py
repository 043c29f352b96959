"""Which densities help on inputs of two patches: the window between losing the signal and fitting noise.

Every weight is kept with chance p. A class with m neurons still sees its signal where one of them
keeps the signal's coordinate. After the companion paper on pruning and generalisation (arXiv
2301.00335); its theorems give the orders of both edges, the formulas are from here.
"""

from __future__ import annotations

import math

from ..data.checks import require_count, require_number, require_positive
from ..data.two_patches import TwoPatches
from ..errors import InfeasibleDensity, InvalidArgument


def coverage(density: float, neurons: int) -> float:
    """1 - (1-p)^m: a class keeps its signal's coordinate in one of its m neurons. Exact.

    Raises InfeasibleDensity, InvalidArgument.
    """
    return -math.expm1(_log_lost(density, neurons))


def all_covered(density: float, neurons: int, classes: int) -> float:
    """(1 - (1-p)^m)^K: every class does. Exact."""
    require_count("classes", classes)
    return coverage(density, neurons) ** classes


def none_covered(density: float, neurons: int, classes: int) -> float:
    """(1-p)^(m K): no class does. Exact."""
    require_count("classes", classes)
    return math.exp(_log_lost(density, neurons) * classes)


def none_live(density: float, neurons: int, classes: int) -> float:
    """(1-p/2)^(m K): no class keeps its signal in a neuron whose initial weight there is positive. Exact.

    For initial weights with a symmetric law; a ReLU that starts below 0 has no slope to grow by.
    """
    require_number("density", density)
    return none_covered(0.5 * density, neurons, classes)


def covering_density(neurons: int, classes: int, delta: float) -> float:
    """p_cov = 1 - (delta/K)^(1/m): from here on all classes keep their signal with chance >= 1 - delta.

    By the union bound, K (1-p)^m <= delta. UPPER: `exact_covering_density` is at most this.
    """
    _require_counts(neurons, classes, delta)
    return -math.expm1(math.log(delta / classes) / neurons)


def exact_covering_density(neurons: int, classes: int, delta: float) -> float:
    """The density with all_covered = 1 - delta: 1 - (1 - (1-delta)^(1/K))^(1/m)."""
    _require_counts(neurons, classes, delta)
    lost = -math.expm1(math.log1p(-delta) / classes)
    return -math.expm1(math.log(lost) / neurons)


def outrunning_density(model: TwoPatches, n: int, power: float = 3.0) -> float:
    """p* = (mu^2/(sigma_n^2 d)) (n/K)^(2/q): below it the signal is learned before the noise. HEURISTIC.

    Under gradient flow the product z of a neuron with a patch grows as dz/dt = (share) |patch|^2 q z^(q-1):
    the signal has share 1/K of the samples and |patch| = mu, one sample's noise has share 1/n and
    |patch|^2 = p sigma_n^2 d under the mask. Started at sigma_0 |patch|, it blows up at a time
    proportional to 1/(share |patch|^q): the signal's is first where
    mu^q/K > (p sigma_n^2 d)^(q/2)/n. Competition between samples and neurons is left out, and p* may
    exceed 1: then the dense network learns the signal as well.
    """
    _require_exponent(power)
    require_count("n", n)
    scale = model.signal**2 / (model.noise**2 * model.dim)
    return float(scale * (n / model.classes) ** (2.0 / power))


def critical_noise(model: TwoPatches, n: int, power: float = 3.0) -> float:
    """The noise sigma_n at which p* = 1, all else being the model's. HEURISTIC like p*."""
    return model.noise * math.sqrt(outrunning_density(model, n, power))


def _log_lost(density: float, neurons: int) -> float:
    """log (1-p)^m, which is -inf for p = 1."""
    require_number("density", density)
    require_count("neurons", neurons)
    if not 0.0 <= density <= 1.0:
        raise InfeasibleDensity("density", density, "a kept fraction lies between 0 and 1")
    return neurons * math.log1p(-density) if density < 1.0 else -math.inf


def _require_counts(neurons: int, classes: int, delta: float) -> None:
    require_count("neurons", neurons)
    require_count("classes", classes)
    require_number("delta", delta)
    if not 0.0 < delta < 1.0:
        raise InvalidArgument("delta", delta, "give a probability between 0 and 1")


def _require_exponent(power: float) -> None:
    require_positive("power", power)
    if power < 2.0:
        raise InvalidArgument("power", power, "growth outruns its start only for exponents of at least 2")

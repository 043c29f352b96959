"""How likely a random layer reaches every input, exactly, and how wide that makes it have to be.

Every entry of a layer of n units and d inputs is kept with chance p. All inputs reach some unit with
chance (1 - (1-p)^n)^d; where every output weight is kept with chance p2 alone, with chance
E (1 - (1-p)^k)^d for k ~ Bin(n, p2). Both are proved in proofs_check.lemmas.random_masks ("coverage of the
inputs by a random layer"); the widths in proofs_check.lemmas.random_widths. They are the necessity part of
Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorem 2.3 (recalled, not checked against the print).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import xlog1py
from scipy.stats import binom

from ..data.checks import real_array, require_number, whole
from ..errors import InvalidArgument
from ..evidence import Bracket, round_down, round_up

# A float chance is off by less than this share of itself or of its complement: exponents are at most a
# thousand units of 2^-53 wrong, and sums of non-negative terms keep relative errors. Nearer to a
# threshold than this, exact rationals decide.
RELATIVE = 1e-11


def coverage(density: Any, inputs: Any, units: Any, output_density: Any = 1.0) -> np.ndarray:
    """Chance that every input reaches a unit that is read; arguments broadcast.

    density, output_density : chance that an entry of the layer, and of the output layer, is kept
    Small chances keep their relative precision. Raises InvalidArgument.
    """
    p, d, n, p2 = _arguments(density, inputs, units, output_density)
    if (p2 == 1.0).all():
        return np.asarray(np.exp(_log_coverage(p, d, n)))
    k, weights = _readers(n, p2)
    return np.asarray((weights * np.exp(_log_coverage(p[..., None], d[..., None], k))).sum(axis=-1))


def uncovered(density: Any, inputs: Any, units: Any, output_density: Any = 1.0) -> np.ndarray:
    """1 - coverage, to relative precision where coverage is near 1."""
    p, d, n, p2 = _arguments(density, inputs, units, output_density)
    if (p2 == 1.0).all():
        return np.asarray(-np.expm1(_log_coverage(p, d, n)))
    k, weights = _readers(n, p2)
    return np.asarray((weights * -np.expm1(_log_coverage(p[..., None], d[..., None], k))).sum(axis=-1))


def exact_coverage(density: float, inputs: int, units: int, output_density: float = 1.0) -> Fraction:
    """`coverage` of one layer as a rational number, floats being the rationals that they are."""
    p, p2 = (Fraction(_chance(name, v)) for name, v in _named(density, output_density))
    d, n = whole("inputs", inputs, 1), whole("units", units)
    if p2 == 1:
        return (1 - (1 - p) ** n) ** d
    terms = (math.comb(n, k) * p2**k * (1 - p2) ** (n - k) * (1 - (1 - p) ** k) ** d for k in range(n + 1))
    return sum(terms, Fraction(0))


def enclosed_coverage(density: float, inputs: int, units: int, output_density: float = 1.0) -> Bracket:
    """`coverage` of one layer with its rounding enclosed."""
    chance = float(coverage(density, inputs, units, output_density))
    low, high = round_down(chance * (1.0 - RELATIVE)), round_up(chance * (1.0 + RELATIVE))
    return Bracket(max(0.0, low), min(1.0, high), "closed form")


def needed_width(density: float, inputs: int, delta: float) -> float:
    """log(1/(1 - (1-delta)^(1/d)))/log(1/(1-p)): with fewer units coverage is below 1 - delta.

    It is the number of units, not rounded; `least_units` is the whole number. 0 for density 1, infinite
    for density 0.
    """
    p, d = _chance("density", density), whole("inputs", inputs, 1)
    share = -math.expm1(math.log1p(-_failure(delta)) / d)  # 1 - (1-delta)^(1/d)
    if p in (0.0, 1.0):
        return math.inf if p == 0.0 else 0.0
    return math.log(share) / math.log1p(-p)


def least_units(density: float, inputs: int, delta: float, output_density: float = 1.0) -> int:
    """The fewest units whose coverage is at least 1 - delta, decided exactly.

    Raises InvalidArgument where no number is enough (density 0).
    """
    for name, value in _named(density, output_density):
        if _chance(name, value) == 0.0:
            raise InvalidArgument(name, value, "nothing is ever kept, so nothing is ever covered")
    _failure(delta)
    high = 1
    while not covers(density, inputs, high, delta, output_density):
        high *= 2
    low = high // 2  # is not enough: 0 units cover nothing
    while high - low > 1:
        middle = (low + high) // 2
        if covers(density, inputs, middle, delta, output_density):
            high = middle
        else:
            low = middle
    return high


def covers(density: float, inputs: int, units: int, delta: float, output_density: float = 1.0) -> bool:
    """Whether coverage is at least 1 - delta: by floats, and by rationals where these cannot tell."""
    missed = float(uncovered(density, inputs, units, output_density))
    if abs(missed - delta) > RELATIVE * delta:
        return missed < delta
    return 1 - exact_coverage(density, inputs, units, output_density) <= Fraction(delta)


def _log_coverage(p: np.ndarray, d: np.ndarray, n: np.ndarray) -> np.ndarray:
    """d log(1 - (1-p)^n) without cancellation at either end."""
    missed = xlog1py(n, -p)  # log of the chance that no unit sees an input
    with np.errstate(divide="ignore"):
        seen = np.where(missed > -math.log(2.0), np.log(-np.expm1(missed)), np.log1p(-np.exp(missed)))
    return np.asarray(d * seen)


def _readers(n: np.ndarray, p2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many units are read, 0, 1, ... in the last axis, and the chances of that."""
    k = np.arange(int(n.max(initial=0)) + 1.0)
    return k, np.asarray(binom.pmf(k, n[..., None], p2[..., None]))


def _arguments(density: Any, inputs: Any, units: Any, output_density: Any) -> tuple[np.ndarray, ...]:
    p, p2 = (real_array(name, v) for name, v in _named(density, output_density))
    d, n = real_array("inputs", inputs), real_array("units", units)
    for name, value in _named(p, p2):
        if not ((value >= 0.0) & (value <= 1.0)).all():
            raise InvalidArgument(name, value, "give chances from 0 to 1")
    for name, value, least in (("inputs", d, 1), ("units", n, 0)):
        if not ((value >= least) & (value == np.floor(value)) & np.isfinite(value)).all():
            raise InvalidArgument(name, value, f"give whole numbers of at least {least}")
    return tuple(np.broadcast_arrays(p, d, n, p2))


def _named(density: Any, output_density: Any) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("density", density), ("output_density", output_density)


def _chance(name: str, value: float) -> float:
    require_number(name, value)
    if not 0.0 <= value <= 1.0:
        raise InvalidArgument(name, value, "give a chance from 0 to 1")
    return float(value)


def _failure(delta: float) -> float:
    require_number("delta", delta)
    if not 0.0 < delta < 1.0:
        raise InvalidArgument("delta", delta, "give a chance of failure between 0 and 1")
    return float(delta)

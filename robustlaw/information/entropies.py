"""Entropies of finite laws, in nats, with rounding enclosed.

A law is taken in proportion to the floats given, which have to sum to 1 up to SUM_TOLERANCE:
[0.1] * 10 is exactly uniform. 0 log 0 = 0.

Every quantity is a mean of logarithms, sum_e P_e L_e with L_e a signed sum of K <= 4 logarithms
of probabilities and P = w / S. With u = eps / 2, logarithms right to 4 ulp (an assumption on the
math library that the tests probe), arguments right to `units` u, and A_e the sum of the absolute
logarithms, L_e is computed within u ((K + 8) A_e + 1.01 units_e) and its product with w_e within
another u A_e w_e; math.fsum rounds a sum once. So the sum of w_e L_e is known within
u sum_e w_e (13 A_e + 1.01 units_e) and one rounding; dividing by S = fsum(w) adds three.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.special import xlog1py, xlogy

from ..data.checks import EPS, finite
from ..errors import InvalidArgument, ShapeMismatch
from ..evidence import LOG2, NATS, Bracket, round_down, round_up

Weights = Float[np.ndarray, " entries"]

UNIT = EPS / 2.0
SUM_TOLERANCE = 1e-9  # a larger defect is a forgotten constant, not rounding
UNDERFLOW = 1e-290  # a million entries below the smallest float, times the largest logarithm


@dataclass(frozen=True, eq=False)
class Factor:
    """A probability in a mean of logarithms: x_e to the power `sign`, right to units_e roundings."""

    sign: int
    values: Weights
    units: Weights | float = 0.0


def mean_of_logs(
    weights: Weights, factors: Sequence[Factor], error: float = 0.0, method: str = ""
) -> Bracket:
    """sum_e P_e log prod_k (x_ke / S)^sign_k for P = weights / S, S their sum.

    weights : positive
    factors : entries or marginals of the same law, so that all are in proportion to the weights
    error   : the true law is this one times factors within exp(+-error), entry by entry. Then each
              logarithm moves by error, and the weights by a share of at most exp(error) - 1.
    """
    total = math.fsum(weights)
    share = -sum(f.sign for f in factors)
    logs = [f.sign * np.log(f.values) for f in factors] + [np.full(len(weights), share * math.log(total))]
    value = math.fsum(weights * sum(logs)) / total
    size = sum(np.abs(log) for log in logs)
    units = sum(f.units for f in factors) + abs(share)
    slack = UNIT * float(weights @ (13.0 * size + 1.01 * units)) / total + 4.0 * UNIT * abs(value)
    if error > 0.0:
        moved = float(weights @ np.abs(sum(logs))) / total
        slack += len(factors) * error + math.expm1(error) * moved
    reach = 1.01 * slack + UNDERFLOW
    return Bracket(round_down(value - reach), round_up(value + reach), method, NATS)


def entropy(probabilities: Weights) -> Bracket:
    """H(p) = -sum p log p."""
    p = law("probabilities", probabilities)
    p = p[p > 0.0]
    return mean_of_logs(p, [Factor(-1, p)], method="entropy of a finite law").at_least(0.0)


def relative_entropy(p: Weights, q: Weights) -> Bracket:
    """KL(p || q) = sum p log(p / q); infinite where q vanishes and p does not."""
    p, q = law("p", p), law("q", q)
    if p.shape != q.shape:
        raise ShapeMismatch("q", q.shape, f"both laws live on the same points; p has {len(p)}")
    on = p > 0.0
    if (q[on] == 0.0).any():
        return Bracket(math.inf, math.inf, "relative entropy", NATS)
    scales = _total(q).log() - _total(p).log()
    mean = mean_of_logs(p[on], [Factor(1, p[on]), Factor(-1, q[on])], method="relative entropy")
    return (mean + scales).at_least(0.0)


def binary_entropy(p: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """h(p) = -p log p - (1 - p) log(1 - p), entry by entry, without an enclosure. NaN outside [0, 1]."""
    return np.asarray(0.0 - (xlogy(p, p) + xlog1py(1.0 - p, -p)))


def binary_entropy_bracket(p: Bracket | float) -> Bracket:
    """h(p), enclosed; over a bracket for p the range of h."""
    ends = (p.lower, p.upper) if isinstance(p, Bracket) else (float(p), float(p))
    if not 0.0 <= ends[0] <= ends[1] <= 1.0:
        raise InvalidArgument("p", ends, "a probability lies in [0, 1]")
    values = [_binary_entropy_at(end) for end in ends]
    high = LOG2.upper if ends[0] <= 0.5 <= ends[1] else min(LOG2.upper, max(v.upper for v in values))
    assumptions = p.assumptions if isinstance(p, Bracket) else ()
    return Bracket(min(v.lower for v in values), high, "binary entropy", NATS, assumptions)


def law(argument: str, values: Shaped[np.ndarray, ...]) -> Weights:
    """`values` as probabilities, sum 1. Raises InvalidArgument, NonFinite or ShapeMismatch."""
    p = finite(argument, values, 1)
    if (p < 0.0).any():
        raise InvalidArgument(argument, float(p.min()), "a probability is not negative")
    total = math.fsum(p)
    if not abs(total - 1.0) <= SUM_TOLERANCE:
        raise InvalidArgument(argument, total, "the sum; probabilities have to sum to 1")
    return p


def group_sums(
    groups: Int[np.ndarray, " entries"], weights: Weights
) -> tuple[Weights, Float[np.ndarray, " entries"]]:
    """For each entry the sum over its group, and how many roundings that sum may be off by."""
    sums, sizes = np.bincount(groups, weights), np.bincount(groups)
    return sums[groups], (sizes[groups] - 1).astype(np.float64)


def _binary_entropy_at(p: float) -> Bracket:
    if p in (0.0, 1.0):
        return Bracket.exact(0.0, "binary entropy", NATS)
    yes = Bracket.exact(p)
    no = Bracket.exact(1.0) - yes
    return -(yes * yes.log() + no * no.log())


def _total(p: Weights) -> Bracket:
    total = math.fsum(p)
    return Bracket(round_down(total), round_up(total))

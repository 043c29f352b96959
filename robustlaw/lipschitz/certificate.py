"""Both ends of a bracket checked again, from the network and the bracket alone.

Shares no code with the search: the numbers a bracket carries are claims, and only what is proved
here in float64, rounding included, holds. This file checks the lower end and finds the checker of
the upper end in CHECKERS, by the kind of the certificate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..evidence import Bracket
from ..networks import Network, activation
from . import certificate_linf, certificate_tree, certificate_upper
from .certificate_rounding import UNDERFLOW, UNIT, above, gamma, living

LIBRARY = 32.0 * UNIT  # smooth activations: a few operations of 4 ulp, none amplified beyond 1 + |z|
LINF = "linf"  # kinds that begin so speak of the l_inf norm of the inputs, all others of l2

# A checker says why the upper end is not proved, or "" if it is.
Checker = Callable[[Network, Bracket], str]
CHECKERS: dict[str, Checker] = {
    **certificate_upper.CHECKERS,
    **certificate_linf.CHECKERS,
    "tree": lambda net, b: "" if certificate_tree.check_tree(net, b) else "upper: the tree does not prove it",
}


@dataclass(frozen=True)
class CheckResult:
    """Why each end is not proved, "" if it is; `norm` of the inputs is the one the certificate names."""

    lower: str
    upper: str
    norm: str

    @property
    def ok(self) -> bool:
        return not self.lower and not self.upper

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(sentence for sentence in (self.lower, self.upper) if sentence)


def check(net: Network, bracket: Bracket) -> CheckResult:
    """Is lower <= Lip(net) <= upper proved by the witness and the certificate of the bracket?"""
    kind = str(bracket.certificate.kind) if bracket.certificate else ""
    norm = "linf" if kind.startswith(LINF) else "l2"
    with np.errstate(all="ignore"):  # an overflow makes a comparison below fail, and is refused there
        return CheckResult(check_lower(net, bracket, norm), check_upper(net, bracket, kind), norm)


def check_upper(net: Network, bracket: Bracket, kind: str) -> str:
    if not bracket.upper >= 0.0:
        return "upper: no Lipschitz constant is negative"
    if bracket.upper == math.inf or not living(net)[0].any():
        return ""
    if kind not in CHECKERS or bracket.certificate is None:
        return f"upper: no proof that can be checked (certificate kind {kind!r})"
    if not all(np.isfinite(row).all() for row in bracket.certificate.numbers.values()):
        return "upper: the certificate holds numbers that are not finite"
    try:
        return CHECKERS[kind](net, bracket)
    except (KeyError, ValueError, IndexError) as error:
        return f"upper: the certificate does not fit the network ({error!r})"


def check_lower(net: Network, bracket: Bracket, norm: str) -> str:
    """Slopes at the witness are certain or enclosed; the Jacobian there is steep enough."""
    if bracket.lower <= 0.0:
        return ""
    if bracket.witness is None or len(bracket.witness) != net.arch.widths[0]:
        return f"lower: needs a witness of {net.arch.widths[0]} numbers"
    act, alive = activation(net.arch.activation), living(net)
    low, high = act.slope_low, act.slope_high
    a, e, slopes = np.array(bracket.witness), np.zeros(len(bracket.witness)), []
    for (w, b), matters in zip(list(net.layers)[:-1], alive[1:], strict=False):
        z = w @ a + b
        reach = np.abs(w) @ (np.abs(a) + e) + np.abs(b)
        e = above(np.abs(w) @ e + gamma(w.shape[1] + 2) * reach + UNDERFLOW, w.shape[1] + 6)
        if act.kink and not np.all(np.abs(z[matters]) > e[matters]):
            return "lower: the witness lies on a kink, or too close to one"
        blur = 0.0 * z if act.bend is None else above(act.bend * e + LIBRARY * (1.0 + np.abs(z)), 6)
        left, right = np.clip(act.slope(z) - blur, low, high), np.clip(act.slope(z) + blur, low, high)
        centre = 0.5 * (left + right)
        slopes.append((centre, above(0.5 * (right - left) + (right > left) * UNIT * np.abs(centre), 6)))
        a, rounding = act.value(z), UNIT if act.kink else LIBRARY
        e = above(max(abs(low), abs(high)) * e + rounding * (1.0 - act.kink + np.abs(z)), 6)
    jacobian = np.where(alive[-2], net.weights[-1], 0.0)
    error = np.zeros_like(jacobian)
    for w, below, (s, radius) in zip(net.weights[-2::-1], alive[-3::-1], slopes[::-1], strict=True):
        left, spread = jacobian * s, error * (np.abs(s) + radius) + np.abs(jacobian) * radius
        spread = spread + UNIT * np.abs(left) + UNDERFLOW
        rounded = gamma(w.shape[0] + 2) * (np.abs(left) + spread)
        jacobian = left @ np.where(below, w, 0.0)
        error = above((spread + rounded) @ np.abs(np.where(below, w, 0.0)), w.shape[0] + 8)
    if not (np.isfinite(jacobian).all() and np.isfinite(error).all()):
        return "lower: the gradient at the witness overflows"
    proved = (steepness if norm == "l2" else steepness_linf)(jacobian, error)
    return "" if proved >= bracket.lower else f"lower: the witness proves {proved!r} only"


def steepness(jacobian: np.ndarray, error: np.ndarray) -> float:
    """At most the spectral norm of every matrix within `error`: |J y| / |y|, y the top singular vector."""
    power = 2.0 ** -np.frexp(np.abs(jacobian).max())[1]  # squares neither overflow nor vanish
    jacobian, error = jacobian * power, error * power
    y = jacobian[0] if len(jacobian) == 1 else np.linalg.svd(jacobian, full_matrices=False)[2][0]
    if len(jacobian) == 1:
        steep = math.sqrt(math.fsum(y * y)) * (1.0 - gamma(4))
    else:
        doubt = gamma(len(y) + 4) * (np.abs(jacobian) @ np.abs(y))
        image = np.maximum(np.abs(jacobian @ y) - doubt, 0.0)
        steep = math.sqrt(math.fsum(image * image) / math.fsum(y * y)) * (1.0 - gamma(10))
    return float((steep - math.sqrt(math.fsum((error * error).ravel())) * (1.0 + gamma(6))) / power)


def steepness_linf(jacobian: np.ndarray, error: np.ndarray) -> float:
    """At most the largest 1-norm of a row of every matrix within `error`."""
    return max(math.fsum(np.abs(j) - e) * (1.0 - gamma(2)) for j, e in zip(jacobian, error, strict=True))

"""Both ends of a bracket proved again, from the network and the bracket alone.

Shares no code with the search. Only what float64 proves, rounding included, is believed: a sum of k
products is off by at most gamma_k = k u / (1 - k u) times their sizes, u = 2^-53 (Higham, section 3.1).
 * Lower end: every unit's slope is enclosed at the witness x. A smooth slope moves by at most max|phi''|
times the error of z; at a kink the sign of z is certain, or any slope in [low, high] is expected. By
continuity this encloses the Jacobian at almost every point near x, and its norm is at most Lip.
 * Upper end: differences x of two inputs, y of what hidden units put out, z = A (x, y) of what they
receive and f = B (x, y) of outputs obey (y - low z)' L (high z - y) >= 0 for every diagonal L > 0, so
|x|^2 - |f|^2 / rho >= (x, y)' S (x, y). Hence Lip^2 <= rho if S >= 0 (Fazlyab et al., NeurIPS 2019):
S = diag(I, L) + p A' L A - c (0; L A) - c (0; L A)' - B' B / rho, c = (low + high)/2, p = low high.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import accumulate

import numpy as np
from scipy.linalg import block_diag

from ..evidence import Bracket, CheckResult
from ..networks import Network, activation

Array = np.ndarray
UNIT, ABOVE, TINY = 2.0**-53, 1.0 + 2.0**-30, 2.0**-1000  # TINY covers underflow, ABOVE many roundings
GAMMA, LIBRARY = UNIT * ABOVE, 32.0 * UNIT  # k GAMMA >= gamma_k; smooth functions: a few steps of 4 ulp


def check(net: Network, bracket: Bracket) -> CheckResult:
    """Is lower <= Lip(net) <= upper proved by the witness and the certificate of the bracket?"""
    kind = bracket.certificate.kind if bracket.certificate else ""
    norm, reasons = "linf" if kind.startswith("linf") else "l2", ["", ""]
    for end, prove, what in ((0, prove_lower, norm), (1, prove_upper, kind)):
        try:
            with np.errstate(all="ignore"):  # an overflow makes a comparison fail
                prove(net, bracket, what)
        except (ValueError, KeyError, IndexError, ArithmeticError) as error:
            reasons[end] = f"{('lower', 'upper')[end]}: {error}"
    return CheckResult(reasons[0], reasons[1], norm)


def require(holds: object, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def prove_lower(net: Network, bracket: Bracket, norm: str) -> None:
    if bracket.lower > 0.0:
        require(len(bracket.witness or ()) == net.arch.widths[0], f"x has {net.arch.widths[0]} numbers")
        proved = STEEPNESS[norm](*jacobian(net, np.array(bracket.witness)))
        require(proved >= bracket.lower, f"the witness proves {proved!r} only")


def jacobian(net: Network, x: Array) -> tuple[Array, Array]:
    """J and E: at almost every point near x the Jacobian differs from J by at most E, entry by entry."""
    act, slopes, error = activation(net.arch.activation), [], np.zeros_like(x)
    low, high = act.slope_low, act.slope_high
    for w, b in zip(net.weights[:-1], net.biases, strict=False):
        z, error = product(w, x, error, b)
        rounding = UNIT * np.abs(z) if act.kink else LIBRARY * (1.0 + np.abs(z))
        certain = np.isfinite(z) & (np.abs(z) > error)
        reach = np.where(certain, 0.0, np.inf) if act.bend is None else (act.bend * error + rounding) * ABOVE
        left, right = (np.clip(act.slope(z) + r, low, high)[:, None] for r in (-reach, reach))
        slopes.append((0.5 * (left + right), (0.5 * (right - left) + UNIT * np.abs(left + right)) * ABOVE))
        x, error = act.value(z), (max(abs(low), abs(high)) * error + rounding) * ABOVE
    back, error = net.weights[-1].T, np.zeros_like(net.weights[-1].T)
    for w, (slope, radius) in zip(net.weights[-2::-1], reversed(slopes), strict=True):
        error = np.abs(slope) * error + radius * (np.abs(back) + error) + UNIT * np.abs(slope * back)
        back, error = product(w.T, slope * back, error * ABOVE + TINY, 0.0)
    return back.T, error.T


def product(w: Array, x: Array, error: Array, b: Array | float) -> tuple[Array, Array]:
    """W x + b, and how far it may be from the unrounded W y + b for any |y - x| <= error."""
    size, gamma = np.abs(w), (w.shape[1] + 2) * GAMMA
    return w @ x + b, (size @ error + gamma * (size @ (np.abs(x) + error) + np.abs(b))) * ABOVE + TINY


def spectral(jacobian: Array, error: Array) -> float:
    """At most the norm of every matrix within `error`: |J y| / |y| for y near the top singular vector."""
    y = np.linalg.svd(jacobian, full_matrices=False)[2][0]
    image = [abs(math.fsum(row * y)) - 2 * GAMMA * math.fsum(np.abs(row * y)) - TINY for row in jacobian]
    steep = math.hypot(*(max(x, 0.0) for x in image)) / math.hypot(*y) * (1.0 - 16 * GAMMA)
    return steep - math.hypot(*error.ravel()) * ABOVE


def prove_upper(net: Network, bracket: Bracket, kind: str) -> None:
    require(bracket.upper >= 0.0, "no Lipschitz constant is negative")
    if bracket.upper < math.inf and living(net)[0].any():
        require(kind in CHECKERS, f"no proof that can be checked (certificate kind {kind!r})")
        CHECKERS[kind](net, bracket.upper, bracket.certificate.numbers if bracket.certificate else {})


def living(net: Network) -> list[Array]:
    """Units, inputs first, on a path of non-zero weights; the others only ever add constants."""
    inputs, outputs = np.full(net.arch.widths[0], True), np.full(net.arch.widths[-1], True)
    ahead = accumulate(net.weights, lambda units, w: (w != 0.0) @ units, initial=inputs)
    back = accumulate(net.weights[::-1], lambda units, w: units @ (w != 0.0), initial=outputs)
    return [f & b for f, b in zip(ahead, reversed(list(back)), strict=True)]


def prove_multipliers(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """rho <= upper^2 and S >= 0, weights between living units only. (A negative L has no S > 0.)"""
    act, alive, hidden = activation(net.arch.activation), living(net), sum(net.arch.widths[1:-1])
    (rho,), (low,), (high,) = numbers["rho"], numbers["slope_low"], numbers["slope_high"]
    require((low, high) == (act.slope_low, act.slope_high), f"slopes of {act.name} are not these")
    require(rho > 0.0 and Fraction(rho) <= Fraction(upper) ** 2, "rho is not in (0, upper^2]")
    lam = np.where(np.concatenate(alive[1:-1]), np.reshape(numbers["multipliers"], hidden), 1.0)
    kept = block_diag(*net.weights) * np.outer(np.concatenate(alive[1:]), np.concatenate(alive[:-1]))
    prove_positive(*inequality(kept[:hidden], kept[hidden:], lam, rho, 0.5 * (low + high), low * high))


def inequality(a: Array, b: Array, lam: Array, rho: float, c: float, p: float) -> tuple[Array, Array]:
    """S (its lower triangle) and a diagonal D: the unrounded S is >= 0 if the S given here is >= D.

    Entry (i, j) of T = W' W is off by at most gamma (T_ii T_jj)^(1/2), so T by gamma n diag(T). All
    other roundings are relative to an entry or to the summands of one, and |S_ij|^2 <= S_ii S_jj.
    """
    d, b, flow = a.shape[1] - len(a), b / math.sqrt(rho), c * lam[:, None] * a
    if p == 0.0 and d > len(a) and not b[:, :d].any():  # eliminate x: a smaller matrix
        s, squares = np.diag(lam) - flow[:, d:], ((-1.0, flow[:, :d].T), (-1.0, b[:, d:]))
    else:
        s, squares = np.diag(np.append(np.ones(d), lam)), ((p, np.sqrt(lam)[:, None] * a), (-1.0, b))
        s[d:] -= flow
    size, doubt = np.diag(s), np.zeros(len(s))
    for factor, w in (square for square in squares if square[0] != 0.0):
        term = factor * (w.T @ w)
        s, size = s + term, size + np.abs(np.diag(term))
        doubt += (len(w) + 8) * GAMMA * np.abs(np.diag(term))
    return s, (doubt + 8 * GAMMA * size) * len(s) * ABOVE


def prove_positive(s: Array, doubt: Array) -> None:
    """S - diag(doubt) >= 0, from the lower triangle; scaled by powers of two to a diagonal near 1.

    If Cholesky of A completes, lambda_min(A) >= -gamma_{n+1} / (1 - gamma_{n+1}) tr A (Rump, BIT 46,
    2006); twice that is taken, as solvers multiply by reciprocals of pivots. Else LinAlgError is raised.
    """
    scale = np.exp2(-np.rint(0.5 * np.log2(np.diag(s))))
    scaled = s * scale[:, None] * scale
    shift = (2 * len(s) + 6) * GAMMA * np.trace(scaled) + doubt * scale**2 + 2.0**-100  # for underflow
    scaled[np.diag_indices(len(s))] -= shift * ABOVE
    require(scale.max() < 2.0**400 and np.isfinite(scaled).all(), "a matrix has no finite scale")
    np.linalg.cholesky(scaled)


CHECKERS: dict[str, Callable[..., None]] = {"multipliers": prove_multipliers}  # the package adds others
STEEPNESS = {"l2": spectral}

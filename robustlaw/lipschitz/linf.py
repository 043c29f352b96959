"""Lipschitz constants for the l_inf norm of the inputs: the largest 1-norm of a gradient.

One hidden layer, one output: every gradient is B sigma with sigma in [-1, 1]^{h+1} and
B = [c A 1, r a_1, ..., r a_h], A = W^T diag(v), so Lip <= max tau' B sigma over signs tau, sigma.
No rotation of the inputs is allowed here: B is never replaced by its triangular factor.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, diags_array

from ..errors import UnknownName
from ..evidence import Bracket, Certificate
from ..networks import Network
from ..seeds import generator
from .attained import ASSUMPTION
from .batch import Batch
from .linf_lower import search
from .rounding import TINY, UNIT, gamma, is_positive, up

EFFORTS = ("fast", "tight", "exact")
Matrix = Float[np.ndarray, "inputs columns"]

# Alternating steps, and the relative change at which they stop; any iterate gives a bound.
STEPS, CHANGE = 2000, 1e-9
# Up to 2^MOST_SIGNS sign vectors are simply tried.
MOST_SIGNS = 14
# HiGHS proves its dual bound to its own feasibility tolerance; the notes add this share of sum |B|.
MILP_TOLERANCE = 1e-6
MILP_ASSUMPTION = "HiGHS's dual bound is right to 1e-6 of the sum of absolute gradients"


def bracket_linf(net: Network, effort: str = "tight", *, seconds: float = 60.0, seed: int = 0) -> Bracket:
    """Certified enclosure of sup ||Jacobian||, l_inf to l_inf: the largest row sum |J_o1| + |J_o2| + ...

    effort : "fast"  UPPER interval arithmetic on the slopes, any depth; LOWER sampled points.
             "tight" adds, for one hidden layer and one output, a semidefinite bound (UPPER, within
             1.79 of all sign patterns) and realised sign patterns (LOWER).
             "exact" adds all sign patterns: enumerated up to 14 inputs or units, else by mixed-integer
             programming, whose dual bound (never its incumbent) is an assumption that no certificate
             covers. All sign patterns bound Lip from above; some may be out of reach of any input.
    seconds : time limit of the mixed-integer program
    Raises UnknownName.
    """
    if effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    batch = Batch.of([net])
    if batch.is_constant[0]:
        return Bracket.exact(0.0, "no path from an input to an output")
    found = [_interval(batch)]
    patterns = np.zeros((0, 1))
    if effort != "fast" and net.arch.layers == 2 and net.arch.widths[-1] == 1:
        b, exponent = gradients(batch)
        first, patterns = _alternating(b, exponent, generator("probe", "linf", seed))
        found.append(first)
        if effort == "exact":
            found.append(_all_signs(b, exponent, seconds))
    upper, method, proof, assumptions = min(found, key=lambda item: item[0])
    lower, point = search(batch, patterns, generator("probe", "linf lower", seed))
    if lower > 0.0 and not batch.activation.kink and net.arch.layers > 1:
        assumptions = (*assumptions, ASSUMPTION)
    return Bracket(
        lower,
        upper,
        f"{effort}, linf: lower by gradients at points; upper by {method}",
        assumptions=assumptions,
        witness=tuple(point.tolist()) if lower > 0.0 else None,
        certificate=proof,
    )


Found = tuple[float, str, Certificate, tuple[str, ...]]


def _interval(batch: Batch) -> Found:
    """Centre and radius of the Jacobian over all slopes, output layer first."""
    weights, exponents = batch.scaled()
    s = batch.sector
    centre, radius = weights[-1][0], np.zeros_like(weights[-1][0])
    for w in reversed([w[0] for w in weights[:-1]]):
        radius = radius * (abs(s.centre) + s.radius) + s.radius * np.abs(centre)
        centre = s.centre * centre
        # four times what rounding needs, so that the check may sum in another order
        radius = (radius + gamma(4 * w.shape[0] + 32) * (np.abs(centre) + radius) + TINY) @ np.abs(w)
        centre = centre @ w
    terms = 8 * sum(batch.arch.widths)
    total = _up((np.abs(centre) + radius).sum(axis=1).max(), terms)
    value = _back(total, int(exponents.sum()))
    return value, "interval slopes", Certificate("linf interval", _slopes(batch)), ()


def gradients(batch: Batch) -> tuple[Matrix, int]:
    """B without the inputs and units that do not matter, divided by 2^exponent."""
    weights, exponents = batch.scaled()
    s, units = batch.sector, batch.alive[1][0]
    a = (weights[1][0, 0][units, None] * weights[0][0][np.ix_(units, batch.alive[0][0])]).T
    b = np.column_stack([s.centre * a.sum(axis=1), s.radius * a])
    return b, int(exponents.sum())


def _alternating(b: Matrix, exponent: int, random: np.random.Generator) -> tuple[Found, np.ndarray]:
    """Both sides by coordinate blocks: T <- rows of B S, S <- rows of B' T, each of length 1.

    The lengths D = (D_1, D_2) with [[D_1, -B], [-B', D_2]] >= 0 prove Lip <= (sum D)/2.
    Also returns sign vectors sigma of large |B sigma|_1, one a row.
    """
    inputs, columns = b.shape
    rank = int(np.sqrt(2 * (inputs + columns))) + 2
    s = random.standard_normal((columns, rank))
    s /= np.linalg.norm(s, axis=1, keepdims=True)
    before = np.inf
    for _ in range(STEPS):
        t, left = _unit_rows(b @ s)
        s, right = _unit_rows(b.T @ t)
        total = left.sum() + right.sum()
        if abs(total - before) <= CHANGE * total:
            break
        before = total
    floor = 1e-9 * max(left.max(), right.max())
    d = np.concatenate([np.maximum(left, floor), np.maximum(right, floor)])
    scaled = b / np.sqrt(d[:inputs, None] * d[inputs:])
    d = d * np.linalg.norm(scaled, 2)
    return _proved(b, d, exponent), _rounded(b, s, random)


def _proved(b: Matrix, d: np.ndarray, exponent: int) -> Found:
    inputs, size = b.shape[0], len(d)
    error = np.zeros((size, size))
    # |B| may be small by cancellation in its first column only: bound it by the sum of the others.
    sizes = np.column_stack([4.0 * np.abs(b[:, 1:]).sum(axis=1) + np.abs(b[:, 0]), np.abs(b[:, 1:])])
    error[:inputs, inputs:] = gamma(b.shape[1] + 8) * sizes + TINY
    error += error.T
    value = np.inf
    for growth in (1e-12, 1e-11, 1e-10, 1e-8, 1e-6):
        trial = d * (1.0 + growth)
        matrix = np.diag(trial)
        matrix[:inputs, inputs:], matrix[inputs:, :inputs] = -b, -b.T
        if is_positive(matrix[None], error[None])[0]:
            d = trial * (1.0 + 4.0 * growth)  # room for the check, which sums in another order
            value = _back(0.5 * _up(d.sum(), size), exponent)
            break
    numbers = {"left": tuple(np.ldexp(d[:inputs], exponent)), "right": tuple(np.ldexp(d[inputs:], exponent))}
    return value, "alternating semidefinite bound", Certificate("linf diagonals", numbers), ()


def _rounded(b: Matrix, s: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Sign vectors where neither side can be improved alone, steepest first, each once."""
    sigma = np.where(s @ random.standard_normal((s.shape[1], 64)) >= 0.0, 1.0, -1.0)
    for _ in range(50):
        sigma = np.where(b.T @ np.sign(b @ sigma) >= 0.0, 1.0, -1.0)
    sigma = np.unique(sigma * sigma[0], axis=1)
    order = np.argsort(-np.abs(b @ sigma).sum(axis=0))
    return np.asarray(sigma[:, order[:8]].T)


def _all_signs(b: Matrix, exponent: int, seconds: float) -> Found:
    """max tau' B sigma over all signs, by trying them or by mixed-integer programming."""
    terms = 4 * sum(b.shape) + 16
    rounding = gamma(terms) * 4.0 * float(np.abs(b).sum())
    if min(b.shape[0], b.shape[1] - 1) <= MOST_SIGNS:
        short = b if b.shape[1] <= b.shape[0] else b.T
        signs = np.ones((1, 1))
        for _ in range(short.shape[1] - 1):
            signs = np.concatenate([np.pad(signs, ((0, 0), (0, 1)), constant_values=x) for x in (1.0, -1.0)])
        top = max(
            float(np.abs(part @ short.T).sum(axis=1).max()) for part in np.array_split(signs, 16) if len(part)
        )
        value = _up(top + rounding, terms)
        return _back(value, exponent), "all sign patterns", Certificate("linf enumeration"), ()
    top = _up(_dual_bound(b, seconds) + MILP_TOLERANCE * float(np.abs(b).sum()) + rounding)
    proof = Certificate("linf dual bound of a solver", {"bound": (_back(top, exponent),)})
    return _back(top, exponent), "all sign patterns (MILP dual bound)", proof, (MILP_ASSUMPTION,)


def _dual_bound(b: Matrix, seconds: float) -> float:
    """HiGHS's dual bound of max sum_j t_j, t_j <= g_j + 2 N_j (1 - z_j), t_j <= -g_j + 2 P_j z_j,
    g = b_0 + sum_i (2 y_i - 1) b_i, y and z binary, P_j and N_j the largest g_j and -g_j."""
    inputs, units = b.shape[0], b.shape[1] - 1
    reach, offset = np.abs(b[:, 1:]).sum(axis=1), b[:, 0] - b[:, 1:].sum(axis=1)
    most, least = np.maximum(b[:, 0] + reach, 0.0), np.maximum(reach - b[:, 0], 0.0)
    g, eye = csr_array(2.0 * b[:, 1:]), diags_array(np.ones(inputs))
    rows = block_array(
        [[-g, diags_array(2.0 * least), eye], [g, diags_array(-2.0 * most), eye]], format="csr"
    )
    limits = np.concatenate([offset + 2.0 * least, -offset])
    count = units + inputs
    solved = milp(
        np.concatenate([np.zeros(count), -np.ones(inputs)]),
        constraints=LinearConstraint(rows, ub=limits),
        integrality=np.concatenate([np.ones(count), np.zeros(inputs)]),
        bounds=Bounds(
            np.concatenate([np.zeros(count), -np.maximum(most, least) - 1.0]),
            np.concatenate([np.ones(count), np.maximum(most, least) + 1.0]),
        ),
        options={"time_limit": seconds},
    )
    bound = solved.mip_dual_bound
    return float(reach.sum() + np.abs(b[:, 0]).sum()) if bound is None else float(-bound)


def _unit_rows(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.linalg.norm(x, axis=1)
    return x / np.where(lengths > 0.0, lengths, 1.0)[:, None], lengths


def _up(value: float, terms: int = 4) -> float:
    return float(up(np.asarray(value), terms))


def _slopes(batch: Batch) -> dict[str, tuple[float, ...]]:
    return {"slope_low": (batch.sector.low,), "slope_high": (batch.sector.high,)}


def _back(value: float, exponent: int) -> float:
    with np.errstate(over="ignore"):
        return float(np.nextafter(np.ldexp(value * (1.0 + 4.0 * UNIT), exponent), np.inf))

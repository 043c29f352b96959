"""The proofs of an l2 upper end, checked again: multipliers, and norms of weight products.

Multipliers: for slopes in [low, high], c = (low + high)/2, p = low high and
diagonal Lambda_i > 0, the matrix S on (dx, dy_1, ..., dy_K) with blocks
    S_00 = I + p W_1^T Lambda_1 W_1,       S_ii = Lambda_i + p W_{i+1}^T Lambda_{i+1} W_{i+1},
    S_KK = Lambda_K - W_{K+1}^T W_{K+1} / rho,     S_{i-1,i} = -c W_i^T Lambda_i
proves Lip^2 <= rho if S >= 0. Sums of norms are added up in exact rational arithmetic.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np

from ..evidence import Bracket, Certificate
from ..networks import Network, activation
from .certificate_rounding import UNDERFLOW, UNIT, above, gamma, is_positive, living, reduced


def check_multipliers(net: Network, bracket: Bracket) -> str:
    """S(rho, Lambda) >= 0 and rho <= upper^2, with units that do not matter removed."""
    proof = _proof(bracket)
    low, high = _slopes(net, proof)
    (rho,) = proof.numbers["rho"]
    every = np.split(np.array(proof.numbers["multipliers"]), np.cumsum(net.arch.widths[1:-1]))
    if every.pop().size or sum(map(len, every)) != sum(net.arch.widths[1:-1]):
        return "upper: one multiplier is needed for each hidden unit"
    lam = [values[alive] for values, alive in zip(every, living(net)[1:-1], strict=True)]
    if not all((values > 0.0).all() for values in lam) or not rho > 0.0:
        return "upper: multipliers and rho have to be positive"
    if Fraction(rho) > Fraction(bracket.upper) ** 2:
        return "upper: rho is larger than the square of the upper end"
    proved = is_positive(*inequality(reduced(net), lam, rho, low, high))
    return "" if proved else "upper: the multipliers do not prove rho"


def inequality(
    weights: list[np.ndarray], lam: list[np.ndarray], rho: float, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """S and an entrywise bound of its rounding error: gamma_k times the sum of absolute terms.

    With p = 0 and more inputs than first units the input block is eliminated exactly: S_11 loses
    c^2 Lambda_1 W_1 W_1^T Lambda_1, and the matrix is smaller.
    """
    c, p = 0.5 * (low + high), low * high
    first = 1 if p == 0.0 and weights[0].shape[1] > weights[0].shape[0] else 0
    diagonal = [np.ones(weights[0].shape[1]), *lam][first:]
    edges = list(accumulate((len(d) for d in diagonal), initial=0))
    blocks = [slice(a, b) for a, b in pairwise(edges)]
    s = np.diag(np.concatenate(diagonal))
    size = s.copy()

    def add_square(block: slice, w: np.ndarray, values: np.ndarray | float, factor: float) -> None:
        scaled = (np.broadcast_to(values, len(w)) * w.T).T
        s[block, block] += factor * (w.T @ scaled)
        size[block, block] += abs(factor) * (np.abs(w).T @ np.abs(scaled))

    if first:
        add_square(blocks[0], (lam[0][:, None] * weights[0]).T, 1.0, -c * c)
    for w, values, below, above_ in zip(weights[first:], lam[first:], blocks, blocks[1:], strict=False):
        if p != 0.0:
            add_square(below, w, values, p)
        coupling = -c * values[:, None] * w
        s[above_, below], s[below, above_] = coupling, coupling.T
        size[above_, below], size[below, above_] = np.abs(coupling), np.abs(coupling).T
    add_square(blocks[-1], weights[-1], 1.0, -1.0 / rho)
    # Roundings of an entry: its dot product, at most three in its factors, three in the sums.
    return s, above(gamma(max(max(w.shape) for w in weights) + 8) * size + UNDERFLOW, 16)


def check_product(net: Network, bracket: Bracket) -> str:
    """beta^K ||W_1|| ... ||W_{K+1}|| <= upper, each norm proved."""
    proof, layers = _proof(bracket), net.arch.layers
    norms = proof.numbers["norms"]
    steepest = Fraction(max(map(abs, _slopes(net, proof)))) if layers > 1 else Fraction(1)
    total = math.prod(map(Fraction, norms)) * steepest ** (layers - 1)
    return _proved(net, {(i + 1, i + 1): s for i, s in enumerate(norms)}, layers, total, bracket)


def check_liplt(net: Network, bracket: Bracket) -> str:
    """L_k = |c|^(k-1) N_k1 + sum_j |c|^(k-j-1) r N_{k,j+1} L_j, N_kj = ||W_k ... W_j||, all proved."""
    proof, layers = _proof(bracket), net.arch.layers
    pairs = [(k, j) for k in range(1, layers + 1) for j in range(1, k + 1)]
    norms = dict(zip(pairs, proof.numbers["norms"], strict=True))
    low, high = map(Fraction, _slopes(net, proof))
    c, r = abs(low + high) / 2, (high - low) / 2
    bounds: list[Fraction] = []
    for k in range(1, layers + 1):
        inner = (c ** (k - j - 1) * r * Fraction(norms[k, j + 1]) * bounds[j - 1] for j in range(1, k))
        bounds.append(c ** (k - 1) * Fraction(norms[k, 1]) + sum(inner))
    return _proved(net, norms, len(pairs), bounds[-1], bracket)


def _proved(
    net: Network, norms: dict[tuple[int, int], float], wanted: int, total: Fraction, bracket: Bracket
) -> str:
    if len(norms) != wanted:
        return f"upper: {wanted} norms are needed, not {len(norms)}"
    if total > Fraction(bracket.upper):
        return "upper: the norms add up to more than the upper end"
    weights = reduced(net)
    wrong = [place for place, s in norms.items() if not _norm_holds(weights[place[1] - 1 : place[0]], s)]
    return f"upper: not proved are the norms of layers {wrong}" if wrong else ""


def _norm_holds(chain: list[np.ndarray], bound: float) -> bool:
    """||W_k ... W_j|| <= bound: s^2 I - V V^T >= 0 for V the computed product, s below the bound
    by the Frobenius norm of V's error (gamma times the product of absolute matrices)."""
    v, size, terms = chain[0], np.abs(chain[0]), 0
    for w in chain[1:]:
        v, size, terms = w @ v, np.abs(w) @ size, terms + w.shape[1]
    v = v if v.shape[0] <= v.shape[1] else v.T
    error = gamma(terms + 4) * math.sqrt(math.fsum((size * size).ravel())) + UNDERFLOW if terms else 0.0
    s = math.nextafter(bound - error, -math.inf) if terms else bound
    if not (s > 0.0 and np.isfinite(v).all()):
        return False
    power = 2.0 ** -np.frexp(np.abs(v).max())[1]
    frobenius = math.fsum(((v * power) ** 2).ravel()) * (1.0 + gamma(4)) + UNDERFLOW
    if frobenius <= (s * power) ** 2:  # of rank 1 it is the norm, and the test below has no room
        return True
    square = math.nextafter(s * s, 0.0) * np.eye(len(v))
    doubt = gamma(v.shape[1] + 3) * (np.abs(v) @ np.abs(v).T) + 2.0 * UNIT * square + UNDERFLOW
    return is_positive(square - v @ v.T, doubt)


def _proof(bracket: Bracket) -> Certificate:
    assert bracket.certificate is not None, "the caller has looked"
    return bracket.certificate


def _slopes(net: Network, proof: Certificate) -> tuple[float, float]:
    """The interval the proof speaks of. Raises ValueError unless it contains the activation's."""
    act = activation(net.arch.activation)
    (low,), (high,) = proof.numbers["slope_low"], proof.numbers["slope_high"]
    if not low <= act.slope_low <= act.slope_high <= high:
        raise ValueError(f"slopes of {act.name} leave [{low}, {high}]")
    return low, high


CHECKERS = {"multipliers": check_multipliers, "norm product": check_product, "LipLT": check_liplt}

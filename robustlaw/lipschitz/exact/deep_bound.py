"""Node bounds for several hidden layers or outputs: LipSDP-Neuron of the open units.

Units are split in layer order, so that every fixed sign is an affine condition on x and a leaf
without open units is attained. A parent's multipliers and t are strictly feasible for its
children: fixing y_k = z_k (or 0) restricts P to a subspace and removes the term of unit k.
"""

from __future__ import annotations

import numpy as np

from .. import eclipse
from ..norms import chain_norms
from ..rounding import UNDERFLOW, UNIT, frobenius_up, gamma, is_positive, norm_upper, up
from .model import Model, Pattern
from .newton_node import NodeProblem, solve
from .relaxation import Relaxation, Step
from .tree import Node

# Relative enlargements of rho tried in turn.
ENLARGEMENTS = (1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-6, 1e-4)
# Relative.
ROOM = 2.0**-42


class DeepBound(Relaxation):
    """Multipliers are kept by unit, on the scale of the model's divided weights."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.powers = model.powers[model.layer_of]

    @property
    def exponent(self) -> int:
        return self.model.exponent

    def step(self, signs: Pattern, target: float, warm: np.ndarray | None) -> Step:
        """Closed if the bound is at most the target."""
        free = np.flatnonzero(signs == 0)
        if not len(free):
            return Step(self.length(signs), -1, np.zeros(0), None)
        rows, outputs = self.model.linear_parts(signs)
        if not outputs.any():
            return Step(0.0, -1, np.append(np.ones(len(free)), np.inf), None)
        whole = NodeProblem(rows, outputs, self.model.inputs, self.model.slopes)
        # A unit with a zero row is constant; its multiplier would run off to infinity.
        moves = rows.any(axis=1)
        size = np.append(np.full(self.model.inputs, True), moves)
        problem = NodeProblem(rows[moves][:, size], outputs[:, size], self.model.inputs, self.model.slopes)
        start, t = self._start(problem, free[moves], warm)
        found = solve(problem, start, t, target)
        scores, multipliers = np.zeros(len(free)), np.zeros(len(free))
        scores[moves], multipliers[moves] = found.scores, found.multipliers
        multipliers[~moves] = _dominating(whole, multipliers, found.t, size)
        kept = np.zeros(self.model.hidden + 1)
        kept[free], kept[-1] = multipliers, found.t
        value = float(1.0 / np.sqrt(found.t))
        return Step(value, self._unit(free, scores), np.append(multipliers, found.t), kept)

    def length(self, signs: Pattern) -> float:
        return float(np.linalg.norm(self.model.linear_parts(signs)[1], 2))

    def _unit(self, free: np.ndarray, scores: np.ndarray) -> int:
        """The most undecided open unit of the first unfinished layer."""
        layers = self.model.layer_of[free]
        first = np.flatnonzero(layers == layers[0])
        return int(free[first[np.argmax(scores[first])]])

    def _start(
        self, problem: NodeProblem, free: np.ndarray, warm: np.ndarray | None
    ) -> tuple[np.ndarray, float]:
        if warm is not None:
            # Slightly inside: the end of the parent's path is close to the boundary.
            return warm[free], 0.9 * float(warm[-1])
        return self._cold(problem, free)

    def _cold(self, problem: NodeProblem, free: np.ndarray) -> tuple[np.ndarray, float]:
        """ECLipsE-Fast where it applies and is feasible, else ever smaller multipliers upward."""
        if eclipse.applies(self.model.slopes):
            weights = [w[None] for w in self.model.weights]
            proposal = eclipse.fast(weights, self.model.slopes, chain_norms(weights)[1, 1])
            lam, t = 0.9 * proposal.multipliers[0][free], 0.9 / float(proposal.rho[0])
            if np.isfinite(lam).all() and _is_definite(problem.matrix(lam, t)):
                return lam, t
        depth = self.model.layer_of[free]
        for power in range(1, 40):
            lam = np.exp2(-float(power) * (1.0 + depth))
            for small in (1e-2, 1e-6, 1e-12, 1e-24):
                if _is_definite(problem.matrix(lam, small * float(lam.min()))):
                    return lam, small * float(lam.min())
        return lam, 1e-300

    def prove(self, leaves: list[Node]) -> float:
        """The largest proved bound of the leaves, on the scale of the given network."""
        return max(self._prove(leaf) for leaf in leaves)

    def _prove(self, leaf: Node) -> float:
        rows, outputs = self.model.exact_linear_parts(leaf.signs)
        assert leaf.proof is not None
        if not outputs.any() and np.isinf(leaf.proof[-1:]).all():
            return 0.0
        if not len(leaf.proof):
            return float(jacobian_norms(outputs[None])[0])
        lam, t = self.given_scale(leaf)
        problem = NodeProblem(rows, outputs, self.model.inputs, self.model.slopes)
        for growth in ENLARGEMENTS:
            rho = (1.0 + growth) / t
            if _proved(problem, lam, rho):
                # twice the room, for whoever proves it again
                return float(up(np.sqrt(np.array([rho * (1.0 + growth)])), 4)[0])
        return float("inf")

    def given_scale(self, leaf: Node) -> tuple[np.ndarray, float]:
        """Multipliers and t for the given weights: divided by squared powers of two."""
        assert leaf.proof is not None
        free = np.flatnonzero(leaf.signs == 0)
        with np.errstate(over="ignore", under="ignore"):
            lam = np.ldexp(leaf.proof[:-1], -2 * self.powers[free].astype(np.int64))
            return lam, float(np.ldexp(leaf.proof[-1], -2 * self.exponent))

    def numbers(self, leaf: Node) -> np.ndarray:
        """Multipliers of the open units, normalised to rho = 1."""
        assert leaf.proof is not None
        return self.given_scale(leaf)[0] if len(leaf.proof) else np.zeros(0)


def _dominating(problem: NodeProblem, lam: np.ndarray, t: float, moves: np.ndarray) -> np.ndarray:
    """Multipliers of the constant units that keep P positive: large against their Schur complement."""
    if moves.all():
        return np.zeros(0)
    matrix = problem.matrix(lam, t)
    cross = matrix[np.ix_(moves, ~moves)]
    inner = matrix[np.ix_(~moves, ~moves)]
    needed = cross.T @ np.linalg.solve(matrix[np.ix_(moves, moves)], cross) - inner
    rows = 2.0 * np.abs(needed).sum(axis=1)
    return np.asarray(rows + max(float(rows.max()), float(lam.max(initial=0.0)), 1e-100))


def jacobian_norms(jacobians: np.ndarray) -> np.ndarray:
    """Upper bounds of spectral norms (count, outputs, inputs); each entry may be off by a factor 1 +- u.

    A little above what was proved, so that another proof has room for its own rounding.
    """
    return up((norm_upper(jacobians) + 2.0 * UNIT * frobenius_up(jacobians)) * (1.0 + ROOM))


def _proved(problem: NodeProblem, lam: np.ndarray, rho: float) -> bool:
    """P(lambda, 1/rho) >= 0 in spite of rounding, and of rows that are off by a factor 1 +- u."""
    size, w, o = problem.rows.shape[1], np.abs(problem.rows), np.abs(problem.outputs)
    error = np.zeros((size, size))
    cross = np.zeros((size, size))
    cross[problem.inputs :] = lam[:, None] * np.abs(problem.halves())
    error += 8.0 * UNIT * (cross + cross.T)
    error += gamma(2 * len(o) + 24) * (o.T @ o) / rho
    if problem.slopes.product != 0.0:
        square = w.T @ (lam[:, None] * w)
        error += (
            gamma(2 * len(w) + 24) * abs(problem.slopes.product) + problem.slopes.product_error
        ) * square
    matrix = problem.matrix(lam, 1.0 / rho)
    error = up(error + 8.0 * UNIT * np.abs(matrix) + UNDERFLOW, 16)
    return bool(is_positive(matrix[None], error[None])[0])


def _is_definite(matrix: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True

"""Certified lower ends for a batch, with the points that attain them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .ascent import STAGES, STEPS, ascend
from .attained import Points, certified_norms, norm_below
from .batch import Batch
from .components import falls_apart, recombined
from .line_scan import SCANS, scan
from .pattern_program import guides, realise
from .probes import SCALES, best_points, climb, gaussian, reach, steepest
from .rounding import Numbers, down
from .targets import pattern_norm, realising
from .trace import trace
from .zonotope import Zonotope

# Certified per network and pass; the rough ranking is right to rounding, so few are needed.
CANDIDATES, STARTS = 4, 8
# Points that are climbed from, fewer where a network is so large that their climb would take more
# than this many multiplications; and the best of them that lines are traced from.
CLIMBERS, FEWEST, CLIMBING, TRACED = 64, 8, 2e9, 16
# Starts of line scans at the distance where kinks are, fewer where a network is so large that scans
# would take more than this many steps, or so small that it has fewer patterns.
SCANNERS, SCANNING, AMONG_KINKS = 256, 2e7, 2.0
# Rounds of scans between and around the best points, and starts of each kind.
RELINKS, LINKS = 3, 48
# A realised pattern this close to the best one known needs no further search. For smooth
# activations the extreme slopes are aimed at through a grid (sector.py), good to about 1e-6.
CLOSE, CLOSE_SMOOTH = 1e-9, 1e-5


@dataclass(frozen=True, eq=False)
class Lowers:
    """One lower end a network, the point that attains it, and how the point was found."""

    values: Numbers
    points: Float[np.ndarray, "nets inputs"]
    methods: tuple[str, ...]

    def best(self, other: Lowers) -> Lowers:
        """The larger end of each network, with its point."""
        first = self.values >= other.values
        methods = [m if mine else n for mine, m, n in zip(first, self.methods, other.methods, strict=True)]
        return Lowers(
            np.where(first, self.values, other.values),
            np.where(first[:, None], self.points, other.points),
            tuple(methods),
        )

    def replaced(self, places: np.ndarray, other: Lowers) -> Lowers:
        """`other`, which speaks about the networks at `places`, wherever it is better."""
        values, points, methods = self.values.copy(), self.points.copy(), list(self.methods)
        for row, place in enumerate(places):
            if other.values[row] > values[place]:
                values[place], points[place] = other.values[row], other.points[row]
                methods[place] = other.methods[row]
        return Lowers(values, points, tuple(methods))


def linear(batch: Batch) -> Lowers:
    """No hidden layer: the spectral norm itself, attained everywhere."""
    weights, exponents = batch.scaled()
    with np.errstate(over="ignore"):
        values = down(np.ldexp(norm_below(weights[0][:, None])[:, 0], exponents[:, 0]))
    return Lowers(values, np.zeros((len(batch), weights[0].shape[-1])), ("spectral norm",) * len(batch))


def attained(batch: Batch, x: Points, method: str) -> Lowers:
    """The best certified point of each network."""
    values = certified_norms(batch, x)
    pick = values.argmax(axis=1)
    rows = np.arange(len(batch))
    return Lowers(values[rows, pick], x[rows, pick], (method,) * len(batch))


def fast(batch: Batch, extra: Float[np.ndarray, "points inputs"], random: np.random.Generator) -> Lowers:
    """The steepest of `extra`, of Gaussian points at several distances, and far away."""
    name, one = "gradient at a sampled point", batch.weights[-1].shape[1] == 1
    # several outputs are ranked by another norm, so the best of a few counts
    x = steepest(batch, random, 1 if one else CANDIDATES)
    if len(extra):
        every = np.broadcast_to(extra, (len(batch), *extra.shape))
        x = np.concatenate([best_points(batch, every, CANDIDATES), x], axis=1)
    ends = attained(batch, x, name)
    doubtful = np.flatnonzero(ends.values == 0.0)
    if not len(doubtful):
        return ends
    part = batch.take(doubtful)
    more = best_points(part, gaussian(part, random), CANDIDATES)
    return ends.replaced(doubtful, attained(part, more, name))


def guided(
    batch: Batch, known: Lowers, z: Zonotope, signs: np.ndarray, random: np.random.Generator
) -> Lowers:
    """One hidden layer: realise the steepest pattern of slopes; search where that fails."""
    targets = realising(batch, z, signs)
    ends = known.best(attained(batch, targets, "steepest slope pattern realised"))
    close = CLOSE if batch.activation.kink else CLOSE_SMOOTH
    open_places = np.flatnonzero(ends.values < pattern_norm(z, signs) * (1.0 - close))
    if not len(open_places):
        return ends
    part = batch.take(open_places)
    starts = np.concatenate([targets[open_places], known.points[open_places, None]], axis=1)
    if not batch.activation.kink:
        return ends.replaced(open_places, search(part, starts, random))
    climbed = ascend(part, near(part, random, _climbers(part)))
    starts = np.concatenate([starts, best_points(part, climbed, STARTS)], axis=1)
    starts = np.concatenate([starts, near(part, random, STARTS), _among_kinks(part, random)], axis=1)
    if guides(batch):
        starts = np.concatenate([starts, realise(part, signs[open_places])], axis=1)
    found = _relinked(part, scan(part, starts, random), random)
    found = _with_parts(part, found, climbed, random)
    return ends.replaced(open_places, attained(part, found, "exact line scans"))


def search(batch: Batch, starts: Points, random: np.random.Generator) -> Lowers:
    """Any depth: annealed ascent from the given points and fresh ones; then cells along lines.

    Smooth activations have no cells; a sampled line search takes the place of the lines.
    """
    fresh = np.concatenate([starts, near(batch, random, _climbers(batch))], axis=1)
    climbed = ascend(batch, fresh)
    ends = attained(batch, best_points(batch, climbed, CANDIDATES), "annealed ascent")
    chosen = np.concatenate(
        [best_points(batch, climbed, TRACED), best_points(batch, fresh, TRACED // 2)], axis=1
    )
    kink = batch.activation.kink
    found = trace(batch, chosen, random) if kink else climb(batch, chosen, random)
    found = _with_parts(batch, found, climbed, random)
    lines = "traced lines" if kink else "sampled line search"
    return ends.best(attained(batch, found, f"annealed ascent and {lines}"))


def _with_parts(
    batch: Batch, found: np.ndarray, others: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Networks that fall apart: also the best of each part, climbed once more together."""
    if not falls_apart(batch):
        return found
    pool = np.concatenate([found, others, gaussian(batch, random)], axis=1)
    together = recombined(batch, pool)
    return np.concatenate([found, together, ascend(batch, together)], axis=1)


def _among_kinks(batch: Batch, random: np.random.Generator) -> Points:
    """Unselected points: which of them a scan will lead far up is not seen from their gradients."""
    inputs, units = batch.arch.widths[:2]
    count = min(_affordable(batch, SCANNERS), max(FEWEST, 2 ** min(units, 10)))
    x = random.standard_normal((count, inputs))
    return np.asarray(AMONG_KINKS * reach(batch)[:, None, None] * x)


def _relinked(
    batch: Batch, found: Points, random: np.random.Generator
) -> Float[np.ndarray, "nets _others inputs"]:
    """Line scans from points between and around the best ones, a few times over."""
    count, scale = _affordable(batch, LINKS), reach(batch)[:, None, None]
    for _ in range(RELINKS):
        top = best_points(batch, found, STARTS)
        one, other, near_it = random.integers(0, top.shape[1], (3, count))
        share = random.uniform(-0.2, 1.2, (count, 1))
        blur = random.choice([0.05, 0.2, 0.5], (count, 1)) * random.standard_normal((count, top.shape[-1]))
        between = share * top[:, one] + (1.0 - share) * top[:, other]
        starts = np.concatenate([between, top[:, near_it] + scale * blur], axis=1)
        found = np.concatenate([top, scan(batch, starts, random)], axis=1)
    return found


def _affordable(batch: Batch, most: int) -> int:
    """Starts of line scans, at most so many."""
    inputs, units = batch.arch.widths[:2]
    return max(FEWEST, min(most, int(SCANNING / (SCANS * units * (inputs + 20)))))  # 20: sorting


def _climbers(batch: Batch) -> int:
    # Two passes along the network and two along a tangent for every step of every stage.
    each = 4 * len(STAGES) * STEPS * sum(w[0].size for w in batch.weights)
    return int(np.clip(CLIMBING / each, FEWEST, CLIMBERS))


def near(batch: Batch, random: np.random.Generator, count: int) -> Points:
    """The steepest of Gaussian points at distances where biases matter: the ascent's starts."""
    points = gaussian(batch, random)
    within = points.shape[1] * (len(SCALES) - 1) // len(SCALES) if batch.activation.kink else points.shape[1]
    return best_points(batch, points[:, :within], count)

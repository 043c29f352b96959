"""What an explicit interpolant is: a function with everything a law asks about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from ..accounting import Entry, Ledger, uniform_length
from ..data.checks import finite
from ..errors import InfeasibleConstruction, LabelOutOfRange, ShapeMismatch
from ..evidence import LOG2, Bracket, Hypothesis
from ..networks import Network

Points = Float[np.ndarray, "points inputs"]
Values = Float[np.ndarray, " points"]
Domain = Literal["R^d", "sphere"]

TOLERANCE = 1e-9  # within which labels count as interpolated
WORD = 64  # bits of a float64 number
HEADER = 64  # bits that name the construction with its profile, dimension, grid and seed


@dataclass(frozen=True, eq=False)
class Interpolant:
    """A function that fits given labels, written down explicitly.

    function  : points (points, inputs) to values (points,), in float64
    x, y      : what it fits
    lipschitz : certified l2 Lipschitz constant of the function on `domain`
    domain    : "R^d", or "sphere": on the unit sphere, distances being those of R^d
    numbers   : how many numbers depend on the data, p
    ledger    : p_eff in nats, under a code that is fixed before the data are seen
    error     : upper bound of max |f(x_i) - y_i|, in exact arithmetic
    spare     : certified lower end of the room between supports; at least 0 where they are disjoint
    network   : the same function as a network, where it is one
    """

    name: str
    function: Callable[[Points], Values]
    x: Points
    y: Values
    lipschitz: Bracket
    domain: Domain
    numbers: int
    ledger: Ledger
    error: float
    spare: float
    network: Network | None = None

    def __call__(self, x: Any) -> Values:
        """Values at points. Raises ShapeMismatch or NonFinite."""
        points = finite("x", x, 2)
        if points.shape[1] != self.x.shape[1]:
            raise ShapeMismatch("x", points.shape, f"give (points, {self.x.shape[1]})")
        return self.function(points)

    @property
    def checks(self) -> tuple[Hypothesis, ...]:
        """Whether it interpolates, and whether its supports are disjoint: decided by certified numbers."""
        fits = f"|f(x_i) - y_i| <= {self.error:.3g}, to be at most {TOLERANCE:g}"
        apart = f"supports are at least {self.spare:.3g} apart"
        return (
            Hypothesis("interpolation", self.error <= TOLERANCE, fits),
            Hypothesis("disjointness", self.spare >= 0.0, apart),
        )


def as_points(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points and labels, checked.

    Raises ShapeMismatch, NonFinite, LabelOutOfRange, or InfeasibleConstruction where all labels are 0.
    """
    points, labels = finite("x", x, 2), finite("y", y, 1)
    if labels.shape != (len(points),) or 0 in points.shape:
        raise ShapeMismatch("y", labels.shape, f"give one label for each of the {len(points)} points")
    if np.abs(labels).max() > 1.0:
        raise LabelOutOfRange("y", labels[np.abs(labels) > 1.0][:3], "labels are in [-1, 1]")
    if not labels.any():
        raise InfeasibleConstruction("y", 0.0, "all labels are 0: the zero function fits them")
    return points, labels


def label_entry(labels: Values) -> Entry:
    """A bit that says whether all labels are +-1, then one bit or one word for each."""
    signs = bool((np.abs(labels) == 1.0).all())
    length = uniform_length(2) + words(len(labels), 1 if signs else WORD)
    return Entry("weights", "labels", length, f"{len(labels)} {'signs' if signs else 'numbers'}")


def words(count: int, bits: int = WORD) -> Bracket:
    """Nats of `count` numbers of so many bits each."""
    return LOG2 * float(count * bits)


def header(why: str) -> Entry:
    """What the receiver has to be told first, so that all constructions share one code."""
    return Entry("header", "construction", words(1, HEADER), why)

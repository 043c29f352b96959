"""A sample with everything that is known about its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from ..errors import InvalidArgument, ShapeMismatch
from .checks import finite, require_kind
from .isoperimetry import Places, Points
from .noise import StatedNoise
from .targets import Values, require_labels

if TYPE_CHECKING:
    from .problem import Problem

# Far above the rounding of a target's sums, far below any difference that is meant.
ROUNDING = 2.0**-40

OptionalValues = Float64[np.ndarray, " samples"] | None


@dataclass(frozen=True, eq=False)
class Dataset:
    """n samples; g and z are None where the truth is unknown.

    x         : inputs (n, dim)
    y         : labels in [-1, 1]
    g, z      : E[y|x] and the noise y - g
    component : mixture component of each sample
    problem   : where the sample came from, None if unknown
    seed      : that it was drawn with, None if it was not drawn here
    Raises ShapeMismatch, NonFinite, LabelOutOfRange or InvalidArgument.
    """

    x: Points
    y: Values
    g: OptionalValues
    z: OptionalValues
    component: Places
    problem: Problem | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, array in (("x", self.x), ("y", self.y), ("component", self.component)):
            require_kind(name, array, np.ndarray, "give an array; Dataset.from_arrays takes lists as well")
        if self.x.ndim != 2 or 0 in self.x.shape:
            raise ShapeMismatch("x", self.x.shape, "give (samples, inputs), at least one of each")
        for name, values in (("y", self.y), ("g", self.g), ("z", self.z), ("component", self.component)):
            if values is not None and values.shape != (self.n,):
                raise ShapeMismatch(name, values.shape, f"x has {self.n} samples")
        finite("x", self.x, 2)
        for name, values in (("y", self.y), ("g", self.g)):
            if values is not None:
                require_labels(name, finite(name, values, 1))
        _require_places(self.component)
        if self.g is not None and self.z is not None and not np.array_equal(self.z, self.y - self.g):
            raise InvalidArgument(
                "z", self.z, "the noise has to be y - g exactly; Dataset.from_arrays makes it"
            )
        if self.problem is not None:
            self._fit(self.problem)

    def _fit(self, problem: Problem) -> None:
        if self.dim != problem.dim:
            raise ShapeMismatch("x", self.x.shape, f"the problem's inputs have {problem.dim} entries")
        known = problem.distribution.components
        if self.component.max() >= known:
            raise InvalidArgument("component", self.component, f"the problem has components 0 to {known - 1}")

    @classmethod
    def from_arrays(
        cls, x: Any, y: Any, g: Any = None, *, problem: Problem | None = None, component: Any = None
    ) -> Dataset:
        """A data set of the user's own arrays, copied to float64.

        g         : E[y|x] where it is known; without it the noise is unknown and laws that need it refuse
        problem   : the problem whose proxy and noise bound the laws may use. Unless its noise is
                    StatedNoise, g is its own: a given one has to agree with it but for rounding
        component : mixture component of each sample; all 0 if not given, and needed for a mixture
        """
        from .problem import Problem  # which samples data sets

        points, labels = finite("x", x, 2), finite("y", y, 1)
        truth = None if g is None else finite("g", g, 1)
        if problem is not None:
            require_kind("problem", problem, Problem, "give a Problem: Problem(law, target, noise)")
        if labels.shape != (len(points),):
            raise ShapeMismatch("y", labels.shape, f"x has {len(points)} samples")
        if truth is not None and truth.shape != labels.shape:
            raise ShapeMismatch("g", truth.shape, f"x has {len(points)} samples")
        if component is None and problem is not None and problem.distribution.components > 1:
            raise InvalidArgument(
                "component", None, "the problem is a mixture: say where each sample is from"
            )
        places = np.zeros(len(points)) if component is None else finite("component", component, 1)
        _require_places(places)
        if problem is not None and not isinstance(problem.noise, StatedNoise):
            truth = _own_regression(problem, points, truth)
        return cls(
            points,
            labels,
            truth,
            None if truth is None else labels - truth,
            places.astype(np.int64),
            problem,
        )

    def __repr__(self) -> str:
        truth = "g unknown" if self.g is None else "g known"
        source = "" if self.problem is None else f", {type(self.problem.distribution).__name__}"
        drawn = "" if self.seed is None else f", seed {self.seed}"
        return f"Dataset({self.n} samples, {self.dim} inputs, {truth}{source}{drawn})"

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        return int(self.x.shape[1])

    def __len__(self) -> int:
        return self.n


def _own_regression(problem: Problem, x: Points, given: np.ndarray | None) -> np.ndarray:
    """The problem's E[y|x]. Raises ShapeMismatch, or InvalidArgument if the given one is another."""
    if x.shape[1] != problem.dim:
        raise ShapeMismatch("x", x.shape, f"the problem's inputs have {problem.dim} entries")
    own = np.asarray(problem.noise.regression(problem.target_values(x)))
    if given is not None and np.any(off := np.abs(given - own) > ROUNDING):
        raise InvalidArgument(
            "g",
            given[off][:3],
            f"the problem's own E[y|x] is {own[off][:3]} there; for labels that the problem's noise did not "
            "draw give Problem(law, target, StatedNoise(limit))",
        )
    return own


def _require_places(component: np.ndarray) -> None:
    """Raises InvalidArgument unless every entry is a whole number of at least 0."""
    wrong = component[(component < 0) | (component != np.floor(component))]
    if wrong.size:
        raise InvalidArgument("component", wrong[:3], "components are numbered 0, 1, 2, ...")

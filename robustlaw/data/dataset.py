"""A sample with everything that is known about its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from ..errors import InvalidArgument, ShapeMismatch
from .checks import finite
from .isoperimetry import Places, Points
from .targets import Values, require_labels

if TYPE_CHECKING:
    from .problem import Problem

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
        if len(self.x) == 0:
            raise InvalidArgument("x", self.x.shape, "a data set needs at least one sample")
        for name, values in (("y", self.y), ("g", self.g), ("z", self.z), ("component", self.component)):
            if values is not None and values.shape != (self.n,):
                raise ShapeMismatch(name, values.shape, f"x has {self.n} samples")
        finite("x", self.x, 2)
        for name, values in (("y", self.y), ("g", self.g)):
            if values is not None:
                require_labels(name, finite(name, values, 1))
        if self.problem is not None:
            self._fit(self.problem)

    def _fit(self, problem: Problem) -> None:
        if self.dim != problem.dim:
            raise ShapeMismatch("x", self.x.shape, f"the problem's inputs have {problem.dim} entries")
        known = problem.distribution.components
        if self.component.min() < 0 or self.component.max() >= known:
            raise InvalidArgument("component", self.component, f"the problem has components 0 to {known - 1}")

    @classmethod
    def from_arrays(
        cls, x: Any, y: Any, g: Any = None, *, problem: Problem | None = None, component: Any = None
    ) -> Dataset:
        """A data set of the user's own arrays, copied to float64.

        g         : E[y|x] where it is known; without it the noise is unknown and laws that need it refuse
        problem   : the problem whose proxy and noise bound the laws may use
        component : mixture component of each sample; all 0 if not given, and needed for a mixture
        """
        points, labels = finite("x", x, 2), finite("y", y, 1)
        truth = None if g is None else finite("g", g, 1)
        if labels.shape != (len(points),):
            raise ShapeMismatch("y", labels.shape, f"x has {len(points)} samples")
        if truth is not None and truth.shape != labels.shape:
            raise ShapeMismatch("g", truth.shape, f"x has {len(points)} samples")
        if component is None and problem is not None and problem.distribution.components > 1:
            raise InvalidArgument(
                "component", None, "the problem is a mixture: say where each sample is from"
            )
        places = np.zeros(len(points)) if component is None else component
        return cls(
            points,
            labels,
            truth,
            None if truth is None else labels - truth,
            np.array(places, dtype=np.int64),
            problem,
        )

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        return int(self.x.shape[1])

    def __len__(self) -> int:
        return self.n

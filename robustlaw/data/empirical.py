"""Arrays of a user, and a variance proxy that is assumed rather than certified."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..errors import InvalidArgument
from .checks import finite, require_count, require_kind, require_positive
from .isoperimetry import Distribution, Isoperimetry, Offsets, Places, Points, Rows, Vector


@dataclass(frozen=True, eq=False)
class Empirical(Distribution):
    """Inputs drawn without replacement from a table. No certificate.

    The rows count as independent draws from a population: then so do the rows of a sample.
    """

    points: np.ndarray
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", finite("points", self.points, 2))
        require_count("number of points", len(self.points))
        object.__setattr__(self, "dim", self.points.shape[1])

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return None

    @property
    def radius(self) -> float:
        """Infinite: the table does not bound its population."""
        return math.inf

    @property
    def samples_afresh(self) -> bool:
        return False

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        if n > len(self.points):
            raise InvalidArgument(
                "n", n, f"rows are drawn without replacement and there are {len(self.points)}"
            )
        return np.asarray(self.points[rng.permutation(len(self.points))[:n]])

    def gaussian_proxy(self) -> float:
        """Largest eigenvalue of the covariance of the rows: the rho of a normal law with it."""
        return float(np.linalg.eigvalsh(np.cov(self.points.T).reshape(self.dim, self.dim))[-1])


@dataclass(frozen=True, eq=False)
class Assumed(Distribution):
    """A law with a proxy that the user vouches for; every verdict prints the assumption.

    distribution : a law, or an array of inputs (n, dim), which becomes Empirical
    proxy        : the assumed rho
    why          : the reason, in words that may stand in a report
    """

    distribution: Distribution | np.ndarray
    proxy: float = math.nan
    why: str = ""
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.distribution, Distribution):
            object.__setattr__(self, "distribution", Empirical(self.distribution))
        require_positive("proxy", self.proxy)
        require_kind("why", self.why, str, "say in words what the assumed proxy rests on")
        if not self.why.strip():
            raise InvalidArgument("why", self.why, "say what the assumed proxy rests on")
        object.__setattr__(self, "dim", self._law.dim)

    @property
    def _law(self) -> Distribution:
        assert isinstance(self.distribution, Distribution)
        return self.distribution

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        """None: an assumption is not a certificate."""
        return None

    @property
    def assumption(self) -> str | None:
        return f"rho = {self.proxy:.6g} ({self.why})"

    @property
    def radius(self) -> float:
        return self._law.radius

    @property
    def samples_afresh(self) -> bool:
        return self._law.samples_afresh

    @property
    def components(self) -> int:
        return self._law.components

    def component(self, index: int) -> Distribution:
        return Assumed(self._law.component(index), self.proxy, self.why)

    @property
    def mean(self) -> Vector:
        return self._law.mean

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Points, Places]:
        return self._law.draw(n, rng)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return self._law.sample(n, rng)

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        return self._law.relu_mean(w, b)

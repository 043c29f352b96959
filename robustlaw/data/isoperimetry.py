# ruff: noqa: ARG002 -- a contract names arguments that some members do not need
"""What a law of inputs promises: its variance proxy and where that number comes from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ..errors import InvalidArgument, MissingCapability

Points = Float64[np.ndarray, "samples inputs"]
Vector = Float64[np.ndarray, " inputs"]
Rows = Float64[np.ndarray, "rows inputs"]
Offsets = Float64[np.ndarray, " rows"]
Places = Int64[np.ndarray, " samples"]


@dataclass(frozen=True)
class Isoperimetry:
    """A certificate: log E exp(t(h - E h)) <= t^2 proxy / 2 for every 1-Lipschitz h and every real t.

    proxy  : rho, rounded up; a mixture's certificate speaks of each component by itself
    source : the theorem it follows from
    """

    proxy: float
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.proxy) and self.proxy >= 0.0):
            raise InvalidArgument("proxy", self.proxy, "a variance proxy is a finite number >= 0")

    @property
    def statement(self) -> str:
        return (
            "log E exp(t(h - E h)) <= t^2 rho/2 for every 1-Lipschitz h and real t, "
            f"with rho = {self.proxy:.6g} ({self.source})"
        )


class Distribution(ABC):
    """A law of inputs in R^dim. Normalise so that E|x|^2 = O(1): rho is then about 1/dim.

    dim : number of inputs
    """

    dim: int

    @property
    @abstractmethod
    def isoperimetry(self) -> Isoperimetry | None:
        """The certificate, or None where there is none."""

    @property
    @abstractmethod
    def radius(self) -> float:
        """sup |x|, infinite for unbounded inputs."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """n independent inputs."""

    @property
    def proxy(self) -> float:
        """The variance proxy rho. Raises MissingCapability if nothing certifies one."""
        if self.isoperimetry is None:
            raise MissingCapability(
                f"{type(self).__name__} has no isoperimetry certificate; choose a law with one "
                "(rl.data.Gaussian, rl.data.Sphere, ...) or state your own value with "
                "rl.data.Assumed(distribution, proxy=..., why=...)"
            )
        return self.isoperimetry.proxy

    @property
    def assumption(self) -> str | None:
        """What the proxy rests on without proof; None for a certificate."""
        return None

    @property
    def samples_afresh(self) -> bool:
        """True if any number of new independent inputs can be drawn."""
        return True

    @property
    def components(self) -> int:
        """Number of mixture components."""
        return 1

    def component(self, index: int) -> Distribution:
        """The law of component `index`; the law itself if it is not a mixture."""
        if index != 0:
            raise InvalidArgument("index", index, f"{type(self).__name__} has one component, number 0")
        return self

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Points, Places]:
        """n inputs and the component that each came from."""
        return self.sample(n, rng), np.zeros(n, dtype=np.int64)

    @property
    def mean(self) -> Vector:
        """E x, exact. Raises MissingCapability where it is not known."""
        raise MissingCapability(
            f"the mean of {type(self).__name__} is not known exactly; centre with fresh samples instead"
        )

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        """Certified lower and upper ends of E relu(w.x + b), one of each a row of w.

        Raises MissingCapability where no closed form is known.
        """
        raise MissingCapability(
            f"E relu(w.x + b) has no closed form for {type(self).__name__}; "
            "centre with fresh samples and their confidence interval instead"
        )


def worst_certificate(parts: Sequence[Distribution], how: str) -> Isoperimetry | None:
    """The certificate with the largest rho, `how` it was combined put first; None if one part has none."""
    certificates = [part.isoperimetry for part in parts]
    known = [c for c in certificates if c is not None]
    if len(known) < len(parts):
        return None
    worst = max(known, key=lambda c: c.proxy)
    return Isoperimetry(worst.proxy, f"{how}; {worst.source}")


def joined_assumptions(parts: Sequence[Distribution]) -> str | None:
    """What the parts rest on without proof, in one sentence."""
    return " and ".join(part.assumption for part in parts if part.assumption) or None

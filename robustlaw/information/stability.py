"""Proved levels of privacy or noise that cap what a mask can tell.

Neighbours are data sets that differ in one example replaced by another; a level for adding or
removing an example counts twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..data.checks import require_number, require_positive
from ..errors import InvalidArgument


def _require_level(name: str, value: float) -> None:
    require_number(name, value)
    if not (math.isfinite(value) and value >= 0.0):
        raise InvalidArgument(name, value, "give a finite number, 0 or more")


@dataclass(frozen=True)
class PureDP:
    """p(m|D) <= e^epsilon p(m|D') for neighbours D, D' and every mask m."""

    epsilon: float

    def __post_init__(self) -> None:
        _require_level("epsilon", self.epsilon)


@dataclass(frozen=True)
class ZCDP:
    """Renyi divergence of order alpha between neighbours at most rho alpha, for every alpha > 1."""

    rho: float

    def __post_init__(self) -> None:
        _require_level("rho", self.rho)


@dataclass(frozen=True)
class GaussianScores:
    """The mask is a function of f(D) + sigma * N(0, identity), neighbours' f at most `sensitivity` apart.

    sensitivity : in Euclidean norm
    """

    sensitivity: float
    sigma: float

    def __post_init__(self) -> None:
        _require_level("sensitivity", self.sensitivity)
        require_positive("sigma", self.sigma)


@dataclass(frozen=True)
class OutputNoise:
    """The mask is a function of f(D) + sigma * N(0, identity), and the variance of each f_i is bounded.

    variances : proved bounds on Var f_i(D)
    """

    variances: tuple[float, ...]
    sigma: float

    def __post_init__(self) -> None:
        require_positive("sigma", self.sigma)
        for value in self.variances:
            _require_level("variances", value)

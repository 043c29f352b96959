"""The description-length law on an explicit interpolant: how near the law's bound is to attained."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..data import Dataset, EmbeddedSphere, Problem, Sphere
from ..data.checks import require_kind
from ..errors import InvalidArgument
from ..evidence import Bracket, Evidence, compare, round_up
from ..laws.correlation import weighted_sum
from .interpolant import Interpolant


@dataclass(frozen=True)
class UpperSide:
    """Law 6, Lip(f) >= C(f) sqrt(n/(2 v rho (l(f) + log 1/delta))), and what f makes of it.

    evidence    : the law's bound beside the interpolant's constant
    correlation : C(f), what f repeats of the noise, less the imbalance of the noise
    rate        : n/(v rho (l(f) + log 1/delta)): the law is Lip/C >= sqrt(rate/2)
    """

    evidence: Evidence
    correlation: Bracket
    rate: Bracket

    @property
    def ratio(self) -> float:
        """Construction over law, rounded up: the gap that the theory leaves."""
        return self.evidence.slack or math.inf


def upper_side(found: Interpolant, data: Dataset, delta: float = 0.05) -> UpperSide:
    """The law on the function itself, its code being the interpolant's ledger.

    data : what it interpolates, drawn from a problem with a variance proxy. A constant on the sphere
           serves where the inputs are on the unit sphere: such a function extends to R^d with the same
           constant (McShane).
    Raises InvalidArgument for other data.
    """
    problem, z = _checked(found, data)
    n = float(data.n)
    repeated = weighted_sum(z, data.y, np.full(data.n, found.error))
    total = weighted_sum(np.ones(data.n), z, np.zeros(data.n))
    correlation = (repeated - max(abs(total.lower), abs(total.upper))) / n
    noise = Bracket.exact(problem.noise_bound) * problem.noise_bound
    nats = found.ledger.p_eff.upper + (1.0 / Bracket.exact(delta)).log().upper
    rate = n / (noise * problem.proxy * round_up(nats))
    theory = correlation * (rate / 2.0).sqrt()
    evidence = Evidence(
        "DescriptionLength",
        compare(found.lipschitz, theory),
        "Lipschitz constant" if found.domain == "R^d" else "Lipschitz constant on the sphere",
        found.lipschitz,
        theory,
        found.checks,
        1.0 - delta,
        delta,
    )
    return UpperSide(evidence, correlation, rate)


def _checked(found: Interpolant, data: Dataset) -> tuple[Problem, np.ndarray]:
    """The problem and its noise, if the law may speak of this function on these data."""
    require_kind("found", found, Interpolant, "give an Interpolant, for example bumps(data.x, data.y)")
    require_kind("data", data, Dataset, "give the data set that was interpolated")
    if not (np.array_equal(found.x, data.x) and np.array_equal(found.y, data.y)):
        raise InvalidArgument("data", repr(data), "it has to be what the construction interpolates")
    problem = data.problem
    if problem is None or data.z is None or problem.distribution.components > 1:
        raise InvalidArgument("data", repr(data), "draw it from a Problem whose law has one component")
    law = problem.distribution
    if found.domain == "sphere" and not (isinstance(law, Sphere | EmbeddedSphere) and law.radius == 1.0):
        raise InvalidArgument("data", repr(data), "a constant on the unit sphere needs inputs on it")
    return problem, data.z

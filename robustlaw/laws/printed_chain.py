"""What the printed theorems share: eps and R, the parameter net, the sample-size condition.

The theorems fix eps and the weight set before the data. Where a law is given neither, eps is
the largest power of two that the error allows and R the smallest that covers the weights; each
value then gets a fixed part of delta, the parts summing to at most 1, so that the statement
stays true for the values chosen after the fact.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..accounting import Ledger, information_ledger, net_charge
from ..constants import ONE_SIDED, SAMPLE_LOG, SAMPLE_SIZE, TWO_SIDED
from ..errors import InvalidArgument, MissingCapability
from ..evidence import Bracket, Hypothesis, round_down
from .base import Law
from .hypotheses import bounded_inputs, isoperimetry
from .measure import Measured
from .resolution import MOST_OCTAVES, has_sensitivity, sensitivity, weight_norm

# eps is looked for among 1, 1/2, ..., 2^-9
SMALLEST_EPS = 10


@dataclass(frozen=True)
class PrintedLaw(Law):
    """A law that turns MSE <= sigma^2 - eps into a Lipschitz bound through a parameter net.

    eps    : declared before the data, or None: chosen from 1, 1/2, 1/4, ... at a share of delta
    radius : declared R with |(weights, biases)| <= R, or None: a power of two, likewise
    """

    eps: float | None = None
    radius: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("eps", self.eps), ("radius", self.radius)):
            if value is not None and not 0.0 < value < math.inf:
                raise InvalidArgument(name, value, "give a positive finite number, or None")

    @property
    @abstractmethod
    def shrink(self) -> Bracket:
        """Factor on eps in the bound and in the sample-size condition."""

    @abstractmethod
    def parameters(self, m: Measured) -> Ledger:
        """p_eff with the net's charge for every parameter that counts."""

    def ledgers(self, m: Measured) -> Iterable[Ledger]:
        return [self.parameters(m)]

    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        return [
            isoperimetry(m),
            bounded_inputs(m),
            known_sensitivity(m),
            self._covered(m),
            *self._fit_and_samples(m),
        ]

    def _covered(self, m: Measured) -> Hypothesis:
        norm, radius = weight_norm(m.net), self.radius_for(m)
        holds = norm <= radius
        return Hypothesis(
            "weight set", holds, f"|(w, b)| = {norm:.4g} {'<=' if holds else '>'} R = {radius:g}"
        )

    def _fit_and_samples(self, m: Measured) -> list[Hypothesis]:
        level, eps = noise_level(m), self.eps_for(m)
        if level is None:
            return [Hypothesis("fit", False, "the noise level sigma^2 is unknown")]
        fits = eps is not None and _fits(m, level, eps)
        shown = "eps" if eps is None else f"{eps:g}"
        relation = "<=" if fits else "is not below"
        words = f"MSE {m.mse.upper:.4g} {relation} sigma^2 - {shown} with sigma^2 = {level:.4g}"
        found = [Hypothesis("fit", fits, words)]
        if not fits or eps is None:
            return found
        assert m.data.problem is not None
        k = m.data.problem.distribution.components
        need = samples_needed(k, self.delta_for(m), self.shrink.lower * eps)
        enough = m.n >= need
        words = f"n = {m.n} {'>=' if enough else '<'} 512 k log(8k/delta)/eps^2 = {need:.0f}"
        return [*found, Hypothesis("sample size", enough, words)]

    def eps_for(self, m: Measured) -> float | None:
        """The declared eps, or the largest power of two that the error allows."""
        if self.eps is not None:
            return self.eps
        level = noise_level(m)
        choices = [2.0**-k for k in range(SMALLEST_EPS)]
        return None if level is None else next((e for e in choices if _fits(m, level, e)), None)

    def radius_for(self, m: Measured) -> float:
        """The declared R, or the smallest power of two that covers the weights."""
        if self.radius is not None:
            return self.radius
        octave = math.ceil(math.log2(max(weight_norm(m.net), 2.0**-MOST_OCTAVES)))
        return float(2.0**octave)

    def delta_for(self, m: Measured) -> float:
        """The part of delta for the chosen eps = 2^-k and R = 2^j: 1/((k+1)(k+2)), (2/3)/((|j|+1)(|j|+2))."""
        part = self.delta
        eps = self.eps_for(m)
        if self.eps is None and eps is not None:
            k = round(-math.log2(eps))
            part /= octave_share(k, ONE_SIDED)
        if self.radius is None:
            j = abs(round(math.log2(self.radius_for(m))))
            part /= octave_share(j, TWO_SIDED)
        return part

    def net_charge(self, m: Measured) -> Bracket:
        """log(1 + 60 W J/eps), nats for one parameter, W = 2R. Raises MissingCapability without eps."""
        eps, problem = self.eps_for(m), m.data.problem
        if eps is None or problem is None:
            raise MissingCapability("the parameter net needs eps and a bound on the inputs")
        j = sensitivity(m.net.arch, self.radius_for(m), problem.distribution.radius)
        return net_charge(2.0 * self.radius_for(m), j, eps)

    def net_bound(self, m: Measured, constant: int, weight: Bracket) -> Bracket:
        """(eps shrink/constant) sqrt(n weight/rho): as c = rho d, n d/c is n/rho."""
        assert m.data.problem is not None
        eps = Bracket.exact(self.eps_for(m) or 0.0) * self.shrink
        rate = weight * float(m.n) / m.data.problem.proxy
        return eps / float(constant) * rate.sqrt()


def samples_needed(k: int, delta: float, eps: float) -> float:
    """512 k log(8k/delta)/eps^2."""
    return SAMPLE_SIZE * k * math.log(SAMPLE_LOG * k / delta) / eps**2


def octave_share(octave: int, scale: Fraction) -> float:
    """What delta is divided by for a power of two: scale (j+1)(j+2), of which the inverses sum to 1."""
    return float(scale) * (octave + 1) * (octave + 2)


def rational(value: Fraction) -> Bracket:
    """A fraction, enclosed."""
    return Bracket.exact(float(value.numerator)) / float(value.denominator)


def known_sensitivity(m: Measured) -> Hypothesis:
    """The derivation of J covers the activation."""
    name, known = m.net.arch.activation, has_sensitivity(m.net.arch)
    words = "slopes at most 1 and phi(0) = 0" if known else "J is derived for slopes at most 1 and phi(0) = 0"
    return Hypothesis("sensitivity", known, f"{words}: {name}" if known else f"{words}, not for {name}")


def _fits(m: Measured, level: float, eps: float) -> bool:
    """MSE <= sigma^2 - eps, the difference rounded down."""
    return m.mse.upper <= round_down(level - eps)


def sparse_parameters(law: PrintedLaw, m: Measured) -> Ledger:
    """I(m;D) + ||m||_0 log(1 + 60WJ/eps), in nats (valid, and sharper than the printed bits)."""
    charge = law.net_charge(m)
    return information_ledger(m.net, None, charge, f"log(1 + 60 W J/eps) = {charge.upper:.3g} nats each")


def noise_level(m: Measured) -> float | None:
    """sigma^2 where it is known."""
    try:
        return None if m.data.problem is None else m.data.problem.sigma2
    except MissingCapability:
        return None

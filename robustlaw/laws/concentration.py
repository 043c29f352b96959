"""The concentration ingredient: for a fixed f, X(f)/Lip(f) has mgf proxy v rho/n."""

from __future__ import annotations

from ..constants import CHERNOFF
from ..evidence import Bracket
from .measure import Measured


def noise_factor(m: Measured) -> Bracket:
    """v: B^2 for bounded noise, or s2 = mean z^2 where the noise is independent of the inputs.

    Bounded: given x, z has mean 0 and lies in [-B, B], so by convexity
    E[exp(t z h)|x] <= cosh(t B h), and E cosh(t B h) <= exp(t^2 B^2 rho Lip^2/2).
    Independent: given z, X is a sum with weights z_i/n of independent terms of proxy rho Lip^2.
    Source: here.
    """
    problem = m.data.problem
    assert problem is not None
    bound = Bracket.exact(problem.noise_bound)
    squared = bound * bound if problem.noise_bound != 1.0 else bound
    if not problem.independent_noise:
        return squared
    # where no noise was drawn at all, s2 = 0 cannot divide, and B^2 is right as well
    return m.noise_power if m.noise_power.lower > 0.0 and m.noise_power.upper < squared.upper else squared


def robust_bound(m: Measured, nats: Bracket) -> Bracket:
    """C sqrt(n/(2 v rho nats)): the Lipschitz constant that a correlation C needs."""
    assert m.data.problem is not None
    proxy = noise_factor(m) * m.data.problem.proxy * nats * float(CHERNOFF)
    return m.correlation.value * (float(m.n) / proxy).sqrt()

"""The shape of a bump: psi(0) = 1, psi(1) = 0, and the largest slope exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ..data.checks import require_number
from ..errors import InvalidArgument
from ..evidence import Bracket

Distances = Float[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class Profile:
    """psi on distances over the radius; it falls from 1 to 0 on [0, 1] and is 0 beyond.

    slope : the largest |psi'|, which is attained
    flat  : psi = 1 up to here
    """

    name: str
    shape: Callable[[Distances], Distances] = field(repr=False)
    slope: Bracket
    flat: float = 0.0

    def __call__(self, t: Distances) -> Distances:
        return np.asarray(self.shape(np.clip(t, 0.0, 1.0)))


HAT = Profile("hat", lambda t: 1.0 - t, Bracket.exact(1.0))
"""1 - t: the steepest slope is the least possible, 1."""

SMOOTH = Profile("smooth", lambda t: (1.0 - t) ** 2 * (1.0 + 2.0 * t), Bracket.exact(1.5))
"""1 - 3t^2 + 2t^3: continuously differentiable, its slope 6t(1 - t) is 3/2 at t = 1/2."""


def plateau(flat: float) -> Profile:
    """1 up to `flat`, then a line to 0 at 1, of slope 1/(1 - flat)."""
    require_number("flat", flat)
    if not 0.0 <= flat < 1.0:
        raise InvalidArgument("flat", flat, "give a share of the radius, from 0 to below 1")
    rest = Bracket.exact(1.0) - Bracket.exact(float(flat))
    return Profile(
        f"plateau {flat:g}", lambda t: np.minimum(1.0, (1.0 - t) / (1.0 - flat)), 1.0 / rest, float(flat)
    )

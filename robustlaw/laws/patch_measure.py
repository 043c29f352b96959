"""What the laws read off a network on two patches whose filters are all its trained numbers.

f = F_2 - F_1 is a function of the filters v and of nothing else, so that the network the accountant
charges, rounds and codes is the linear one with the filters as its rows. On a component of the law of
inputs (a class and an order) the signal patch is fixed: f differs by a constant from
    h(xi) = sum_a s_a relu(<v_a, xi>)^q,
so that f has the Lipschitz constant of h on the ball that holds the noise patch, and X(f) is that of h.
The proofs of the laws use f on one component at a time, which is why that constant is enough; on the whole
space it is infinite for q > 1, and the laws would say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial.distance import pdist

from ..data.checks import EPS
from ..data.images import Shifted
from ..data.two_patches import NoisePatch, OnePatch
from ..errors import InvalidArgument, MissingCapability, ShapeMismatch
from ..evidence import Bracket
from ..lipschitz.powers import bracket_powers, power_ends
from ..networks import Network
from .correlation import Correlation, noise_of, weighted_sum
from .measure import Measured

# The incomplete gamma functions and powers behind a mean are good to about 1e-13.
MEAN_ROOM = 1e-10
# The companion paper's q, and roundings of a sum beyond one for each term.
POWER, SUM_ULPS = 3, 4


@dataclass(eq=False)
class PatchMeasured(Measured):
    """A patch network on samples of `TwoPatches.problem`.

    net   : linear, with the filters as its rows, class after class; biases 0
    power : q
    """

    power: int = field(default=POWER, kw_only=True)

    def __post_init__(self) -> None:
        law = self._noise
        rows, inputs = self.net.weights[0].shape
        widths = self.net.arch.widths
        if self.net.arch.layers != 1 or inputs != law.dim or rows % 2 or self.net.biases[0].any():
            raise ShapeMismatch("net", widths, f"two classes' filters of {law.dim} inputs, without biases")
        longest = float(np.linalg.norm(self.noise_patches, axis=1).max())
        if longest > law.radius:
            raise InvalidArgument("data", longest, f"a noise patch leaves the ball of radius {law.radius:g}")

    @property
    def _noise(self) -> NoisePatch:
        """The law of the noise patch. Raises MissingCapability for another problem."""
        problem = self.data.problem
        part = None if problem is None else problem.distribution.component(0)
        if not (isinstance(part, Shifted) and isinstance(part.base, OnePatch)):
            raise MissingCapability("the data have to come from TwoPatches.problem")
        return part.base.base

    def of(self, net: Network) -> Measured:
        if net is self.net:
            return self
        for known in self._others:
            if known.net is net:
                return known
        self._others.append(PatchMeasured(net, self.data, power=self.power))
        return self._others[-1]

    @property
    def signs(self) -> np.ndarray:
        """-1 for the first class's filters, +1 for the second's."""
        half = len(self.net.weights[0]) // 2
        return np.repeat([-1.0, 1.0], half)

    @cached_property
    def patches(self) -> np.ndarray:
        """Both patches of every sample, (n, 2, inputs)."""
        return np.asarray(self.data.x.reshape(self.data.n, 2, -1))

    @cached_property
    def noise_patches(self) -> np.ndarray:
        """The patch that varies within a component: the second one where the signal is first."""
        return np.asarray(self.patches[np.arange(self.data.n), 1 - self.data.component % 2])

    @cached_property
    def lipschitz(self) -> Bracket:
        """Of f on each component of the inputs' law."""
        return self.slope or bracket_powers(self.net.weights[0], self.signs, self.power, self._noise.radius)

    @cached_property
    def outputs(self) -> tuple[np.ndarray, np.ndarray]:
        first, second = (self._sums(self.patches[:, k]) for k in (0, 1))
        value = first[0] + second[0]
        error = (first[1] + second[1]) * (1.0 + MEAN_ROOM) + EPS * np.abs(value)
        return value[:, None], error[:, None]

    def _sums(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """h at each point, and bounds on its rounding errors."""
        low, high = power_ends(self.net.weights[0], x, self.power)
        value = ((low + high) / 2.0) @ self.signs
        rounding = (len(self.signs) + SUM_ULPS) * EPS * high.sum(axis=1)
        return value, ((high - low).sum(axis=1) / 2.0 + rounding) * (1.0 + MEAN_ROOM)

    @cached_property
    def correlation(self) -> Correlation:
        """X(f), by the closed form of E relu(<v, xi>)^q: no sampling, no clipping."""
        z = noise_of(self.data)
        values, errors = self._sums(self.noise_patches)
        ones = np.ones(len(z))
        imbalance = weighted_sum(ones, z, np.zeros(len(z)))
        total = weighted_sum(z, values, errors) - imbalance * self._mean
        return Correlation((total / float(len(z))).named("exact centring"))

    @property
    def _mean(self) -> Bracket:
        """E h under the law of the noise patch."""
        lengths = np.linalg.norm(self.net.weights[0], axis=1) ** self.power
        unit = self._noise.power_mean(self.power)
        return weighted_sum(self.signs * unit, lengths, MEAN_ROOM * lengths)

    @cached_property
    def clipped_correlation(self) -> Bracket:
        raise MissingCapability("networks on two patches are centred exactly: ask for .correlation")

    @cached_property
    def steepest_pair(self) -> float:
        """Largest slope of h between two noise patches of the sample."""
        values, _ = self._sums(self.noise_patches)
        return float(np.max(pdist(values[:, None]) / pdist(self.noise_patches), initial=0.0))

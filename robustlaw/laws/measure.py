"""What is measured once on a network and its data, and then read by every law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .. import lipschitz
from ..accounting import Code, Ledger, describe
from ..accounting.describe import Rounded, describe_rounded, round_network
from ..data import Dataset
from ..data.checks import require_kind
from ..errors import HeuristicInVerdict, InvalidArgument, MissingCapability, ShapeMismatch
from ..evidence import Bracket
from ..networks import Network
from ..networks.enclosure import forward_enclosed
from .correlation import Correlation, centred_correlation, noise_correlation, weighted_sum

# Rows of the distance matrix that are formed at a time when pairs of samples are compared.
PAIR_BLOCK = 512
# Squared distances below this part of the largest squared norm have lost their digits.
NEAR, TINY = 1e-9, 1e-300
# The square of a residual is off by less than four ulps.
SQUARE_ROOM = 1e-15


@dataclass(eq=False)
class Measured:
    """One network on one data set; every number is computed at most once.

    slope : a certified bracket on the Lipschitz constant, computed on demand if None
    """

    net: Network
    data: Dataset
    slope: Bracket | None = None
    effort: str = "tight"
    _others: list[Measured] = field(default_factory=list, init=False, repr=False)
    _rounded: dict[tuple[int, str], Rounded] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        require_kind("net", self.net, Network, "give a Network, for example Network.from_torch(module)")
        require_kind("data", self.data, Dataset, "give a Dataset, for example Dataset.from_arrays(x, y, g)")
        if self.net.arch.widths[0] != self.data.x.shape[1] or self.net.arch.widths[-1] != 1:
            raise ShapeMismatch(
                "net", self.net.arch.widths, f"the laws need {self.data.x.shape[1]} inputs and one output"
            )
        if self.slope is None:
            return
        if not isinstance(self.slope, Bracket):
            raise HeuristicInVerdict(f"slope is a {type(self.slope).__name__}; give a certified Bracket")
        if self.slope.lower < 0.0 or self.slope.unit:
            raise InvalidArgument("slope", self.slope, "a Lipschitz constant is a plain number of at least 0")

    def of(self, net: Network) -> Measured:
        """Another network on the same data, measured once; this one if it is the same."""
        if net is self.net:
            return self
        for known in self._others:
            if known.net is net:
                return known
        self._others.append(Measured(net, self.data, None, self.effort))
        return self._others[-1]

    def described(self, code: Code, family: Sequence[Code]) -> Ledger:
        """`accounting.describe`, rounding once for all codes with the same grid."""
        if code not in family:
            return describe(self.net, code, family)  # which raises
        key = (code.bits, code.start)
        if key not in self._rounded:
            self._rounded[key] = round_network(self.net, code.bits, code.start)
        return describe_rounded(self.net, self._rounded[key], code, family)

    @property
    def n(self) -> int:
        return len(self.data.y)

    @cached_property
    def lipschitz(self) -> Bracket:
        """Certified bracket on Lip(f)."""
        return self.slope or lipschitz.bracket(self.net, self.effort)

    @cached_property
    def outputs(self) -> tuple[np.ndarray, np.ndarray]:
        """f(x_i) and bounds on their rounding errors, (n, 1) each."""
        return forward_enclosed(self.net, self.data.x)

    @cached_property
    def clipped_correlation(self) -> Bracket:
        """C(f)."""
        return noise_correlation(self.net, self.data)

    @cached_property
    def correlation(self) -> Correlation:
        """C_cent(f) where the law of the inputs allows it, else C(f)."""
        try:
            return centred_correlation(self.net, self.data, self.lipschitz)
        except MissingCapability:
            return Correlation(self.clipped_correlation.named("clipping"))

    @cached_property
    def mse(self) -> Bracket:
        """Mean squared error of the clipped network, as the printed theorems have it."""
        values, errors = self.outputs
        residual = np.clip(values[:, 0], -1.0, 1.0) - self.data.y
        # (r +- e)^2 = r^2 +- (2|r| + e) e
        spread = (2.0 * np.abs(residual) + errors[:, 0]) * errors[:, 0]
        return weighted_sum(np.ones(self.n), residual**2, spread + SQUARE_ROOM * residual**2) / float(self.n)

    @cached_property
    def noise_power(self) -> Bracket:
        """s2 = mean z^2."""
        z = self.data.z
        if z is None:
            raise MissingCapability("the noise z = y - g is unknown: give the clean target g of the data set")
        return weighted_sum(np.abs(z), np.abs(z), np.zeros(self.n)) / float(self.n)

    @cached_property
    def wrong_signs(self) -> int:
        """Training labels whose sign the network does not give; a 0 counts as wrong."""
        values, errors = self.outputs
        return int(np.sum(values[:, 0] * np.sign(self.data.y) <= errors[:, 0]))

    @cached_property
    def steepest_pair(self) -> float:
        """Largest |f(x_i) - f(x_j)|/|x_i - x_j| over training pairs: a law below it is vacuous."""
        values = self.net.forward(self.data.x)[:, 0]
        return max(
            _steepest(self.data.x, values, slice(start, start + PAIR_BLOCK))
            for start in range(0, self.n, PAIR_BLOCK)
        )


def _steepest(x: np.ndarray, values: np.ndarray, rows: slice) -> float:
    squares = np.einsum("ij,ij->i", x, x)
    gaps = squares[rows, None] + squares[None, :] - 2.0 * (x[rows] @ x.T)
    rises = np.abs(values[rows, None] - values[None, :])
    # Below this the Gram formula has lost its digits; such pairs are left out, which can only
    # make the trivial bound smaller.
    far = gaps > NEAR * (squares.max() + TINY)
    return float(np.max(np.where(far, rises / np.sqrt(np.where(far, gaps, 1.0)), 0.0)))

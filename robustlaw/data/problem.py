"""A regression problem: a law of inputs, a target, and label noise."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..seeds import generator
from .checks import require_kind, whole
from .dataset import Dataset
from .isoperimetry import Distribution, Points
from .noise import LabelNoise, RandomSigns
from .targets import Target, Values, Zero, require_labels


@dataclass(frozen=True)
class Problem:
    """Samples (x, y) with everything that a law of robustness asks about.

    distribution : law of the inputs
    target       : what the labels are about; pure noise by default
    noise        : how labels are drawn given the target
    Raises LabelOutOfRange where labels could leave [-1, 1]: nothing is clipped.
    """

    distribution: Distribution
    target: Target = field(default_factory=Zero)
    noise: LabelNoise = field(default_factory=RandomSigns)

    def __post_init__(self) -> None:
        require_kind("distribution", self.distribution, Distribution, "give a law such as data.Gaussian(10)")
        require_kind("target", self.target, Target, "give a target such as data.Zero(), not its class")
        require_kind("noise", self.noise, LabelNoise, "give a noise such as data.RandomSigns()")
        self.noise.require(self.target)

    @property
    def dim(self) -> int:
        return self.distribution.dim

    @property
    def proxy(self) -> float:
        """The variance proxy rho. Raises MissingCapability if nothing vouches for one."""
        return self.distribution.proxy

    @property
    def assumption(self) -> str | None:
        """What the proxy and the noise bound rest on without proof."""
        stated = [s for s in (self.distribution.assumption, self.noise.assumption) if s]
        return " and ".join(stated) or None

    @property
    def sigma2(self) -> float:
        """E Var[y|x]. Raises MissingCapability where it is not known exactly."""
        return self.noise.sigma2(self.target)

    @property
    def noise_bound(self) -> float:
        """B = sup |z|."""
        return self.noise.bound(self.target)

    @property
    def independent_noise(self) -> bool:
        """True if z is independent of x."""
        return self.noise.independent_of_inputs(self.target)

    def sample(self, n: int, seed: int) -> Dataset:
        """n samples; the same seed gives the same bits. Inputs and labels have streams of their own."""
        n, seed = whole("n", n, 1), whole("seed", seed)
        x, component = self.distribution.draw(n, generator("data", seed))
        values = self.target_values(x)
        g = self.noise.regression(values)
        y = self.noise.labels(values, generator("labels", seed))
        return Dataset(x, y, g, y - g, component, self, seed)

    def target_values(self, x: Points) -> Values:
        """The target at each input. Raises LabelOutOfRange where it breaks its promise."""
        values = self.target(x)
        require_labels("target(x)", values)
        return values

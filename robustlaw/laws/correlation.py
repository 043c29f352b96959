"""Noise correlation: how much of the label noise a network repeats.

C(f)      = (1/n) sum_i z_i f^(x_i) - (1/n) sum_l |sum_{i in S_l} z_i|, f^ = f clipped to [-1,1]
C_cent(f) = (1/n) sum_i z_i (f(x_i) - E_l f), l the component that x_i was drawn from

Both are at most X(f), the quantity every proof bounds (for C because |E_l f^| <= 1). C_cent
needs E_l f: in closed form for linear maps and one hidden ReLU layer, else from fresh samples
with a confidence radius from the law's own isoperimetry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..constants import CHERNOFF
from ..data import Dataset, Distribution
from ..errors import MissingCapability
from ..evidence import Bracket
from ..networks import Network
from ..networks.enclosure import UNIT_ROUNDOFF, forward_enclosed
from ..seeds import generator

# Fresh samples per component, and the chance that their confidence radius fails, for networks
# whose mean has no closed form.
FRESH_SAMPLES = 20_000
FRESH_RISK = 1e-5

# Relative room for the rounding of a product of a few factors or roots, which is below 1e-15.
ROOM = 1e-12
# A sampled or summed mean of the inputs is off by a few ulps.
MEAN_ULPS = 8.0


@dataclass(frozen=True)
class Correlation:
    """A noise correlation and the chance, over fresh samples alone, that its bracket is wrong."""

    value: Bracket
    risk: float = 0.0


def noise_correlation(net: Network, data: Dataset) -> Bracket:
    """C(f), for any distribution: needs the noise, not the law of the inputs."""
    z = noise_of(data)
    values, errors = forward_enclosed(net, data.x)
    clipped = np.clip(values[:, 0], -1.0, 1.0)
    repeated = weighted_sum(z, clipped, errors[:, 0])
    return (repeated - _imbalance(data, z)) * _share(len(z))


def centred_correlation(net: Network, data: Dataset, slope: Bracket) -> Correlation:
    """C_cent(f), by the closed form where there is one.

    slope : certified bracket on Lip(f); only the sampled mean uses its upper end
    Raises MissingCapability if the law of the inputs is not known.
    """
    z = noise_of(data)
    values, errors = forward_enclosed(net, data.x)
    total = weighted_sum(z, values[:, 0], errors[:, 0])
    laws = _laws(data)
    means, risk = _closed_means(net, laws), 0.0
    if means is None:
        means, risk = _sampled_means(net, laws, slope, data), FRESH_RISK
    for component, mean in enumerate(means):
        total = total - _sum(z[data.component == component]) * mean
    method = "exact centring" if risk == 0.0 else f"centring by {FRESH_SAMPLES} fresh samples"
    return Correlation((total * _share(len(z))).named(method), risk)


def noise_of(data: Dataset) -> np.ndarray:
    """The label noise. Raises MissingCapability if the data set does not know its clean target."""
    if data.z is None:
        raise MissingCapability("the noise z = y - g is unknown: give the clean target g of the data set")
    return data.z


def weighted_sum(weights: np.ndarray, values: np.ndarray, errors: np.ndarray) -> Bracket:
    """sum_i weights_i (values_i +- errors_i), enclosed."""
    products = weights * values
    radius = math.fsum(np.abs(weights) * errors + 2.0 * UNIT_ROUNDOFF * np.abs(products))
    total = math.fsum(products)
    slack = radius * (1.0 + ROOM) + math.ulp(total) + len(values) * np.finfo(np.float64).tiny
    return Bracket(total - slack, total + slack, "sum with rounding bound").widen(0.0)


def _sum(values: np.ndarray) -> Bracket:
    total = math.fsum(values)
    return Bracket(total - math.ulp(total), total + math.ulp(total), "sum")


def _share(n: int) -> Bracket:
    return Bracket.exact(1.0) / float(n)


def _imbalance(data: Dataset, z: np.ndarray) -> Bracket:
    sums = [_size(_sum(z[data.component == c])) for c in np.unique(data.component)]
    return sum(sums, start=Bracket.exact(0.0))


def _size(value: Bracket) -> Bracket:
    """|value|, enclosed."""
    ends = abs(value.lower), abs(value.upper)
    return Bracket(0.0 if value.contains(0.0) else min(ends), max(ends), value.method)


def _laws(data: Dataset) -> Sequence[Distribution]:
    if data.problem is None:
        raise MissingCapability("exact centring needs the law of the inputs: give the data set its problem")
    law = data.problem.distribution
    return [law.component(i) for i in range(law.components)]


def _closed_means(net: Network, laws: Sequence[Distribution]) -> list[Bracket] | None:
    """E f under each component, where the network and the law have a closed form."""
    try:
        return [_closed_mean(net, law) for law in laws]
    except MissingCapability:
        return None


def _closed_mean(net: Network, law: Distribution) -> Bracket:
    bias = Bracket.exact(float(net.biases[-1][0]))
    last = net.weights[-1][0]
    if net.arch.layers == 1:
        mean = law.mean
        return weighted_sum(last, mean, MEAN_ULPS * UNIT_ROUNDOFF * np.abs(mean)) + bias
    if net.arch.layers != 2 or net.arch.activation != "relu":
        raise MissingCapability("no closed form beyond one hidden ReLU layer")
    low, high = law.relu_mean(net.weights[0], net.biases[0])
    return weighted_sum(last, (low + high) / 2.0, (high - low) / 2.0 + UNIT_ROUNDOFF * np.abs(high)) + bias


def _sampled_means(
    net: Network, laws: Sequence[Distribution], slope: Bracket, data: Dataset
) -> list[Bracket]:
    """Means over fresh samples; f has proxy Lip^2 rho, so the radius is Lip sqrt(2 rho log(2k/risk)/M)."""
    assert data.problem is not None
    if not all(law.samples_afresh for law in laws):
        raise MissingCapability("no fresh samples exist for these inputs; use the uncentred correlation")
    spread = float(CHERNOFF) * data.problem.proxy * math.log(2.0 * len(laws) / FRESH_RISK) / FRESH_SAMPLES
    radius = slope.upper * math.sqrt(spread) * (1.0 + ROOM)
    means = []
    for place, law in enumerate(laws):
        x, _ = law.draw(FRESH_SAMPLES, generator("probe", data.seed or 0, place))
        values, errors = forward_enclosed(net, x)
        average = weighted_sum(np.ones(len(x)), values[:, 0], errors[:, 0]) * _share(len(x))
        means.append(average + Bracket(-radius, radius, "confidence radius"))
    return means

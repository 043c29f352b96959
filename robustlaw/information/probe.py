"""The mask-only probe: how far a mask alone, on weights that never saw the data, follows the noise.

With a_i = f_{m w0}(x_i) - c, T = sum a_i z_i / |a| is sub-Gaussian with proxy v for every fixed mask,
given the inputs. Donsker and Varadhan's inequality on lambda T, optimised over lambda, and Jensen's
over inputs and initialisation give |E T| <= sqrt(2 v I(m;Y|X,init)).

From few runs the positive part of T certifies more: it never falls below 0, so that a bet on its mean
risks far less, and E exp(s max(T, 0)) <= 1 + E exp(s T) costs at most log 2 of the information.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ..confidence import betting_lower
from ..data.checks import require_positive
from ..errors import ShapeMismatch
from .bounds import Bound
from .channel import HasProbe
from .needs import need
from .runs import Sample
from .targets import Target

# A sum of up to 40 000 products |a_i z_i| errs by less than 1e-11 of |a| |z|, and the mean of T no more.
_SUMMED = 1e-11


def mask_only_probe(sample: Sample, risk: float) -> Bound:
    """I(m;Y|X,init) >= (E T)^2/(2v): one forward pass a mask, for masks of any size.

    The sign of T is read off the pilot; a wrong guess only costs tightness.
    Raises MissingCapability without a probe.
    """
    channel = need(sample.channel, HasProbe, "the mask-only probe")
    pilot = channel.probe(sample.pilot.masks, sample.pilot.data, sample.pilot.seeds)
    fresh = channel.probe(sample.fresh.masks, sample.fresh.data, sample.fresh.seeds)
    sign = -1.0 if pilot.mean() < 0.0 else 1.0
    return probe_bound(sign * fresh, channel.probe_proxy, channel.probe_range, risk)


def probe_bound(values: Float[np.ndarray, " runs"], proxy: float, reach: float, risk: float) -> Bound:
    """(largest mean that is certain)^2 / (2 proxy) from independent values of T in [-reach, reach]."""
    require_positive("proxy", proxy)
    reach = reach * (1.0 + 1e-12)
    mean = max(0.0, betting_lower(np.clip(values, -reach, reach), -reach, reach, risk))
    return Bound(
        "mask-only probe",
        "lower",
        mean * mean / (2.0 * proxy) * (1.0 - 1e-14),
        Target.LABELS_GIVEN_INIT,
        risk,
        len(values),
        note=f"mean T {values.mean():.4g}, certainly {mean:.4g}",
    )


def positive_probe_bound(
    values: Float[np.ndarray, " runs"], proxy: float, reach: float, risk: float
) -> Bound:
    """`positive_information` of the largest mean of max(T, 0) that is certain, T in [-reach, reach].

    From S runs close to a mean t, betting certifies about t - (reach + t) log(1/risk)/S of T itself and
    t (1 - log(1/risk)/S) of its positive part. For a T that points against the noise give -T: the sign
    has to be fixed before the values are seen.
    """
    require_positive("proxy", proxy)
    room = reach * (1.0 + 1e-12)
    mean = betting_lower(np.clip(values, 0.0, room), 0.0, room, risk)
    mean = max(0.0, mean - _SUMMED * reach)
    return Bound(
        "mask-only probe, positive part",
        "lower",
        positive_information(mean, proxy),
        Target.LABELS_GIVEN_INIT,
        risk,
        len(values),
        note=f"mean T {values.mean():.4g}, its positive part certainly {mean:.4g}",
    )


def positive_information(mean: float, proxy: float) -> float:
    """The largest s E max(T, 0) - log(1 + exp(s^2 v/2)), from E max(T, 0) and v: a lower bound on I.

    Every s >= 0 gives one (Donsker and Varadhan); the best lies between mean/v and twice that. At least
    mean^2/(2v) - log 2, and 0 where the mean is too small to say anything.
    """
    s = mean / proxy * np.linspace(1.0, 2.0, 129)
    best = float((s * mean - np.logaddexp(0.0, 0.5 * s * s * proxy)).max())
    return max(0.0, best - 1e-14 * (1.0 + 4.0 * mean * mean / proxy))


def probe_statistic(
    outputs: Float[np.ndarray, "runs samples"], noise: Float[np.ndarray, "runs samples"]
) -> Float[np.ndarray, " runs"]:
    """T = sum a_i z_i / |a|, a the outputs less their mean over the samples; 0 where a vanishes.

    The mean of the outputs looks at the labels through the mask alone, so T stays sub-Gaussian.
    """
    if outputs.shape != noise.shape:
        raise ShapeMismatch("noise", noise.shape, f"give one value for each output, {outputs.shape}")
    a = outputs - outputs.mean(axis=1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=1))
    floor = math.sqrt(np.finfo(float).tiny)
    return np.where(size > floor, (a * noise).sum(axis=1) / np.maximum(size, floor), 0.0)

"""The mask-only probe: how far a mask alone, on weights that never saw the data, follows the noise.

With a_i = f_{m w0}(x_i) - c, T = sum a_i z_i / |a| is sub-Gaussian with proxy v for every fixed mask,
given the inputs. Donsker and Varadhan's inequality on lambda T, optimised over lambda, and Jensen's
over inputs and initialisation give |E T| <= sqrt(2 v I(m;Y|X,init)).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ..data.checks import require_positive
from ..errors import ShapeMismatch
from .bounds import Bound
from .channel import HasProbe
from .confidence import betting_lower
from .needs import need
from .runs import Sample
from .targets import Target


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

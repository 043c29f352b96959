"""Upper bound from the divergence between the laws of two independent data sets."""

from __future__ import annotations

import math

import numpy as np

from ..confidence import betting_upper
from ..errors import MissingCapability
from ..evidence import round_up
from .bounds import Bound
from .channel import HasDivergence
from .needs import need
from .runs import Sample


def pairwise_divergence(sample: Sample, risk: float) -> Bound:
    """I(m;D) <= E KL(P_D||P_D'), D and D' independent (convexity; CLUB with the exact density).

    Symmetrised over the pair, which leaves the mean as it is. Loose for sharp channels.
    Raises MissingCapability unless the channel knows its divergences and their largest value.
    """
    channel = need(sample.channel, HasDivergence, "the pairwise divergence")
    if not math.isfinite(channel.largest_divergence):
        raise MissingCapability("the pairwise divergence needs laws with a finite largest divergence")
    data = sample.fresh.data
    pairs = len(sample.fresh) // 2
    first, second = data[: 2 * pairs : 2], data[1 : 2 * pairs : 2]
    values = 0.5 * (channel.divergence(first, second) + channel.divergence(second, first))
    top = channel.largest_divergence
    slack = 1e-12 * (1.0 + top)
    value = betting_upper(np.clip(values, 0.0, top), 0.0, top, risk) + slack
    return Bound(
        "pairwise divergence",
        "upper",
        round_up(value),
        sample.data_target,
        risk,
        2 * pairs,
        slack,
        note=f"mean {values.mean():.4g}",
    )

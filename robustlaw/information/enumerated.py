"""Information of a channel whose labels can all be listed: the marginal of a mask is a finite sum.

I(m;Y|X) = E ln[p(m|Y)/avg_y p(m|y)], the average over all 2^n labelings. A sampled run gives an
unbiased value of it, at most n log 2, so its mean is bracketed by betting.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from ..confidence import betting_lower, betting_upper
from ..data.checks import require_number
from ..errors import InvalidArgument, MissingCapability
from ..evidence import LOG2, round_down, round_up
from .bounds import Bound, InformationBracket, Side, combine
from .caps import caps
from .channel import HasDensity, MaskChannel
from .enumeration import labelings
from .needs import need, need_fair_labels
from .runs import Runs, sample

NAME = "enumerated marginal"
MOST_LABELS = 12
# A value v has E e^-v <= 1, so clipping at -t raises the mean by at most e^-t.
CLIP = 6.0


def enumerated_information(
    channel: MaskChannel, level: float = 0.95, runs: int = 200, seed: int = 0
) -> InformationBracket:
    """Certified I(m;Y|X), or I(m;Y|X,init) at a fixed initialisation, of a channel with a density.

    channel : its data are n <= 12 fair labels, for example a NoisyScores on FairLabels
    runs    : sampled runs; each costs 2^n densities
    Raises MissingCapability for a channel without density or fair labels, InvalidArgument (level, more
    labels).
    """
    require_number("level", level)
    if not 0.0 < level < 1.0:
        raise InvalidArgument("level", level, "give a probability between 0 and 1, such as 0.95")
    dense = need(channel, HasDensity, "the enumerated marginal")
    fair = need_fair_labels(channel, "the enumerated marginal")
    n = fair.label_law.probabilities.shape[0]
    if not fair.labels_are_data:
        raise MissingCapability("the marginal is enumerated over labels, and they are not all of the data")
    if n > MOST_LABELS:
        raise InvalidArgument("labels", n, f"at most {MOST_LABELS} can be enumerated")
    drawn = sample(channel, runs, seed)
    pilot, values = (_log_ratios(dense, part, n) for part in (drawn.pilot, drawn.fresh))
    top, risk = round_up((LOG2 * float(n)).upper), 0.5 * (1.0 - level)
    slack = 2.0 * dense.density_error + 1e-11
    lowest = min(float(pilot.min() - np.ptp(pilot)) - 1e-9, top - 1e-9)
    low = betting_lower(np.clip(values, -CLIP, top), -CLIP, top, risk) - math.exp(-CLIP) - slack
    high = betting_upper(np.clip(values, lowest, top), lowest, top, risk) + slack
    target, note = drawn.label_target, f"mean {values.mean():.4g}"
    ends: tuple[tuple[Side, float], ...] = (("lower", round_down(low)), ("upper", round_up(high)))
    sampled = [Bound(NAME, s, v, target, risk, len(values), slack, note=note) for s, v in ends]
    return combine(target, [*(b for b in caps(channel) if b.holds_for(target)), *sampled])


def _log_ratios(channel: HasDensity, runs: Runs, labels: int) -> Float[np.ndarray, " runs"]:
    """ln[p(m|Y)/avg_y p(m|y)] of each run; the average counts Y itself, so at most n log 2."""
    logs = log_table(channel, runs.masks, labels)
    own = logs[np.arange(len(runs)), runs.data.astype(np.int64) @ (1 << np.arange(labels))]
    return np.asarray(own - (logsumexp(logs, axis=1) - labels * math.log(2.0)))


def log_table(channel: HasDensity, masks: np.ndarray, labels: int) -> Float[np.ndarray, "runs labelings"]:
    """log p(mask | labels) of every mask under every labeling; equal masks share the work."""
    distinct, place = np.unique(masks, axis=0, return_inverse=True)
    every = labelings(labels, 0, 2**labels).astype(np.int8)
    data = np.tile(every, (len(distinct), 1))
    logs = channel.log_prob(np.repeat(distinct, len(every), axis=0), data)
    return np.asarray(logs.reshape(len(distinct), -1)[place.ravel()])

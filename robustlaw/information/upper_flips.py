"""Upper bounds from changing one label at a time.

For independent labels I(m;Y|X) <= sum_j I(m;Y_j|Y_-j,X): by the chain rule, since
I(Y_>j;Y_j|Y_<j) = 0. The gap is the synergy between labels.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ..confidence import betting_upper, clopper_pearson_upper
from ..evidence import LOG2, round_up
from .bounds import Bound
from .channel import HasDensity, HasFlipDensities, HasLabels, MaskChannel
from .needs import has, log_density, need, need_fair_labels
from .runs import Runs, Sample
from .stability import PureDP
from .targets import Target

INDEPENDENT = "the labels are independent given the inputs"
LOG2_UP = LOG2.upper
TAIL = 0.002  # share of pilot values below which the flip sum is clipped
MOST_FLIPS = 64  # labels a run whose flips are evaluated one by one; more are sampled


def flip_sum(sample: Sample, risk: float) -> Bound:
    """I(m;Y|X) <= sum_j E[ln p(m|Y) - ln avg_y p(m|Y with label j = y)].

    An unbiased value for each run, at most n log 2; clipping it from below only raises the mean.
    With many labels and no cheap flips a random subset is summed and scaled up.
    Raises MissingCapability without a density or without independent fair labels.
    """
    channel = need_fair_labels(sample.channel, "the flip sum")
    dense = need(sample.channel, HasDensity, "the flip sum")
    n = channel.label_law.probabilities.shape[0]
    rng = sample.generator("flips")
    pilot, fresh = (flip_values(sample.channel, part, rng) for part in (sample.pilot, sample.fresh))
    level = getattr(sample.channel, "stability", None)
    low, high = flip_range(n, level.epsilon if isinstance(level, PureDP) else None)
    low = max(low, min(float(np.quantile(pilot, TAIL)) - float(np.ptp(pilot)), high - 1e-9))
    slack = 2.0 * n * dense.density_error + 1e-12 * n
    value = betting_upper(np.clip(fresh, low, high), low, high, risk) + slack
    return Bound(
        "flip sum",
        "upper",
        round_up(value),
        sample.label_target,
        risk,
        len(fresh),
        slack,
        (INDEPENDENT,),
        f"mean {fresh.mean():.4g}",
    )


def flip_range(labels: int, epsilon: float | None) -> tuple[float, float]:
    """Ends of the flip sum of one run; a pure privacy level bounds each term on both sides."""
    if epsilon is None:
        return -math.inf, labels * LOG2_UP
    ends = [math.log(2.0) - float(np.logaddexp(0.0, s * epsilon)) for s in (1.0, -1.0)]
    return labels * ends[0] - 1e-12 * labels, labels * ends[1] + 1e-12 * labels


def flip_values(channel: MaskChannel, runs: Runs, rng: np.random.Generator) -> Float[np.ndarray, " runs"]:
    """sum_j ln 2 - softplus(ln p(m|flip j) - ln p(m)) of each run (fair binary labels)."""
    dense = need(channel, HasDensity, "the flip sum")
    own = log_density(dense, runs)
    if has(channel, HasFlipDensities):
        flipped = need(channel, HasFlipDensities, "").flipped_log_prob(runs.masks, runs.data)
        return np.asarray((math.log(2.0) - np.logaddexp(0.0, flipped - own[:, None])).sum(axis=1))
    labelled = need(channel, HasLabels, "the flip sum")
    n = labelled.label_law.probabilities.shape[0]
    some = min(n, MOST_FLIPS)
    places = np.argsort(rng.random((len(own), n)), axis=1)[:, :some]
    labels = labelled.labels(runs.data)
    total = np.zeros(len(own))
    for column in places.T:  # over labels, each for all runs at once
        old = labels[np.arange(len(own)), column]
        flipped = dense.log_prob(runs.masks, labelled.replace_labels(runs.data, column, 1 - old))
        total += math.log(2.0) - np.logaddexp(0.0, flipped - own)
    return np.asarray(total * (n / some))


def coupled_flips(sample: Sample, risk: float) -> Bound:
    """I(m;Y|X) <= n log 2 P(the mask changes when a random label flips, same seed).

    Given the other labels and the seed the mask is a function of one label, and knows it wholly or
    not at all. Holds for a mask with revealed seed as well, so it is loose for noisy channels.
    Raises MissingCapability without independent fair labels.
    """
    channel = need_fair_labels(sample.channel, "coupled flips")
    n, runs = channel.label_law.probabilities.shape[0], sample.fresh
    place = sample.generator("coupled flips").integers(0, n, len(runs))
    old = channel.labels(runs.data)[np.arange(len(runs)), place]
    again = sample.channel.sample_masks(channel.replace_labels(runs.data, place, 1 - old), runs.seeds)
    changed = int((again != runs.masks).any(axis=1).sum())
    rate = clopper_pearson_upper(changed, len(runs), risk)
    return Bound(
        "coupled flips",
        "upper",
        round_up(n * LOG2_UP * rate, 4),
        Target.LABELS_GIVEN_INIT,
        risk,
        len(runs),
        assumptions=(INDEPENDENT,),
        note=f"{changed} of {len(runs)} flips change the mask",
    )

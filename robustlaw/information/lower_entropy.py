"""Lower bounds for deterministic channels, whose information is the entropy of the mask."""

from __future__ import annotations

import math

import numpy as np

from ..confidence import clopper_pearson_upper
from ..data.checks import require_number
from ..errors import InvalidArgument
from .bounds import Bound
from .channel import IsDeterministic
from .discrete import mask_ids
from .needs import need
from .runs import Sample
from .targets import Target


def plug_in_entropy(sample: Sample, risk: float) -> Bound:
    """I = H(m) >= H_ML - (1 + ln T) sqrt(ln(1/risk)/(2T)).

    The plug-in entropy of T masks has mean at most H (Jensen), and changing one mask moves it by at
    most (1 + ln T)/T, so McDiarmid's inequality applies. Never above about ln T.
    Raises MissingCapability unless the channel is deterministic.
    """
    need(sample.channel, IsDeterministic, "the entropy of the mask")
    counts = np.bincount(mask_ids(sample.fresh.masks))
    runs = int(counts.sum())
    p = counts / runs
    entropy = -float((p * np.log(p)).sum())
    radius = (1.0 + math.log(runs)) * math.sqrt(math.log(1.0 / _checked(risk)) / (2.0 * runs))
    slack = 1e-12 * (1.0 + entropy)
    note = f"{len(counts)} distinct masks in {runs} runs, plug-in {entropy:.4g}"
    return Bound(
        "entropy of the mask",
        "lower",
        entropy - radius - slack,
        _target(sample),
        risk,
        runs,
        slack,
        note=note,
    )


def collision(sample: Sample, risk: float) -> Bound:
    """I = H(m) >= -ln P(m = m') for two independent masks (Renyi's entropy of order 2).

    Independent pairs, so the binomial bound is exact; never above ln(pairs/3.7) at risk .025.
    Raises MissingCapability unless the channel is deterministic.
    """
    need(sample.channel, IsDeterministic, "the collision bound")
    pairs = len(sample.fresh) // 2
    masks = sample.fresh.masks
    equal = int((masks[: 2 * pairs : 2] == masks[1 : 2 * pairs : 2]).all(axis=1).sum())
    return collision_bound(equal, pairs, risk, _target(sample))


def collision_bound(equal: int, pairs: int, risk: float, target: Target) -> Bound:
    """The bound from `equal` coincidences among `pairs` independent pairs."""
    value = -math.log(clopper_pearson_upper(equal, pairs, risk)) * (1.0 - 1e-14)
    return Bound(
        "collisions", "lower", value, target, risk, 2 * pairs, note=f"{equal} of {pairs} pairs coincide"
    )


def _target(sample: Sample) -> Target:
    """Without other randomness than the labels, the entropy is about the labels alone."""
    labels_only = bool(getattr(sample.channel, "labels_are_data", False))
    return sample.label_target if labels_only else sample.data_target


def _checked(risk: float) -> float:
    require_number("risk", risk)
    if not 0.0 < risk < 1.0:
        raise InvalidArgument("risk", risk, "give a probability between 0 and 1")
    return float(risk)

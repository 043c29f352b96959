"""Upper bounds on I(m;D) from redrawing one of n independent examples at a time.

I(m;D) <= sum_j I(m;D_j|D_-j) <= sum_j H(m|D_-j, seed), and two masks made with the j-th example
drawn twice, same seed, are independent and alike given the rest.
"""

from __future__ import annotations

import math

import numpy as np

from ..confidence import betting_upper, clopper_pearson_upper
from ..errors import MissingCapability
from ..evidence import round_up
from .bounds import Bound
from .channel import HasExamples
from .mask_codes import swap_lengths
from .needs import need
from .runs import Runs, Sample
from .supports import LayerSizes
from .targets import Target

INDEPENDENT = "the examples are independent"


def coupled_replacements(sample: Sample, risk: float) -> Bound:
    """I(m;D) <= n [h(c) + c ln(M - 1)], c the chance that a redrawn example changes the mask (Fano).

    M is the number of possible masks. Worth something only if fewer than about one replacement
    in n changes the mask. Raises MissingCapability without independent examples.
    """
    channel = need(sample.channel, HasExamples, "coupled replacements")
    again = _again(sample, sample.fresh, "replacements")
    changed = int((again != sample.fresh.masks).any(axis=1).sum())
    size = sample.channel.support.log_size.upper
    c = min(clopper_pearson_upper(changed, len(again), risk), -math.expm1(-size))
    entropy = -(c * math.log(c) + (1.0 - c) * math.log1p(-c)) if 0.0 < c < 1.0 else 0.0
    value = channel.n_examples * (entropy + c * size) * (1.0 + 1e-14)
    return Bound(
        "coupled replacements",
        "upper",
        round_up(value),
        Target.DATA_GIVEN_INIT,
        risk,
        len(again),
        assumptions=(INDEPENDENT,),
        note=f"{changed} of {len(again)} replacements change the mask",
    )


def coupled_swaps(sample: Sample, risk: float) -> Bound:
    """I(m;D) <= n E[-ln q(m|m')], q coding the swaps between the two masks, fitted on the pilot.

    Raises MissingCapability without independent examples or a fixed number of kept entries.
    """
    channel = need(sample.channel, HasExamples, "coupled swaps")
    support = need_one_size(sample)
    pairs = [
        ((_again(sample, runs, name)) & ~runs.masks).sum(axis=1)
        for runs, name in ((sample.pilot, "pilot swaps"), (sample.fresh, "swaps"))
    ]
    total, kept = support.totals[0], support.kept[0]
    lengths = swap_lengths(pairs[0], total, kept)
    top = float(lengths[: min(kept, total - kept) + 1].max())
    slack = 1e-11 * (1.0 + top)
    mean = betting_upper(np.clip(lengths[pairs[1]], 0.0, top), 0.0, top, risk) + slack
    value = channel.n_examples * mean
    return Bound(
        "coupled swaps", "upper", round_up(value), Target.DATA_GIVEN_INIT, risk, len(sample.fresh),
        channel.n_examples * slack, (INDEPENDENT,), f"{pairs[1].mean():.3g} swaps on average",
    )  # fmt: skip


def need_one_size(sample: Sample) -> LayerSizes:
    """The support, known to fix one number of kept entries. Raises MissingCapability."""
    support = sample.channel.support
    if not isinstance(support, LayerSizes) or len(support.totals) != 1:
        raise MissingCapability("coupled swaps need masks with one fixed number of kept entries")
    return support


def _again(sample: Sample, runs: Runs, name: str) -> np.ndarray:
    """Masks with one example redrawn and the same seeds."""
    channel = need(sample.channel, HasExamples, "a replacement")
    rng = sample.generator(name)
    place = rng.integers(0, channel.n_examples, len(runs))
    return np.asarray(
        sample.channel.sample_masks(channel.replace_examples(runs.data, place, rng), runs.seeds)
    )

"""Upper bounds that cost no sampling: counts of masks, entropies of data, proved stability."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from ..errors import MissingCapability
from ..evidence import LOG2, Bracket, round_up, sum_of
from .bounds import Bound
from .channel import HasAccessEntropy, HasDataEntropy, HasExamples, HasLabels, HasStability, MaskChannel
from .entropies import entropy
from .stability import ZCDP, GaussianScores, OutputNoise, PureDP
from .targets import Target
from .zoo.gaussian_labels import gaussian_score_information


def caps(channel: MaskChannel) -> Iterator[Bound]:
    """Every cap that the channel's capabilities give, on the largest target that each holds for."""
    data = Target.DATA_GIVEN_INIT if channel.conditioned else Target.DATA
    labels = Target.LABELS_GIVEN_INIT if channel.conditioned else Target.LABELS
    every, of_labels = Target.DATA_GIVEN_INIT, Target.LABELS_GIVEN_INIT
    yield _cap("number of masks", channel.support.log_size.upper, every)
    if isinstance(channel, HasDataEntropy):
        yield _cap("entropy of the data", channel.data_entropy.upper, every)
    if isinstance(channel, HasAccessEntropy):
        yield _cap("entropy of the examples that are read", channel.access_entropy.upper, every)
    if isinstance(channel, HasLabels):
        yield _cap("entropy of the labels", label_entropy(channel).upper, of_labels)
    if isinstance(channel, HasStability):
        yield from stability_caps(channel, data, labels)


def label_entropy(channel: HasLabels) -> Bracket:
    """H(Y|X), nats."""
    law = channel.label_law
    if law.is_fair:
        return LOG2 * float(len(law.probabilities))
    return sum_of([entropy(row) for row in law.probabilities])


def stability_caps(channel: HasStability, data: Target, labels: Target) -> Iterator[Bound]:
    """What a proved privacy or noise level gives, for independent examples or labels."""
    level = channel.stability
    fair = channel.label_law if isinstance(channel, HasLabels) and channel.label_law.is_fair else None
    examples = channel.n_examples if isinstance(channel, HasExamples) else None
    if isinstance(level, PureDP) and examples is not None:
        yield _cap("pure privacy", examples * pure_privacy_cap(level.epsilon), data)
    if isinstance(level, PureDP) and fair is not None:
        cap = len(fair.probabilities) * pure_privacy_label_cap(level.epsilon)
        yield _cap("pure privacy of labels", cap, labels)
    if isinstance(level, ZCDP) and examples is not None:
        yield _cap("zero-concentrated privacy", round_up(examples * level.rho), data)
    if isinstance(level, GaussianScores) and fair is not None:
        one = _score_information(round_up(level.sensitivity / (2.0 * level.sigma)))
        yield _cap("Gaussian scores", round_up(len(fair.probabilities) * one.upper), labels)
    if isinstance(level, OutputNoise):
        yield _cap("output noise", output_noise_cap(level.variances, level.sigma), data)


@lru_cache(maxsize=256)
def _score_information(amplitude: float) -> Bracket:
    """An integral at 40 digits, a second long: computed once for each amplitude."""
    return gaussian_score_information(amplitude)


def pure_privacy_cap(epsilon: float) -> float:
    """u - 1 - ln u with u = epsilon/(1 - e^-epsilon): nats an example, replace-one neighbours, any alphabet.

    Proof: fix the other examples and a mask; its probabilities lie in [a, a e^epsilon], and x ln x is
    convex, so the divergence is largest on two values and then over their weight.
    """
    if epsilon == 0.0:
        return 0.0
    if epsilon < 1e-4:  # the series epsilon^2/8 + epsilon^4/576 bounds it above, and nothing cancels
        return round_up(epsilon**2 / 8.0 + epsilon**4 / 500.0, 4)
    u = epsilon / -math.expm1(-epsilon)
    return round_up(u - 1.0 - math.log(u) + 8.0 * math.ulp(u))


def pure_privacy_label_cap(epsilon: float) -> float:
    """ln 2 - h(1/(1 + e^epsilon)): nats a fair binary label; attained by randomised response."""
    if epsilon > 40.0:  # h is below 1e-15 then
        return LOG2.upper
    p = 1.0 / (1.0 + math.exp(epsilon))
    h = -p * math.log(p) - (1.0 - p) * math.log1p(-p)
    return round_up(math.log(2.0) - h + 4.0 * math.ulp(1.0))


def output_noise_cap(variances: Sequence[float], sigma: float) -> float:
    """sum_i ln(1 + Var f_i / sigma^2)/2 for scores f(D) + sigma z, z standard normal."""
    if not sigma > 0.0:
        raise MissingCapability("output noise needs a positive standard deviation")
    total = 0.5 * math.fsum(np.log1p(np.asarray(variances, dtype=float) / sigma**2))
    return round_up(total * (1.0 + 1e-14)) if total > 0.0 else 0.0


def _cap(name: str, value: float, target: Target) -> Bound:
    return Bound(name, "upper", value, target)

"""The enumerated marginal: it covers the truth, caps included, and refuses what it cannot sum."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from robustlaw import errors
from robustlaw.information import (
    FiniteChannel,
    FixedInputs,
    NoisyScores,
    densities,
    enumerated_information,
    fixed_size,
    from_table,
)
from robustlaw.information.enumerated import log_table
from robustlaw.information.sources import FairLabels
from robustlaw.information.stability import OutputNoise
from robustlaw.networks import Mlp, Recipe
from robustlaw.pruning import Snip


def table_channel(seed: int, labels: int = 3, masks: int = 6) -> FiniteChannel:
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(masks, 0.4), 2**labels)
    bits = np.array([[i >> j & 1 for j in range(4)] for i in rng.permutation(16)[:masks]], dtype=bool)
    return FiniteChannel(table, bits)


def noisy(scale: float, labels: int = 3, bits: int = 5, proved: OutputNoise | None = None) -> NoisyScores:
    """Scores linear in the labels."""
    mix = np.random.default_rng(7).standard_normal((labels, bits))
    return NoisyScores(
        FairLabels(labels),
        lambda data: (2.0 * data - 1.0) @ mix,
        fixed_size(bits, 2),
        densities.Gaussian(scale),
        conditioned=True,
        proved=proved,
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_bracket_covers_the_information_of_a_written_table(seed):
    channel = table_channel(seed)
    truth = from_table(channel).lower
    found = enumerated_information(channel, level=0.999, runs=400, seed=seed)
    assert found.lower <= truth <= found.upper
    assert found.width < 1.0
    assert found.level >= 0.999 - 1e-9


def test_it_misses_no_more_often_than_it_says():
    channel = table_channel(0)
    truth = from_table(channel).lower
    brackets = [enumerated_information(channel, level=0.8, runs=60, seed=s) for s in range(200)]
    missed = sum(not b.contains(truth) for b in brackets)
    assert missed <= 0.2 * 200
    narrower = enumerated_information(channel, level=0.8, runs=2000).width
    assert narrower < 0.5 * np.mean([b.width for b in brackets])


def test_of_two_labels_and_one_kept_entry_it_covers_an_integral():
    """Score of entry i is label i: P(0 is kept) = P(2 (y_0 - y_1) > noise), a normal tail."""
    scale = 0.8
    channel = NoisyScores(
        FairLabels(2),
        lambda data: 2.0 * data - 1.0,
        fixed_size(2, 1),
        densities.Gaussian(scale),
        conditioned=True,
    )
    keep = [norm.cdf((a - b) / (scale * math.sqrt(2))) for a in (-1, 1) for b in (-1, 1)]
    numeric = quad(lambda t: norm.pdf(t, 1, scale) * norm.cdf(t, -1, scale), -12, 12)[0]
    assert numeric == pytest.approx(keep[2], abs=1e-8)
    average = sum(keep) / 4
    truth = sum(p * math.log(p / q) for k in keep for p, q in ((k, average), (1 - k, 1 - average))) / 4
    found = enumerated_information(channel, level=0.999, runs=2000)
    assert found.lower <= truth <= found.upper
    assert found.width < 0.3


def test_the_marginal_counts_every_labeling():
    channel = noisy(1.0)
    masks = np.array([[True, True, False, False, False], [False, True, False, True, False]])
    logs = log_table(channel, masks, 3)
    assert logs.shape == (2, 8)
    for number in (0, 5):
        data = np.array([[number >> j & 1 for j in range(3)]] * 2, dtype=np.int8)
        assert np.allclose(logs[:, number], channel.log_prob(masks, data))


def test_output_noise_caps_it_where_sampling_is_too_coarse():
    scale = 30.0
    mix = np.random.default_rng(7).standard_normal((3, 5))
    proved = OutputNoise(tuple((mix**2).sum(axis=0).tolist()), scale)
    capped = enumerated_information(noisy(scale, proved=proved), runs=60)
    assert capped.upper <= 0.5 * float(np.sum(np.log1p((mix**2).sum(axis=0) / scale**2))) * (1 + 1e-9)
    assert capped.upper < enumerated_information(noisy(scale), runs=60).upper


def test_what_cannot_be_summed_is_refused():
    x = np.random.default_rng(0).standard_normal((3, 3))
    plain = FixedInputs(Mlp((3, 2, 1)), x, Snip(0.5), Recipe(steps=2))
    many = NoisyScores(
        FairLabels(13),
        lambda data: data[:, :4] * 1.0,
        fixed_size(4, 2),
        densities.Gaussian(1.0),
    )
    with pytest.raises(errors.MissingCapability, match="density"):
        enumerated_information(plain)
    with pytest.raises(errors.InvalidArgument, match="12"):
        enumerated_information(many)
    with pytest.raises(errors.InvalidArgument, match="level"):
        enumerated_information(noisy(1.0), level=1.0)

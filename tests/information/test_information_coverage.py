"""Whole brackets, pilot and choice included, miss no more often than they say; and they are not vacuous.

benchmarks/information.py repeats this a thousand times on six channels.
"""

import math

import numpy as np
import pytest
from scipy.stats import binom

from robustlaw.information import ZOO, mask_information

LOG2 = math.log(2.0)
REPETITIONS = 40
CHANNELS = {
    "Z5": ("Z5", {"n": 8, "flip": 0.1}, 200),
    "Z12": ("Z12", {"bits": 6, "kept": 2, "strength": 1.0}, 200),
    "Z4 rare": ("Z4", {"bits": 12, "kept": 4, "truth": 0.01}, 200),
    "Z1": ("Z1", {"bits": 10, "kept": 3, "n": 8}, 200),
}


def ends(channel, runs, level, repetitions):
    found = [
        mask_information(channel, level=level, runs=runs, seed=s, exact=False) for s in range(repetitions)
    ]
    return np.array([b.lower for b in found]), np.array([b.upper for b in found])


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_misses_a_side_stay_below_the_binomial_quantile(name, level):
    kind, parameters, runs = CHANNELS[name]
    channel = ZOO[kind](**parameters)
    truth = mask_information(channel)
    low, high = ends(channel, runs, level, REPETITIONS)
    limit = binom.ppf(1.0 - 1e-4, REPETITIONS, 0.5 * (1.0 - level))
    assert (low > truth.upper).sum() <= limit
    assert (high < truth.lower).sum() <= limit
    if level == 0.95 and truth.middle > 1.0:
        assert np.median(high - low) < truth.middle  # not vacuous


def test_splitting_the_risk_between_sides_is_needed():
    """A mutant that gives each side the whole risk misses twice as often: seen in the ends it returns."""
    channel = ZOO["Z5"](n=8, flip=0.1)
    honest = mask_information(channel, level=0.9, runs=400, exact=False)
    mutant = mask_information(channel, level=0.8, runs=400, exact=False)
    assert [b.risk for b in honest.tried if b.risk > 0] == pytest.approx([0.05, 0.05])
    assert [b.risk for b in mutant.tried if b.risk > 0] == pytest.approx([0.1, 0.1])
    assert honest.lower < mutant.lower
    assert mutant.upper < honest.upper


def test_data_free_channels_have_no_certified_information():
    channel = ZOO["Z14"](bits=20, kept=5, strength=1e-9)
    found = mask_information(channel, runs=2000, exact=False)
    assert found.lower == 0.0
    assert found.upper < 0.02 * 20 * LOG2
    ignored = ZOO["Z1"](bits=20, kept=5, n=20)
    free = mask_information(ignored, runs=2000, exact=False)
    assert free.lower == 0.0
    assert free.upper <= 3.8 * 20 * LOG2 / 1600


def test_rare_big_information_is_covered():
    """With chance .005 the mask tells everything: most samples of 500 runs hardly show it."""
    channel = ZOO["Z4"](bits=1000, kept=200, truth=0.005)
    truth = mask_information(channel)
    for seed in range(5):
        found = mask_information(channel, runs=500, seed=seed, exact=False)
        assert found.lower <= truth.upper
        assert truth.lower <= found.upper


def test_saturated_information_is_capped_by_the_entropy_of_the_data():
    channel = ZOO["Z7"](bits=1000, one=0.5, if_zero=0.4, if_one=0.6)
    truth = mask_information(channel)
    found = mask_information(channel, runs=400, exact=False)
    assert truth.middle == pytest.approx(LOG2, rel=1e-6)
    assert found.upper <= LOG2 * (1.0 + 1e-12)
    assert found.lower <= truth.upper


def test_parity_is_not_shrunk_by_a_blind_decoder():
    """Labels whose parities alone are told: pairwise informations vanish, the bracket is wide and right."""
    random = np.random.default_rng(0)
    labels, noise = (random.integers(0, 2, (30, 12)).astype(bool) for _ in range(2))
    channel = ZOO["Z15"](labels, noise)
    truth = mask_information(channel)
    assert truth.middle > 6.0
    found = mask_information(channel, runs=400, exact=False)
    assert found.lower <= truth.upper
    assert truth.lower <= found.upper
    assert found.upper > 0.9 * truth.middle

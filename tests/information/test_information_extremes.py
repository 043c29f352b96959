"""Brackets at the edges: sure labels, few sparse masks, huge privacy levels, densities that are none."""

import math
from itertools import combinations

import numpy as np
import pytest
from unchecked import outcomes

from robustlaw.errors import FalseDeclaration
from robustlaw.information import (
    AllowedSizes,
    FiniteChannel,
    LayerSizes,
    PureDP,
    Rung,
    Target,
    fixed_size,
    mask_information,
    sample,
)
from robustlaw.information.bounds import Bound
from robustlaw.information.caps import pure_privacy_label_cap
from robustlaw.information.counting import counting_error, log_binomials
from robustlaw.information.decoders import Logistic, OwnBits
from robustlaw.information.mask_codes import fit_codes
from robustlaw.information.upper_codes import mixture_code, reference_code
from robustlaw.information.upper_flips import flip_range, flip_sum
from robustlaw.information.zoo import CorrelatedSigns, ExponentialTop1, FlippedLabels, GumbelTopK, OneLabel

LOG2 = math.log(2.0)
TABLE = FiniteChannel(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[True], [False]]))


class OneOfMany:
    """One bit kept, the one that a uniform number points at."""

    conditioned = False

    def __init__(self, bits):
        self.n_bits, self.support = bits, fixed_size(bits, 1)

    def sample_data(self, runs, rng):
        return rng.integers(0, self.n_bits, (runs, 1))

    def sample_masks(self, data, seeds):
        del seeds
        return data == np.arange(self.n_bits)


def test_the_trial_that_ranks_methods_draws_nothing_that_is_counted():
    drawn = []

    def spy(given, risk):
        drawn.append(given.generator("decoys").random(8))
        return Bound("spy", "lower", 0.0, given.data_target, risk, len(given.fresh))

    mask_information(TABLE, runs=100, exact=False, rungs=[Rung("spy", "lower", spy)])
    trial, counted = drawn
    assert not np.isin(trial, counted).any()


@pytest.mark.parametrize("runs", [26, 40])
def test_few_masks_of_many_bits_leave_a_finite_bound(runs):
    found = mask_information(OneOfMany(3000), runs=runs)
    assert found.lower <= math.log(3000) <= found.upper <= math.log(3000) * (1.0 + 1e-12)


@pytest.mark.parametrize(("bits", "kept"), [(3000, 1), (3000, 2999), (3000, 0), (2, 1)])
def test_codes_of_masks_stay_probabilities_after_few_masks(bits, kept):
    support = LayerSizes((bits, 3), (kept, 3))
    rng = np.random.default_rng(0)
    bits_of = np.array([rng.permutation(bits) < kept for _ in range(200)])
    masks = np.concatenate([bits_of, np.ones((200, 3), bool)], axis=1)
    for count in (0, 1, 3):
        for code in fit_codes(support, masks[:count]):
            lengths = code.lengths(masks)
            assert np.isfinite(lengths).all()
            assert (lengths >= 0.0).all()
            assert (lengths <= code.longest).all()


def test_codes_of_every_mask_add_up_to_one_at_most():
    support = LayerSizes((5, 3), (2, 3))
    rows = [np.isin(np.arange(8), (*pair, 5, 6, 7)) for pair in combinations(range(5), 2)]
    for count in (0, 1, 4):
        for code in fit_codes(support, np.array(rows)[:count].reshape(count, 8)):
            assert np.exp(-code.lengths(np.array(rows))).sum() <= 1.0 + 1e-12


def test_differences_of_log_gamma_err_by_less_than_is_added():
    n = 10**7
    k = np.arange(4)
    exact = [math.log(math.comb(n, int(i))) for i in k]
    assert np.abs(log_binomials(n, k) - exact).max() <= counting_error(n)


@pytest.mark.parametrize("one", [0.0, 1.0])
def test_sure_labels_tell_nothing_and_break_nothing(one):
    for channel in (OneLabel(5, one, 0.2, 0.7), GumbelTopK(4, 2, 1.0, one)):
        found = mask_information(channel, runs=100, exact=False)
        assert 0.0 == found.lower <= found.upper < 1e-30


def test_sure_labels_beside_open_ones_gain_nothing():
    prior = np.array([0.0, 0.5, 1.0])
    labels = np.array([[0, 1, 1], [0, 0, 1]])
    masks = np.array([[True, True, False], [False, False, True]])
    own = OwnBits(np.arange(3)[:, None], np.array([0.1, 0.9]), prior)
    line = Logistic(np.zeros((3, 4)), 0.02, prior, False)
    assert np.allclose(own.gains(masks, labels), math.log(1.8))
    for decoder in (own, line):
        low, high = decoder.range(fixed_size(3, 1), 3)
        gains = decoder.gains(masks, labels)
        assert math.isfinite(low)
        assert low <= gains.min()
        assert gains.max() <= high < LOG2


def test_a_table_leaves_targets_it_does_not_speak_of_to_sampling():
    found = mask_information(TABLE, "I(m;D|init)", runs=200)
    assert found.target is Target.DATA_GIVEN_INIT
    assert found.level < 1.0
    assert found.lower <= mask_information(TABLE).upper


@pytest.mark.parametrize("epsilon", [50.0, 720.0, 1e6])
def test_any_privacy_level_has_a_cap(epsilon):
    assert LOG2 <= pure_privacy_label_cap(PureDP(epsilon).epsilon) <= LOG2 + 1e-15
    low, high = flip_range(3, epsilon)
    assert -3.0 * epsilon - 1e-9 <= low < high <= 3.0 * LOG2 + 1e-9


class Misjudged(FlippedLabels):
    """A density that is -inf, or 10 nats too large, where the first bit is kept; right on the pilot."""

    error = -math.inf

    def log_prob(self, masks, data):
        own = super().log_prob(masks, data)
        return own + np.where(masks[:, 0] & (len(masks) > 200), self.error, 0.0)


class Inflated(Misjudged):
    error = 10.0


@pytest.mark.parametrize("kind", [Misjudged, Inflated])
@pytest.mark.parametrize("bound", [reference_code, mixture_code, flip_sum])
def test_upper_bounds_do_not_clip_an_impossible_density_away(kind, bound):
    with pytest.raises(FalseDeclaration, match="log density"):
        bound(sample(kind(3, 0.2), 500), 0.05)


def test_strong_channels_of_the_zoo_have_their_forms():
    near = CorrelatedSigns(1, -0.99999).exact
    assert near.upper <= LOG2 + 1e-15
    assert near.lower >= LOG2 - 0.005
    strong, mirrored = ExponentialTop1(5, -800.0).exact, ExponentialTop1(5, 800.0).exact
    assert strong.lower <= mirrored.upper
    assert mirrored.lower <= strong.upper


def test_allowed_sizes_code_their_masks():
    support = AllowedSizes(4, (0, 2))
    rows = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype(bool)
    rows = rows[support.contains(rows)]
    for code in fit_codes(support, rows[:2]):
        assert np.exp(-code.lengths(rows)).sum() <= 1.0 + 1e-12


def test_supports_count_in_whole_numbers():
    found = outcomes(
        "from robustlaw.information import AllowedSizes, AnyMask, LayerSizes, fixed_size",
        [
            "AnyMask(-3)",
            "AnyMask(2.5)",
            "fixed_size(5.5, 2)",
            "fixed_size(4, True)",
            "LayerSizes((4, 3), (1, -1))",
            "AllowedSizes(3, (1.5,))",
        ],
    )
    for text, said in found.items():
        assert said.startswith("InvalidArgument"), text

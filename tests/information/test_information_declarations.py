"""Wrong declarations are refused: they would void certificates silently."""

import numpy as np
import pytest

from robustlaw.errors import FalseDeclaration
from robustlaw.information import ZOO, BiasedLabels, FairLabels, FiniteChannel, mask_information
from robustlaw.information.sources import inherit

TABLE = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])
MASKS = np.array([[True, False], [False, True], [True, True]])


def honest():
    return FiniteChannel(TABLE, MASKS)


def refused(channel, match):
    with pytest.raises(FalseDeclaration, match=match):
        mask_information(channel, exact=False)


def test_honest_channels_pass():
    assert mask_information(honest(), exact=False).lower >= 0.0
    for name, parameters in (("Z5", {"n": 4, "flip": 0.2}), ("Z9", {"n": 5, "rho": 0.5})):
        mask_information(ZOO[name](**parameters), runs=300, exact=False)


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.01, 2.0])
def test_a_density_that_does_not_sum_to_one(factor):
    channel = honest()
    true = channel.log_prob
    channel.log_prob = lambda masks, data: true(masks, data) + np.log(factor)
    refused(channel, "sums to")


def test_a_density_too_small_on_a_large_support():
    channel = ZOO["Z14"](bits=200, kept=50, strength=0.2)
    true = type(channel).log_prob

    class Mutant(type(channel)):
        def log_prob(self, masks, data):
            return true(self, masks, data) - 40.0

    refused(Mutant(bits=200, kept=50, strength=0.2), "not normalised")


def test_a_noisy_channel_that_calls_itself_deterministic():
    channel = honest()
    channel.deterministic = True
    refused(channel, "another seed")


def test_noise_that_is_not_a_function_of_the_seed():
    channel, rng = honest(), np.random.default_rng(0)
    channel.sample_masks = lambda data, _: MASKS[rng.integers(0, 3, len(data))]
    refused(channel, "different masks")


def test_a_replacement_that_changes_another_label():
    channel = FiniteChannel(np.full((4, 2), 0.5), MASKS[:2])
    channel.replace_labels = lambda data, *_: 1 - data
    refused(channel, "replacing one label")


class Balanced:
    """As many ones as zeros, always: the labels depend on each other."""

    n_bits, conditioned = 6, False

    def __init__(self):
        self.support = honest().support.__class__(6)
        inherit(self, FairLabels(6))

    def sample_data(self, runs, rng):
        return rng.permuted(np.tile(np.array([0, 1], np.int8), (runs, 3)), axis=1)

    def sample_masks(self, data, seeds):
        return data.astype(bool)


def test_balanced_classes_are_not_independent_labels():
    refused(Balanced(), "classes of fixed size")


class Copied:
    """The mask is the labels, drawn otherwise than declared: label 0 with another chance, or as -1 and 1."""

    n_bits, conditioned = 3, False

    def __init__(self, declared, one, signs=False):
        self.support, self.one, self.signs = honest().support.__class__(3), one, signs
        inherit(self, BiasedLabels(3, declared))

    def sample_data(self, runs, rng):
        data = (rng.random((runs, 3)) < [self.one, 0.3, 0.3]).astype(np.int8)
        return 2 * data - 1 if self.signs else data

    def sample_masks(self, data, seeds):
        return data == 1


@pytest.mark.parametrize(("declared", "one"), [(0.3, 0.6), (0.0, 0.3), (1.0, 0.3), (0.3, 0.0)])
def test_labels_of_another_chance_than_declared(declared, one):
    refused(Copied(declared, one), "declared chance")


def test_labels_of_another_code_than_declared():
    refused(Copied(0.3, 0.3, signs=True), "coded 0 to 1")
    assert mask_information(Copied(0.3, 0.3)).lower > 1.0


def test_a_number_of_bits_that_is_not_the_masks():
    channel = honest()
    channel.n_bits = 3
    refused(channel, "n_bits")

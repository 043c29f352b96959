"""Published values of bounds, caps and a deterministic rule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_information_bounds import LOG2, all_runs, plain_information

from robustlaw.errors import InvalidArgument
from robustlaw.information import (
    ZOO,
    FairLabels,
    FiniteChannel,
    fixed_size,
    histogram_entropy,
    lower_candidates,
    mask_information,
    upper_flips,
)
from robustlaw.information.caps import output_noise_cap, pure_privacy_cap, pure_privacy_label_cap
from robustlaw.information.sources import inherit
from robustlaw.information.targets import Target
from robustlaw.information.zoo import Tabulated

# Published values: information, sum over labels of I(m;Y_j), flip sum, mean divergence of two laws.
GOLDEN = {
    "Z12": ({"bits": 5, "kept": 2, "strength": 1.0}, 0.1416639837, 0.1406041580, 0.1426995197, 0.2888471794),
    "Z14": ({"bits": 5, "kept": 2, "strength": 0.5}, 0.2597351093, 0.2558334940, 0.2634601048, 0.5442008046),
    "Z5": ({"n": 3, "flip": 0.2}, 0.5782342711, 0.5782342711, 0.5782342711, 1.2476649250),
}


def written_down(channel):
    """The zoo's channel as a finite one, rows in the order of their labelings."""
    _, data, rows = Tabulated(channel).table()
    masks = np.unique(np.concatenate([m for m, _ in rows]), axis=0)
    place = {row.tobytes(): i for i, row in enumerate(masks)}
    table = np.zeros((len(data), len(masks)))
    for code, (some, logs) in zip(data.astype(int) @ (1 << np.arange(data.shape[1])), rows, strict=True):
        table[code, [place[m.tobytes()] for m in some]] = np.exp(logs)
    return FiniteChannel(table / table.sum(axis=1, keepdims=True), masks)


@pytest.mark.parametrize("name", GOLDEN)
def test_means_of_the_bounds_have_their_published_values(name):
    parameters, truth, recovery, flips, divergence = GOLDEN[name]
    channel = written_down(ZOO[name](**parameters))
    assert mask_information(channel).middle == pytest.approx(truth, abs=1e-8)
    runs, weights = all_runs(channel)
    on = weights > 0.0
    values = upper_flips.flip_values(channel, runs.take(on), np.random.default_rng(0))
    assert values @ weights[on] == pytest.approx(flips, abs=1e-8)
    assert channel._divergences().mean() == pytest.approx(divergence, abs=1e-8)
    p, n = channel.probabilities, channel.source.n
    ones = [np.array([(i >> j) & 1 for i in range(2**n)], bool) for j in range(n)]
    halves = [np.stack([p[~one].mean(axis=0), p[one].mean(axis=0)]) / 2.0 for one in ones]
    assert sum(map(plain_information, halves)) == pytest.approx(recovery, abs=1e-8)


class TopK:
    """Keeps the three largest |W_i + .2 sum_j y_j X_ji| of eight: a deterministic rule of six labels."""

    n_bits, conditioned, deterministic = 8, False, True

    def __init__(self):
        i, j = np.arange(8), np.arange(6)[:, None]
        self.w, self.x = np.sin(2.3 * i + 1), np.cos(1.7 * i * (j + 1) + 0.3 * j**2)
        self.support = fixed_size(8, 3)
        inherit(self, FairLabels(6))
        self.source = FairLabels(6)

    def sample_data(self, runs, rng):
        return self.source.sample_data(runs, rng)

    def sample_masks(self, data, seeds):
        scores = np.abs(self.w + 0.2 * (2.0 * data - 1.0) @ self.x)
        masks = np.zeros(scores.shape, dtype=bool)
        np.put_along_axis(masks, np.argsort(-scores, axis=1)[:, :3], True, axis=1)
        return masks


def test_a_deterministic_rule_against_its_published_values():
    channel = TopK()
    data = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(np.int8)
    masks = channel.sample_masks(data, np.zeros(64, dtype=np.int64))
    entropy = histogram_entropy(masks)
    assert entropy.middle == pytest.approx(2.3682176933, abs=1e-9)
    changed = 0
    for j in range(6):
        flipped = channel.replace_labels(data, np.full(64, j), 1 - data[:, j])
        changed += (channel.sample_masks(flipped, np.zeros(64, dtype=np.int64)) != masks).any(axis=1).sum()
    assert 6 * LOG2 * changed / (6 * 64) == pytest.approx(2.6859453247, abs=1e-9)
    found = mask_information(channel, level=0.999, runs=4000)
    assert found.lower <= entropy.upper
    assert entropy.lower <= found.upper < 3.0


def test_caps_of_private_masks_have_their_published_values():
    for epsilon, general, binary in ((0.5, 0.0311420923, 0.0302998620), (1.0, 0.1233015615, 0.1109440717)):
        assert pure_privacy_cap(epsilon) == pytest.approx(general, abs=1e-10)
        assert pure_privacy_label_cap(epsilon) == pytest.approx(binary, abs=1e-10)
        assert (
            pure_privacy_label_cap(epsilon) <= pure_privacy_cap(epsilon) <= epsilon * math.tanh(epsilon / 2)
        )


@given(st.floats(0.0, 8.0), st.floats(0.0, 8.0))
def test_caps_grow_with_what_is_allowed(a, b):
    low, high = min(a, b), max(a, b)
    assert 0.0 <= pure_privacy_cap(low) <= pure_privacy_cap(high) * (1.0 + 1e-12) + 1e-15
    assert pure_privacy_label_cap(low) <= pure_privacy_label_cap(high) + 1e-15
    # the small-epsilon branch and the formula agree where they meet
    assert pure_privacy_cap(1.0001e-4) == pytest.approx(pure_privacy_cap(0.9999e-4), rel=1e-3)


def test_noise_on_the_output_caps_by_its_variance():
    assert output_noise_cap((1.0, 3.0), 1.0) == pytest.approx(
        0.5 * (math.log(2.0) + math.log(4.0)), rel=1e-12
    )
    assert output_noise_cap((), 1.0) == 0.0
    assert output_noise_cap((1.0,), 10.0) < 0.005


def test_overlap_of_candidates_is_below_the_information_of_bits():
    random = np.random.default_rng(0)
    flip, n = 0.2, 5
    labels = random.integers(0, 2, (400, 16, n))
    p = np.where(labels == 1, 1.0 - flip, flip)
    bound = lower_candidates.pairwise_overlap(lower_candidates.log_affinity_of_bits(p), 0.01, Target.DATA)
    truth = mask_information(ZOO["Z5"](n=n, flip=flip)).middle
    assert 0.3 * truth < bound.value < truth
    with pytest.raises(InvalidArgument):
        lower_candidates.pairwise_overlap(np.zeros((3, 1, 1)), 0.01, Target.DATA)


def test_bits_are_nats_over_log_two_and_are_refused_as_nats():
    for exact in (True, False):
        options = {"runs": 300, "exact": exact}
        nats = mask_information(ZOO["Z5"](n=3, flip=0.2), **options)
        bits = mask_information(ZOO["Z5"](n=3, flip=0.2), unit="bits", **options)
        assert (nats.unit, bits.unit, bits.level) == ("nats", "bits", nats.level)
        assert bits.lower <= nats.lower / LOG2 <= bits.lower * (1.0 + 1e-14) + 1e-300
        assert bits.upper * (1.0 - 1e-14) <= nats.upper / LOG2 <= bits.upper
        with pytest.raises(InvalidArgument, match="unit"):
            nats + bits
        with pytest.raises(InvalidArgument, match="unit"):
            bits.in_unit("nats")
    nothing = mask_information(ZOO["Z1"](bits=4, kept=2, n=3), unit="bits")
    assert (nothing.lower, nothing.upper) == (0.0, 0.0)
    with pytest.raises(InvalidArgument, match="unit"):
        mask_information(ZOO["Z5"](n=3, flip=0.2), unit="bytes")

"""Certified brackets as a study: truths, repetitions, and estimates that are no bounds."""

import json
import math

import numpy as np
import pytest

from robustlaw import errors
from robustlaw.information import ZOO, Runs
from robustlaw.studies import information_scale
from robustlaw.studies.information_scale import ScaleConfig, compared


def config(**change) -> ScaleConfig:
    plain = {"channel": "Gaussian top-k", "bits": 8, "kept": 3, "runs": 100, "seed": 0}
    return ScaleConfig(**(plain | change))


def row(**change) -> dict:
    (found,) = information_scale.run([config(**change).plain()])
    return found


@pytest.mark.parametrize(
    ("change", "truth"),
    [
        ({"bits": 10}, 0.5474171230),
        ({"bits": 100, "kept": 20}, 5.2099725493),
        ({"channel": "Gibbs", "bits": 100, "kept": 20}, 1.8740385745),
        ({"channel": "parity", "bits": 200, "kept": 0}, 100.0 * math.log(2.0)),
    ],
)
def test_the_truth_is_the_published_one_of_the_channel(change, truth):
    found = row(**change)
    assert found["truth"][0] - 1e-8 <= truth <= found["truth"][1] + 1e-8
    assert 0.0 <= found["lower"][0] <= found["upper"][0]


def test_repetitions_are_brackets_of_consecutive_seeds():
    both = row(repetitions=2, seed=3)
    alone = [row(seed=s) for s in (6, 7)]
    for end in ("lower", "upper", "method"):
        assert both[end] == [one[end][0] for one in alone]
    assert both["truth"] == alone[0]["truth"]
    assert json.loads(json.dumps(both)) == both


@pytest.mark.parametrize("channel", ["Gaussian top-k", "Gibbs", "parity", "SNIP"])
def test_brackets_of_every_channel_hold_the_truth(channel):
    bits = {"parity": 20, "SNIP": 40}.get(channel, 8)
    found = row(channel=channel, bits=bits, repetitions=8, runs=150)
    low, high = found["truth"]
    missed = sum(a > high or b < low for a, b in zip(found["lower"], found["upper"], strict=True))
    assert missed <= 3  # of 8 at rate .05, but for chance 4e-4
    assert max(found["upper"]) < math.inf


def test_a_contrast_saturates_and_leaving_out_the_own_data_does_not():
    few = row(bits=300, kept=60, batch=8)
    assert few["contrast"] <= math.log(8.0) + 1e-9 < few["truth"][0]
    assert few["left_out"] > few["truth"][1]
    assert few["coupled_flips"] > 3.0 * few["truth"][1]
    assert few["plug_in"] == pytest.approx(math.log(80.0))  # every mask and every data set is new


def test_point_estimates_are_those_of_a_loop():
    channel, rng = ZOO["Z5"](n=4, flip=0.2), np.random.default_rng(0)
    data = channel.sample_data(6, rng)
    masks = channel.sample_masks(data, np.arange(6))
    logs = np.array(
        [[channel.log_prob(masks[i : i + 1], data[j : j + 1])[0] for j in range(6)] for i in range(6)]
    )
    everyone, others = compared(channel, Runs(data, masks, np.arange(6)))
    own = np.diag(logs)
    means = [math.log(np.exp(logs[i]).mean()) for i in range(6)]
    rest = [math.log(np.exp(np.delete(logs[i], i)).mean()) for i in range(6)]
    assert everyone == pytest.approx(np.mean(own - means), abs=1e-12)
    assert others == pytest.approx(np.mean(own - rest), abs=1e-12)


def test_what_is_infinite_or_has_no_density_is_none():
    assert row(channel="parity", bits=40, kept=0, batch=8)["left_out"] is None
    blind = row(channel="SNIP", bits=40, kept=10, batch=8)
    assert blind["contrast"] is None
    assert blind["coupled_flips"] >= blind["truth"][0] * (1.0 - 1e-9)
    assert "plug_in" not in row()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"channel": "Hope"}, errors.UnknownName),
        ({"bits": 0, "kept": 0}, errors.InvalidArgument),
        ({"kept": 9}, errors.InvalidArgument),
        ({"runs": 0}, errors.InvalidArgument),
        ({"repetitions": 0}, errors.InvalidArgument),
        ({"batch": 1}, errors.InvalidArgument),
        ({"seed": -1}, errors.InvalidArgument),
        ({"channel": "SNIP", "bits": 15}, errors.InvalidArgument),
        ({"channel": "parity", "bits": 2, "kept": 0}, errors.InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)

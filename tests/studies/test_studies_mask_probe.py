"""The mask-only probe as a study: rows against an independent computation, and against exact information."""

import json
import math

import numpy as np
import pytest
import torch

from robustlaw import errors
from robustlaw.information import positive_information
from robustlaw.networks import Mlp
from robustlaw.networks.initialise import TorchDefault, initial_stack
from robustlaw.networks.network import Network
from robustlaw.studies import mask_probe, probe_enumerated
from robustlaw.studies.mask_probe import ProbeConfig, counts, masked_outputs
from robustlaw.studies.probe_enumerated import EnumeratedConfig


def config(**change) -> ProbeConfig:
    plain = {
        "seed": 0,
        "levels": (1, 2, 4),
        "iterative": 2,
        "n": 60,
        "widths": (6, 10, 8, 1),
        "teacher": (6, 5, 1),
        "epochs": 25,
        "learning_rate": 1e-2,
    }
    return ProbeConfig(**(plain | change))


def by_arm(row: dict) -> dict:
    return {(arm["method"], arm["level"]): arm for arm in row["arms"]}


def test_a_row_has_every_method_at_its_counts():
    (row,) = mask_probe.run([config().plain()])
    total = 6 * 10 + 10 * 8 + 8
    assert row["weights"] == total
    kept = dict(zip((1, 2, 4), counts(total, (1, 2, 4)), strict=True))
    assert kept == {1: 119, 2: 96, 4: 62}
    found = by_arm(row)
    trained = {("IterativeMagnitude", 1), ("IterativeMagnitude", 2), ("Shuffled", 1), ("Shuffled", 2)}
    others = set(mask_probe.METHODS) - {"IterativeMagnitude", "Shuffled"}
    assert set(found) == trained | {(m, level) for m in others for level in (1, 2, 4)}
    for (_, level), arm in found.items():
        assert arm["kept"] == kept[level]
        assert abs(arm["t"]) <= math.sqrt(60) * (1.0 + 1e-12)
        assert arm["x"] == 0.0 or np.sign(arm["x"]) == np.sign(arm["t"])


def test_the_first_round_is_magnitude_pruning_and_deeper_ones_are_not():
    found = by_arm(mask_probe.run([config().plain()])[0])
    assert found["IterativeMagnitude", 1]["t"] == found["MagnitudeAfterTraining", 1]["t"]
    assert found["IterativeMagnitude", 2]["t"] != found["MagnitudeAfterTraining", 2]["t"]
    assert found["IterativeMagnitude", 1]["t"] != found["Shuffled", 1]["t"]


def test_a_row_depends_on_its_config_alone():
    cells = [config(seed=s).plain() for s in (0, 1)]
    together = mask_probe.run(cells)
    assert [mask_probe.run([c])[0] for c in cells] == together
    assert json.loads(json.dumps(together)) == together
    assert ProbeConfig.of(json.loads(json.dumps(cells[0]))) == config()


def test_levels_share_their_trainings():
    few, many = (by_arm(mask_probe.run([config(levels=k).plain()])[0]) for k in ((2,), (1, 2, 4)))
    for arm in few.items():
        assert many[arm[0]]["t"] == pytest.approx(arm[1]["t"], rel=1e-12)


def test_outputs_are_those_of_the_masked_networks_one_by_one():
    arch, rng = Mlp((4, 6, 5, 1)), np.random.default_rng(0)
    start = initial_stack(arch, ("probe",), TorchDefault())
    masks = [[torch.as_tensor(rng.random((1, *shape)) < 0.5) for shape in arch.shapes] for _ in range(3)]
    x = rng.standard_normal((7, 4))
    found = masked_outputs(start, masks, x)
    for row, own in zip(found, masks, strict=True):
        layers = [
            (w[0].double().numpy() * m[0].numpy(), b[0].double().numpy())
            for w, b, m in zip(start.weights, start.biases, own, strict=True)
        ]
        net = Network.from_arrays(layers, activation="relu")
        np.testing.assert_allclose(row, net.forward(x)[:, 0], rtol=1e-12, atol=1e-14)


def test_masks_of_trained_weights_follow_the_noise_and_random_ones_do_not():
    """Labels that are nearly all noise, and enough steps to fit them: the sum over seeds leaves no doubt."""
    cells = [
        config(seed=s, levels=(3,), n=100, widths=(12, 24, 1), teacher=(12, 1), epochs=150) for s in range(12)
    ]
    rows = [by_arm(r) for r in mask_probe.run([c.plain() for c in cells])]
    mean = {m: np.mean([r[m, 3]["t"] for r in rows]) for m in mask_probe.METHODS if (m, 3) in rows[0]}
    radius = math.sqrt(2.0 * math.log(2.0 * 2 / 1e-3) / len(rows))
    assert mean["MagnitudeAfterTraining"] > radius
    assert abs(mean["Random"]) <= radius
    assert abs(mean["MagnitudeAtInit"]) <= radius


@pytest.mark.parametrize(
    "change",
    [
        {"levels": ()},
        {"levels": (2, 1)},
        {"levels": (0, 1)},
        {"iterative": 0},
        {"n": 0},
        {"epochs": 0},
        {"learning_rate": 0.0},
        {"widths": (6, 10, 2)},
        {"teacher": (5, 5, 1)},
    ],
)
def test_wrong_probe_configs_are_refused(change):
    with pytest.raises(errors.InvalidArgument):
        config(**change)


ENUMERATED = {"init": 0, "densities": (0.75, 0.5, 0.25), "n": 6, "steps": 40}


@pytest.mark.parametrize(
    "method", ["IterativeMagnitude", "MagnitudeAfterTraining", "Grasp", "Snip", "Random"]
)
def test_the_probe_is_never_above_exact_information(method):
    (row,) = probe_enumerated.run([EnumeratedConfig(method, **ENUMERATED).plain()])
    assert row["kept"] == [12, 8, 4]
    for i in range(3):
        assert row["mean"][i] == pytest.approx(row["positive"][i] - row["negative"][i], abs=1e-12)
        assert 0.5 * row["mean"][i] ** 2 <= row["upper"][i] + 1e-12
        assert positive_information(row["positive"][i], 1.0) <= row["upper"][i] + 1e-12
        assert positive_information(row["negative"][i], 1.0) <= row["upper"][i] + 1e-12
    if method == "Random":
        assert row["upper"] == [0.0, 0.0, 0.0]
        assert np.abs(row["mean"]).max() < 1e-12
    else:
        assert max(row["lower"]) > 1.0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "Hope"}, errors.UnknownName),
        ({"n": 13}, errors.InvalidArgument),
        ({"densities": ()}, errors.InvalidArgument),
        ({"densities": (0.01,)}, errors.InfeasibleDensity),
        ({"widths": (3, 4, 2)}, errors.InvalidArgument),
        ({"steps": 0}, errors.InvalidArgument),
    ],
)
def test_wrong_enumerated_configs_are_refused(change, error):
    with pytest.raises(error):
        EnumeratedConfig(**({"method": "Snip", **ENUMERATED} | change))

"""Any score of the data becomes a channel: density, coupling, layers, inherited capabilities."""

import numpy as np
import pytest
from unchecked import outcomes

from robustlaw.errors import InvalidArgument, NonFinite, ShapeMismatch
from robustlaw.information import (
    FairLabels,
    GaussianData,
    GaussianScores,
    HasDataEntropy,
    HasDensity,
    HasExamples,
    HasLabels,
    HasStability,
    LayerSizes,
    MaskChannel,
    NoisyScores,
    draw_runs,
    fixed_size,
)
from robustlaw.information.densities import FoldedGaussian, Gaussian, Laplace, top_k_log_prob
from robustlaw.information.zoo import GaussianTopK, Tabulated, all_masks

MIX = np.array(
    [[0.5, -0.2, 0.1, 0.9, -0.4, 0.3], [0.1, 0.4, -0.7, 0.2, 0.0, -0.1], [1.0, 0.3, 0.2, -0.5, 0.6, 0.8]]
)


def mixed(data: np.ndarray) -> np.ndarray:
    return (2.0 * data - 1.0) @ MIX


def test_two_valued_scores_are_the_known_channel():
    known = GaussianTopK(40, 8, 0.5)
    same = NoisyScores(FairLabels(40), lambda y: 0.5 * (2.0 * y - 1.0), fixed_size(40, 8), Gaussian())
    runs = draw_runs(known, 100, "same", 1)
    np.testing.assert_array_equal(same.sample_masks(runs.data, runs.seeds), runs.masks)
    np.testing.assert_allclose(
        same.log_prob(runs.masks, runs.data), known.log_prob(runs.masks, runs.data), atol=2e-9
    )


@pytest.mark.parametrize("law", [Gaussian(0.5), Laplace(0.5), FoldedGaussian(0.5)], ids=repr)
def test_density_over_layers(law):
    channel = NoisyScores(FairLabels(3), mixed, LayerSizes((4, 2), (2, 1)), law)
    masks, data = all_masks(6), channel.sample_data(3, np.random.default_rng(0))
    for row in data:
        logs = channel.log_prob(masks, np.tile(row, (64, 1)))
        assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-10)
        assert ((logs > -np.inf) == channel.support.contains(masks)).all()
    many = np.tile(data[:1], (4000, 1))
    drawn = channel.sample_masks(many, np.arange(4000))
    channel.support.check(drawn)
    p = np.exp(channel.log_prob(masks, np.tile(data[:1], (64, 1))))
    rates = p @ masks
    assert (abs(drawn.mean(axis=0) - rates) < 5.0 * np.sqrt(rates * (1.0 - rates) / 4000) + 1e-12).all()


def test_magnitudes_count():
    """Large negative weights are kept."""
    weights = np.array([[-5.0, 0.1, 0.2, 4.0]])
    channel = NoisyScores(
        GaussianData(1), lambda d: weights + 0.0 * d, fixed_size(4, 2), FoldedGaussian(0.01)
    )
    masks = channel.sample_masks(channel.sample_data(20, np.random.default_rng(0)), np.arange(20))
    assert (masks == [True, False, False, True]).all()
    assert top_k_log_prob(FoldedGaussian(0.01), weights, masks[:1])[0] == pytest.approx(0.0, abs=1e-9)


def test_capabilities_come_from_the_data():
    labelled = NoisyScores(FairLabels(3), mixed, fixed_size(6, 2), Gaussian())
    proved = GaussianScores(2.0, 1.0)
    plain = NoisyScores(GaussianData(3), lambda d: d @ MIX, fixed_size(6, 2), Gaussian(), True, proved)
    for protocol in (MaskChannel, HasDensity, HasExamples):
        assert isinstance(labelled, protocol)
        assert isinstance(plain, protocol)
    assert isinstance(labelled, HasLabels)
    assert isinstance(labelled, HasDataEntropy)
    assert not isinstance(labelled, HasStability)
    assert not isinstance(plain, HasLabels)
    assert not isinstance(plain, HasDataEntropy)
    assert isinstance(plain, HasStability)
    assert plain.stability == proved
    assert plain.conditioned
    assert plain.n_examples == 3
    weights, _, rows = Tabulated(labelled).table()
    assert len(weights) == 8
    assert all(len(masks) == 15 for masks, _ in rows)


def test_wrong_scores_are_named():
    data, seeds = np.zeros((2, 3)), np.arange(2)
    short = NoisyScores(GaussianData(3), lambda d: d, fixed_size(6, 2), Gaussian())
    with pytest.raises(ShapeMismatch, match="score"):
        short.sample_masks(data, seeds)
    lost = NoisyScores(GaussianData(3), lambda d: d @ MIX * np.nan, fixed_size(6, 2), Gaussian())
    with pytest.raises(NonFinite, match="score"):
        lost.sample_masks(data, seeds)
    with pytest.raises(InvalidArgument, match="kept"):
        fixed_size(3, 4)


def test_wrong_types_are_named():
    setup = """
from robustlaw.information import FairLabels, NoisyScores, fixed_size
from robustlaw.information.densities import Gaussian, top_k_log_prob
from robustlaw.information.zoo import Coset, FlippedLabels, GaussianTopK
"""
    found = outcomes(
        setup,
        [
            "NoisyScores(FairLabels(3), abs, fixed_size(3, 1), 'gaussian')",
            "NoisyScores(FairLabels(3), abs, 3, Gaussian())",
            "NoisyScores(FairLabels(3), None, fixed_size(3, 1), Gaussian())",
            "FairLabels(2.5)",
            "FlippedLabels(3, 'x')",
            "GaussianTopK(4, 2.0, 1.0)",
            "Coset(np.ones((3, 2), bool), np.ones((4, 2), bool))",
            "top_k_log_prob(Gaussian(), np.zeros((2, 3)), np.ones((1, 3), bool))",
        ],
    )
    names = ("law", "support", "score", "n", "flip", "kept", "noise_in", "masks")
    for (text, said), name in zip(found.items(), names, strict=True):
        assert said.split(": ")[0] in ("InvalidArgument", "ShapeMismatch"), text
        assert said.split(": ")[1].startswith(f"{name} ="), text


@pytest.mark.parametrize(("size", "scale"), [(1e6, 1e-9), (1.0, 1e-17), (1e300, 1.0)])
def test_noise_that_rounding_swallows_is_refused(size, scale):
    channel = NoisyScores(FairLabels(4), lambda y: size * (1.0 + y), fixed_size(4, 2), Gaussian(scale))
    with pytest.raises(InvalidArgument, match="lost in the rounding"):
        draw_runs(channel, 20, "lost", 0)

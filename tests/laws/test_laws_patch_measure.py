"""What the laws read off networks on two patches, against samples, plain arithmetic and a coded copy."""

import math

import numpy as np
import pytest

from robustlaw import errors
from robustlaw.accounting import Accountant, DataFreeMask, TrainedWeights, code_family
from robustlaw.data import Dataset, Problem, Sphere
from robustlaw.data.two_patches import TwoPatches
from robustlaw.laws import DescriptionLength, SparseSharp
from robustlaw.laws.patch_measure import PatchMeasured
from robustlaw.networks import Mlp, Network, Origin
from robustlaw.networks.origin import Dependence
from robustlaw.networks.patch_stack import PatchStack

MODEL = TwoPatches(2, 10, noise=0.4)


def filters(seed=0, neurons=3, size=0.8, inputs=10) -> Network:
    rng = np.random.default_rng(seed)
    masks = rng.random((2 * neurons, inputs)) < 0.7
    weights = np.where(masks, size * rng.standard_normal(masks.shape), 0.0)
    weights = weights.astype(np.float32).astype(np.float64)
    zeros = np.zeros(2 * neurons)
    initial = {"W1": 0.1 * rng.standard_normal(masks.shape), "b1": zeros}
    origin = Origin(Dependence.NONE, frozenset({"b1"}), initial, frozenset({"W1"}), recorded=True)
    return Network(Mlp((inputs, 2 * neurons)), (weights,), (zeros,), (masks,), origin)


def measured(seed=0, flipped=0.3, n=40, power=3) -> PatchMeasured:
    return PatchMeasured(filters(seed), MODEL.problem(flipped).sample(n, seed), power=power)


def as_stack(net: Network, power: int) -> PatchStack:
    shape = (1, 2, len(net.weights[0]) // 2, net.arch.widths[0])
    return PatchStack(net.weights[0].reshape(shape), net.masks[0].reshape(shape), power)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_outputs_are_the_margin_of_the_second_class(power):
    m = measured(1, power=power)
    scores = as_stack(m.net, power).scores(m.data.x.reshape(1, 40, 2, 10))[0]
    values, errors_ = m.outputs
    assert (np.abs(values[:, 0] - (scores[:, 1] - scores[:, 0])) <= errors_[:, 0] + 1e-15).all()
    assert errors_.max() < 1e-11
    assert m.wrong_signs == int(((scores[:, 1] - scores[:, 0]) * m.data.y <= 0.0).sum())
    clipped = np.clip(scores[:, 1] - scores[:, 0], -1.0, 1.0)
    assert m.mse.contains(float(np.mean((clipped - m.data.y) ** 2)))


@pytest.mark.parametrize("power", [2, 3, 4])
def test_the_correlation_is_centred_at_the_mean_of_each_component(power):
    """E f by 40000 fresh inputs of each component."""
    uneven = filters(2)  # whose second class has the larger mean, on labels with more of one sign
    uneven = uneven.replace((np.repeat([[0.5], [1.5]], 3, axis=0) * uneven.weights[0],), uneven.biases)
    data = MODEL.problem(0.3).sample(7, 1)
    m = PatchMeasured(uneven, data, power=power)
    z, stack, means = m.data.z, as_stack(m.net, power), []
    law = m.data.problem.distribution
    spread = 0.0
    for place in range(4):
        fresh = law.component(place).sample(40_000, np.random.default_rng(place))
        scores = stack.scores(fresh.reshape(1, -1, 2, 10))[0]
        margin = scores[:, 1] - scores[:, 0]
        means.append(margin.mean())
        spread = max(spread, margin.std() / 200.0)
    own = np.array(means)[m.data.component]
    expected = float(np.mean(z * (m.outputs[0][:, 0] - own)))
    value = m.correlation.value
    assert value.width < 1e-8
    noise = m.noise_patches.reshape(1, 7, 1, 10)
    bare = stack.scores(np.concatenate([noise, np.zeros_like(noise)], axis=2))[0] @ np.array([-1.0, 1.0])
    # what centring takes off is far above what the comparison can miss
    assert abs(float(np.mean(z * bare)) - value.middle) > 6.0 * spread * np.abs(z).mean()
    assert abs(value.middle - expected) < 4.0 * spread * np.abs(z).mean()
    assert m.correlation.risk == 0.0


def test_the_slope_is_that_of_the_noise_patch_on_its_ball():
    m = measured(3)
    law = MODEL.problem(0.3).distribution
    for place in range(4):
        x, near = (law.component(place).sample(3000, np.random.default_rng(s)) for s in (place, place + 9))
        stack = as_stack(m.net, 3)
        margins = []
        for points in (x, near):
            scores = stack.scores(points.reshape(1, -1, 2, 10))[0]
            margins.append(scores[:, 1] - scores[:, 0])
        slopes = np.abs(margins[0] - margins[1]) / np.linalg.norm(x - near, axis=1)
        assert slopes.max() <= m.lipschitz.upper
    assert 0.0 < m.lipschitz.lower <= m.lipschitz.upper < 2.0 * m.lipschitz.lower
    assert 0.0 < m.steepest_pair <= m.lipschitz.upper


def test_law_four_is_its_formula_and_law_six_speaks_of_the_coded_network():
    m = measured(4)
    ledger = Accountant().ledger([DataFreeMask(), TrainedWeights(m.net.kept)])
    sharp = SparseSharp(0.05, ledger).weigh(m)
    nats = m.net.kept * 32 * math.log(2.0) + math.log(2.0)
    by_hand = m.correlation.value.middle * math.sqrt(40 * 0.05 / (2.0 * 1.4**2 * 0.16 * nats))
    assert sharp.theory.middle == pytest.approx(by_hand, rel=1e-9)
    assert sharp.measured == m.lipschitz
    coded = DescriptionLength(0.05, code_family((2, 8), masks=("uniform",))).weigh(m)
    assert coded.measured != m.lipschitz  # a few bits move the filters
    assert coded.details["p_eff"] < nats
    assert {h.holds for h in coded.hypotheses} == {True}
    assert m.of(m.net) is m


def test_clean_labels_leave_nothing_to_say():
    told = SparseSharp().weigh(measured(5, flipped=0.0))
    assert str(told.verdict) == "NOT_APPLICABLE"
    assert "no noise" in str(told)


def test_a_noise_patch_outside_the_ball_is_refused():
    data = MODEL.problem(0.3).sample(10, 0)
    x = data.x.copy()
    noise = x.reshape(10, 2, 10)[3, 1 - data.component[3] % 2]
    noise *= 1.01 * MODEL.radius(6.0) / np.linalg.norm(noise)
    outside = Dataset.from_arrays(x, data.y, problem=data.problem, component=data.component)
    with pytest.raises(errors.InvalidArgument, match="ball"):
        PatchMeasured(filters(), outside)


def test_other_networks_and_problems_are_refused():
    data = MODEL.problem(0.3).sample(10, 0)
    deep = Network.from_arrays([(np.ones((4, 10)), np.zeros(4)), (np.ones((1, 4)), np.zeros(1))])
    biased = Network.from_arrays([(np.ones((4, 10)), np.ones(4))])
    odd = Network.from_arrays([(np.ones((3, 10)), np.zeros(3))])
    for net in (deep, biased, odd, filters(inputs=9)):
        with pytest.raises(errors.ShapeMismatch):
            PatchMeasured(net, data)
    sphere = Problem(Sphere(10)).sample(10, 0)
    with pytest.raises(errors.MissingCapability):
        PatchMeasured(filters(), sphere)
    with pytest.raises(errors.MissingCapability):
        _ = measured().clipped_correlation

"""Pruners as channels: exact enumeration, brackets that contain it, and data that change only where asked."""

import math

import numpy as np
import pytest

import robustlaw as rl
from robustlaw.errors import InfeasibleDensity, InvalidArgument, MissingCapability
from robustlaw.information import (
    FixedInputs,
    FreshExamples,
    LayerSizes,
    Target,
    from_table,
    label_information,
    mask_information,
    noisy_fixed_inputs,
    probe_bound,
    sample,
)
from robustlaw.information.enumeration import entropy_of_counts, labelings
from robustlaw.information.zoo import Tabulated
from robustlaw.networks import Mlp, Recipe
from robustlaw.pruning import (
    EdgePopup,
    ErdosRenyi,
    Force,
    GradualMagnitude,
    Grasp,
    IterativeMagnitude,
    MagnitudeAfterTraining,
    MagnitudeAtInit,
    NoisyTopK,
    NtkSap,
    NtkSapOnInputs,
    ProsPr,
    Random,
    Repaired,
    RigL,
    Shuffled,
    Snip,
    SynFlow,
)

LOG2 = math.log(2.0)
ARCH = Mlp((3, 4, 1))
RECIPE = Recipe(steps=30, stop_at=None)
PRUNERS = {
    "Random": Random,
    "ErdosRenyi": ErdosRenyi,
    "MagnitudeAtInit": MagnitudeAtInit,
    "Snip": Snip,
    "Force": lambda density: Force(density, rounds=3),
    "Grasp": Grasp,
    "SynFlow": lambda density: SynFlow(density, rounds=5),
    "NtkSap": lambda density: NtkSap(density, rounds=3),
    "NtkSapOnInputs": lambda density: NtkSapOnInputs(density, rounds=3),
    "ProsPr": ProsPr,
    "MagnitudeAfterTraining": MagnitudeAfterTraining,
    "IterativeMagnitude": IterativeMagnitude,
    "IterativeMagnitude layerwise": lambda density: IterativeMagnitude(density, scope="layerwise"),
    "GradualMagnitude": lambda density: GradualMagnitude(density, scope="layerwise", returning=True),
    "RigL": lambda density: RigL(density, every=4),
    "EdgePopup": EdgePopup,
    "Shuffled": lambda density: Shuffled(Snip(density)),
}
EVERY = pytest.mark.parametrize("kind", PRUNERS.values(), ids=list(PRUNERS))


def inputs(n=5, dim=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dim))


def exact(kind, density=0.5, n=5, init=0):
    return label_information(ARCH, inputs(n), kind(density), RECIPE, init=init)[0]


@EVERY
def test_enumeration_is_the_entropy_of_the_masks_of_all_trainings(kind):
    x, n = inputs(4), 4
    masks = set()
    counts: dict[bytes, int] = {}
    for y in 2.0 * labelings(n, 0, 2**n) - 1.0:
        net = rl.train(ARCH, rl.data.Dataset.from_arrays(x, y), kind(0.5), [7], RECIPE)[0]
        mask = np.concatenate([m.ravel() for m in net.masks]).tobytes()
        masks.add(mask)
        counts[mask] = counts.get(mask, 0) + 1
    p = np.array(list(counts.values())) / 2**n
    found = label_information(ARCH, x, kind(0.5), RECIPE, init=7)[0]
    assert found.distinct == len(masks)
    assert found.information.lower - 1e-12 <= -(p * np.log(p)).sum() <= found.information.upper + 1e-12
    assert found.information.target is Target.LABELS_GIVEN_INIT
    assert found.information.level == 1.0


@EVERY
def test_several_densities_share_a_search_and_change_nothing(kind):
    densities = (1.0, 0.8, 0.5, 0.26, 0.1)
    together = label_information(ARCH, inputs(), kind(0.5), RECIPE, densities=densities)
    for density, found in zip(densities, together, strict=True):
        alone = exact(kind, density)
        assert (found.kept, found.distinct) == (alone.kept, alone.distinct)
        assert found.information == alone.information
        cap = min(5 * LOG2, math.log(math.comb(16, found.kept)))
        assert 0.0 <= found.information.lower <= found.information.upper <= cap + 1e-12


@pytest.mark.parametrize(
    "kind",
    [Random, MagnitudeAtInit, ErdosRenyi, *(PRUNERS[k] for k in ("SynFlow", "NtkSap", "NtkSapOnInputs"))],
)
def test_masks_that_do_not_look_at_labels_know_exactly_nothing(kind):
    for density in (0.2, 0.5, 0.9):
        found = exact(kind, density)
        assert (found.information.lower, found.information.upper, found.distinct) == (0.0, 0.0, 1)


@EVERY
def test_brackets_contain_the_exact_information(kind):
    channel = FixedInputs(ARCH, inputs(), kind(0.5), RECIPE)
    truth = exact(kind).information
    for target in ("I(m;Y|X,init)", "I(m;D|init)"):
        found = mask_information(channel, target, level=1.0 - 1e-6, runs=300)
        assert found.lower <= truth.upper
        assert truth.lower <= found.upper <= 5 * LOG2 + 1e-12
    with pytest.raises(InvalidArgument, match="init"):
        mask_information(channel, "I(m;D)", runs=300)


@EVERY
def test_the_probe_is_below_the_information_exactly(kind):
    n = 7
    x = inputs(n)
    channel = FixedInputs(ARCH, x, kind(0.5), RECIPE)
    data = labelings(n, 0, 2**n).astype(np.int8)
    seeds = np.zeros(len(data), dtype=np.int64)
    masks = channel.sample_masks(data, seeds)
    values = channel.probe(masks, data, seeds)
    assert np.abs(values).max() <= channel.probe_range * (1.0 + 1e-12)
    truth = label_information(ARCH, x, kind(0.5), RECIPE)[0].information.upper
    assert values.mean() ** 2 / 2.0 <= truth + 1e-12
    if not kind(0.5).dependence.on_labels:
        assert abs(values.mean()) < 1e-12


def test_a_probe_that_follows_the_labels_certifies_information():
    rng = np.random.default_rng(0)
    n, runs = 400, 400
    follows = np.clip(0.5 * math.sqrt(n) + rng.normal(size=runs), -math.sqrt(n), math.sqrt(n))
    found = probe_bound(follows, 1.0, math.sqrt(n), 0.025)
    assert 0.8 * 50.0 < found.value < 50.0
    assert found.target is Target.LABELS_GIVEN_INIT
    blind = probe_bound(rng.normal(size=runs), 1.0, math.sqrt(n), 0.025)
    assert blind.value == 0.0


def test_hidden_initialisation_is_another_quantity():
    channel = FixedInputs(ARCH, inputs(), Snip(0.5), RECIPE, init=None)
    assert not channel.deterministic
    found = mask_information(channel, "I(m;D)", runs=300)
    assert 0.0 <= found.lower <= found.upper <= 5 * LOG2 + 1e-12
    drawn = sample(channel, 60, 0)
    again = channel.sample_masks(drawn.fresh.data, drawn.fresh.seeds)
    assert np.array_equal(again, drawn.fresh.masks)


def test_layerwise_pruners_declare_their_sizes():
    channel = FixedInputs(ARCH, inputs(), MagnitudeAtInit(0.5), RECIPE)
    assert channel.support == LayerSizes((12, 4), (6, 2))
    noisy = FixedInputs(ARCH, inputs(), NoisyTopK(Snip(0.5), 0.1), RECIPE)
    assert noisy.support == LayerSizes((16,), (8,))


@pytest.mark.parametrize("kind", [*PRUNERS.values(), lambda d: Repaired(Snip(d))], ids=[*PRUNERS, "Repaired"])
@pytest.mark.parametrize("density", [0.15, 0.3, 0.5])
def test_every_mask_lies_in_the_declared_support(kind, density):
    """The size of the support caps the information: one mask outside would break a certificate."""
    channel = FixedInputs(ARCH, inputs(), kind(density), RECIPE)
    data = labelings(5, 0, 2**5).astype(np.int8)
    masks = channel.sample_masks(data, np.zeros(len(data), dtype=np.int64))
    assert channel.support.contains(masks).all()


def test_fresh_examples_change_only_where_asked():
    problem = rl.Problem(rl.data.Sphere(3))
    channel = FreshExamples(problem, 5, ARCH, Snip(0.5), RECIPE)
    rng = np.random.default_rng(0)
    data = channel.sample_data(40, rng)
    assert data.shape == (40, 20)
    places = rng.integers(0, 5, 40)
    labels = channel.labels(data)
    assert set(np.unique(labels)) == {0, 1}
    flipped = channel.replace_labels(data, places, 1 - labels[np.arange(40), places])
    assert ((flipped != data).sum(axis=1) == 1).all()
    assert (channel.labels(flipped) != labels).sum() == 40
    redrawn = channel.replace_examples(data, places, rng)
    x, new = (d[:, :15].reshape(40, 5, 3) for d in (data, redrawn))
    changed = (x != new).any(axis=2)
    assert np.array_equal(changed.nonzero()[1], places)
    assert np.allclose((new**2).sum(axis=2), 1.0)
    found = mask_information(channel, "I(m;D|init)", runs=200)
    assert 0.0 <= found.lower <= found.upper <= channel.support.log_size.upper


def test_noise_that_depends_on_inputs_is_no_independent_label():
    problem = rl.Problem(rl.data.Gaussian(3), rl.data.Linear(bound=0.5), rl.data.BoundedUniform(0.5))
    channel = FreshExamples(problem, 5, ARCH, Snip(0.5), RECIPE)
    with pytest.raises(MissingCapability, match="labels"):
        mask_information(channel, "I(m;Y|X,init)", runs=100)
    found = mask_information(channel, "I(m;D|init)", runs=100)
    assert found.lower <= found.upper


def test_labels_that_the_inputs_betray_are_no_fair_coins():
    """y is the sign of x_1, so that I(m;Y|X) = 0, though every label by itself is a fair coin."""
    sign = rl.data.Linear(scale=1e12, direction=np.array([1.0, 0.0, 0.0]))
    channel = FreshExamples(rl.Problem(rl.data.Gaussian(3), sign), 5, ARCH, Snip(0.5), RECIPE)
    for target in ("I(m;Y|X,init)", "I(m;Y|X)"):
        with pytest.raises((MissingCapability, InvalidArgument), match=r"labels|init"):
            mask_information(channel, target, runs=400)
    methods = {b.name for b in mask_information(channel, "I(m;D|init)", runs=400).tried}
    assert not methods & {"mask-only probe", "label recovery", "error rate"}
    blind = rl.data.Lookup(np.eye(3), np.zeros(3))
    assert not hasattr(channel, "label_law")
    assert FreshExamples(rl.Problem(rl.data.Gaussian(3), blind), 5, ARCH, Snip(0.5)).label_law.is_fair


def test_rows_of_a_table_are_no_fresh_examples():
    table = rl.data.Empirical(inputs(2000))
    twice = rl.data.Mixture([table, rl.data.Shifted(table, np.ones(3))])
    for law in (table, rl.data.Assumed(table, 1.0, "for the test"), twice):
        with pytest.raises(MissingCapability, match="without replacement"):
            FreshExamples(rl.Problem(law), 2, ARCH, Snip(0.5), RECIPE)


@pytest.mark.parametrize("counts", [[1], [5], [2, 2], [1, 3, 3, 9], [1] * 64])
def test_entropy_of_counts(counts):
    p = np.array(counts) / sum(counts)
    value = entropy_of_counts(counts)
    assert value.lower - 1e-14 <= -(p * np.log(p)).sum() <= value.upper + 1e-14
    assert value.width <= 1e-12
    assert value.is_exact or len(counts) > 1


def test_wrong_use_is_named():
    with pytest.raises(InvalidArgument, match="at most 20"):
        label_information(ARCH, inputs(21), Snip(0.5), RECIPE)
    with pytest.raises(InfeasibleDensity):
        label_information(ARCH, inputs(), Snip(0.5), RECIPE, densities=[0.0])
    with pytest.raises(rl.errors.ShapeMismatch):
        label_information(ARCH, np.ones(3), Snip(0.5), RECIPE)


@pytest.mark.parametrize("kind", [MagnitudeAtInit, Snip, MagnitudeAfterTraining])
def test_noise_gives_any_ranking_pruner_a_density(kind):
    channel = noisy_fixed_inputs(ARCH, inputs(3), NoisyTopK(kind(0.2), 0.05), RECIPE)
    assert channel.conditioned
    truth = from_table(Tabulated(channel))
    found = mask_information(channel, "I(m;Y|X,init)", level=1.0 - 1e-5, runs=100)
    assert found.lower <= truth.upper
    assert truth.lower <= found.upper
    assert "flip sum" in {e.method.removeprefix("upper: ").removesuffix(", pilot") for e in found.considered}
    if kind is MagnitudeAtInit:
        assert truth.upper < 1e-6


def test_more_noise_than_signal_tells_little():
    loud = noisy_fixed_inputs(ARCH, inputs(3), NoisyTopK(MagnitudeAfterTraining(0.2), 100.0), RECIPE)
    assert from_table(Tabulated(loud)).upper < 1e-3
    with pytest.raises(InvalidArgument, match="scale"):
        noisy_fixed_inputs(ARCH, inputs(4), NoisyTopK(Snip(0.4), 0.0), RECIPE)

"""Options of training: minibatches, momentum, noise, the weight ball, rounding and penalties at any depth."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import SEEDS, WIDE, masked, problem, same

from robustlaw.errors import InvalidArgument, MissingCapability, ShapeMismatch
from robustlaw.networks import (
    GradientPenalty,
    Mlp,
    Recipe,
    SpectralPenalty,
    Stack,
    StraightThrough,
    TorchDefault,
    batch,
    fit,
    initial_stack,
)
from robustlaw.networks.parametrise import Masked
from robustlaw.networks.streams import BLOCK, Minibatches
from robustlaw.seeds import generator


@given(st.integers(1, 50), st.integers(1, 60), st.integers(1, 3))
def test_an_epoch_visits_every_sample_once(n, size, copies):
    data = problem(0, n, 2, copies)
    keys = list(range(3)) if copies == 1 else list(range(copies))
    batches = Minibatches(data, keys, size)
    for epoch in (0, 1, BLOCK):
        seen = [[] for _ in keys]
        for number in range(batches.per_epoch):
            part = batches.at(epoch * batches.per_epoch + number)
            real = part.share > 0.0
            assert float(part.share.double().sum()) == pytest.approx(1.0, abs=1e-6)
            for net, rows in enumerate(seen):
                rows += part.columns[net].T[real].tolist()
        for net, rows in enumerate(seen):
            own = data.columns[min(net, copies - 1), :, :n].T.tolist()
            assert sorted(rows) == sorted(own)


def test_orders_differ_between_epochs_and_networks_and_labels_follow():
    data = problem(1, 40, 2)
    batches = Minibatches(data, [0, 1], 10)
    orders = [batches.order(e) for e in (0, 1, BLOCK, 0)]
    assert np.array_equal(orders[0], orders[3])
    for one, other in (
        (orders[0][0], orders[0][1]),
        (orders[0][0], orders[1][0]),
        (orders[0][0], orders[2][0]),
    ):
        assert not np.array_equal(one, other)
    part, order = batches.at(1), batches.order(0)
    assert np.array_equal(part.labels[1, :10], data.labels[0][order[1, 10:20]])
    first = generator("order", 1, 0).permuted(np.tile(np.arange(40), (BLOCK, 1)), axis=1)[0]
    assert np.array_equal(order[1], first)


def test_minibatch_sgd_by_hand():
    n, size, rate = 7, 3, 0.1
    data, stack = problem(2, n, 1, dtype=WIDE), initial_stack(Mlp((1, 1)), [5], TorchDefault(), dtype=WIDE)
    recipe = Recipe(optimiser="sgd", momentum=0.5, learning_rate=rate, steps=5, batch_size=size, stop_at=None)
    trained = fit(stack, data, recipe)
    x, y = data.columns[0, 0, :n].numpy(), data.labels[0, :n].numpy()
    w, b, speed = float(stack.weights[0]), float(stack.biases[0]), np.zeros(2)
    drawn = generator("order", 5, 0).permuted(np.tile(np.arange(n), (BLOCK, 1)), axis=1)
    for step in range(5):
        pick = drawn[step // 3][step % 3 * size : step % 3 * size + size]
        r = w * x[pick] + b - y[pick]
        speed = 0.5 * speed + 2.0 * np.array([np.mean(r * x[pick]), np.mean(r)])
        w, b = w - rate * speed[0], b - rate * speed[1]
    assert float(trained.weights[0]) == pytest.approx(w, rel=1e-12)
    assert float(trained.biases[0]) == pytest.approx(b, rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_random_training_in_parts_is_the_whole(activation):
    stack, data = masked((3, 5, 1), [4, "a"][:1], 0.8, activation=activation), problem(0, 23, 3)
    recipe = Recipe(optimiser="sgd", steps=60, batch_size=5, gradient_noise=0.05, stop_at=None)
    middle = fit(stack, data, recipe, last_step=37)
    assert same(fit(middle, data, recipe, first_step=37), fit(stack, data, recipe))


RANDOM = Recipe(
    steps=60, batch_size=7, gradient_noise=0.02, radius=3.0, optimiser="adamw", weight_decay=0.1,
    stop_at=0.9, check_every=5, penalty=SpectralPenalty(0.01),
)  # fmt: skip


@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize("widths", [(5, 7, 1), (5, 6, 4, 1)])
def test_companions_do_not_matter_to_random_training(copies, widths):
    stack, data = masked(widths, list(range(40)), 0.7), problem(5, 29, 5, copies)
    together = fit(stack, data, RANDOM)
    steps = [f["steps"] for f in together.facts]
    assert min(steps) < max(steps)
    for places in ([3], [39, 3, 0], [*range(17)][::-1]):
        few = fit(stack.take(places), data.take(places), RANDOM)
        assert same(few, together.take(places))
        assert [f["loss"] for f in few.facts] == [together.facts[i]["loss"] for i in places]


@pytest.mark.parametrize("shape", [((20, 50, 1), 200), ((13, 33, 21, 1), 101), ((10, 30, 30, 2), 250)])
def test_companions_do_not_matter_at_working_sizes(shape):
    widths, n = shape
    loss = "cross_entropy" if widths[-1] == 2 else "mse"
    stack, data = masked(widths, list(range(35)), 0.5), problem(5, n, widths[0])
    recipe = Recipe(steps=30, stop_at=None, loss=loss, learning_rate=0.01)
    together = fit(stack, data, recipe)
    for places in ([3], [34, 3, 0], [*range(17)][::-1]):
        assert same(fit(stack.take(places), data, recipe), together.take(places))


def test_the_key_decides_the_randomness():
    stack, data = initial_stack(Mlp((3, 4, 1)), [1, 1], TorchDefault()), problem(0, 20, 3)
    for recipe in (Recipe(steps=9, batch_size=4), Recipe(steps=9, gradient_noise=0.1)):
        own = fit(stack, data, recipe)
        assert same(own.take([0]), own.take([1]))
        given_keys = fit(stack, data, recipe, keys=[1, 2])
        assert same(own.take([0]), given_keys.take([0]))
        assert not same(own.take([1]), given_keys.take([1]))
    bare = Stack(stack.arch, stack.weights, stack.biases, stack.masks)
    assert not bare.facts
    with pytest.raises(MissingCapability, match="keys="):
        fit(bare, data, Recipe(batch_size=4))
    with pytest.raises(ShapeMismatch, match="keys"):
        fit(stack, data, Recipe(batch_size=4), keys=[1])


def test_noise_has_its_deviation_and_its_stream():
    """Where the gradient is 0 one SGD step is the noise itself."""
    stack = initial_stack(Mlp((30, 40, 1)), [9], TorchDefault(), dtype=WIDE)
    data = batch([np.zeros((4, 30))], [np.zeros(4)], dtype=WIDE)
    recipe = Recipe(
        optimiser="sgd", learning_rate=1.0, steps=1, gradient_noise=0.5, frozen=frozenset({"W2", "b1", "b2"})
    )
    moved = stack.weights[0] - fit(stack, data, recipe).weights[0]
    wanted = 0.5 * generator("noise", 9, "gradient", 0).standard_normal((BLOCK, 1200))[0].reshape(40, 30)
    assert np.allclose(moved[0], wanted, rtol=0.0, atol=1e-15)
    quiet = Recipe(steps=20, gradient_noise=0.0)
    assert same(fit(stack, data, quiet), fit(stack, data, Recipe(steps=20)))


def test_noise_in_units_of_the_gradient_grows_with_it():
    """One SGD step of learning rate 1 moves the weights by gradient and noise."""
    stack = initial_stack(Mlp((3, 4, 1)), [9], TorchDefault(), dtype=WIDE)
    rng = np.random.default_rng(0)
    data = batch([rng.standard_normal((6, 3))], [rng.standard_normal(6)], dtype=WIDE)
    still = frozenset({"W2", "b1", "b2"})
    plain = Recipe(optimiser="sgd", learning_rate=1.0, steps=1, frozen=still)
    noisy = replace(plain, gradient_noise=0.5, noise_unit="gradient")
    before = stack.weights[0]
    gradient, moved = before - fit(stack, data, plain).weights[0], before - fit(stack, data, noisy).weights[0]
    drawn = generator("noise", 9, "gradient", 0).standard_normal((BLOCK, 12))[0].reshape(4, 3)
    size = float((gradient**2).mean()) ** 0.5
    assert size > 0.0
    assert np.allclose(moved[0] - gradient[0], 0.5 * size * drawn, rtol=0.0, atol=1e-13)


@settings(max_examples=30)
@given(
    SEEDS,
    st.sampled_from(["sgd", "adam", "adamw"]),
    st.sampled_from([0.05, 0.4, 3.0]),
    st.sampled_from([torch.float32, WIDE]),
    st.booleans(),
)
def test_the_ball_holds_after_every_step(seed, optimiser, radius, dtype, freeze):
    """In exact arithmetic: math.fsum of exact squares, compared with the square of the radius."""
    stack, data = masked((3, 4, 4, 1), [seed], 0.7, dtype), problem(seed, 9, 3, dtype=dtype)
    frozen = frozenset({"b2"}) if freeze else frozenset()
    stack = stack if not freeze else Stack(
        stack.arch, stack.weights, tuple(b * 0.01 for b in stack.biases), stack.masks, facts=stack.facts
    )  # fmt: skip
    recipe = Recipe(
        optimiser=optimiser, radius=radius, steps=4, learning_rate=0.1, frozen=frozen, stop_at=None
    )
    for last in range(1, 5):
        trained = fit(stack, data, recipe, last_step=last)
        values = np.concatenate([t.double().numpy().ravel() for t in (*trained.weights, *trained.biases)])
        size = math.sqrt(math.fsum(values * values))
        assert size <= radius * (1.0 + 1e-15)  # the squares' own rounding
        if radius < 0.5:
            assert size >= radius * (1.0 - 1e-5)  # training wants to leave, and is brought just inside


def test_a_wide_ball_changes_nothing_and_a_narrow_one_is_refused():
    stack, data = masked((3, 4, 1), [0, 1], 0.9), problem(0, 9, 3)
    assert same(fit(stack, data, Recipe(radius=1e3)), fit(stack, data, Recipe()))
    with pytest.raises(InvalidArgument, match="radius"):
        fit(stack, data, Recipe(radius=1e-3, frozen=frozenset({"W1"})))
    with pytest.raises(MissingCapability, match="radius"):
        fit(stack, data, Recipe(radius=1.0, straight_through=StraightThrough(2, "zero")))


@settings(max_examples=40)
@given(
    SEEDS,
    st.sampled_from(["sgd", "adam", "adamw"]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([None, 0.5]),
    st.sampled_from([None, 4]),
    st.sampled_from([None, SpectralPenalty(0.1), SpectralPenalty(0.1, form="sum"), GradientPenalty(0.1)]),
    st.sampled_from(["relu", "tanh"]),
)
def test_off_mask_is_positive_zero(seed, optimiser, decay, noise, radius, size, penalty, activation):
    recipe = Recipe(
        optimiser=optimiser, weight_decay=decay, gradient_noise=noise, radius=radius, batch_size=size,
        penalty=penalty, steps=3, momentum=0.9 if optimiser == "sgd" else 0.0,
    )  # fmt: skip
    trained = fit(masked((3, 4, 3, 1), [seed], 0.4, activation=activation), problem(seed, 9, 3), recipe)
    for w, m in zip(trained.weights, trained.masks, strict=True):
        assert not w[~m].any()
        assert not torch.signbit(w[~m]).any()


def test_nan_off_the_mask_is_cleared():
    """A run that overflows is NaN where it is trained, and still +0 elsewhere."""
    stack, data = masked((3, 4, 1), [0], 0.5), problem(0, 9, 3)
    trained = fit(stack, data, Recipe(optimiser="sgd", learning_rate=1e30, steps=8))
    assert torch.isnan(trained.weights[0][trained.masks[0]]).any()
    assert not trained.weights[0][~trained.masks[0]].any()
    assert trained.facts[0]["converged"] is False


@pytest.mark.parametrize("widths", [(4, 1), (4, 6, 1), (4, 6, 5, 1), (4, 6, 5, 4, 1)])
@pytest.mark.parametrize("bits", [1, 3])
def test_rounded_training_ends_on_grids_at_any_depth_and_learns(widths, bits):
    stack, data = masked(widths, [0, 1], 0.9), problem(2, 12, 4)
    rounding = StraightThrough(bits, "zero")
    ends = [
        fit(stack, data, Recipe(steps=s, straight_through=rounding, learning_rate=0.01, stop_at=None))
        for s in (1, 150)
    ]
    for w, m in zip(ends[1].weights, ends[1].masks, strict=True):
        for net, kept in zip(w, m, strict=True):
            assert len(net[kept].unique()) <= 2**bits
    assert all(b["loss"] < a["loss"] for a, b in zip(ends[0].facts, ends[1].facts, strict=True))


@pytest.mark.parametrize(
    "changes",
    [{"momentum": 1.0, "optimiser": "sgd"}, {"momentum": 0.5}, {"batch_size": 0}, {"radius": 0.0},
     {"radius": math.inf}, {"gradient_noise": -1.0}, {"gradient_noise": math.nan}],
)  # fmt: skip
def test_errors_of_options(changes):
    with pytest.raises(InvalidArgument, match=next(iter(changes))):
        Recipe(**changes)
    with pytest.raises(InvalidArgument, match="penalty"):
        GradientPenalty(0.0)


class _Counting(Masked):
    """Counts the steps of each network, as a parametrisation with a life of its own would."""

    def __init__(self, stack, recipe):
        super().__init__(stack, recipe)
        self.count = torch.zeros(len(stack), 1)

    def after_step(self):
        super().after_step()
        self.count += 1.0

    def carried(self):
        return {"count": self.count}

    def carry_on(self, carried):
        self.count = carried["count"]

    def biases(self):
        counted = [b.clone() for b in super().biases()]
        counted[-1] = counted[-1] + 0.0 * self.count
        counts.append(self.count.clone())
        return counted

    def take(self, places):
        rest = super().take(places)
        rest.__class__, rest.count, rest.direct = _Counting, self.count[list(places)], False
        return rest


counts = []


def test_what_a_parametrisation_carries_survives_regrouping():
    stack, data = masked((5, 7, 1), list(range(40)), 0.8), problem(3, 12, 5)
    recipe = Recipe(steps=300, stop_at=0.3, check_every=10, learning_rate=0.02, lanes=4)
    counts.clear()
    trained = fit(stack, data, recipe, _Counting(stack, recipe))
    steps = sorted(f["steps"] for f in trained.facts)
    assert steps[10] < steps[-1]
    assert {len(c) for c in counts} != {len(counts[0])}  # there was a regrouping
    assert float(counts[-1].max()) == steps[-1]

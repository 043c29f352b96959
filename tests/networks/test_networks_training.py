"""Training a stack: the same steps as plain torch, masks that hold, and stopping one by one."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, MissingCapability, ShapeMismatch, UnknownName
from robustlaw.networks import (
    He,
    LipschitzPenalty,
    Mlp,
    Recipe,
    Small,
    Stack,
    StraightThrough,
    TorchDefault,
    batch,
    fit,
    initial_stack,
)

ARCH = Mlp((5, 7, 1))
OPTIMISERS = ("sgd", "adam", "adamw")


def points(seed=0, n=20, d=5, signs=True):
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], n) if signs else rng.uniform(-1.0, 1.0, n)
    return rng.normal(size=(n, d)), y


def masked_stack(arch, keys, density, seed=0, dtype=torch.float32):
    rng = np.random.default_rng(seed)
    stack = initial_stack(arch, keys, TorchDefault(), dtype=dtype)
    return stack.with_masks([torch.as_tensor(rng.random(m.shape) < density) for m in stack.masks])


def plain_torch(net, x, y, recipe, dtype):
    """The same network as a torch.nn.Sequential with torch.nn.utils.prune-like masks, trained alone."""
    layers, masks = [], []
    for w, b, m in zip(net.weights, net.biases, net.masks, strict=True):
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=dtype)
        linear.weight.data, linear.bias.data = torch.tensor(w).to(dtype), torch.tensor(b).to(dtype)
        masks.append((linear.weight, torch.tensor(m)))
        layers += [linear, torch.nn.ReLU()]
    module = torch.nn.Sequential(*layers[:-1])
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimiser]
    optimiser = kind(module.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    inputs, labels = torch.as_tensor(x).to(dtype), torch.as_tensor(y).to(dtype)
    for step in range(recipe.steps):
        if recipe.schedule == "cosine":
            rate = recipe.learning_rate * (1.0 + math.cos(math.pi * step / recipe.steps)) / 2.0
            optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        output = module(inputs)[:, 0]
        if recipe.loss == "mse":
            loss = torch.nn.functional.mse_loss(output, labels)
        else:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(output, (labels + 1.0) / 2.0)
        loss.backward()
        for weight, mask in masks:
            weight.grad *= mask
        optimiser.step()
        for weight, mask in masks:
            weight.data *= mask
    return [p.detach().double().numpy() for p in module.parameters()]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("widths", [(5, 7, 1), (5, 6, 4, 1), (5, 1, 1), (5, 1)])
def test_a_stack_trains_as_plain_modules_do(optimiser, loss, schedule, widths):
    """Float64, 20 steps: a rounding of 1e-16 grows at most by the usual factor below 1e7 in so few steps."""
    recipe = Recipe(
        optimiser=optimiser, loss=loss, schedule=schedule, steps=20, weight_decay=0.1, learning_rate=0.02
    )
    x, y = points()
    start = masked_stack(Mlp(widths), [0, 1, 2], 0.6, dtype=torch.float64)
    trained = fit(start, batch([x], [y], dtype=torch.float64), recipe)
    for place in range(3):
        alone = plain_torch(start[place], x, y, recipe, torch.float64)
        pairs = [a for pair in zip(trained[place].weights, trained[place].biases, strict=True) for a in pair]
        for mine, theirs in zip(pairs, alone, strict=True):
            assert np.allclose(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_float32_steps_are_torchs_to_single_precision(optimiser):
    recipe = Recipe(optimiser=optimiser, steps=5, weight_decay=0.1, learning_rate=0.01)
    x, y = points(1)
    start = masked_stack(ARCH, [0], 0.7)
    trained = fit(start, batch([x], [y]), recipe)[0]
    alone = plain_torch(start[0], x, y, recipe, torch.float32)
    pairs = [a for pair in zip(trained.weights, trained.biases, strict=True) for a in pair]
    for mine, theirs in zip(pairs, alone, strict=True):
        assert np.abs(mine - theirs).max() <= 1e-5 * max(1.0, np.abs(theirs).max())


def test_one_step_of_sgd_by_hand():
    # f = w x, loss mean (w x - y)^2: dw = mean 2 x (w x - y)
    x, y = points(2, n=5, d=1)
    start = initial_stack(Mlp((1, 1)), [0], He(), dtype=torch.float64)
    w = float(start.weights[0][0, 0, 0])
    recipe = Recipe(optimiser="sgd", learning_rate=0.1, steps=1, frozen=frozenset({"b1"}))
    after = float(fit(start, batch([x], [y], dtype=torch.float64), recipe).weights[0][0, 0, 0])
    assert after == pytest.approx(w - 0.1 * np.mean(2.0 * x[:, 0] * (w * x[:, 0] - y)), rel=1e-13)


def test_adamw_decays_by_rate_times_decay_where_the_gradient_is_zero():
    start = initial_stack(Mlp((2, 1)), [0], He(), dtype=torch.float64)
    recipe = Recipe(optimiser="adamw", learning_rate=0.1, weight_decay=0.5, steps=3, frozen=frozenset({"b1"}))
    trained = fit(start, batch([np.zeros((4, 2))], [np.ones(4)], dtype=torch.float64), recipe)
    assert torch.allclose(trained.weights[0], start.weights[0] * 0.95**3, rtol=1e-14, atol=0.0)


def test_cosine_rate():
    recipe = Recipe(schedule="cosine", learning_rate=0.4, steps=8)
    assert recipe.rate(0) == 0.4
    assert recipe.rate(4) == pytest.approx(0.2)
    assert [recipe.rate(s) for s in range(8)] == sorted((recipe.rate(s) for s in range(8)), reverse=True)
    assert recipe.rate(7) > 0.0
    assert {Recipe(learning_rate=0.3).rate(s) for s in range(9)} == {0.3}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("rounding", [None, StraightThrough(1, "zero"), StraightThrough(2, "initial")])
@pytest.mark.parametrize("steps", [1, 13])
def test_masked_entries_are_positive_zeros_and_frozen_tensors_keep_their_bits(optimiser, rounding, steps):
    arch = Mlp((5, 6, 4, 1))
    recipe = Recipe(
        optimiser=optimiser,
        weight_decay=0.2,
        steps=steps,
        straight_through=rounding,
        frozen=frozenset({"W3", "b1"}),
    )
    x, y = points()
    start = masked_stack(arch, [0, 1], 0.5)
    masks = [start.masks[0], torch.zeros_like(start.masks[1]), start.masks[2]]
    start = start.with_masks(masks)  # a layer without any weight as well
    trained = fit(start, batch([x], [y]), recipe)
    for w, m in zip(trained.weights, masks, strict=True):
        assert not w[~m].any()
        assert not torch.signbit(w[~m]).any()
    assert torch.equal(trained.weights[2], start.weights[2])
    assert torch.equal(trained.biases[0], start.biases[0])
    assert not torch.equal(trained.biases[2], start.biases[2])
    assert all(torch.equal(a, b) for a, b in zip(trained.masks, masks, strict=True))
    assert trained.frozen == {"W3", "b1"}


def test_straight_through_ends_on_its_grid():
    x, y = points()
    recipe = Recipe(steps=30, straight_through=StraightThrough(1, "zero"), frozen=frozenset({"W2"}))
    start = masked_stack(ARCH, [0, 1, 2], 0.5)
    trained = fit(start, batch([x], [y]), recipe)
    for net, mask in zip(trained.weights[0], trained.masks[0], strict=True):
        assert len(net[mask].abs().unique()) == 1
    change = fit(start, batch([x], [y]), Recipe(steps=30, straight_through=StraightThrough(1, "initial")))
    moved = (change.weights[0] - start.weights[0]).abs()
    for net, mask in zip(moved, change.masks[0], strict=True):
        # the initial value is added in float32
        assert float(net[mask].max() - net[mask].min()) <= 2.0**-22


def test_rounding_the_change_needs_the_start():
    start = initial_stack(ARCH, [0], He())
    bare = Stack(start.arch, start.weights, start.biases, start.masks)
    with pytest.raises(MissingCapability, match="initial values"):
        fit(bare, batch(*([v] for v in points())), Recipe(straight_through=StraightThrough(1, "initial")))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_loss_goes_down(optimiser, loss):
    x, y = points()
    data, start = batch([x], [y]), initial_stack(ARCH, [0, 1], TorchDefault())
    rate = {"sgd": 0.1}.get(optimiser, 0.01)
    losses = [
        [
            f["loss"]
            for f in fit(
                start, data, Recipe(optimiser=optimiser, loss=loss, steps=s, learning_rate=rate)
            ).facts
        ]
        for s in (1, 100)
    ]
    assert all(late < 0.9 * early for early, late in zip(*losses, strict=True))


def test_the_penalty_lowers_what_it_penalises():
    x, y = points(n=30)
    start = initial_stack(ARCH, [0, 1, 2], TorchDefault())
    sizes = []
    for penalty in (None, LipschitzPenalty(0.3)):
        trained = fit(start, batch([x], [y]), Recipe(steps=150, penalty=penalty))
        rows = trained.weights[0] * trained.weights[1].transpose(1, 2)
        sizes.append(torch.linalg.matrix_norm(rows, ord="nuc"))
    assert (sizes[1] < 0.8 * sizes[0]).all()


class TestStopping:
    """Networks stop at the first check at or below the target, each for itself."""

    x, y = points(3, n=12, signs=False)
    keys = tuple(range(40))

    def run(self, places, **changes):
        stack = initial_stack(ARCH, self.keys, TorchDefault()).take(places)
        recipe = Recipe(**{"steps": 400, "stop_at": 0.12, "check_every": 10, "learning_rate": 0.01} | changes)
        return fit(stack, batch([self.x], [self.y]), recipe)

    def test_each_stops_on_its_own_and_compaction_changes_no_bit(self):
        together = self.run(self.keys)
        steps = [f["steps"] for f in together.facts]
        assert len(set(steps)) > 4  # they do stop at different times, so places were compacted
        for fact in together.facts:
            assert fact["converged"] == (fact["loss"] <= 0.12)
            assert fact["steps"] % 10 == 0
            assert fact["converged"] or fact["steps"] == 400
        assert any(f["converged"] for f in together.facts)
        for place in (0, 7, 39, int(np.argmax(steps)), int(np.argmin(steps))):
            alone = self.run([place])
            for a, b in zip(
                (*together.weights, *together.biases), (*alone.weights, *alone.biases), strict=True
            ):
                assert torch.equal(a[place], b[0])
            assert together.facts[place] == alone.facts[0]

    def test_the_snapshot_is_the_network_of_that_step(self):
        stopped = self.run([5, 6])
        for place in range(2):
            steps = stopped.facts[place]["steps"]
            plain = self.run([5, 6], steps=steps, stop_at=None)
            assert torch.equal(plain.weights[0][place], stopped.weights[0][place])
            assert plain.facts[place]["loss"] == stopped.facts[place]["loss"]
            assert plain.facts[place]["converged"] is False
            # not a check earlier
            before = self.run([5, 6], steps=steps - 10, stop_at=None)
            assert before.facts[place]["loss"] > 0.12

    def test_missing_the_target_is_a_result(self):
        result = self.run([0, 1], stop_at=0.0, steps=25)
        assert [f["steps"] for f in result.facts] == [25, 25]
        assert not any(f["converged"] for f in result.facts)
        assert all(f["loss"] > 0.0 for f in result.facts)

    @pytest.mark.parametrize("optimiser", OPTIMISERS)
    def test_compaction_of_every_optimiser_with_penalty_and_masks(self, optimiser):
        stack = masked_stack(ARCH, self.keys, 0.7)
        recipe = Recipe(
            optimiser=optimiser,
            steps=300,
            stop_at=0.15,
            check_every=5,
            learning_rate=0.2 if optimiser == "sgd" else 0.02,
            weight_decay=0.01,
            penalty=LipschitzPenalty(0.01),
        )
        data = batch([self.x], [self.y])
        together = fit(stack, data, recipe)
        steps = sorted(f["steps"] for f in together.facts)
        assert steps[30] < steps[-1]  # the last ones go on after three quarters have left: a compaction
        slowest = int(np.argmax([f["steps"] for f in together.facts]))
        alone = fit(stack.take([slowest]), data, recipe)
        assert torch.equal(together.weights[0][slowest], alone.weights[0][0])


def test_training_in_parts_is_what_rewinding_needs():
    """With SGD a fresh optimiser changes nothing: 0..t and then t..T is 0..T, the schedule resuming at t."""
    x, y = points()
    data, start = batch([x], [y]), initial_stack(ARCH, [0, 1], TorchDefault())
    recipe = Recipe(optimiser="sgd", schedule="cosine", steps=30, learning_rate=0.1)
    whole = fit(start, data, recipe)
    middle = fit(start, data, recipe, last_step=11)
    assert [f["steps"] for f in middle.facts] == [11, 11]
    parts = fit(middle, data, recipe, first_step=11)
    assert all(torch.equal(a, b) for a, b in zip(whole.weights, parts.weights, strict=True))
    restarted = fit(middle, data, recipe, last_step=19)
    assert not torch.equal(whole.weights[0], restarted.weights[0])


def test_a_fresh_optimiser_has_no_moments():
    x, y = points()
    data, start = batch([x], [y]), initial_stack(ARCH, [0], TorchDefault())
    recipe = Recipe(steps=10)
    middle = fit(start, data, recipe, last_step=5)
    rest = fit(middle, data, recipe, first_step=5)
    again = fit(middle.starting_here(), data, Recipe(steps=5))
    assert torch.equal(rest.weights[0], again.weights[0])
    assert not torch.equal(rest.weights[0], fit(start, data, recipe).weights[0])


def test_only_tensors_that_never_moved_are_called_frozen():
    x, y = points()
    data, start = batch([x], [y]), initial_stack(ARCH, [0, 1], TorchDefault())
    trained = fit(start, data, Recipe(steps=3, frozen=frozenset({"W2", "b2"})))
    assert trained.frozen == {"W2", "b2"}
    # W1 has moved before it was frozen, b2 moves after
    later = fit(trained, data, Recipe(steps=3, frozen=frozenset({"W1", "W2"})))
    assert later.frozen == {"W2"}
    pruned = start.with_masks([m & (w > 0) for m, w in zip(start.masks, start.weights, strict=True)])
    assert fit(pruned, data, Recipe(steps=1, frozen=frozenset({"W1"}))).frozen == {"W1"}


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=20)
def test_smallest_sizes(n, d, nets):
    x, y = points(0, n, d)
    for widths in ((d, 1), (d, 1, 1)):
        trained = fit(
            initial_stack(Mlp(widths), list(range(nets)), Small()), batch([x], [y]), Recipe(steps=2)
        )
        for place, net in enumerate(trained):
            mse = float(np.mean((net(x)[:, 0] - y) ** 2))
            assert trained.facts[place]["loss"] == pytest.approx(mse, rel=1e-5)


def test_errors_of_fit():
    x, y = points()
    start, data = initial_stack(ARCH, [0, 1, 2], He()), batch([x], [y])
    with pytest.raises(ShapeMismatch, match="data"):
        fit(start, batch([x, x], [y, y]), Recipe())
    with pytest.raises(UnknownName, match="W9"):
        fit(start, data, Recipe(frozen=frozenset({"W9"})))
    with pytest.raises(InvalidArgument, match="frozen"):
        fit(start, data, Recipe(frozen=frozenset({"W1", "W2", "b1", "b2"})))
    for first, last in ((1000, None), (0, 0), (5, 3), (-1, 5)):
        with pytest.raises(InvalidArgument, match="first_step"):
            fit(start, data, Recipe(), first_step=first, last_step=last)


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"weight_decay": -0.1},
        {"weight_decay": math.inf},
        {"steps": 0},
        {"check_every": 0},
        {"lanes": 0},
        {"stop_at": math.nan},
    ],
)
def test_errors_of_recipes(changes):
    with pytest.raises(InvalidArgument, match=next(iter(changes))):
        Recipe(**changes)

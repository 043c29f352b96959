"""Masks that move in training: traces by hand, dense gradients by differences, exact counts and zeros."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy_networks import gradients, loss
from pruning_runs import ARCH, QUICK, sample

import robustlaw as rl
from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.networks import Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.networks.chunk import Chunk
from robustlaw.pruning import GradualMagnitude, RigL, Session, Set
from robustlaw.pruning.gradual import _Gradual
from robustlaw.pruning.sparse_training import _Exchange

FIVE = Mlp((5, 1))


def session(counts, arch=ARCH, recipe=QUICK, keys=None, dtype=torch.float32):
    data = sample(dim=arch.widths[0])
    keys = tuple(range(len(counts))) if keys is None else keys
    start = initial_stack(arch, list(keys), TorchDefault(), dtype=dtype)
    names = tuple(f"W{i + 1}" for i in range(arch.layers))
    return Session(start, batch([data.x], [data.y], dtype=dtype), recipe, keys, tuple(counts), names)


@pytest.fixture
def steps(monkeypatch):
    """After every optimiser step: masks, weights, dense gradient and moments by leaf."""
    seen = []
    inner = Chunk.step

    def recorded(self, number):
        dense = {}
        after_backward = self.model.after_backward

        def before_masking():
            dense.update({k: v.grad.clone() for k, v in self.model.leaves.items() if k[0] == "W"})
            seen[-1]["weights at gradient"] = [w.detach().clone() for w in self.model.weights()]
            after_backward()

        masks = [m.clone() for m in self.model.masks()]
        seen.append({"step": number, "masks before": masks})
        self.model.after_backward = before_masking
        inner(self, number)
        self.model.after_backward = after_backward
        state = {
            name: [v.clone() for k, v in self.packed.state().items() if k.endswith(f"exp_avg {name}")]
            + [v.clone() for k, v in self.packed.state().items() if k.endswith(f"exp_avg_sq {name}")]
            for name in self.model.leaves
            if name[0] == "W"
        }
        weights = [w.detach().clone() for w in self.model.weights()]
        masks = [m.clone() for m in self.model.masks()]
        seen[-1] |= {"masks": masks, "weights": weights, "gradients": dense, "moments": state}

    monkeypatch.setattr(Chunk, "step", recorded)
    return seen


MOVING = {
    "gradual": lambda density: GradualMagnitude(density, prunings=4),
    "gradual returning": lambda density: GradualMagnitude(density, prunings=4, returning=True),
    "set": lambda density: Set(density, every=2),
    "rigl": lambda density: RigL(density, every=2),
    "rigl elsewhere": lambda density: RigL(density, every=2, regrow_dropped=False),
}


@pytest.mark.parametrize("kind", MOVING)
@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_off_mask_weights_are_zero_after_every_step_and_moments_are_forgotten(steps, kind, optimiser):
    recipe = Recipe(steps=30, optimiser=optimiser, weight_decay=0.1, stop_at=None)
    MOVING[kind](0.4).run(session([22, 10], recipe=recipe))
    assert len(steps) == 30
    changes = 0
    for seen in steps:
        changes += any(
            not torch.equal(a, b) for a, b in zip(seen["masks before"], seen["masks"], strict=True)
        )
        for layer, (w, m) in enumerate(zip(seen["weights"], seen["masks"], strict=True)):
            assert not w[~m].any()
            assert not torch.signbit(w[~m]).any()
            for moment in seen["moments"][f"W{layer + 1}"]:
                assert not moment[~m].any()
    assert changes >= 3


@pytest.mark.parametrize("kind", ["set", "rigl", "rigl elsewhere"])
def test_counts_of_every_layer_stay_through_a_thousand_updates(kind):
    recipe = Recipe(steps=1400, stop_at=None, learning_rate=0.01)
    pruner = {
        "set": lambda d: Set(d, every=1),
        "rigl": lambda d: RigL(d, every=1),
        "rigl elsewhere": lambda d: RigL(d, every=1, regrow_dropped=False),
    }[kind](0.4)
    counts = (22, 10, 40)
    given_session = session(counts, recipe=recipe)
    wanted = [pruner.fixed_counts(given_session.shapes, k) for k in counts]
    seen = []
    inner = _Exchange.update

    def recorded(self, *args):
        masks, values = inner(self, *args)
        seen.append([tuple(int(m[net].sum()) for m in masks) for net in range(3)])
        return masks, values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Exchange, "update", recorded)
        pruner.run(given_session)
    assert len(seen) == 1049  # every step before 0.75 * 1400 but the first
    assert all(row == wanted for row in seen)


def rule(kind, pruner, counts, arch=FIVE, steps=10):
    given_session = session(counts, arch=arch, recipe=Recipe(steps=steps))
    if kind is _Exchange:
        return _Exchange(pruner, given_session, pruner.until * steps)
    return _Gradual(pruner, given_session)


def rows(*values):
    return [np.array(values)[:, None, :]]


def test_gradual_traces_by_hand_in_both_modes():
    """5 weights to 1 in 2 prunings: 5 -> 2 (1 + 4 / 8, rounded up) -> 1, at steps 3 and 6 of 10."""
    for returning in (False, True):
        pruner = GradualMagnitude(0.2, prunings=2, start=0.0, end=0.6, returning=returning)
        assert pruner.schedule(5, 1, 10) == {3: 2, 6: 1}
        made = rule(_Gradual, pruner, [1])
        assert [s for s in range(10) if made.due(s)] == [3, 6]
        assert [made.settled(s) for s in (6, 7)] == [False, True]
        full = rows([True] * 5)
        (mask,), _ = made.update(3, rows([5.0, -4.0, 3.5, 1.0, 0.5]), [], full)
        assert mask[0, 0].tolist() == [True, True, False, False, False]
        # the two survivors shrink below the third, which stands at 3.5 out of sight
        (mask,), (values,) = made.update(6, rows([1.0, -2.0, 0.0, 0.0, 0.0]), [], [mask])
        if returning:
            assert mask[0, 0].tolist() == [False, False, True, False, False]
            assert values[0, 0, 2] == 3.5
        else:
            assert mask[0, 0].tolist() == [False, True, False, False, False]


def test_hidden_values_keep_while_others_train(steps):
    """Returning weights come back exactly as they left."""
    recipe = Recipe(steps=40, stop_at=None, learning_rate=0.3, optimiser="adamw", weight_decay=0.2)
    pruner = GradualMagnitude(0.3, prunings=12, start=0.0, end=0.9, returning=True)
    pruner.run(session([17] * 4, recipe=recipe))
    left, returned = {}, 0
    for before, seen in pairwise(steps):
        for layer in range(2):
            old, new = seen["masks before"][layer], seen["masks"][layer]
            for place in map(tuple, (old & ~new).nonzero().tolist()):
                left[layer, place] = float(before["weights"][layer][place])
            for place in map(tuple, (~old & new).nonzero().tolist()):
                assert float(seen["weights at gradient"][layer][place]) == left[layer, place]
                returned += 1
    assert returned > 0


@given(
    st.integers(1, 10**4),
    st.integers(1, 10**4),
    st.integers(1, 60),
    st.integers(1, 400),
    st.sampled_from([(0.0, 0.0), (0.1, 0.7), (0.3, 0.3), (0.0, 0.999)]),
)
def test_cubic_schedules_fall_to_the_exact_count_within_training(total, count, prunings, steps, span):
    if count > total:
        return
    plan = GradualMagnitude(0.5, prunings=prunings, start=span[0], end=span[1]).schedule(total, count, steps)
    assert 0 <= min(plan) <= max(plan) < steps
    levels = [plan[t] for t in sorted(plan)]
    assert levels[-1] == count
    assert all(total >= a >= b for a, b in pairwise(levels))
    if len(plan) == prunings:
        for i, kept in enumerate(levels, 1):
            assert abs(kept - (count + (total - count) * (1.0 - i / prunings) ** 3)) <= 0.5 + 1e-9 * total


def test_gradual_masks_are_nested_and_of_the_survivors_of_that_moment(steps):
    recipe = Recipe(steps=40, stop_at=None, learning_rate=0.05)
    pruner = GradualMagnitude(0.2, prunings=5)
    pruner.run(session([11, 30], recipe=recipe))
    plans = [pruner.schedule(56, k, 40) for k in (11, 30)]
    for before, seen in pairwise(steps):
        number = seen["step"]
        for net, plan in enumerate(plans):
            old, new, w = (
                torch.cat([t[net].flatten() for t in group])
                for group in (seen["masks before"], seen["masks"], before["weights"])
            )
            assert not (new & ~old).any()
            if number in plan:
                assert int(new.sum()) == plan[number]
                wanted = torch.zeros_like(new)
                wanted[torch.where(old, w.abs(), -1.0).argsort(descending=True)[: plan[number]]] = True
                assert torch.equal(new, wanted)
            else:
                assert torch.equal(new, old)


def test_no_network_stops_before_its_mask_is_final():
    recipe = Recipe(steps=40, stop_at=1e9, check_every=1)
    stack = rl.train(ARCH, sample(), GradualMagnitude(0.3, prunings=4, end=0.6), range(3), recipe)
    assert all(int(sum(m[i].sum() for m in stack.masks)) == 17 for i in range(3))
    assert all(facts["steps"] == 25 for facts in stack.facts)  # the last pruning is at step 24


def smooth(seed, count):
    """A float64 tanh network with a random mask, and its data."""
    arch = Mlp((4, 5, 1), "tanh")
    return session([count], arch, Recipe(steps=40, stop_at=None, optimiser="sgd"), (seed,), torch.float64)


@pytest.mark.parametrize("regrow", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_rigl_drops_the_smallest_and_grows_the_largest_dense_gradients(steps, seed, regrow):
    pruner = RigL(0.5, every=7, fraction=0.8, regrow_dropped=regrow)
    made = smooth(seed, 12)
    pruner.run(made)
    exchanged = 0
    for before, seen in pairwise(steps):
        if seen["step"] % 7 or seen["step"] >= 30:
            continue
        weights = [w[0].numpy().copy() for w in seen["weights at gradient"]]
        share = 0.4 * (1.0 + np.cos(np.pi * seen["step"] / 30.0))
        for layer in range(2):
            dense = seen["gradients"][f"W{layer + 1}"][0].numpy()
            old, new = (seen[name][layer][0].numpy() for name in ("masks before", "masks"))
            size, kept = np.abs(weights[layer]), int(old.sum())
            leaving = int(share * kept)
            if not regrow:
                leaving = min(leaving, old.size - kept)
            staying = np.zeros(old.size, dtype=bool)
            staying[np.argsort(-np.where(old, size, -1.0).ravel())[: kept - leaving]] = True
            closed = staying if regrow else old.ravel()
            grown = np.argsort(-np.where(closed, -1.0, np.abs(dense).ravel()))[:leaving]
            wanted = staying.copy()
            wanted[grown] = True
            assert np.array_equal(new.ravel(), wanted)
            exchanged += int((new & ~old).sum())
            # a weight that is new was 0 and has moved down its own gradient by one step
            for place in zip(*np.nonzero(new & ~old), strict=True):
                moved = -0.02 * dense[place]
                assert float(seen["weights"][layer][0][place]) == pytest.approx(moved, rel=1e-12)
        assert torch.equal(before["masks"][0], seen["masks before"][0])
    assert exchanged > 0


def test_the_gradient_that_rigl_sees_is_the_dense_one_of_effective_weights():
    """Central differences in entries off the mask; the mutant, a masked gradient, is 0 there."""
    made = smooth(0, 12)
    seen = []
    inner = _Exchange.update

    def recorded(self, step, weights, dense, masks):
        seen.append((weights, dense, masks))
        return inner(self, step, weights, dense, masks)

    recipe = Recipe(steps=20, stop_at=None, optimiser="sgd", frozen=frozenset({"b1", "b2"}))
    made = Session(made.start, made.data, recipe, made.keys, made.counts, made.maskable)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Exchange, "update", recorded)
        RigL(0.5, every=5, layers="uniform").run(made)
    real = (made.data.share > 0).numpy()
    x, y = made.data.columns[0].numpy().T[real], made.data.labels[0].numpy()[real]
    biases = [b[0].numpy() for b in made.start.biases]
    assert len(seen) == 2
    for stacked, dense, masks in seen:
        weights = [w[0].copy() for w in stacked]
        for layer, (g, m) in enumerate(zip(dense, masks, strict=True)):
            assert not weights[layer][~m[0]].any()
            off = np.argwhere(~m[0])
            assert len(off)
            for entry in map(tuple, off):
                ends = []
                for move in (1e-6, -1e-6):
                    weights[layer][entry] = move
                    ends.append(loss(weights, biases, x, y))
                weights[layer][entry] = 0.0
                assert g[0][entry] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
            by_hand = gradients(weights, biases, x, y)[layer]
            assert np.allclose(g[0], by_hand, rtol=1e-9, atol=1e-12)
            assert not np.allclose(g[0], np.where(m[0], by_hand, 0.0), rtol=1e-3, atol=1e-9)


def test_rigl_regrows_what_it_dropped_only_if_it_may():
    """One layer, 3 of 5 kept, one exchanged; the dropped entry has the largest gradient."""
    weights, dense = rows([3.0, 2.0, 0.1, 0.0, 0.0]), rows([0.0, 0.0, 9.0, 1.0, 2.0])
    mask = rows([True, True, True, False, False])
    for regrow, wanted in (
        (True, [True, True, True, False, False]),
        (False, [True, True, False, False, True]),
    ):
        pruner = RigL(0.6, every=1, fraction=0.4, regrow_dropped=regrow)
        (new,), _ = rule(_Exchange, pruner, [3]).update(1, weights, dense, mask)
        assert new[0, 0].tolist() == wanted


def test_drops_are_by_size_whatever_the_sign():
    """Brute force; the public mutant drops by signed value and keeps the most negative."""
    rng = np.random.default_rng(0)
    arch = Mlp((20, 1))
    for trial in range(20):
        mask = rows(rng.permutation(np.arange(20) < 12))
        weights = [np.where(mask[0], rng.normal(size=(1, 1, 20)), 0.0)]
        pruner = Set(0.6, every=1, fraction=0.5)
        (new,), _ = rule(_Exchange, pruner, [12], arch).update(trial + 1, weights, [], mask)
        dropped = np.abs(weights[0][mask[0] & ~new])
        stayed = np.abs(weights[0][mask[0] & new])
        assert len(dropped) == 6
        assert dropped.max() < stayed.min()
        signed = np.argsort(np.where(mask[0], weights[0], np.inf).ravel())[:6]
        assert set(signed) != set(np.flatnonzero(mask[0] & ~new))


def test_growth_at_random_is_uniform_and_new_at_every_update():
    arch, pruner = Mlp((12, 1)), Set(0.5, every=1, fraction=0.5)
    keys = tuple(range(900))
    made = _Exchange(pruner, session([6] * 900, arch, Recipe(steps=10), keys), 7.5)
    mask = [np.broadcast_to(np.arange(12) < 6, (900, 1, 12)).copy()]
    weights = [np.where(mask[0], 1.0 + np.arange(12), 0.0)]
    found = [made.update(step, weights, [], mask)[0][0] for step in (1, 2)]
    assert not np.array_equal(*found)
    for new in found:
        assert (new.sum(axis=2) == 6).all()
        assert not new[:, 0, :3].any()  # dropped: may not come back at once
        assert new[:, 0, 3:6].all()
        # 3 of 6 free places: a chi-square statistic of hypergeometric counts, 5 degrees of freedom
        kept = new[:, 0, 6:].sum(axis=0)
        assert ((kept - 450.0) ** 2).sum() / (900 * 0.25) * 5 / 6 < 60.0


def test_a_layer_without_room_exchanges_less_and_a_full_one_nothing():
    arch = Mlp((5, 1))
    pruner = Set(0.8, every=1, fraction=1.0)
    mask = rows([True, True, True, True, False])
    weights = rows([4.0, 3.0, 2.0, 1.0, 0.0])
    (new,), _ = rule(_Exchange, pruner, [4], arch).update(1, weights, [], mask)
    assert new[0, 0].tolist() == [True, True, True, False, True]
    (new,), _ = rule(_Exchange, pruner, [5], arch).update(1, weights, [], rows([True] * 5))
    assert new.all()


def test_cosine_fractions():
    pruner = RigL(0.5, fraction=0.3)
    assert pruner.exchanged(0, 100.0) == pytest.approx(0.3)
    assert pruner.exchanged(50, 100.0) == pytest.approx(0.15)
    assert pruner.exchanged(100, 100.0) == pytest.approx(0.0, abs=1e-15)


def test_compaction_keeps_masks_rules_and_moments():
    """Networks that stop early leave; the others go on to the same bits as alone."""
    recipe = Recipe(steps=120, stop_at=0.35, check_every=3, learning_rate=0.03)
    data = [sample(seed, n=6) for seed in range(40)]
    for pruner in (RigL(0.6, every=4), Set(0.6, every=4), GradualMagnitude(0.6, end=0.2, returning=True)):
        many = rl.train(ARCH, data, pruner, range(40), recipe)
        stopped = {facts["steps"] for facts in many.facts}
        assert len(stopped) > 3
        latest = max(range(40), key=lambda i: many.facts[i]["steps"])
        alone = rl.train(ARCH, [data[latest]], pruner, [latest], recipe)
        assert all(torch.equal(a[latest], b[0]) for a, b in zip(many.weights, alone.weights, strict=True))
        assert many.facts[latest] == alone.facts[0]


def test_errors():
    for wrong in (
        {"every": 0},
        {"until": 0.0},
        {"until": 1.5},
        {"fraction": 0.0},
        {"fraction": float("nan")},
    ):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            RigL(0.5, **wrong)
    for wrong in ({"prunings": 0}, {"start": -0.1}, {"end": 1.0}, {"start": 0.8}):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            GradualMagnitude(0.5, **wrong)
    unchecked = Set(0.5)
    object.__setattr__(unchecked, "layers", "thick")  # past the type checks of the tests
    with pytest.raises(UnknownName, match="layers"):
        unchecked.__post_init__()
    with pytest.raises(InvalidArgument, match="every = 100"):
        rl.train(ARCH, sample(), RigL(0.5), [0], QUICK)
    frozen = Recipe(steps=8, frozen=frozenset({"W2"}))
    with pytest.raises(InvalidArgument, match="frozen = W2"):
        rl.train(ARCH, sample(), Set(0.5, every=1), [0], frozen, maskable=frozenset({"W1", "W2"}))

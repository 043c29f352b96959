"""Scores at initialisation against numpy formulas and differences, and the rounds around them."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_networks import gradients, loss, squared_gradient_norm
from pruning_runs import ARCH, QUICK, sample

import robustlaw as rl
from robustlaw.errors import InvalidArgument
from robustlaw.networks import Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.pruning import Force, Grasp, IterativeSnip, Mask, Session, Snip, SynFlow
from robustlaw.pruning.in_rounds import exponential_schedule
from robustlaw.pruning.scores import gradient_flow, sensitivities
from robustlaw.pruning.synaptic_flow import flow_scores

LOSSES = ("mse", "cross_entropy")


def setting(seed, widths, n=7, nets=2):
    arch = Mlp((*widths, 1), "tanh")
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)
    stack = initial_stack(arch, [seed, *range(1, nets)], TorchDefault(), dtype=torch.float64)
    return arch, x, y, stack, batch([x], [y], dtype=torch.float64)


def arrays(stack, place):
    net = stack[place]
    return [w.copy() for w in net.weights], [b.copy() for b in net.biases]


@settings(max_examples=20)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(LOSSES),
    st.booleans(),
)
def test_grasp_scores_are_changes_of_the_squared_gradient_norm(seed, widths, kind, all_layers):
    """Moving w_q by -t w_q changes |g|^2 by -2 t w_q (Hg)_q: central differences of a numpy gradient."""
    arch, x, y, stack, data = setting(seed, widths)
    layers = list(range(arch.layers)) if all_layers else [arch.layers - 1]
    temperature = 3.0 if kind == "cross_entropy" else 1.0
    scores = gradient_flow(stack, data, Recipe(loss=kind), layers, temperature)
    how, step = {"kind": kind, "temperature": temperature}, 1e-5
    for place in range(2):
        weights, biases = arrays(stack, place)
        for layer, score in zip(layers, scores, strict=True):
            for entry in np.ndindex(*score.shape[1:]):
                value, norms = weights[layer][entry], []
                for factor in (1.0 - step, 1.0 + step):
                    weights[layer][entry] = value * factor
                    norms.append(squared_gradient_norm(weights, biases, x, y, layers, **how))
                weights[layer][entry] = value
                towards_removal = (norms[0] - norms[1]) / (2.0 * step)
                assert -2.0 * score[place][entry] == pytest.approx(towards_removal, abs=1e-8, rel=1e-5)


def test_grasp_removes_what_raises_the_gradient_norm_and_the_wrong_sign_does_not():
    gained = {}
    for sign in (1.0, -1.0):
        total = 0.0
        for seed in range(12):
            _, x, y, stack, data = setting(seed, (5, 6), n=20, nets=1)
            scores = [sign * s for s in gradient_flow(stack, data, Recipe(), [0, 1], 1.0)]
            weights, biases = arrays(stack, 0)
            before = squared_gradient_norm(weights, biases, x, y, [0, 1])
            worst = min(range(2), key=lambda i: scores[i][0].min())
            weights[worst].ravel()[scores[worst][0].argmin()] = 0.0
            total += squared_gradient_norm(weights, biases, x, y, [0, 1]) - before
        gained[sign] = total
    assert gained[1.0] > 0.0 > gained[-1.0]


def test_grasp_needs_the_same_data_in_both_passes():
    """The mutant that takes the Hessian on other data than the gradient misses the differences."""
    _, x, y, stack, data = setting(3, (4, 5), n=12, nets=1)
    right = gradient_flow(stack, data, Recipe(), [0, 1], 1.0)
    weights, biases = arrays(stack, 0)
    g = gradients(weights, biases, x[:6], y[:6])
    step = 1e-6
    moved = [w + step * d for w, d in zip(weights, g, strict=True)]
    back = [w - step * d for w, d in zip(weights, g, strict=True)]
    ahead, behind = gradients(moved, biases, x, y), gradients(back, biases, x, y)
    mixed = [w * (a - b) / (2.0 * step) for w, a, b in zip(weights, ahead, behind, strict=True)]
    whole = gradients(weights, biases, x, y)
    moved = [w + step * d for w, d in zip(weights, whole, strict=True)]
    back = [w - step * d for w, d in zip(weights, whole, strict=True)]
    ahead, behind = gradients(moved, biases, x, y), gradients(back, biases, x, y)
    same = [w * (a - b) / (2.0 * step) for w, a, b in zip(weights, ahead, behind, strict=True)]
    for score, one, other in zip(right, same, mixed, strict=True):
        assert np.allclose(score[0], one, rtol=1e-5, atol=1e-9)
        assert not np.allclose(score[0], other, rtol=1e-1, atol=1e-9)


def test_grasp_temperature_divides_logits_only():
    data = sample()
    masks = {
        (kind, t): rl.train(
            ARCH, data, Grasp(0.4, temperature=t), range(6), Recipe(steps=2, loss=kind)
        ).masks[0]
        for kind in LOSSES
        for t in (0.5, 200.0)
    }
    assert torch.equal(masks["mse", 0.5], masks["mse", 200.0])
    assert not torch.equal(masks["cross_entropy", 0.5], masks["cross_entropy", 200.0])
    with pytest.raises(InvalidArgument, match="temperature"):
        Grasp(0.4, temperature=0.0)


def test_a_linear_model_has_no_flow_of_gradients_through_other_layers():
    stack = initial_stack(Mlp((3, 1)), [0], TorchDefault(), dtype=torch.float64)
    x, y = np.eye(3), np.array([1.0, -1.0, 1.0])
    (score,) = gradient_flow(stack, batch([x], [y], dtype=torch.float64), Recipe(), [0], 1.0)
    w = stack[0].weights[0]
    g = 2.0 / 3.0 * (w[0] + stack[0].biases[0] - y)
    assert np.allclose(score[0], w * (2.0 / 3.0) * g, rtol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES))
def test_force_scores_removed_entries_by_differences_in_those_entries(seed, kind):
    _, x, y, stack, data = setting(seed, (3, 4))
    rng = np.random.default_rng(seed)
    masks = [torch.as_tensor(rng.random(w.shape) < 0.5) for w in stack.weights]
    masked = stack.with_masks(masks)
    scores = sensitivities(masked, stack, data, Recipe(loss=kind), [0, 1])
    step = 1e-6
    for place in range(2):
        weights, biases = arrays(masked, place)
        dense, _ = arrays(stack, place)
        for layer, score in enumerate(scores):
            for entry in np.ndindex(*score.shape[1:]):
                value, ends = weights[layer][entry], []
                for move in (step, -step):
                    weights[layer][entry] = value + move
                    ends.append(loss(weights, biases, x, y, kind))
                weights[layer][entry] = value
                slope = (ends[0] - ends[1]) / (2.0 * step)
                wanted = abs(dense[layer][entry] * slope)
                assert score[place][entry] == pytest.approx(wanted, abs=1e-7, rel=1e-5)


def by_hand(place, stack, x, y, plan, returning):
    """SNIP in rounds, in numpy: masks of one network after each round."""
    dense, biases = arrays(stack, place)
    mask = np.ones(sum(w.size for w in dense), dtype=bool)
    ends = np.cumsum([w.size for w in dense])[:-1]
    history = []
    for kept in plan:
        parts = [m.reshape(w.shape) for m, w in zip(np.split(mask, ends), dense, strict=True)]
        g = gradients([w * m for w, m in zip(dense, parts, strict=True)], biases, x, y)
        score = np.concatenate([np.abs(w * d).ravel() for w, d in zip(dense, g, strict=True)])
        if not returning:
            score[~mask] = -1.0
        mask = np.zeros_like(mask)
        mask[np.argsort(-score)[:kept]] = True
        history.append(mask)
    return history


@pytest.mark.parametrize(("pruner", "returning"), [(IterativeSnip, False), (Force, True)])
def test_rounds_against_numpy(pruner, returning):
    nets, count, returned = 8, 9, 0
    _, x, y, stack, data = setting(5, (5, 7), n=15, nets=nets)
    keys = tuple(range(nets))
    session = Session(stack, data, Recipe(), keys, (count,) * nets, ("W1", "W2"))
    masks = pruner(0.2, rounds=6).choose(session)
    flat = torch.cat([m.flatten(1) for m in masks], dim=1).numpy()
    plan = exponential_schedule(42, count, 6)
    for place in range(nets):
        history = by_hand(place, stack, x, y, plan, returning)
        assert np.array_equal(flat[place], history[-1])
        returned += sum(int((after & ~before).sum()) for before, after in itertools.pairwise(history))
    assert (returned > 0) == returning


def test_returning_entries_in_a_method_called_nested_are_caught():
    """The public mutant: removed entries get the minimum, and then everything >= a threshold is kept."""
    scores, survivors = np.array([3.0, 0.0, 0.0, 2.0, 0.0]), np.array([True, True, True, True, False])
    mutant = np.where(survivors, scores, scores.min())
    assert (mutant >= np.sort(mutant)[-3]).sum() == 5  # all tied entries, the removed one too
    start = initial_stack(Mlp((5, 1)), [0], TorchDefault())
    data = batch([np.ones((2, 5))], [np.ones(2)])
    session = Session(start, data, QUICK, (0,), (3,), ("W1",))
    within = start.with_masks([torch.as_tensor(survivors)[None, None]])
    kept = session.masks_from([scores[None, None]], "global", within=within)[0][0, 0].numpy()
    assert kept.sum() == 3
    assert not kept[~survivors].any()


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 120))
def test_exponential_schedules(total, count, rounds):
    if count > total:
        return
    plan = exponential_schedule(total, count, rounds)
    assert len(plan) == rounds
    assert plan[-1] == count
    assert all(a >= b for a, b in itertools.pairwise([total, *plan]))
    for t, kept in enumerate(plan, 1):
        assert abs(kept - total * math.exp(math.log(count / total) * t / rounds)) <= 0.5 + 1e-9 * total


def test_one_round_is_the_one_shot_method():
    for pruner in (IterativeSnip, Force):
        one = rl.train(ARCH, sample(), pruner(0.3, rounds=1), range(4), QUICK)
        two = rl.train(ARCH, sample(), Snip(0.3), range(4), QUICK)
        assert all(torch.equal(a, b) for a, b in zip(one.masks, two.masks, strict=True))


def paths(sizes):
    """Scores by listing every path of one network."""
    found = [np.zeros_like(w) for w in sizes]
    widths = [sizes[0].shape[1], *[w.shape[0] for w in sizes]]
    for path in itertools.product(*map(range, widths)):
        product = math.prod(w[path[i + 1], path[i]] for i, w in enumerate(sizes))
        for i, score in enumerate(found):
            score[path[i + 1], path[i]] += product
    return found


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 4), min_size=2, max_size=5), st.floats(0.2, 1.0))
def test_synaptic_flow_is_the_sum_over_paths_and_is_conserved(seed, widths, part):
    rng = np.random.default_rng(seed)
    sizes = [
        np.abs(rng.normal(size=(2, b, a))) * (rng.random((2, b, a)) < part)
        for a, b in itertools.pairwise(widths)
    ]
    scores = flow_scores(sizes)
    for net in range(2):
        wanted = paths([w[net] for w in sizes])
        total = wanted[0].sum()
        if total == 0.0:
            assert not any(s[net].any() for s in scores)
            continue
        factor = scores[0][net].sum() / total
        for score, right in zip(scores, wanted, strict=True):
            assert np.allclose(score[net], factor * right, rtol=1e-12)
            assert score[net].sum() == pytest.approx(factor * total, rel=1e-12)
        for below, above in itertools.pairwise(scores):
            assert np.allclose(below[net].sum(1), above[net].sum(0), rtol=1e-12)


def test_depth_and_scale_do_not_overflow_where_plain_products_do():
    rng = np.random.default_rng(0)
    sizes = [np.abs(rng.normal(size=(1, 3, 3))) for _ in range(60)]
    plain = flow_scores(sizes)
    for power in (40, -40):
        huge = [np.ldexp(w, power) for w in sizes]
        naive = np.ones(3)
        with np.errstate(over="ignore"):
            for w in huge:
                naive = w[0] @ naive
        assert not (np.isfinite(naive).all() and naive.all())  # the mutant without scaling
        for a, b in zip(flow_scores(huge), plain, strict=True):
            assert np.array_equal(np.ldexp(a, -power), b)  # the last factor, common to all entries


def test_many_rounds_of_flow_keep_layers_alive_and_one_round_does_not():
    # 12 of 820 entries
    arch = Mlp((20, 20, 20, 1))
    counts = {}
    for rounds in (1, 100):
        stack = rl.train(arch, sample(dim=20), SynFlow(12 / 820, rounds=rounds), range(8), Recipe(steps=1))
        counts[rounds] = [Mask.of(net).effective().nnz for net in stack]
    assert min(counts[100]) >= 3
    assert min(counts[1]) < min(counts[100])


@pytest.mark.parametrize(
    "pruner", [lambda r: IterativeSnip(r, rounds=5), lambda r: SynFlow(r, rounds=5), Grasp, Snip]
)
def test_a_permutation_of_hidden_units_permutes_the_mask(pruner):
    _, _, _, stack, data = setting(11, (5, 6), nets=1)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    moved = initial_stack(stack.arch, [11], TorchDefault(), dtype=torch.float64)
    for target, source in ((moved.weights[0], stack.weights[0]), (moved.biases[0], stack.biases[0])):
        target.copy_(source[:, order])
    moved.weights[1].copy_(stack.weights[1][:, :, order])
    one, two = (Session(s, data, Recipe(), (0,), (14,), ("W1", "W2")) for s in (stack, moved))
    first, second = pruner(0.4).choose(one), pruner(0.4).choose(two)
    assert torch.equal(first[0][:, order], second[0])
    assert torch.equal(first[1][:, :, order], second[1])

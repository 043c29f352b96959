"""Networks with batch normalisation: against torch's own, and every network for itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks import Mlp
from robustlaw.networks.normalised import (
    NormalisedGradients,
    NormalisedStack,
    initial_normalised,
    number_count,
    outputs,
    split,
)
from robustlaw.networks.normalised_training import TOGETHER, Descent, Pool, Reading, descend

ARCH = Mlp((5, 7, 6, 3))


def drawn(nets, arch=ARCH, seed=0, dtype=torch.float64):
    """Networks with every number random, and data of 24 samples for each."""
    rng = torch.Generator().manual_seed(seed)
    values = torch.randn(nets, number_count(arch), generator=rng, dtype=dtype)
    x = torch.randn(nets, arch.widths[0], 24, generator=rng, dtype=dtype)
    y = torch.randint(0, arch.widths[-1], (nets, 24), generator=rng).to(dtype)
    return NormalisedStack(arch, values), x, y


def torch_module(stack, place):
    """The same network made of torch's layers."""
    weights, gains, shifts, bias = split(stack.arch, stack.values[[place]])
    layers = []
    for i, w in enumerate(weights):
        last = i == len(weights) - 1
        linear = torch.nn.Linear(w.shape[2], w.shape[1], bias=last).double()
        linear.weight.data = w[0].clone()
        layers.append(linear)
        if last:
            linear.bias.data = bias[0, :, 0].clone()
        else:
            norm = torch.nn.BatchNorm1d(w.shape[1], momentum=None).double()
            norm.weight.data, norm.bias.data = gains[i][0, :, 0].clone(), shifts[i][0, :, 0].clone()
            layers += [norm, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers)


def flat_gradient(module):
    linear = [m for m in module if isinstance(m, torch.nn.Linear)]
    norms = [m for m in module if isinstance(m, torch.nn.BatchNorm1d)]
    parts = [m.weight.grad.ravel() for m in linear] + [m.weight.grad for m in norms]
    return torch.cat([*parts, *(m.bias.grad for m in norms), linear[-1].bias.grad])


@pytest.mark.parametrize("arch", [ARCH, Mlp((5, 4, 2)), Mlp((3, 4, 5, 6, 4))])
def test_outputs_and_gradients_are_those_of_torchs_batch_norm(arch):
    stack, x, y = drawn(3, arch)
    found = outputs(stack, x)
    gradient = NormalisedGradients(arch, 24, stack.values)(stack.values, x, y)
    for place in range(3):
        module = torch_module(stack, place).train()
        wanted = module(x[place].T)
        torch.nn.functional.cross_entropy(wanted, y[place].long()).backward()
        torch.testing.assert_close(found[place].T, wanted, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(gradient[place], flat_gradient(module), rtol=1e-8, atol=1e-10)


def test_statistics_of_a_reference_are_those_that_torch_keeps():
    """Layer by layer: torch's running mean is over the reference; its variance is the unbiased one."""
    stack, reference, _ = drawn(2)
    _, x, _ = drawn(2, seed=1)
    found = outputs(stack, x, reference)
    for place in range(2):
        module = torch_module(stack, place)
        module.train()(reference[place].T)
        for layer in module:
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.running_var *= 23.0 / 24.0
        torch.testing.assert_close(found[place].T, module.eval()(x[place].T), rtol=1e-10, atol=1e-10)


def test_a_reference_equal_to_the_samples_changes_nothing():
    stack, x, _ = drawn(2)
    torch.testing.assert_close(outputs(stack, x, x), outputs(stack, x), rtol=1e-11, atol=1e-11)


@given(st.permutations(range(7)), st.integers(0, 50))
@settings(max_examples=20)
def test_hidden_units_may_change_places(order, seed):
    stack, x, _ = drawn(1, seed=seed)
    moved = stack.values.clone()
    here, there = split(ARCH, stack.values), split(ARCH, moved)
    index = list(order)
    there[0][0][0] = here[0][0][0][index].clone()
    there[0][1][0] = here[0][1][0][:, index].clone()
    for kind in (1, 2):
        there[kind][0][0] = here[kind][0][0][index].clone()
    torch.testing.assert_close(
        outputs(NormalisedStack(ARCH, moved), x), outputs(stack, x), rtol=1e-9, atol=1e-9
    )


@given(st.permutations(range(24)), st.integers(0, 50))
@settings(max_examples=20)
def test_the_order_of_samples_in_a_batch_does_not_matter(order, seed):
    stack, x, y = drawn(2, seed=seed)
    index = list(order)
    one = NormalisedGradients(ARCH, 24, stack.values)(stack.values, x, y)
    two = NormalisedGradients(ARCH, 24, stack.values)(
        stack.values, x[:, :, index].contiguous(), y[:, index].contiguous()
    )
    torch.testing.assert_close(one, two, rtol=1e-8, atol=1e-9)


@given(st.floats(0.1, 10.0))
def test_the_scale_of_normalised_weights_does_not_matter(factor):
    """Up to EPSILON: what batch normalisation is for."""
    stack, x, _ = drawn(1)
    scaled = stack.values.clone()
    split(ARCH, scaled)[0][0].mul_(factor)
    torch.testing.assert_close(
        outputs(NormalisedStack(ARCH, scaled), x), outputs(stack, x), rtol=1e-2, atol=1e-2
    )


EVEN = Mlp((5, 16, 8, 3))  # hidden widths that fill vector registers


def pool_and_readings(nets):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((3, 96, 5)), rng.integers(0, 3, (3, 96))
    pool = Pool(torch.as_tensor(x).float(), torch.as_tensor(y).float())
    parts = (None, np.arange(0, 96, 3))
    return pool, [Reading(i % 3, f"order {i}", parts[i % 2]) for i in range(nets)]


def test_a_network_has_the_same_bits_alone_and_in_any_company():
    nets = TOGETHER + 5
    pool, readings = pool_and_readings(nets)
    start = initial_normalised(EVEN, list(range(nets)))
    masks = torch.as_tensor(np.random.default_rng(1).random((nets, EVEN.weight_count)) < 0.6)
    plan = Descent(60, 16, 0.2)
    together = descend(start, pool, readings, plan, masks).values
    for i in (0, 7, TOGETHER - 1, TOGETHER, nets - 1):
        own = NormalisedStack(EVEN, start.values[[i]])
        alone = descend(own, pool, [readings[i]], plan, masks[[i]]).values
        assert torch.equal(alone[0], together[i])
    order = list(reversed(range(nets)))
    mixed = NormalisedStack(EVEN, start.values[order])
    turned = descend(mixed, pool, [readings[i] for i in order], plan, masks[order]).values
    assert torch.equal(turned.flip(0), together)


def test_with_odd_widths_a_network_is_the_same_up_to_rounding():
    """float32 rounding, 1e-7 a step, grows along 12 steps."""
    pool, readings = pool_and_readings(3)
    start, plan = initial_normalised(ARCH, [0, 1, 2]), Descent(12, 16, 0.1)
    together = descend(start, pool, readings, plan).values
    alone = [
        descend(NormalisedStack(ARCH, start.values[[i]]), pool, [readings[i]], plan).values for i in range(3)
    ]
    torch.testing.assert_close(torch.cat(alone), together, rtol=1e-4, atol=1e-5)


def test_descent_is_torchs_own():
    """Momentum, the falling rate, and batches that go on across epochs."""
    pool, readings = pool_and_readings(1)
    start = initial_normalised(ARCH, ["own"], dtype=torch.float32)
    plan = Descent(30, 40, 0.1, 0.9)
    found = descend(start, pool, readings, plan).values.double()
    module = torch_module(NormalisedStack(ARCH, start.values.double()), 0).train()
    optimiser = torch.optim.SGD(module.parameters(), lr=plan.learning_rate, momentum=0.9)
    rows = readings[0].sequence(96, 30 * 40)
    for step in range(30):
        batch = rows[step * 40 : step * 40 + 40]
        optimiser.param_groups[0]["lr"] = plan.learning_rate * (1.0 - step / 30)
        optimiser.zero_grad()
        f = module(pool.rows[0, batch].double())
        torch.nn.functional.cross_entropy(f, pool.labels[0, batch].long()).backward()
        optimiser.step()
    linear = [m for m in module if isinstance(m, torch.nn.Linear)]
    wanted = torch.cat([m.weight.ravel() for m in linear]).detach()
    # float32 against float64 over 30 steps
    torch.testing.assert_close(found[0, : ARCH.weight_count], wanted, rtol=1e-3, atol=1e-3)


def test_masked_weights_are_plain_zeros_throughout():
    pool, readings = pool_and_readings(4)
    start = initial_normalised(ARCH, list(range(4)))
    masks = torch.as_tensor(np.random.default_rng(1).random((4, ARCH.weight_count)) < 0.3)
    found = descend(start, pool, readings, Descent(25, 16, 0.2), masks)
    off = found.weights[~masks]
    assert (off == 0.0).all()
    assert not torch.signbit(off).any()
    assert bool((found.weights[masks] != start.weights[masks]).any())


def test_a_training_in_two_parts_differs_only_by_its_momentum():
    pool, readings = pool_and_readings(2)
    start = initial_normalised(ARCH, [0, 1])
    plan = Descent(40, 32, 0.1, momentum=0.0)
    half = descend(start, pool, readings, plan, last=3)
    again = descend(start, pool, readings, plan, last=3)
    assert torch.equal(half.values, again.values)
    # one epoch is 3 batches: the order of the second part begins anew, so its first epoch is read twice
    assert not torch.equal(descend(half, pool, readings, plan, first=3).values, half.values)
    assert torch.equal(descend(start, pool, readings, plan, last=0).values, start.values)


def test_a_reading_goes_through_what_it_knows_before_it_begins_anew():
    known = np.array([3, 5, 8, 13])
    rows = Reading(0, "key", known).sequence(20, 11)
    assert sorted(rows[:4]) == sorted(rows[4:8]) == known.tolist()
    assert set(rows[8:]) <= set(known.tolist())
    assert not np.array_equal(Reading(0, "other").sequence(20, 20), Reading(0, "key").sequence(20, 20))
    # a longer sequence begins with a shorter one
    assert np.array_equal(Reading(0, "key").sequence(20, 50)[:20], Reading(0, "key").sequence(20, 20))


def test_wrong_use_is_refused():
    pool, readings = pool_and_readings(2)
    start = initial_normalised(ARCH, [0, 1])
    with pytest.raises(ShapeMismatch, match="readings"):
        descend(start, pool, readings[:1], Descent())
    with pytest.raises(ShapeMismatch, match="masks"):
        descend(start, pool, readings, Descent(), torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(InvalidArgument, match="first, last"):
        descend(start, pool, readings, Descent(10), first=11)
    with pytest.raises(InvalidArgument, match="hidden layer"):
        initial_normalised(Mlp((5, 3)), [0])
    with pytest.raises(ShapeMismatch, match="values"):
        NormalisedStack(ARCH, torch.zeros(1, 3))
    for wrong in ({"momentum": 1.0}, {"learning_rate": 0.0}, {"batch_size": 0}):
        with pytest.raises(InvalidArgument):
            Descent(**wrong)

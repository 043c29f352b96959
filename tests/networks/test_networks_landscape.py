"""Barriers: against a plain loop, and what they are where theory knows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks import Mlp
from robustlaw.networks.landscape import (
    along,
    between,
    excess,
    highest_excess,
    middle_barrier,
    normalised_errors,
    normalised_losses,
)
from robustlaw.networks.normalised import NormalisedStack, number_count, outputs

ARCH = Mlp((4, 6, 3))
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


def two(nets, seed=0):
    rng = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, nets, number_count(ARCH), generator=rng, dtype=torch.float64)
    x = torch.randn(1, 4, 10, generator=rng, dtype=torch.float64)
    y = torch.randint(0, 3, (1, 10), generator=rng).double()
    return first, second, x, y


def linear_losses(seed):
    """Softmax regression: its loss is convex in the numbers."""
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(4, 12, generator=rng, dtype=torch.float64)
    y = torch.randint(0, 3, (12,), generator=rng)

    def losses(values):
        f = values.unflatten(1, (3, 4)) @ x
        return torch.nn.functional.cross_entropy(f, y.expand(len(values), -1), reduction="none")

    return losses


def test_a_barrier_is_what_a_plain_loop_finds():
    first, second, x, y = two(3)
    found = middle_barrier(normalised_losses(ARCH, x, y), first, second)
    for net in range(3):
        rows = [first[net], second[net], (first[net] + second[net]) / 2.0]
        f = [outputs(NormalisedStack(ARCH, row[None]), x)[0] for row in rows]
        for sample in range(10):
            label = int(y[0, sample])
            a, b, mid = (float(-torch.log_softmax(g[:, sample], 0)[label]) for g in f)
            assert float(found[net, sample]) == pytest.approx(mid - (a + b) / 2.0, abs=1e-12)


def test_the_middle_has_statistics_of_its_own():
    """Averaged outputs of the two ends, or their statistics, would give another barrier."""
    first, second, x, y = two(1)
    own = middle_barrier(normalised_losses(ARCH, x, y), first, second)
    elsewhere = middle_barrier(normalised_losses(ARCH, x, y, x + 1.0), first, second)
    torch.testing.assert_close(
        middle_barrier(normalised_losses(ARCH, x, y, x), first, second), own, rtol=1e-9, atol=1e-9
    )
    assert not torch.allclose(own, elsewhere)


@given(st.integers(0, 1000))
def test_equal_ends_have_no_barrier_anywhere(seed):
    first, _, x, y = two(2, seed)
    losses = normalised_losses(ARCH, x, y)
    assert torch.equal(middle_barrier(losses, first, first), torch.zeros(2, 10, dtype=torch.float64))
    assert torch.equal(highest_excess(along(losses, first, first, PLACES), PLACES), torch.zeros(2).double())


@given(st.integers(0, 1000), st.floats(0.1, 30.0))
def test_a_convex_loss_has_no_barrier_above_0(seed, size):
    rng = torch.Generator().manual_seed(seed)
    first, second = size * torch.randn(2, 5, 12, generator=rng, dtype=torch.float64)
    losses = linear_losses(seed)
    room = 1e-12 * (1.0 + size)
    assert float(middle_barrier(losses, first, second).max()) <= room
    assert float(excess(along(losses, first, second, PLACES), PLACES).max()) <= room


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_the_two_ends_may_change_places(seed):
    first, second, x, y = two(2, seed)
    losses = normalised_losses(ARCH, x, y)
    torch.testing.assert_close(
        middle_barrier(losses, first, second), middle_barrier(losses, second, first), rtol=1e-9, atol=1e-9
    )
    there, back = along(losses, first, second, PLACES), along(losses, second, first, PLACES)
    torch.testing.assert_close(there, back.flip(0), rtol=1e-9, atol=1e-9)


def double_well(values):
    """(w^2 - 1)^2 with wells at -1 and 1, for three samples that weigh it 1, 2 and 3."""
    return (values[:, :1] ** 2 - 1.0) ** 2 * torch.tensor([1.0, 2.0, 3.0]).double()


def test_a_double_well_has_the_barrier_that_its_formula_says():
    first, second = (
        torch.tensor([[-1.0], [1.0], [-1.0]]).double(),
        torch.tensor([[1.0], [1.0], [0.0]]).double(),
    )
    wanted = torch.tensor([[1.0, 2.0, 3.0], [0.0] * 3, [0.0625, 0.125, 0.1875]]).double()
    torch.testing.assert_close(middle_barrier(double_well, first, second), wanted)
    # to the top of the hill from -1: (w^2 - 1)^2 less a line is highest at 3/4 of the way
    highest = highest_excess(along(double_well, first, second, PLACES), PLACES)
    torch.testing.assert_close(highest, torch.tensor([2.0, 0.0, 2.0 * (0.9375**2 - 0.75)]).double())


def test_the_highest_excess_is_at_least_that_in_the_middle_and_0():
    first, second, x, y = two(8)
    losses = normalised_losses(ARCH, x, y)
    highest = highest_excess(along(losses, first, second, PLACES), PLACES)
    assert bool((highest >= middle_barrier(losses, first, second).mean(1) - 1e-12).all())
    assert bool((highest >= 0.0).all())


def test_errors_on_the_line_are_counts():
    first, second, x, y = two(3)
    wrong = along(normalised_errors(ARCH, x, y), first, second, (0.0, 1.0))
    best = outputs(NormalisedStack(ARCH, second), x).argmax(1)
    assert torch.equal(wrong[1], (best != y).double())


def test_ends_are_taken_as_they_are():
    first, second, _, _ = two(1)
    seen = []
    along(lambda v: seen.append(v) or v, first, second, (0.0, 0.5, 1.0))
    assert seen[0] is first
    assert seen[2] is second
    torch.testing.assert_close(seen[1], (first + second) / 2.0)


def test_wrong_use_is_refused():
    first, second, x, y = two(1)
    losses = normalised_losses(ARCH, x, y)
    with pytest.raises(ShapeMismatch):
        between(first, second[:, :5], 0.5)
    with pytest.raises(InvalidArgument, match="places"):
        along(losses, first, second, (0.0, 1.5))
    with pytest.raises(InvalidArgument, match="places"):
        excess(along(losses, first, second, (0.0, 0.5)), (0.0, 0.5))

"""A network stops where its loss has settled, on its own reading of it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_runs import masked, problem

from robustlaw.errors import InvalidArgument
from robustlaw.networks import Homotopy, Plateau, Recipe, fit
from robustlaw.networks.training import Calm

PLAN = Recipe(steps=120, stop_at=None, check_every=6, learning_rate=0.01, batch_size=8)


def readings(recipe, places):
    """Loss of each network after every check, by trainings that end there."""
    stack, data = masked((5, 9, 1), list(range(20)), 0.6), problem(0, 40, 5)
    ends = range(recipe.check_every, recipe.steps + 1, recipe.check_every)
    facts = [fit(stack, data, recipe, last_step=end).facts for end in ends]
    return [[float(fact[i]["loss"]) for fact in facts] for i in places]


def first_rest(losses, change, times):
    """Number of the reading at which the last `times` differences are all small, else None."""
    for number in range(times, len(losses)):
        steps = [abs(losses[j] - losses[j - 1]) for j in range(number - times + 1, number + 1)]
        if all(step < change for step in steps):
            return number
    return None


@pytest.mark.parametrize(("change", "times"), [(0.01, 3), (0.02, 1), (1e-4, 2)])
def test_networks_stop_at_their_own_plateau(change, times):
    places = list(range(20))
    curves = readings(PLAN, places)
    recipe = Recipe(**{**vars(PLAN), "plateau": Plateau(change, times)})
    stack, data = masked((5, 9, 1), places, 0.6), problem(0, 40, 5)
    facts = fit(stack, data, recipe).facts
    for fact, losses in zip(facts, curves, strict=True):
        place = first_rest(losses, change, times)
        assert fact["converged"] is (place is not None)
        assert fact["steps"] == (PLAN.steps if place is None else (place + 1) * PLAN.check_every)
        assert fact["loss"] == losses[-1 if place is None else place]
    if change == 0.01:
        assert len({fact["steps"] for fact in facts}) > 3


def test_companions_do_not_matter():
    recipe = Recipe(**{**vars(PLAN), "plateau": Plateau()})
    stack, data = masked((5, 9, 1), list(range(20)), 0.6), problem(0, 40, 5)
    many = fit(stack, data, recipe)
    for place in (0, 7, 19):
        alone = fit(stack.take([place]), data, recipe)
        assert alone.facts[0] == many.facts[place]
        assert all(torch.equal(alone.tensors[k][0], t[place]) for k, t in many.tensors.items())


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_calm_counts_small_differences_in_a_row(losses, change):
    calm = None
    for number, loss in enumerate(losses):
        calm = Calm.after(calm, loss, number, change)
        row = 0
        while row < number and abs(losses[number - row] - losses[number - row - 1]) < change:
            row += 1
        assert calm == Calm(loss, number, row)


def test_plateaus_without_meaning_are_refused():
    for change in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidArgument):
            Plateau(change)
    with pytest.raises(InvalidArgument):
        Plateau(0.1, 0)
    with pytest.raises(InvalidArgument, match="plateau"):
        Recipe(homotopy=Homotopy(), plateau=Plateau())

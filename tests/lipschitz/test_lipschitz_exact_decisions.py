"""Thresholds, and tree certificates that must not survive a change."""

import time
from dataclasses import replace

import numpy as np
import pytest
from lipschitz_oracles import random_net, shallow

from robustlaw.errors import InvalidArgument
from robustlaw.evidence import Bracket, Certificate, from_json, to_json
from robustlaw.lipschitz import Answer, bracket, check, check_tree, decide
from robustlaw.lipschitz.exact.cells import Cells
from robustlaw.lipschitz.exact.dispatch import joined
from robustlaw.lipschitz.exact.model import Model
from robustlaw.lipschitz.exact.realise import dependency, is_contradiction, realise
from robustlaw.lipschitz.exact.shallow import search

SHAPES = [(1, 8, 6, 1), (2, 8, 5, 2), (4, 10, 1), (9, 8, 1), (3, 6, 5, 1), (4, 5, 5, 2)]


def trees():
    for i, widths in enumerate(SHAPES):
        for name in ("relu", "leaky_relu"):
            net = random_net(widths, i, name)
            found = bracket(net, "exact")
            if found.certificate.kind == "tree":
                yield net, found


TREES = list(trees())


def changed(found, **numbers):
    cert = found.certificate
    return replace(found, certificate=Certificate(cert.kind, {**cert.numbers, **numbers}))


@pytest.mark.parametrize("widths", SHAPES)
def test_decisions_agree_with_the_exact_value(widths):
    for seed in range(3):
        net = random_net(widths, seed)
        value = bracket(net, "exact")
        below, above = decide(net, 0.9 * value.lower), decide(net, 1.1 * value.upper)
        assert below.answer is Answer.PROVED
        assert below.margin_below >= 0.0
        gradient = np.linalg.norm(net.gradients(np.array([below.lipschitz.witness]))[0], 2)
        assert gradient >= 0.9 * value.lower
        assert above.answer is Answer.REFUTED
        assert above.margin_above > 0.0
        if above.lipschitz.certificate.kind == "tree":
            assert check_tree(net, above.lipschitz)


def test_close_thresholds_need_the_search():
    answers = []
    for seed in range(3):
        for widths in ((4, 12, 1), (4, 6, 6, 1), (12, 12, 1)):
            net = random_net(widths, seed)
            value = bracket(net, "exact")
            assert decide(net, value.lower * (1 - 1e-5)).answer is Answer.PROVED
            refuted = decide(net, value.upper * (1 + 1e-5))
            assert refuted.answer is Answer.REFUTED
            answers.append(refuted.lipschitz.certificate.kind in ("tree", "edges"))
            if answers[-1]:
                assert check(net, refuted.lipschitz).ok
    assert sum(answers) >= 6


def test_ties_and_intervals():
    net = shallow([[1.0], [-1.0]], [1.0, -1.0])
    assert decide(net, 1.0).answer is Answer.UNDECIDED
    assert decide(net, Bracket(0.5, 1.5)).answer is Answer.UNDECIDED
    assert decide(net, Bracket(0.5, 0.9)).answer is Answer.PROVED
    assert decide(net, Bracket(1.1, 3.0)).answer is Answer.REFUTED
    zero = shallow([[0.0]], [1.0])
    assert decide(zero, 0.0).answer is Answer.PROVED
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument):
            decide(net, wrong)


def test_no_time_is_undecided():
    net = random_net((5, 60, 1), 3)
    tight = bracket(net)
    found = decide(net, 0.5 * (tight.lower + tight.upper), seconds=0.0)
    assert found.answer is Answer.UNDECIDED
    assert found.margin_below < 0.0
    assert found.margin_above < 0.0


def test_every_kind_of_tree_is_here():
    assert len(TREES) >= 9
    assert any(f.certificate.numbers["bounds"] for _, f in TREES)
    assert any(f.certificate.numbers["supports"] for _, f in TREES)


@pytest.mark.parametrize("index", range(len(TREES)))
def test_trees_check_and_perturbed_ones_do_not(index):
    net, found = TREES[index]
    numbers = found.certificate.numbers
    assert check_tree(net, found)
    assert check_tree(net, from_json(to_json(found)))
    assert not check_tree(net, replace(found, lower=0.0, upper=found.upper * (1 - 1.1e-6)))
    tree = numbers["tree"]
    assert not check_tree(net, changed(found, tree=tree[:-1]))
    assert not check_tree(net, changed(found, tree=(*tree, -1.0)))
    split = next(i for i, x in enumerate(tree) if x >= 0)
    assert not check_tree(net, changed(found, tree=(*tree[:split], -1.0, *tree[split + 1 :])))
    assert not check_tree(net, changed(found, tree=(*tree[:split], 1e6, *tree[split + 1 :])))
    if numbers["bounds"]:
        assert not check_tree(net, changed(found, bounds=numbers["bounds"][:-1]))
        assert not check_tree(net, changed(found, bounds=tuple(0.5 * x for x in numbers["bounds"])))
        assert not check_tree(net, changed(found, bounds=tuple(-x for x in numbers["bounds"])))
    if numbers["supports"]:
        assert not check_tree(net, changed(found, supports=numbers["supports"][1:]))
    steeper = net.replace(weights=[1.001 * net.weights[0], *net.weights[1:]])
    assert not check_tree(steeper, found)
    siblings = [i for i, x in enumerate(tree[:-2]) if x >= 0 and tree[i + 1] == -1 and tree[i + 2] < -1]
    for i in siblings[:3]:
        # The other sign is declared unreachable: all numbers are the same, in the same order.
        swapped = (*tree[: i + 1], tree[i + 2], tree[i + 1], *tree[i + 3 :])
        assert not check_tree(net, changed(found, tree=swapped))


def test_a_reachable_leaf_is_not_impossible():
    """Swapping the two parts of a split whose one part is unreachable."""
    net = shallow([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], [1.0, -1.0])
    model = Model.of(net)
    state, root = search(model, Cells(model), 0.0, 1e-6, time.monotonic() + 60.0)
    found = joined(bracket(net), state, root, "branch and bound")
    assert found.certificate.numbers["supports"]
    assert check_tree(net, found)
    moved = net.replace(biases=[np.ones(2), np.zeros(1)])  # now both units can be on
    assert not check_tree(moved, found)


def test_dependencies_are_exact():
    assert dependency([[1, 0], [0, 1], [1, 1]]) in ([1, 1, -1], [-1, -1, 1])
    assert dependency([[1, 0], [0, 1]]) is None
    assert dependency([[1, 0], [2, 0], [3, 0]]) is None
    assert is_contradiction([[1, 0], [-1, 0]], 2)
    assert not is_contradiction([[1, 0], [1, 0]], 2)
    big = 10**40
    assert is_contradiction([[big, 1], [-big, -1]], 2)
    assert not is_contradiction([[big, 1], [-big, -1 - big]], 2)


def test_points_have_the_signs_they_were_asked_for():
    rng = np.random.default_rng(0)
    for trial in range(200):
        forms = rng.standard_normal((6, 4)) * 10.0 ** rng.integers(-3, 4)
        forms[:, -1] *= 10.0 ** rng.integers(-6, 7)
        signs = np.sign(forms @ np.append(rng.standard_normal(3), 1.0))
        answer = realise(forms * signs[:, None])
        if answer.point is not None:
            assert np.all(signs * (forms @ np.append(answer.point, 1.0)) > 0.0), trial

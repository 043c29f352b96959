"""Networks of frozen random weights: the certified error is above every sampled one; the mask is p_eff."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robustlaw as rl
from robustlaw.accounting import Code, describe, mask_length
from robustlaw.constructions import strong_ticket
from robustlaw.constructions.strong_tickets import CODES
from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.evidence import Verdict
from robustlaw.laws import DescriptionLength


def target(seed, widths, scale=1.0):
    rng = np.random.default_rng(seed)
    return rl.Network.from_arrays(
        [
            (scale * rng.normal(size=(b, a)) / math.sqrt(a), 0.3 * rng.normal(size=b))
            for a, b in itertools.pairwise(widths)
        ]
    )


def sampled(ticket, seed, radius):
    """Largest difference at random points in the ball and on its rim."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(800, ticket.target.arch.widths[0]))
    x *= radius / np.linalg.norm(x, axis=1, keepdims=True)
    x[:200] *= rng.random((200, 1))
    return float(np.abs(ticket.network(x) - ticket.target(x)).max())


@settings(max_examples=15)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(2, 1), (3, 4, 2), (2, 3, 3, 1)]),
    st.sampled_from([(12, 1.0), (40, 0.5), (60, 1.0)]),
    st.floats(0.1, 5.0),
)
def test_no_difference_is_above_the_certified_one(seed, widths, source, radius):
    units, density = source
    ticket = strong_ticket(target(seed, widths), units, density, radius, seed)
    assert sampled(ticket, seed, radius) <= ticket.distance * (1.0 + 1e-12)
    assert ticket.network.arch.layers == 2 * len(widths) - 2


def test_the_bound_is_not_loose_for_one_layer():
    """A single layer errs by |err| R in the worst direction, up to the choice of side."""
    ticket = strong_ticket(target(1, (3, 1)), 14, 1.0, 2.0, 3)
    worst = max(sampled(ticket, s, 2.0) for s in range(4))
    assert ticket.distance <= 2.0 * worst


def test_more_products_mean_smaller_errors():
    errors = [
        float(
            np.median([strong_ticket(target(s, (3, 3, 1), 0.5), u, 1.0, 1.0, s).distance for s in range(5)])
        )
        for u in (10, 20, 44)
    ]
    assert errors[0] > 3.0 * errors[1] > 9.0 * errors[2]


def test_the_mask_keeps_to_its_source_and_is_all_that_is_charged():
    ticket = strong_ticket(target(0, (3, 4, 2)), 60, 0.5, 1.0, 0)
    for name, mask in (("W2", ticket.network.masks[1]), ("W4", ticket.network.masks[3])):
        source = ticket.network.origin.initial[name] != 0.0
        assert not (mask & ~source).any()
    source_size = sum(int(np.count_nonzero(ticket.network.origin.initial[n])) for n in ("W2", "W4"))
    assert ticket.candidates == source_size < 0.6 * ticket.total
    ledger = ticket.ledger
    assert ledger.total("weights").upper == 0.0
    assert ledger.total("mask").upper == pytest.approx(mask_length(source_size, ticket.kept).upper, rel=1e-12)
    assert ticket.events().p_eff.upper == pytest.approx(
        math.log(math.comb(source_size, ticket.kept)), rel=1e-9
    )
    everywhere = describe(ticket.network, Code(1, "zero", "uniform"), CODES)
    assert everywhere.p_eff.upper > 1.2 * ledger.p_eff.upper


def test_frozen_weights_are_drawn_without_the_target():
    one, other = (strong_ticket(target(s, (3, 4, 2)), 20, 0.7, 1.0, "same") for s in (0, 1))
    for name, value in one.network.origin.initial.items():
        assert np.array_equal(value, other.network.origin.initial[name])
    assert not np.array_equal(one.network.masks[1], other.network.masks[1])


def test_the_law_holds_for_a_supermask_and_its_ledger():
    problem = rl.Problem(rl.data.Sphere(6), target=rl.data.Zero(), noise=rl.data.RandomSigns())
    data = problem.sample(n=60, seed=1)
    net = rl.train(rl.Mlp((6, 3, 1)), data, seeds=[0])[0]
    ticket = strong_ticket(net, 40, 0.8, 1.0, 0)
    evidence = DescriptionLength(codes=CODES).check(ticket.network, data)
    assert evidence.verdict is Verdict.HOLDS
    assert evidence.details["p_eff"] == pytest.approx(ticket.ledger.p_eff.upper)


@pytest.mark.parametrize("source", [1.0, 0.5])
def test_the_law_holds_for_trained_supermasks(source):
    problem = rl.Problem(rl.data.Sphere(8), target=rl.data.Zero(), noise=rl.data.RandomSigns())
    data = problem.sample(n=80, seed=2)
    recipe = rl.networks.Recipe(
        initialisation=rl.networks.SignedConstant(), frozen=frozenset({"b1", "b2"}), steps=60
    )
    stack = rl.train(rl.Mlp((8, 24, 1)), data, rl.pruning.EdgePopup(0.3, source=source), [0, 1], recipe)
    for net in stack:
        evidence = DescriptionLength(codes=CODES).check(net, data)
        assert evidence.verdict is Verdict.HOLDS
        assert evidence.details["mask nats"] == pytest.approx(
            evidence.details["p_eff"] - math.log(2.0), rel=1e-9
        )


def test_wrong_arguments_are_named():
    with pytest.raises(MissingCapability, match="ReLU"):
        strong_ticket(rl.Network.from_arrays([(np.ones((1, 1)), np.zeros(1))], "tanh"), 5, 1.0, 1.0)
    with pytest.raises(InvalidArgument, match="density"):
        strong_ticket(target(0, (2, 1)), 5, 0.0, 1.0)
    with pytest.raises(InvalidArgument, match="radius"):
        strong_ticket(target(0, (2, 1)), 5, 0.5, -1.0)

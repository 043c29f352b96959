"""Exact chances of containment against enumeration, draws and the union bound; tickets that are targets."""

import itertools
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import Network, lipschitz
from robustlaw.constructions import (
    EnoughCopies,
    Source,
    containment,
    contains,
    draw_source,
    embed,
    every_copy_usable,
    failure_bound,
    find_ticket,
    source_copies,
)
from robustlaw.constructions.containment_laws import contained_count
from robustlaw.errors import InvalidArgument, MissingEdge, ShapeMismatch
from robustlaw.evidence import Verdict

densities = st.floats(0.1, 0.95)


def targets(deep=False):
    """Edges of small targets, some of them absent, now and then a unit without any."""
    shapes = [(2, 3, 1), (3, 2, 2), (1, 1, 1), (2, 1, 3)] + ([(2, 2, 2, 1), (2, 1, 2, 2)] if deep else [])

    def edges(widths, seed):
        rng = np.random.default_rng(seed)
        return [rng.random((b, a)) < 0.7 for a, b in itertools.pairwise(widths)]

    return st.builds(edges, st.sampled_from(shapes), st.integers(0, 10**6))


def by_enumeration(target, shares, copies):
    """Every mask of a source, its chance added up if it contains the target: sizes up to 14 entries."""
    widths = [target[0].shape[1], *(len(m) for m in target)]
    shapes = [(copies[i + 1], widths[i + 1], copies[i], widths[i]) for i in range(len(target))]
    sizes = [math.prod(s) for s in shapes]
    total = Fraction(0)
    for bits in itertools.product((False, True), repeat=sum(sizes)):
        parts = np.split(np.array(bits), np.cumsum(sizes)[:-1])
        links = tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True))
        if contains(target, Source(tuple(copies), links)):
            chance = Fraction(1)
            for part, p in zip(parts, shares, strict=True):
                ones = int(part.sum())
                chance *= Fraction(p) ** ones * (1 - Fraction(p)) ** (len(part) - ones)
            total += chance
    return total


CASES = [
    ([np.ones((1, 2)), np.ones((1, 1))], (0.3, 0.6), (2, 2, 1)),
    ([np.ones((2, 1)), np.array([[1, 0], [1, 1]])], (0.5, 0.4), (1, 2, 1)),
    ([np.array([[1], [0]]), np.ones((1, 2))], (0.7, 0.4), (2, 2, 1)),
    ([np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1))], (0.3, 0.5, 0.6), (2, 2, 2, 1)),
    ([np.ones((1, 1)), np.ones((2, 1)), np.ones((1, 2))], (0.8, 0.5, 0.6), (1, 2, 1, 1)),
    ([np.ones((2, 3))], (0.8,), (2, 1)),
]


@pytest.mark.parametrize(("target", "shares", "copies"), CASES)
def test_the_exact_chance_counts_every_mask(target, shares, copies):
    masks = [np.asarray(m, dtype=bool) for m in target]
    assert sum(m.size for m in masks) < 15
    exact = by_enumeration(masks, shares, copies)
    found = containment(target, shares, copies)
    assert found.lower <= exact <= found.upper
    assert found.width <= 1e-9


@given(densities, densities, st.integers(1, 20), st.integers(1, 20))
def test_a_path_of_two_edges_has_the_proved_chance(p1, p2, q0, q1):
    one = np.ones((1, 1), dtype=bool)
    exact = 1 - (1 - Fraction(p2) * (1 - (1 - Fraction(p1)) ** q0)) ** q1
    assert containment([one, one], [p1, p2], [q0, q1, 1]).widen(1e-12).contains(float(exact))


@settings(max_examples=15)
@given(targets(deep=True), st.floats(0.2, 0.8), st.integers(1, 3), st.integers(0, 10**6))
def test_draws_agree_within_three_deviations(target, p, q, seed):
    shares, copies, draws = [p] * len(target), [*[q + 1, q, q][: len(target)], 1], 2000
    exact = containment(target, shares, copies).middle
    found = contained_count(target, shares, copies, draws, seed)
    assert abs(found - draws * exact) <= 3.0 * math.sqrt(draws * max(0.0, exact * (1.0 - exact))) + 1.0


@given(targets(deep=True), densities, st.integers(1, 4))
def test_union_bound_below_all_copies_below_containment(target, p, q):
    shares, copies = [p] * len(target), [*[q] * len(target), 1]
    edges = [int(m.sum()) for m in target]
    floor, exact = every_copy_usable(edges, shares, copies), containment(target, shares, copies)
    assert 1.0 - failure_bound(edges, shares, copies) <= floor.upper
    assert floor.lower <= exact.upper + 1e-12


@given(st.lists(st.integers(1, 500), min_size=1, max_size=4), st.floats(0.02, 1.0), st.floats(0.001, 0.5))
def test_copies_are_the_fewest_of_the_theorem(edges, p, delta):
    copies = source_copies(edges, [p] * len(edges), delta)
    assert copies[-1] == 1
    assert failure_bound(edges, [p] * len(edges), copies) <= delta * (1.0 + 1e-9)
    for m, q, above in zip(edges, copies, copies[1:], strict=False):
        limit = Fraction(delta) / (len(edges) * m * above)
        assert (1 - Fraction(p)) ** q <= limit
        assert q == 1 or (1 - Fraction(p)) ** (q - 1) > limit


def random_target(seed, widths, kept=0.7):
    rng = np.random.default_rng(seed)
    masks = [rng.random((b, a)) < kept for a, b in itertools.pairwise(widths)]
    layers = [(np.where(m, rng.normal(size=m.shape), 0.0), rng.normal(size=len(m))) for m in masks]
    return Network.from_arrays(layers, "relu", masks)


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(3, 4, 2), (2, 5, 1), (4, 1), (2, 3, 3, 1), (1, 2, 2, 2, 2)]),
    st.floats(0.3, 1.0),
)
def test_a_ticket_is_its_target(seed, widths, p):
    target = random_target(seed, widths)
    try:
        ticket = find_ticket(target, [p] * (len(widths) - 1), 0.01, seed)
    except MissingEdge:  # with chance at most .01
        return
    x = 3.0 * np.random.default_rng(seed).normal(size=(60, widths[0]))
    wanted = target(x)
    scale = 1e-12 * max(1.0, float(np.abs(wanted).max()))
    assert np.abs(ticket.network(x) - wanted).max() <= scale
    assert np.abs(ticket.inside(ticket.on_copies(x)) - wanted).max() <= scale
    for mask, source in zip(ticket.inside.masks, ticket.source.masks, strict=True):
        assert not (mask & ~source).any()
    assert ticket.inside.kept == ticket.network.kept == sum(int((c >= 0).sum()) for c in ticket.chosen)


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.sampled_from([(3, 4, 2), (2, 4, 1), (2, 3, 2, 1)]))
def test_a_ticket_has_the_lipschitz_constant_of_its_target(seed, widths):
    target = random_target(seed, widths)
    ticket = find_ticket(target, [0.5] * (len(widths) - 1), 1e-4, seed)
    known = lipschitz.bracket(target, "exact", seconds=5.0)
    found = lipschitz.bracket(ticket.network, "exact", seconds=5.0)
    assert found.lower <= known.upper * (1.0 + 1e-9)
    assert known.lower <= found.upper * (1.0 + 1e-9)
    assert found.width <= 1e-3 * max(found.upper, 1e-12)


def test_embedding_fails_exactly_where_the_source_does_not_contain_the_target():
    widths, failures = (3, 3, 2, 2), 0
    for seed in range(60):
        target = random_target(seed, widths)
        source = draw_source(widths, [0.5] * 3, (3, 3, 2, 1), seed)
        edges = [m & (w != 0.0) for m, w in zip(target.masks, target.weights, strict=True)]
        if contains(edges, source):
            embed(target, source)
            continue
        failures += 1
        with pytest.raises(MissingEdge) as caught:
            embed(target, source)
        layer, start, end, copy = (getattr(caught.value, n) for n in ("layer", "start", "end", "copy"))
        assert edges[layer - 1][end, start]
        assert not source.links[layer - 1][copy, end, :, start].any()
    assert 10 < failures < 50


def test_a_missing_edge_says_which():
    target = Network.from_arrays([(np.ones((2, 2)), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))])
    source = draw_source((2, 2, 1), [1.0, 1.0], (2, 2, 1), 0)
    source.links[0][:, 1, :, 0] = False
    with pytest.raises(MissingEdge, match="copy 0 of unit 1 of layer 1: it is linked to no copy of input 0"):
        embed(target, source)
    with pytest.raises(MissingEdge) as caught:
        embed(target, source)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.layer, again.start, again.end, again.copy) == (1, 0, 1, 0)
    assert str(again) == str(caught.value)


def test_a_ticket_may_use_several_copies_and_names_them():
    target = Network.from_arrays([(np.ones((1, 1)), np.zeros(1)), (np.ones((2, 1)), np.ones(2))])
    source = draw_source((1, 1, 2), [1.0, 1.0], (2, 3, 1), 0)
    source.links[1][0, 0, :2] = False  # output 0 hears copy 2 alone
    source.links[1][0, 1, 2] = False
    ticket = embed(target, source)
    assert ticket.network.arch.widths == (1, 2, 2)
    assert ticket.naming.contains(2.0 * math.log(2.0) + 2.0 * math.log(3.0))


def test_the_law_of_enough_copies_and_its_mutant():
    full = [np.ones((4, 3)), np.ones((2, 4))]
    kept = EnoughCopies(0.1).check(full, [0.3, 0.3], draws=400, seed=3)
    assert kept.verdict is Verdict.HOLDS
    assert kept.measured.contains(float(kept.details["exact"]))
    half = [(q + 1) // 2 for q in source_copies([12, 8], [0.3, 0.3], 0.1)]
    assert EnoughCopies(0.1).check(full, [0.3, 0.3], copies=[*half[:2], 1]).verdict is Verdict.NOT_APPLICABLE
    # half the copies fall short of .9 by more than five deviations
    assert contained_count(full, [0.3, 0.3], [*half[:2], 1], 400, 3) < 300


def test_wrong_arguments_are_named():
    ones = [np.ones((2, 2)), np.ones((1, 2))]
    with pytest.raises(InvalidArgument, match="copies"):
        containment(ones, [0.5, 0.5], [2, 2, 2])
    with pytest.raises(InvalidArgument, match="densities"):
        source_copies([2, 2], [0.5, 0.0], 0.1)
    with pytest.raises(InvalidArgument, match="delta"):
        source_copies([2, 2], [0.5, 0.5], 0.0)
    with pytest.raises(ShapeMismatch, match="densities"):
        source_copies([2, 2], [0.5], 0.1)
    with pytest.raises(InvalidArgument, match="every_copy_usable"):
        containment([np.ones((9, 2)), np.ones((9, 9)), np.ones((1, 9))], [0.5] * 3, [9, 9, 9, 1])
    target = Network.from_arrays([(np.ones((1, 2)), np.zeros(1))])
    with pytest.raises(ShapeMismatch, match="source"):
        embed(target, draw_source((3, 1), [0.5], (2, 1), 0))

"""A law's bound is the formula of the lemma: the same terms, evaluated in ball arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.kernel.balls import ball, enclosed, precision
from proofs_check.kernel.terms import exact
from proofs_check.lemmas import nets, octaves, sample_size, sensitivity, sparse_laws, sparse_sharp, universal
from robustlaw.accounting import TrainedWeights, net_charge
from robustlaw.accounting.codes import integer_length
from robustlaw.constants import NET, ONE_SIDED, SAMPLE_LOG, SAMPLE_SIZE, SHRINK, SPARSE, TWO_SIDED, UNIVERSAL
from robustlaw.data import Gaussian, Mixture, Problem, Shifted, Sphere
from robustlaw.evidence import NATS, Bracket
from robustlaw.laws import Measured, SparsePrinted, SparseRepaired, SparseSharp, UniversalPrinted
from robustlaw.laws.printed_chain import octave_share, samples_needed
from robustlaw.laws.resolution import sensitivity as sensitivity_of
from robustlaw.networks import Mlp, Network

BITS = 256
ROOM = Fraction(1, 10**12)  # a few dozen roundings of relative 2^-52


def value(term, at):
    """The term as a ball, at exact values."""
    with precision(BITS):
        return enclosed(exact(term), {s: ball(Fraction(v)) for s, v in at.items()})


def assert_encloses(bracket, low, high=None):
    """The bracket contains the balls, and is not much wider."""
    with precision(BITS):
        bottom, top = ball(Fraction(bracket.lower)), ball(Fraction(bracket.upper))
        upper = low if high is None else high
        assert bottom <= low
        assert upper <= top
        assert top - bottom <= (upper - low) + ball(ROOM) * (1 + abs(upper))


def measured(problem, n):
    rng = np.random.default_rng(n)
    layers = [(rng.normal(size=(4, 5)), rng.normal(size=4)), (rng.normal(size=(1, 4)), rng.normal(size=1))]
    return Measured(Network.from_arrays(layers, "relu"), problem.sample(n, 0))


PROBLEMS = (
    Problem(Sphere(5)),
    Problem(Gaussian(5)),
    Problem(Mixture((Sphere(5), Shifted(Sphere(5), np.ones(5))))),
)
MEASURED = [measured(problem, n) for problem, n in zip(PROBLEMS, (7, 20, 50), strict=True)]
PRINTED = {
    UniversalPrinted: (universal, universal.net, universal.bound(UNIVERSAL)),
    SparsePrinted: (sparse_laws, sparse_laws.known, sparse_laws.bound(SPARSE)),
    SparseRepaired: (sparse_laws, sparse_laws.known, sparse_laws.bound(SPARSE, SHRINK)),
}
deltas, charges = st.floats(1e-6, 0.999), st.floats(0.0, 1e6)


@pytest.mark.parametrize("law", PRINTED)
@given(st.sampled_from(MEASURED), st.floats(1e-3, 1.0), deltas, charges)
def test_printed_laws(law, m, eps, delta, nats):
    lemma, charge, formula = PRINTED[law]
    found = law(delta, eps=eps, radius=1.0).bound(m, Bracket.exact(nats, unit=NATS))
    at = {lemma.eps: eps, lemma.n: m.n, lemma.proxy: m.data.problem.proxy, lemma.delta: delta, charge: nats}
    assert_encloses(found, value(formula, at))


@given(st.sampled_from(MEASURED), deltas, charges)
def test_sharp_law(m, delta, nats):
    found = SparseSharp(delta).bound(m, Bracket.exact(nats, unit=NATS))
    lemma, c = sparse_sharp, m.correlation.value
    at = {lemma.n: m.n, lemma.proxy: m.data.problem.proxy, lemma.delta: delta}
    at |= {lemma.factor: 1, lemma.charged: nats}  # fair signs: B^2 = 1
    low, high = (
        value(lemma.bound(lemma.correlation), {**at, lemma.correlation: end}) for end in (c.lower, c.upper)
    )
    assert_encloses(found, low, high)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1.0))
def test_charge_of_the_net(diameter, sensitive, eps):
    found = net_charge(diameter, Bracket.exact(sensitive), eps)
    at = {nets.diameter: diameter, nets.sensitivity: sensitive, nets.eps: eps}
    assert_encloses(found, value(nets.charge(NET), at))


@given(st.integers(0, 10**6), st.sampled_from([(32, octaves.SINGLE), (64, octaves.DOUBLE)]))
def test_machine_words(kept, word):
    bits, claim = word
    found = TrainedWeights(kept, bits).charge().nats
    assert_encloses(found, value(claim.rhs, {octaves.kept: kept}))


@given(st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.integers(1, 5))
def test_sensitivity_is_the_recursion(radius, inputs, layers):
    """T -> R^2 T + r^2 + 1 and r -> R (r + 1), and for two layers the closed form."""
    lemma = sensitivity
    total, size = sp.Integer(0), lemma.r
    for _ in range(layers):
        total, size = lemma.R**2 * total + size**2 + 1, lemma.GROWN.rhs.subs(lemma.r, size)
    found = sensitivity_of(Mlp((3, *[4] * (layers - 1), 1)), radius, inputs)
    at = {lemma.R: radius, lemma.r: inputs}
    assert_encloses(found / value_of(total, at), value(1, {}))
    if layers == 2:
        assert_encloses(found / value_of(lemma.UNROLLED.rhs, at), value(1, {}))


def value_of(square, at):
    """The root of a term as a bracket."""
    with precision(BITS):
        root = value(square, at).sqrt()
        return Bracket(math.nextafter(float(root), 0.0), math.nextafter(float(root), math.inf))


@given(st.integers(-(10**6), 10**6))
def test_code_of_integers(j):
    found = integer_length(j)
    assert_encloses(found, value(-sp.log(octaves.share(TWO_SIDED, sp.Integer(abs(j)))), {}))


@given(st.integers(0, 60))
def test_octave_shares(k):
    for scale in (ONE_SIDED, TWO_SIDED):
        share = octaves.share(scale, sp.Integer(k))
        assert octave_share(k, scale) == float(1 / share)


@given(st.integers(1, 20), deltas, st.floats(1e-3, 1.0))
def test_sample_size(k, delta, eps):
    """The n from which the lemma's hypothesis holds."""
    needed = samples_needed(k, delta, eps)
    lemma = sample_size
    limit = lemma.SMALL["enough"].rhs / lemma.eps**2
    truth = value(limit, {lemma.k: k, lemma.delta: delta, lemma.eps: eps})
    assert needed == pytest.approx(float(truth), rel=1e-12)
    assert limit.has(exact(SAMPLE_SIZE))
    assert limit.has(exact(SAMPLE_LOG))

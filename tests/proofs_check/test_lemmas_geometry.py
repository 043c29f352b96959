"""What the lemmas on inputs and masks prove is what the package computes."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from proofs_check.kernel.mutants import attack, refute
from proofs_check.kernel.terms import ForAll, eq, ge, gt, reals
from proofs_check.kernel.verdicts import Verdict
from proofs_check.lemmas import certificates, herbst, random_masks, random_widths, relu_means
from robustlaw.data import Ball, Cube, Gaussian, Sphere, Stiefel

ONE = {certificates.r: 1, certificates.a: Fraction(1, 2)}


def upper_end(lemma, part, values):
    """The right side of rho <= ... with numbers put in."""
    claim = lemma.statement[part]
    assert claim.lhs == certificates.best
    return float(claim.rhs.subs(values))


@pytest.mark.parametrize("dim", [3, 4, 50])
def test_proxies_of_the_distributions_are_those_of_the_lemmas(dim):
    d, m, size = certificates.d, certificates.m, certificates.N
    pairs = [
        (Sphere(dim), upper_end(certificates.SPHERE, 0, {**ONE, d: dim})),
        (Ball(dim), upper_end(certificates.SHADOW, 0, {**ONE, m: dim})),
        (Cube(dim, half_width=0.5), upper_end(certificates.CUBE, 0, ONE)),
        (Stiefel(dim, 2), upper_end(certificates.GROUP, 3, {size: dim})),
    ]
    for law, proved in pairs:
        assert law.proxy == pytest.approx(proved, rel=1e-14)
    spread = Gaussian(2, covariance=np.array([0.25, 4.0]))
    found = upper_end(certificates.LOG_CONCAVE, 2, {certificates.l1: sp.Rational(1, 4), certificates.l2: 4})
    assert spread.proxy == pytest.approx(found, rel=1e-14)


@pytest.mark.parametrize("bias", [-1.5, 0.0, 0.4, 2.0])
def test_the_normal_mean_is_what_the_package_encloses(bias):
    low, high = Gaussian(3, covariance=1.0).relu_mean(np.array([[2.0, 0.0, 1.0]]), np.array([bias]))
    value = float(relu_means.normal_mean(sp.Float(bias, 40)).subs(relu_means.s, sp.sqrt(5)).evalf(30))
    assert low[0] <= value * (1 + 1e-15)
    assert value * (1 - 1e-15) <= high[0] <= low[0] * (1 + 1e-12)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_the_spherical_mean_is_what_the_package_encloses(dim):
    low, high = Sphere(dim).relu_mean(np.eye(dim)[:1] * 3.0, np.zeros(1))
    value = 3.0 * float(relu_means.PRINTED.subs(relu_means.d, dim - 1))
    assert low[0] * (1 - 1e-15) <= value <= high[0] * (1 + 1e-15)


def test_enumerations_weigh_every_mask_once():
    """Against a sum over masks with their own probabilities, written another way."""
    p1, p2 = Fraction(1, 3), Fraction(2, 5)
    for value in (random_masks.covered, random_masks.effective, random_masks.linked):
        total = Fraction(0)
        for bits in itertools.product((0, 1), repeat=6):
            first, last = (bits[0:2], bits[2:4]), bits[4:6]
            weight = math.prod(p1 if b else 1 - p1 for b in bits[:4])
            weight *= math.prod(p2 if b else 1 - p2 for b in last)
            total += weight * value(first, last)
        found = random_masks.mean_by_enumeration(2, 2, value)
        assert found.subs({random_masks.p1: p1, random_masks.p2: p2}) == sp.Rational(total)


@pytest.mark.parametrize(("density", "share"), [(0.3, 0.323), (0.15, 0.177), (0.1, 0.128), (0.05, 0.074)])
def test_effective_shares_of_thirty_inputs(density, share):
    found = random_widths.SHARE.subs({random_widths.k: 30, random_widths.p: density})
    assert float(found) == pytest.approx(share, abs=5e-4)


def test_a_witness_has_to_meet_a_hypothesis_on_a_slope():
    """A function that rises too fast is no witness against a bound on the slope."""
    t, f = reals("t"), sp.Function("f")
    slope = {"slope": ForAll((t,), ge(1 - sp.Derivative(f(t), t), 0), (gt(t, 0),)), "start": eq(f(0), 0)}
    claim, at = ge(1, f(t)), {t: 1}
    assert refute(claim, slope, {**at, f: sp.Lambda(t, 2 * t)}).verdict is Verdict.INCONCLUSIVE
    assert refute(ge(sp.Rational(1, 2), f(t)), slope, {**at, f: sp.Lambda(t, t)}).verdict is Verdict.REFUTED
    kept = next(m for m in herbst.HERBST.mutants if m.without == ("slope",))
    assert attack(herbst.HERBST, kept).verdict is Verdict.REFUTED

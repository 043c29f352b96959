"""Log densities of masks against exact fractions, enumeration, direct integrals and each other."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from robustlaw.errors import InfeasibleDensity, InvalidArgument, UnknownName
from robustlaw.information import LayerSizes
from robustlaw.information.densities import (
    LAWS,
    FoldedGaussian,
    Gaussian,
    Gumbel,
    Laplace,
    Logistic,
    bits_entropy,
    bits_log_prob,
    gibbs_entropy,
    gibbs_inclusion,
    gibbs_log_prob,
    layered_log_prob,
    log_symmetric,
    log_symmetric_tilted,
    race_log_prob,
    score_law,
    top_k_forms,
    top_k_log_prob,
)

RNG = np.random.default_rng
LAW_NAMES = pytest.mark.parametrize("name", sorted(LAWS))
AGREE = 1e-9  # the promised error of a log density

scores = st.lists(st.floats(-4.0, 4.0), min_size=2, max_size=7)


def subsets(bits: int, kept: int) -> np.ndarray:
    """All masks with `kept` entries."""
    rows = [[i in chosen for i in range(bits)] for chosen in itertools.combinations(range(bits), kept)]
    return np.array(rows, dtype=bool).reshape(-1, bits)


def repeated(row, masks) -> np.ndarray:
    return np.tile(np.asarray(row, dtype=float), (len(masks), 1))


def frozen(law, mu):
    """The same law in scipy's words."""
    if isinstance(law, FoldedGaussian):
        return stats.foldnorm(c=abs(mu) / law.scale, scale=law.scale)
    family = {Gaussian: stats.norm, Laplace: stats.laplace, Logistic: stats.logistic, Gumbel: stats.gumbel_r}
    return family[type(law)](loc=mu, scale=law.scale)


@LAW_NAMES
def test_laws_are_those_of_scipy(name):
    law = score_law(name, 0.7)
    t = np.linspace(0.05, 6.0, 40) if law.positive else np.linspace(-6.0, 6.0, 40)
    for mu in (-1.3, 0.0, 0.4):
        oracle = frozen(law, mu)
        at = np.array(mu)
        np.testing.assert_allclose(law.log_cdf(t, at), oracle.logcdf(t), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(law.log_sf(t, at), oracle.logsf(t), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(law.log_pdf(t, at), oracle.logpdf(t), rtol=1e-9, atol=1e-9)


@LAW_NAMES
def test_noise_from_uniforms_has_the_law(name):
    law = score_law(name, 1.3)
    drawn = law.scores(np.full(4000, 0.6), RNG(1).random(4000))
    assert stats.kstest(drawn, frozen(law, 0.6).cdf).pvalue > 1e-4
    u = np.linspace(0.01, 0.99, 50)
    assert (np.diff(law.noise(u)) > 0.0).all()


@LAW_NAMES
@settings(max_examples=30)
@given(mu=scores, data=st.data())
def test_all_masks_together_have_probability_one(name, mu, data):
    kept = data.draw(st.integers(0, len(mu)))
    masks = subsets(len(mu), kept)
    forms = top_k_forms(score_law(name, 0.8), repeated(mu, masks), masks)
    np.testing.assert_allclose(np.exp(forms).sum(axis=0), 1.0, atol=1e-10)
    assert abs(forms[:, 0] - forms[:, 1]).max() <= AGREE


@LAW_NAMES
def test_density_is_the_integral(name):
    law, mu = score_law(name, 0.9), np.array([0.5, 0.1, -0.5, 1.0, -1.4])
    masks = subsets(5, 2)
    law_of = [frozen(law, m) for m in mu]

    def probability(mask):
        """Form A, term by term."""
        above, below = np.flatnonzero(mask), np.flatnonzero(~mask)

        def smallest(t):
            rest = math.prod(law_of[i].cdf(t) for i in below)
            return rest * sum(
                law_of[i].pdf(t) * math.prod(law_of[j].sf(t) for j in above if j != i) for i in above
            )

        start = 0.0 if law.positive else -15.0
        return integrate.quad(smallest, start, 15.0, epsabs=1e-11, limit=200, points=sorted(abs(mu)))[0]

    chosen = masks[[0, 4, 9]]
    np.testing.assert_allclose(
        np.exp(top_k_log_prob(law, repeated(mu, chosen), chosen)), [probability(m) for m in chosen], atol=1e-9
    )


def test_golden_gaussian_top_two():
    masks = np.array([[1, 0, 0, 1], [0, 1, 1, 0]], dtype=bool)
    logs = top_k_log_prob(Gaussian(), repeated([0.5, 0.0, -0.5, 1.0], masks), masks)
    np.testing.assert_allclose(logs, [-0.81978152, -3.54997878], atol=1e-8)


def race_exactly(weights, chosen) -> Fraction:
    """sum over A in S of (-1)^|A| W / (W + w(A)), W the weight outside S."""
    outside = sum((w for i, w in enumerate(weights) if i not in chosen), Fraction(0))
    parts = itertools.chain.from_iterable(
        itertools.combinations(chosen, size) for size in range(len(chosen) + 1)
    )
    return sum(
        ((-1) ** len(part) * outside / (outside + sum(weights[i] for i in part)) for part in parts),
        Fraction(0),
    )


@given(weights=st.lists(st.integers(1, 40), min_size=2, max_size=6), data=st.data())
def test_race_is_inclusion_and_exclusion(weights, data):
    chosen = data.draw(st.sets(st.sampled_from(range(len(weights))), max_size=len(weights) - 1))
    mask = np.array([[i in chosen for i in range(len(weights))]])
    exact = race_exactly([Fraction(w) for w in weights], sorted(chosen))
    log_weights = np.log(np.array([weights], dtype=float))
    assert race_log_prob(log_weights, mask)[0] == pytest.approx(math.log(exact), abs=AGREE)


def test_golden_race():
    mask = np.array([[True, False, True, False]])
    value = math.exp(race_log_prob(np.log([[3.0, 1.0, 2.0, 1.0]]), mask)[0])
    assert value == pytest.approx(27 / 70, abs=1e-12)


@LAW_NAMES
def test_counting_by_value_changes_nothing(name):
    """70 scores of two values, once as two classes and once nudged apart by 1e-13."""
    law, rng = score_law(name, 1.0), RNG(5)
    mu = np.where(rng.random((6, 70)) < 0.4, 1.1, 0.3)
    masks = np.argsort(np.argsort(mu + rng.normal(size=mu.shape), axis=1), axis=1) >= 50
    apart = mu + 1e-13 * np.arange(70)
    assert len(np.unique(apart)) > 64
    np.testing.assert_allclose(top_k_log_prob(law, mu, masks), top_k_log_prob(law, apart, masks), atol=1e-9)


@settings(max_examples=25)
@given(mu=scores, shift=st.floats(-50.0, 50.0), scale=st.floats(0.1, 10.0), seed=st.integers(0, 99))
def test_shift_scale_permutation_and_reflection(mu, shift, scale, seed):
    mu, rng = np.array([mu]), RNG(seed)
    mask = rng.permuted(np.arange(mu.shape[1])[None] < mu.shape[1] // 2, axis=1)
    value = top_k_log_prob(Gaussian(), mu, mask)
    order = rng.permutation(mu.shape[1])
    for other in (
        top_k_log_prob(Gaussian(), mu + shift, mask),
        top_k_log_prob(Gaussian(scale), mu * scale, mask),
        top_k_log_prob(Gaussian(), mu[:, order], mask[:, order]),
        top_k_log_prob(Gaussian(), -mu, ~mask),  # the largest of -s are the smallest of s
    ):
        np.testing.assert_allclose(other, value, atol=2e-9)


@LAW_NAMES
def test_hopeless_and_sure_masks(name):
    """Scores far apart: one mask is nearly sure, its opposite nearly impossible, both finite."""
    mu = np.array([[40.0, 42.0, 1.0, 2.0, 3.0]])
    law = score_law(name, 1.0)
    sure = np.array([[True, True, False, False, False]])
    assert -1e-10 <= top_k_log_prob(law, mu, sure)[0] <= 1e-10
    opposite = top_k_log_prob(law, mu, ~sure)[0]
    assert -4000.0 < opposite < -36.0


def test_reference_over_density_has_mean_one():
    """E[q(m) / p(m|D)] = 1 for q uniform on the k-subsets; masks drawn by noise, not by the density."""
    law, mu, runs = Gaussian(), np.array([0.6, 0.1, 0.0, -0.2, 0.4, -0.7, 0.3, 0.2]), 20_000
    noisy = law.scores(np.tile(mu, (runs, 1)), RNG(11).random((runs, 8)))
    masks = np.argsort(np.argsort(noisy, axis=1), axis=1) >= 5
    ratio = np.exp(-np.log(math.comb(8, 3)) - top_k_log_prob(law, np.tile(mu, (runs, 1)), masks))
    assert abs(ratio.mean() - 1.0) < 5.0 * ratio.std() / math.sqrt(runs)


def test_layers_are_independent():
    sizes, law, rng = LayerSizes((4, 3), (2, 1)), Logistic(), RNG(2)
    mu = rng.normal(size=(1, 7))
    masks = np.array([[*a, *b] for a in subsets(4, 2) for b in subsets(3, 1)])
    logs = layered_log_prob(law, np.tile(mu, (len(masks), 1)), masks, sizes)
    assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-10)
    parts = [top_k_log_prob(law, mu[:, s], masks[:1, s])[0] for s in (slice(0, 4), slice(4, 7))]
    assert logs[0] == pytest.approx(sum(parts), abs=1e-10)
    wrong = np.ones((1, 7), dtype=bool)
    assert layered_log_prob(law, mu, wrong, sizes)[0] == -np.inf


@given(
    weights=st.lists(st.floats(-6.0, 6.0), min_size=1, max_size=8),
    data=st.data(),
)
def test_gibbs_against_enumeration(weights, data):
    kept = data.draw(st.integers(0, len(weights)))
    masks, w = subsets(len(weights), kept), np.array([weights])
    plain = np.exp(masks @ w[0])
    expected = plain / plain.sum()
    np.testing.assert_allclose(
        np.exp(gibbs_log_prob(repeated(weights, masks), masks, kept)), expected, atol=1e-11
    )
    for form in (log_symmetric, log_symmetric_tilted):
        assert form(w, kept)[0] == pytest.approx(math.log(plain.sum()), abs=1e-10)
    np.testing.assert_allclose(gibbs_inclusion(w, kept)[0], expected @ masks, atol=1e-10)
    assert gibbs_entropy(w, kept)[0] == pytest.approx(-(expected * np.log(expected)).sum(), abs=1e-9)


def test_golden_conditional_poisson():
    w = np.log([[1.0, 2.0, 3.0, 4.0]])
    assert math.exp(log_symmetric_tilted(w, 2)[0]) == pytest.approx(35.0, abs=1e-10)
    assert gibbs_entropy(w, 2)[0] == pytest.approx(1.6287115581, abs=1e-9)
    np.testing.assert_allclose(35.0 * gibbs_inclusion(w, 2)[0], [9.0, 16.0, 21.0, 24.0], atol=1e-10)


def test_gibbs_at_large_size():
    """The recursion and the tilted form at N = 3000, where aliases are dropped."""
    w = 2.0 * RNG(3).normal(size=(2, 3000))
    np.testing.assert_allclose(log_symmetric_tilted(w, 300), log_symmetric(w, 300), rtol=1e-12)
    np.testing.assert_allclose(gibbs_inclusion(w, 300).sum(axis=1), 300.0, rtol=1e-11)
    assert gibbs_log_prob(w[:1], np.zeros((1, 3000), dtype=bool), 300)[0] == -np.inf
    equal = np.zeros((1, 3000))
    size = math.lgamma(3001) - math.lgamma(301) - math.lgamma(2701)
    assert gibbs_entropy(equal, 300)[0] == pytest.approx(size, rel=1e-11)


@given(p=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6))
def test_independent_bits(p):
    p = np.array([p])
    masks = np.array(list(itertools.product([False, True], repeat=p.shape[1])))
    logs = bits_log_prob(repeated(np.log(p / (1.0 - p))[0], masks), masks)
    assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-12)
    assert bits_entropy(p)[0] == pytest.approx(-(np.exp(logs) * logs).sum(), abs=1e-12)
    assert bits_entropy(np.array([[0.0, 1.0]]))[0] == 0.0


def test_named_errors():
    mu, mask = np.zeros((2, 3)), np.array([[True, False, False], [True, True, False]])
    with pytest.raises(InvalidArgument, match="same number"):
        top_k_log_prob(Gaussian(), mu, mask)
    with pytest.raises(InvalidArgument, match="finite"):
        top_k_log_prob(Gaussian(), mu * np.nan, mask)
    with pytest.raises(UnknownName, match="cauchy"):
        score_law("cauchy", 1.0)
    with pytest.raises(InvalidArgument, match="scale"):
        Gaussian(0.0)
    with pytest.raises(InfeasibleDensity, match="kept"):
        gibbs_inclusion(mu, 4)


@pytest.mark.parametrize("name", ["gaussian", "gumbel", "logistic"])
def test_many_scores_on_many_scales(name):
    """70 distinct values hundreds of noise widths apart, masks at random: against a fine trapezoid rule."""
    law, rng = score_law(name, 0.5), RNG(9)
    mu = 60.0 * rng.normal(size=(3, 70))
    masks = np.argsort(np.argsort(rng.random(mu.shape), axis=1), axis=1) < np.array([[1], [35], [69]])
    for row, mask in zip(mu, masks, strict=True):
        t = np.linspace(row.min() - 30.0, row.max() + 30.0, 100_001)[:, None]
        tails = np.where(mask, law.log_sf(t, row), law.log_cdf(t, row))
        rates = np.where(mask, law.log_pdf(t, row) - tails, -np.inf)
        logs = tails.sum(axis=1) + special.logsumexp(rates, axis=1)
        value = special.logsumexp(logs) + np.log(t[1, 0] - t[0, 0])
        assert top_k_log_prob(law, row[None], mask[None])[0] == pytest.approx(value, rel=1e-8, abs=1e-8)

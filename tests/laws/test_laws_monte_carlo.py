"""A short run of benchmarks/laws.py, and its simulators against independent computation."""

import itertools
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import laws_classes as classes
import laws_trials as trials

from robustlaw.laws import SparseSharp

DRAWS = 8_000
SHORT = {**trials.TRIALS, "printed": lambda draws, seed: trials.printed(draws // 10, seed)}


@pytest.mark.parametrize("name", SHORT)
def test_laws_keep_their_word_and_mutants_are_caught(name):
    rows = list(SHORT[name](DRAWS, seed=11))
    assert {row.kind for row in rows} == {"law", "mutant"}
    assert [row for row in rows if not row.passed] == []


def test_a_row_fails_if_its_law_fails_too_often_or_its_mutant_lives():
    needed = np.repeat([2.0, 0.5], [40, 960])
    assert not trials.rate("law", "", "", 0.02, needed).passed
    assert not trials.rate("law", "", "", 0.045, needed).passed  # not yet certain
    assert trials.rate("law", "", "", 0.1, needed).passed
    assert trials.rate("mutant", "", "", 0.02, needed).passed
    assert not trials.rate("mutant", "", "", 0.1, needed).passed
    row = trials.rate("law", "", "", 0.02, needed)
    assert row.low <= row.found == 0.04 <= row.high
    assert row.reach == 2.0


def test_whole_laws_agree_on_real_networks():
    assert trials.cross_check(500, seed=3) < 1e-5


@pytest.mark.parametrize("title", classes.BENCHES)
def test_functions_have_slope_1_at_most_and_mean_0(title):
    bench = classes.BENCHES[title]
    rng = np.random.default_rng(0)
    x = bench.inputs(2000, bench, rng)
    f = bench.functions(x).reshape(2000 * bench.n, -1)
    assert np.abs(f.mean(axis=0) / f.std(axis=0)).max() < 5.0 / math.sqrt(len(f))
    a, b = x.reshape(-1, bench.dim)[:-1], x.reshape(-1, bench.dim)[1:]
    gap = np.linalg.norm(a.astype(float) - b, axis=1)[:, None]
    assert np.all(np.abs(np.diff(f.astype(float), axis=0)) <= gap * (1.0 + 1e-5) + 1e-6)


@pytest.mark.parametrize("title", classes.BENCHES)
def test_noise_has_mean_0_given_x_and_keeps_to_its_bound(title):
    bench = classes.BENCHES[title]
    rng = np.random.default_rng(1)
    x = bench.inputs(4000, bench, rng)
    z = bench.noise(x, rng).astype(float)
    assert np.abs(z).max() <= bench.problem.noise_bound
    large = np.abs(x[:, :, 0]) > np.median(np.abs(x[:, :, 0]))
    for part in (z[large], z[~large]):
        assert abs(part.mean()) < 5.0 * part.std() / math.sqrt(part.size)


def test_batches_do_not_depend_on_how_they_are_cut():
    bench = replace(classes.NORMAL, n=3)
    x = np.concatenate([x for x, _ in bench.batches(30_000, 5)])
    assert x.shape == (30_000, 3, 64)
    assert len(list(bench.batches(30_000, 5))) > 1
    found = bench.correlations(30_000, 5)
    assert abs(float(found.std()) / math.sqrt(1 / 192) - 1.0) < 0.01


def test_the_best_subset_of_every_size():
    x = np.random.default_rng(2).normal(size=(5, 6)).astype(np.float32)
    found = classes.best_subsets(x)
    for row, best in zip(x, found, strict=True):
        for k in range(1, 7):
            truth = max(sum(s) for s in itertools.combinations(row.tolist(), k)) / math.sqrt(k)
            assert best[k - 1] == pytest.approx(truth, rel=1e-5)


def test_information_of_the_noisy_best_is_that_of_its_table():
    """W given the true best member, of K equally likely ones."""
    for k, noise in ((2, 0.3), (5, 0.9), (7, 0.0)):
        channel = (1.0 - noise) * np.eye(k) + noise / k
        joint = channel / k
        held = joint[joint > 0.0]
        entropy = -float((held * np.log(held)).sum())
        assert trials.noisy_information(k, noise) == pytest.approx(2.0 * math.log(k) - entropy)
    assert trials.noisy_information(9, 1.0) == pytest.approx(0.0, abs=1e-12)


def test_the_gate_opens_as_often_as_it_says():
    law, bench = SparseSharp(0.5), classes.NORMAL
    q, nats = trials.gate(law, bench, 64)
    assert nats == pytest.approx(q * math.log(64))
    step = trials.slope(law, bench, nats)
    threshold = 1.0 / (step * math.sqrt(bench.problem.proxy / bench.n))
    assert q == pytest.approx(1.0 - norm.cdf(threshold) ** 64, rel=1e-5)
    x = bench.correlations(4000, 7)
    assert abs((x.max(axis=1) * step > 1.0).mean() - q) < 5.0 * math.sqrt(q * (1.0 - q) / 4000)


def test_sign_sums_are_drawn_from_their_law():
    """Against data sets drawn whole, with the best signs found on each."""
    dim, n, draws = 6, 5, 4000
    c, q = classes.SignSums(dim, n).draw(draws, 0)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(draws, n, dim)) / math.sqrt(dim)
    z = rng.choice([-1.0, 1.0], (draws, n))
    direction = np.sign(np.einsum("dn,dni->di", z, x)) / math.sqrt(dim)
    f = np.einsum("dni,di->dn", x, direction)
    assert ks_2samp(c, (z * f).mean(axis=1)).pvalue > 1e-3
    assert ks_2samp(q, (f**2).mean(axis=1)).pvalue > 1e-3
    assert np.corrcoef(c, q)[0, 1] == pytest.approx(
        np.corrcoef((z * f).mean(axis=1), (f**2).mean(axis=1))[0, 1], abs=0.08
    )


def test_fewest_wrong_labels_of_a_fixed_class():
    """Of all 2^3 classifiers of three labels one is right; a single one is wrong as fair coins are."""
    assert classes.fewest_wrong(4096, 3, 200, 0).max() == 0
    single = classes.fewest_wrong(1, 9, 20_000, 0)
    assert abs(single.mean() - 4.5) < 5.0 * 1.5 / math.sqrt(20_000)

"""A ledger that forgets the mask is refuted on networks whose mask is all they know."""

import json
from dataclasses import asdict
from functools import cache

import numpy as np
import pytest

from robustlaw.evidence import Verdict, from_json
from robustlaw.laws import tally
from robustlaw.studies import law, top_k_sign

SEEDS = range(3)
FULL, WRONG = "DescriptionLength", "DescriptionLength without mask"


def evidence(row):
    return {e.law: e for e in (from_json(json.dumps(item)) for item in row["evidence"])}


@cache
def linear():
    cells = [(k, seed) for k in (10, 40) for seed in SEEDS]
    rows = [top_k_sign.run([{"n": 400, "dim": 400, "k": k, "seed": s, "delta": 0.05}])[0] for k, s in cells]
    return [(seed, evidence(row)) for (_, seed), row in zip(cells, rows, strict=True)]


@cache
def supermasks():
    cells = [
        law.LawConfig("test", "gaussian", 800, 48, (12,), "EdgePopup", 0.15, s, steps=120) for s in SEEDS
    ]
    rows = law.run([asdict(c) for c in cells])
    return [(c.seed, evidence(row)) for c, row in zip(cells, rows, strict=True)]


@pytest.mark.parametrize("networks", [linear, supermasks])
def test_the_full_ledger_holds_and_the_wrong_one_is_violated(networks):
    found = networks()
    full = tally(FULL, [(key, 0, e[FULL]) for key, e in found])
    wrong = tally(WRONG, [(key, 0, e[WRONG]) for key, e in found])
    assert full.verdict is Verdict.HOLDS
    assert full.counts == {Verdict.HOLDS: len(found)}
    assert wrong.verdict is Verdict.VIOLATED
    assert wrong.counts == {Verdict.VIOLATED: len(found)}
    assert wrong.bad == wrong.datasets == len(SEEDS)


@pytest.mark.parametrize("networks", [linear, supermasks])
def test_the_two_ledgers_differ_by_the_mask_alone(networks):
    for _, e in networks():
        full, wrong = e[FULL].details, e[WRONG].details
        assert full["p_eff"] - wrong["p_eff"] == pytest.approx(full["mask nats"])
        assert wrong["mask nats"] == 0.0
        assert full["correlation"] == wrong["correlation"]


def test_other_true_laws_hold_on_supermasks():
    for _, e in supermasks():
        assert e["SparseSharp"].verdict is Verdict.HOLDS
        assert e["MemorisationConverse"].verdict is Verdict.HOLDS
        for name in ("UniversalPrinted", "SparsePrinted", "SparseRepaired"):
            assert e[name].verdict is Verdict.NOT_APPLICABLE


def test_top_k_sign_is_what_it_says():
    """Lip = sqrt k exactly, and the kept inputs are the ones that the labels agree with most."""
    data = top_k_sign.Problem(top_k_sign.Gaussian(30)).sample(50, 0)
    net = top_k_sign.top_k_sign(data, 7, 0)
    assert net.kept == 7
    scores = np.abs(data.y @ data.x)
    assert scores[net.masks[0][0]].min() >= scores[~net.masks[0][0]].max()
    assert np.array_equal(net.weights[0][0] != 0.0, net.masks[0][0])

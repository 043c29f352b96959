"""Claims of the figures on the data diet on rows made to be right, and to be wrong: each mutant dies."""

import math

import numpy as np
import polars as pl
import pytest

from figures.claims import judge
from figures.gallery import companion_diet, companion_overlaps
from robustlaw.evidence import Verdict

SEEDS = 12
BARRIERS = {0: 0.25, 25: 0.07, 50: 0.03, 100: 0.004, 300: -0.01}
ARMS = {"random": 0.04, "easiest": 0.2, "hardest": 0.06, "half wrong labels": 0.05}
OVERLAPS = {0: (0.28, 0.27), 25: (0.42, 0.38), 100: (0.6, 0.55), 300: (0.83, 0.8)}


def diet_table(barriers=BARRIERS, arms=ARMS, overlaps=OVERLAPS):
    rng = np.random.default_rng(0)
    jitter = rng.normal(0.0, 1e-4, (SEEDS, 40))
    lines = []
    for seed in range(SEEDS):
        points = [("all", s, b) for s, b in barriers.items()] + [(a, 50, b) for a, b in arms.items()]
        for place, (arm, step, barrier) in enumerate(points):
            value = barrier + jitter[seed, place]
            lines.append({"kind": "point", "seed": seed, "arm": arm, "step": step, "barrier": value})
        for step, (same, fresh) in overlaps.items():
            own = {"kind": "ticket", "seed": seed, "step": step, "level": 10, "kept": 644, "weights": 6016}
            lines.append({**own, "same": same, "fresh": fresh})
    return pl.DataFrame(lines, infer_schema_length=None)


def verdicts(claims):
    return {j.claim.name: j.evidence.verdict for j in judge(claims)}


def test_rows_as_they_should_be_satisfy_every_claim_and_no_mutant():
    found = verdicts(companion_diet.claims(diet_table()))
    for name, verdict in found.items():
        assert verdict is (Verdict.VIOLATED if name.startswith("mutant") else Verdict.HOLDS), name


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"barriers": {**BARRIERS, 300: 0.1}}, "longer is flatter"),
        ({"barriers": {**BARRIERS, 100: 0.051}}, "five times"),
        ({"arms": {**ARMS, "random": 0.09}}, "a quarter is enough"),
        ({"arms": {**ARMS, "hardest": 0.02}}, "hard is worse"),
        ({"overlaps": {**OVERLAPS, 300: (0.83, 0.5)}}, "masks settle"),
        ({"overlaps": {s: (fresh, same) for s, (same, fresh) in OVERLAPS.items()}}, "masks know their data"),
        ({"barriers": {**BARRIERS, 100: 0.3}}, "mutant: barriers grow"),
        ({"overlaps": {**OVERLAPS, 100: (0.55, 0.6)}}, "mutant: masks forget"),
    ],
)
def test_each_claim_turns_with_its_rows(changed, claim):
    wanted = Verdict.HOLDS if claim.startswith("mutant") else Verdict.VIOLATED
    assert verdicts(companion_diet.claims(diet_table(**changed)))[claim] is wanted


def level(number, before, after, line):
    return {"level": number, "from_error": before, "error": after, "line_error": line}


def test_levels_are_sorted_by_what_matches_and_what_is_connected():
    pairs = [
        level(1, 0.30, 0.304, 0.305),  # both
        level(2, 0.30, 0.29, 0.32),  # matching, a hill between
        level(3, 0.30, 0.33, 0.331),  # connected, and worse
        level(4, 0.30, 0.33, 0.36),  # neither
    ]
    rows = [{"kind": "ticket", "step": 100, "seed": s, **p} for s in (0, 1) for p in pairs]
    rows.append({"kind": "ticket", "step": 100, "seed": 0, **level(0, None, 0.3, None)})
    found = companion_overlaps.links(pl.DataFrame(rows, infer_schema_length=None), 100)
    assert {name: v.tolist() for name, v in found.items()} == {
        name: [1.0, 1.0] for name in ("both", "matching only", "connected only", "neither")
    }


def test_a_bracket_is_fanos_bound_below_and_a_count_above():
    right, wrong = {"kept": 3849, "cd": 0.7, "ce": 0.6}, {"kept": 3849, "cd": 0.6, "ce": 0.6}
    told = companion_overlaps._bracket(100, [right] * 32, 6016)
    error = 1.0 - 0.025 ** (1 / 32)  # Clopper and Pearson's upper end for no error in 32
    entropy = -(error * math.log(error) + (1 - error) * math.log(1 - error))
    assert told["lower"] == pytest.approx(math.log(2) - entropy, abs=1e-9)
    assert told["upper"] == pytest.approx(math.log(math.comb(6016, 3849)), rel=1e-9)
    assert told["proxy"] == pytest.approx(2 * 3849 * 0.1)
    tied = companion_overlaps._bracket(100, [wrong] * 32, 6016)
    assert tied["errors"] == 32  # a tie is an error
    assert tied["lower"] == 0.0


def test_caps_are_those_of_the_accountant():
    caps = {c["name"]: c["upper"] for c in companion_overlaps._caps(4000, 6016, 644)}
    quarter = 1000 * math.log(10)
    assert caps["a random quarter"] == pytest.approx(quarter)
    assert caps["the hardest quarter"] == pytest.approx(quarter + math.log(math.comb(4000, 1000)))
    assert caps["all labels"] == pytest.approx(4 * quarter)

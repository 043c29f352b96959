"""Studies of random sources: rows stand alone, counts are equal, and what is told is computed again."""

import json
import math

import numpy as np
import pytest

from robustlaw import errors
from robustlaw.constructions import coverage, source_copies
from robustlaw.pruning import items_for
from robustlaw.studies import containment as containment_study
from robustlaw.studies import coverage as coverage_study
from robustlaw.studies import random_sources, strong_tickets, subset_sums
from robustlaw.studies.containment import ContainmentConfig
from robustlaw.studies.coverage import CoverageConfig
from robustlaw.studies.random_sources import SourceConfig
from robustlaw.studies.strong_tickets import StrongConfig
from robustlaw.studies.subset_sums import SubsetSumConfig

SMALL = {
    "counts": (60, 30),
    "widths": (5, 12, 10, 3),
    "teacher": (5, 4, 3),
    "n": 48,
    "test": 80,
    "steps": 12,
    "rate": 0.5,
}
CASES = [
    (coverage_study, CoverageConfig(0.3, 4, 5, 0, draws=50, output_density=0.5)),
    (containment_study, ContainmentConfig(0.5, 0, draws=20)),
    (subset_sums, SubsetSumConfig(0, (0.2, 1.0), draws=40, items=18, eps=0.05)),
    (strong_tickets, StrongConfig(0, 12, 1.0, widths=(2, 3, 1), probes=50)),
    *(
        (random_sources, SourceConfig(arm, 0, source, **SMALL))
        for arm, source in (("Balanced", 1.0), ("RigL", 1.0), ("IterativeInSource", 0.6))
    ),
]


@pytest.mark.parametrize(("study", "cell"), CASES, ids=lambda v: getattr(v, "arm", None))
def test_rows_do_not_depend_on_their_neighbours_and_survive_json(study, cell):
    other = {**cell.plain(), "seed": 1}
    assert study.bucket(cell.plain()) is not None
    together = study.run([cell.plain(), other])
    alone = study.run([cell.plain()])
    assert json.loads(json.dumps(together[0], allow_nan=False)) == alone[0]
    assert together[0] != together[1]


@pytest.mark.parametrize("arm", random_sources.ARMS)
def test_every_arm_keeps_exactly_the_same_counts(arm):
    row = random_sources.run([SourceConfig(arm, 3, **SMALL).plain()])[0]
    assert row["realised"] == [60, 30]
    assert [sum(layers) for layers in row["layers"]] == [60, 30]
    assert all(e <= k for e, k in zip(row["effective"], row["realised"], strict=True))
    assert all(0.0 <= a <= 1.0 for a in row["accuracy"])


def test_masks_are_charged_for_what_they_may_be():
    total = 5 * 12 + 12 * 10 + 10 * 3
    for arm, source, wanted in (
        ("Pyramidal", 1.0, 0.0),
        ("RigL", 1.0, math.log(math.comb(total, 60))),
        ("IterativeInSource", 0.6, math.log(math.comb(126, 60))),
        ("IterativeInSource", 1.0, math.log(math.comb(total, 60))),
    ):
        cell = SourceConfig(arm, 0, source, **SMALL)
        assert random_sources.budget(cell, 60) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_arms_share_their_data():
    cells = [SourceConfig(arm, 4, **SMALL) for arm in ("Random", "RigL")]
    (x, y), (x_again, y_again) = (random_sources.problem(c, "random sources 4") for c in cells)
    assert np.array_equal(x, x_again)
    assert np.array_equal(y, y_again)
    assert set(np.unique(y)) <= {0.0, 1.0, 2.0}


def test_coverage_rows_tell_the_closed_form_and_the_floor():
    row = coverage_study.run([CoverageConfig(0.3, 4, 5, 0, draws=4000, output_density=0.5).plain()])[0]
    exact = float(coverage(0.3, 4, 5, 0.5))
    assert row["exact"] == exact
    assert abs(row["found"] - 4000 * exact) <= 3.0 * math.sqrt(4000 * exact * (1.0 - exact)) + 1.0
    assert (row["below_covers"], row["above_covers"]) == (False, True)


def test_containment_rows_have_the_theorems_copies_and_true_tickets():
    row = containment_study.run([ContainmentConfig(0.4, 1, draws=30, tickets=3).plain()])[0]
    assert tuple(row["copies"]) == source_copies([40, 24], [0.4, 0.4], 0.1)
    assert row["floor"] <= row["exact"]
    assert row["missed"] <= 0.1 + 1e-9
    assert row["embedded"] > 0
    assert row["gap"] <= 1e-12
    half = containment_study.run([ContainmentConfig(0.4, 1, share=0.5, draws=30).plain()])[0]
    assert half["exact"] < row["exact"]


def test_subset_sum_rows_tell_counts_of_their_own_draws():
    row = subset_sums.run([SubsetSumConfig(2, (0.3,), draws=60, items=18, eps=0.05).plain()])[0]
    needed = np.repeat(np.arange(len(row["needed"])), row["needed"])
    assert len(needed) == 60
    assert row["counts"] == [items_for(needed, 0.3, 0.9)]
    assert row["solvers"] <= 1e-5


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: SourceConfig("Magic", 0), "arm"),
        (lambda: SourceConfig("IterativeInSource", 0, 0.05), "counts"),
        (lambda: SourceConfig("Random", 0, counts=(10, 20)), "counts"),
        (lambda: SourceConfig("Random", 0, teacher=(3, 5)), "teacher"),
        (lambda: CoverageConfig(0.0, 3, 3, 0), "density"),
        (lambda: ContainmentConfig(0.5, 0, share=0.0), "share"),
        (lambda: SubsetSumConfig(0, ()), "densities"),
        (lambda: StrongConfig(0, 0, 1.0), "units"),
    ],
)
def test_wrong_configs_are_named(make, name):
    with pytest.raises(errors.RobustlawError, match=name):
        make()

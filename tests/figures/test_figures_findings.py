"""Findings: the same sentence comes out as what the seeds say, and never as a condition."""

import numpy as np
import polars as pl
import pytest

from figures.findings import finding, told


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        (np.full(12, 0.3), "found here"),
        (np.full(12, -0.3), "the opposite is found here"),
        (np.tile([-0.3, 0.3], 6), "within noise here"),
        (np.zeros(12), "the opposite is found here"),  # a tie is not what the sentence says
        (np.full(2, 0.3), "within noise here"),  # two seeds decide nothing
    ],
)
def test_a_finding_says_what_the_seeds_say(differences, verdict):
    row = finding("name", "a sentence", differences, "median gain")
    assert row["verdict"] == verdict
    assert row["above"] == int((differences > 0.0).sum())
    (line,) = told(pl.DataFrame([row, {**row, "kind": "claim"}]))
    assert line.startswith(f"a sentence: {verdict} ({row['above']} of {len(differences)} seeds")
    assert f"median gain {np.median(differences):+.3f}" in line


def test_a_median_that_is_not_worth_telling_is_not_told():
    (line,) = told(pl.DataFrame([finding("name", "a sentence", np.full(12, -3.0))]))
    assert line == "a sentence: the opposite is found here (0 of 12 seeds)"

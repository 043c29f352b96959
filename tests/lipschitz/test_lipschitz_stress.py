"""Awkward tiny networks in number; ROBUSTLAW_STRESS=10000 runs as many (about a minute)."""

import os

import pytest
from lipschitz_stress import complaints

COUNT = int(os.environ.get("ROBUSTLAW_STRESS", "240"))
PART = 60


@pytest.mark.parametrize("begin", range(0, COUNT, PART))
def test_brackets_contain_the_truth_and_only_true_claims_are_believed(begin):
    assert complaints(range(begin, min(COUNT, begin + PART))) == []

"""The studies on lottery tickets on a data diet: one seed is one seed, and known numbers come out."""

import math

import numpy as np
import pytest
import torch

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.networks.normalised import NormalisedStack, outputs
from robustlaw.networks.normalised_training import descend
from robustlaw.studies import axial_subspaces, data_diet, ticket_overlap
from robustlaw.studies.diet_toy import DietToy, data_sets, early_errors, half_wrong, initial_points, pool_of

# hidden widths and batches fill vector registers, so that bits do not depend on companions
SMALL = {
    "n": 64,
    "widths": [6, 16, 8, 4],
    "classes": 4,
    "clusters": 2,
    "steps": 40,
    "batch_size": 16,
    "scored": 2,
    "early": 10,
}
ARMS = ["all", "all", "random", "easiest", "hardest", "half wrong labels"]
STEPS = [0, 20, 10, 10, 10, 10]


def barrier_cells(seeds):
    return [{"seed": s, "arms": ARMS, "points": STEPS, "children": 3, **SMALL} for s in seeds]


def ticket_cells(seeds, **more):
    return [{"seed": s, "step": 10, "levels": 3, **SMALL, **more} for s in seeds]


@pytest.mark.parametrize(
    ("study", "make"),
    [(data_diet, barrier_cells), (ticket_overlap, ticket_cells)],
    ids=["barriers", "tickets"],
)
def test_a_row_does_not_depend_on_its_neighbours(study, make):
    together = study.run(make([0, 1, 2]))
    assert study.run(make([1])) == together[1:2]
    assert study.run(make([2, 0])) == [together[2], together[0]]
    assert len({study.bucket(c) for c in make([0, 1])}) == 1


def test_every_rewind_point_is_told_and_arms_differ():
    (row,) = data_diet.run(barrier_cells([0]))
    assert [(p["arm"], p["step"]) for p in row["points"]] == list(zip(ARMS, STEPS, strict=True))
    assert len({p["barrier"] for p in row["points"]}) == len(ARMS)
    for point in row["points"]:
        assert 0.0 <= point["raised"] <= 1.0
        assert point["highest"] >= max(0.0, point["barrier"]) - 1e-9
        assert point["largest"] >= point["barrier"]
        assert 0.0 <= point["test_error"] <= 1.0


def test_barriers_are_those_of_a_plain_loop_over_children():
    """Trained one by one, and evaluated sample by sample from the definition."""
    config = {"seed": 3, "arms": ["all"], "points": [10], "children": 3, **SMALL}
    (row,) = data_diet.run([config])
    cell = data_diet.DataDietConfig.of(config)
    x, y = data_diet._own_sets(cell)
    pool, start = pool_of(x, y), initial_points([cell])
    point = descend(start, pool, [data_diet._reading(cell, 0, "all", None)], cell.plan, last=10)
    children = [
        descend(point, pool, [data_diet.Reading(0, f"{cell.key} child {i}")], cell.plan, first=10).values
        for i in range(3)
    ]

    def losses(values):
        f = outputs(NormalisedStack(cell.arch, values), pool.columns([0]))
        return torch.nn.functional.cross_entropy(f, pool.labels[[0]].long(), reduction="none")[0]

    found = [
        losses((children[i] + children[j]) / 2.0) - (losses(children[i]) + losses(children[j])) / 2.0
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    # float32 on one side
    assert row["points"][0]["barrier"] == pytest.approx(float(torch.stack(found).mean()), abs=2e-5)
    middle, ends = (children[0] + children[1]) / 2.0, children[:2]
    (pair,) = data_diet.run([{**config, "children": 2}])
    told = pair["points"][0]
    unseen = [losses_on_test_data(cell, pool, values) for values in (middle, *ends)]
    assert told["test_barrier"] == pytest.approx(unseen[0] - (unseen[1] + unseen[2]) / 2.0, abs=2e-5)
    assert told["train_loss"] == pytest.approx(
        float((losses(ends[0]) + losses(ends[1])).mean()) / 2.0, abs=2e-5
    )


def losses_on_test_data(cell, pool, values):
    """Mean loss on the test data, normalised as the training data are."""
    f = outputs(NormalisedStack(cell.arch, values), pool.columns([2]), pool.columns([0]))
    return float(torch.nn.functional.cross_entropy(f, pool.labels[[2]].long()))


def test_the_toy_is_what_it_says():
    cell = DietToy(0)
    x, y = data_sets(cell, ("train", "test"))
    assert x.shape == (2, 4000, 20)
    assert cell.arch.weight_count == 6016
    assert not np.array_equal(x[0], x[1])
    assert np.bincount(y[0].astype(int), minlength=10).min() > 300
    wrong = half_wrong(cell, y[0])
    # half are drawn anew, of which a tenth come out as they were: five deviations
    assert abs((wrong != y[0]).mean() - 0.45) < 5.0 * math.sqrt(0.5 * 0.09 / 4000)


def test_scores_are_errors_early_in_training():
    cell = DietToy.of({"seed": 0, **SMALL})
    x, y = data_sets(cell, ("train",))
    pool = pool_of(x, y)
    scores = early_errors([cell], pool, [0])
    assert scores.shape == (1, 64)
    assert ((scores > 0.0) & (scores <= math.sqrt(2.0))).all()
    again = early_errors([DietToy.of({"seed": 1, **SMALL}), cell], pool, [0, 0])
    assert np.array_equal(again[1], scores[0])
    assert not np.array_equal(again[0], scores[0])


def test_overlaps_come_level_by_level_and_begin_at_1():
    (row,) = ticket_overlap.run(ticket_cells([0], linked=True))
    assert row["weights"] == 6 * 16 + 16 * 8 + 8 * 4
    assert [level["kept"] for level in row["levels"]] == [256, 204, 163, 130]
    assert row["levels"][0]["ab"] == row["levels"][0]["ac"] == 1.0
    for level in row["levels"][1:]:
        assert {"ab", "ac", "bc"} <= set(level)
        assert len(level["line"]) == 5
        assert level["line"][-1] == level["error"]
    for before, after in zip(row["levels"], row["levels"][1:], strict=False):
        assert after["line"][0] == before["error"]


def test_a_trial_reads_two_fresh_sets():
    assert ticket_overlap.RUNS["c"] == ticket_overlap.RUNS["d"] != ticket_overlap.RUNS["e"]
    assert 0 not in {ticket_overlap.RUNS[name] for name in "cde"}  # which the rewind point reads
    (row,) = ticket_overlap.run(ticket_cells([0], runs=["c", "d", "e"]))
    assert {"cd", "ce", "de"} <= set(row["levels"][-1])


def test_equal_orders_on_equal_data_find_equal_masks(monkeypatch):
    """What is left between two runs is their data and order alone."""
    monkeypatch.setitem(ticket_overlap.RUNS, "c", 0)
    (row,) = ticket_overlap.run(ticket_cells([0], step=0))
    (own,) = ticket_overlap.run(ticket_cells([0], step=0, runs=["a", "b", "f"]))
    assert [level["ab"] for level in row["levels"]] == [level["ab"] for level in own["levels"]]


def test_thresholds_of_a_seed_are_those_of_its_draws():
    (row,) = axial_subspaces.run([{"seed": 0, "spectrum": "equal", "dims": 40, "draws": 9}])
    for told in row["distances"]:
        assert told["closed"] == pytest.approx(1.0 - 1.0 / (1.0 + told["distance"] ** 2))
        assert told["informed"] <= told["axial"] <= 1.0
        assert told["worse"] == 0
        kept = round(told["informed"] * 40)
        assert told["cap"] == pytest.approx(math.log(math.comb(40, kept)), abs=1e-9)
    for name in axial_subspaces.SPECTRA:
        assert axial_subspaces.radii(name, 40).max() == 1.0


def test_wrong_configs_are_refused():
    with pytest.raises(UnknownName, match="arm"):
        data_diet.DataDietConfig(0, arms=("none",), points=(1,))
    with pytest.raises(InvalidArgument, match="points"):
        data_diet.DataDietConfig(0, arms=("all",), points=(500,))
    with pytest.raises(UnknownName, match="run"):
        ticket_overlap.TicketConfig(0, runs=("a", "z"))
    with pytest.raises(InvalidArgument, match="runs"):
        ticket_overlap.TicketConfig(0, runs=("a", "a"))
    with pytest.raises(InvalidArgument, match="step"):
        ticket_overlap.TicketConfig(0, step=500)
    with pytest.raises(UnknownName, match="spectrum"):
        axial_subspaces.AxialConfig(0, "round")
    with pytest.raises(InvalidArgument, match="widths"):
        DietToy(0, widths=(20, 10))
    config = data_diet.DataDietConfig(0, arms=("all",), points=(3,))
    assert data_diet.DataDietConfig.of(config.plain()) == config

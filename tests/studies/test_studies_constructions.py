"""The study of constructions: configs are checked, rows stand alone, and what does not exist says why."""

import json
import math

import pytest

from robustlaw import errors
from robustlaw.studies import constructions
from robustlaw.studies.constructions import ConstructionConfig


def config(**change) -> ConstructionConfig:
    return ConstructionConfig(**({"kind": "bumps", "n": 12, "dim": 40, "seed": 0} | change))


CELLS = [
    config(),
    config(kind="smooth"),
    config(kind="projected", kept=20),
    config(kind="rounded", bits=5),
    config(kind="caps"),
    config(kind="supermask", n=5, dim=12, units=18, share=0.1),
]


def test_a_row_does_not_depend_on_its_neighbours_and_survives_json():
    same = [c.plain() for c in CELLS[:5]]
    assert len({constructions.bucket(c) for c in same}) == 1
    together, alone = constructions.run(same), [constructions.run([c])[0] for c in same]
    assert json.dumps(together) == json.dumps(alone)
    assert json.loads(json.dumps(together, allow_nan=False)) == together


@pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.kind)
def test_rows_keep_to_what_the_constructions_promise(cell):
    row = constructions.run([cell.plain()])[0]
    low, high = row["lipschitz"]
    assert low <= row["closed"] <= high
    assert row["spare"] >= 0.0
    assert row["verdict"] == "HOLDS"
    assert row["misfit"] <= row["error"] + 1e-12
    assert high >= row["least"][0] * (1 - row["error"])
    assert row["ratio"] == pytest.approx(high / row["bound"][0], rel=1e-12)
    assert row["bound"][1] == pytest.approx(row["correlation"][1] * math.sqrt(row["rate"] / 2), rel=1e-9)
    assert (row["domain"] == "sphere") is (cell.kind in ("caps", "supermask"))
    if cell.kind != "supermask":
        assert row["error"] <= 1e-9
        assert row["numbers"] == cell.n * ((cell.kept or cell.dim) + 1)
        assert row["everywhere"][1] >= low


def test_what_does_not_exist_is_a_row_with_its_reason():
    row = constructions.run([config(kind="rounded", bits=1).plain()])[0]
    assert "bits" in row["infeasible"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "magic"}, errors.UnknownName),
        ({"kind": "projected"}, errors.InvalidArgument),
        ({"kept": 41}, errors.InvalidArgument),
        ({"dim": 1}, errors.InvalidArgument),
        ({"n": 1}, errors.InvalidArgument),
        ({"kind": "rounded"}, errors.InvalidArgument),
        ({"share": 1.0}, errors.InvalidArgument),
        ({"delta": 0.0}, errors.InvalidArgument),
        ({"units": 0}, errors.InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)

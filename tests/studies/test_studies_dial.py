"""The dial: both ends are exact, rows stand alone, and noise is the same at every scale but its size."""

import json

import numpy as np
import pytest

from robustlaw import errors
from robustlaw.information import label_information
from robustlaw.networks import Mlp, Recipe
from robustlaw.pruning import MagnitudeAfterTraining, NoisyTopK, Snip
from robustlaw.studies import dial
from robustlaw.studies.dial import DialConfig, Ranking


def config(**change) -> DialConfig:
    plain = {"method": "Snip", "scale": 0.3, "seed": 0, "n": 3, "steps": 30, "runs": 40, "law_nets": 1}
    return DialConfig(**(plain | change))


@pytest.fixture(scope="module")
def rows() -> list[tuple[DialConfig, dict]]:
    cells = [config(method=m, scale=s) for m in dial.METHODS for s in (0.0, 0.3, 50.0, None)]
    return list(zip(cells, dial.run([c.plain() for c in cells]), strict=True))


def test_a_row_does_not_depend_on_its_neighbours(rows):
    for place in (0, 5, 7, 10):
        cell, row = rows[place]
        assert json.dumps(dial.run([cell.plain()])[0]) == json.dumps(row)
    assert len({dial.bucket(cell.plain()) for cell, _ in rows}) == 1
    assert dial.bucket(config(seed=1).plain()) != dial.bucket(config().plain())
    assert DialConfig.of(json.loads(json.dumps(config().plain()))) == config()


def test_no_noise_is_the_pruner_itself(rows):
    """The exact information of another study's enumeration."""
    for cell, row in rows:
        if cell.scale == 0.0:
            kind = dial.METHODS[cell.method][0]
            ranking = Ranking.of(cell, kind)
            recipe = Recipe(steps=cell.steps, stop_at=None, learning_rate=cell.learning_rate)
            known = label_information(Mlp(cell.widths), ranking.x, kind(0.4), recipe, init="dial 0")[0]
            assert row["information"] == [known.information.lower, known.information.upper]
            assert row["distinct"] == known.distinct


def test_nothing_but_noise_knows_nothing_and_much_noise_next_to_nothing(rows):
    for cell, row in rows:
        if cell.scale is None:
            assert row["information"] == [0.0, 0.0]
        if cell.scale == 50.0:
            assert row["information"][1] < 0.01
        assert row["information"][0] <= row["information"][1] <= 3 * np.log(2) * (1 + 1e-12)
        assert row["lipschitz"][0] <= row["lipschitz"][1]
        assert all(law["verdict"] == "HOLDS" or law["constant"] for law in row["laws"])
        assert all(law["verdict"] != "VIOLATED" for law in row["laws"])


def test_masks_keep_their_count_and_tend_to_those_of_noise_alone():
    ranking = Ranking.of(config(), Snip)
    masks = {scale: ranking.masks(config(scale=scale)) for scale in (0.0, 0.3, 1e6, None)}
    for found in masks.values():
        assert (found.sum(axis=1) == 8).all()
    assert np.array_equal(masks[1e6], masks[None])
    assert not np.array_equal(masks[0.3], masks[None])
    assert len(np.unique(masks[None], axis=0)) == 8  # every labeling has noise of its own


def test_the_law_of_the_masks_is_that_of_noisy_top_k():
    """The pruner adds its scale's noise to the same scores: equal shares of kept entries."""
    ranking = Ranking.of(config(), MagnitudeAfterTraining)
    channel = ranking.channel(config(scale=1.0))
    data = np.tile(np.array([[0, 1, 1]], dtype=np.int8), (4000, 1))
    shares = channel.sample_masks(data, np.arange(4000)).mean(axis=0)
    pruner = NoisyTopK(MagnitudeAfterTraining(0.4), ranking.unit)
    place = 6  # labels 0, 1, 1
    one = ranking.session.take([place] * 2000)
    keys = tuple(f"run {i}" for i in range(2000))
    many = type(one)(one.start, one.data, one.recipe, keys, one.counts, one.maskable)
    own = ranking.maker.flat(pruner.choose(many)).mean(axis=0)
    assert np.abs(shares - own).max() < 5 * np.sqrt(0.25 / 2000 + 0.25 / 4000)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "Random"}, errors.UnknownName),
        ({"scale": -1.0}, errors.InvalidArgument),
        ({"scale": float("inf")}, errors.InvalidArgument),
        ({"n": 13}, errors.InvalidArgument),
        ({"kept": 20}, errors.InvalidArgument),
        ({"kept": 0}, errors.InvalidArgument),
        ({"widths": (4, 3, 3, 1)}, errors.InvalidArgument),
        ({"law_nets": 9}, errors.InvalidArgument),
        ({"steps": 0}, errors.InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)

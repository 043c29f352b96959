"""The study of noisy images: rows depend on their own config alone, and count what the networks get right."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.networks import Recipe, batch, initial_stack
from robustlaw.pruning.base import Session
from robustlaw.pruning.scores import gradient_flow, snip
from robustlaw.studies import noisy_images
from robustlaw.studies.image_sets import noisy_parts
from robustlaw.studies.noisy_images import METHODS, NoisyImagesConfig

TOTAL = 64 * 6 + 6 * 5 + 5 * 10


def config(**change):
    plain = {
        "method": "Random",
        "seed": 0,
        "counts": (200, 60),
        "source": "digits",
        "train": 200,
        "test": 50,
        "variance": 0.5,
        "widths": (64, 6, 5, 10),
        "epochs": 3,
        "scored": 2,
        "synflow_rounds": 5,
    } | change
    if plain["method"] == "IterativeMagnitude":
        plain.setdefault("rounds", (300, 200, 100, 60))
    return NoisyImagesConfig(**plain)


def parts_of(cell, seeds):
    return zip(*(noisy_parts(cell.images, seed) for seed in seeds), strict=True)


def session_of(cell, train, seeds):
    names = tuple(f"noisy images {seed}" for seed in seeds)
    start = initial_stack(noisy_images.Mlp(cell.widths), list(names), cell.recipe.initialisation)
    data = batch([p.x for p in train], [p.y for p in train])
    return Session(start, data, cell.recipe, names, (cell.counts[0],) * len(seeds), ("W1", "W2", "W3"))


@pytest.mark.parametrize("method", METHODS)
def test_a_row_does_not_depend_on_the_rows_it_is_computed_with(method):
    cells = [config(method=method, seed=seed).plain() for seed in range(10)]
    together = noisy_images.run(cells)
    for place in (0, 9):
        assert noisy_images.run([cells[place]])[0] == together[place]
    assert json.loads(json.dumps(together)) == together
    for row in together:
        assert row["kept"] == [200, 60]
        assert row["identity"] == "stand-in"
        assert all(alive <= kept for alive, kept in zip(row["effective"], row["kept"], strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_networks_have_the_counts_and_are_counted_right(method):
    """Forward passes and arg max in numpy; a stack holds exactly 0 off the mask, or it would not exist."""
    cell, seeds = config(method=method), (0, 1)
    train, test = parts_of(cell, seeds)
    levels = noisy_images._trained(cell, session_of(cell, train, seeds), train)
    rows = noisy_images.run([replace(cell, seed=seed).plain() for seed in seeds])
    for number, stack in enumerate(levels):
        assert sum(m.flatten(1).sum(1) for m in stack.masks).tolist() == [cell.counts[number]] * 2
        for place, net in enumerate(stack):
            for name, part in (("train_right", train[place]), ("test_right", test[place])):
                h = part.x.astype(np.float64)
                for layer, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
                    h = h @ w.T + b if layer == 0 else np.maximum(h, 0.0) @ w.T + b
                gap = np.sort(h, axis=1)
                close = int((gap[:, -1] - gap[:, -2] < 1e-5).sum())
                right = int((h.argmax(1) == part.y).sum())
                assert abs(rows[place][name][number] - right) <= close
            assert rows[place]["largest"] == np.bincount(train[place].y).max()


def test_scores_look_at_few_examples_of_every_class():
    cell = config(method="Snip")
    train, _ = parts_of(cell, (5,))
    session = session_of(cell, train, (5,))
    few = train[0].few(2)
    assert sorted(few.y.tolist()) == sorted([*range(10)] * 2)
    data, plan = batch([few.x], [few.y]), Recipe(loss="softmax")
    for method, scores in (
        ("Snip", snip(session.start, data, plan, [0, 1, 2])),
        ("Grasp", gradient_flow(session.start, data, plan, [0, 1, 2], 200.0)),
    ):
        stack = noisy_images._trained(replace(cell, method=method), session, train)[0]
        flat = np.concatenate([s.ravel() for s in scores])
        kept = np.concatenate([m.numpy().ravel() for m in stack.masks])
        assert kept.sum() == 200
        assert flat[kept].min() >= flat[~kept].max()


def test_iterative_pruning_rewinds_and_nests():
    cell = config(method="IterativeMagnitude", counts=(TOTAL, 300, 200, 100))
    train, _ = parts_of(cell, (0,))
    session = session_of(cell, train, (0,))
    levels = noisy_images._trained(cell, session, train)
    for before, after in itertools.pairwise(levels):
        sizes = np.concatenate([w.abs().numpy().ravel() for w in before.weights])
        old, new = (np.concatenate([m.numpy().ravel() for m in s.masks]) for s in (before, after))
        assert not (new & ~old).any()
        assert sizes[new].min() >= sizes[old & ~new].max()
        again = session.finish(session.start.with_masks(after.masks))
        assert all((a == b).all() for a, b in zip(again.weights, after.weights, strict=True))


def test_large_networks_are_trained_alone():
    small, large = config(), config(widths=(64, 900, 10), counts=(60,))
    assert not small.alone
    assert large.alone
    for cell, together in ((small, True), (large, False)):
        buckets = {noisy_images.bucket(replace(cell, seed=seed).plain()) for seed in range(3)}
        assert len(buckets) == (1 if together else 3)
    assert noisy_images.bucket(small.plain()) != noisy_images.bucket(config(method="Snip").plain())
    assert (small.recipe.lanes, large.recipe.lanes) == (8, 1)


def test_trainings_end_where_the_loss_has_settled():
    still = noisy_images.run([config(change=100.0, times=1, epochs=9).plain()])[0]
    assert still["settled"] == [True, True]
    assert still["steps"] == [
        2 * 4,
        2 * 4,
    ]  # 200 images in batches of 64; the second reading is the first change
    going = noisy_images.run([config(change=1e-12).plain()])[0]
    assert going["settled"] == [False, False]
    assert going["steps"] == [3 * 4, 3 * 4]


def test_a_config_survives_json():
    cell = config(method="IterativeMagnitude")
    assert NoisyImagesConfig.of(json.loads(json.dumps(cell.plain()))) == cell


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "EdgePopup"}, UnknownName),
        ({"counts": ()}, InvalidArgument),
        ({"counts": (60, 60)}, InvalidArgument),
        ({"counts": (TOTAL + 1,)}, InvalidArgument),
        ({"method": "IterativeMagnitude", "rounds": (300, 100)}, InvalidArgument),
        ({"epochs": 0}, InvalidArgument),
        ({"scored": 0}, InvalidArgument),
        ({"change": 0.0}, InvalidArgument),
        ({"source": "cifar"}, UnknownName),
        ({"variance": -1.0}, InvalidArgument),
        ({"learning_rate": 0.0}, InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)


def test_too_few_examples_of_a_class_are_refused():
    with pytest.raises(InvalidArgument, match="scored"):
        noisy_images.run([config(method="Snip", scored=50).plain()])

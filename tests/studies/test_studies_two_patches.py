"""Pruning and generalisation as a study: masks, rows, and the laws on flipped labels."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import errors
from robustlaw.laws import DescriptionLength
from robustlaw.networks.patch_stack import wrong
from robustlaw.studies import two_patches, two_patches_laws
from robustlaw.studies.patch_masks import bernoulli, mask_events, placed, removed, smallest
from robustlaw.studies.two_patches import Drawn, TwoPatchesConfig, masks_of, train
from robustlaw.studies.two_patches_laws import PatchLawsConfig

SMALL = {"neurons": 4, "dim": 30, "n": 12, "steps": 4000, "fresh": 200}
SHAPE = (3, 2, 4, 30)


def config(mask="bernoulli", seed=0, **change) -> TwoPatchesConfig:
    size = {"density": 0.5} if mask == "bernoulli" else {"kept": 40}
    return TwoPatchesConfig(mask, seed, **(SMALL | size | change))


def uniforms(seed) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE)


@given(st.integers(0, 2**31), st.integers(1, 220))
def test_masks_of_equal_count_have_equal_counts(seed, kept):
    u, rng = uniforms(seed), np.random.default_rng(seed + 1)
    initial, coordinates = rng.standard_normal(SHAPE), rng.integers(30, size=(3, 2))
    random, without = smallest(u, kept), removed(u, kept)
    for masks in (random, without):
        assert (masks.sum(axis=(1, 2, 3)) == kept).all()
    assert not any(without[:, j, :, j].any() for j in range(2))
    # what both may keep, they keep alike: the lost places go to the weights next in line
    for e in range(3):
        stays = random[e] & ~np.eye(2, 30, dtype=bool)[:, None]
        assert (without[e] >= stays).all()
    if kept >= 2:
        given_ = placed(u, kept, initial, coordinates)
        assert (given_.sum(axis=(1, 2, 3)) == kept).all()
        assert (given_ & ~random).sum(axis=(1, 2, 3)).max() <= 2
        for e in range(3):
            for j in range(2):
                at = coordinates[e, j]
                assert given_[e, j, initial[e, j, :, at].argmax(), at]


@given(st.integers(0, 2**31))
def test_bernoulli_masks_are_nested_and_smallest_ones_too(seed):
    u = uniforms(seed)
    assert (bernoulli(u, 0.3) <= bernoulli(u, 0.6)).all()
    assert (smallest(u, 50) <= smallest(u, 51)).all()
    assert bernoulli(u, 1.0).all()


def test_a_mask_without_signal_is_a_random_one_given_that():
    """Every other place is as likely as any: frequencies over many draws."""
    u = np.random.default_rng(0).random((4000, 2, 2, 6))
    rates = removed(u, 5).mean(axis=0)
    allowed = np.ones((2, 2, 6), dtype=bool)
    allowed[0, :, 0] = allowed[1, :, 1] = False
    p = 5 / allowed.sum()
    assert np.abs(rates[allowed] - p).max() < 4.0 * math.sqrt(p * (1 - p) / 4000)
    assert not rates[~allowed].any()


def test_the_accountant_charges_the_named_coordinates_alone():
    events = mask_events("placed", 2, 400)
    assert sum(e.charge().nats.upper for e in events) == pytest.approx(2.0 * math.log(400.0))
    for name in ("random", "removed", "bernoulli"):
        assert sum(e.charge().nats.upper for e in mask_events(name, 2, 400)) == 0.0


def test_a_placed_mask_finds_the_signal():
    cells = [config("placed", s) for s in range(4)]
    drawn = [Drawn.of(c) for c in cells]
    masks = masks_of(cells, drawn)
    for mask, own in zip(masks, drawn, strict=True):
        assert all(mask[j, own.initial[j, :, j].argmax(), j] for j in range(2))


def test_rows_are_what_an_independent_computation_finds():
    cells = [config(seed=s, density=p) for s in (0, 1) for p in (0.2, 1.0)] + [config("removed", 1)]
    rows = two_patches.run([c.plain() for c in cells])
    for cell, row in zip(cells, rows, strict=True):
        own = Drawn.of(cell)
        stack = train([cell], [own]).stack
        assert row["kept"] == int(stack.masks.sum())
        labels = own.sample.labels[None]
        found = wrong(stack.scores(own.sample.patches[None]), labels).mean()
        assert row["accuracy"] == pytest.approx(1.0 - found)
        fresh = cell.model.sample(20_000, np.random.default_rng(9))
        error = wrong(stack.scores(fresh.patches[None]), fresh.labels[None]).mean()
        # 200 noise patches under both labels against 20000 samples
        assert abs(row["error"] - error) < 4.0 * math.sqrt(0.25 / 200 + 0.25 / 20_000)
        assert row["covered"] == sum(k > 0 for k in row["signal_neurons"])
        live = [(stack.masks[0, j, :, j] & (own.initial[j, :, j] > 0)).any() for j in range(2)]
        assert row["live"] == sum(live) <= row["covered"]
        assert row["loss"] <= cell.goal or row["steps"] == cell.steps


def test_a_row_depends_on_its_config_alone():
    cells = [config(seed=s, density=p).plain() for s in (0, 1) for p in (0.3, 0.8)]
    cells += [config(m, 2).plain() for m in ("random", "placed")]
    together = two_patches.run(cells)
    assert [two_patches.run([c])[0] for c in cells] == together
    assert json.loads(json.dumps(together)) == together
    assert TwoPatchesConfig.of(json.loads(json.dumps(cells[0]))) == config(seed=0, density=0.3)


def test_seeds_share_data_over_masks_and_differ_from_each_other():
    one, other, next_ = (Drawn.of(c) for c in (config(), config("random"), config(seed=1)))
    assert np.array_equal(one.sample.noise, other.sample.noise)
    assert np.array_equal(one.initial, other.initial)
    assert not np.array_equal(one.sample.noise, next_.sample.noise)
    assert two_patches.bucket(config().plain()) == two_patches.bucket(config("random", 5).plain())
    assert two_patches.bucket(config().plain()) != two_patches.bucket(config(noise=0.3).plain())


def test_flipped_labels_name_another_class():
    own = Drawn.of(config(flipped=0.3, classes=3, n=3000))
    turned = own.labels != own.sample.labels
    assert abs(turned.mean() - 0.3) < 3.0 * math.sqrt(0.21 / 3000)
    assert set(np.unique(own.labels)) == {0, 1, 2}
    assert np.array_equal(Drawn.of(config(classes=3, n=3000)).labels, own.sample.labels)


def test_a_kept_signal_helps_and_a_lost_one_does_not():
    """The effect of the paper in small: 12 seeds, mean errors, at one count."""
    cells = [
        TwoPatchesConfig(m, s, kept=60, **(SMALL | {"dim": 100, "n": 24}))
        for s in range(12)
        for m in ("removed", "placed")
    ]
    rows = two_patches.run([c.plain() for c in cells])
    lost, given_ = (
        [r["error"] for r, c in zip(rows, cells, strict=True) if c.mask == m] for m in ("removed", "placed")
    )
    assert np.mean(lost) > 0.4
    assert np.mean(given_) < 0.2


LAWS = {"neurons": 4, "dim": 40, "n": 20, "steps": 4000, "fresh": 10, "kept": 80}


def test_laws_hold_on_flipped_labels_and_say_why_not_on_clean_ones():
    cells = [PatchLawsConfig(m, s, **LAWS) for s in (0, 1) for m in ("removed", "random", "placed")]
    rows = two_patches_laws.run([c.plain() for c in cells])
    for cell, row in zip(cells, rows, strict=True):
        sharp, coded = row["laws"]
        assert (sharp["law"], coded["law"]) == ("SparseSharp", DescriptionLength.__name__)
        assert {v["verdict"] for v in row["laws"]} == {"HOLDS"}
        nats = 80 * 32 * math.log(2.0) + (2.0 * math.log(40.0) if cell.mask == "placed" else 0.0)
        assert sharp["p_eff"] == pytest.approx(nats)
        # law 4 by hand: v = B^2 = 1.6^2, rho = sigma_n^2
        slope = math.sqrt(20 * 0.05 / (2.0 * 1.6**2 * 0.04 * (nats + math.log(2.0))))
        assert sharp["bound"] == pytest.approx(sharp["correlation"] * slope, rel=1e-9)
        assert coded["p_eff"] < sharp["p_eff"]
        for verdict in row["clean"]:
            assert verdict["verdict"] == "NOT_APPLICABLE"
            assert "no noise" in verdict["failed"]
            assert 0.0 < verdict["lipschitz_lower"] <= verdict["lipschitz_upper"]
    alone = two_patches_laws.run([cells[4].plain()])
    assert alone == rows[4:5]
    assert json.loads(json.dumps(rows)) == rows


def test_samples_keep_their_place_when_their_labels_are_flipped():
    cell = PatchLawsConfig("random", 3, **(LAWS | {"n": 60}))
    own = two_patches_laws.drawn_within(cell)
    data = two_patches_laws.dataset(cell.model.problem(0.2, 6.0), own)
    classes, order = np.divmod(data.component, 2)
    patches = data.x.reshape(60, 2, 40)
    assert np.array_equal(patches[np.arange(60), order], cell.model.signals[classes])
    assert np.array_equal(data.y, 2.0 * own.labels - 1.0)
    assert (classes != own.labels).any()
    assert np.linalg.norm(patches[np.arange(60), 1 - order], axis=1).max() <= cell.model.radius(6.0)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mask": "hope"}, errors.UnknownName),
        ({"density": None}, errors.InfeasibleDensity),
        ({"density": 0.0}, errors.InfeasibleDensity),
        ({"kept": 10}, errors.InfeasibleDensity),
        ({"mask": "random", "density": None, "kept": 0}, errors.InvalidArgument),
        ({"mask": "random", "density": None, "kept": 233}, errors.InfeasibleDensity),
        ({"flipped": 1.0}, errors.InvalidArgument),
        ({"power": 1}, errors.InvalidArgument),
        ({"classes": 1}, errors.InvalidArgument),
        ({"noise": 0.0}, errors.InvalidArgument),
        ({"rate": -1.0}, errors.InvalidArgument),
        ({"fresh": 0}, errors.InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        TwoPatchesConfig(**({"mask": "bernoulli", "seed": 0, "density": 0.5} | SMALL | change))


@pytest.mark.parametrize(
    "change", [{"mask": "bernoulli", "density": 0.5, "kept": None}, {"classes": 3}, {"tail": 0.0}]
)
def test_wrong_configs_of_laws_are_refused(change):
    with pytest.raises(errors.InvalidArgument):
        PatchLawsConfig(**({"mask": "random", "seed": 0} | LAWS | change))

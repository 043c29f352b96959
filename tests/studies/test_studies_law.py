"""The law study: configs are checked before anything runs, and a row depends on its own config alone."""

import json

import pytest

from robustlaw import errors
from robustlaw.evidence import Evidence, LayerCollapse, Verdict, from_json
from robustlaw.studies import law, top_k_sign
from robustlaw.studies.law import LawConfig
from robustlaw.studies.presets import LAW, PRESETS, Choices, preset


def config(**change) -> LawConfig:
    plain = {
        "setting": "test",
        "inputs": "gaussian",
        "n": 100,
        "dim": 12,
        "hidden": (6,),
        "method": "Random",
        "density": 0.5,
        "seed": 0,
        "steps": 30,
    }
    return LawConfig(**(plain | change))


def clean(row: dict) -> str:
    return json.dumps(row, sort_keys=True)


@pytest.mark.parametrize(
    "method", ["Random", "Snip", "MagnitudeAfterTraining", "IterativeMagnitude", "EdgePopup"]
)
def test_a_row_does_not_depend_on_the_rows_it_is_computed_with(method):
    cells = [config(method=method, density=r, seed=s).plain() for r in (0.5, 0.2) for s in (0, 1)]
    together = law.run(cells)
    alone = [law.run([c])[0] for c in cells]
    assert [clean(r) for r in together] == [clean(r) for r in alone]


def test_a_bucket_joins_densities_and_seeds_only():
    base = config().plain()
    assert law.bucket(base) == law.bucket(config(density=0.2, seed=5).plain())
    for change in ({"method": "Snip"}, {"n": 101}, {"steps": 31}, {"delta": 0.1}):
        assert law.bucket(base) != law.bucket(config(**change).plain())
    fitted = config(recipe="high_fit")
    assert law.bucket(fitted.plain()) != law.bucket(config(recipe="high_fit", seed=1).plain())


def test_a_config_survives_json():
    cell = config(hidden=(6, 5), bits=(1, 3))
    assert LawConfig.of(json.loads(json.dumps(cell.plain()))) == cell


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "Hope"}, errors.UnknownName),
        ({"inputs": "torus"}, errors.UnknownName),
        ({"recipe": "secret"}, errors.UnknownName),
        ({"density": 0.0}, errors.InfeasibleDensity),
        ({"density": 1.5}, errors.InfeasibleDensity),
        ({"density": 1e-4}, errors.InfeasibleDensity),
        ({"inputs": "sphere", "dim": 1}, errors.InvalidArgument),
        ({"inputs": "digits"}, errors.InvalidArgument),
        ({"method": "Dense"}, errors.InvalidArgument),
        ({"delta": 0.0}, errors.InvalidArgument),
        ({"steps": 0}, errors.InvalidArgument),
        ({"bits": (0,)}, errors.InvalidArgument),
        ({"eps": -1.0}, errors.InvalidArgument),
        ({"n": 1}, errors.InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)


def test_a_stray_field_is_refused():
    with pytest.raises(errors.UnknownName, match="colour"):
        LawConfig.of({**config().plain(), "colour": "red"})


def test_a_row_says_that_its_network_has_collapsed():
    """Two hidden layers and three kept weights of 42: a path needs one of the first to meet the other."""
    rows = law.run([config(hidden=(3, 2), density=0.07, recipe="ordinary", seed=s).plain() for s in range(4)])
    assert {r["effective"] == 0 for r in rows} == {r["collapse"] is not None for r in rows}
    lost = [r for r in rows if r["effective"] == 0]
    assert lost
    for r in lost:
        record = from_json(json.dumps(r["collapse"]))
        assert isinstance(record, LayerCollapse)
        assert record.nominal == r["kept"] == 5  # the output layer is dense
        assert r["lipschitz"] == [0.0, 0.0]
    full = law.run([config().plain()])[0]
    assert full["collapse"] is None


def test_every_verdict_of_a_row_reads_back_and_digits_say_what_they_assume():
    row = law.run([config(inputs="digits", dim=64, n=150, hidden=(6,)).plain()])[0]
    evidence = [from_json(json.dumps(e)) for e in row["evidence"]]
    assert all(isinstance(e, Evidence) for e in evidence)
    described = next(e for e in evidence if e.law == "DescriptionLength")
    assert described.verdict is Verdict.HOLDS
    assert any("rho =" in a for a in described.assumptions)
    memorised = next(e for e in evidence if e.law == "MemorisationConverse")
    assert memorised.verdict is Verdict.NOT_APPLICABLE


def test_printed_laws_say_why_they_do_not_apply_to_gaussian_inputs():
    row = law.run([config().plain()])[0]
    for item in row["evidence"]:
        evidence = from_json(json.dumps(item))
        if "Printed" in evidence.law or "Repaired" in evidence.law:
            assert evidence.verdict is Verdict.NOT_APPLICABLE
            assert "unbounded" in str(evidence)


def test_the_printed_laws_apply_to_a_well_fitted_network_on_the_sphere():
    cell = config(
        inputs="sphere",
        n=3300,
        dim=4,
        hidden=(8,),
        recipe="high_fit",
        eps=0.001,
        delta=0.5,
        radius=512.0,
        method="Dense",
        density=1.0,
        steps=20,
    )
    row = law.run([cell.plain()])[0]
    printed = [from_json(json.dumps(e)) for e in row["evidence"]][:3]
    failed = [[h.name for h in e.hypotheses if h.holds is False] for e in printed]
    assert failed in ([["sample size"]] * 3, [["fit"]] * 3)


def test_top_k_sign_is_the_k_largest_correlations():
    cells = [top_k_sign.TopKSignConfig(200, 50, k, 3).plain() for k in (1, 5, 50)]
    rows = top_k_sign.run(cells)
    assert [r["kept"] for r in rows] == [1, 5, 50]
    evidence = [from_json(json.dumps(r["evidence"][0])) for r in rows]
    for k, e in zip((1, 5, 50), evidence, strict=True):
        assert e.measured.contains(k**0.5)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_hold_what_they_promise(name):
    grids = dict(preset(name, Choices(seeds=4)))
    cells = [LawConfig.of(c) for c in grids[LAW]]
    assert len({json.dumps(c.plain()) for c in cells}) == len(cells)
    main = [c for c in cells if c.setting == "main"]
    assert len({c.method for c in main}) >= 5
    assert len({c.density for c in main if c.method != "Dense"}) >= 3
    assert {c.inputs for c in cells} >= {"gaussian", "digits"}
    if name != "smoke":
        assert len({c.seed for c in main}) >= 4
        assert any(c.n * c.dim / (c.density * c.dim * c.hidden[0]) > 4 for c in main)


def test_memory_grows_with_data_and_weights():
    small, more, wide = (
        law.cell_bytes(config(**change).plain()) for change in ({}, {"n": 200}, {"hidden": (60,)})
    )
    assert small >= 12 * 100 * 14  # inputs, labels and targets in both precisions
    assert more == pytest.approx(small + 12 * 100 * 14)
    assert wide > small

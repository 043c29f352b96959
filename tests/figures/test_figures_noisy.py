"""Figures on noisy images: claims that can fail, stand-ins that say so, and what is missing in words."""

import json

import numpy as np
import polars as pl
import pytest

from figures import noisy
from figures.claims import judge
from figures.gallery import nfp_1b, nfp_1b_standin, nfp_1c_standin
from figures.produce import produce
from robustlaw.data.fashion import VARIABLE
from robustlaw.evidence import Verdict
from robustlaw.studies.noisy_convolutions import NoisyConvolutionsConfig
from robustlaw.studies.noisy_images import NoisyImagesConfig

METHODS = nfp_1b_standin.METHODS
LEADS = {"IterativeMagnitude": 0.3, "MagnitudeAfterTraining": 0.2}
PRESETS = ("smoke", "quick", "full")


def table(leads=LEADS, slope=0.1, seeds=10, effective=5, data="stand-in: digits"):
    """Made-up rows: a method's lead, a slope in the number of prunings, and a little noise a seed."""
    rng, lines = np.random.default_rng(0), []
    for method in METHODS:
        for seed in range(seeds):
            for number, kept in enumerate((800, 400, 200, 100)):
                train = 0.5 + leads.get(method, 0.0) - slope * number + 0.01 * rng.random()
                lines.append(
                    {"data": data, "identity": "stand-in", "method": method, "seed": seed, "kept": kept}
                    | {"maskable": 1000, "effective": effective, "train": train, "test": 0.1}
                    | {"largest": 0.12, "settled": True, "off_mask": 0}
                )
    return pl.DataFrame(lines, schema=noisy.SCHEMA)


def verdicts(own):
    judged = judge(noisy.claims(own, "x/", METHODS, "here"))
    return {j.claim.name.removeprefix("x/"): j.evidence.verdict for j in judged}


def test_claims_hold_where_they_are_true():
    found = verdicts(table())
    assert found.pop("mutant") is Verdict.VIOLATED
    assert set(found.values()) == {Verdict.HOLDS}
    assert set(found) == noisy.NAMES.keys() - {"mutant"}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"leads": {"MagnitudeAfterTraining": 0.2, "Snip": 0.1}}, "IMP ahead"),
        ({"leads": {"IterativeMagnitude": 0.3, "SynFlow": 0.1}}, "magnitude ahead"),
        ({"slope": -0.1}, "falls"),
        ({"leads": {"Random": 0.1}}, "memorising"),
        ({"effective": 801}, "paths"),
        ({"effective": 0}, "paths"),
    ],
)
def test_claims_are_violated_where_they_are_false(change, name):
    assert verdicts(table(**change))[name] is Verdict.VIOLATED


def test_a_seed_without_a_method_counts_against_the_claim():
    whole = table(seeds=8)
    lost = whole.filter((pl.col("method") != "Random") | (pl.col("seed") > 0))
    assert verdicts(whole)["IMP ahead"] is Verdict.HOLDS
    assert verdicts(lost)["IMP ahead"] is not Verdict.HOLDS


def test_the_dense_network_is_no_pruned_count():
    dense = table().with_columns(pl.lit(1000, pl.Int64).alias("kept"), pl.lit(0.0).alias("train"))
    both = pl.concat([table(), dense.unique(["method", "seed"], keep="first", maintain_order=True)])
    for method in METHODS:
        assert np.array_equal(noisy.means(both, method, "train"), noisy.means(table(), method, "train"))


@pytest.mark.parametrize("preset", PRESETS)
def test_configs_are_those_of_the_studies(preset):
    for (path, configs), kind in zip(
        (*nfp_1b_standin.study(preset), *nfp_1c_standin.study(preset)),
        (NoisyImagesConfig, NoisyConvolutionsConfig),
        strict=True,
    ):
        assert path.endswith({"NoisyImagesConfig": "images"}.get(kind.__name__, "convolutions"))
        for plain in configs:
            cell = kind.of(json.loads(json.dumps(plain)))
            source = plain.get("source", "digits")
            total = {"digits": 3784} if kind is NoisyConvolutionsConfig else nfp_1b_standin.MASKABLE
            weights = cell.total if kind is NoisyConvolutionsConfig else 0
            assert weights in (0, total[source])


def test_the_figure_without_files_says_what_to_supply(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    made = produce("nfp_1b", "smoke", tmp_path, 1)
    assert made.rows == 0
    for judged in made.claims:
        assert judged.evidence.verdict is Verdict.NOT_APPLICABLE
        assert any("put the four FashionMNIST files" in h.sentence for h in judged.evidence.hypotheses)
    figure = nfp_1b.plot(nfp_1b.tidy([]))
    assert any("Not computed" in text.get_text() for text in figure.axes[0].texts)
    assert VARIABLE in figure.axes[0].texts[0].get_text()


def test_files_tie_the_cells_to_themselves():
    one, two = (nfp_1b.config("Random", 0, "quick", {"a": digest}) for digest in ("0", "1"))
    assert one != two
    for preset in PRESETS:
        for method in METHODS:
            NoisyImagesConfig.of(nfp_1b.config(method, 0, preset, {"a": "0"}))


@pytest.mark.parametrize("module", [nfp_1b_standin, nfp_1c_standin])
def test_stand_ins_say_so_everywhere(module):
    own = table()
    figure = module.plot(own)
    for axes in figure.axes:
        assert "stand-in" in axes.get_xlabel()
        assert "stand-in" in axes.get_ylabel()
    assert module.__name__.endswith("_standin")
    assert "standin" in module.LABEL
    assert "stand-in" in module.TITLE
    assert all("/standin/" in claim.name for claim in module.claims(own))
    assert all(claim.whose == "here" for claim in module.claims(own))
    assert set(own["data"]) == {"stand-in: digits"}


def test_both_stand_ins_are_drawn_and_judged():
    own = pl.concat([table(), table(data="stand-in: image_like")])
    assert len(nfp_1b_standin.plot(own).axes) == 4
    assert len(nfp_1b_standin.claims(own)) == 2 * len(noisy.NAMES)


def test_published_data_have_a_figure_too():
    own = table(data="fashion").with_columns(pl.lit("user-asserted").alias("identity"))
    figure = nfp_1b.plot(own)
    assert figure.axes[0].get_title(loc="right") == "files: user-asserted"
    assert {c.whose for c in nfp_1b.claims(own)} == {"paper", "here"}

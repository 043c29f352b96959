"""Claims under alternatives of the open settings."""

import json

import polars as pl
import pytest
from figure_toys import SOURCE

from figures import sensitivity as varying
from figures.gallery_page import write_gallery
from figures.produce import MANIFEST, produce
from figures.sensitivity import TABLE, sensitivity, stored, summary
from robustlaw.errors import InvalidArgument
from robustlaw.sweep import SerialExecutor, run_sweeps

VARIED = SOURCE + '\nVARIANTS = (("gain", "none", {"shift": -5.0}), ("gain", "more", {"shift": 0.5}))\n'
VARIED += "def deviations(table):\n    return {'all': float(table['gain'].mean())}\n"


@pytest.fixture
def shifted(toy, monkeypatch):
    """The toy's study with a shift of its gains."""
    import figure_study

    plain = figure_study.run
    monkeypatch.setattr(
        figure_study,
        "run",
        lambda configs: [
            {"gain": row["gain"] + config.get("shift", 0.0)}
            for row, config in zip(plain(configs), configs, strict=True)
        ],
    )
    toy(VARIED)


def test_every_alternative_is_judged_and_counted(shifted, tmp_path):
    found = sensitivity("toy_figure", "quick", tmp_path, jobs=1)
    assert (tmp_path / "toy_figure" / TABLE).exists()
    assert found["alternative"].unique(maintain_order=True).to_list() == ["as declared", "none", "more"]
    told = {row["name"]: row for row in summary(found).iter_rows(named=True)}
    assert "mutant" not in told
    assert (told["gain"]["holds in"], told["gain"]["of"], told["gain"]["not found for"]) == (2, 3, "none")
    means = found.group_by("alternative").agg(pl.col("deviation").first())
    by_name = dict(means.iter_rows())
    assert by_name["none"] == pytest.approx(by_name["as declared"] - 5.0)


def test_rows_are_kept_in_the_store(shifted, tmp_path, monkeypatch):
    first = sensitivity("toy_figure", "quick", tmp_path, jobs=1)
    import figure_study

    def refuse(configs):
        raise AssertionError(f"{len(configs)} cells are run again")

    monkeypatch.setattr(figure_study, "run", refuse)
    assert sensitivity("toy_figure", "quick", tmp_path, jobs=1).equals(first)


def test_a_figure_without_alternatives_says_so(toy, tmp_path):
    toy()
    with pytest.raises(InvalidArgument, match="declares no alternatives"):
        sensitivity("toy_figure", "quick", tmp_path)


def test_the_gallery_says_in_how_many_settings_a_claim_is_found(shifted, toy, tmp_path):
    sensitivity("toy_figure", "quick", tmp_path, jobs=1)
    produce("toy_figure", "quick", tmp_path, jobs=1)
    page = write_gallery(tmp_path).read_text()
    assert "2 of 3: setting-dependent (not with none)" in page
    distance = json.loads((tmp_path / "toy_figure" / MANIFEST).read_text())["distances"]["all"]
    assert f"in all {distance:.3f}" in page
    toy(VARIED + "DECLARED = ()\n")  # another figure now: what was found of the old one says nothing of it
    assert stored("toy_figure", tmp_path) is None
    assert "setting-dependent" not in write_gallery(tmp_path).read_text()


def test_a_deadline_reaches_the_cells(shifted, tmp_path, monkeypatch):
    seen = []

    def sweeps(grids, store, jobs, workers, progress, deadline):
        seen.append(deadline)
        return run_sweeps(grids, store, jobs, SerialExecutor, progress, deadline)

    monkeypatch.setattr(varying, "run_sweeps", sweeps)
    sensitivity("toy_figure", "smoke", tmp_path, jobs=1, deadline=60.0)
    assert seen == [60.0] * 3

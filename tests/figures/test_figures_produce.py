"""From rows to files: what a manifest says, when a figure is stale, and that no cell runs twice."""

import hashlib
import json
import os

import figure_study
import figure_toys as toys
import polars as pl
import pytest

from figures import produce as producing
from figures.produce import DATA, MANIFEST, PICTURES, STORE, FailedCells, draw, produce, state
from figures.sheets import names, sheet_module
from robustlaw import errors
from robustlaw.evidence import Verdict
from robustlaw.sweep import SweepInterrupted, run_sweeps


def told(out, name="toy_figure"):
    return json.loads((out / name / MANIFEST).read_text())


def test_a_figure_is_data_three_pictures_and_a_manifest_with_their_hashes(toy, tmp_path):
    out = tmp_path / "out"
    made = produce(toy(), "smoke", out)
    assert {p.name for p in made.folder.iterdir()} == {DATA, MANIFEST, *PICTURES}
    assert {p.name for p in out.iterdir()} >= {"toy_figure", STORE}
    manifest = told(out)
    assert set(manifest["files"]) == {DATA, *PICTURES}
    for file, digest in manifest["files"].items():
        assert hashlib.sha256((made.folder / file).read_bytes()).hexdigest() == digest
    assert (made.folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert (made.folder / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert pl.read_csv(made.folder / DATA)["seed"].to_list() == [0, 1, 2]
    assert manifest["caption"] == "Each seed has a gain."
    assert manifest["declared"][0]["alternatives"] == ["none"]
    assert (manifest["preset"], manifest["command"]) == ("smoke", "python -m figures toy_figure --smoke")
    assert manifest["rows"] == {"ok": 3}
    assert manifest["seeds"] == [0, 1, 2]
    assert [c["verdict"] for c in manifest["claims"]] == [str(j.evidence.verdict) for j in made.claims]
    assert {"robustlaw", "numpy", "python"} <= set(manifest["versions"])


def test_the_same_rows_give_the_same_bytes(toy, tmp_path):
    name = toy()
    for place in ("a", "b"):
        produce(name, "smoke", tmp_path / place)
    assert told(tmp_path / "a")["files"] == told(tmp_path / "b")["files"]


def test_a_figure_can_be_drawn_again_from_its_data(toy, tmp_path):
    made = produce(toy(), "smoke", tmp_path / "out")
    again = tmp_path / "again"
    again.mkdir()
    draw(sheet_module("toy_figure"), pl.read_csv(made.folder / DATA), again)
    for picture in PICTURES:
        assert (again / picture).read_bytes() == (made.folder / picture).read_bytes()


def test_no_cell_runs_twice_not_even_for_a_larger_preset(toy, tmp_path, runs):
    name, out = toy(), tmp_path / "out"
    produce(name, "smoke", out)
    assert runs() == {0: 1, 1: 1, 2: 1}
    produce(name, "smoke", out)
    assert runs() == {0: 1, 1: 1, 2: 1}
    made = produce(name, "quick", out)
    assert runs() == dict.fromkeys(range(9), 1)
    assert made.rows == 9
    assert [j.evidence.verdict for j in made.claims] == [Verdict.HOLDS, Verdict.HOLDS, Verdict.VIOLATED]


def test_what_was_interrupted_goes_on_where_it_stopped(toy, tmp_path, runs):
    out = tmp_path / "out"
    with pytest.raises(SweepInterrupted):
        produce(toy(toys.SOURCE.replace("ACT = None", 'ACT = "stop"')), "smoke", out)
    assert runs() == {0: 1, 1: 1, 2: 1, 99: 1}
    assert state("toy_figure", out) == "missing"
    produce(toy(), "smoke", out)
    assert runs() == {0: 1, 1: 1, 2: 1, 99: 1}
    assert state("toy_figure", out) == "fresh (smoke)"


def test_failed_cells_are_counted_and_not_drawn(toy, tmp_path):
    produce(toy(toys.SOURCE.replace("ACT = None", 'ACT = "raise"')), "smoke", tmp_path)
    assert told(tmp_path)["rows"] == {"ok": 3, "failed": 1}
    assert pl.read_csv(tmp_path / "toy_figure" / DATA).height == 3


def test_a_figure_that_cannot_do_without_its_failed_cells_names_them(toy, tmp_path):
    needy = toys.SOURCE.replace("ACT = None", 'ACT = "raise"')
    needy = needy.replace("    figure = Figure", "    assert 99 in table['seed']\n    figure = Figure")
    with pytest.raises(FailedCells, match=r"1 of 4 cells failed.*LookupError"):
        produce(toy(needy), "smoke", tmp_path)


def test_progress_counts_to_the_end(toy, tmp_path):
    seen = []
    produce(toy(), "smoke", tmp_path, progress=lambda p: seen.append((p.done, p.total)))
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)
    assert seen == sorted(seen)


def test_several_studies_count_as_one(toy, tmp_path):
    two = toys.SOURCE.replace(
        'return [("figure_study", [*configs',
        'return [("figure_study", [{"seed": 7}]), ("figure_study", [*configs',
    )
    seen = []
    made = produce(toy(two), "smoke", tmp_path, progress=lambda p: seen.append((p.done, p.total)))
    assert made.rows == 4
    assert seen[-1] == (4, 4)


def test_workers_give_what_one_process_gives(toy, tmp_path, monkeypatch):
    name = toy()
    produce(name, "smoke", tmp_path / "a")
    monkeypatch.setattr(producing, "run_sweeps", run_sweeps)
    produce(name, "smoke", tmp_path / "b", jobs=1)
    assert told(tmp_path / "a")["files"] == told(tmp_path / "b")["files"]


class TestState:
    """missing, fresh or stale: whether the files are what the sources would make."""

    @pytest.fixture
    def out(self, toy, tmp_path):
        produce(toy(), "smoke", tmp_path)
        assert state("toy_figure", tmp_path) == "fresh (smoke)"
        return tmp_path

    def test_missing(self, toy, tmp_path):
        assert state(toy(), tmp_path / "nowhere") == "missing"

    @pytest.mark.parametrize("file", [DATA, *PICTURES])
    def test_a_touched_file_is_stale(self, out, file):
        path = out / "toy_figure" / file
        kept = path.read_bytes()
        path.write_bytes(kept + b" ")
        assert state("toy_figure", out) == "stale (smoke)"
        path.write_bytes(kept)
        os.utime(path, (0, 0))  # contents count, dates do not
        assert state("toy_figure", out) == "fresh (smoke)"

    def test_a_lost_file_is_stale(self, out):
        (out / "toy_figure" / "figure.png").unlink()
        assert state("toy_figure", out).startswith("stale")

    @pytest.mark.parametrize("manifest", ["", "{", "{}", '{"preset": "smoke"}'])
    def test_a_damaged_manifest_is_stale(self, out, manifest):
        (out / "toy_figure" / MANIFEST).write_text(manifest)
        assert state("toy_figure", out).startswith("stale")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"there is a gain"', '"there is some gain"'),
            ('"smoke": 3', '"smoke": 4'),
            ("figsize=(2.0, 2.0)", "figsize=(2.0, 2.5)"),
        ],
    )
    def test_a_changed_source_is_stale_until_it_is_made_again(self, out, toy, old, new):
        assert old in toys.SOURCE
        toy(toys.SOURCE.replace(old, new))
        assert state("toy_figure", out) == "stale (smoke)"
        produce("toy_figure", "smoke", out)
        assert state("toy_figure", out) == "fresh (smoke)"

    def test_a_new_version_of_its_study_is_stale(self, out, monkeypatch):
        monkeypatch.setattr(figure_study, "VERSION", 2)
        assert state("toy_figure", out) == "stale (smoke)"

    def test_it_is_that_of_the_preset_last_made(self, out):
        produce("toy_figure", "quick", out)
        assert state("toy_figure", out) == "fresh (quick)"


class TestRefusals:
    def test_a_figure_that_does_not_exist(self, toy, tmp_path):
        toy()
        with pytest.raises(errors.UnknownName, match="toy_figure"):
            produce("toy_figur", "smoke", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_module_that_lacks_a_part(self, toy, tmp_path):
        name = toy(toys.SOURCE.replace("def tidy", "def untidy"), "torso")
        with pytest.raises(errors.InvalidArgument, match="tidy"):
            produce(name, "smoke", tmp_path / "out")

    def test_a_folder_that_cannot_be_written_to(self, toy, tmp_path, runs):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(errors.UnwritableFolder, match="file"):
            produce(toy(), "smoke", tmp_path / "file")
        assert runs() == {}


def test_the_gallery_is_listed_in_order(toy):
    toy(name="aaa_first")
    found = names()
    assert found == tuple(sorted(found))
    assert found[0] == "aaa_first"
    assert "law" in found


def test_what_a_figure_takes_from_others_is_part_of_what_it_asks():
    files = {path.name for path in producing._sources(sheet_module("converse"))}
    assert {"converse.py", "nfp_1a.py", "claims.py", "style.py", "sheets.py", "published.py"} <= files
    assert "nfp_4.py" not in files

"""`python -m figures`: what it prints, and its exit status."""

import json
from functools import cache

import pytest
from figure_toys import SOURCE

from figures import __main__ as command
from figures import sheets

LIVING = SOURCE.replace("differences=-gains", "differences=gains")


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Status, output and errors of a command line; files go to tmp_path/out."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, out=True):
        more = ("--out", str(tmp_path / "out")) if out else ()
        monkeypatch.setattr("sys.argv", ["figures", *arguments, *more])
        with pytest.raises(SystemExit) as stop:
            command.run()
        return stop.value.code or 0, *capsys.readouterr()

    return run


def test_without_names_it_lists_every_figure_with_its_state(toy, call):
    toy()
    status, out, _ = call()
    assert status == 0
    for name in sheets.names():
        assert name in out
    assert "missing" in out
    assert "fresh" not in out
    assert call("toy_figure", "--quick")[0] == 0
    assert "fresh (quick)" in call()[1]


def test_claims_are_told_with_whose_they_are_and_how_they_came_out(toy, call, tmp_path):
    toy()
    status, out, _ = call("toy_figure")
    assert status == 0
    assert (tmp_path / "out" / "toy_figure" / "figure.pdf").exists()
    (gain,) = (line.split() for line in out.splitlines() if "there is a gain" in line)
    assert gain[-4:-1] == ["HOLDS", "yes", "9"]
    (mutant,) = (line.split() for line in out.splitlines() if "there is a loss" in line)
    assert mutant[-4:-1] == ["VIOLATED", "yes", "9"]


def test_json_is_all_that_goes_to_standard_output(toy, call):
    toy()
    status, out, _ = call("toy_figure", "--json")
    assert status == 0
    (figure,) = json.loads(out)
    assert figure["figure"] == "toy_figure"
    assert [c["verdict"] for c in figure["claims"]] == ["HOLDS", "HOLDS", "VIOLATED"]


def test_a_mutant_that_lives_is_a_failure_and_one_that_is_undecided_is_not(toy, call):
    toy(LIVING)
    status, out, _ = call("toy_figure")
    assert status == 1
    assert "NO" in out
    assert call("toy_figure", "--smoke")[0] == 0  # three seeds decide nothing


def test_a_claim_of_the_paper_that_does_not_hold_is_a_finding(toy, call):
    toy(
        SOURCE.replace('"there is a gain", ', '"there is a gain", "paper", ').replace(
            "differences=gains", "differences=-gains"
        )
    )
    status, out, _ = call("toy_figure")
    assert status == 0
    assert "NO" in out


def test_a_name_given_twice_is_made_once_and_all_means_all(toy, call, monkeypatch):
    toy()
    status, out, _ = call("toy_figure", "toy_figure", "--smoke")
    assert status == 0
    assert out.count("rows") == 1
    monkeypatch.setattr(sheets, "names", cache(lambda: ("toy_figure",)))
    status, out, _ = call("all", "--smoke")
    assert status == 0
    assert out.count("rows") == 1


def test_every_name_is_checked_before_anything_runs(toy, call, runs, tmp_path):
    toy()
    status, _, err = call("toy_figure", "toy_figur")
    assert status == 2
    assert "UnknownName" in err
    assert "toy_figure" in err
    assert "Traceback" not in err
    assert runs() == {}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [("--smoke", "--full"), ("--jobs", "0"), ("--fast",)])
def test_wrong_use_has_status_two(toy, call, runs, wrong):
    toy()
    assert call("toy_figure", *wrong)[0] == 2
    assert runs() == {}


def test_a_folder_that_cannot_be_written_to_has_status_two(toy, call, tmp_path):
    (tmp_path / "file").write_text("in the way")
    toy()
    status, _, err = call("toy_figure", "--out", str(tmp_path / "file"), out=False)
    assert status == 2
    assert "UnwritableFolder" in err


def test_an_interrupted_command_says_so(toy, call):
    toy(SOURCE.replace("ACT = None", 'ACT = "stop"'))
    status, _, err = call("toy_figure", "--smoke")
    assert status == 130
    assert err.startswith("stopped: ")


def test_the_gallery_shows_every_figure_with_its_claims_and_asks_for_nothing(toy, call, tmp_path):
    toy()
    assert call("toy_figure", "--quick")[0] == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "there is a gain" in page
    assert "HOLDS: agrees" in page
    assert "there is a loss" not in page  # a mutant is counted, not shown
    assert "1 of 1 sentences known to be false came out so" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_group_names_its_figures(toy, call):
    toy(SOURCE + 'GROUP = "toys"\n')
    toy(SOURCE + 'GROUP = "toys"\n', name="toy_second")
    status, out, _ = call("toys", "toy_figure", "--smoke")
    assert status == 0
    assert out.count("rows") == 2
    assert sheets.group("nfp_1a") == "law"

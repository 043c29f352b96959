"""Information on the command line: the exact table, brackets of named channels, and wrong use."""

import json
import math

import pytest

from robustlaw import cli

SMALL = ("--n", "5", "--widths", "3-4-1", "--inits", "2", "--steps", "20", "--jobs", "1")


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["robustlaw", "information", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return call


def test_the_table_prints_exact_zeros_and_keeps_its_cells(run, tmp_path):
    options = (*SMALL, "--density", "0.5", "--density", "0.2", "--out", tmp_path / "cells")
    status, out, _ = run(*options)
    assert status == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line[:1].isupper()}
    assert rows["Random"] == rows["MagnitudeAtInit"] == ["0", "0"]
    assert float(rows["MagnitudeAfterTraining"][0]) > 1.0
    status, again, _ = run(*options, "--json")
    cells = json.loads(again)
    assert len(cells) == 10
    for cell in cells:
        cap = min(5 * math.log(2.0), math.log(math.comb(16, cell["kept"])))
        assert 0.0 <= cell["least_nats"] <= cell["upper_nats"] + 1e-12
        assert cell["lower_nats"] <= cell["upper_nats"] <= cap + 1e-12
    assert (tmp_path / "cells" / "information.sqlite").exists()


def test_a_zoo_channel_exactly_and_sampled(run):
    options = ("Z5", "--set", "n=6", "--set", "flip=0.1", "--json")
    status, out, _ = run(*options)
    exact = json.loads(out)
    assert (status, exact["level"]) == (0, 1.0)
    truth = 6 * 0.3680642072
    assert exact["lower_nats"] == pytest.approx(truth, abs=1e-8)
    status, out, _ = run(*options, "--sampled", "--runs", "400", "--level", "0.9")
    found = json.loads(out)
    assert found["lower_nats"] <= exact["upper_nats"]
    assert exact["lower_nats"] <= found["upper_nats"]  # the privacy cap meets it: responses are randomised
    assert found["level"] <= 0.9
    assert any("probability" in a for a in found["assumptions"])
    assert {t["side"] for t in found["tried"]} == {"lower", "upper"}


def test_a_pruner_as_a_channel_prints_its_ledger(run):
    status, out, _ = run("Snip", "--set", "density=0.4", *SMALL, "--runs", "200")
    assert status == 0
    assert "I(m;D|init)" in out
    assert "number of masks" in out
    assert "entropy of the labels" in out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("Z99",), "Z14"),
        (("Z5",), "--set"),
        (("Z5", "--set", "n=6", "--set", "flip=0.1", "--set", "x=1"), "flip"),
        (("Z5", "--set", "n"), "key=number"),
        (("Z5", "--set", "n=a"), "key=number"),
        (("Z5", "--set", "n=6", "--set", "flip=0.1", "--target", "I(m)"), "target"),
        (("Z5", "--set", "n=6", "--set", "flip=0.1", "--level", "1.5"), "level"),
        (("Z5", "--set", "n=6", "--set", "flip=0.1", "--runs", "10"), "too few"),
        (("Snip", "--set", "k=3"), "density"),
        (("Snip", "--target", "I(m;D)", "--steps", "5"), "init"),
        (("--widths", "4_8"), "widths"),
        (("--n", "30"), "at most 20"),
        (("--method", "Hope"), "Snip"),
        (("--density", "2"), "density"),
        (("--inits", "0"), "inits"),
    ],
)
def test_wrong_use_says_what_is_right(run, arguments, word):
    status, out, error = run(*arguments)
    assert (status, out) == (2, "")
    assert word in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Z15",), "matrices"),
        (("Z5", "--set", "n=inf", "--set", "flip=0.1"), "key=number"),
        (("Z5", "--set", "n=2", "--set", "n=3", "--set", "flip=0.1"), "once"),
        (("Snip", "--set", "init=1.5"), "whole"),
        (("Snip", "--set", "inputs=0.5"), "whole"),
    ],
)
def test_settings_that_would_be_bent_are_refused(run, arguments, words):
    status, _, error = run(*arguments)
    assert status == 2
    assert words in error
    assert "Traceback" not in error

"""Brackets on the command line: printed, stored, checked again, and refused when touched."""

import json

import numpy as np
import pytest

from robustlaw import cli
from robustlaw.evidence import Bracket, from_json


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["robustlaw", "lipschitz", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return call


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for name in ("one", "two"):
        layers = {"W1": rng.normal(size=(6, 4)), "b1": rng.normal(size=6), "W2": rng.normal(size=(1, 6))}
        np.savez(tmp_path / f"{name}.npz", **layers)
        paths.append(tmp_path / f"{name}.npz")
    return paths


@pytest.mark.parametrize("effort", ["fast", "tight"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_printed_bracket_is_checked_again(run, files, tmp_path, effort, norm):
    stored = tmp_path / "bracket.json"
    status, out, _ = run(files[0], "--effort", effort, "--norm", norm, "--json", "--out", stored)
    assert status == 0
    found = from_json(out)
    assert isinstance(found, Bracket)
    assert 0.0 < found.lower <= found.upper
    assert from_json(stored.read_text()) == found
    assert run(files[0], "--norm", norm, "--check", stored)[0] == 0
    status, out, _ = run(files[0], "--norm", norm, "--check", stored, "--json")
    assert (status, json.loads(out)["ok"]) == (0, True)
    status, out, _ = run(files[1], "--norm", norm, "--check", stored)
    assert status == 1
    assert "upper:" in out
    other = "l2" if norm == "linf" else "linf"
    assert run(files[0], "--norm", other, "--check", stored)[0] == 1


def test_touched_brackets_do_not_pass(run, files, tmp_path):
    stored = tmp_path / "bracket.json"
    run(files[0], "--out", stored)
    tree = json.loads(stored.read_text())

    def status(**changes):
        stored.write_text(json.dumps(tree | changes))
        return run(files[0], "--check", stored)[0]

    proof = tree["certificate"]
    assert status() == 0
    assert status(upper=tree["upper"] * (1 - 1e-6), lower=0.0) == 1
    assert status(lower=tree["lower"] * (1 + 1e-6), upper=1e9) == 1
    assert status(witness=None) == 1
    assert status(certificate=None) == 1
    assert status(certificate=proof | {"kind": "tales"}) == 1
    assert status(certificate=proof | {"numbers": {}}) == 1
    assert status(certificate={"kind": proof["kind"], "numbers": proof["numbers"] | {"rho": ["nan"]}}) == 1
    assert status(witness=[float("nan")] * 4) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"type": "Bracket"}',
        '{"type": "Estimate", "value": 1.0, "method": "", "unit": "", "standard_error": null}',
        '{"type": "Bracket", "lower": 2.0, "upper": 1.0, "method": "", "unit": "", "assumptions": [], '
        '"witness": null, "certificate": null}',
        '{"type": "Bracket", "lower": NaN, "upper": 1.0, "method": "", "unit": "", "assumptions": [], '
        '"witness": null, "certificate": null}',
        '{"type": "Bracket", "lower": 1' + "0" * 400 + "}",
        "[" * 100_000,
    ],
)
def test_what_is_no_bracket_is_named(run, files, tmp_path, text):
    stored = tmp_path / "bracket.json"
    stored.write_text(text)
    status, _, err = run(files[0], "--check", stored)
    assert status == 2
    assert "UnreadableFile" in err
    assert "Traceback" not in err


def test_wrong_use_is_named(run, files, tmp_path):
    assert run(files[0], "--norm", "l1")[0] == 2
    assert "UnreadableFile" in run(files[0], "--check", tmp_path / "none.json")[2]
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    assert "UnreadableFile" in run(files[0], "--check", tmp_path / "bytes.json")[2]
    assert "UnreadableFile" in run(files[0], "--check", tmp_path)[2]
    assert "UnwritableFolder" in run(files[0], "--out", tmp_path / "no" / "where.json")[2]

"""The main job from the outside: its products, and that nothing it meets on the way changes them."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

SMALL = ("--preset", "smoke", "--method", "Random", "--method", "EdgePopup", "--seeds", "2", "--jobs", "2")


def start(out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "robustlaw.cli", "verify", *SMALL, "--out", str(out), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("verify") / "undisturbed"
    process = start(out, "--json")
    printed, complaints = process.communicate(timeout=300)
    assert process.returncode in (0, 3), complaints
    (out / "printed.json").write_text(printed)
    return out


def stored(out: Path) -> int:
    store = out / "runs.sqlite"
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return int(connection.execute("select count(*) from cells").fetchone()[0])
    except sqlite3.Error:
        return 0


def stop_midway(out: Path, how: signal.Signals) -> tuple[int, str]:
    """Exit status and complaints of a run that was stopped once something was stored."""
    process = start(out)
    deadline = time.monotonic() + 120
    while stored(out) == 0 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, how) if how is signal.SIGKILL else process.send_signal(how)
    try:
        # long: without compiled caches, beside other tests, leaving takes its time
        _, complaints = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # not left to disturb other tests
        process.communicate()
        raise
    return process.returncode, complaints


def test_what_verify_leaves_and_prints(undisturbed):
    summary = json.loads((undisturbed / "printed.json").read_text())
    assert summary == json.loads((undisturbed / "verdicts.json").read_text())
    assert summary["verdicts"]["VIOLATED"] == 0
    assert summary["verdicts"]["HOLDS"] > 0
    assert summary["failed_cells"] == 0
    for verdict, count in summary["verdicts"].items():
        assert sum(law["counts"].get(verdict, 0) for law in summary["laws"]) == count
    table = pl.read_csv(undisturbed / "table.csv")
    held = table.filter(pl.col("verdict") == "HOLDS")
    assert (held["measured lower"] >= held["bound"]).all()
    assert set(table.filter(pl.col("must fail"))["law"]) == {"DescriptionLength without mask"}
    digits = table.filter((pl.col("setting") == "digits") & (pl.col("verdict") == "HOLDS"))
    assert len(digits) > 0
    assert digits["assuming"].str.contains("rho = ").all()
    page = (undisturbed / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "must fail" in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )


def test_the_linear_table_catches_the_wrong_ledger(undisturbed):
    table = pl.read_csv(undisturbed / "table.csv").filter(pl.col("setting") == "linear")
    wrong = table.filter(pl.col("law") == "DescriptionLength without mask")
    right = table.filter(pl.col("law") == "DescriptionLength")
    assert set(wrong["verdict"]) == {"VIOLATED"}
    assert set(right["verdict"]) == {"HOLDS"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_continues_to_the_same_table(undisturbed, tmp_path, how):
    out = tmp_path / "out"
    status, complaints = stop_midway(out, how)
    assert status == (130 if how is signal.SIGINT else -how)
    assert how is signal.SIGKILL or "continues from there" in complaints
    before = stored(out)
    assert before > 0
    assert not (out / "table.csv").exists()
    again = start(out)
    again.communicate(timeout=300)
    assert again.returncode in (0, 3)
    for name in ("table.csv", "verdicts.json"):
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()


def test_a_finished_run_is_not_repeated(undisturbed):
    began = time.monotonic()
    before = (undisturbed / "table.csv").read_bytes()
    process = start(undisturbed)
    process.communicate(timeout=120)
    assert (undisturbed / "table.csv").read_bytes() == before
    assert process.returncode in (0, 3)
    assert time.monotonic() - began < 60

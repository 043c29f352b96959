"""robustlaw runs: what it prints, what it leaves behind, and its exit status."""

import ast
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from robustlaw import cli
from robustlaw.sweep import SerialExecutor, Store, catalogue, run_sweep

ROOT = Path(__file__).resolve().parents[2]

STUDY = '''
"""Cells fail while a file is missing."""
import os, pathlib, time
NAME, VERSION, chunk_size = "moody", 1, 1
def bucket(config): return None
def run(configs):
    for config in configs:
        if pathlib.Path(os.environ["MOOD"]).exists():
            time.sleep(config.get("sleep", 0.0))
        elif config["seed"] >= 3:
            raise ArithmeticError("not today" if config["seed"] < 5 else f"seed {config['seed']}")
    return [{"value": config["seed"] / 3.0, "steps": [1, 2]} for config in configs]
'''


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["robustlaw", "runs", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capsys.readouterr()

    return call


@pytest.fixture
def mood(tmp_path, monkeypatch):
    """Makes the study succeed."""
    (tmp_path / "moody_by_path.py").write_text(STUDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(tmp_path)]))
    monkeypatch.setenv("MOOD", str(tmp_path / "mood"))
    yield (tmp_path / "mood").touch
    sys.modules.pop("moody_by_path", None)


@pytest.fixture
def store(tmp_path, mood):
    """Three ok cells and three failed ones, which ended in two ways."""
    path = tmp_path / "runs.sqlite"
    run_sweep("moody_by_path", [{"seed": seed} for seed in range(6)], path, executor_factory=SerialExecutor)
    return path


def tampered(path, command):
    connection = sqlite3.connect(path)
    connection.execute(command)
    connection.commit()
    connection.close()


def refused(done, *words):
    status, out, error = done
    assert (status, out) == (2, ""), done
    assert "Traceback" not in error
    assert error.strip().count("\n") == 0
    for word in words:
        assert word in error


def test_ls_counts_what_is_there(run, store):
    status, out, _ = run("ls", store)
    assert status == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:4] == ["study", "version", "status", "cells"]
    assert [line[:4] for line in lines[1:]] == [["moody", "1", "failed", "3"], ["moody", "1", "ok", "3"]]
    status, out, _ = run("ls", store, "--json")
    failed, ok = json.loads(out)
    assert (ok["study"], ok["status"], ok["cells"]) == ("moody", "ok", 3)
    assert time.time() - 600 < ok["finished"] <= time.time()
    assert failed["seconds"] >= 0.0


def test_show_prints_one_row_by_the_start_of_its_key(run, store):
    with Store.reading(store) as opened:
        rows = list(opened.rows())
    ok = next(row for row in rows if row.status == "ok")
    status, out, _ = run("show", store, ok.key[:20])
    assert status == 0
    assert ok.key in out
    assert f"value = {ok.result['value']!r}" in out
    status, out, _ = run("show", store, ok.key, "--json")
    told = json.loads(out)
    assert (told["result"], told["config"], told["finished"]) == (ok.result, ok.config, ok.finished)
    failed = next(row for row in rows if row.status == "failed")
    assert "Traceback (most recent call last)" in run("show", store, failed.key)[1]


def test_an_ambiguous_or_unknown_key_is_named_with_what_there_is(run, store):
    with Store.reading(store) as opened:
        keys = [row.key for row in opened.rows()]
    refused(run("show", store, ""), "AmbiguousKey", "6 cells", *(key[:16] for key in keys))
    refused(run("show", store, "xyz"), "UnknownKey", "xyz")


def test_failures_are_grouped_and_show_one_traceback_on_demand(run, store):
    status, out, _ = run("failures", store)
    assert status == 1
    assert "not today" in out
    status, out, _ = run("failures", store, "--json")
    groups = json.loads(out)
    assert [(g["type"], g["message"], g["cells"]) for g in groups] == [
        ("ArithmeticError", "not today", 2),
        ("ArithmeticError", "seed 5", 1),
    ]
    status, out, _ = run("failures", store, "--traceback", 2)
    assert status == 1
    assert out.rstrip().endswith("ArithmeticError: seed 5")
    assert "Traceback (most recent call last)" in out
    assert "in run" in json.loads(run("failures", store, "--traceback", 1, "--json")[1])["traceback"]
    refused(run("failures", store, "--traceback", 3), "2 groups")
    assert run("failures", store, "--study", "other", "--json")[:2] == (0, "[]\n")


def test_retry_mends_what_can_be_mended(run, store, mood):
    command = ("retry", store, "--study", "moody", "--module", "moody_by_path", "--jobs", 1)
    status, out, _ = run(*command)
    assert (status, "0 of 3 are ok now" in out) == (1, True)
    mood()
    status, out, _ = run(*command, "--json")
    assert status == 0
    [told] = json.loads(out)
    assert told == {"study": "moody", "version": 1, "cells": 3, "mended": 3, "outdated": False}
    with Store.reading(store) as opened:
        assert sorted(row.attempts for row in opened.rows()) == [1, 1, 1, 3, 3, 3]
    assert run(*command)[:2] == (0, "every cell has a result\n")
    assert run("failures", store)[0] == 0


def test_retry_says_when_it_does_not_know_the_study(run, store):
    before = store.read_bytes()
    refused(run("retry", store), "moody", "path of the study's module", "noise_correlation")
    refused(run("retry", store, "--study", "other"), "no cells")
    refused(run("retry", store, "--module", "moody_by_path"), "which study")
    other = Path(sys.modules["moody_by_path"].__file__).with_name("cheerful.py")
    other.write_text(STUDY.replace('"moody"', '"cheerful"'))
    refused(run("retry", store, "--study", "moody", "--module", "cheerful"), "not 'moody'")
    refused(run("retry", store, "--study", "moody", "--module", "nowhere"), "no module named")
    assert store.read_bytes() == before


def test_cells_of_an_older_version_are_told_and_not_run(run, store, mood, monkeypatch):
    mood()
    monkeypatch.setattr(sys.modules["moody_by_path"], "VERSION", 2)
    before = store.read_bytes()
    status, out, _ = run("retry", store, "--study", "moody", "--module", "moody_by_path")
    assert (status, "another version" in out) == (1, True)
    assert store.read_bytes() == before


def test_ctrl_c_ends_a_retry_with_status_130_and_keeps_what_was_done(store, mood):
    configs = [{"seed": seed, "sleep": 0.2} for seed in range(10, 40)]
    run_sweep("moody_by_path", configs, store, executor_factory=SerialExecutor)
    mood()
    command = [sys.executable, "-m", "robustlaw", "runs", "retry", str(store), "--study", "moody"]
    command += ["--module", "moody_by_path", "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    limit = time.monotonic() + 60
    while mended(store) < 5 and time.monotonic() < limit:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in error
    assert "Traceback" not in error
    assert 5 <= mended(store) < 36


def mended(path):
    with Store.reading(path) as opened:
        return opened.counts().get("ok", 0)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_writes_once(run, store, tmp_path, ending):
    out = tmp_path / f"rows.{ending}"
    status, told, _ = run("export", store, out, "--json")
    assert (status, json.loads(told)["rows"]) == (0, 6)
    found = {"csv": pl.read_csv, "parquet": pl.read_parquet}[ending](out)
    assert found.height == 6
    assert found.filter(pl.col("config.seed") == 1)["result.value"].to_list() == [1 / 3.0]
    before = out.read_bytes()
    refused(run("export", store, out, "--study", "other"), "--force")
    assert out.read_bytes() == before
    assert run("export", store, out, "--version", 2, "--force")[0] == 0
    assert out.read_bytes() != before
    refused(run("export", store, tmp_path / "rows.xlsx"), ".parquet")
    refused(run("export", store, store, "--force"), ".parquet")


def test_check_finds_damage(run, store):
    assert run("check", store)[:2] == (0, "6 cells read, 0 findings\n")
    tampered(store, "UPDATE cells SET attempts = 0")
    status, out, _ = run("check", store)
    assert (status, out.count("attempts = 0")) == (1, 6)
    status, out, _ = run("check", store, "--json")
    told = json.loads(out)
    assert (status, told["sound"], told["cells"], len(told["findings"])) == (1, False, 6, 6)
    store.write_bytes(store.read_bytes()[:5000])
    status, out, _ = run("check", store)
    assert (status, "truncated" in out) == (1, True)


def test_merge_is_all_or_nothing(run, store, tmp_path, mood):
    mood()
    other = tmp_path / "other.sqlite"
    configs = [{"seed": seed} for seed in range(2, 9)]
    run_sweep("moody_by_path", configs, other, executor_factory=SerialExecutor)
    status, out, _ = run("merge", store, other, "--json")
    assert status == 0
    assert json.loads(out) == {"path": str(store), "cells_before": 6, "cells": 9, "conflicts": 0}
    assert run("failures", store)[0] == 0
    tampered(other, "UPDATE cells SET result = '{}' WHERE config = '{\"seed\":2}'")
    before = store.read_bytes()
    refused(run("merge", store, other), "MergeConflict", "1 cells")
    assert store.read_bytes() == before
    status, out, _ = run("merge", store, other, "--keep", "theirs")
    assert (status, "theirs stayed" in out) == (0, True)
    assert run("merge", store, other, "--keep", "mine")[0] == 2
    refused(run("merge", store, store), "into itself")


@pytest.mark.parametrize("command", ["ls", "show", "failures", "retry", "export", "check", "merge"])
@pytest.mark.parametrize("kind", ["missing", "text", "newer"])
def test_what_is_no_store_is_refused_in_one_line(run, tmp_path, command, kind):
    path = tmp_path / "letter"
    if kind == "text":
        path.write_text("dear reader\n" * 50)
    if kind == "newer":
        Store.writing(path).close()
        tampered(path, "PRAGMA user_version = 77")
    before = path.read_bytes() if path.exists() else None
    more = {"show": ["a"], "export": [tmp_path / "out.csv"], "merge": [path]}.get(command, [])
    arguments = [tmp_path / "new", path] if command == "merge" else [path, *more]
    refused(run(command, *arguments), "UnreadableFile", "letter")
    assert (path.read_bytes() if path.exists() else None) == before
    assert {found.name for found in tmp_path.iterdir()} <= {"letter", "letter.lock"}


def test_studies_are_known_by_name_without_importing_them():
    known = catalogue.studies_by_name()
    found = {}
    for path in (ROOT / "robustlaw" / "studies").glob("*.py"):
        body = ast.parse(path.read_text()).body
        if any(isinstance(part, ast.FunctionDef) and part.name == "bucket" for part in body):
            [name] = [
                part.value.value
                for part in body
                if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "NAME"
            ]
            found[name] = f"robustlaw.studies.{path.stem}"
    assert known == found


def test_looking_at_a_store_does_not_load_torch_or_polars(store):
    code = """
import sys
from robustlaw import cli
sys.argv = sys.argv[1:]
try:
    cli.main()
finally:
    print(sorted({"torch", "polars"} & set(sys.modules)), file=sys.stderr)
"""
    for arguments in (["--help"], ["failures", store]):
        done = subprocess.run(
            [sys.executable, "-c", code, "robustlaw", "runs", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1)
        assert done.stderr.rstrip().endswith("[]"), done.stderr

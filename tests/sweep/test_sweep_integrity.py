"""A check names everything that is wrong with a store, and changes nothing."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from robustlaw.errors import UnreadableFile
from robustlaw.sweep import DamagedStore, SerialExecutor, Store, run_sweep

CONFIGS = [{"seed": seed} for seed in range(6)] + [{"seed": 6, "do": "raise"}]
OK = "WHERE key = (SELECT min(key) FROM cells WHERE status = 'ok')"
LOST = "WHERE status = 'failed'"

DAMAGE = {
    f"UPDATE cells SET config = replace(config, '\"seed\":', '\"seed\":1') {OK}": "have the key",
    f"UPDATE cells SET version = 2 {OK}": "have the key",
    f"UPDATE cells SET study = 'toys' {OK}": "have the key",
    f"UPDATE cells SET study = x'00' {OK}": "no text and number",
    f"UPDATE cells SET key = 'k' {OK}": "have the key",
    f"UPDATE cells SET config = '[1]' {OK}": "its config is no JSON object",
    f"UPDATE cells SET config = '{{' {OK}": "its config is no JSON object",
    f"UPDATE cells SET config = '{{\"a\":1e999}}' {OK}": "cannot be a config",
    f"UPDATE cells SET result = result || ' x' {OK}": "its result is no JSON object",
    f"UPDATE cells SET result = '{{\"a\":NaN}}' {OK}": "its result is no JSON object",
    f"UPDATE cells SET result = NULL {OK}": "its result is no JSON object",
    f"UPDATE cells SET error_type = 'E' {OK}": "status ok, and there is a failure",
    f"UPDATE cells SET status = 'okay' {OK}": "unknown status 'okay'",
    f"UPDATE cells SET environment = 'gone' {OK}": "its environment is not stored",
    f"UPDATE cells SET seconds = -1.0 {OK}": "seconds = -1.0",
    f"UPDATE cells SET seconds = 'long' {OK}": "seconds = 'long'",
    f"UPDATE cells SET attempts = 0 {OK}": "attempts = 0",
    f"UPDATE cells SET error_message = NULL {LOST}": "the failure is not told",
    f"UPDATE cells SET result = '{{}}' {LOST}": "there is a result",
    "UPDATE environments SET json = replace(json, 'cpu', 'gpu')": "another digest",
    "UPDATE environments SET json = '{'": "the environment is no JSON object",
}


@pytest.fixture
def filled(store_path):
    run_sweep("toy_study", CONFIGS, store_path, executor_factory=SerialExecutor)
    return store_path


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def tampered(path, command):
    connection = sqlite3.connect(path)
    assert connection.execute(command).rowcount == 1
    connection.commit()
    connection.close()


def report(path):
    with Store.reading(path) as store:
        return store.check()


def test_a_sound_store_has_no_findings(filled):
    before = digests(filled.parent)
    found = report(filled)
    assert (found.sound, found.cells, found.findings, found.path) == (True, 7, (), filled)
    assert digests(filled.parent) == before


@pytest.mark.parametrize("command", DAMAGE)
def test_every_damage_is_found_and_nothing_else(filled, command):
    tampered(filled, command)
    before = digests(filled.parent)
    found = report(filled)
    assert not found.sound
    assert len(found.findings) == 1, found.findings
    assert DAMAGE[command] in found.findings[0].what
    assert found.cells == 7
    assert digests(filled.parent) == before


def test_a_finding_names_the_cell(filled):
    tampered(filled, f"UPDATE cells SET attempts = 0 {OK}")
    with Store.reading(filled) as store:
        keys = [row.key for row in store.rows() if row.status == "ok"]
        assert [finding.where for finding in store.check().findings] == [min(keys)]


@pytest.mark.parametrize("column", ["config", "result"])
def test_rows_that_are_no_json_are_a_named_error_and_not_another_row(filled, column):
    tampered(filled, f"UPDATE cells SET {column} = '{{}},{{}}' {OK}")
    with Store.reading(filled) as store, pytest.raises(DamagedStore, match="robustlaw runs check"):
        list(store.rows())


def test_a_row_whose_environment_is_missing_is_not_passed_over(filled):
    tampered(filled, f"UPDATE cells SET environment = 'gone' {OK}")
    with Store.reading(filled) as store, pytest.raises(DamagedStore, match="environment"):
        list(store.rows())


def test_a_page_of_rubbish_is_found_without_an_exception(filled):
    content = bytearray(filled.read_bytes())
    for start in range(8192, len(content), 4096):
        content[start : start + 4096] = b"\xff" * 4096
    filled.write_bytes(content)
    before = digests(filled.parent)
    found = report(filled)
    assert {finding.where for finding in found.findings} == {"file"}
    with Store.reading(filled) as store, pytest.raises(DamagedStore, match="robustlaw runs check"):
        list(store.rows())
    assert digests(filled.parent) == before


def test_a_truncated_store_is_damaged_and_a_foreign_file_is_not(filled, tmp_path):
    filled.write_bytes(filled.read_bytes()[:-100])
    with pytest.raises(DamagedStore, match="truncated"):
        Store.reading(filled)
    (tmp_path / "letter").write_text("dear reader\n" * 20)
    with pytest.raises(UnreadableFile) as refused:
        Store.reading(tmp_path / "letter")
    assert refused.type is UnreadableFile


def test_what_a_killed_writer_left_in_the_log_is_read_and_stays_there(filled):
    """Neither a check nor a reader folds the log into the file."""
    code = """
import os, sys
from robustlaw.sweep import Failure, Row, Status, Store, cell_key
store = Store.writing(sys.argv[1])
config, lost = {"seed": 99}, Failure("E", "m", "t")
store.commit([Row(cell_key("toy", 1, config), "toy", 1, config, Status.KILLED, None, lost, 1.0, {})])
os._exit(9)
"""
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2])])
    subprocess.run([sys.executable, "-c", code, filled], env=os.environ | {"PYTHONPATH": path}, check=False)
    shared = f"{filled.name}-shm"  # holds locks and an index of the log, and no rows
    before = {name: digest for name, digest in digests(filled.parent).items() if name != shared}
    assert f"{filled.name}-wal" in before
    found = report(filled)
    assert (found.sound, found.cells) == (True, 8)
    with Store.reading(filled) as store:
        assert len(list(store.rows())) == 8
    assert {name: digest for name, digest in digests(filled.parent).items() if name != shared} == before

"""A store gives back what it was given, and never touches a file that is not its own."""

import hashlib
import math
import pickle
import sqlite3
import struct
import subprocess
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import UnreadableFile, UnwritableFolder
from robustlaw.sweep import Failure, Row, SerialExecutor, Status, Store, StoreInUse, run_sweep

SEEDS = [{"seed": seed} for seed in range(40)]


def row(key="k", status=Status.OK, result=None, seconds=0.5):
    failure = None if status is Status.OK else Failure("E", "m\x00", "t")
    return Row(key, "toy", 1, {"a": [1, 2.0]}, status, result, failure, seconds, {"python": "3"})


def filled(path):
    run_sweep("toy_study", SEEDS, path, executor_factory=SerialExecutor)
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bits(value):
    return struct.pack("<d", value)


def test_a_row_comes_back_as_it_was(store_path):
    rows = [
        row("a", result={"z": 1, "a": 2.0, "t": "é\x00"}),
        row("b", Status.FAILED),
        row("c", Status.KILLED),
    ]
    before = time.time()
    with Store.writing(store_path) as store:
        store.commit(rows)
    with Store.reading(store_path) as store:
        committed = [found.finished for found in store.rows()]
        assert before <= committed[0] == committed[1] == committed[2] <= time.time()
        rows = [replace(asked, finished=committed[0]) for asked in rows]
        assert list(store.rows()) == rows
        assert store.rows_of(["c", "x", "a", "c"]) == [rows[2], rows[0], rows[2]]
        assert [store.row(key) for key in "cba"] == rows[::-1]
        assert store.row("d") is None
        assert list(store.row("a").result) == ["z", "a", "t"]
        assert store.counts() == {Status.OK: 1, Status.FAILED: 1, Status.KILLED: 1}
        assert store.counts("other") == {}
        assert store.statuses("toy", 1) == {"a": "ok", "b": "failed", "c": "killed"}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_floats_come_back_bit_for_bit(tmp_path_factory, values):
    values = [*values, -0.0, 5e-324, -2.2250738585072011e-308, 1.7976931348623157e308, 0.1 + 0.2, math.pi]
    with Store.writing(tmp_path_factory.mktemp("floats") / "runs") as store:
        store.commit([row(result={"values": values})])
        back = store.row("k").result["values"]
    assert list(map(bits, back)) == list(map(bits, values))


def test_an_ok_row_is_final_and_any_other_can_be_replaced(store_path):
    with Store.writing(store_path) as store:
        store.commit([row(status=Status.FAILED)])
        store.commit([row(result={"x": 1})])
        assert (store.row("k").status, store.row("k").attempts) == (Status.OK, 2)
        store.commit([row(result={"x": 2}), row(status=Status.FAILED)])
        assert store.row("k").result == {"x": 1}


def test_a_chunk_is_stored_whole_or_not_at_all(store_path):
    with Store.writing(store_path) as store:
        with pytest.raises(ValueError, match="not JSON compliant"):
            store.commit([row("a", result={}), row("b", result={"x": math.nan})])
        assert store.counts() == {}
        store.commit([row("a", result={})])
        assert store.counts() == {Status.OK: 1}


def test_a_reader_looks_on_while_a_writer_writes(store_path):
    with Store.writing(store_path) as writer, Store.reading(store_path) as reader:
        assert reader.counts() == {}
        writer.commit([row(result={})])
        assert reader.counts() == {Status.OK: 1}
        with pytest.raises(UnwritableFolder):
            reader.commit([row("b", result={})])


def test_only_one_writer(store_path):
    with Store.writing(store_path), pytest.raises(StoreInUse, match=r"runs\.sqlite"):
        Store.writing(store_path)
    Store.writing(store_path).close()


def test_a_closed_store_is_one_file_and_an_empty_lock(store_path):
    filled(store_path)
    files = {path.name: path.stat().st_size for path in store_path.parent.iterdir()}
    assert set(files) == {"runs.sqlite", "runs.sqlite.lock"}
    assert files["runs.sqlite.lock"] == 0


def foreign_database(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cells (key TEXT)")
    connection.close()


def other_layout(path):
    filled(path)
    path.with_name(f"{path.name}.lock").unlink()
    content = bytearray(path.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")
    path.write_bytes(content)


def truncated(path, keep):
    filled(path)
    path.with_name(f"{path.name}.lock").unlink()
    path.write_bytes(path.read_bytes()[:keep])


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a file was unpickled",))


STRANGERS = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not a store\n" * 100),
    "pickle": lambda path: path.write_bytes(pickle.dumps([Trap()] * 50)),
    "folder": lambda path: path.mkdir(),
    "foreign": foreign_database,
    "layout": other_layout,
    "header": lambda path: truncated(path, 60),
    "page": lambda path: truncated(path, 4096),
    "tail": lambda path: truncated(path, -1),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_that_is_no_store_is_refused_and_left_alone(store_path, kind):
    STRANGERS[kind](store_path)
    before = None if store_path.is_dir() else digest(store_path)
    for attempt in (Store.writing, Store.reading, lambda path: run_sweep("toy_study", SEEDS, path)):
        with pytest.raises(UnreadableFile, match=r"runs\.sqlite"):
            attempt(store_path)
    assert [path.name for path in store_path.parent.iterdir()] == ["runs.sqlite"]
    assert before is None or digest(store_path) == before


def test_damage_inside_is_found_and_left_alone(store_path):
    content = bytearray(filled(store_path).read_bytes())
    content[8192:12288] = b"\xff" * 4096
    store_path.write_bytes(content)
    before = digest(store_path)
    with pytest.raises(UnreadableFile, match="damaged"):
        Store.writing(store_path)
    assert digest(store_path) == before


def test_a_log_without_its_store_is_not_replayed_into_a_new_one(store_path):
    store_path.with_name("runs.sqlite-wal").write_bytes(b"frames")
    with pytest.raises(UnreadableFile, match="log"):
        Store.writing(store_path)
    assert not store_path.exists()


def test_a_missing_store_cannot_be_read(store_path):
    with pytest.raises(UnreadableFile):
        Store.reading(store_path)
    assert not list(store_path.parent.iterdir())


def test_missing_folders_are_made(tmp_path):
    with Store.writing(tmp_path / "a b%" / "ü?#" / "runs") as store:
        store.commit([row(result={})])
    assert (tmp_path / "a b%" / "ü?#" / "runs").stat().st_size > 0


@pytest.mark.parametrize("folder", ["file/below", "/proc", "/proc/below"])
def test_a_folder_that_cannot_be_written_is_an_error_before_any_work(tmp_path, runs, folder):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritableFolder, match="cannot be stored"):
        run_sweep("toy_study", SEEDS, tmp_path / folder / "runs")
    assert runs() == {}


def test_a_full_disk_ends_the_sweep_with_what_was_stored(store_path, parent):
    """A limit on the size of files stands in for the disk."""
    command = parent(store_path, 4000, jobs=1)
    code = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); "
    command["args"][1:2] = ["-c", f"{code}runpy.run_path({command['args'][1]!r}, run_name='__main__')"]
    answer = subprocess.run(**command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "UnwritableFolder: rows cannot be stored in" in answer.stderr
    with Store.writing(store_path) as store:
        assert store.counts()[Status.OK] > 0

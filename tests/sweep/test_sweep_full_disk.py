"""A disk that is full, or that nobody can write to, ends every writer with a named error and loses nothing.

Limits on the size of files, and on SQLite's pages, stand in for the disk.
"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from robustlaw.errors import UnwritableFolder
from robustlaw.sweep import Row, SerialExecutor, Status, Store, files, merge, run_sweep

HERE = Path(__file__).resolve().parent


def rows(count, text="x" * 200):
    return [Row(f"{n:064x}", "toy", 1, {"n": n}, Status.OK, {"t": text}, None, 0.5, {}) for n in range(count)]


def content(path):
    with Store.reading(path) as store:
        return [row.key for row in store.rows()]


def limited(store, pages):
    """No page more than `pages` fits on the disk."""
    store._rows.execute(f"PRAGMA max_page_count = {pages}")
    return store


def run_limited(code, size, *arguments):
    """The output of Python code in a process whose files cannot grow beyond `size` bytes."""
    start = f"""
import resource, sys
from robustlaw.sweep import SerialExecutor, Store, run_sweep
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""
    done = subprocess.run(
        [sys.executable, "-c", start + code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent.parent), str(HERE)])},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_chunk_that_does_not_fit_is_left_out_whole(store_path):
    made = rows(300)
    with limited(Store.writing(store_path), 20) as store:
        store.commit(made[:50])
        with pytest.raises(UnwritableFolder, match="full; what was stored before is kept"):
            store.commit(made[50:])
        store.commit(made[50:60])
        assert store.check().findings[0].what.startswith("its study, version and config")  # keys are made up
    assert content(store_path) == [row.key for row in made[:60]]


def test_a_merge_that_does_not_fit_changes_nothing(store_path, tmp_path, monkeypatch):
    made = rows(300)
    with Store.writing(tmp_path / "other") as store:
        store.commit(made)
    with Store.writing(store_path) as store:
        store.commit(made[:30])
    writing = Store.writing
    monkeypatch.setattr(Store, "writing", lambda path: limited(writing(path), 20))
    for into in (store_path, tmp_path / "new"):
        with pytest.raises(UnwritableFolder, match="full"):
            merge(into, [tmp_path / "other"])
    assert content(store_path) == [row.key for row in made[:30]]
    assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    assert merge(store_path, [tmp_path / "other"]).cells == 300


def test_a_store_that_cannot_be_made_leaves_no_draft(store_path):
    told = run_limited("Store.writing(sys.argv[1])", 8192, store_path)
    assert "UnwritableFolder: no store can be made at" in told
    assert {path.name for path in store_path.parent.iterdir()} <= {"runs.sqlite.lock"}


def test_a_migration_that_does_not_fit_leaves_the_old_store(store_path):
    connection = sqlite3.connect(store_path)
    connection.executescript((HERE / "layout_1.sql").read_text())
    connection.close()
    before = store_path.read_bytes()
    told = run_limited("Store.writing(sys.argv[1])", 4096, store_path)
    assert "UnwritableFolder" in told
    assert store_path.read_bytes() == before
    with Store.writing(store_path) as store:
        assert len(list(store.rows())) == 4


def test_a_sweep_on_a_full_disk_keeps_every_committed_chunk_and_goes_on_later(store_path, runs):
    configs = [{"seed": seed} for seed in range(2000)]
    code = f"run_sweep('toy_study', {configs}, sys.argv[1], executor_factory=SerialExecutor)"
    told = run_limited(code, 200_000, store_path)
    assert "UnwritableFolder: rows cannot be stored in" in told
    kept = content(store_path)
    assert 0 < len(kept) < 2000
    assert len(kept) % 4 == 0  # chunks of four
    with Store.reading(store_path) as store:
        assert store.check().sound
    before = sum(runs().values())
    assert len(run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor)) == 2000
    assert sum(runs().values()) - before == 2000 - len(kept)


@pytest.fixture
def sealed(store_path, monkeypatch):
    """A store in a folder that says it is read-only; to root, who runs some tests, no folder is."""
    with Store.writing(store_path) as store:
        store.commit(rows(10))
    store_path.with_name(f"{store_path.name}.lock").unlink()
    monkeypatch.setattr(files.os, "access", lambda _, mode: mode != os.W_OK)
    return store_path


def test_a_read_only_store_can_be_read_and_leaves_no_side_files(sealed):
    before = sealed.read_bytes()
    assert len(content(sealed)) == 10
    with Store.reading(sealed) as store:
        assert store.check().cells == 10
        with pytest.raises(UnwritableFolder):
            store.commit(rows(1))
    assert [path.name for path in sealed.parent.iterdir()] == [sealed.name]
    assert sealed.read_bytes() == before


def test_a_read_only_store_is_refused_to_writers_before_any_work(sealed, runs):
    before = sealed.read_bytes()
    for attempt in (
        Store.writing,
        lambda path: merge(path, [_copy(path)]),
        lambda path: run_sweep("toy_study", [{"seed": 0}], path, executor_factory=SerialExecutor),
    ):
        with pytest.raises(UnwritableFolder, match="read-only"):
            attempt(sealed)
    assert runs() == {}
    assert sealed.read_bytes() == before


def _copy(path):
    copy = path.with_name("other")
    copy.write_bytes(path.read_bytes())
    return copy

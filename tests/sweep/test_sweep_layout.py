"""Older stores are read as they are and written after one transaction; newer ones are refused."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from robustlaw.errors import UnreadableFile, UnwritableFolder
from robustlaw.sweep import SerialExecutor, Store, layout, merge, run_sweep

HERE = Path(__file__).resolve().parent
LAYOUT_1 = (HERE / "layout_1.sql").read_text()
CONFIGS = [
    {"seed": 0},
    {"seed": 1, "group": 2},
    {"seed": 2, "do": "raise"},
    {"seed": 3, "do": "return", "value": {"curve": [0.1, -0.0], "word": "é"}},
]


@pytest.fixture
def old(store_path):
    connection = sqlite3.connect(store_path)
    connection.executescript(LAYOUT_1)
    connection.close()
    return store_path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def raw(path):
    """Layout and rows of a store, by SQL alone."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    [(number,)] = connection.execute("PRAGMA user_version")
    names = [name for _, name, *_ in connection.execute("PRAGMA table_info(cells)")]
    cells = connection.execute("SELECT * FROM cells ORDER BY key").fetchall()
    connection.close()
    return number, names, cells


def test_an_old_store_is_read_without_being_changed(old):
    before = digest(old)
    with Store.reading(old) as store:
        rows = {row.config["seed"]: row for row in store.rows()}
        assert store.check().sound
        assert store.table().height == 4
    assert [rows[seed].status for seed in range(4)] == ["ok", "ok", "failed", "ok"]
    assert [rows[seed].finished for seed in range(4)] == [None] * 4
    assert (rows[2].attempts, rows[2].failure.type) == (2, "LookupError")
    assert rows[3].result == {"curve": [0.1, 0.0], "word": "é"}
    assert digest(old) == before
    assert raw(old)[0] == 1


def test_opening_for_writing_brings_it_up_to_date_and_loses_nothing(old):
    _, names, cells = raw(old)
    with Store.reading(old) as store:
        rows = list(store.rows())
    with Store.writing(old) as store:
        assert store.layout == layout.LAYOUT == 2
        assert list(store.rows()) == rows
    assert raw(old) == (2, [*names, "finished"], [(*cell, None) for cell in cells])


def test_a_migrated_store_has_the_tables_of_a_new_one(old, tmp_path):
    Store.writing(old).close()
    Store.writing(tmp_path / "new").close()
    for about in ("table_info(cells)", "table_info(environments)", "index_info(cells_by_study)"):
        there, here = (
            sqlite3.connect(path).execute(f"PRAGMA {about}").fetchall() for path in (old, tmp_path / "new")
        )
        assert there == here != []


def test_a_sweep_goes_on_in_an_old_store(old, runs):
    rows = run_sweep("toy_study", [*CONFIGS, {"seed": 9}], old, executor_factory=SerialExecutor)
    assert runs() == {"9": 1}
    assert [row.finished is None for row in rows] == [True] * 4 + [False]
    again = run_sweep("toy_study", CONFIGS, old, executor_factory=SerialExecutor, retry_failed=True)
    assert (again[2].attempts, again[2].finished is None) == (3, False)


def test_an_old_store_is_a_source_of_a_merge(old, tmp_path):
    before = digest(old)
    assert merge(tmp_path / "all", [old]).cells == 4
    assert digest(old) == before
    with Store.reading(tmp_path / "all") as store, Store.reading(old) as source:
        assert list(store.rows()) == list(source.rows())


def test_every_step_to_the_present_layout_exists():
    assert list(layout.MIGRATIONS) == list(range(1, layout.LAYOUT))


def test_a_migration_that_fails_changes_nothing(old, monkeypatch):
    def half(rows):
        rows.execute("ALTER TABLE cells ADD COLUMN finished REAL")
        rows.execute("DELETE FROM cells")
        rows.execute("SELECT nothing FROM nowhere")

    before = raw(old)
    monkeypatch.setitem(layout.MIGRATIONS, 1, half)
    with pytest.raises(UnwritableFolder, match="left as is"):
        Store.writing(old)
    assert raw(old) == before
    monkeypatch.undo()
    Store.writing(old).close()
    assert raw(old)[0] == 2


KILLED = """
import os, signal, sys
from robustlaw.sweep import Store, layout

migrate, steps = layout.bring_up_to_date, int(sys.argv[2])
def counted(rows):
    rows.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL), steps)
    migrate(rows)
    rows.set_progress_handler(None, 1)
layout.bring_up_to_date = counted
Store.writing(sys.argv[1])
"""
"""Kills itself after so many instructions of SQLite's machine."""


def test_killed_in_the_middle_a_store_is_old_or_new(old):
    _, names, cells = raw(old)
    expected = {1: (1, names, cells), 2: (2, [*names, "finished"], [(*cell, None) for cell in cells])}
    content, ends = old.read_bytes(), set()
    for steps in (1, 4, 16, 40, 80, 120, 160, 240, 10**6):
        for side in old.parent.glob(f"{old.name}*"):
            side.unlink()
        old.write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(old), str(steps)],
            env=os.environ | {"PYTHONPATH": str(HERE.parent.parent)},
            check=False,
        )
        found = raw(old)
        assert found == expected[found[0]]
        ends.add((done.returncode, found[0]))
        with Store.writing(old) as store:
            assert store.check().sound
        assert raw(old) == expected[2]
    assert {(-signal.SIGKILL, 1), (0, 2)} <= ends


def test_killed_just_before_the_commit_a_store_is_old(old):
    code = """
import os, sys
from robustlaw.sweep import Store, layout
step = layout.MIGRATIONS[1]
def step_and_die(rows):
    step(rows)
    rows.execute("PRAGMA user_version = 2")
    os.kill(os.getpid(), 9)
layout.MIGRATIONS[1] = step_and_die
Store.writing(sys.argv[1])
"""
    before = raw(old)
    environment = os.environ | {"PYTHONPATH": str(HERE.parent.parent)}
    done = subprocess.run([sys.executable, "-c", code, str(old)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert raw(old) == before
    Store.writing(old).close()
    assert raw(old)[0] == 2


def test_a_newer_layout_in_the_log_alone_is_refused_too(store_path):
    """A killed writer of a later version leaves its layout in the log, and an older one in the file."""
    Store.writing(store_path).close()
    code = f"""
import os, sqlite3
rows = sqlite3.connect({str(store_path)!r})
rows.execute("PRAGMA user_version = 3")
rows.commit()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert int.from_bytes(store_path.read_bytes()[60:64], "big") == 2
    log = store_path.with_name(f"{store_path.name}-wal")
    before = digest(store_path), digest(log)
    for attempt in (Store.reading, Store.writing, Store.reading):
        with pytest.raises(UnreadableFile, match="layout 3"):
            attempt(store_path)
        assert (digest(store_path), digest(log)) == before


def test_a_status_of_a_later_version_is_named(old):
    connection = sqlite3.connect(old)
    connection.execute("UPDATE cells SET status = 'dreaming' WHERE status = 'failed'")
    connection.commit()
    connection.close()
    with Store.reading(old) as store:
        for attempt in (store.counts, lambda: list(store.rows()), lambda: store.statuses("toy", 1)):
            with pytest.raises(UnreadableFile, match="dreaming"):
                attempt()
        assert [finding.what for finding in store.check().findings] == ["unknown status 'dreaming'"]

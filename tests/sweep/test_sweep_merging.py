"""Merging is the union of stores: nothing is lost, nothing depends on the order, all or nothing."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unchecked import outcomes

from robustlaw.errors import InvalidArgument, UnreadableFile
from robustlaw.sweep import (
    DamagedStore,
    Failure,
    MergeConflict,
    Row,
    Status,
    Store,
    StoreInUse,
    cell_key,
    merge,
)

LOST = [status for status in Status if status is not Status.OK]


def row(seed, status=Status.OK, value=None, seconds=0.5, finished=1.0, attempts=1, place="a"):
    """Equal seeds have equal results, unless `value` says otherwise."""
    config = {"seed": seed}
    result = {"value": float(seed) if value is None else value} if status is Status.OK else None
    failure = None if status is Status.OK else Failure("E", f"in {place}", "t")
    key = cell_key("toy", 1, config)
    return Row(key, "toy", 1, config, status, result, failure, seconds, {"host": place}, attempts, finished)


rows_of_a_store = st.lists(
    st.builds(
        row,
        seed=st.integers(0, 5),
        status=st.sampled_from([Status.OK, *LOST]),
        seconds=st.sampled_from([0.5, 1.5]),
        finished=st.sampled_from([1.0, 2.0, 3.0]),
        attempts=st.integers(1, 4),
        place=st.sampled_from("ab"),
    ),
    max_size=6,
    unique_by=lambda made: made.key,
)


def store(path, rows, forgetful=False):
    """A store of these rows; a forgetful one does not know when they were finished, as old ones do not."""
    with Store.writing(path) as opened:
        opened.commit(rows)
    if forgetful:
        connection = sqlite3.connect(path)
        connection.execute("UPDATE cells SET finished = NULL")
        connection.commit()
        connection.close()
    return path


def content(path):
    with Store.reading(path) as opened:
        assert opened.check().sound
        return list(opened.rows())


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Paths in folders of their own, as many as are asked for."""
    return lambda: tmp_path_factory.mktemp("merge") / "runs.sqlite"


@settings(max_examples=25)
@given(st.lists(st.tuples(rows_of_a_store, st.booleans()), min_size=1, max_size=3))
def test_merging_is_a_union_that_knows_no_order_and_repeats_nothing(fresh, parts):
    sources = [store(fresh(), rows, forgetful) for rows, forgetful in parts]
    given_rows = [made for source in sources for made in content(source)]
    before = [digest(source) for source in sources]
    whole = fresh()
    merged = merge(whole, sources)
    found = content(whole)
    other_way = fresh()
    for source in reversed(sources):
        merge(other_way, [source])
    assert content(other_way) == found
    merge(whole, sources)
    assert content(whole) == found
    assert [digest(source) for source in sources] == before
    assert merged.cells == len(found)
    assert {made.key for made in found} == {made.key for made in given_rows}
    for made in found:
        rivals = [rival for rival in given_rows if rival.key == made.key]
        assert made.attempts == max(rival.attempts for rival in rivals)
        assert made in [replace(rival, attempts=made.attempts) for rival in rivals]
        assert (made.status is Status.OK) == any(rival.status is Status.OK for rival in rivals)
        peers = [r for r in rivals if (r.status is Status.OK) == (made.status is Status.OK)]
        times = [r.finished for r in peers if r.finished is not None]
        choose = min if made.status is Status.OK else max
        assert made.finished == (choose(times) if times else None)


def test_an_ok_row_beats_a_failed_one_from_either_side(fresh):
    good = store(fresh(), [row(1, finished=1.0), row(2, Status.FAILED, finished=9.0)])
    bad = store(fresh(), [row(1, Status.KILLED, finished=9.0, attempts=3), row(2, finished=1.0)])
    for first, second in ((good, bad), (bad, good)):
        into = fresh()
        merge(into, [first])
        merged = merge(into, [second])
        assert [made.status for made in content(into)] == [Status.OK] * 2
        assert sorted(made.attempts for made in content(into)) == [1, 3]
        assert (merged.cells_before, merged.cells, merged.conflicts) == (2, 2, 0)


def test_different_results_are_an_error_that_lists_the_keys_and_writes_nothing(fresh):
    into = store(fresh(), [row(1), row(2), row(3, Status.FAILED)])
    other = store(fresh(), [row(1, value=0.25), row(2), row(3), row(4)])
    third = store(fresh(), [row(2, value=-1.0), row(5)])
    before = content(into)
    with pytest.raises(MergeConflict, match="2 cells have different results") as refused:
        merge(into, [other, third])
    assert refused.value.keys == tuple(sorted(row(seed).key for seed in (1, 2)))
    assert content(into) == before
    new = fresh()
    with pytest.raises(MergeConflict):
        merge(new, [into, other])
    assert not new.exists()


@pytest.mark.parametrize(("keep", "value"), [("ours", 1.0), ("theirs", 0.25)])
def test_the_caller_may_say_which_result_stays(fresh, keep, value):
    into = store(fresh(), [row(1), row(2)])
    other = store(fresh(), [row(1, value=0.25, seconds=7.0), row(2, Status.FAILED), row(3)])
    merged = merge(into, [other], keep)
    found = {made.config["seed"]: made for made in content(into)}
    assert found[1].result == {"value": value}
    assert found[1].seconds == (0.5 if keep == "ours" else 7.0)
    assert found[2].status is Status.OK
    assert merged.conflicts == 1
    assert merge(into, [other], keep).cells == 3
    assert {made.config["seed"]: made for made in content(into)} == found


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": 1.0, "b": 2}, {"b": 2, "a": 1.0}, True),
        ({"a": 1.0}, {"a": 1}, False),
        ({"a": 0.0}, {"a": -0.0}, False),
        ({"a": 0.1}, {"a": 0.1 + 2**-56}, False),
    ],
)
def test_results_are_equal_in_every_bit_whatever_the_order_of_their_names(fresh, left, right, equal):
    paths = [store(fresh(), [replace(row(1), result=result)]) for result in (left, right)]
    if equal:
        assert merge(fresh(), paths).cells == 1
    else:
        with pytest.raises(MergeConflict):
            merge(fresh(), paths)


def test_more_stores_than_sqlite_attaches(fresh):
    paths = [store(fresh(), [row(seed), row(seed + 1)]) for seed in range(14)]
    into = fresh()
    assert merge(into, paths).cells == 15
    assert {made.config["seed"] for made in content(into)} == set(range(15))


def test_wrong_use_is_refused_before_anything_is_written(fresh):
    into, other = fresh(), store(fresh(), [row(1)])
    with pytest.raises(UnreadableFile):
        merge(into, [other, other.with_name("missing")])
    with pytest.raises(InvalidArgument, match="at least one"):
        merge(into, [])
    assert not list(into.parent.iterdir())
    with pytest.raises(InvalidArgument, match="into itself"):
        merge(other, [other.parent / "." / other.name])
    with Store.writing(into), pytest.raises(StoreInUse):
        merge(into, [other])
    other.write_bytes(other.read_bytes()[:-1])
    with pytest.raises(DamagedStore):
        merge(into, [other])
    assert content(into) == []


def test_a_side_that_is_none_is_refused():
    call = "merge('into', ['other'], 'both')"
    assert outcomes("from robustlaw.sweep import merge", [call])[call].startswith("UnknownName: keep = both")


def test_a_source_that_turns_out_damaged_leaves_nothing_behind(fresh):
    into, good, bad = store(fresh(), [row(1)]), store(fresh(), [row(2)]), fresh()
    store(bad, [row(seed, value=float(seed)) for seed in range(3, 200)])
    pages = bytearray(bad.read_bytes())
    pages[-4096:] = b"\xff" * 4096
    bad.write_bytes(pages)
    before = content(into)
    with pytest.raises(DamagedStore, match="robustlaw runs check"):
        merge(into, [good, bad])
    assert content(into) == before


def test_a_merge_beside_a_live_writer_sees_what_is_committed(fresh):
    into, other = fresh(), fresh()
    with Store.writing(other) as writer:
        writer.commit([row(1)])
        assert merge(into, [other]).cells == 1
        writer.commit([row(2)])
        assert merge(into, [other]).cells == 2


KILLED = """
import os, sys
from robustlaw.sweep import Store, merge
into, other, third, at = *sys.argv[1:4], int(sys.argv[4])
ask, rows = Store.ask, [0]
def counted(self, *question):
    for record in ask(self, *question):
        rows[0] += 1
        if rows[0] == at:
            os.kill(os.getpid(), 9)
        yield record
Store.ask = counted
merge(into, [other, third])
"""


@pytest.mark.parametrize("at", [1, 40, 82])
def test_killed_in_the_middle_nothing_was_merged(fresh, at):
    into = store(fresh(), [row(0, Status.FAILED)])
    others = [store(fresh(), [row(seed) for seed in range(first, first + 40)]) for first in (0, 20)]
    before = content(into)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, into, *others, str(at)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        check=False,
    )
    assert done.returncode == -9
    assert content(into) == before
    assert merge(into, others).cells == 60

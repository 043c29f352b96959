"""Tables keep every value and every bit, whatever the results of a study look like."""

import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, UnwritableFolder
from robustlaw.sweep import Row, SerialExecutor, Status, Store, run_sweep
from robustlaw.sweep.tables import table, write

FIXED = [
    "key",
    "study",
    "version",
    "status",
    "seconds",
    "attempts",
    "finished",
    "failure.type",
    "failure.message",
]


def row(result, key="k"):
    return Row(key, "toy", 1, {"seed": 1}, Status.OK, result, None, 0.5, {})


def column(*values):
    return table([row({"x": value}) for value in values])["result.x"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, 2), pl.Int64),
        ((1, 2.5), pl.Float64),
        ((True, None), pl.Boolean),
        (("a", "b"), pl.String),
        ((2**62, -(2**63)), pl.Int64),
        (([1, 2], [], None), pl.List(pl.Int64)),
        (([1], [0.5, -0.0]), pl.List(pl.Float64)),
        (([[1.0], []], [[2.0, None]]), pl.List(pl.List(pl.Float64))),
        (([], []), pl.List(pl.String)),
        ((None, None), pl.String),
        ((["a"], [None]), pl.List(pl.String)),
    ],
)
def test_values_of_one_type_stay_values(values, kind):
    found = column(*values)
    assert found.dtype == kind
    assert found.to_list() == list(values)


@pytest.mark.parametrize(
    "values",
    [
        (1, "a"),
        (1, True),
        (0.5, True),
        (2**63, 1),
        (2**53 + 1, 0.5),
        ([1, "a"], [2]),
        ([1], [True]),
        ([1], 1),
        ({"a": 1}, {"a": {"b": []}}),
        ([{"a": 1}], []),
        ("a", {"a": 1}),
    ],
)
def test_values_without_a_common_type_are_json_text(values):
    found = column(*values, None)
    assert found.dtype == pl.String
    assert [json.loads(text) for text in found[:-1]] == list(values)
    assert [type(json.loads(text)) for text in found[:-1]] == [type(value) for value in values]
    assert found[-1] is None


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(plain_values, min_size=1, max_size=5))
def test_no_value_is_changed_or_lost(values):
    found = column(*values)
    strings = all(type(value) in (str, type(None)) for value in values)
    for back, value in zip(found.to_list(), values, strict=True):
        text = isinstance(back, str) and not strings
        assert (json.loads(back) if text else back) == value


def test_the_columns_of_a_sweep(store_path):
    configs = [{"seed": 0}, {"seed": 1, "group": 5}, {"seed": 2, "do": "raise"}]
    run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor)
    with Store.reading(store_path) as store:
        found, rows = store.table("toy", 1), list(store.rows())
        assert store.table("toy", 2).is_empty()
        assert store.table("other").columns == FIXED
    assert found.columns[: len(FIXED)] == FIXED
    assert set(found.columns[len(FIXED) :]) == {
        *("config.seed", "config.group", "config.do"),
        *("result.value", "result.tiny", "result.many"),
    }
    assert found["key"].to_list() == [row.key for row in rows]
    assert found["result.many"].to_list() == [row.result and row.result["many"] for row in rows]
    failed = found.filter(pl.col("status") == "failed").row(0, named=True)
    assert (failed["failure.type"], failed["config.seed"], failed["result.value"]) == ("LookupError", 2, None)
    assert failed["finished"] == next(row.finished for row in rows if row.status == "failed")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=12))
def test_parquet_keeps_every_bit(tmp_path_factory, values):
    values = [*values, -0.0, 5e-324, -2.2250738585072011e-308, 1.7976931348623157e308, 0.1 + 0.2, math.pi]
    path = tmp_path_factory.mktemp("export") / "rows.parquet"
    assert write([row({"x": value, "all": values}) for value in values], path) == len(values)
    found = pl.read_parquet(path)
    expected = struct.pack(f"<{len(values)}d", *values)
    assert struct.pack(f"<{len(values)}d", *found["result.x"]) == expected
    assert struct.pack(f"<{len(values)}d", *found["result.all"][0]) == expected


def test_csv_keeps_floats_and_writes_lists_as_json(tmp_path):
    values = [0.1 + 0.2, 5e-324, 1e22, -1.7976931348623157e308, 2.0]
    rows = [row({"x": value, "many": [value, None], "word": 'a,"b"\n'}) for value in values]
    write(rows, tmp_path / "rows.csv")
    found = pl.read_csv(tmp_path / "rows.csv", infer_schema=False)
    assert list(map(float, found["result.x"])) == values
    assert [json.loads(text) for text in found["result.many"]] == [[value, None] for value in values]
    assert set(found["result.word"]) == {'a,"b"\n'}


def test_nothing_is_replaced_unless_asked_and_a_store_never(tmp_path, store_path):
    out = tmp_path / "rows.csv"
    out.write_text("mine")
    with pytest.raises(InvalidArgument, match="--force"):
        write([row({})], out)
    assert out.read_text() == "mine"
    write([row({})], out, force=True)
    assert out.read_text().startswith("key,study")
    Store.writing(tmp_path / "store.csv").close()
    before = (tmp_path / "store.csv").read_bytes()
    with pytest.raises(InvalidArgument, match="SQLite"):
        write([row({})], tmp_path / "store.csv", force=True)
    assert (tmp_path / "store.csv").read_bytes() == before
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidArgument, match="exists"):
        write([row({})], tmp_path / "folder.csv", force=True)
    for name in ("rows.txt", "rows", "rows.parquet.gz"):
        with pytest.raises(InvalidArgument, match=r"\.parquet or \.csv"):
            write([row({})], tmp_path / name)
    with pytest.raises(UnwritableFolder):
        write([row({})], tmp_path / "none" / "rows.csv")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("rows.csv", "store.csv", "store.csv.lock", "folder.csv"),
    }


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_full_disk_leaves_the_old_file(tmp_path, ending):
    """A limit on the size of files stands in for the disk."""
    out = tmp_path / f"rows.{ending}"
    out.write_text("old")
    code = """
import resource, sys
from robustlaw.errors import UnwritableFolder
from robustlaw.sweep import Row, Status
from robustlaw.sweep.tables import write
rows = [Row(str(i), "toy", 1, {}, Status.OK, {"x": i ** 0.5}, None, 0.5, {}) for i in range(20000)]
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write(rows, sys.argv[1], force=True)
except UnwritableFolder as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(out)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]

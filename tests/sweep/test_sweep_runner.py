"""Each cell once, in the order asked, with the same bits however the work is cut up."""

import os
import random

import pytest
import toy_study

from robustlaw.errors import InvalidArgument
from robustlaw.sweep import SerialExecutor, Status, Store, run_sweep

SEEDS = [{"seed": seed, "group": seed % 3} for seed in range(11)]


def cells(*acts):
    return [{"seed": seed, "do": act} for seed, act in enumerate(acts)]


def statuses(rows):
    return "".join(row.status[0] for row in rows)


def test_rows_come_in_the_order_of_the_configs(store_path):
    order = random.Random(0).sample(SEEDS, len(SEEDS))
    rows = run_sweep("toy_study", [*order, order[0]], store_path, executor_factory=SerialExecutor)
    assert [row.config for row in rows] == [*order, order[0]]
    expected = [random.Random(config["seed"]).gauss(0.0, 1.0) for config in order]
    assert [row.result["value"] for row in rows[:-1]] == expected


def test_results_do_not_depend_on_workers_chunks_order_or_engine(tmp_path, monkeypatch, table):
    whole = run_sweep("toy_study", SEEDS, tmp_path / "a", jobs=1)
    assert statuses(whole) == "o" * len(SEEDS)
    two = run_sweep("toy_study", SEEDS[::-1], tmp_path / "b", jobs=2)
    monkeypatch.setattr(toy_study, "chunk_size", 1)
    serial = run_sweep("toy_study", SEEDS, tmp_path / "c", executor_factory=SerialExecutor)
    assert table(whole) == table(two) == table(serial)
    assert table(tmp_path / "a") == table(tmp_path / "b") == table(tmp_path / "c")


def test_a_second_call_runs_only_what_is_missing(store_path, runs):
    first = run_sweep("toy_study", SEEDS[:6], store_path, executor_factory=SerialExecutor)
    again = run_sweep("toy_study", SEEDS, store_path, executor_factory=SerialExecutor)
    assert again[:6] == first
    assert runs() == {str(seed): 1 for seed in range(len(SEEDS))}


def test_a_complete_sweep_starts_no_executor(store_path):
    run_sweep("toy_study", SEEDS, store_path, executor_factory=SerialExecutor)
    rows = run_sweep("toy_study", SEEDS, store_path, executor_factory=lambda: pytest.fail("not needed"))
    assert len(rows) == len(SEEDS)


def test_another_version_is_another_cell(store_path, monkeypatch):
    run_sweep("toy_study", SEEDS[:2], store_path, executor_factory=SerialExecutor)
    monkeypatch.setattr(toy_study, "VERSION", 2)
    run_sweep("toy_study", SEEDS[:2], store_path, executor_factory=SerialExecutor)
    with Store.reading(store_path) as store:
        assert sorted(row.version for row in store.rows()) == [1, 1, 2, 2]
        assert store.counts() == {Status.OK: 4}


def test_only_configs_of_one_bucket_share_a_call(store_path, monkeypatch):
    seen, run = [], toy_study.run
    monkeypatch.setattr(toy_study, "run", lambda configs: seen.append(configs) or run(configs))
    run_sweep("toy_study", SEEDS, store_path, executor_factory=SerialExecutor)
    assert all(len({config["group"] for config in configs}) == 1 for configs in seen)
    assert sorted(map(len, seen)) == [3, 4, 4]


def test_exactly_the_cell_that_raises_is_a_failed_row(store_path, runs):
    rows = run_sweep("toy_study", cells("compute", "compute", "raise", "compute", "compute"), store_path)
    assert statuses(rows) == "oofoo"
    failure = rows[2].failure
    assert failure.type == "LookupError"
    assert failure.message == "cell 2 has no answer \\udcff"
    assert "in _cell" in failure.traceback
    assert rows[2].result is None
    assert rows[0].failure is None


def test_failed_rows_are_repeated_only_when_asked(store_path, runs, monkeypatch):
    configs = cells("compute", "raise")
    monkeypatch.setattr(toy_study, "chunk_size", 1)
    run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor)
    assert statuses(run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor)) == "of"
    assert runs() == {"0": 1, "1": 1}
    kept = run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor, retry_failed=True)
    assert (statuses(kept), kept[1].attempts, runs()) == ("of", 2, {"0": 1, "1": 2})
    monkeypatch.setattr(toy_study, "run", lambda configs: [{"mended": True} for _ in configs])
    rows = run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor, retry_failed=True)
    assert (statuses(rows), rows[1].attempts, rows[1].failure) == ("oo", 3, None)
    assert rows[0] == kept[0]


@pytest.mark.parametrize(
    ("config", "kind", "place"),
    [
        ({"do": "nan"}, "robustlaw.errors.NonFinite", "result['curve'][1]"),
        ({"do": "return", "value": 3}, "robustlaw.sweep.errors.NotPlain", "result = 3"),
        ({"do": "leave"}, "SystemExit", "enough"),
    ],
)
def test_a_result_that_cannot_be_stored_is_a_failure_that_names_it(store_path, config, kind, place):
    rows = run_sweep("toy_study", [{"seed": 0}, config], store_path, executor_factory=SerialExecutor)
    assert statuses(rows) == "of"
    assert rows[1].failure.type == kind
    assert place in rows[1].failure.message


def test_a_study_that_returns_too_few_rows_fails(store_path, monkeypatch):
    monkeypatch.setattr(toy_study, "run", lambda configs: configs[:0])
    rows = run_sweep("toy_study", SEEDS[:2], store_path, executor_factory=SerialExecutor)
    assert [row.failure.type for row in rows] == ["robustlaw.errors.InvalidArgument"] * 2


def test_workers_are_other_processes_with_one_thread(store_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    [row] = run_sweep("toy_study", [{"do": "pid"}], store_path, jobs=1)
    assert row.result["pid"] != os.getpid()
    assert row.result["omp"] == "1"
    assert set(row.environment["threads"].values()) <= {"1", None}
    assert row.environment["robustlaw"] == "0.1.0"
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_progress_counts_what_is_stored(store_path):
    events = []
    configs = cells("compute", "raise", "compute")
    run_sweep("toy_study", configs[:1], store_path, executor_factory=SerialExecutor)
    run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor, progress=events.append)
    assert [event[:3] for event in events] == [(1, 3, 0), (2, 3, 1), (3, 3, 1)]
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)


def test_a_progress_that_raises_ends_the_sweep_and_keeps_what_is_stored(store_path):
    def weary(event):
        if event.done >= 4:
            raise ArithmeticError("enough")

    with pytest.raises(ArithmeticError):
        run_sweep("toy_study", SEEDS, store_path, jobs=2, progress=weary)
    with Store.writing(store_path) as store:
        assert 3 <= store.counts()[Status.OK] < len(SEEDS)


@pytest.mark.parametrize(
    ("study", "complaint"),
    [
        ("no_such_study", "no module named"),
        ("toy_study.missing", "no module named"),
        ("json", r"json\.NAME"),
        ("__main__", "importable"),
        ("../toy_study", "importable"),
    ],
)
def test_a_study_that_is_none_is_refused_before_anything_is_made(store_path, study, complaint):
    with pytest.raises(InvalidArgument, match=complaint):
        run_sweep(study, SEEDS, store_path)
    assert not list(store_path.parent.iterdir())


def test_a_config_that_is_not_plain_is_refused_before_anything_is_made(store_path):
    with pytest.raises(InvalidArgument, match=r"config\['x'\]"):
        run_sweep("toy_study", [{"seed": 1}, {"x": float("inf")}], store_path)
    with pytest.raises(InvalidArgument, match="jobs"):
        run_sweep("toy_study", [], store_path, jobs=0)
    assert not list(store_path.parent.iterdir())

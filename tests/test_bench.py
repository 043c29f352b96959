"""The command that runs all benchmarks, on parts that hand over made-up ratios."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import bench
import machine
import ratios
import record
from ratios import NotRatios, Ratio, Ratios

FAKE = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--ratios"); parser.add_argument("--quick", action="store_true")
given = parser.parse_args()
{body}
"""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@pytest.fixture
def make(tmp_path):
    """A part whose script hands over these ratios and exits with this status; or does what `body` says."""

    def part(name, found=None, status=0, body=""):
        hand_over = f"open(given.ratios, 'w').write({json.dumps(found)!r})" if found is not None else ""
        script = tmp_path / f"{name}.py"
        script.write_text(FAKE.format(body=f"{body}\n{hand_over}\nsys.exit({status})"))
        return bench.Part(script)

    return part


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command; (exit status, what it printed)."""
    handler = signal.getsignal(signal.SIGTERM)

    def go(parts, *arguments):
        status = bench.main([*arguments, "--out", str(tmp_path / "out")], parts)
        return status, capsys.readouterr().out

    yield go
    signal.signal(signal.SIGTERM, handler)


def saved(tmp_path):
    return sorted((tmp_path / "out").glob("*"))


def line_of(name, printed):
    return next(re.sub(r"\s{2,}", "|", line) for line in printed.splitlines() if line.startswith(name))


def test_a_run_prints_its_ratios_beside_their_targets_and_saves_them(make, run, tmp_path):
    parts = {
        "one": make("one", {"gain": {"value": 7.5, "target": 4, "better": "higher"}, "free": {"value": 3}}),
        "two": make("two", {"cost": {"value": 0.05, "target": 0.1, "better": "lower"}}),
    }
    status, printed = run(parts)
    assert status == 0
    assert line_of("one: gain", printed) == "one: gain|7.5|>= 4|met"
    assert line_of("one: free", printed) == "one: free|3"
    assert line_of("two: cost", printed) == "two: cost|0.05|<= 0.1|met"
    (path,) = saved(tmp_path)
    assert re.fullmatch(r"bench-\d{8}T\d{6}\.\d{6}Z\.json", path.name)
    kept = json.loads(path.read_text())
    assert kept["ratios"]["two: cost"] == {"value": 0.05, "target": 0.1, "better": "lower", "open": False}
    assert kept["seconds"].keys() == kept["others"].keys() == {"one", "two"}
    assert {"cpu", "cores", "memory_gib", "os", "python", "numpy", "torch", "blas", "revision"} <= kept[
        "machine"
    ].keys()
    assert all(
        kept["machine"][name] for name in ("cpu", "cores", "memory_gib", "os", "numpy", "torch", "blas")
    )


@pytest.mark.parametrize(
    ("value", "target", "better", "open_", "verdict", "status"),
    [
        (3.9, 4.0, "higher", False, "MISSED", 1),
        (4.0, 4.0, "higher", False, "met", 0),
        (3.9, 4.0, "higher", True, "open", 0),
        (4.1, 4.0, "higher", True, "met", 0),
        (4.1, 4.0, "lower", False, "MISSED", 1),
        (3.9, 4.0, "lower", False, "met", 0),
    ],
)
def test_verdicts_and_exit_status(make, run, value, target, better, open_, verdict, status):
    found = {"r": {"value": value, "target": target, "better": better, "open": open_}}
    ended, printed = run({"one": make("one", found, status)})
    assert ended == status
    assert line_of("one: r", printed).endswith("|" + verdict)


def test_a_part_that_misses_what_is_no_ratio_is_not_fine(make, run):
    status, printed = run({"one": make("one", {"r": {"value": 1.0}}, status=1)})
    assert status == 1
    assert "one FAILED: it misses something that is no ratio" in printed


def test_the_last_run_is_compared_and_moves_are_flagged(make, run):
    def parts(up, down, still):
        found = {
            "up": {"value": up},
            "down": {"value": down, "better": "lower"},
            "still": {"value": still, "target": 1.0},
        }
        return {"one": make("one", found)}

    run(parts(1.0, 1.0, 99.0))
    run(parts(4.0, 4.0, 4.0))
    printed = run(parts(5.2, 5.2, 4.8))[1]
    assert line_of("one: up", printed) == "one: up|5.2|4|+30%|MOVED, better"
    assert line_of("one: down", printed) == "one: down|5.2|4|+30%|MOVED, worse"
    assert line_of("one: still", printed) == "one: still|4.8|>= 1|4|+20%|met"


def test_a_ratio_is_compared_with_the_newest_run_that_measured_it(make, run):
    parts = {"one": make("one", {"r": {"value": 2.0}}), "two": make("two", {"s": {"value": 3.0}})}
    run(parts)
    assert "last run" in run(parts, "two")[1]
    assert line_of("one: r", run(parts)[1]) == "one: r|2|2|+0%"


def test_a_run_of_other_parts_is_no_last_run(make, run):
    parts = {"one": make("one", {"r": {"value": 2.0}}), "two": make("two", {"s": {"value": 3.0}})}
    run(parts, "one")
    assert "last run" not in run(parts, "two")[1]


def test_quick_runs_are_compared_with_quick_runs_only(make, run):
    body = "value = 1.0 if given.quick else 9.0"
    write = "open(given.ratios, 'w').write(json.dumps({'r': {'value': value}}))"
    parts = {"one": make("one", body=f"{body}\n{write}")}
    run(parts)
    assert line_of("one: r", run(parts, "--quick")[1]) == "one: r|1"
    assert line_of("one: r", run(parts, "--quick")[1]) == "one: r|1|1|+0%"
    assert line_of("one: r", run(parts)[1]) == "one: r|9|9|+0%"


@pytest.mark.parametrize("name", ["cpu", "cores", "memory_gib", "os"])
def test_runs_on_other_hardware_are_not_compared(tmp_path, name):
    here = machine.describe()
    now = datetime.now(UTC)
    old = record.Run(now - timedelta(hours=1), False, {**here, name: "another"}, {"r": Ratio(1.0)})
    old.save(tmp_path)
    new = record.Run(now, False, here, {"r": Ratio(2.0)})
    assert record.earlier(tmp_path, new).ratios == {}
    assert record.earlier(tmp_path, record.Run(now, False, old.machine, new.ratios)).ratios.keys() == {"r"}


def test_runs_with_other_versions_are_compared_and_the_difference_is_told(make, run, tmp_path):
    parts = {"one": make("one", {"r": {"value": 2.0}})}
    run(parts)
    (path,) = saved(tmp_path)
    kept = json.loads(path.read_text())
    kept["machine"]["numpy"] = "0.1"
    path.write_text(json.dumps(kept))
    printed = run(parts)[1]
    assert line_of("one: r", printed) == "one: r|2|2|+0%"
    assert re.search(rf"last run: {path.name}; numpy 0\.1 -> \d", printed)


def test_a_saved_run_comes_back_as_it_was(tmp_path):
    found = {"a: b": Ratio(1.5, 2.0, "lower", True)}
    run = record.Run(datetime.now(UTC), True, machine.describe(), found, {"a": 1.0}, {"a": 0.5}, {"c": "why"})
    assert record.load(run.save(tmp_path)) == run


def test_a_damaged_file_is_named_and_left_alone(make, run, tmp_path):
    parts = {"one": make("one", {"r": {"value": 2.0}})}
    run(parts)
    (good,) = saved(tmp_path)
    bad = good.with_name("bench-20000101T000000.000000Z.json")
    bad.write_text(good.read_text()[:50])
    status, printed = run(parts)
    assert status == 0
    assert f"left aside: {bad}" in printed
    assert line_of("one: r", printed) == "one: r|2|2|+0%"
    assert len(bad.read_text()) == 50


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"body": "raise SystemExit(3)"}, "exit status 3; no ratios"),
        ({"body": "1 / 0"}, "exit status 1; no ratios"),
        ({"found": {"r": {"value": 1.0}}, "status": 7}, "exit status 7"),
        ({"body": "os.kill(os.getpid(), 9)"}, "exit status -9; no ratios"),
        ({"found": {"r": {"value": -1.0}}}, "exit status 0; r: -1.0 is no positive number"),
        ({"found": [1.0]}, "exit status 0; there is no object"),
    ],
)
def test_a_part_that_fails_is_told_and_the_others_go_on(make, run, tmp_path, broken, reason):
    parts = {"bad": make("bad", **broken), "good": make("good", {"r": {"value": 2.0}})}
    status, printed = run(parts)
    assert status == 1
    assert f"bad FAILED: {reason}" in printed
    assert line_of("good: r", printed) == "good: r|2"
    (path,) = saved(tmp_path)
    assert json.loads(path.read_text())["failed"]["bad"].startswith(reason.split(";")[0])


def test_nothing_measured_saves_nothing(make, run, tmp_path):
    assert run({"bad": make("bad", status=1)})[0] == 1
    assert saved(tmp_path) == []


def test_a_benchmark_that_is_not_there_is_told(make, run, tmp_path):
    parts = {"none": bench.Part(tmp_path / "none.py"), "one": make("one", {"r": {"value": 2.0}})}
    status, printed = run(parts)
    assert status == 0
    assert f"none: not there ({tmp_path / 'none.py'})" in printed
    with pytest.raises(SystemExit) as end:
        run(parts, "none")
    assert end.value.code == 2


@pytest.mark.parametrize("arguments", [["unknown"], ["--what"], ["--out"]])
def test_wrong_use(make, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        bench.main(arguments, {"one": make("one", {"r": {"value": 2.0}})})
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(make, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    ran = tmp_path / "ran"
    with pytest.raises(SystemExit) as end:
        bench.main(["--out", str(tmp_path / "file")], {"one": make("one", body=f"open({str(ran)!r}, 'w')")})
    assert end.value.code == 2
    assert "nothing can be written" in capsys.readouterr().err
    assert not ran.exists()


def test_parts_run_one_at_a_time_each_with_one_thread(make, run, tmp_path):
    log = tmp_path / "log"
    body = f"""import time
def say(what): open({str(log)!r}, "a").write(what + "\\n")
say("in"); say(str([os.environ[name] for name in {THREADS!r}])); time.sleep(0.1); say("out")"""
    run({name: make(name, {"r": {"value": 1.0}}, body=body) for name in ("one", "two")})
    assert log.read_text().splitlines() == ["in", str(["1"] * 4), "out"] * 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_leaves_no_file(make, tmp_path, how):
    started, out = tmp_path / "started", tmp_path / "out"
    slow = make(
        "slow", body=f"import time; open({str(started)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    first = make("first", {"r": {"value": 2.0}})
    code = (
        f"import sys; sys.path.append({str(BENCHMARKS)!r}); import bench; from pathlib import Path\n"
        f"parts = {{n: bench.Part(Path(p)) for n, p in "
        f"{ {'first': str(first.script), 'slow': str(slow.script)}!r}.items()}}\n"
        f"sys.exit(bench.main(['--out', {str(out)!r}], parts))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60.0
    while not (started.exists() and started.read_text()):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    part = int(started.read_text())
    process.send_signal(how)
    status = process.wait(30)
    assert list(out.glob("*")) == []
    if how == signal.SIGTERM:
        assert status == bench.INTERRUPTED
        with pytest.raises(ProcessLookupError):
            os.kill(part, 0)
    else:
        os.kill(part, signal.SIGKILL)  # nobody else can end it


def test_what_is_busy_besides_the_run_is_told(make, run, monkeypatch):
    parts = {"one": make("one", {"r": {"value": 2.0}})}
    monkeypatch.setattr(machine.Watch, "others", lambda _: 0.7)
    assert "one: other programs used 0.7 of " in run(parts)[1]
    monkeypatch.setattr(machine.Watch, "others", lambda _: 0.1)
    assert "other programs" not in run(parts)[1]


def test_children_that_ended_are_not_others(monkeypatch):
    clock = iter([100.0, 103.0])
    monkeypatch.setattr(machine, "_busy", lambda: next(clock))
    own = iter([10.0, 12.0])
    monkeypatch.setattr(machine, "_own", lambda: next(own))
    wall = iter([0.0, 2.0])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(wall))
    assert machine.Watch().others() == 0.5


@pytest.mark.parametrize(
    ("cores", "others", "free"),
    [(2, 0.05, True), (2, 0.3, False), (1, 0.0, False), (8, 5.0, True), (8, 6.3, False)],
)
def test_two_processes_need_two_cores_that_others_leave(monkeypatch, cores, others, free):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine.Watch, "others", lambda _: others)
    assert machine.Watch().was_free_for(2) is free


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), None, "1", True])
def test_a_ratio_is_a_positive_number(value):
    with pytest.raises(NotRatios):
        Ratio(value)


def test_names_are_used_once(tmp_path):
    found = Ratios()
    found.add("r", 1.0)
    with pytest.raises(NotRatios, match="two ratios"):
        found.add("r", 2.0)
    found.write(tmp_path / "r.json")
    assert ratios.read(tmp_path / "r.json") == {"r": Ratio(1.0)}
    found.write(None)


@pytest.mark.parametrize("entry", [{"value": 1.0, "goal": 2.0}, {"value": 1.0, "better": "more"}, {}, 3.0])
def test_what_is_no_ratio_is_refused_with_its_name(entry):
    with pytest.raises(NotRatios, match=r"^r: "):
        ratios.from_plain({"r": entry})


@pytest.mark.parametrize("name", [name for name, part in bench.PARTS.items() if part.script.exists()])
def test_the_parts_know_the_options_they_are_given(name):
    part = bench.PARTS[name]
    source = part.script.read_text()
    assert re.search(r"add_option\(|\"--ratios\"", source)
    assert '"--quick"' in source

"""Wrong input: a named error in one line, exit status 2, and nothing written."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from robustlaw import cli


@dataclass
class Done:
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def robustlaw(monkeypatch, capsys, tmp_path) -> Run:
    """The command line in this process, from an empty folder."""

    def run(*arguments: str | Path) -> Done:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["robustlaw", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return Done(stop.value.code or 0, *capsys.readouterr())

    return run


def assert_refused(done: Done, *words: str) -> None:
    assert done.status == 2, done
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


@pytest.fixture
def net(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "net.npz"
    arrays = {
        "W1": rng.normal(size=(4, 3)),
        "b1": np.zeros(4),
        "W2": rng.normal(size=(1, 4)),
        "b2": np.zeros(1),
    }
    np.savez(path, **arrays)
    return path


@pytest.fixture
def data(tmp_path: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"x": rng.normal(size=(20, 3)), "y": rng.choice([-1.0, 1.0], 20), "g": np.zeros(20)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--density", "0"], ["InfeasibleDensity", "density"]),
        (["--density", "1.5"], ["InfeasibleDensity", "1.5"]),
        (["--density", "nan"], ["InfeasibleDensity"]),
        (["--density", "0.00001"], ["InfeasibleDensity", "keeps none"]),
        (["--inputs", "sphere", "--dim", "1"], ["InvalidArgument", "dim"]),
        (["--inputs", "torus"], ["UnknownName", "gaussian"]),
        (["--preset", "nope"], ["UnknownName", "preset", "quick"]),
        (["--method", "Hope"], ["UnknownName", "method", "Random"]),
        (["--seeds", "0"], ["InvalidArgument", "seeds"]),
        (["--jobs", "-1"], ["InvalidArgument", "jobs"]),
        (["--n", "1"], ["InvalidArgument", "n"]),
        (["--preset", "smoke", "--n", "0"], ["InvalidArgument", "n"]),
        (["--preset", "smoke", "--dim", "0"], ["InvalidArgument"]),
        (["--preset", "quick", "--no-such-option"], ["No such option"]),
    ],
)
def test_verify_refuses_and_writes_nothing(robustlaw, tmp_path, options, words):
    out = tmp_path / "out"
    assert_refused(robustlaw("verify", "--out", out, *options), *words)
    assert list(tmp_path.iterdir()) == []


def test_verify_refuses_a_folder_it_cannot_write_to(robustlaw, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert_refused(robustlaw("verify", "--out", blocked / "out"), "UnwritableFolder", "another folder")
    assert blocked.read_text() == "in the way"
    assert_refused(robustlaw("verify", "--out", "/proc/robustlaw"), "UnwritableFolder")


def test_verify_refuses_a_foreign_store(robustlaw, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "runs.sqlite").write_bytes(b"not a database at all" * 100)
    assert_refused(robustlaw("verify", "--preset", "smoke", "--out", out), "UnreadableFile")
    assert (out / "runs.sqlite").read_bytes() == b"not a database at all" * 100


def test_lipschitz_refuses_what_is_no_network(robustlaw, tmp_path, net):
    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    pickled = tmp_path / "pickle.npz"
    pickled.write_bytes(pickle.dumps(Payload()))
    objects = tmp_path / "objects.npz"
    np.savez(objects, W1=np.array([Payload()], dtype=object))
    crooked = tmp_path / "crooked.npz"
    np.savez(crooked, W1=np.ones((4, 3)), b1=np.zeros(4), W2=np.ones((1, 5)), b2=np.zeros(1))
    infinite = tmp_path / "nan.npz"
    np.savez(infinite, W1=np.full((1, 3), np.nan), b1=np.zeros(1))
    cut = tmp_path / "cut.npz"
    cut.write_bytes(net.read_bytes()[:200])
    for file, words in (
        (pickled, ["UnreadableFile", "npz"]),
        (objects, ["UnreadableFile", "pickled"]),
        (crooked, ["ShapeMismatch", "W2"]),
        (infinite, ["NonFinite", "W1"]),
        (cut, ["UnreadableFile"]),
        (tmp_path / "missing.npz", ["UnreadableFile", "no such file"]),
    ):
        assert_refused(robustlaw("lipschitz", file), *words)
    assert not (tmp_path / "executed").exists()
    assert_refused(robustlaw("lipschitz", net, "--effort", "hard"), "UnknownName", "tight")


def test_audit_refuses_bad_data(robustlaw, tmp_path, net, data):
    def refused(name: str, change: dict[str, np.ndarray], *words: str, options: tuple[str, ...] = ()) -> None:
        file = tmp_path / f"{name}.npz"
        np.savez(file, **(data | change))
        assert_refused(robustlaw("audit", net, file, "--proxy", "0.3", *options), *words)

    refused("label", {"y": np.full(20, 1.5)}, "LabelOutOfRange", "y")
    refused("nan", {"x": np.full((20, 3), np.nan)}, "NonFinite", "x")
    refused("short", {"y": np.ones(19)}, "ShapeMismatch", "y")
    refused("wide", {"x": np.ones((20, 4))}, "ShapeMismatch")
    refused("words", {"y": np.array(["a"] * 20)}, "UnreadableFile", "numbers")
    refused("bound", {}, "InvalidArgument", "noise_bound", options=("--noise-bound", "0.5"))
    file = tmp_path / "bare.npz"
    np.savez(file, x=data["x"], y=data["y"])
    assert_refused(robustlaw("audit", net, file, "--proxy", "0.3"), "UnreadableFile", "g")
    np.savez(file, **data)
    assert_refused(robustlaw("audit", net, file, "--proxy", "-1"), "InvalidArgument", "proxy")


def test_audit_and_lipschitz_answer_on_good_files(tmp_path, net, data):
    """In a process of its own: without the type checks of the tests, 64 codes take a second."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "robustlaw.cli", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    bracket = run("lipschitz", net)
    assert bracket.returncode == 0, bracket.stderr
    file = tmp_path / "data.npz"
    np.savez(file, **data)
    audit = run("audit", net, file, "--proxy", "0.3")
    assert audit.returncode in (0, 3), audit.stderr
    assert "assuming rho = 0.3" in audit.stdout
    assert "collapse" not in audit.stdout
    collapsed = tmp_path / "collapsed.npz"
    weights, kept = (
        {"W1": np.ones((2, 3)), "W2": np.zeros((1, 2))},
        {"M1": np.ones((2, 3)), "M2": np.zeros((1, 2))},
    )
    np.savez(collapsed, **weights, **kept)
    sentence = "W2 keeps none of its 2 weights; 6 weights are kept nominally, 0 of them effective"
    for options in ((), ("--json",)):
        audit = run("audit", collapsed, file, "--proxy", "0.3", *options)
        assert audit.returncode in (0, 3), audit.stderr
        assert sentence in audit.stdout


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "robustlaw", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "information" in done.stdout

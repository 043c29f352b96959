"""What the parts of the Lipschitz benchmark share: networks, times, and lines with a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from robustlaw.networks import Network

RUNS = 7
REFERENCE = Path(__file__).parents[1] / "tests" / "lipschitz" / "reference"


def network(widths: tuple[int, ...], seed: int, density: float = 1.0) -> Network:
    """Normal weights of variance 1 / inputs, a share of them 0; normal biases."""
    rng = np.random.default_rng(seed)
    layers = []
    for below, above in pairwise(widths):
        kept = rng.random((above, below)) < density if density < 1.0 else True
        layers.append((rng.standard_normal((above, below)) * kept / below**0.5, rng.standard_normal(above)))
    return Network.from_arrays(layers)


def stored(name: str) -> Network:
    """A published network of the tests."""
    with np.load(REFERENCE / f"{name}.npz") as a:
        layers = sum(key.startswith("W") for key in a)
        zeros = [np.zeros(len(a[f"W{i}"])) for i in range(1, layers + 1)]
        return Network.from_arrays([(a[f"W{i}"], a.get(f"b{i}", zeros[i - 1])) for i in range(1, layers + 1)])


def least_time(run: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """(least processor seconds of some runs after a first one, result)."""
    result, best = run(), float("inf")
    for _ in range(runs):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best, result


def shape(widths: tuple[int, ...], density: float = 1.0) -> str:
    return "-".join(map(str, widths)) + (f" ({density:.0%})" if density < 1.0 else "")


def line(name: str, what: str, measured: str, target: str, met: bool | None) -> bool:
    """One measurement beside its target; `met` is None where this run cannot tell. False if it is missed."""
    verdict = {True: "met", False: "MISSED", None: "open"}[met]
    print(f"{name:8s}{what:22s}{measured:52s} target {target:34s} {verdict}", flush=True)
    return met is not False

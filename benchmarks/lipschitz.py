"""Speed and tightness of the Lipschitz room next to what a user would pick instead.

Run: python benchmarks/lipschitz.py. The comparison needs eclipse-nn >= 0.1.7 (pip install eclipse-nn);
without it the same published recursion, written down plainly below, stands in and is named as such.
All times are processor seconds of one thread, the least of several runs.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import importlib.metadata
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from robustlaw.lipschitz import bracket, bracket_stack, check
from robustlaw.networks import Network

RUNS = 7
# Certified bounds carry rounding slack; a bound counts as looser only beyond it.
SLACK = 1e-8


def network(widths: tuple[int, ...], seed: int) -> Network:
    rng = np.random.default_rng(seed)
    layers = [
        (rng.standard_normal((above, below)) / below**0.5, rng.standard_normal(above))
        for below, above in pairwise(widths)
    ]
    return Network.from_arrays(layers)


def least_time(run: Callable[[], Any], runs: int = RUNS) -> tuple[float, Any]:
    """(least processor seconds, result)."""
    result, best = run(), float("inf")
    for _ in range(runs):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best, result


def plain_fast(weights: list[np.ndarray]) -> float:
    """ECLipsE-Fast for slopes in [0, 1] as published, one network at a time: a baseline, unproved."""
    m = np.eye(weights[0].shape[1])
    for w in weights[:-1]:
        b = w @ np.linalg.inv(m) @ w.T
        lam = 2.0 / np.linalg.eigvalsh(b)[-1]
        m = lam * np.eye(len(w)) - 0.25 * lam**2 * b
    last = weights[-1]
    return float(np.linalg.eigvalsh(last @ np.linalg.inv(m) @ last.T)[-1] ** 0.5)


def rival() -> tuple[str, Callable[[Network], float]]:
    """What a user would install, or the baseline."""
    try:
        from eclipse_nn.LipConstEstimator import LipConstEstimator  # type: ignore[import-not-found]
    except ImportError:
        print("eclipse-nn is not installed (pip install eclipse-nn): comparing with a plain loop instead")
        return "plain ECLipsE-Fast loop", lambda net: plain_fast(list(net.weights))

    def estimate(net: Network) -> float:
        weights = [torch.from_numpy(w.copy()) for w in net.weights]
        return float(LipConstEstimator(weights=weights).estimate("ECLipsE_Fast"))

    return f"eclipse-nn {importlib.metadata.version('eclipse-nn')}", estimate


def against_the_rival() -> None:
    nets = [network((50, 100, 1), seed) for seed in range(64)]
    name, estimate = rival()
    ours, found = least_time(lambda: bracket_stack(nets, "fast"))
    theirs, values = least_time(lambda: [estimate(net) for net in nets], 3)
    plain, _ = least_time(lambda: [plain_fast(list(net.weights)) for net in nets], 3)
    looser = sum(b.upper > value * (1.0 + SLACK) for b, value in zip(found, values, strict=True))
    tighter = np.mean([b.upper / value for b, value in zip(found, values, strict=True)])
    print(f"64 networks 50-100-1, both ends certified: {1e3 * ours / 64:.3f} ms a network")
    print(
        f"  {name}, upper end only: {1e3 * theirs / 64:.3f} ms a network, "
        f"ratio {theirs / ours:.1f} (target 30)"
    )
    print(
        f"  plain numpy loop of the recursion: {1e3 * plain / 64:.3f} ms a network, ratio {plain / ours:.1f}"
    )
    print(f"  looser on {looser} of 64; mean of ours / theirs {tighter:.4f}")


def target_2() -> None:
    print("T2: fast rung of 64 networks, target 1 ms a network for h <= 100, 2 x a loop for h <= 50")
    for widths in [(10, 20, 1), (10, 50, 1), (50, 50, 1), (20, 100, 1), (50, 100, 1), (100, 100, 1)]:
        nets = [network(widths, seed) for seed in range(64)]
        stack, found = least_time(lambda nets=nets: bracket_stack(nets, "fast"))
        loop, single = least_time(lambda nets=nets: [bracket(net, "fast") for net in nets], 2)
        drift = max(abs(a.upper / b.upper - 1.0) for a, b in zip(found, single, strict=True))
        shape = "-".join(map(str, widths))
        print(
            f"  {shape:10s} {1e3 * stack / 64:.3f} ms, loop {loop / stack:.1f} x, same bounds to {drift:.0e}"
        )


def target_5() -> None:
    print("T5: the check takes at most 10 % of the time of the tight rung")
    for widths in [(10, 50, 1), (50, 100, 1), (784, 50, 1), (10, 32, 32, 1), (20, 64, 64, 64, 1)]:
        net = network(widths, 0)
        search, found = least_time(lambda net=net: bracket(net, "tight"), 3)
        again, result = least_time(lambda net=net, found=found: check(net, found))
        shape, share = "-".join(map(str, widths)), 100.0 * again / search
        print(
            f"  {shape:16s} search {1e3 * search:7.1f} ms, check {1e3 * again:6.2f} ms = {share:4.1f} %, "
            f"{'proved' if result.ok else 'NOT PROVED'}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    target_2()
    target_5()
    against_the_rival()

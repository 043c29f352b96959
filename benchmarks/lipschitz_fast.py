"""The fast rung: T2 its time in stacks, and what a user would pick instead.

The comparison needs eclipse-nn >= 0.1.7 (pip install eclipse-nn); without it the same published
recursion, written down plainly below, stands in and is named as such.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import numpy as np
import torch
from lipschitz_common import least_time, line, network, shape
from ratios import Ratios

from robustlaw.lipschitz import bracket, bracket_stack, upper
from robustlaw.lipschitz.batch import Batch
from robustlaw.networks import Network

# Networks, and how many the upper end alone takes at a time, about as many as bracket_stack does.
STACK, PART = 64, 16
# Certified bounds carry rounding slack; a bound counts as looser only beyond it.
SLACK = 1e-8
SHAPES = [(10, 20, 1), (10, 50, 1), (50, 50, 1), (20, 100, 1), (50, 100, 1), (100, 100, 1)]


def target_2(ratios: Ratios) -> bool:
    fine = True
    for widths in SHAPES:
        nets = [network(widths, seed) for seed in range(STACK)]
        stack, found = least_time(lambda nets=nets: bracket_stack(nets, "fast"))
        loop, single = least_time(lambda nets=nets: [bracket(net, "fast") for net in nets], 2)
        drift = max(abs(a.upper / b.upper - 1.0) for a, b in zip(found, single, strict=True))
        each, gain, narrow = 1e3 * stack / STACK, loop / stack, widths[1] <= 50
        ratios.add(f"T2 {shape(widths)}, ms a network", each, 1.0, "lower")
        ratios.add(f"T2 {shape(widths)}, a loop / stack", gain, 2.0 if narrow else None)
        fine &= line(
            "T2",
            shape(widths),
            f"{each:.3f} ms a network, {gain:.1f} x a loop, same to {drift:.0e}",
            "1 ms" + (", 2 x a loop" if narrow else ""),
            each <= 1.0 and (gain >= 2.0 or not narrow),
        )
    return fine


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
        return "a plain loop", lambda net: plain_fast(list(net.weights))

    def estimate(net: Network) -> float:
        weights = [torch.from_numpy(w.copy()) for w in net.weights]
        return float(LipConstEstimator(weights=weights).estimate("ECLipsE_Fast"))

    return f"eclipse-nn {importlib.metadata.version('eclipse-nn')}", estimate


def against_the_rival(ratios: Ratios) -> bool:
    """Certified ends against the floating-point upper end of ECLipsE-Fast, looped over the stack."""
    name, estimate = rival()
    fine, published = True, name.startswith("eclipse-nn")
    widths = (50, 100, 1)
    nets = [network(widths, seed) for seed in range(STACK)]
    both, found = least_time(lambda: bracket_stack(nets, "fast"))
    alone, _ = least_time(lambda: [upper.fast(Batch.of(nets[i : i + PART])) for i in range(0, STACK, PART)])
    theirs, values = least_time(lambda: [estimate(net) for net in nets], 3)
    plain, _ = least_time(lambda: [plain_fast(list(net.weights)) for net in nets], 3)
    print(f"eclipse {STACK} networks {shape(widths)}, one thread; {name} gives an upper end, unproved")
    for what, ours, target in (("both ends, certified", both, 30.0), ("upper end alone", alone, None)):
        wanted = target if published else None
        ratios.add(f"{name} / {what}", theirs / ours, wanted)
        fine &= line(
            "eclipse",
            what,
            f"{1e3 * ours / STACK:.3f} ms against {1e3 * theirs / STACK:.2f} ms: ratio {theirs / ours:.1f}",
            f"ratio {target:.0f} to eclipse-nn" if target else "none",
            theirs / ours >= wanted if wanted else None,
        )
    shares = np.array([b.upper / value for b, value in zip(found, values, strict=True)])
    looser = int((shares > 1.0 + SLACK).sum())
    fine &= line("eclipse", "ours / theirs", f"mean {shares.mean():.4f}, greatest {shares.max():.4f}, "
         f"looser on {looser}", "never looser", looser == 0)  # fmt: skip
    if published:
        ratios.add("a plain loop / both ends, certified", plain / both)
    print(f"        a plain numpy loop of the recursion: ratio {plain / both:.1f}")
    return fine

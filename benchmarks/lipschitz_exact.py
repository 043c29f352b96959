"""The exact rung: T3 branch and bound over free patterns, T7 the published networks, and deep networks.


T6 holds the lower end of the tight rung against the exact constant. Deep networks have 2 to 4 hidden
layers and 2 to 12 inputs and are trained for a moment on random labels; they, and the table of few
inputs, have no target of their own.
"""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import torch
from lipschitz_common import line, shape, stored
from ratios import Ratios

from robustlaw.lipschitz import bracket, check, check_tree
from robustlaw.lipschitz.exact import shallow
from robustlaw.lipschitz.exact.model import Model
from robustlaw.networks import Network

TOLERANCE = 1e-6
NETS, SECONDS = 10, 20.0
SHAPES = [
    (10, 20, 1.0),
    (10, 50, 0.3),
    (10, 100, 0.3),
    (20, 100, 0.3),
    (50, 50, 0.3),
    (50, 100, 0.3),
    (100, 100, 0.1),
    (200, 100, 0.1),
    (500, 100, 0.05),
    (784, 100, 1.0),
]
# Inputs, units, density; the portfolio aims at 0.99 where inputs are at least as many.
PORTFOLIO = [
    (2, 50, 1.0),
    (5, 50, 1.0),
    (10, 50, 0.3),
    (20, 50, 0.3),
    (50, 100, 0.3),
    (50, 50, 0.3),
    (100, 50, 1.0),
    (64, 16, 1.0),
    (150, 10, 1.0),
    (784, 100, 1.0),
]
FEW = [(3, 50), (3, 100), (3, 200), (4, 40), (4, 60), (5, 20), (5, 50), (6, 30)]
SMOOTH = ("tanh", "sigmoid", "softplus", "gelu", "silu", "elu")
PUBLISHED = {
    "exlipbab_iris_4x6x6x3": 11.634355134114875,
    "exlipbab_abalone_9x16x16x1": 11.121602332235268,
    "exlipbab_wine_11x12x12x1": 1.7433699967107172,
}
DEEP = [
    (2, 16, 16, 1),
    (2, 32, 32, 1),
    (2, 16, 16, 16, 1),
    (3, 8, 8, 1),
    (4, 8, 8, 1),
    (6, 12, 12, 1),
    (8, 16, 16, 1),
    (12, 16, 16, 1),
    (4, 8, 8, 8, 1),
    (12, 8, 8, 8, 1),
    (6, 6, 6, 6, 6, 1),
]


def masked(d: int, h: int, density: float, seed: int) -> Network:
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((h, d)) * (rng.random((h, d)) < density)
    return Network.from_arrays([(w, rng.standard_normal(h)), (rng.standard_normal((1, h)), np.zeros(1))])


def trained(widths: tuple[int, ...], seed: int, points: int = 60, steps: int = 300) -> Network:
    """Adam on random signs: weights and biases as training leaves them."""
    torch.manual_seed(seed)
    layers: list[torch.nn.Module] = []
    for below, above in pairwise(widths):
        layers += [torch.nn.Linear(below, above), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).double()
    x = torch.randn(points, widths[0], dtype=torch.float64)
    y = torch.sign(torch.randn(points, widths[-1], dtype=torch.float64))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimiser.step()
    return Network.from_torch(model)


def target_3(ratios: Ratios) -> bool:
    fine = True
    bracket(masked(4, 8, 1.0, 0), "exact")  # compiles
    for d, h, density in SHAPES:
        times, nodes = [], []
        for seed in range(NETS):
            net, began = masked(d, h, density, seed), time.process_time()
            state, root = shallow.search(Model.of(net), None, 0.0, TOLERANCE, time.monotonic() + 60.0)
            state.upper(root)
            times.append(time.process_time() - began)
            nodes.append(state.nodes)
        middle, greatest = float(np.median(times)), max(times)
        ratios.add(f"T3 {shape((d, h, 1), density)}, median seconds", middle, 1.0, "lower")
        ratios.add(f"T3 {shape((d, h, 1), density)}, greatest seconds", greatest, 5.0, "lower")
        fine &= line(
            "T3",
            shape((d, h, 1), density),
            f"median {middle:.3f} s, greatest {greatest:.2f} s, {np.median(nodes):.0f} nodes",
            "median 1 s, greatest 5 s",
            middle < 1.0 and greatest < 5.0,
        )
    return fine


def target_6(ratios: Ratios) -> bool:
    """Shares of the exact rung's upper end, which is the constant where the rung closed.

    "found" is the least share of its lower end: what the search knows to be missed.
    """
    fine = True
    for d, h, density in PORTFOLIO:
        shares, missed, closed = [], [], 0
        for seed in range(NETS):
            net = masked(d, h, density, seed)
            tight, found = bracket(net), bracket(net, "exact", seconds=SECONDS)
            shares.append(tight.lower / found.upper)
            missed.append(tight.lower / found.lower)
            closed += found.upper <= found.lower * (1.0 + 1.01 * TOLERANCE)
        wanted = 0.99 if d >= h else 0.95
        met = True if min(shares) >= wanted else False if closed == NETS or min(missed) < wanted else None
        name = f"T6 {shape((d, h, 1), density)}, least share of exact"
        ratios.add(name, min(shares), wanted, open=met is None)
        fine &= line(
            "T6",
            shape((d, h, 1), density),
            f"least {min(shares):.4f}, mean {np.mean(shares):.4f}, {closed} of {NETS} closed",
            f"{wanted} of exact",
            met,
        )
    return fine


def few_inputs(ratios: Ratios) -> bool:
    cases = [(d, h, "relu") for d, h in FEW]
    cases += [(d, h, name) for name in SMOOTH for d, h in ((1, 50), (2, 50), (2, 200))]
    for d, h, name in cases:
        times, gaps, checked = [], [], 0
        for seed in range(3):
            net = Network.from_arrays(list(masked(d, h, 1.0, seed).layers), name)
            began = time.process_time()
            found = bracket(net, "exact", seconds=SECONDS)
            times.append(time.process_time() - began)
            checked += check(net, found).ok
            gaps.append(found.upper / found.lower - 1.0)
        done = sum(g <= 1.01 * TOLERANCE for g in gaps)
        what = f"{name} {shape((d, h, 1))}"
        ratios.add(f"few {what}, median seconds", float(np.median(times)), better="lower")
        print(f"few     {what:22s}{done} of 3 closed, median {np.median(times):.2f} s, "
              f"greatest gap {max(gaps):.1e}, checked {checked} of 3", flush=True)  # fmt: skip
    return True


def target_7(ratios: Ratios) -> bool:
    total, closed = 0.0, True
    for name, exact in PUBLISHED.items():
        net, began = stored(name), time.process_time()
        found = bracket(net, "exact", seconds=60.0)
        seconds = time.process_time() - began
        total += seconds
        gap, proved = found.upper / found.lower - 1.0, check_tree(net, found)
        right = found.lower * (1.0 - TOLERANCE) <= exact <= found.upper * (1.0 + TOLERANCE)
        closed &= gap <= TOLERANCE and proved and right
        print(f"T7      {name:30s} {seconds:.2f} s, gap {gap:.0e}, contains the published: {right}, "
              f"checked: {proved}")  # fmt: skip
    ratios.add("T7 published networks, seconds", total, 30.0, "lower")
    return line("T7", "together", f"{total:.1f} s", "30 s, each to 1e-6 and checked", closed and total < 30.0)


def deep(ratios: Ratios) -> bool:
    for widths in DEEP:
        times, gaps, checked = [], [], []
        for seed in range(3):
            net, began = trained(widths, seed), time.process_time()
            found = bracket(net, "exact", seconds=SECONDS)
            times.append(time.process_time() - began)
            gaps.append(found.upper / found.lower - 1.0)
            checked.append(check_tree(net, found))
        done = sum(g <= 1e-3 for g in gaps)
        ratios.add(f"deep {shape(widths)}, median seconds", float(np.median(times)), better="lower")
        print(f"deep    {shape(widths):22s}{done} of 3 to 1e-3, median {np.median(times):.2f} s, "
              f"greatest gap {max(gaps):.1e}, checked {sum(checked)} of 3", flush=True)  # fmt: skip
    return True

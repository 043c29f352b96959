"""Times of the exact rung: `python benchmarks/lipschitz_exact.py [--nets 10] [--seconds 20]`.

T3  free-pattern branch and bound, at most 100 units: median below 1 s, greatest below 5 s.
T7  the three ExLipBaB networks closed to 1e-6 in less than 30 s together.
Then networks with 2 to 4 hidden layers and 2 to 12 inputs, trained for a moment on random labels.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from robustlaw.lipschitz import bracket, check_tree
from robustlaw.lipschitz.exact import shallow
from robustlaw.lipschitz.exact.model import Model
from robustlaw.networks import Network

TOLERANCE = 1e-6
REFERENCE = Path(__file__).parents[1] / "tests" / "lipschitz" / "reference"
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


def free_patterns(nets: int) -> None:
    print("T3   shape          median s  greatest s  nodes")
    for d, h, density in SHAPES:
        times, nodes = [], []
        for seed in range(nets):
            begin = time.perf_counter()
            state, root = shallow.search(
                Model.of(masked(d, h, density, seed)), None, 0.0, TOLERANCE, time.monotonic() + 60.0
            )
            state.upper(root)
            times.append(time.perf_counter() - begin)
            nodes.append(state.nodes)
        name = f"{d}-{h} ({density:.0%})"
        print(
            f"     {name:14} {np.median(times):8.3f}  {max(times):10.3f}  {np.median(nodes):5.0f}", flush=True
        )


def published() -> None:
    total = 0.0
    for name, exact in PUBLISHED.items():
        with np.load(REFERENCE / f"{name}.npz") as a:
            net = Network.from_arrays([(a[f"W{i}"], a[f"b{i}"]) for i in range(1, 4)])
        begin = time.perf_counter()
        found = bracket(net, "exact", seconds=60.0)
        total += time.perf_counter() - begin
        ok = check_tree(net, found)
        print(f"T7   {name:28} {found.lower / exact - 1:+.1e} {found.upper / exact - 1:+.1e}  checked: {ok}")
    print(f"T7   together {total:.1f} s")


def deep(nets: int, seconds: float) -> None:
    print("deep shape             closed to 1e-3  median s  greatest gap  checked")
    for widths in DEEP:
        times, gaps, checked = [], [], []
        for seed in range(nets):
            net = trained(widths, seed)
            begin = time.perf_counter()
            found = bracket(net, "exact", seconds=seconds)
            times.append(time.perf_counter() - begin)
            gaps.append(found.upper / found.lower - 1.0)
            checked.append(check_tree(net, found))
        done = sum(g <= 1e-3 for g in gaps)
        name = "-".join(map(str, widths))
        row = f"     {name:17} {done:6}/{nets}  {np.median(times):14.2f}  {max(gaps):12.1e}"
        print(f"{row}  {sum(checked)}/{nets}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    bracket(masked(4, 8, 1.0, 0), "exact")  # compiles
    free_patterns(chosen.nets)
    published()
    deep(min(chosen.nets, 3), chosen.seconds)


if __name__ == "__main__":
    main()

"""Width, time and coverage of certified information brackets.

Run: python benchmarks/information.py [widths] [coverage] [table] [--repetitions 1000]
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import torch
from scipy.stats import binom

from robustlaw.information import ZOO, MaskChannel, mask_information

# bits, kept, runs; the width over the truth and the seconds that a bracket has to reach
WIDTHS = [
    (10, 3, 2000, 0.30, 3.0),
    (100, 20, 2000, 0.10, 6.0),
    (1000, 200, 2000, 0.065, 25.0),
    (10_000, 1000, 1000, 0.11, 120.0),
    (10_000, 1000, 2000, 0.06, 240.0),
]
COVERAGE: dict[str, tuple[str, dict[str, float], int]] = {
    "Z5 n=8": ("Z5", {"n": 8, "flip": 0.1}, 200),
    "Z14 (8, 3)": ("Z14", {"bits": 8, "kept": 3, "strength": 0.5}, 200),
    "Z14 (100, 20)": ("Z14", {"bits": 100, "kept": 20, "strength": 0.5}, 50),
    "Z12 (6, 2)": ("Z12", {"bits": 6, "kept": 2, "strength": 1.0}, 200),
    "Z4 rare": ("Z4", {"bits": 12, "kept": 4, "truth": 0.01}, 200),
    "Z1 data-free": ("Z1", {"bits": 10, "kept": 3, "n": 8}, 1000),
}
LEVEL = 0.95


def build(name: str, parameters: dict[str, float]) -> MaskChannel:
    return ZOO[name](**parameters)


def widths() -> None:
    print("Z14, strength .5, level .95: certified bracket against the closed form")
    for bits, kept, runs, wanted, seconds in WIDTHS:
        channel = build("Z14", {"bits": bits, "kept": kept, "strength": 0.5})
        truth = mask_information(channel)
        began = time.perf_counter()
        found = mask_information(channel, runs=runs, exact=False)
        spent = time.perf_counter() - began
        inside = found.lower <= truth.upper and truth.lower <= found.upper
        share = found.width / truth.middle
        print(
            f"  ({bits}, {kept}) T={runs}: [{found.lower:.4f}, {found.upper:.4f}] truth {truth.middle:.6f} "
            f"{'inside' if inside else 'OUTSIDE'}, width {share:.1%} (target {wanted:.1%}), "
            f"{spent:.1f} s (target {seconds:g})",
            flush=True,
        )


def misses(name: str, parameters: dict[str, float], runs: int, seeds: range) -> tuple[int, int, float]:
    """(lower ends above the truth, upper ends below it, mean width)."""
    torch.set_num_threads(1)
    channel = build(name, parameters)
    truth = mask_information(channel)
    found = [mask_information(channel, level=LEVEL, runs=runs, seed=s, exact=False) for s in seeds]
    return (
        sum(b.lower > truth.upper for b in found),
        sum(b.upper < truth.lower for b in found),
        float(np.mean([b.width for b in found])),
    )


def coverage(repetitions: int) -> None:
    side = 0.5 * (1.0 - LEVEL)
    limit = int(binom.ppf(1.0 - 1e-4, repetitions, side))
    print(f"Misses a side in {repetitions} repetitions; nominal {side:.3f}, a defect beyond {limit}")
    parts = [range(i, repetitions, 2) for i in range(2)]
    with ProcessPoolExecutor(2) as pool:
        for label, (name, parameters, runs) in COVERAGE.items():
            halves = list(pool.map(partial(misses, name, parameters, runs), parts))
            low, high = (sum(h[i] for h in halves) for i in (0, 1))
            width = float(np.mean([h[2] for h in halves]))
            verdict = "ok" if max(low, high) <= limit else "DEFECT"
            print(
                f"  {label}, T={runs}: lower {low}, upper {high}, mean width {width:.3f} nats: {verdict}",
                flush=True,
            )


def table() -> None:
    from robustlaw.report.information import as_text, information_table
    from robustlaw.studies.label_information import grid

    began = time.perf_counter()
    found = information_table(grid(), jobs=2)
    print(as_text(found))
    print(f"  {time.perf_counter() - began:.0f} s on two cores (target 180)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], help="widths, coverage, table; all by default")
    parser.add_argument("--repetitions", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = options.parts or ["widths", "coverage", "table"]
    if "widths" in chosen:
        widths()
    if "coverage" in chosen:
        coverage(options.repetitions)
    if "table" in chosen:
        table()

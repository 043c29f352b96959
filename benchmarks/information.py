"""Width, time and coverage of certified information brackets, and nested Monte Carlo beside them.

Run: python benchmarks/information.py                   all parts, many minutes: coverage is long
     python benchmarks/information.py widths rivals     some of: widths, rivals, coverage, table
     python benchmarks/information.py --quick           widths and rivals, the smaller channels

Exit status 1 if a target is missed.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import torch
from ratios import Ratios, add_option, chosen
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
QUICK, SMALL = ["widths", "rivals"], 1000  # parts and bits of a quick run
# bits, kept, runs of the certified bracket; a target where estimates without a certificate break down
RIVALS = [(10, 3, 2000, None), (100, 20, 2000, 1.0), (1000, 200, 2000, 1.0)]
NESTED = 300


def build(name: str, parameters: dict[str, float]) -> MaskChannel:
    return ZOO[name](**parameters)


def widths(ratios: Ratios, quick: bool) -> bool:
    print("Z14, strength .5, level .95: certified bracket against the closed form")
    fine = True
    for bits, kept, runs, wanted, seconds in WIDTHS:
        if quick and bits > SMALL:
            continue
        channel = build("Z14", {"bits": bits, "kept": kept, "strength": 0.5})
        truth = mask_information(channel)
        began = time.process_time()
        found = mask_information(channel, runs=runs, exact=False)
        spent = time.process_time() - began
        inside = found.lower <= truth.upper and truth.lower <= found.upper
        share = found.width / truth.middle
        fine &= inside
        name = f"Z14 ({bits}, {kept}) T={runs}"
        ratios.add(f"{name}, width / truth", share, wanted, "lower")
        ratios.add(f"{name}, processor seconds", spent, seconds, "lower")
        print(
            f"  ({bits}, {kept}) T={runs}: [{found.lower:.4f}, {found.upper:.4f}] truth {truth.middle:.6f} "
            f"{'inside' if inside else 'OUTSIDE'}, width {share:.1%} (target {wanted:.1%}), "
            f"{spent:.1f} s (target {seconds:g})",
            flush=True,
        )
    return fine


def nested(channel: MaskChannel, runs: int) -> float:
    """Nested Monte Carlo as one writes it down: the mean of ln p(m|D) - ln mean p(m|D') over the others D'.

    Biased upwards (Jensen), the more so the fewer of the other data sets explain a mask.
    """
    rng = np.random.default_rng(0)
    data = channel.sample_data(runs, rng)
    masks, found = channel.sample_masks(data, np.arange(runs)), []
    for i in range(runs):
        log = channel.log_prob(np.repeat(masks[i : i + 1], runs, axis=0), data)
        rest = np.logaddexp.reduce(np.delete(log, i)) - math.log(runs - 1)
        found.append(log[i] - rest)
    return float(np.mean(found))


def rivals(ratios: Ratios, quick: bool) -> bool:
    """The error of the usual estimate over the certified width: above 1, proof costs nothing."""
    print(f"Z14, strength .5: nested Monte Carlo over {NESTED} runs, no certificate, beside the bracket")
    for bits, kept, runs, wanted in RIVALS:
        if quick and bits >= SMALL:
            continue
        channel = build("Z14", {"bits": bits, "kept": kept, "strength": 0.5})
        truth = mask_information(channel).middle
        began = time.process_time()
        found = mask_information(channel, runs=runs, exact=False)
        ours = time.process_time() - began
        began = time.process_time()
        theirs = nested(channel, NESTED)
        spent = time.process_time() - began
        name, error = f"Z14 ({bits}, {kept})", abs(theirs - truth)
        ratio = ratios.add(
            f"{name}, error of nested Monte Carlo / certified width", error / found.width, wanted
        )
        ratios.add(f"{name}, time of nested Monte Carlo / certified", spent / ours)
        verdict = {True: "met", False: "MISSED", None: "no target"}[ratio.met]
        print(
            f"  ({bits}, {kept}): truth {truth:.3f}, certified [{found.lower:.3f}, {found.upper:.3f}] "
            f"in {ours:.1f} s, nested {theirs:.3f} in {spent:.1f} s; its error is {ratio.value:.2f} widths: "
            f"{verdict}",
            flush=True,
        )
    return True


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


def coverage(repetitions: int) -> bool:
    fine = True
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
            fine &= verdict == "ok"
            print(
                f"  {label}, T={runs}: lower {low}, upper {high}, mean width {width:.3f} nats: {verdict}",
                flush=True,
            )
    return fine


def table(ratios: Ratios) -> bool:
    from robustlaw.report.information import as_text, information_table
    from robustlaw.studies.label_information import grid

    began = time.perf_counter()
    found = information_table(grid(), jobs=2)
    print(as_text(found))
    spent = time.perf_counter() - began
    print(f"  {spent:.0f} s on two cores (target 180)")
    ratios.add("table on two cores, seconds", spent, 180.0, "lower")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    known = ["widths", "rivals", "coverage", "table"]
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help=f"{' and '.join(QUICK)}, up to {SMALL} bits")
    add_option(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    names, ratios = chosen(parser, given.parts, known) or (QUICK if given.quick else known), Ratios()
    runs = {
        "widths": partial(widths, ratios, given.quick),
        "rivals": partial(rivals, ratios, given.quick),
        "coverage": partial(coverage, given.repetitions),
        "table": partial(table, ratios),
    }
    results = [runs[name]() for name in names]
    ratios.write(given.ratios)
    sys.exit(0 if all(results) and ratios.all_met else 1)


if __name__ == "__main__":
    main()

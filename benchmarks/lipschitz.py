"""The Lipschitz room against its targets, and next to what a user would pick instead.

Run: python benchmarks/lipschitz.py            all targets and the comparison, some minutes
     python benchmarks/lipschitz.py T1 eclipse  some of them; "few" and "deep" have no target

Each line shows what was measured, the target, and whether it is met. All times are processor seconds of
one thread, mostly the least of several runs, so only ratios within one run mean much.
Optional: cvxpy and clarabel for T1, eclipse-nn for the comparison; what is missing is named.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse

import lipschitz_exact as exact
import lipschitz_fast as fast
import lipschitz_sdp as sdp
import torch

PARTS = {
    "T1": sdp.target_1,
    "T2": fast.target_2,
    "T3": exact.target_3,
    "T4": sdp.target_4,
    "T5": sdp.target_5,
    "T6": exact.target_6,
    "T7": exact.target_7,
    "eclipse": fast.against_the_rival,
    "few": exact.few_inputs,
    "deep": exact.deep,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args().parts or [name for name in PARTS if name not in ("few", "deep")]
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    torch.set_num_threads(1)
    for name in chosen:
        PARTS[name]()


if __name__ == "__main__":
    main()

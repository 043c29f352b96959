"""The Lipschitz room against its targets, and next to what a user would pick instead.

Run: python benchmarks/lipschitz.py            all targets and the comparison, some minutes
     python benchmarks/lipschitz.py T1 eclipse  some of them; "few" and "deep" have no target
     python benchmarks/lipschitz.py --quick    T1, T2, T4, T5 and the comparison

Each line shows what was measured, the target, and whether it is met. All times are processor seconds of
one thread, mostly the least of several runs, so only ratios within one run mean much.
Exit status 1 if a target is missed.
Optional: cvxpy and clarabel for T1, eclipse-nn for the comparison; what is missing is named.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import sys

import lipschitz_exact as exact
import lipschitz_fast as fast
import lipschitz_sdp as sdp
import torch
from ratios import Ratios, add_option, chosen

QUICK = ["T1", "T2", "T4", "T5", "eclipse"]
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
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone")
    add_option(parser)
    given = parser.parse_args()
    standard = QUICK if given.quick else [name for name in PARTS if name not in ("few", "deep")]
    names = chosen(parser, given.parts, PARTS) or standard
    torch.set_num_threads(1)
    found = Ratios()
    results = [PARTS[name](found) for name in names]
    found.write(given.ratios)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()

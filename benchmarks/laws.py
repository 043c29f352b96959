"""Do the laws fail as rarely as they say? 10^5 data sets a trial, against choosers who see the data.

Run: python benchmarks/laws.py                          all trials, under two minutes of one core
     python benchmarks/laws.py sharp converse --draws 20000 --json laws.json

A row is a law in a trial: its failure rate (or mean) with a 99.9 % interval, and delta (or the bound).
`reach` is 1 where the law is attained. Mutants are laws with a factor left out; they have to be caught.
Exit status 1 if a law fails too often or a mutant lives.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from laws_trials import TRIALS, Row, cross_check

from robustlaw.evidence import table

HEADER = ["law", "trial", "allowed", "found", "interval", "reach", "verdict"]


def cells(row: Row) -> list[str]:
    words = {("law", True): "holds", ("law", False): "FAILS TOO OFTEN",
             ("mutant", True): "caught", ("mutant", False): "LIVES"}  # fmt: skip
    law = row.law if row.kind == "law" else f"{row.law} (mutant)"
    return [law, row.trial, f"{row.bound:.4g}", f"{row.found:.5f}", f"[{row.low:.5f}, {row.high:.5f}]",
            f"{row.reach:.3g}", words[row.kind, row.passed]]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("trials", nargs="*", metavar="trial", help=f"of {', '.join(TRIALS)}")
    parser.add_argument("--draws", type=int, default=100_000, help="data sets of every trial")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the rows there too")
    given = parser.parse_args()
    if unknown := [name for name in given.trials if name not in TRIALS]:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(TRIALS)}")
    rows: list[Row] = []
    began = time.process_time()
    for name in given.trials or TRIALS:
        start = time.process_time()
        rows += TRIALS[name](given.draws, given.seed)
        print(f"{name}: {time.process_time() - start:.1f} s", file=sys.stderr)
    print(table(HEADER, [cells(row) for row in rows]))
    worst = cross_check(min(given.draws, 2000), given.seed)
    bad = [row for row in rows if not row.passed]
    print(f"{len(rows)} rows, {len(bad)} bad; {given.draws} data sets each; on 40 real networks the laws "
          f"agree within {worst:.1e}; {time.process_time() - began:.0f} s")  # fmt: skip
    if given.json:
        lines = [{**asdict(row), "passed": row.passed} for row in rows]
        given.json.write_text(json.dumps({"draws": given.draws, "seed": given.seed, "rows": lines}, indent=1))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

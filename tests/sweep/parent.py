"""A sweep in a process of its own, to be interrupted: parent.py STORE CELLS JOBS SECONDS_PER_CELL."""

import sys

from robustlaw.sweep import StoreInUse, SweepInterrupted, run_sweep


def main():
    store, cells, jobs, seconds = sys.argv[1:]
    configs = [{"seed": seed, "sleep": float(seconds)} for seed in range(int(cells))]
    try:
        run_sweep(
            "toy_study", configs, store, jobs=int(jobs), progress=lambda event: print(event.done, flush=True)
        )
    except SweepInterrupted as error:
        print(error, flush=True)
        return 130
    except StoreInUse as error:
        print(error, flush=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

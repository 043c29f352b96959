"""A study for figures that are none: workers import it by name from the path of the tests.

With FIGURE_TRACE set, each run of a cell adds its seed as a line to that file.
"""

import os
import random
from pathlib import Path

NAME = "figure toy"
VERSION = 1
chunk_size = 1


def bucket(config):
    return None


def run(configs):
    return [_cell(config) for config in configs]


def _cell(config):
    if "FIGURE_TRACE" in os.environ:
        with Path(os.environ["FIGURE_TRACE"]).open("a") as file:
            file.write(f"{config['seed']}\n")
    act = config.get("do")
    if act == "raise":
        raise LookupError(f"cell {config['seed']} has no answer")
    if act == "stop":
        raise KeyboardInterrupt
    return {"gain": 1.0 + random.Random(config["seed"]).random()}

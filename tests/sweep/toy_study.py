"""A study whose cells do what their config says. Workers import it by name from the path of the tests.

With TOY_TRACE set, each run of a cell adds a line "name pid" to that file.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

NAME = "toy"
VERSION = 1
chunk_size = 4


def bucket(config):
    return config.get("group")


def run(configs):
    return [_cell(config) for config in configs]


def _cell(config):
    _trace(config)
    act = config.get("do", "compute")
    time.sleep(config.get("sleep", 0.0))
    if act == "raise":
        raise LookupError(f"cell {config['seed']} has no answer \udcff")
    if act == "leave":
        sys.exit("enough")
    if act == "die":
        os._exit(3)
    if act == "be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "return":
        return config["value"]
    if act == "nan":
        return {"good": 1.0, "curve": [0.5, float("nan")]}
    if act == "spin":
        while True:
            pass
    if act == "pid":
        return {"pid": os.getpid(), "omp": os.environ["OMP_NUM_THREADS"]}
    stream = random.Random(config.get("seed"))
    config["seed"] = "a study may spoil its copy"
    return {"value": stream.gauss(0.0, 1.0), "tiny": stream.random() * 5e-310, "many": [stream.random()] * 3}


def _trace(config):
    if "TOY_TRACE" in os.environ:
        with Path(os.environ["TOY_TRACE"]).open("a") as file:
            file.write(f"{config.get('seed')} {os.getpid()}\n")

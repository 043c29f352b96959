"""A study of cells that take a little time and whose numbers come from their seed alone."""

from __future__ import annotations

import random
import time
from typing import Any

NAME, VERSION, chunk_size = "faults", 1, 4


def bucket(config: dict[str, Any]) -> int:
    return int(config["group"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for config in configs:
        time.sleep(0.03)
        stream = random.Random(config["seed"])
        rows.append({"value": stream.gauss(0.0, 1.0), "many": [stream.random() for _ in range(3)]})
    return rows

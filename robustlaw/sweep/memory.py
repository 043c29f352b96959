"""As many cells in one call as there is memory for.

A study may offer cell_bytes(config), what a cell adds to a call's memory. A call gets half of what is
free, shared by as many workers as the machine has cores; on an accelerator, half of what is free there.
"""

from __future__ import annotations

import os

import psutil

from .protocol import Config, Study

SHARE = 0.5


def parts(study: Study, configs: list[Config]) -> list[list[Config]]:
    """The configs in order, in as few calls as fit; a single config is always tried."""
    if study.cell_bytes is None:
        return [configs]
    room = free_bytes(str(configs[0].get("device", "cpu")))
    found: list[list[Config]] = []
    used = 0
    for config in configs:
        needed = study.cell_bytes(config)
        if not found or used + needed > room:
            found.append([])
            used = 0
        found[-1].append(config)
        used += needed
    return found


def free_bytes(device: str) -> int:
    """What one worker may use at this moment."""
    if device == "cpu":
        return int(SHARE * psutil.virtual_memory().available / (os.cpu_count() or 1))
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(SHARE * free)

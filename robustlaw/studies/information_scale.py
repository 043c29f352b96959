"""Certified information brackets against the truth, from 10 bits to 10 000.

A config is one channel whose information is known, one number of runs, and some repetitions of the
whole procedure, pilot and choice of methods included. On request a row holds what is not certified
too: point estimates that are common elsewhere, and the seed-coupled flips that need no density.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from ..data import Gaussian
from ..data.checks import require_count, whole
from ..errors import InvalidArgument, UnknownName
from ..evidence import Bracket
from ..information import (
    ZOO,
    FixedInputs,
    HasDensity,
    MaskChannel,
    Runs,
    label_information,
    mask_information,
    plug_in_information,
    sample,
)
from ..information.upper_flips import coupled_flips
from ..networks import Mlp, Recipe
from ..pruning import Snip
from ..seeds import generator
from .config import PlainConfig

NAME = "information_scale"
VERSION = 1
chunk_size = 1
LEVEL = 0.95
STRENGTH = {"Gaussian top-k": 0.5, "Gibbs": 1.0}
HIDDEN, LABELS = 10, 10  # of the networks that SNIP prunes


@dataclass(frozen=True)
class ScaleConfig(PlainConfig):
    """Brackets of one channel.

    channel     : "Gaussian top-k" and "Gibbs" keep `kept` bits, each drawn towards a label of its own;
                  "parity" tells sums of half as many labels, hidden by noise; "SNIP" keeps `kept`
                  weights of a network with 10 hidden units, after one gradient on 10 labels
    runs        : of each bracket, the pilot's included
    repetitions : brackets, with seeds from seed * repetitions on
    batch       : runs that the point estimates compare with each other; 0 for none
    Raises InvalidArgument or UnknownName.
    """

    channel: str
    bits: int
    kept: int
    runs: int
    seed: int
    repetitions: int = 1
    batch: int = 0

    def __post_init__(self) -> None:
        if self.channel not in CHANNELS:
            raise UnknownName("channel", self.channel, CHANNELS)
        for name in ("bits", "runs", "repetitions"):
            require_count(name, getattr(self, name))
        for name in ("kept", "seed", "batch"):
            whole(name, getattr(self, name))
        if self.kept > self.bits:
            raise InvalidArgument("kept", self.kept, f"there are {self.bits} bits")
        if self.batch == 1:
            raise InvalidArgument("batch", self.batch, "a run needs others to be compared with")
        if self.channel == "SNIP" and (self.bits % HIDDEN or self.bits < 2 * HIDDEN):
            raise InvalidArgument("bits", self.bits, f"give a multiple of {HIDDEN}, from {2 * HIDDEN} on")
        if self.channel == "parity" and self.bits < 4:
            raise InvalidArgument("bits", self.bits, "parities need at least 4 bits")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Nothing is shared."""
    return tuple(sorted((name, str(value)) for name, value in config.items()))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(ScaleConfig(**c)) for c in configs]


def _one(cell: ScaleConfig) -> dict[str, Any]:
    channel, truth = CHANNELS[cell.channel](cell)
    target = "I(m;Y|X,init)" if channel.conditioned else "I(m;D)"
    first = cell.seed * cell.repetitions
    found = [
        mask_information(channel, target, LEVEL, cell.runs, seed, exact=False)
        for seed in range(first, first + cell.repetitions)
    ]
    row: dict[str, Any] = {
        "truth": [truth.lower, truth.upper],
        "lower": [b.lower for b in found],
        "upper": [b.upper for b in found],
        "method": [b.method for b in found],
    }
    return row | (_uncertified(cell, channel, first) if cell.batch else {})


def _uncertified(cell: ScaleConfig, channel: MaskChannel, seed: int) -> dict[str, Any]:
    """Point estimates, and the upper end that seed-coupled flips alone would give."""
    drawn = sample(channel, cell.runs, seed)
    masks, data = (_names(rows) for rows in (drawn.fresh.masks, drawn.fresh.data))
    few = drawn.fresh.take(slice(0, cell.batch))
    contrast, left_out = compared(channel, few) if isinstance(channel, HasDensity) else (None, None)
    return {
        "coupled_flips": coupled_flips(drawn, 0.5 * (1.0 - LEVEL)).value,
        "plug_in": plug_in_information(masks, data).value,
        "contrast": contrast,
        "left_out": left_out,
    }


def compared(channel: HasDensity, runs: Runs) -> tuple[float | None, float | None]:
    """Mean log p(m_i|D_i) less the log of the mean of p(m_i|D_j) over all j, and over j other than i.

    The first is below log(runs) whatever the truth is; the second has no bound, and None says that it
    is infinite.
    """
    count = len(runs.masks)
    logs = np.stack([channel.log_prob(runs.masks, np.roll(runs.data, j, axis=0)) for j in range(count)])
    own = logs[0]
    everyone = float((own - logsumexp(logs, axis=0)).mean()) + math.log(count)
    others = float((own - logsumexp(logs[1:], axis=0)).mean()) + math.log(count - 1)
    return everyone, others if math.isfinite(others) else None


def _names(rows: np.ndarray) -> np.ndarray:
    """A number for each row, equal for equal rows."""
    return np.unique(rows.reshape(len(rows), -1), axis=0, return_inverse=True)[1].reshape(-1)


def _two_class(name: str) -> Callable[[ScaleConfig], tuple[MaskChannel, Bracket]]:
    def made(cell: ScaleConfig) -> tuple[MaskChannel, Bracket]:
        parameters: dict[str, Any] = {
            "bits": cell.bits,
            "kept": cell.kept,
            "strength": STRENGTH[cell.channel],
        }
        channel: Any = ZOO[name](**parameters)
        return channel, channel.exact

    return made


def _parity(cell: ScaleConfig) -> tuple[MaskChannel, Bracket]:
    """Sums over GF(2) of pseudo-random subsets of labels and of noise bits."""
    i, j = np.arange(cell.bits)[:, None], np.arange(cell.bits // 2)
    labels = ((2654435761 * i + 40503 * j + 97 * i * j**2 + 12345) % 2**32) >> 13 & 1
    k = np.arange(3 * cell.bits // 10)
    noise = ((1103515245 * i + 12345 * k + 31 * i**2 * k + 777) % 2**31) >> 11 & 1
    parameters: dict[str, Any] = {"labels_in": labels.astype(bool), "noise_in": noise.astype(bool)}
    channel: Any = ZOO["Z15"](**parameters)
    return channel, channel.exact


def _snip(cell: ScaleConfig) -> tuple[MaskChannel, Bracket]:
    """A pruner of this package, its information by enumeration of all labelings."""
    arch = Mlp((cell.bits // HIDDEN - 1, HIDDEN, 1))
    x, _ = Gaussian(arch.widths[0]).draw(LABELS, generator("data", "information scale", cell.bits))
    recipe, pruner = Recipe(stop_at=None), Snip(cell.kept / cell.bits)
    return FixedInputs(arch, x, pruner, recipe), label_information(arch, x, pruner, recipe)[0].information


CHANNELS: dict[str, Callable[[ScaleConfig], tuple[MaskChannel, Bracket]]] = {
    "Gaussian top-k": _two_class("Z14"),
    "Gibbs": _two_class("Z12"),
    "parity": _parity,
    "SNIP": _snip,
}

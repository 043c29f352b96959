"""Masks, and the ways to find them."""

from .after_training import IterativeMagnitude, MagnitudeAfterTraining
from .at_initialisation import MagnitudeAtInit, Random, Snip
from .base import Pruner, ScorePruner, Session
from .densities import Balanced, ErdosRenyi, Pyramidal
from .mask import Mask
from .noisy_top_k import NoisyTopK
from .selection import kept_count, select
from .supermask import EdgePopup
from .train import train

PRUNERS: dict[str, type[Pruner]] = {
    kind.__name__: kind
    for kind in (
        Random,
        ErdosRenyi,
        Balanced,
        Pyramidal,
        MagnitudeAtInit,
        Snip,
        MagnitudeAfterTraining,
        IterativeMagnitude,
        EdgePopup,
    )
}

__all__ = [
    "PRUNERS",
    "Balanced",
    "EdgePopup",
    "ErdosRenyi",
    "IterativeMagnitude",
    "MagnitudeAfterTraining",
    "MagnitudeAtInit",
    "Mask",
    "NoisyTopK",
    "Pruner",
    "Pyramidal",
    "Random",
    "ScorePruner",
    "Session",
    "Snip",
    "kept_count",
    "select",
    "train",
]

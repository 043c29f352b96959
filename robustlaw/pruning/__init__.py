"""Masks, and the ways to find them."""

from .after_training import IterativeMagnitude, MagnitudeAfterTraining
from .at_initialisation import Grasp, MagnitudeAtInit, Random, Snip
from .base import Pruner, ScorePruner, Session
from .densities import Balanced, ErdosRenyi, Pyramidal
from .gradual import GradualMagnitude
from .in_rounds import Force, IterativeSnip, SynFlow
from .mask import Mask
from .noisy_top_k import NoisyTopK
from .selection import kept_count, select
from .sparse_training import RigL, Set
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
        IterativeSnip,
        Force,
        Grasp,
        SynFlow,
        MagnitudeAfterTraining,
        IterativeMagnitude,
        GradualMagnitude,
        Set,
        RigL,
        EdgePopup,
    )
}

__all__ = [
    "PRUNERS",
    "Balanced",
    "EdgePopup",
    "ErdosRenyi",
    "Force",
    "GradualMagnitude",
    "Grasp",
    "IterativeMagnitude",
    "IterativeSnip",
    "MagnitudeAfterTraining",
    "MagnitudeAtInit",
    "Mask",
    "NoisyTopK",
    "Pruner",
    "Pyramidal",
    "Random",
    "RigL",
    "ScorePruner",
    "Session",
    "Set",
    "Snip",
    "SynFlow",
    "kept_count",
    "select",
    "train",
]

"""Masks, and the ways to find them."""

from .after_training import IterativeInSource, IterativeMagnitude, MagnitudeAfterTraining
from .at_initialisation import Grasp, MagnitudeAtInit, Random, Snip
from .base import Pruner, ScorePruner, Session
from .controls import Inverted, Reinitialised, Shuffled, matched_random
from .densities import Balanced, ErdosRenyi, Pyramidal
from .density_scaled import density_scaled
from .gradual import GradualMagnitude
from .in_rounds import Force, IterativeSnip, SynFlow
from .kept_counts import geometric_counts
from .mask import Mask
from .noisy_top_k import NoisyTopK
from .on_subset import OnSubset
from .prospect import ProsPr
from .relabelled import PermutedLabels, RandomLabels
from .repair import Repaired
from .selection import kept_count, select
from .sparse_training import RigL, Set
from .subset_sum import nearest_subset, supermask_of
from .subset_sum_search import counted_items, items_for, items_needed, nearest_subset_milp
from .supermask import EdgePopup
from .tangent_kernel import NtkSap, NtkSapOnInputs
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
        NtkSap,
        NtkSapOnInputs,
        ProsPr,
        MagnitudeAfterTraining,
        IterativeMagnitude,
        IterativeInSource,
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
    "Inverted",
    "IterativeInSource",
    "IterativeMagnitude",
    "IterativeSnip",
    "MagnitudeAfterTraining",
    "MagnitudeAtInit",
    "Mask",
    "NoisyTopK",
    "NtkSap",
    "NtkSapOnInputs",
    "OnSubset",
    "PermutedLabels",
    "ProsPr",
    "Pruner",
    "Pyramidal",
    "Random",
    "RandomLabels",
    "Reinitialised",
    "Repaired",
    "RigL",
    "ScorePruner",
    "Session",
    "Set",
    "Shuffled",
    "Snip",
    "SynFlow",
    "counted_items",
    "density_scaled",
    "geometric_counts",
    "items_for",
    "items_needed",
    "kept_count",
    "matched_random",
    "nearest_subset",
    "nearest_subset_milp",
    "select",
    "supermask_of",
    "train",
]

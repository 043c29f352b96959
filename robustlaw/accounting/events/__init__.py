"""Events: immutable steps that may tell about the data, each with its charge."""

from .base import Event, Past
from .compose import Either, Independent, Repeated, either
from .masks import DataFreeMask, FixedSizeMask, MaskInSource, MeasuredMask, PruningRound, pruning_rounds
from .private import PureDpScores, ZcdpScores, pure_dp_cap
from .reading import ChosenSubset, LabelEntropy, SubsetOfData
from .weights import FrozenWeights, MeanKept, NetWeights, TrainedWeights, mean_kept, net_charge

EVENTS: tuple[type[Event], ...] = (
    DataFreeMask,
    FixedSizeMask,
    MaskInSource,
    MeasuredMask,
    PruningRound,
    SubsetOfData,
    ChosenSubset,
    LabelEntropy,
    PureDpScores,
    ZcdpScores,
    FrozenWeights,
    TrainedWeights,
    NetWeights,
    Repeated,
    Independent,
    Either,
)

__all__ = [
    "EVENTS",
    "ChosenSubset",
    "DataFreeMask",
    "Either",
    "Event",
    "FixedSizeMask",
    "FrozenWeights",
    "Independent",
    "LabelEntropy",
    "MaskInSource",
    "MeanKept",
    "MeasuredMask",
    "NetWeights",
    "Past",
    "PruningRound",
    "PureDpScores",
    "Repeated",
    "SubsetOfData",
    "TrainedWeights",
    "ZcdpScores",
    "either",
    "mean_kept",
    "net_charge",
    "pruning_rounds",
    "pure_dp_cap",
]

"""Mask-data mutual information: exact where it can be, certified where it cannot."""

from .bounds import Bound, InformationBracket, combine, exact_bracket
from .channel import (
    HasDataEntropy,
    HasDensity,
    HasExactInformation,
    HasExamples,
    HasFlipDensities,
    HasLabels,
    HasStability,
    HasTable,
    IsDeterministic,
    LabelLaw,
    MaskChannel,
)
from .runs import Runs, Sample, draw_runs, sample
from .supports import AnyMask, LayerSizes, Support, fixed_size
from .targets import Target, as_target

__all__ = [
    "AnyMask",
    "Bound",
    "HasDataEntropy",
    "HasDensity",
    "HasExactInformation",
    "HasExamples",
    "HasFlipDensities",
    "HasLabels",
    "HasStability",
    "HasTable",
    "InformationBracket",
    "IsDeterministic",
    "LabelLaw",
    "LayerSizes",
    "MaskChannel",
    "Runs",
    "Sample",
    "Support",
    "Target",
    "as_target",
    "combine",
    "draw_runs",
    "exact_bracket",
    "fixed_size",
    "sample",
]

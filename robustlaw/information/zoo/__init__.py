"""Channels whose mutual information is known: the ground truth that every estimator has to meet."""

from .base import ZooChannel
from .common import OneLabel, OneNumber
from .copied_labels import FlippedLabels, RepeatedLabels
from .cosets import Coset
from .exchangeable import exchangeable_information
from .gaussian_labels import GaussianDigits, gaussian_score_information
from .gibbs_subsets import ExponentialTop1, GibbsSubset
from .noisy_top_k import GaussianTopK, GumbelTopK
from .signs import CorrelatedSigns, NoisySigns
from .subsets import DilutedSubset, ErasedSubset, IgnoresData, RevealsSubset
from .tables import Tabulated, all_masks

ZOO: dict[str, type[ZooChannel]] = {
    "Z1": IgnoresData,
    "Z2": RevealsSubset,
    "Z3": DilutedSubset,
    "Z4": ErasedSubset,
    "Z5": FlippedLabels,
    "Z6": RepeatedLabels,
    "Z7": OneLabel,
    "Z8": OneNumber,
    "Z9": CorrelatedSigns,
    "Z10": NoisySigns,
    "Z11": ExponentialTop1,
    "Z12": GibbsSubset,
    "Z13": GumbelTopK,
    "Z14": GaussianTopK,
    "Z15": Coset,
    "Z16": GaussianDigits,
}

__all__ = [
    "ZOO",
    "CorrelatedSigns",
    "Coset",
    "DilutedSubset",
    "ErasedSubset",
    "ExponentialTop1",
    "FlippedLabels",
    "GaussianDigits",
    "GaussianTopK",
    "GibbsSubset",
    "GumbelTopK",
    "IgnoresData",
    "NoisySigns",
    "OneLabel",
    "OneNumber",
    "RepeatedLabels",
    "RevealsSubset",
    "Tabulated",
    "ZooChannel",
    "all_masks",
    "exchangeable_information",
    "gaussian_score_information",
]

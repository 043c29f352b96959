"""Mask-data mutual information: exact where it can be, certified where it cannot."""

from ..confidence import (
    betting_interval,
    betting_lower,
    betting_upper,
    clopper_pearson_lower,
    clopper_pearson_upper,
    empirical_bernstein_lower,
    empirical_bernstein_upper,
    hoeffding_lower,
    hoeffding_upper,
)
from .bounds import Bound, InformationBracket, combine, exact_bracket
from .caps import caps
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
from .declarations import check_declarations
from .discrete import JointLaw, dense_channel, dense_joint, from_table, histogram_entropy, sparse_channel
from .entropies import binary_entropy, binary_entropy_bracket, entropy, relative_entropy
from .enumerated import enumerated_information
from .enumeration import LabelInformation, label_information
from .estimators import ESTIMATORS, plug_in_information
from .finite import FiniteChannel
from .mask_information import RUNGS, Rung, mask_information
from .noisy_scores import NoisyScores
from .probe import (
    mask_only_probe,
    positive_information,
    positive_probe_bound,
    probe_bound,
    probe_statistic,
)
from .pruner_channels import FixedInputs, FreshExamples, noisy_fixed_inputs
from .runs import Runs, Sample, draw_runs, sample
from .sources import BetaData, BiasedLabels, DataSource, FairLabels, GaussianData, UniformSubsets
from .stability import ZCDP, GaussianScores, PureDP
from .supports import AllowedSizes, AnyMask, LayerSizes, Support, fixed_size
from .targets import Target, as_target
from .zoo import ZOO, gaussian_score_information

__all__ = [
    "ESTIMATORS",
    "RUNGS",
    "ZCDP",
    "ZOO",
    "AllowedSizes",
    "AnyMask",
    "BetaData",
    "BiasedLabels",
    "Bound",
    "DataSource",
    "FairLabels",
    "FiniteChannel",
    "FixedInputs",
    "FreshExamples",
    "GaussianData",
    "GaussianScores",
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
    "JointLaw",
    "LabelInformation",
    "LabelLaw",
    "LayerSizes",
    "MaskChannel",
    "NoisyScores",
    "PureDP",
    "Rung",
    "Runs",
    "Sample",
    "Support",
    "Target",
    "UniformSubsets",
    "as_target",
    "betting_interval",
    "betting_lower",
    "betting_upper",
    "binary_entropy",
    "binary_entropy_bracket",
    "caps",
    "check_declarations",
    "clopper_pearson_lower",
    "clopper_pearson_upper",
    "combine",
    "dense_channel",
    "dense_joint",
    "draw_runs",
    "empirical_bernstein_lower",
    "empirical_bernstein_upper",
    "entropy",
    "enumerated_information",
    "exact_bracket",
    "fixed_size",
    "from_table",
    "gaussian_score_information",
    "histogram_entropy",
    "hoeffding_lower",
    "hoeffding_upper",
    "label_information",
    "mask_information",
    "mask_only_probe",
    "noisy_fixed_inputs",
    "plug_in_information",
    "positive_information",
    "positive_probe_bound",
    "probe_bound",
    "probe_statistic",
    "relative_entropy",
    "sample",
    "sparse_channel",
]

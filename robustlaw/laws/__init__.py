"""The laws: each is one statement, with hypotheses, p_eff and a bound."""

from .base import Law, Provenance
from .correlation import Correlation, centred_correlation, noise_correlation
from .description_length import DescriptionLength
from .measure import Measured
from .memorisation_converse import MemorisationConverse
from .sparse_printed import SparsePrinted
from .sparse_repaired import SparseRepaired
from .sparse_sharp import SparseSharp
from .tally import Tally, clopper_pearson_lower, tally
from .universal_printed import UniversalPrinted

__all__ = [
    "Correlation",
    "DescriptionLength",
    "Law",
    "Measured",
    "MemorisationConverse",
    "Provenance",
    "SparsePrinted",
    "SparseRepaired",
    "SparseSharp",
    "Tally",
    "UniversalPrinted",
    "centred_correlation",
    "clopper_pearson_lower",
    "noise_correlation",
    "tally",
]

"""The laws: each is one statement, with hypotheses, p_eff and a bound."""

from .average import AverageLaw
from .base import Law, Provenance
from .correlation import Correlation, centred_correlation, noise_correlation
from .description_length import DescriptionLength
from .information_law import InformationLaw
from .measure import Measured
from .memorisation_converse import MemorisationConverse
from .rademacher_analogue import RademacherAnalogue
from .sparse_printed import SparsePrinted
from .sparse_repaired import SparseRepaired
from .sparse_sharp import SparseSharp
from .tally import Tally, tally
from .universal_printed import UniversalPrinted
from .vc_analogue import VcAnalogue

__all__ = [
    "AverageLaw",
    "Correlation",
    "DescriptionLength",
    "InformationLaw",
    "Law",
    "Measured",
    "MemorisationConverse",
    "Provenance",
    "RademacherAnalogue",
    "SparsePrinted",
    "SparseRepaired",
    "SparseSharp",
    "Tally",
    "UniversalPrinted",
    "VcAnalogue",
    "centred_correlation",
    "noise_correlation",
    "tally",
]

"""An audit of "No Free Prune" (arXiv 2402.01089, v1): steps that fail, refuted and repaired."""

from .check import Audit, DefectFound, NumberFound, audit
from .defects import DEFECTS, Defect
from .numbers import NUMBERS, PrintedNumber

__all__ = [
    "DEFECTS",
    "NUMBERS",
    "Audit",
    "Defect",
    "DefectFound",
    "NumberFound",
    "PrintedNumber",
    "audit",
]

"""Certified two-sided bounds of the global Lipschitz constant of a network.

`bracket` for one network and l2, `bracket_stack` for many, `bracket_linf` for l_inf inputs,
`decide` for a threshold. Upper ends come with a certificate, lower ends with a point whose
gradient attains them; both hold in spite of rounding, and `check` proves them again without the
code that found them.
"""

from ..evidence import CheckResult
from . import (
    certificate_edges,
    certificate_linear,
    certificate_linf,
    certificate_merged,
    certificate_tree,
    certificate_triangles,
)
from .certificate import CHECKERS, STEEPNESS, check
from .certificate_tree import check_tree
from .decide import Answer, Decision, decide
from .ends import EFFORTS, bracket, bracket_stack
from .linf import bracket_linf

for other in (
    certificate_edges,
    certificate_linear,
    certificate_linf,
    certificate_merged,
    certificate_tree,
    certificate_triangles,
):
    CHECKERS.update(other.CHECKERS)
STEEPNESS.update(certificate_linf.STEEPNESS)

__all__ = [
    "CHECKERS",
    "EFFORTS",
    "Answer",
    "CheckResult",
    "Decision",
    "bracket",
    "bracket_linf",
    "bracket_stack",
    "check",
    "check_tree",
    "decide",
]

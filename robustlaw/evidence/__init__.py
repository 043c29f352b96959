"""What a number is, and what comparing two of them may conclude.

`Bracket`   a certified two-sided enclosure of one real number; exact when both ends meet.
`Estimate`  a heuristic value. It is shown, and never enters a verdict.
`Evidence`  a law's bound beside the measured number, and the verdict.
`CheckResult`  what an independent check of a bracket says.
`LayerCollapse`  a network whose mask leaves no path from an input to an output.
"""

from .bracket import BITS, NATS, Bracket, Certificate, Estimate, bits, round_down, round_up, union
from .checked import CheckResult
from .collapse import LayerCollapse
from .counting import LOG2, log_binomial, log_factorial, log_of_integer, sum_of
from .serial import from_json, to_json
from .tables import table
from .verdict import Evidence, Hypothesis, Relation, Verdict, compare, ratio_up

__all__ = [
    "BITS",
    "LOG2",
    "NATS",
    "Bracket",
    "Certificate",
    "CheckResult",
    "Estimate",
    "Evidence",
    "Hypothesis",
    "LayerCollapse",
    "Relation",
    "Verdict",
    "bits",
    "compare",
    "from_json",
    "log_binomial",
    "log_factorial",
    "log_of_integer",
    "ratio_up",
    "round_down",
    "round_up",
    "sum_of",
    "table",
    "to_json",
    "union",
]

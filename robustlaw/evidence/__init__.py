"""What a number is, and what comparing two of them may conclude.

`Bracket`   a certified two-sided enclosure of one real number; exact when both ends meet.
`Estimate`  a heuristic value. It is shown, and never enters a verdict.
`Evidence`  a law's bound beside the measured number, and the verdict.
"""

from .bracket import BITS, NATS, Bracket, Certificate, Estimate, bits, round_down, round_up
from .serial import from_json, to_json
from .verdict import Evidence, Hypothesis, Verdict, compare, ratio_up

__all__ = [
    "BITS",
    "NATS",
    "Bracket",
    "Certificate",
    "Estimate",
    "Evidence",
    "Hypothesis",
    "Verdict",
    "bits",
    "compare",
    "from_json",
    "ratio_up",
    "round_down",
    "round_up",
    "to_json",
]

"""Certified two-sided bounds of the global Lipschitz constant of a network, l2 to l2.

`bracket` for one network, `bracket_stack` for many. Upper ends come with a certificate,
lower ends with a point whose gradient attains them; both hold in spite of rounding.
"""

from .ends import EFFORTS, bracket, bracket_stack

__all__ = ["EFFORTS", "bracket", "bracket_stack"]

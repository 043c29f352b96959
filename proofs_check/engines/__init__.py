"""Engines: ways to prove a claim from premises, each sound by itself."""

from .algebra import Identity, Polynomial, Sign
from .boxes import Ball, Finite
from .calculus import Cases, Chain, Concave, Increasing, Monotone
from .logic import Cited, Exhaustive, Expectation, Instance
from .shannon import Shannon, conditional, entropies, entropy, information

__all__ = [
    "Ball",
    "Cases",
    "Chain",
    "Cited",
    "Concave",
    "Exhaustive",
    "Expectation",
    "Finite",
    "Identity",
    "Increasing",
    "Instance",
    "Monotone",
    "Polynomial",
    "Shannon",
    "Sign",
    "conditional",
    "entropies",
    "entropy",
    "information",
]

"""Entropy estimators from counts: heuristic, named, and never certified.

Each takes counts and, where it needs one, the size of the alphabet, and returns an Estimate in nats.
"""

from __future__ import annotations

from collections.abc import Callable

from ...evidence import Estimate
from .coverage import chao_shen, chao_wang_jost, zhang
from .grassberger import grassberger_1988, grassberger_2003
from .nemenman import nsb
from .plugin import jackknife, maximum_likelihood, miller_madow, plug_in_information
from .shrinkage import james_stein, jeffreys, laplace, minimax, perks

ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "maximum likelihood": maximum_likelihood,
    "Miller-Madow": miller_madow,
    "jackknife": jackknife,
    "Grassberger 1988": grassberger_1988,
    "Grassberger 2003": grassberger_2003,
    "Chao-Shen": chao_shen,
    "Chao-Wang-Jost": chao_wang_jost,
    "Zhang": zhang,
    "James-Stein": james_stein,
    "Jeffreys": jeffreys,
    "Laplace": laplace,
    "Perks": perks,
    "minimax": minimax,
    "NSB": nsb,
}

__all__ = [
    "ESTIMATORS",
    "chao_shen",
    "chao_wang_jost",
    "grassberger_1988",
    "grassberger_2003",
    "jackknife",
    "james_stein",
    "jeffreys",
    "laplace",
    "maximum_likelihood",
    "miller_madow",
    "minimax",
    "nsb",
    "perks",
    "plug_in_information",
    "zhang",
]

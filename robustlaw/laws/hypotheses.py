"""Conditions that several laws share, each a small check that returns a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..accounting import Code, usable_codes
from ..evidence import Hypothesis
from .measure import Measured


def isoperimetry(m: Measured) -> Hypothesis:
    """The inputs have a variance proxy: certified, assumed, or unknown."""
    name, problem = "isoperimetry", m.data.problem
    if problem is None:
        return Hypothesis(name, False, "the law of the inputs is unknown: no variance proxy rho")
    certificate = problem.distribution.isoperimetry
    if certificate is not None:
        return Hypothesis(name, True, certificate.statement)
    if problem.distribution.assumption is not None:
        return Hypothesis(name, None, problem.distribution.assumption)
    law = type(problem.distribution).__name__
    return Hypothesis(name, False, f"{law} has no isoperimetry certificate")


def noise_known(m: Measured) -> Hypothesis:
    """The clean target, and with it the noise, is known, is there, and respects its bound."""
    name, z, problem = "noise", m.data.z, m.data.problem
    if z is None or problem is None:
        return Hypothesis(name, False, "the label noise is unknown: give the data set its clean target g")
    largest, bound = float(abs(z).max()), problem.noise_bound
    if bound == 0.0 or largest == 0.0:
        return Hypothesis(name, False, "the labels have no noise, so there is none to repeat")
    if largest > bound:
        return Hypothesis(name, False, f"a label is {largest:g} from its target, above the bound {bound:g}")
    if problem.noise.assumption is not None:
        return Hypothesis(name, None, problem.noise.assumption)
    return Hypothesis(name, True, f"the label noise z = y - g is known, |z| <= {bound:g}")


def writable(m: Measured, codes: Sequence[Code]) -> Hypothesis:
    """Some code of the family can write the network."""
    usable = len(usable_codes(m.net, codes))
    start = "" if usable else "; the others start from initial values that are not recorded"
    return Hypothesis("code", usable > 0, f"{usable} of {len(codes)} codes can write the network{start}")


def fair_signs(m: Measured) -> Hypothesis:
    """Labels are independent fair signs: their noise is +-1 with mean 0 given the inputs."""
    problem = m.data.problem
    fair = (
        problem is not None
        and m.data.z is not None
        and problem.independent_noise
        and problem.noise_bound == 1.0
        and bool((abs(m.data.z) == 1.0).all())
    )
    sentence = (
        "the labels are independent fair signs" if fair else "the labels are not independent fair signs"
    )
    return Hypothesis("fair signs", fair, sentence)


def bounded_inputs(m: Measured) -> Hypothesis:
    """|x| <= r surely, so that J is finite."""
    problem = m.data.problem
    radius = math.inf if problem is None else problem.distribution.radius
    if math.isfinite(radius):
        return Hypothesis("bounded inputs", True, f"|x| <= {radius:.6g}")
    return Hypothesis(
        "bounded inputs", False, "the inputs are unbounded, so an MLP has no finite parameter sensitivity J"
    )

"""Conditions that several laws share, each a small check that returns a sentence."""

from __future__ import annotations

import math

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
    if problem.assumption is not None:
        return Hypothesis(name, None, problem.assumption)
    law = type(problem.distribution).__name__
    return Hypothesis(name, False, f"{law} has no isoperimetry certificate")


def noise_known(m: Measured) -> Hypothesis:
    """The clean target, and with it the noise, is known."""
    known = m.data.z is not None and m.data.problem is not None
    sentence = "the label noise z = y - g and its bound are known" if known else "the label noise is unknown"
    return Hypothesis("noise", known, sentence)


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

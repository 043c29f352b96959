"""Random problems: laws of inputs with certificates, targets, label noise, and samples."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..data import (
    Ball,
    BoundedUniform,
    Cube,
    Dataset,
    Distribution,
    Flips,
    Gaussian,
    LabelNoise,
    Linear,
    Problem,
    RandomSigns,
    Sphere,
    Target,
    Zero,
)
from .draw import Draw


def distributions(dim: int | None = None) -> SearchStrategy[Distribution]:
    """Laws with a proved variance proxy in 2 to 40 dimensions."""
    dims = st.integers(2, 40) if dim is None else st.just(dim)
    return st.one_of([st.builds(kind, dims) for kind in (Gaussian, Sphere, Ball, Cube)])


@st.composite
def problems(draw: Draw, dim: int | None = None) -> Problem:
    """A law of inputs, a target and noise that fit together."""
    target, noise = draw(st.sampled_from(_PAIRS))
    return Problem(draw(distributions(dim)), target, noise)


@st.composite
def datasets(draw: Draw, n: int | None = None, dim: int | None = None) -> Dataset:
    """Samples of a random problem; labels, clean target and noise are known."""
    size = draw(st.integers(2, 40)) if n is None else n
    problem: Problem = draw(problems(dim))
    return problem.sample(size, draw(st.integers(0, 10**6)))


_PAIRS: list[tuple[Target, LabelNoise]] = [
    (Zero(), RandomSigns()),
    (Linear(bound=0.5), BoundedUniform(0.5)),
    (Linear(), Flips(0.25)),
]

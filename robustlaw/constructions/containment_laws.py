"""Laws of random sources that seeded draws can refute: a counted frequency beside the proved bound.

The measured side is a Clopper-Pearson interval of a chance; with `risk` it is wrong. A law is VIOLATED
only if the whole interval is on the wrong side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..confidence import clopper_pearson_lower, clopper_pearson_upper
from ..data.checks import require_number, whole
from ..errors import InvalidArgument
from ..evidence import Bracket, Evidence, Hypothesis, Verdict, compare
from ..seeds import generator
from .containment import containment, failure_bound, source_copies
from .coverage import covers, enclosed_coverage, least_units
from .tickets import contains, draw_source

# Entries of masks drawn at once: 16 MB of float32.
AT_ONCE = 4_000_000


def covered_count(
    density: float, inputs: int, units: int, draws: int, seed: int, output_density: float = 1.0
) -> int:
    """Of so many random layers, those in which every input reaches a unit that is read."""
    whole("draws", draws, 1)
    rng, found, left = generator("mask", "coverage", inputs, units, seed), 0, draws
    while left:
        part = min(left, max(1, AT_ONCE // max(inputs * units, 1)))
        kept = rng.random((part, units, inputs), dtype=np.float32) < np.float32(density)
        read = rng.random((part, units, 1), dtype=np.float32) < np.float32(output_density)
        found += int(np.all(np.any(kept & read, axis=1), axis=1).sum())
        left -= part
    return found


def contained_count(
    target: Sequence[Any], densities: Sequence[float], copies: Sequence[int], draws: int, seed: int
) -> int:
    """Of so many random sources, those that contain a target with these edges."""
    edges = [np.asarray(m, dtype=bool) for m in target]
    widths = [edges[0].shape[1], *(m.shape[0] for m in edges)]
    sizes = [a * q * b * r for a, q, b, r in zip(widths, copies, widths[1:], copies[1:], strict=False)]
    part, found = max(1, AT_ONCE // max(sum(sizes), 1)), 0
    for begin in range(0, whole("draws", draws, 1), part):
        many = min(part, draws - begin)
        source = draw_source(widths, densities, copies, seed, begin, draws=many)
        found += int(contains(edges, source).sum())
    return found


@dataclass(frozen=True)
class EnoughCopies:
    """A source with the copies of theorem 2.2 contains the target with chance at least 1 - delta.

    Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorems 2.1 and 2.2 (recalled); proved in
    proofs_check ("copies that contain a target").
    """

    delta: float = 0.1

    def check(
        self,
        target: Sequence[Any],
        densities: Sequence[float],
        draws: int = 200,
        seed: int = 0,
        risk: float = 0.01,
        copies: Sequence[int] | None = None,
    ) -> Evidence:
        """Evidence from independent draws of the source.

        target : boolean matrices (out, in), the target's edges
        copies : other numbers of copies; NOT_APPLICABLE unless their union bound is at most delta
        Raises ShapeMismatch or InvalidArgument.
        """
        edges = [int(np.sum(np.asarray(m, dtype=bool))) for m in target]
        q = source_copies(edges, densities, self.delta) if copies is None else tuple(copies)
        missed = failure_bound(edges, densities, q)
        # rounding up may put the bound an ulp above a delta that the rationals meet exactly
        enough = copies is None or missed <= self.delta
        wide = Hypothesis("copies", enough, f"the union bound at {q} copies is {missed:.3g}")
        if not enough:
            return _not_applicable("EnoughCopies", CONTAINED, wide, risk)
        share = _share(contained_count(target, densities, q, draws, seed), draws, risk)
        bound = Bracket.exact(1.0 - self.delta)
        return Evidence(
            "EnoughCopies",
            compare(share, bound, ">="),
            CONTAINED,
            share,
            bound,
            (wide,),
            1.0 - risk,
            details={"union bound": missed, **_exact(target, densities, q)},
        )


@dataclass(frozen=True)
class NeededWidth:
    """Fewer units than log(1/(1-(1-delta)^(1/d)))/log(1/(1-p)) cover all inputs with chance below 1 - delta.

    Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorem 2.3 (recalled); proved in proofs_check
    ("width that covering the inputs needs"). With a masked output layer the width is that of
    E (1 - (1-p)^k)^d, k ~ Bin(n, p2).
    """

    delta: float = 0.1

    def check(
        self,
        density: float,
        inputs: int,
        units: int,
        draws: int = 2000,
        seed: int = 0,
        risk: float = 0.01,
        output_density: float = 1.0,
    ) -> Evidence:
        """Evidence from independent draws of the layer; NOT_APPLICABLE from the least width on."""
        narrow = not covers(density, inputs, units, self.delta, output_density)
        least = least_units(density, inputs, self.delta, output_density)
        told = Hypothesis("narrow", narrow, f"{units} units, the least that cover are {least}")
        if not narrow:
            return _not_applicable("NeededWidth", COVERED, told, risk)
        share = _share(covered_count(density, inputs, units, draws, seed, output_density), draws, risk)
        bound = Bracket.exact(1.0 - self.delta)
        exact = enclosed_coverage(density, inputs, units, output_density)
        return Evidence(
            "NeededWidth",
            compare(share, bound, "<="),
            COVERED,
            share,
            bound,
            (told,),
            1.0 - risk,
            details={"exact": exact.middle},
            relation="<=",
        )


CONTAINED, COVERED = "chance that the target is contained", "chance that every input is covered"


def _exact(target: Sequence[Any], densities: Sequence[float], copies: Sequence[int]) -> dict[str, float]:
    """The exact chance, where it can be added up."""
    try:
        return {"exact": containment(target, densities, copies).middle}
    except InvalidArgument:
        return {}


def _share(successes: int, draws: int, risk: float) -> Bracket:
    require_number("risk", risk)
    half = 0.5 * risk
    return Bracket(
        clopper_pearson_lower(successes, draws, half),
        clopper_pearson_upper(successes, draws, half),
        "Clopper-Pearson",
    )


def _not_applicable(law: str, quantity: str, why: Hypothesis, risk: float) -> Evidence:
    return Evidence(law, Verdict.NOT_APPLICABLE, quantity, hypotheses=(why,), probability=1.0 - risk)

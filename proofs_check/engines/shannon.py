"""Inequalities between entropies of finitely many discrete random variables.

Claims are linear in joint entropies H(S). The elemental inequalities of Shannon,
    H(all) - H(all but i) >= 0   and   I(i;j|K) >= 0,
generate all inequalities that follow from mutual informations being >= 0 (Yeung 1997); the claim is
proved if z3 derives it from them and the premises in exact linear arithmetic.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.engine import Engine
from ..kernel.terms import exact, ge
from ..kernel.verdicts import Outcome, Verdict, inconclusive, proved
from .algebra import Polynomial

MOST_VARIABLES = 7
Names = tuple[str, ...]


class StrangeName(ValueError):
    """A name of a random variable with punctuation in it: most likely a misprint."""


def entropy(*names: str) -> Any:
    """H of variables together, a symbol; 0 of none."""
    ordered = sorted({part for name in names for part in name.split()})
    if strange := [part for part in ordered if set(part) & set(",;|()")]:
        raise StrangeName(f"{strange[0]!r} is no name of a variable: several are separated by blanks")
    return sp.Symbol(f"H({', '.join(ordered)})", real=True) if ordered else sp.Integer(0)


def information(a: str, b: str, given: str = "") -> Any:
    """I(a;b|given), in entropies; several variables are separated by blanks."""
    return entropy(a, given) + entropy(b, given) - entropy(a, b, given) - entropy(given)


def conditional(a: str, given: str) -> Any:
    """H(a|given)."""
    return entropy(a, given) - entropy(given)


def is_entropy(s: Any) -> bool:
    """Whether a symbol is named like an entropy."""
    return str(s).startswith("H(") and str(s).endswith(")")


def parts_of(s: Any) -> Names:
    """The variables whose entropy a symbol is."""
    return tuple(str(s)[2:-1].split(", "))


def variables(claims: Sequence[Any]) -> Names:
    """All random variables whose entropies occur."""
    symbols = {s for claim in claims for s in claim.free_symbols if is_entropy(s)}
    return tuple(sorted({part for s in symbols for part in parts_of(s)}))


def elemental(names: Names) -> Iterator[Relational]:
    """Shannon's elemental inequalities for these variables."""
    for name in names:
        yield ge(conditional(name, " ".join(n for n in names if n != name)), 0)
    for a, b in itertools.combinations(names, 2):
        rest = [n for n in names if n not in (a, b)]
        for size in range(len(rest) + 1):
            for given in itertools.combinations(rest, size):
                yield ge(information(a, b, " ".join(given)), 0)


@dataclass(frozen=True)
class Shannon(Engine):
    """z3 derives the claim from the premises and Shannon's elemental inequalities."""

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if strange := [str(s) for s in claim.free_symbols if is_entropy(s) and s != entropy(*parts_of(s))]:
            return inconclusive(f"{strange[0]} is not how entropy() writes it")
        names = variables([claim, *premises])
        if not names or len(names) > MOST_VARIABLES:
            return inconclusive(f"1 to {MOST_VARIABLES} variables are needed, found {len(names)}")
        found = Polynomial().decide(claim, [*premises, *elemental(names)])
        if found.verdict is Verdict.PROVED:
            return proved(f"follows from Shannon's inequalities for {len(names)} variables")
        # a point of the cone need not be the entropies of any table
        return inconclusive("no Shannon-type proof")


def entropies(names: Sequence[str], table: Mapping[tuple[Any, ...], Any]) -> dict[Any, Any]:
    """Exact entropies of all sets of variables under a joint table: symbol -> -sum p log p.

    table : outcome (one value a name) -> probability, exact; they have to add up to 1
    """
    weights = {outcome: exact(p) for outcome, p in table.items()}
    if sum(weights.values()) != 1 or any(p < 0 for p in weights.values()):
        raise ValueError("probabilities have to be >= 0 and to add up to 1")
    found: dict[Any, Any] = {}
    for size in range(1, len(names) + 1):
        for chosen in itertools.combinations(range(len(names)), size):
            marginal: dict[tuple[Any, ...], Any] = defaultdict(lambda: sp.Integer(0))
            for outcome, p in weights.items():
                marginal[tuple(outcome[i] for i in chosen)] += p
            key = entropy(*(names[i] for i in chosen))
            found[key] = sum((-p * sp.log(p) for p in marginal.values() if p != 0), sp.Integer(0))
    return found

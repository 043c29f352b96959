"""Names that mean something besides a number: means, entropies, the sides of a finite family.

What a lemma proves of such a name does not hold of any number, so that instances may rename it and
not give it a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sympy.core.function import AppliedUndef

from ..kernel.terms import ForAll, exact, symbols_of
from .shannon import Shannon, entropy, is_entropy, parts_of

if TYPE_CHECKING:
    from ..kernel.lemma import Lemma


def abs_name(value: Any) -> Any:
    """The value without a minus in front: the negative of a name is a name too."""
    value = exact(value)
    return -value if value.could_extract_minus_sign() else value


def is_name(value: Any) -> bool:
    """Whether a value is a mere name (a symbol, or an unknown function) and claims nothing."""
    return bool(exact(value).is_Symbol or isinstance(value, AppliedUndef))


def means_in(lemma: Lemma) -> Iterator[tuple[Any, Any]]:
    """(name, what it is the mean of), for every mean that the lemma's steps speak of."""
    from .logic import Expectation, Instance

    for engine in lemma.engines():
        if isinstance(engine, Expectation):
            named = ((abs_name(m), exact(term)) for term, m in engine.means.items())
            yield from ((name, term) for name, term in named if is_name(name))
        if isinstance(engine, Instance) and not isinstance(engine.of, ForAll):
            at = {s: exact(v) for s, v in engine.at.items()}
            for name, term in means_in(engine.of):
                yield name.subs(at, simultaneous=True), term.subs(at, simultaneous=True)


def families_in(lemma: Lemma) -> Iterator[tuple[Any, Any]]:
    """(name, family), for every name that stands for a side in each case of a finite family."""
    from .logic import Exhaustive, Instance

    for step in lemma.steps:
        for engine in step.engine.walk():
            if isinstance(engine, Exhaustive):
                names = (*step.claim.free_symbols, *step.claim.atoms(AppliedUndef))
                yield from ((name, engine.cases) for name in names)
            if isinstance(engine, Instance) and not isinstance(engine.of, ForAll):
                yield from families_in(engine.of)


def entropies_in(lemma: Lemma) -> set[Any]:
    """The entropies of a lemma that rests on Shannon's inequalities; none if it does not."""
    own = any(isinstance(e, Shannon) for e in lemma.engines())
    if not own and not any(map(entropies_in, lemma.uses())):
        return set()
    return {s for s in symbols_of([*lemma.statement, *lemma.conditions()]) if is_entropy(s)}


def misused(lemma: Lemma, at: Mapping[Any, Any]) -> str | None:
    """The name that an instance gives a value, in words; None if there is no such name."""
    values = {s: exact(v) for s, v in at.items()}
    for name, term in means_in(lemma):
        if name in values and not is_name(values[name]):
            return f"{name} is the mean of {term}: it may be renamed, and takes no value"
    for name, _ in families_in(lemma):
        if name in values and values[name] != name:
            return f"{name} stands for the cases of a family"
    return _torn(entropies_in(lemma), values)


def _torn(found: set[Any], values: Mapping[Any, Any]) -> str | None:
    """Entropies have to be those of the same variables under other names."""
    names: dict[str, tuple[str, ...]] = {}
    for s in found:
        if len(parts_of(s)) == 1 and s in values:
            if not is_entropy(values[s]):
                return f"{s} is an entropy: its variable may be renamed, and it takes no value"
            names[parts_of(s)[0]] = parts_of(values[s])
    for s in found:
        renamed = entropy(*(new for part in parts_of(s) for new in names.get(part, (part,))))
        if values.get(s, s) != renamed:
            return f"{s} would become {values.get(s, s)}, which is not {renamed}"
    return None

"""`train`: data, a pruner and seeds in, a stack of trained and masked networks out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Integral
from operator import index
from typing import Any

from ..data import Dataset
from ..data.checks import require_kind
from ..errors import InvalidArgument, ShapeMismatch
from ..networks import Mlp, Recipe, Stack, batch, initial_stack
from .at_initialisation import Random
from .base import Key, Pruner, Session, entry_shapes, maskable_biases, maskable_names
from .density_scaled import require_scaled_for
from .kept_counts import with_counts
from .selection import kept_count


def train(
    arch: Mlp,
    data: Dataset | Sequence[Dataset],
    pruner: Pruner | None = None,
    seeds: Sequence[Key] = (0,),
    recipe: Recipe | None = None,
    *,
    densities: Sequence[float] | None = None,
    maskable: frozenset[str] | None = None,
    device: str = "cpu",
) -> Stack:
    """Train one network a seed, all at once.

    data      : one data set for all networks, or one each
    pruner    : how the mask is found; None keeps every weight
    seeds     : name each network's random streams; the result of a network depends on its own
                seed, data and density, and not on the others in the stack
    densities : the kept fraction of each network, in place of the pruner's
    maskable  : weight tensors masks are chosen in, by default all that the recipe trains; their biases
                follow if the pruner includes biases
    Returns a Stack; `facts` of each network: seed, density (as asked; what was kept may differ for
    pruners that are not exact), initialisation, trainer, steps, loss, converged, and from
    `kept_counts.with_counts` kept, effective, dead_units, collapsed. Networks whose masks leave no
    path from an input to an output are constant: `collapses()` of the stack says which and why.
    Raises ShapeMismatch, InfeasibleDensity, LabelOutOfRange, NonFinite, UnknownName.
    """
    require_kind("arch", arch, Mlp, "give an Mlp, such as Mlp((4, 8, 1))")
    require_kind("pruner", pruner, Pruner | None, "give a pruner such as Snip(0.5), not its class or name")
    require_kind("recipe", recipe, Recipe | None, "give a Recipe")
    sets, keys = _datasets(data), _keys(seeds)
    if len(sets) not in (1, len(keys)):
        raise ShapeMismatch("data", len(sets), f"give one data set, or one for each of {len(keys)} seeds")
    if sets[0].x.shape[1] != arch.widths[0]:
        raise ShapeMismatch("data", sets[0].x.shape, f"the network takes {arch.widths[0]} inputs")
    chosen, plan = pruner or Random(1.0), recipe or Recipe()
    if densities is not None:
        require_kind("densities", densities, Iterable, "give a list, one for each seed")
    shares = [chosen.density] * len(keys) if densities is None else list(densities)
    if len(shares) != len(keys):
        raise ShapeMismatch("densities", len(shares), f"give one for each of {len(keys)} seeds")
    start = initial_stack(arch, list(keys), plan.initialisation, device)
    names = maskable_names(start, plan, maskable)
    if not names:
        raise InvalidArgument("maskable", maskable, "no weight tensor is left to choose a mask in")
    biases = maskable_biases(chosen, names, plan)
    total = sum(out * columns for out, columns in entry_shapes(arch, names, biases))
    counts = tuple(kept_count(share, total) for share in shares)
    columns = batch([s.x for s in sets], [s.y for s in sets], device)
    start = replace(
        start,
        dependence=chosen.dependence,
        method="dense" if pruner is None else chosen.name,
        maskable=frozenset((*names, *biases)),
        facts=tuple(
            {"seed": s, "density": r, "initialisation": str(plan.initialisation)}
            for s, r in zip(keys, shares, strict=True)
        ),
    )
    session = Session(start, columns, plan, keys, counts, names, biases)
    require_scaled_for(chosen, session)
    return with_counts(chosen.run(session))


def _datasets(data: Any) -> list[Dataset]:
    sets = [data] if isinstance(data, Dataset) else data
    require_kind("data", sets, Iterable, "give a Dataset, or a list of one for each seed")
    for one in (sets := list(sets)):
        require_kind("data", one, Dataset, "give a Dataset; arrays become one by Dataset.from_arrays(x, y)")
    return sets


def _keys(seeds: Any) -> tuple[Key, ...]:
    if isinstance(seeds, str) or not isinstance(seeds, Iterable) or not (keys := list(seeds)):
        raise InvalidArgument("seeds", seeds, "give at least one seed, in a list")
    for key in keys:
        if not isinstance(key, (str, Integral)):
            raise InvalidArgument("seeds", key, "a seed is a whole number or a word")
    return tuple(k if isinstance(k, str) else index(k) for k in keys)

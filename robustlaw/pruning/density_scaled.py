"""Initial weights scaled up for sparse layers: a choice of the recipe, made before the data are seen."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InfeasibleDensity, InvalidArgument
from ..networks import DensityScaled, Mlp, Recipe, initial_stack
from .base import Pruner, Session, maskable_names
from .selection import kept_count


def density_scaled(
    recipe: Recipe, arch: Mlp, pruner: Pruner, maskable: frozenset[str] | None = None
) -> Recipe:
    """The recipe with its initial weights over the root of the densities of the pruner's layers.

    Raises InvalidArgument if data decide how many entries a layer keeps: initial values must not know
    them. Raises InfeasibleDensity if a layer would keep nothing.
    """
    _require_weights_alone(pruner)
    names = maskable_names(initial_stack(arch, [0], recipe.initialisation), recipe, maskable)
    layers = [int(name[1:]) - 1 for name in names]
    sizes = [out * into for out, into in arch.shapes]
    total = sum(sizes[i] for i in layers)
    counts = pruner.fixed_counts([arch.shapes[i] for i in layers], kept_count(pruner.density, total))
    if counts is None:
        remedy = "its layer counts are not fixed without the data; choose scope='layerwise', or ErdosRenyi"
        raise InvalidArgument("pruner", pruner.name, remedy)
    kept = dict(zip(layers, counts, strict=True))
    for i, count in kept.items():
        if count == 0:
            raise InfeasibleDensity("density", pruner.density, f"W{i + 1} would keep nothing; raise it")
    shares = tuple(kept.get(i, n) / n for i, n in enumerate(sizes))
    plain = recipe.initialisation
    source = plain.source if isinstance(plain, DensityScaled) else plain
    return replace(recipe, initialisation=DensityScaled(shares, source))


def _require_weights_alone(pruner: Pruner) -> None:
    if pruner.include_biases:
        remedy = "the scale follows the density of weights alone; use include_biases=False"
        raise InvalidArgument("pruner", pruner.name, remedy)


def require_scaled_for(pruner: Pruner, session: Session) -> None:
    """Raises InvalidArgument if the recipe scales weights for other layer counts than the masks have."""
    scaled = session.recipe.initialisation
    if not isinstance(scaled, DensityScaled):
        return
    _require_weights_alone(pruner)
    sizes = [out * into for out, into in session.start.arch.shapes]
    for count in dict.fromkeys(session.counts):
        fixed = pruner.fixed_counts(session.shapes, count)
        if fixed is None:  # the given densities are what they are, and know no data
            continue
        kept = dict(zip(session.layer_numbers, fixed, strict=True))
        for i, (n, share) in enumerate(zip(sizes, scaled.layer_densities, strict=True)):
            if abs(kept.get(i, n) - share * n) >= 1.0:  # further off than a rounded count
                remedy = f"W{i + 1} keeps {kept.get(i, n)} of {n}; see pruning.density_scaled"
                raise InvalidArgument("layer_densities", scaled.layer_densities, remedy)

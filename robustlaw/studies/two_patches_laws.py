"""Laws 4 and 6 on networks with two patches: the same masks, with labels that can be noisy.

With clean labels y = E[y|x] on every input: there is no label noise, X(f) = 0 for every f, and the laws
are NOT_APPLICABLE, which each row says. So the networks are trained again with every label flipped
with chance `flipped`. What is assumed, and provided by the generator: two classes; labels flipped
independently of all else; the noise patch held within a ball that a normal one leaves with chance at most
exp(-tail^2/2); and the Lipschitz constant taken on that ball, since relu^q has none on the whole space.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..accounting import Accountant, Ledger, TrainedWeights, code_family
from ..accounting.ledger import Entry
from ..data import Dataset, Problem
from ..data.checks import require_positive
from ..data.two_patches import PatchSample
from ..errors import InvalidArgument
from ..evidence import Evidence
from ..laws import DescriptionLength, Measured, SparseSharp
from ..laws.patch_measure import PatchMeasured
from ..networks import Dependence, Mlp, Network, Origin
from ..seeds import generator
from .patch_masks import mask_events
from .two_patches import Drawn, TwoPatchesConfig, train

NAME = "two_patches_laws"
VERSION = 1
chunk_size = 12
CODES = code_family((2, 3, 4, 6, 8), masks=("uniform",))


@dataclass(frozen=True)
class PatchLawsConfig(TwoPatchesConfig):
    """One mask of equal count, trained on flipped labels.

    tail  : of the ball that holds the noise patch, in deviations of its length
    delta : chance that a law fails
    Raises InvalidArgument.
    """

    flipped: float = 0.2
    tail: float = 6.0
    delta: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive("tail", self.tail)
        if self.mask == "bernoulli":
            raise InvalidArgument("mask", self.mask, "give a mask of a fixed count")
        if self.classes != 2:
            raise InvalidArgument("classes", self.classes, "the laws speak of labels +-1: give two classes")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the seed and the mask."""
    own = ("seed", "mask", "kept")
    return tuple(sorted((name, str(v)) for name, v in config.items() if name not in own))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [PatchLawsConfig.of(c) for c in configs]
    noisy, clean = (weighed([replace(c, flipped=q) for c in cells]) for q in (cells[0].flipped, 0.0))
    return [{**row, "clean": other["laws"]} for row, other in zip(noisy, clean, strict=True)]


def weighed(cells: Sequence[PatchLawsConfig]) -> list[dict[str, Any]]:
    """Networks trained at the cells' share of flipped labels, and what the laws say of each."""
    drawn = [drawn_within(c) for c in cells]
    trained = train(cells, drawn)
    weights = trained.stack.weights.astype(np.float32).astype(np.float64)  # what a program writes
    rows = []
    for i, cell in enumerate(cells):
        filters = as_filters(weights[i], trained.stack.masks[i], drawn[i].initial)
        told = weigh(cell, filters, drawn[i])
        rows.append({"kept": filters.kept, "loss": float(trained.loss[i]), "laws": told})
    return rows


def drawn_within(cell: PatchLawsConfig) -> Drawn:
    """What the seed decides, its noise patches drawn from the ball."""
    drawn = Drawn.of(cell)
    ball = cell.model.noise_patch(cell.tail)
    noise = ball.sample(cell.n, generator("noise", f"two patches {cell.seed}"))
    return replace(drawn, sample=replace(drawn.sample, noise=noise))


def as_filters(weights: np.ndarray, masks: np.ndarray, initial: np.ndarray) -> Network:
    """The filters as a linear network, for the accountant: its zero biases never saw the data.

    The mask counts as drawn without the data: coordinates that the data chose are charged by themselves.
    """
    rows, inputs = weights.shape[0] * weights.shape[1], weights.shape[2]
    zeros = np.zeros(rows)
    origin = Origin(
        dependence=Dependence.NONE,
        frozen=frozenset({"b1"}),
        initial={"W1": initial.reshape(rows, inputs), "b1": zeros},
        maskable=frozenset({"W1"}),
        method="two patches",
        recorded=True,
    )
    return Network(
        Mlp((inputs, rows)),
        (weights.reshape(rows, inputs),),
        (zeros,),
        (masks.reshape(rows, inputs),),
        origin,
    )


def dataset(problem: Problem, drawn: Drawn) -> Dataset:
    """Samples as the laws read them: both patches in one vector, labels +-1, and each one's component."""
    sample: PatchSample = drawn.sample
    places = 2 * sample.labels + np.where(sample.signal_first, 0, 1)
    x = sample.patches.reshape(sample.n, -1)
    return Dataset.from_arrays(x, 2.0 * drawn.labels - 1.0, problem=problem, component=places)


@dataclass(frozen=True)
class NamedPlaces(DescriptionLength):
    """The description-length law with a code that first names places of the mask, one entry for each."""

    places: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        return DescriptionLength.__name__

    def ledgers(self, m: Measured) -> Iterable[Ledger]:
        return [ledger.extend(*self.places) for ledger in super().ledgers(m)]


def weigh(cell: PatchLawsConfig, filters: Network, drawn: Drawn) -> list[dict[str, Any]]:
    """Laws 4 and 6 on one network, in numbers and words."""
    measured = PatchMeasured(
        filters, dataset(cell.model.problem(cell.flipped, cell.tail), drawn), power=cell.power
    )
    events = mask_events(cell.mask, cell.classes, cell.dim)
    ledger = Accountant().ledger([*events, TrainedWeights(filters.kept)])
    places = tuple(e.charge() for e in events)
    laws = (SparseSharp(cell.delta, ledger), NamedPlaces(cell.delta, CODES, places=places))
    return [_plain(law.weigh(measured), measured) for law in laws]


def _plain(evidence: Evidence, measured: Measured) -> dict[str, Any]:
    """Numbers and words of one verdict; the Lipschitz constant is that of the network it speaks of."""
    slope = evidence.measured or measured.lipschitz
    return {
        "law": evidence.law,
        "verdict": str(evidence.verdict),
        "failed": next((h.sentence for h in evidence.hypotheses if h.holds is False), None),
        "lipschitz_lower": slope.lower,
        "lipschitz_upper": slope.upper,
        "bound": evidence.theory.upper if evidence.theory else None,
        "vacuous": evidence.vacuous,
        "correlation": evidence.details.get("correlation"),
        "p_eff": evidence.details.get("p_eff"),
    }

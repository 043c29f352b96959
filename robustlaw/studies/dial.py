"""The information dial: noise on a pruner's scores at a fixed kept count.

A config is one way to prune at one noise scale, on one set of inputs and one initialisation. All
2^n labelings of the n fixed inputs are pruned, each with noise of its own, and trained; the scores of
all labelings being known, the mask's information is exact (no noise, or nothing else) or certified.
Configs of one seed share inputs, initialisation and noise, scaled.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from ..accounting import code_family
from ..data import Dataset, Gaussian, Problem
from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument, UnknownName
from ..evidence import Bracket
from ..information import NoisyScores, densities
from ..information.enumerated import MOST_LABELS, enumerated_information
from ..information.enumeration import entropy_of_counts, labelings
from ..information.probe import probe_statistic
from ..information.pruner_channels import MaskMaker, signs
from ..information.sources import FairLabels, largest, uniforms
from ..information.stability import OutputNoise
from ..information.supports import fixed_size
from ..laws import DescriptionLength, Measured, SparseSharp
from ..lipschitz import bracket_stack
from ..networks import Dependence, Mlp, Recipe, Stack
from ..pruning import MagnitudeAfterTraining, Snip
from ..pruning.base import ScorePruner, Session
from ..seeds import generator
from .config import PlainConfig

NAME = "dial"
VERSION = 1
chunk_size = 24
# Method: what ranks the weights, and where the last training starts.
METHODS: dict[str, tuple[type[ScorePruner], str]] = {
    "Snip": (Snip, "initial"),
    "MagnitudeAfterTraining": (MagnitudeAfterTraining, "trained"),
    "IterativeMagnitude": (MagnitudeAfterTraining, "initial"),  # of one round
}
MEMORISED = 0.1  # |f - y| below this, the sign then being right
CODES = code_family((2, 4, 8))
Masks = Bool[np.ndarray, "labelings bits"]


@dataclass(frozen=True)
class DialConfig(PlainConfig):
    """One method at one noise scale.

    scale  : standard deviation of the noise, in units of the scores' own standard deviation over all
             entries and labelings of these inputs and this initialisation; None for nothing but noise
    kept   : weights that every mask keeps
    runs   : sampled runs of a certified information, which holds with probability `level`
    law_nets : labelings on which laws 4 and 6 are weighed
    Raises InvalidArgument, UnknownName.
    """

    method: str
    scale: float | None
    seed: int
    n: int = 6
    widths: tuple[int, ...] = (4, 4, 1)
    kept: int = 8
    steps: int = 400
    learning_rate: float = 0.02
    runs: int = 150
    law_nets: int = 2
    level: float = 0.95
    delta: float = 0.05

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("method", self.method, METHODS)
        if self.scale is not None:
            require_number("scale", self.scale)
            if not 0.0 <= self.scale < np.inf:
                raise InvalidArgument("scale", self.scale, "give a finite number of at least 0, or None")
        if whole("n", self.n, 1) > MOST_LABELS:
            raise InvalidArgument("n", self.n, f"at most {MOST_LABELS} labels can be enumerated")
        arch = Mlp(self.widths)
        if arch.layers != 2 or self.widths[-1] != 1:
            raise InvalidArgument("widths", self.widths, "give one hidden layer and one output")
        if not 1 <= whole("kept", self.kept) < arch.weight_count:
            raise InvalidArgument("kept", self.kept, f"choose between 1 and {arch.weight_count - 1}")
        require_count("steps", self.steps)
        if whole("law_nets", self.law_nets) > 2**self.n:
            raise InvalidArgument("law_nets", self.law_nets, f"there are {2**self.n} labelings")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the method and the scale."""
    return tuple(sorted((name, str(v)) for name, v in config.items() if name not in ("method", "scale")))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [DialConfig.of(c) for c in configs]
    rankings: dict[type[ScorePruner], Ranking] = {}
    known: dict[tuple[type[ScorePruner], float | None], tuple[Masks, Bracket]] = {}
    rows = []
    for cell in cells:
        kind, base = METHODS[cell.method]
        if kind not in rankings:
            rankings[kind] = Ranking.of(cell, kind)
        ranking = rankings[kind]
        if (kind, cell.scale) not in known:
            known[kind, cell.scale] = ranking.masks(cell), ranking.information(cell)
        rows.append(_row(cell, ranking, base, *known[kind, cell.scale]))
    return rows


@dataclass(frozen=True, eq=False)
class Ranking:
    """The scores of all labelings.

    scores : noiseless, (labelings, bits)
    unit   : their standard deviation, a function of inputs and initialisation alone
    dense  : the networks trained before pruning
    """

    problem: Problem
    x: np.ndarray
    y: np.ndarray
    maker: MaskMaker
    session: Session
    scores: Float[np.ndarray, "labelings bits"]
    unit: float
    dense: Stack

    @classmethod
    def of(cls, cell: DialConfig, kind: type[ScorePruner]) -> Ranking:
        arch = Mlp(cell.widths)
        problem = Problem(Gaussian(cell.widths[0], 1.0))
        x = problem.sample(cell.n, cell.seed).x
        y = signs(labelings(cell.n, 0, 2**cell.n))
        recipe = Recipe(steps=cell.steps, stop_at=None, learning_rate=cell.learning_rate)
        maker = MaskMaker(arch, kind(cell.kept / arch.weight_count), recipe, f"dial {cell.seed}")
        (session,) = maker.sessions(x[None], y, np.zeros(len(y), dtype=np.int64))
        pruner = maker.pruner
        assert isinstance(pruner, ScorePruner)
        found = [layer.reshape(len(y), -1) for layer in pruner.scores(session)]
        scores = np.concatenate(found, axis=1).astype(np.float64)
        dense = session.search(session.start)
        return cls(problem, x, y, maker, session, scores, float(scores.std()), dense)

    def masks(self, cell: DialConfig) -> Masks:
        """One mask a labeling, the noise of every labeling being its own and the same at every scale."""
        if cell.scale == 0.0:
            return self.maker.flat(self.maker.pruner.choose(self.session))
        seeds = generator("noise", "dial", cell.seed).integers(0, 2**62, len(self.y))
        if cell.scale is None:
            law = densities.Gaussian(1.0)
            return largest(
                law.scores(np.zeros(self.scores.shape), uniforms(seeds, self.scores.shape[1])), cell.kept
            )
        return np.asarray(self.channel(cell).sample_masks((self.y > 0.0).astype(np.int8), seeds))

    def channel(self, cell: DialConfig) -> Any:
        """Fair labels to the top of the blurred scores, looked up."""
        assert cell.scale
        scale, place = cell.scale * self.unit, 1 << np.arange(cell.n)
        # centred: a score that no label moves is then 0 up to rounding, and so is its variance
        spread = tuple((self.scores.var(axis=0) * (1.0 + 1e-9) + 1e-18 * self.unit**2).tolist())
        return NoisyScores(
            FairLabels(cell.n),
            lambda data: self.scores[data.astype(np.int64) @ place],
            fixed_size(self.scores.shape[1], cell.kept),
            densities.Gaussian(scale),
            conditioned=True,
            proved=OutputNoise(spread, scale),
        )

    def information(self, cell: DialConfig) -> Bracket:
        """I(m;Y|X,init): exact at both ends of the dial, certified between."""
        if cell.scale is None:
            return Bracket.exact(0.0, "the mask is noise", "nats")
        if cell.scale == 0.0:
            _, times = np.unique(self.masks(cell), axis=0, return_counts=True)
            return entropy_of_counts(times.tolist())
        return enumerated_information(self.channel(cell), cell.level, cell.runs, cell.seed)


def _row(cell: DialConfig, ranking: Ranking, base: str, masks: Masks, known: Bracket) -> dict[str, Any]:
    stack = _trained(cell, ranking, base, masks)
    outputs = stack.forward(torch.as_tensor(ranking.x, dtype=stack.weights[0].dtype)[None])[..., 0]
    values = outputs.double().numpy()
    y = ranking.y
    slopes = bracket_stack(stack, "fast")
    initial = ranking.maker.masked_outputs(masks, ranking.x[None], np.zeros(len(y), dtype=np.int64))
    return {
        "information": [known.lower, known.upper],
        "distinct": len(np.unique(masks, axis=0)),
        "memorised": float(np.mean(np.abs(values - y) < MEMORISED)),
        "right": float(np.mean(values * y > 0.0)),
        "centred": float(np.mean(_centred(stack, ranking, values))),
        "lipschitz": [float(np.mean([b.lower for b in slopes])), float(np.mean([b.upper for b in slopes]))],
        "probe": float(np.mean(probe_statistic(initial, y))),
        "laws": _laws(cell, ranking, stack),
    }


def _trained(cell: DialConfig, ranking: Ranking, base: str, masks: Masks) -> Stack:
    parts = np.split(masks, np.cumsum(ranking.maker.totals)[:-1], axis=1)
    shapes = ranking.session.shapes
    layers = [part.reshape(len(masks), *shape) for part, shape in zip(parts, shapes, strict=True)]
    start = ranking.session.start if base == "initial" else ranking.dense
    stack = ranking.session.finish(start.with_masks(ranking.session.of_all_layers(layers)))
    depends = Dependence.NONE if cell.scale is None else METHODS[cell.method][0].dependence
    maskable = frozenset(ranking.maker.names)
    return replace(stack, dependence=depends, maskable=maskable, method=f"noisy {cell.method}")


def _centred(stack: Stack, ranking: Ranking, values: np.ndarray) -> Float[np.ndarray, " nets"]:
    """C_cent of every network, in plain floats: the means of ReLU units are in closed form."""
    first, bias = (t.double().numpy() for t in (stack.weights[0], stack.biases[0]))
    law = ranking.problem.distribution
    low, high = law.relu_mean(first.reshape(-1, first.shape[2]), bias.reshape(-1))
    units = 0.5 * (low + high).reshape(bias.shape)
    means = (stack.weights[1].double().numpy()[:, 0] * units).sum(axis=1) + stack.biases[1].double().numpy()[
        :, 0
    ]
    return np.asarray((ranking.y * (values - means[:, None])).mean(axis=1))


def _laws(cell: DialConfig, ranking: Ranking, stack: Stack) -> list[dict[str, Any]]:
    """Laws 4 and 6 on a few of the networks."""
    chosen = generator("probe", "dial laws", cell.seed).permutation(len(ranking.y))[: cell.law_nets]
    told = []
    for place in chosen.tolist():
        data = Dataset.from_arrays(ranking.x, ranking.y[place], problem=ranking.problem)
        measured = Measured(stack[place], data)
        for law in (SparseSharp(cell.delta), DescriptionLength(cell.delta, CODES)):
            evidence = law.weigh(measured)
            slack = evidence.slack if evidence.slack and np.isfinite(evidence.slack) else None
            # a mask without a path leaves a constant network: 0 >= 0 up to the rounding of C
            constant = stack[place].collapse is not None
            verdict = str(evidence.verdict)
            told.append({"law": law.name, "verdict": verdict, "slack": slack, "constant": constant})
    return told

"""The pruners of this package as channels: labels, or whole examples, in; a mask out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float

from ..data import Problem
from ..data.checks import finite, require_kind, whole
from ..data.noise import RandomSigns
from ..errors import InvalidArgument, MissingCapability
from ..networks import Batch, Dependence, Mlp, Recipe, Stack, batch, initial_stack
from ..networks.entries import parted
from ..networks.stack import forward
from ..pruning import NoisyTopK, Pruner, Session, kept_count
from ..pruning.base import Key, entry_shapes, maskable_biases, maskable_names
from .channel import Data, LabelLaw, Masks, Seeds
from .densities import Gaussian
from .noisy_scores import NoisyScores
from .probe import probe_statistic
from .sources import FairLabels, inherit
from .supports import AnyMask, LayerSizes, Support, fixed_size

CHUNK = 4096  # networks trained side by side: large enough for full registers, small enough for the cache


@dataclass(frozen=True, eq=False)
class MaskMaker:
    """A pruner with everything it needs but the data.

    init : the key of initialisation, ties and a pruner's own noise, the same for every run; None
           draws them from the run's seed
    """

    arch: Mlp
    pruner: Pruner
    recipe: Recipe
    init: Key | None = 0
    maskable: frozenset[str] | None = None
    names: tuple[str, ...] = field(init=False)
    biases: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        require_kind("arch", self.arch, Mlp, "give an Mlp, such as Mlp((4, 8, 1))")
        require_kind("pruner", self.pruner, Pruner, "give a pruner such as Snip(0.5), not its class")
        start = initial_stack(self.arch, [0], self.recipe.initialisation)
        object.__setattr__(self, "names", maskable_names(start, self.recipe, self.maskable))
        object.__setattr__(self, "biases", maskable_biases(self.pruner, self.names, self.recipe))

    @property
    def layers(self) -> list[int]:
        return [int(name[1:]) - 1 for name in self.names]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(out, in) of each maskable layer, (out, in + 1) where biases are maskable."""
        return entry_shapes(self.arch, self.names, self.biases)

    @property
    def totals(self) -> tuple[int, ...]:
        """Maskable entries of each maskable layer."""
        return tuple(a * b for a, b in self.shapes)

    @property
    def support(self) -> Support:
        """How many entries are kept: in all, or layer by layer where the pruner fixes that too."""
        total, kept = sum(self.totals), kept_count(self.pruner.density, sum(self.totals))
        shares = self.pruner.fixed_counts(self.shapes, kept)
        if shares is not None:  # the counts of its masks, which need not add up to what was asked
            return LayerSizes(self.totals, shares)
        return fixed_size(total, kept) if self.pruner.exact else AnyMask(total)

    def start(self, keys: Sequence[Key]) -> Stack:
        """Networks at initialisation."""
        if self.init is None:
            return initial_stack(self.arch, list(keys), self.recipe.initialisation)
        return initial_stack(self.arch, [self.init], self.recipe.initialisation).take([0] * len(keys))

    def sessions(self, x: np.ndarray, y: np.ndarray, seeds: Seeds) -> list[Session]:
        """Sessions of CHUNK runs each. x : (1 or runs, n, d); y : (runs, n)."""
        found = []
        for begin in range(0, len(y), CHUNK):
            part = slice(begin, min(begin + CHUNK, len(y)))
            keys = self._keys(seeds[part])
            data = _batch(x if len(x) == 1 else x[part], y[part])
            kept = (kept_count(self.pruner.density, sum(self.totals)),) * len(keys)
            found.append(Session(self.start(keys), data, self.recipe, keys, kept, self.names, self.biases))
        return found

    def masks(self, x: np.ndarray, y: np.ndarray, seeds: Seeds) -> Masks:
        """The maskable entries of each run's mask, layer after layer."""
        return np.concatenate([self.flat(self.pruner.choose(s)) for s in self.sessions(x, y, seeds)])

    def flat(self, masks: Sequence[torch.Tensor]) -> Masks:
        """Masks of all layers, as pruners give them, as rows of maskable bits."""
        sized = zip(self.layers, self.shapes, strict=True)
        return torch.cat([masks[i][:, :, :k].flatten(1) for i, (_, k) in sized], dim=1).cpu().numpy()

    def masked_outputs(self, masks: Masks, x: np.ndarray, seeds: Seeds) -> Float[np.ndarray, "runs samples"]:
        """Outputs of the initial networks under the masks, in float64."""
        parts = np.split(masks, np.cumsum(self.totals)[:-1], axis=1)
        start = self.start(self._keys(seeds))
        weights, biases = [w.double() for w in start.weights], [b.double() for b in start.biases]
        for layer, part, shape in zip(self.layers, parts, self.shapes, strict=True):
            kept, kept_biases = parted(torch.as_tensor(part).view(-1, *shape), self.arch.widths[layer])
            weights[layer] = weights[layer] * kept
            if kept_biases is not None:
                biases[layer] = biases[layer] * kept_biases
        columns = torch.as_tensor(x, dtype=torch.float64).transpose(1, 2)
        return forward(self.arch, weights, biases, columns)[:, 0].numpy()

    def _keys(self, seeds: Seeds) -> tuple[Key, ...]:
        return (self.init,) * len(seeds) if self.init is not None else tuple(int(s) for s in seeds)


class FixedInputs:
    """Fair labels on inputs that are fixed: the data are the labels.

    x : (n, d) inputs
    With a key `init` the mask is a function of the labels, and every statement is given all that the
    key draws: the initialisation, ties, and the noise of NoisyTopK (noisy_fixed_inputs draws that
    afresh). With None all of it is hidden.
    """

    def __init__(
        self,
        arch: Mlp,
        x: np.ndarray,
        pruner: Pruner,
        recipe: Recipe | None = None,
        *,
        init: Key | None = 0,
        maskable: frozenset[str] | None = None,
    ) -> None:
        self.x = finite("x", x, 2)
        self.maker = MaskMaker(arch, pruner, recipe or Recipe(), init, maskable)
        self.support = self.maker.support
        self.n_bits = self.support.n_bits
        self.conditioned = self.deterministic = init is not None
        self.source = FairLabels(len(self.x))
        inherit(self, self.source)
        self.reads_labels = pruner.dependence.on_labels
        self.probe_proxy, self.probe_range = 1.0, float(np.sqrt(len(self.x)))

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        return self.source.sample_data(runs, rng)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return self.maker.masks(self.x[None], signs(data), seeds)

    def probe(self, masks: Masks, data: Data, seeds: Seeds) -> Float[np.ndarray, " runs"]:
        """T of the mask-only probe; the labels are the noise."""
        return probe_statistic(self.maker.masked_outputs(masks, self.x[None], seeds), signs(data))


def noisy_fixed_inputs(
    arch: Mlp,
    x: np.ndarray,
    pruner: NoisyTopK,
    recipe: Recipe | None = None,
    *,
    init: Key = 0,
    maskable: frozenset[str] | None = None,
) -> NoisyScores:
    """Fair labels on fixed inputs through scores blurred by normal noise: a channel with a density.

    The initialisation is fixed; the noise is drawn afresh for every run and is no part of what is
    given. Raises InvalidArgument for other pruners or without noise.
    """
    require_kind("pruner", pruner, NoisyTopK, "give NoisyTopK(pruner, scale)")
    if pruner.scale == 0.0:
        raise InvalidArgument("scale", pruner.scale, "without noise the mask has no density: use FixedInputs")
    points = finite("x", x, 2)
    maker = MaskMaker(arch, pruner, recipe or Recipe(), init, maskable)
    ranking, support = pruner.pruner, maker.support
    assert isinstance(support, LayerSizes)

    def score(data: Data) -> Float[np.ndarray, "runs bits"]:
        seeds = np.zeros(len(data), dtype=np.int64)
        found = [ranking.scores(s) for s in maker.sessions(points[None], signs(data), seeds)]
        rows = [np.concatenate([layer.reshape(len(layer), -1) for layer in part], axis=1) for part in found]
        return np.concatenate(rows)

    return NoisyScores(FairLabels(len(points)), score, support, Gaussian(pruner.scale), conditioned=True)


class FreshExamples:
    """n fresh examples of a problem a run: rows hold the inputs of all examples, then their labels.

    Has labels that are fair coins given the inputs where the target is 0 and the noise RandomSigns.
    Around any other target the inputs tell something about the labels: RandomSigns then gives 1 the
    probability (1 + t(x))/2, and no law of the labels alone would make label bounds valid.
    Raises MissingCapability for inputs that cannot be drawn afresh, such as the rows of a table.
    """

    def __init__(
        self,
        problem: Problem,
        n: int,
        arch: Mlp,
        pruner: Pruner,
        recipe: Recipe | None = None,
        *,
        init: Key | None = 0,
        maskable: frozenset[str] | None = None,
    ) -> None:
        require_kind("problem", problem, Problem, "give a Problem")
        require_fresh(problem)
        self.problem, self.n_examples = problem, whole("n", n, 1)
        self.maker = MaskMaker(arch, pruner, recipe or Recipe(), init, maskable)
        self.support = self.maker.support
        self.n_bits = self.support.n_bits
        self.conditioned = self.deterministic = init is not None
        self.labels_are_data = False
        if isinstance(problem.noise, RandomSigns) and problem.target.bound == 0.0:
            self.label_law = LabelLaw(np.full((self.n_examples, 2), 0.5))
            self.probe_proxy, self.probe_range = 1.0, float(np.sqrt(self.n_examples))

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        x, y = self._draw(runs * self.n_examples, rng)
        return np.concatenate([x.reshape(runs, -1), y.reshape(runs, -1)], axis=1)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return self.maker.masks(*self._parts(data), seeds)

    def labels(self, data: Data) -> np.ndarray:
        return (data[:, -self.n_examples :] > 0.0).astype(np.int8)

    def replace_labels(self, data: Data, places: np.ndarray, values: np.ndarray) -> Data:
        out = data.copy()
        out[np.arange(len(data)), places - self.n_examples] = signs(values)
        return out

    def replace_examples(self, data: Data, places: np.ndarray, rng: np.random.Generator) -> Data:
        x, y = self._draw(len(data), rng)
        out, runs = data.copy(), np.arange(len(data))
        out[:, : -self.n_examples].reshape(len(data), self.n_examples, -1)[runs, places] = x
        out[runs, places - self.n_examples] = y
        return out

    def probe(self, masks: Masks, data: Data, seeds: Seeds) -> Float[np.ndarray, " runs"]:
        """T of the mask-only probe; the labels are the noise."""
        x, y = self._parts(data)
        return probe_statistic(self.maker.masked_outputs(masks, x, seeds), y)

    def _draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x, _ = self.problem.distribution.draw(count, rng)
        return x, self.problem.noise.labels(self.problem.target_values(x), rng)

    def _parts(self, data: Data) -> tuple[np.ndarray, np.ndarray]:
        n = self.n_examples
        return data[:, :-n].reshape(len(data), n, -1), data[:, -n:]


def require_fresh(problem: Problem) -> None:
    """Raises MissingCapability unless the inputs of all runs are independent draws."""
    law = problem.distribution
    if not all(law.component(i).samples_afresh for i in range(law.components)):
        raise MissingCapability(
            f"runs need independent examples, and {type(law).__name__} draws rows of a table without "
            "replacement; choose a law such as data.Gaussian, or fix the inputs with FixedInputs"
        )


def signs(labels: np.ndarray) -> Float[np.ndarray, ...]:
    """Labels 0, 1 as -1, +1."""
    return np.asarray(2.0 * labels - 1.0)


def depends_on_labels(pruner: Pruner) -> bool:
    """False where the mask cannot know a label."""
    return pruner.dependence not in (Dependence.NONE, Dependence.INPUTS)


def _batch(x: np.ndarray, y: np.ndarray) -> Batch:
    """Training data of all runs; shared inputs are stored once."""
    if len(x) > 1 or len(y) == 1:
        return batch(list(x), list(y))
    first = batch([x[0]], [y[0]])
    labels = np.pad(y, ((0, 0), (0, first.labels.shape[1] - y.shape[1])))
    return Batch(first.columns.expand(len(y), -1, -1), torch.as_tensor(labels).to(first.labels), first.share)

"""Training on a part of the data: at random, or the samples that short training finds easy or hard.

EL2N (Paul, Ganguli, Dziugaite 2021): the norm of the error of a network's output after a few
steps on the data as they are, averaged over independent runs. For a regression that is the mean of
|f(x) - y|.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float64, Int64

from ..data import Dataset
from ..data.checks import finite, require_kind, whole
from ..errors import InvalidArgument, ShapeMismatch, UnknownName
from ..seeds import generator
from .initialise import Key, initial_stack
from .losses import Batch, batch
from .mlp import Mlp
from .recipe import Recipe
from .softmax import probability_errors
from .stack import Stack, forward
from .training import fit, lanes_filled

Rule = Literal["random", "easiest", "hardest"]


def error_norms(
    arch: Mlp, data: Dataset, recipe: Recipe | None = None, *, steps: int = 50, runs: int = 10, seed: int = 0
) -> Float64[np.ndarray, " samples"]:
    """EL2N score of every sample: mean error norm of `runs` dense networks after `steps` steps.

    The error is f - y for "mse", and the class probabilities less the label's otherwise.
    The schedule of the learning rate is the beginning of the recipe's, where that is long enough.
    The scores look at inputs and labels, and so does whatever is chosen by them.
    """
    plan, last = recipe or Recipe(), whole("steps", steps, 1)
    plan = replace(plan, steps=max(plan.steps, last), homotopy=None)
    keys = [(f"error norms {seed} {run}",) for run in range(whole("runs", runs, 1))]
    wide = batch([data.x], [data.y], dtype=torch.float64)
    return np.asarray(mean_error_norms(arch, keys, batch([data.x], [data.y]), plan, last, wide)[0])


def mean_error_norms(
    arch: Mlp,
    runs: Sequence[Sequence[Key]],
    data: Batch,
    recipe: Recipe,
    steps: int,
    wide: Batch | None = None,
) -> Float64[np.ndarray, "nets samples"]:
    """The same of a whole stack: s(x, y) = (1/R) sum_r |p_r(x) - p(y)| over R independent short runs.

    runs : for each run a key a network, from which its initial weights and all its streams are drawn
    wide : the data in float64, where they have more digits than what is trained on
    """
    seen, plan = wide or data.double(), replace(recipe, stop_at=None, plateau=None)
    device, dtype = str(data.columns.device), data.columns.dtype
    total = np.zeros(())
    for keys in runs:
        start = initial_stack(arch, list(keys), recipe.initialisation, device, dtype)
        total = total + _norms(fit(start, data, plan, last_step=steps), seen, recipe)
    return np.asarray(total / len(runs))


def _norms(stack: Stack, data: Batch, recipe: Recipe) -> Float64[np.ndarray, "nets samples"]:
    """Error norms of networks as they are, in float64, without the samples that only fill registers."""
    padded = lanes_filled(range(len(stack)), recipe.lanes)
    full, seen = stack.take(padded), data.take(padded)
    weights, biases = ([t.double() for t in group] for group in (full.weights, full.biases))
    with torch.no_grad():
        f = forward(stack.arch, weights, biases, seen.columns)
    if recipe.loss == "mse":
        errors = (f[:, 0] - seen.labels).abs()
    elif recipe.loss == "softmax":
        errors = torch.linalg.vector_norm(probability_errors(f, seen.labels), dim=1)
    else:
        margin = f[:, 0] if f.shape[1] == 1 else f[:, 1] - f[:, 0]
        # two probabilities are off by the same amount, with opposite signs
        errors = math.sqrt(2.0) * torch.sigmoid(-seen.labels * margin)
    return np.asarray(errors[: len(stack), seen.share > 0.0].cpu().numpy())


def chosen(
    samples: int, count: int, rule: Rule, scores: np.ndarray | None = None, seed: int = 0
) -> Int64[np.ndarray, " count"]:
    """Places of the chosen samples, rising; equal scores are drawn by the seed."""
    if rule not in get_args(Rule):
        raise UnknownName("rule", rule, get_args(Rule))
    if not 1 <= whole("count", count) <= samples:
        raise InvalidArgument("count", count, f"choose between 1 and all {samples} samples")
    order = generator("tie", "subset", seed).permutation(samples)
    if rule == "random":
        return np.sort(order[:count])
    if scores is None:
        raise InvalidArgument("scores", scores, f"the {rule} samples are known by scores; see error_norms")
    values = finite("scores", scores, 1)
    if len(values) != samples:
        raise ShapeMismatch("scores", values.shape, f"give one for each of {samples} samples")
    values = values[order] if rule == "easiest" else -values[order]
    return np.sort(order[np.argsort(values, kind="stable")[:count]])


def subset(
    data: Dataset, count: int, rule: Rule = "random", scores: np.ndarray | None = None, seed: int = 0
) -> Dataset:
    """`count` samples of a data set, for pruning or training on less.

    A random part is again a sample of the problem. One chosen by its scores is not: its samples are
    no independent draws, so it names no problem, and laws that need one refuse it.
    Raises UnknownName, InvalidArgument or ShapeMismatch.
    """
    require_kind("data", data, Dataset, "give a Dataset; arrays become one by Dataset.from_arrays(x, y)")
    places = chosen(data.n, count, rule, scores, seed)
    return Dataset(
        data.x[places],
        data.y[places],
        None if data.g is None else data.g[places],
        None if data.z is None else data.z[places],
        data.component[places],
        data.problem if rule == "random" else None,
    )

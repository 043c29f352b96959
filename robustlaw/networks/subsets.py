"""Training on a part of the data: at random, or the samples that short training finds easy or hard.

EL2N (Paul, Ganguli, Dziugaite 2021): the norm of the error of a network's output after a few
steps, averaged over independent initial values. For a regression that is the mean of |f(x) - y|.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float64, Int64

from ..data import Dataset
from ..data.checks import finite, require_kind, whole
from ..errors import InvalidArgument, ShapeMismatch, UnknownName
from ..seeds import generator
from .initialise import initial_stack
from .losses import batch
from .mlp import Mlp
from .recipe import Recipe
from .training import fit

Rule = Literal["random", "easiest", "hardest"]


def error_norms(
    arch: Mlp, data: Dataset, recipe: Recipe | None = None, *, steps: int = 50, runs: int = 10, seed: int = 0
) -> Float64[np.ndarray, " samples"]:
    """EL2N score of every sample: mean error norm of `runs` dense networks after `steps` steps.

    The error is f - y for "mse", and the class probabilities less the label's for "cross_entropy".
    The scores look at inputs and labels, and so does whatever is chosen by them.
    """
    plan = replace(recipe or Recipe(), steps=whole("steps", steps, 1), stop_at=None, homotopy=None)
    keys = [f"error norms {seed} {run}" for run in range(whole("runs", runs, 1))]
    start = initial_stack(arch, keys, plan.initialisation)
    trained = fit(start, batch([data.x], [data.y]), plan)
    wide = torch.as_tensor(data.x)[None]
    layers = [tuple(t.double() for t in group) for group in (trained.weights, trained.biases)]
    double = replace(trained, weights=layers[0], biases=layers[1])
    outputs = double.forward(wide).numpy()
    if plan.loss == "mse":
        errors = np.abs(outputs[:, :, 0] - data.y)
    else:
        margin = outputs[:, :, 0] if arch.widths[-1] == 1 else outputs[:, :, 1] - outputs[:, :, 0]
        # two probabilities are off by the same amount, with opposite signs
        errors = math.sqrt(2.0) * np.exp(-np.logaddexp(0.0, data.y * margin))
    return np.asarray(errors.mean(0))


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

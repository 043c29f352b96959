"""Interpolating near the threshold: Levenberg-Marquardt on smooth networks that turn into the kinked one.

With residuals r and their Jacobian J, a step solves (J J^T + lambda) u = r and moves by -J^T u; it
is kept if it lowers |r|^2, and lambda follows the ratio of the fall to the predicted one (Nielsen
1999). On ReLU networks alone this stalls at kinks. So relu is replaced by softplus_b, which is
within log(2)/b of it, for a rising sequence of b, and by itself in the end; a stage that stalls
hands on what it has. Activations without a kink need the last stage only. In float64, one
network after the other, on the CPU: the normal equations do not survive single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit

from ..errors import InvalidArgument, MissingCapability
from .activations import activation
from .losses import Batch, check_loss
from .mlp import Mlp
from .parametrise import check_frozen
from .recipe import Recipe
from .stack import Stack

Array = np.ndarray
Layers = list[tuple[Array, Array]]

SMOOTH_TOLERANCE, SMOOTH_TRIALS = 1e-8, 60
FIRST_DAMPING, NEXT_DAMPING, LAST_DAMPING = 1.0, 1e-2, 1e-3
LEAST_DAMPING, MOST_DAMPING = 1e-10, 1e10


@dataclass(frozen=True)
class Bend:
    """An activation and its derivative; at a kink, that of the negative side."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def softplus(sharpness: float, low: float = 0.0) -> Bend:
    """low z + (1 - low) softplus_b(z), the smooth relative of the ReLU whose negative slope is `low`."""

    def value(z: Array) -> Array:
        soft = np.maximum(z, 0.0) + np.log1p(np.exp(-sharpness * np.abs(z))) / sharpness
        return np.asarray(low * z + (1.0 - low) * soft)

    return Bend(value, lambda z: low + (1.0 - low) * expit(sharpness * z))


class Residuals:
    """f - y of one network as a function of its trained numbers, the masks and frozen tensors kept."""

    def __init__(
        self,
        arch: Mlp,
        start: Layers,
        masks: list[Array],
        frozen: frozenset[str],
        x: Array,
        y: Array,
        bias_masks: Sequence[Array] | None = None,
    ):
        self._start, self._columns, self._labels = start, np.ascontiguousarray(x.T), y
        self._places: list[tuple[int, int, tuple[Array, ...]]] = []
        for layer in range(arch.layers):
            if f"W{layer + 1}" not in frozen:
                self._places.append((layer, 0, np.nonzero(masks[layer])))
            if f"b{layer + 1}" not in frozen:
                every = np.ones(arch.widths[layer + 1], dtype=bool)
                self._places.append((layer, 1, np.nonzero(bias_masks[layer] if bias_masks else every)))
        self.samples = len(y)

    def read(self) -> Array:
        """The trained numbers at the start."""
        return np.concatenate([self._start[layer][kind][at] for layer, kind, at in self._places])

    def layers(self, theta: Array) -> Layers:
        """Weights and biases; whatever is not trained is as it was at the start."""
        full = [(w.copy(), b.copy()) for w, b in self._start]
        first = 0
        for layer, kind, at in self._places:
            count = len(at[0])
            full[layer][kind][at] = theta[first : first + count]
            first += count
        return full

    def forward(self, theta: Array, bend: Bend) -> tuple[Array, Callable[[], Array]]:
        """Residuals (samples,), and what computes their Jacobian (trained numbers, samples)."""
        layers = self.layers(theta)
        inputs, sums = [self._columns], []
        for w, b in layers:
            sums.append(w @ inputs[-1] + b[:, None])
            inputs.append(bend.value(sums[-1]))
        return sums[-1][0] - self._labels, lambda: self._jacobian(layers, inputs, sums, bend)

    def _jacobian(self, layers: Layers, inputs: list[Array], sums: list[Array], bend: Bend) -> Array:
        slopes = [np.ones((1, self.samples))]  # df/dz of every layer, last one first
        for layer in range(len(layers) - 1, 0, -1):
            slopes.append((layers[layer][0].T @ slopes[-1]) * bend.slope(sums[layer - 1]))
        slopes.reverse()
        rows = [
            slopes[layer][at[0]] * inputs[layer][at[1]] if kind == 0 else slopes[layer][at[0]]
            for layer, kind, at in self._places
        ]
        return np.concatenate(rows)


def levenberg_marquardt(
    problem: Residuals, theta: Array, bend: Bend, tolerance: float, trials: int, damping: float
) -> tuple[Array, int]:
    """(trained numbers, trials used), the mean square at most `tolerance` unless it stalled."""
    with np.errstate(over="ignore", invalid="ignore"):  # a step into overflow is a refused one
        residuals, jacobian = problem.forward(theta, bend)
        square, growth, used = float(residuals @ residuals), 2.0, 0
        rows = gram = None
        while square > tolerance * problem.samples and used < trials and damping <= MOST_DAMPING:
            if rows is None or gram is None:
                rows = jacobian()
                gram = rows.T @ rows if len(rows) >= problem.samples else rows @ rows.T
            step, used = _step(rows, gram, residuals, damping), used + 1
            ahead = np.inf
            if step is not None:
                moved, slopes = problem.forward(theta + step, bend)
                ahead = float(moved @ moved)
            if step is None or not ahead < square:
                damping, growth = damping * growth, 2.0 * growth
                continue
            predicted = residuals + rows.T @ step
            gain = (square - ahead) / max(square - float(predicted @ predicted), np.finfo(float).tiny)
            damping = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * gain - 1.0) ** 3), LEAST_DAMPING)
            theta, residuals, jacobian, square, growth = theta + step, moved, slopes, ahead, 2.0
            rows = gram = None
    return theta, used


def _step(rows: Array, gram: Array, residuals: Array, damping: float) -> Array | None:
    """The damped Gauss-Newton step, from the smaller of the two equal systems; None if it fails."""
    wide = len(rows) >= len(residuals)
    target = residuals if wide else rows @ residuals
    damped = gram.copy()
    damped.flat[:: len(damped) + 1] += damping
    try:
        solved = cho_solve(
            cho_factor(damped, overwrite_a=True, check_finite=False), target, check_finite=False
        )
    except LinAlgError:
        return None
    step = -(rows @ solved) if wide else -solved
    return step if bool(np.isfinite(step).all()) else None


def fit_homotopy(stack: Stack, data: Batch, recipe: Recipe) -> Stack:
    """Train every network of the stack by the recipe's homotopy.

    The target is the recipe's `stop_at`, or 0 for None. Returns the stack in its own precision;
    `facts` gains trainer "homotopy", steps (trials of all stages), loss and converged, the loss being
    that of the returned weights in float64. A network that misses the target is a result.
    """
    assert recipe.homotopy is not None
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    check_frozen(stack, recipe)
    if recipe.frozen >= stack.tensors.keys():
        raise InvalidArgument("frozen", sorted(recipe.frozen), "leave at least one tensor to train")
    target = 0.0 if recipe.stop_at is None else recipe.stop_at
    results = [_fit_one(stack, place, data, recipe, target) for place in range(len(stack))]
    old = stack.facts or ({},) * len(stack)
    facts = tuple(
        {**before, "trainer": "homotopy", "steps": used, "loss": loss, "converged": bool(loss <= target)}
        for before, (_, used, loss) in zip(old, results, strict=True)
    )
    like = stack.weights[0]
    weights, biases = (
        tuple(
            torch.as_tensor(np.stack([layers[i][kind] for layers, _, _ in results])).to(like)
            for i in range(stack.arch.layers)
        )
        for kind in (0, 1)
    )
    return replace(stack, weights=weights, biases=biases, facts=facts)


def _fit_one(
    stack: Stack, place: int, data: Batch, recipe: Recipe, target: float
) -> tuple[Layers, int, float]:
    own, real = (place if data.copies > 1 else 0), data.share > 0.0
    x, y = (a[own][..., real].double().cpu().numpy() for a in (data.columns, data.labels))
    net = stack[place]
    start = [(w.copy(), b.copy()) for w, b in zip(net.weights, net.biases, strict=True)]
    masks = [np.asarray(m) for m in net.masks]
    problem = Residuals(stack.arch, start, masks, recipe.frozen, x.T, y, net.bias_masks)
    theta, used = _stages(problem, stack.arch, recipe, target)
    narrow = [
        tuple(torch.as_tensor(a).to(stack.weights[0].dtype).double().numpy() for a in pair)
        for pair in problem.layers(theta)
    ]
    layers: Layers = [(w, b) for w, b in narrow]
    final = Residuals(stack.arch, layers, list(net.masks), frozenset(), x.T, y, net.bias_masks)
    residuals, _ = final.forward(final.read(), _end(stack.arch))
    return layers, used, float(np.mean(residuals**2))


def _end(arch: Mlp) -> Bend:
    own = activation(arch.activation)
    return Bend(own.value, own.slope)


def _stages(problem: Residuals, arch: Mlp, recipe: Recipe, target: float) -> tuple[Array, int]:
    assert recipe.homotopy is not None
    own, theta, total = activation(arch.activation), problem.read(), 0
    damping = FIRST_DAMPING
    if own.kink:
        tolerance = min(SMOOTH_TOLERANCE, 0.01 * target)
        for sharpness in recipe.homotopy.sharpness:
            bend = softplus(sharpness, own.slope_low)
            theta, used = levenberg_marquardt(problem, theta, bend, tolerance, SMOOTH_TRIALS, damping)
            total, damping = total + used, NEXT_DAMPING
        damping = LAST_DAMPING
    theta, used = levenberg_marquardt(problem, theta, _end(arch), target, recipe.homotopy.trials, damping)
    return theta, total + used


def check_homotopy(steps: tuple[int, int | None], parametrised: bool) -> None:
    """Raises MissingCapability for what a schedule of gradient steps has and this has not."""
    if parametrised:
        raise MissingCapability("the homotopy trains weights themselves, not scores; use homotopy=None")
    if steps != (0, None):
        raise MissingCapability(
            "the homotopy has no steps to start from or to end at, so nothing can be rewound to one; "
            "use homotopy=None, or a pruner that does not train to a given step"
        )

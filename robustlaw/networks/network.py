"""One concrete network in float64: the object every certificate speaks about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import nn

from ..data.checks import real_array, require_kind
from ..errors import InvalidArgument, NonFinite, ShapeMismatch
from ..evidence import LayerCollapse
from .activations import activation
from .mlp import Mlp
from .origin import Origin
from .paths import collapses
from .torch_checks import require_same_function
from .torch_modules import read_sequential

Matrix = Float[np.ndarray, "out inputs"]
Vector = Float[np.ndarray, " out"]
MaskMatrix = Bool[np.ndarray, "out inputs"]


@dataclass(frozen=True, eq=False)
class Network:
    """Frozen weights, biases and masks; off-mask weights are exactly zero.

    weights    : one (out, in) float64 matrix a layer, first layer first
    biases     : one (out,) float64 vector a layer
    masks      : one boolean matrix a layer, True where the weight is kept
    origin     : where the numbers come from, as far as it is known; the accountant reads it
    bias_masks : one boolean (out,) vector a layer; None where biases were never to be masked
    Raises ShapeMismatch, NonFinite or InvalidArgument (a non-zero weight or bias off the mask).
    """

    arch: Mlp
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    origin: Origin = Origin()
    bias_masks: tuple[np.ndarray, ...] | None = None

    def __post_init__(self) -> None:
        require_kind("arch", self.arch, Mlp, "give an Mlp, such as Mlp((4, 8, 1))")
        require_kind("origin", self.origin, Origin, "give an Origin")
        for name, label, read in (
            ("weights", "W", _as_floats),
            ("biases", "b", _as_floats),
            ("masks", "mask", _as_mask),
            ("bias_masks", "bias_mask", _as_mask),
        ):
            if name == "bias_masks" and self.bias_masks is None:
                continue
            require_kind(name, getattr(self, name), Iterable, "give one array a layer")
            # copies: the caller's arrays stay the caller's
            copies = tuple(read(f"{label}{i + 1}", v) for i, v in enumerate(getattr(self, name)))
            object.__setattr__(self, name, copies)
            if len(getattr(self, name)) != self.arch.layers:
                raise ShapeMismatch(
                    name, len(getattr(self, name)), f"the architecture has {self.arch.layers} layers"
                )
        for layer, shape in enumerate(self.arch.shapes):
            self._check_layer(layer, shape)
        for array in (*self.weights, *self.biases, *self.masks, *(self.bias_masks or ())):
            array.setflags(write=False)
        weights = {f"W{i + 1}": shape for i, shape in enumerate(self.arch.shapes)}
        biases = {f"b{i + 1}": shape[:1] for i, shape in enumerate(self.arch.shapes)}
        maskable = weights if self.bias_masks is None else {**weights, **biases}
        self.origin.require_fit({**weights, **biases}, list(maskable))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        # copies and pickles are made by the constructor, hence as frozen as this one
        parts = (self.arch, self.weights, self.biases, self.masks, self.origin, self.bias_masks)
        return type(self), parts

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.arch.widths))
        method = "" if self.origin.method == "unknown" else f", {self.origin.method}"
        of = "weights" if self.bias_masks is None else "weights and biases"
        kept = f"{self.kept} of {self.maskable_count} {of} kept"
        return f"Network({widths} {self.arch.activation}, {kept}{method})"

    def _check_layer(self, layer: int, shape: tuple[int, int]) -> None:
        w, b, m = self.weights[layer], self.biases[layer], self.masks[layer]
        k = np.ones(b.shape, dtype=bool) if self.bias_masks is None else self.bias_masks[layer]
        sizes = (("W", w, shape), ("b", b, shape[:1]), ("mask", m, shape), ("bias_mask", k, shape[:1]))
        for name, array, wanted in sizes:
            if array.shape != wanted:
                raise ShapeMismatch(f"{name}{layer + 1}", array.shape, f"the architecture asks for {wanted}")
        for name, array in (("W", w), ("b", b)):
            if not np.isfinite(array).all():
                raise NonFinite(
                    f"{name}{layer + 1}", array[~np.isfinite(array)][:3], "weights have to be finite"
                )
        for name, off, what in (("W", w[~m], "weights"), ("b", b[~k], "biases")):
            if np.any(off != 0.0):
                remedy = f"{what} off the mask have to be 0"
                raise InvalidArgument(f"{name}{layer + 1}", off[off != 0.0][:3], remedy)

    @classmethod
    def from_arrays(
        cls,
        layers: Sequence[tuple[Any, Any]],
        activation: str = "relu",
        masks: Sequence[Any] | None = None,
        origin: Origin | None = None,
        bias_masks: Sequence[Any] | None = None,
    ) -> Network:
        """A network from [(W_1, b_1), ...], W being (out, in); float32 is widened exactly.

        masks      : one boolean array a layer, or None: then every weight counts as kept
        bias_masks : the same for biases; None says moreover that no bias could have been masked
        """
        layers = _as_pairs(layers)
        weights = tuple(_as_matrix(f"W{i + 1}", w) for i, (w, _) in enumerate(layers))
        biases = tuple(_as_floats(f"b{i + 1}", b) for i, (_, b) in enumerate(layers))
        for i, (below, above) in enumerate(pairwise(weights)):
            if below.shape[0] != above.shape[1]:
                raise ShapeMismatch(
                    f"W{i + 2}", above.shape, f"it has to take the {below.shape[0]} outputs of W{i + 1}"
                )
        widths = (weights[0].shape[1], *(w.shape[0] for w in weights))
        kept = _as_masks("mask", masks, len(weights)) or tuple(np.ones(w.shape, dtype=bool) for w in weights)
        of_biases = _as_masks("bias_mask", bias_masks, len(weights))
        known = Origin() if origin is None else origin
        return cls(Mlp(widths, activation), weights, biases, kept, known, of_biases)

    @classmethod
    def from_torch(
        cls, module: nn.Module, origin: Origin | None = None, *, input_shape: tuple[int, ...] | None = None
    ) -> Network:
        """A network from a Sequential of Linear layers and activations of one kind.

        Conv1d, Conv2d and AvgPool2d become their matrices on the flattened input, given the shape of
        one input: (channels, length) or (channels, height, width). A weight then occurs many times.
        Masks of torch.nn.utils.prune count as masks, of biases too; zeros in a weight do not.
        The network is compared with the module's own forward in evaluation mode on a few inputs.
        Raises MissingCapability for anything else, NonFinite for weights that are not finite.
        """
        layers, name, masks, bias_masks = read_sequential(module, input_shape)
        net = cls.from_arrays(layers, name, masks, origin, bias_masks)
        require_same_function(module, input_shape or net.arch.widths[:1], layers, name, net.forward)
        return net

    @property
    def layers(self) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        return zip(self.weights, self.biases, strict=True)

    @cached_property
    def kept(self) -> int:
        """Kept weights; kept biases are counted where biases could be masked."""
        return int(sum(int(m.sum()) for m in (*self.masks, *(self.bias_masks or ()))))

    @property
    def maskable_count(self) -> int:
        """All weights; all biases as well where biases could be masked."""
        return self.arch.weight_count if self.bias_masks is None else self.arch.parameter_count

    @property
    def density(self) -> float:
        """Kept share of all that could be masked."""
        return self.kept / self.maskable_count

    @cached_property
    def collapse(self) -> LayerCollapse | None:
        """What is known if the masks leave no path from an input to an output, else None."""
        return collapses([torch.tensor(m[None]) for m in self.masks]).get(0)

    def forward(self, x: Float[np.ndarray, "samples inputs"]) -> Float[np.ndarray, "samples outputs"]:
        """Outputs in float64."""
        phi = activation(self.arch.activation).value
        h = as_inputs(x, self.arch.widths[0])
        for w, b in list(self.layers)[:-1]:
            h = phi(h @ w.T + b)
        return np.asarray(h @ self.weights[-1].T + self.biases[-1])

    __call__ = forward

    def gradients(
        self, x: Float[np.ndarray, "samples inputs"]
    ) -> Float[np.ndarray, "samples outputs inputs"]:
        """Jacobian at each sample; at a kink the slope is the one to its left."""
        act = activation(self.arch.activation)
        h, slopes = as_inputs(x, self.arch.widths[0]), []
        for w, b in list(self.layers)[:-1]:
            z = h @ w.T + b
            slopes.append(act.slope(z))
            h = act.value(z)
        back = np.broadcast_to(self.weights[-1], (len(h), *self.weights[-1].shape))
        for w, s in zip(reversed(self.weights[:-1]), reversed(slopes), strict=True):
            back = (back * s[:, None, :]) @ w
        return np.array(back)

    def replace(
        self, weights: Sequence[np.ndarray] | None = None, biases: Sequence[np.ndarray] | None = None
    ) -> Network:
        """The same masks and origin with other numbers."""
        new_weights = self.weights if weights is None else tuple(weights)
        new_biases = self.biases if biases is None else tuple(biases)
        return Network(self.arch, new_weights, new_biases, self.masks, self.origin, self.bias_masks)


def _as_pairs(layers: Any) -> list[tuple[Any, Any]]:
    remedy = "give at least one pair (W, b), in a list"
    if not isinstance(layers, Iterable) or isinstance(layers, str) or not (pairs := list(layers)):
        raise InvalidArgument("layers", layers, remedy)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InvalidArgument("layers", pair, remedy)
    return [(w, b) for w, b in pairs]


def _as_matrix(name: str, value: Any) -> np.ndarray:
    matrix = _as_floats(name, value)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ShapeMismatch(name, matrix.shape, "a weight matrix is (out, in), both at least 1")
    return matrix


def _as_floats(name: str, value: Any) -> np.ndarray:
    array = _as_array(name, value)
    if not np.can_cast(array.dtype, np.float64):
        raise InvalidArgument(name, array.dtype, "give real numbers that float64 holds")
    return array.astype(np.float64)


def _as_masks(label: str, masks: Any, layers: int) -> tuple[np.ndarray, ...] | None:
    if masks is None:
        return None
    if not isinstance(masks, Sequence) or isinstance(masks, str):
        raise InvalidArgument(f"{label}s", masks, "give a list of boolean arrays, one a layer")
    if len(masks) != layers:
        raise ShapeMismatch(f"{label}s", len(masks), f"give one mask for each of the {layers} layers")
    return tuple(_as_mask(f"{label}{i + 1}", m) for i, m in enumerate(masks))


def _as_mask(name: str, value: Any) -> np.ndarray:
    array = _as_array(name, value)
    if array.dtype != bool and not np.isin(array, (0, 1)).all():
        raise InvalidArgument(name, array, "a mask holds True and False, or 1 and 0")
    return array.astype(bool)


def _as_array(name: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidArgument(name, value, f"not an array ({error})") from error


def as_inputs(x: Any, inputs: int) -> np.ndarray:
    """Points as float64 rows. Raises InvalidArgument or ShapeMismatch."""
    points = x if isinstance(x, np.ndarray) and x.dtype == np.float64 else real_array("x", x)
    if points.ndim != 2 or points.shape[1] != inputs:
        raise ShapeMismatch("x", points.shape, f"give (samples, {inputs})")
    return points

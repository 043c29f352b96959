"""Convolutions and average pools of small inputs as the matrices that they are.

A layer that is linear (or affine) in its input maps the flattened input (channels, then space, in
torch's order) to the flattened output by one matrix, whose entries are the layer's own weights:
no arithmetic happens on a convolution's weights, so the matrix is exact. Source: ARCHITECTURE.md.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from torch import nn

from ..errors import InvalidArgument, MissingCapability, ShapeMismatch
from .torch_arrays import bias_mask, mask, masked_bias, masked_weight

Shape = tuple[int, ...]
# Weights, biases, and the masks of both.
Layer = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
# Doubles in a dense matrix; more is not a small input.
MOST_ENTRIES = 50_000_000


def checked_shape(shape: object) -> Shape:
    """(channels, length) or (channels, height, width) of one input. Raises InvalidArgument."""
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise InvalidArgument("input_shape", shape, "give positive whole numbers, batch left out")
    return tuple(shape)


def convolution(module: nn.Module, shape: Shape) -> tuple[Layer, Shape]:
    """(W, b, mask, bias mask) of a Conv1d or Conv2d on inputs of `shape`, and the shape of its output.

    Zero padding in numbers, "same" or "valid"; any stride and dilation. Raises MissingCapability
    (groups, other padding, too large), ShapeMismatch (the input does not fit).
    """
    assert isinstance(module, CONVOLUTIONS)
    if module.groups != 1 or module.padding_mode != "zeros" or module.transposed:
        raise MissingCapability(f"{module}: only convolutions with one group and padding by zeros")
    kernel = masked_weight(module)
    space = len(module.kernel_size)
    if len(shape) != space + 1 or shape[0] != module.in_channels:
        raise ShapeMismatch(
            "input_shape", shape, f"{module} takes {module.in_channels} channels and {space} more"
        )
    left, right = _padding(module)
    sizes = [
        (n + a + b - d * (k - 1) - 1) // s + 1
        for n, a, b, d, k, s in zip(
            shape[1:], left, right, module.dilation, module.kernel_size, module.stride, strict=True
        )
    ]
    rows, columns, weights = _places(
        shape[1:], sizes, module.kernel_size, module.stride, module.dilation, left
    )
    cells, taps = math.prod(sizes), math.prod(shape[1:])
    matrix = _empty(module, module.out_channels * cells, module.in_channels * taps)
    kept = np.zeros(matrix.shape, dtype=bool)
    flat, present = (k.reshape(*k.shape[:2], -1) for k in (kernel, mask(module)))
    for o, i in product(range(module.out_channels), range(module.in_channels)):
        matrix[o * cells + rows, i * taps + columns] = flat[o, i, weights]
        kept[o * cells + rows, i * taps + columns] = present[o, i, weights]
    count = module.out_channels
    bias, bias_kept = (np.repeat(v(module, count), cells) for v in (masked_bias, bias_mask))
    return (matrix, bias, kept, bias_kept), (count, *sizes)


def average_pool(module: nn.AvgPool2d, shape: Shape) -> tuple[Layer, Shape]:
    """The same for AvgPool2d without padding: each entry is 1 / (cells of the window), rounded."""
    pair = [_pair(module.kernel_size), _pair(module.stride), _pair(module.padding)]
    if any(pair[2]) or module.ceil_mode or module.divisor_override is not None:
        raise MissingCapability(f"{module}: only pools without padding, rounding down")
    if len(shape) != 3:
        raise ShapeMismatch("input_shape", shape, "a pool takes (channels, height, width)")
    sizes = [(n - k) // s + 1 for n, k, s in zip(shape[1:], pair[0], pair[1], strict=True)]
    rows, columns, _ = _places(shape[1:], sizes, pair[0], pair[1], (1, 1), (0, 0))
    cells, taps = math.prod(sizes), math.prod(shape[1:])
    matrix = _empty(module, shape[0] * cells, shape[0] * taps)
    for c in range(shape[0]):
        matrix[c * cells + rows, c * taps + columns] = 1.0 / math.prod(pair[0])
    # a pool has no biases of its own: there are none to keep
    none = np.zeros(len(matrix), dtype=bool)
    return (matrix, np.zeros(len(matrix)), matrix != 0.0, none), (shape[0], *sizes)


def _places(
    inputs: Shape, outputs: list[int], kernel: Shape, stride: Shape, dilation: Shape, left: Shape
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat places (output, input, kernel entry) of every product that does not fall on padding."""
    if min(outputs) < 1:
        raise ShapeMismatch("input_shape", inputs, f"smaller than the kernel {kernel}")
    found = []
    for entry in product(*map(range, kernel)):
        axes = [
            np.arange(n) * s + k * d - a
            for n, s, k, d, a in zip(outputs, stride, entry, dilation, left, strict=True)
        ]
        inside = [np.flatnonzero((at >= 0) & (at < n)) for at, n in zip(axes, inputs, strict=True)]
        goes = np.ravel_multi_index(np.meshgrid(*inside, indexing="ij"), outputs).ravel()
        comes_axes = [at[ok] for at, ok in zip(axes, inside, strict=True)]
        comes = np.ravel_multi_index(np.meshgrid(*comes_axes, indexing="ij"), inputs).ravel()
        weight = int(np.ravel_multi_index(entry, kernel))
        found.append(np.stack([goes, comes, np.full(len(goes), weight)]))
    rows, columns, weights = np.concatenate(found, axis=1)
    return rows, columns, weights


def _padding(module: nn.Conv1d | nn.Conv2d) -> tuple[Shape, Shape]:
    """Zeros before and after, an axis each; "same" puts the odd one after, as torch does."""
    if isinstance(module.padding, str):
        total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        if module.padding == "valid":
            total = [0] * len(total)
        return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    return tuple(module.padding), tuple(module.padding)


def _pair(value: int | tuple[int, int]) -> Shape:
    return (value, value) if isinstance(value, int) else tuple(value)


def _empty(module: nn.Module, rows: int, columns: int) -> np.ndarray:
    if rows * columns > MOST_ENTRIES:
        raise MissingCapability(f"{module}: its {rows} x {columns} matrix is too large; take a smaller input")
    return np.zeros((rows, columns))

"""Masked stacks and their data for tests of training."""

import numpy as np
import torch
from hypothesis import strategies as st

from robustlaw.networks import Mlp, TorchDefault, batch, initial_stack

WIDE = torch.float64


SEEDS = st.integers(0, 10**6)


def problem(seed, n, d, copies=1, dtype=torch.float32):
    rngs = [np.random.default_rng([seed, i]) for i in range(copies)]
    return batch([r.normal(size=(n, d)) for r in rngs], [r.choice([-1.0, 1.0], n) for r in rngs], dtype=dtype)


def masked(widths, keys, density, dtype=torch.float32, activation="relu"):
    stack = initial_stack(Mlp(widths, activation), keys, TorchDefault(), dtype=dtype)
    rngs = [np.random.default_rng([7, k]) for k in keys]
    return stack.with_masks(
        [torch.as_tensor(np.stack([r.random(m.shape[1:]) < density for r in rngs])) for m in stack.masks]
    )


def same(one, other):
    return all(
        torch.equal(a, b)
        for a, b in zip((*one.weights, *one.biases), (*other.weights, *other.biases), strict=True)
    )

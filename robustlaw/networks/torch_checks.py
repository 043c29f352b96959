"""A module of torch is read as a network only if both are the same function."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from ..errors import MissingCapability
from ..seeds import generator

PROBES = 8
SCALES = (0.1, 1.0, 10.0)
# No activation has a steeper slope, or a value above |z| + 1.
STEEPEST = 1.13
# Granted to each activation, and rounding of an average pool's entries.
ACTIVATION_ULPS = 32
# torch's softplus is the identity above this z, and off by at most exp(-z) there.
SOFTPLUS_THRESHOLD = 20.0


def require_plain(module: nn.Module, known: Sequence[type[nn.Module]]) -> None:
    """Raises MissingCapability where the module computes something else than its type and weights say."""
    for m in module.modules():
        base = next((kind for kind in known if isinstance(m, kind)), None)
        if base is not None:  # what is unknown is refused by its type
            for name, tensor in (*m.named_parameters(recurse=False), *m.named_buffers(recurse=False)):
                _require_real(f"{name} of {type(m).__name__}", tensor)
        if parametrize.is_parametrized(m):
            raise MissingCapability(
                f"{m}: its tensors are parametrised; call torch.nn.utils.parametrize.remove_parametrizations"
            )
        hooks = [*m._forward_hooks.values(), *m._forward_pre_hooks.values()]
        for hook in hooks:
            if not isinstance(hook, prune.BasePruningMethod):
                raise MissingCapability(
                    f"{m}: it has the forward hook {type(hook).__name__}; remove it "
                    "(remove_spectral_norm, remove_weight_norm, handle.remove())"
                )
        if base is not None and (type(m).forward is not base.forward or "forward" in vars(m)):
            raise MissingCapability(
                f"{type(m).__name__} has a forward of its own; build the module of {base.__name__} itself"
            )


def _require_real(name: str, tensor: torch.Tensor) -> None:
    if nn.parameter.is_lazy(tensor):
        raise MissingCapability(f"{name} has no values yet; call the module once on real inputs")
    if tensor.is_meta:
        raise MissingCapability(f"{name} is on the meta device and has no values; load the weights first")
    if not (tensor.is_floating_point() or tensor.dtype == torch.bool):
        raise MissingCapability(f"{name} holds {tensor.dtype}; a Network holds real floating-point weights")


def require_same_function(
    module: nn.Module,
    shape: tuple[int, ...],
    layers: Sequence[tuple[np.ndarray, np.ndarray]],
    name: str,
    forward: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Compares the module in evaluation mode, in float64, with `forward` on a few inputs.

    shape  : of one input of the module
    layers : (W, b) of the network, which with its activation's name give the bound on rounding
    Raises MissingCapability if they differ by more than rounding, or the module refuses the inputs.
    """
    rng = generator("probe", "from_torch")
    x = np.concatenate([s * rng.standard_normal((PROBES, math.prod(shape))) for s in SCALES])
    theirs = _outputs(module, x.reshape(-1, *shape))
    with np.errstate(over="ignore", invalid="ignore"):
        ours, allowed = forward(x), _rounding(x, layers, name)
        if ours.shape != theirs.shape:
            raise MissingCapability(
                f"the module gives {theirs.shape[1:]} numbers an input and the network {ours.shape[1:]}"
            )
        differs = ~((np.abs(theirs - ours) <= allowed) | (np.isinf(allowed)))
    if differs.any():
        raise MissingCapability(
            "the module's own forward is another function than its layers: the largest difference is "
            f"{np.abs(theirs - ours)[differs].max():.3g}; give a plain Sequential that computes the same"
        )


def _rounding(x: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]], name: str) -> np.ndarray:
    """Bound on the difference of two float64 passes: gamma_k times the pass with absolute values.

    k counts the terms of all sums (Higham 2002, section 3.5); the pass through softplus adds its threshold.
    """
    terms = sum(w.shape[1] + 1 + ACTIVATION_ULPS for w, _ in layers)
    gap = math.exp(-SOFTPLUS_THRESHOLD) if name == "softplus" else 0.0
    size, off = np.abs(x), np.zeros_like(x)
    for i, (w, b) in enumerate(layers):
        if i:
            size, off = STEEPEST * size + 1.0, STEEPEST * off + gap
        size, off = size @ np.abs(w).T + np.abs(b), off @ np.abs(w).T
    # one pass each, and the products of an average pool with its neighbour
    return np.asarray(4.0 * terms * 2.0**-53 * size + off)


def _outputs(module: nn.Module, x: np.ndarray) -> np.ndarray:
    named = (*module.named_parameters(), *module.named_buffers())
    wide = {n: t.detach().cpu().double() for n, t in named}
    with _evaluating(module), torch.no_grad():
        try:
            y = torch.func.functional_call(module, wide, (torch.from_numpy(x),))
        except RuntimeError as error:  # torch's error for shapes that do not fit
            raise MissingCapability(
                f"the module's own forward fails on inputs {x.shape} ({error}); is a Flatten missing?"
            ) from error
    return np.asarray(y.reshape(len(x), -1).numpy())


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode; afterwards the modes and the tensors that pruning's hooks have set are as before."""
    before = [
        (m, m.training, {k: v for k, v in vars(m).items() if k in ("weight", "bias")})
        for m in module.modules()
    ]
    try:
        module.eval()
        yield
    finally:
        for m, training, tensors in before:
            m.training = training
            vars(m).update(tensors)

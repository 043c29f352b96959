"""A step neither reads a tensor back nor makes one anywhere but beside the weights."""

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode, resolve_name

from robustlaw.networks import (
    GradientPenalty,
    LipschitzPenalty,
    Mlp,
    Recipe,
    SpectralPenalty,
    StraightThrough,
    TorchDefault,
    batch,
    initial_stack,
    relu_gradients,
)
from robustlaw.networks import chunk as chunks
from robustlaw.networks.chunk import Chunk, chunk_size
from robustlaw.networks.losses import Batch
from robustlaw.networks.parametrise import Masked

READS = {"cpu", "item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__array__", "cuda"}
MAKERS = {
    "tensor",
    "zeros",
    "ones",
    "empty",
    "full",
    "arange",
    "linspace",
    "eye",
    "rand",
    "randn",
    "randperm",
}


class Watched(TorchFunctionMode):
    """Writes down every call that would wait for a device, or make a tensor on the default one."""

    def __init__(self):
        super().__init__()
        self.found, self.calls = [], 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", str(func))
        self.calls += 1
        if name in READS or (name in MAKERS and (kwargs or {}).get("device") is None):
            self.found.append(resolve_name(func) or name)
        return func(*args, **(kwargs or {}))


RECIPES = {
    "adam": Recipe(),
    "sgd": Recipe(optimiser="sgd", momentum=0.9, weight_decay=0.1),
    "ball": Recipe(optimiser="adamw", radius=1.0),
    "free pattern": Recipe(penalty=LipschitzPenalty()),
    "spectral": Recipe(penalty=SpectralPenalty()),
    "gradient": Recipe(penalty=GradientPenalty()),
    "batches": Recipe(batch_size=4, gradient_noise=0.1),
    "logistic": Recipe(loss="cross_entropy"),
}


def chunk_of(recipe, activation="relu"):
    arch = Mlp((3, 5, 1), activation)
    rng = np.random.default_rng(0)
    data = batch([rng.normal(size=(9, 3))], [rng.choice([-1.0, 1.0], 9)])
    stack = initial_stack(arch, list(range(16)), TorchDefault())
    stack = stack.with_masks([torch.as_tensor(rng.random(m.shape) < 0.5) for m in stack.masks])
    return Chunk(list(range(16)), arch, Masked(stack, recipe), data, recipe, list(range(16)))


def torch_product(left, right, out):
    """What `product` does on an accelerator."""
    torch.matmul(left, right, out=out)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_step_stays_on_its_device(recipe, activation, monkeypatch):
    if recipe.penalty == LipschitzPenalty() and activation == "tanh":
        recipe = Recipe()
    monkeypatch.setattr(relu_gradients, "product", torch_product)
    chunk = chunk_of(recipe, activation)
    chunk.step(0)  # draws the first block and makes the optimiser's moments
    with Watched() as watched:
        chunk.step(1)
        chunk.step(2)
    assert watched.calls > 10
    assert watched.found == []


def test_the_watch_sees_what_it_should():
    with Watched() as watched:
        t = torch.zeros(2)
        bool(t.sum() > 0.0)
        t.cpu().numpy()
        torch.zeros(2, device="cpu")
    assert len(watched.found) == 4


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(loss="cross_entropy", batch_size=4)])
def test_products_by_either_library_agree(recipe, monkeypatch):
    ours = chunk_of(recipe)
    for number in range(10):
        ours.step(number)
    monkeypatch.setattr(relu_gradients, "product", torch_product)
    theirs = chunk_of(recipe)
    for number in range(10):
        theirs.step(number)
    assert torch.allclose(ours.packed.values, theirs.packed.values, rtol=1e-5, atol=1e-6)


def test_chunks_are_whole_lanes_and_small_networks_go_more_at_a_time():
    sizes = []
    for h, n in ((100, 500), (50, 200), (8, 30), (1, 1)):
        data = batch([np.ones((n, 3))], [np.ones(n)])
        size = chunk_size(Mlp((3, h, 1)), data, Recipe())
        assert size % 16 == 0
        sizes.append(size)
    assert sizes[:2] == [16, 16]
    assert sizes[1] < sizes[2] < sizes[3] == 1024
    assert chunk_size(Mlp((3, 900, 1)), data, Recipe(lanes=1)) > 1


def test_straight_through_is_clean_but_for_its_search_of_scales():
    """The walk to the best scale asks whether any network improved; nothing else is read back."""
    chunk = chunk_of(Recipe(straight_through=StraightThrough(2, "zero")))
    chunk.step(0)
    with Watched() as watched:
        chunk.step(1)
    assert {name.rpartition(".")[2] for name in watched.found} <= {"__bool__"}


def test_chunks_fill_half_of_an_accelerator(monkeypatch):
    """Twice the free memory takes twice the networks, and what they hold fits."""
    shapes = ((1, 3, 512), (1, 512), (512,))
    data, arch, sizes = Batch(*(torch.empty(s, device="meta") for s in shapes)), Mlp((3, 200, 1)), []
    for free in (2**28, 2**29):
        monkeypatch.setattr(chunks, "_free_bytes", lambda _, free=free: free)
        sizes.append(chunk_size(arch, data, Recipe()))
        assert sizes[-1] * 4 * chunks.COPIES * (arch.parameter_count + 512 * 204) <= free // 2
        assert sizes[-1] % 16 == 0
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=16)
    monkeypatch.setattr(chunks, "_free_bytes", lambda _: 0)
    assert chunk_size(arch, data, Recipe()) == 16

"""Modules of torch become networks with the same function, masks included."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from robustlaw.errors import MissingCapability, NonFinite
from robustlaw.networks import Network


def sequential(activation: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(5, 7), activation, nn.Linear(7, 4, bias=False), activation, nn.Linear(4, 2)
    )


@pytest.mark.parametrize(
    "activation",
    [nn.ReLU(), nn.LeakyReLU(), nn.Tanh(), nn.Sigmoid(), nn.Softplus(), nn.ELU(), nn.GELU(), nn.SiLU()],
    ids=lambda m: type(m).__name__,
)
def test_the_same_function(activation):
    module = sequential(activation).double()
    x = np.random.default_rng(0).normal(size=(50, 5))
    with torch.no_grad():
        wanted = module(torch.as_tensor(x)).numpy()
    np.testing.assert_allclose(Network.from_torch(module).forward(x), wanted, rtol=1e-12, atol=1e-12)


def test_pruned_layers_keep_their_masks_and_are_never_stale():
    module = sequential(nn.ReLU())
    prune.random_unstructured(module[0], "weight", amount=12)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.5, weight_decay=0.1)
    module(torch.ones(3, 5)).sum().backward()
    optimiser.step()
    net = Network.from_torch(module)
    assert net.masks[0].sum() == 35 - 12
    assert np.all(net.weights[0][~net.masks[0]] == 0.0)
    with torch.no_grad():
        wanted = module(torch.ones(1, 5)).numpy()
    np.testing.assert_allclose(net.forward(np.ones((1, 5))), wanted, rtol=1e-5)


def test_dropout_flatten_and_nesting_are_transparent():
    inner = nn.Sequential(nn.Flatten(), nn.Linear(6, 3), nn.ReLU(), nn.Dropout())
    net = Network.from_torch(nn.Sequential(inner, nn.Identity(), nn.Linear(3, 1)))
    assert net.arch.widths == (6, 3, 1)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv1d(1, 1, 2), nn.ReLU(), nn.Linear(2, 1)),
        nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)),
        nn.Sequential(nn.Linear(2, 2), nn.ReLU()),
        nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)),
        nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.3), nn.Linear(2, 1)),
        nn.Sequential(nn.Linear(2, 2), nn.GELU(approximate="tanh"), nn.Linear(2, 1)),
        nn.Sequential(),
    ],
    ids=["convolution", "no activation", "open end", "two kinds", "other slope", "other gelu", "empty"],
)
def test_what_a_network_cannot_hold_is_named(module):
    with pytest.raises(MissingCapability):
        Network.from_torch(module)


def test_infinite_weights_are_refused():
    module = nn.Sequential(nn.Linear(2, 1))
    with torch.no_grad():
        module[0].weight.fill_(float("inf"))
    with pytest.raises(NonFinite):
        Network.from_torch(module)

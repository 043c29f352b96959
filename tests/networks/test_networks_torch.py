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


class OwnMask(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, self.weight * (self.weight > 0.0), self.bias)


class Tenfold(nn.Sequential):
    def forward(self, x):
        return 10.0 * super().forward(x)


class Quiet(nn.ReLU):
    """A subclass that is caught by its type alone."""


def hooked(pre: bool) -> nn.Module:
    module = sequential(nn.ReLU())
    if pre:
        module[1].register_forward_pre_hook(lambda _, inputs: (3.0 * inputs[0],))
    else:
        module[0].register_forward_hook(lambda _, __, output: 5.0 * output)
    return module


def first(change) -> nn.Module:
    module = sequential(nn.ReLU())
    module[0] = change(module[0])
    return module


def on_one_instance() -> nn.Module:
    module = sequential(nn.ReLU())
    module[0].forward = lambda x: 2.0 * nn.functional.linear(x, module[0].weight, module[0].bias)
    return module


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "build",
    [
        lambda: first(nn.utils.spectral_norm),
        lambda: first(nn.utils.parametrizations.spectral_norm),
        lambda: first(nn.utils.weight_norm),
        lambda: first(nn.utils.parametrizations.weight_norm),
        lambda: first(lambda _: OwnMask(5, 7)),
        lambda: Tenfold(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 1)),
        lambda: nn.Sequential(nn.Linear(5, 7), Quiet(), nn.Linear(7, 1)),
        lambda: hooked(True),
        lambda: hooked(False),
        on_one_instance,
        lambda: sequential(nn.Softplus(threshold=0.1)),
        lambda: sequential(nn.ReLU()).to(torch.complex64),
        lambda: first(lambda _: nn.LazyLinear(7)),
        lambda: sequential(nn.ReLU()).to("meta"),
    ],
    ids=[
        "old spectral norm",
        "spectral norm",
        "old weight norm",
        "weight norm",
        "linear with a mask of its own",
        "sequential with a forward of its own",
        "subclass of an activation",
        "hook before",
        "hook after",
        "forward of one instance",
        "softplus threshold",
        "complex",
        "lazy",
        "meta",
    ],
)
def test_a_module_that_computes_something_else_is_refused(build):
    with pytest.raises(MissingCapability):
        Network.from_torch(build())


def test_what_no_rule_foresees_is_caught_by_comparing_outputs():
    class Rescaled(nn.Conv1d):
        def _conv_forward(self, x, weight, bias):
            return 2.0 * super()._conv_forward(x, weight, bias)

    with pytest.raises(MissingCapability, match="largest difference"):
        Network.from_torch(nn.Sequential(Rescaled(1, 2, 2), nn.Flatten()), input_shape=(1, 4))
    without_flatten = nn.Sequential(nn.Conv1d(2, 2, 2), nn.ReLU(), nn.Linear(6, 1))
    with pytest.raises(MissingCapability, match="Flatten"):
        Network.from_torch(without_flatten, input_shape=(2, 4))


def test_a_pruned_bias_is_rebuilt_from_its_mask():
    module = sequential(nn.ReLU())
    prune.random_unstructured(module[0], "bias", amount=3)
    with torch.no_grad():
        module[0].bias_orig.add_(2.0)
        wanted = (module[0].bias_orig * module[0].bias_mask).double().numpy()
    np.testing.assert_array_equal(Network.from_torch(module).biases[0], wanted)


def test_reading_leaves_the_module_as_it_was():
    module = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Dropout(), nn.Linear(7, 1)).train()
    prune.random_unstructured(module[0], "weight", amount=12)
    module[3].eval()
    modes = [m.training for m in module.modules()]
    stale, state = module[0].weight, {k: v.clone() for k, v in module.state_dict().items()}
    Network.from_torch(module)
    assert [m.training for m in module.modules()] == modes
    assert module[0].weight is stale
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert module[0].weight_orig.dtype == torch.float32


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
def test_narrow_weights_are_compared_in_double_precision(kind):
    net = Network.from_torch(sequential(nn.GELU()).to(kind))
    assert net.weights[0].dtype == np.float64


def test_large_softplus_inputs_pass_the_threshold():
    module = sequential(nn.Softplus())
    with torch.no_grad():
        module[0].weight.mul_(100.0)
    assert Network.from_torch(module).arch.activation == "softplus"

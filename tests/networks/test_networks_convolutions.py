"""Convolutions as matrices: the same numbers as torch, in float64."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from robustlaw.errors import InvalidArgument, MissingCapability, ShapeMismatch
from robustlaw.lipschitz import bracket, check
from robustlaw.networks import Network


def same(module, shape, pooled=False):
    torch.manual_seed(0)
    module = module.double()
    net = Network.from_torch(module, input_shape=shape)
    x = torch.randn(7, *shape, dtype=torch.float64)
    with torch.no_grad():
        wanted = module(x).reshape(7, -1).numpy()
    np.testing.assert_allclose(net(x.reshape(7, -1).numpy()), wanted, rtol=1e-12, atol=1e-13)
    return net


@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
@pytest.mark.parametrize("padding", [0, 1, (2, 0), "valid"])
@pytest.mark.parametrize("dilation", [1, (1, 2)])
def test_conv2d(stride, padding, dilation):
    same(nn.Sequential(nn.Conv2d(2, 3, (3, 2), stride, padding, dilation)), (2, 6, 5))


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
@pytest.mark.parametrize("kernel", [2, 3, 4])
def test_same_padding_puts_the_odd_zero_where_torch_does(kernel):
    same(nn.Sequential(nn.Conv1d(2, 2, kernel, padding="same", dilation=2)), (2, 9))
    same(nn.Sequential(nn.Conv2d(1, 2, kernel, padding="same", bias=False)), (1, 5, 6))


def test_a_whole_network_with_pools_and_its_bracket():
    module = nn.Sequential(
        *(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(2, 3, 3, stride=2)),
        *(nn.ReLU(), nn.Flatten(), nn.Linear(3, 2)),
    )
    net = same(module, (1, 7, 7))
    assert net.arch.widths == (49, 98, 3, 2)
    found = bracket(net, "fast")
    x = np.random.default_rng(0).standard_normal((300, 49)) * 3
    assert np.linalg.norm(net.gradients(x), 2, axis=(1, 2)).max() <= found.upper
    assert found.lower > 0.0
    assert check(net, found).reasons == ()


def test_a_known_lipschitz_constant():
    """Differences of neighbours on a line of 4: the norm of the matrix is 2 cos(pi / 8)."""
    conv = nn.Conv1d(1, 1, 2, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[1.0, -1.0]]]))
    net = same(nn.Sequential(conv), (1, 4))
    assert bracket(net).upper == pytest.approx(2 * np.cos(np.pi / 8), rel=1e-12)
    assert net.kept == 6


def test_pruned_kernels_are_masks_wherever_they_act():
    conv = nn.Conv2d(1, 1, 2)
    prune.custom_from_mask(conv, "weight", torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]]))
    net = same(nn.Sequential(conv, nn.Tanh(), nn.Flatten(), nn.Linear(4, 1)), (1, 3, 3))
    assert net.masks[0].sum() == 8


def test_what_cannot_be_a_network_is_named():
    conv = nn.Conv2d(2, 2, 3)
    for module, shape in (
        (conv, None),
        (nn.Conv2d(2, 2, 3, groups=2), (2, 5, 5)),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), (2, 5, 5)),
        (nn.ConvTranspose2d(2, 2, 3), (2, 5, 5)),
        (nn.Sequential(conv, nn.MaxPool2d(2), nn.Conv2d(2, 2, 1)), (2, 5, 5)),
        (nn.Sequential(conv, nn.AvgPool2d(2, padding=1)), (2, 5, 5)),
        (nn.Sequential(conv, conv), (2, 9, 9)),
        (nn.Conv2d(2, 99, 3, padding=1), (2, 99, 99)),
    ):
        with pytest.raises(MissingCapability):
            Network.from_torch(module, input_shape=shape)
    for module, shape in ((conv, (2, 2, 2)), (conv, (3, 5, 5)), (conv, (2, 5)), (nn.Linear(3, 1), (4,))):
        with pytest.raises(ShapeMismatch):
            Network.from_torch(module, input_shape=shape)
    for shape in ((2, 0, 5), (2, -5, 5)):
        with pytest.raises(InvalidArgument):
            Network.from_torch(conv, input_shape=shape)

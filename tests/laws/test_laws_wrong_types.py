"""What a user may hand to brackets, ledgers and laws by mistake: always a named error."""

import pytest
from unchecked import outcomes

SETUP = """
from robustlaw.accounting import Code, describe
from robustlaw.laws import DescriptionLength
net = rl.Network.from_arrays([(np.ones((2, 3)), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))])
sample = rl.Problem(data.Gaussian(3)).sample(20, 0)
"""
WRONG = [
    "rl.lipschitz.bracket('net.npz')",
    "rl.lipschitz.bracket(None)",
    "rl.lipschitz.bracket(torch.nn.Linear(3, 1))",
    "rl.lipschitz.bracket_stack(net)",
    "rl.lipschitz.bracket_stack(3)",
    "rl.lipschitz.bracket(net, points='a')",
    "rl.lipschitz.bracket(net, points=1j * np.ones((2, 3)))",
    "rl.Bracket('a', 1)",
    "rl.Bracket(None, 1)",
    "describe('a')",
    "DescriptionLength('0.05')",
    "DescriptionLength(None)",
    "DescriptionLength(codes=Code(8))",
    "DescriptionLength(codes=(8,))",
    "DescriptionLength(forget='mask')",
    "DescriptionLength().check(net, (sample.x, sample.y))",
    "DescriptionLength().check(sample, net)",
]


@pytest.fixture(scope="module")
def found():
    return outcomes(SETUP, [*WRONG, "DescriptionLength(codes=(Code(2),)).check(net, sample)"])


@pytest.mark.parametrize("text", WRONG)
def test_wrong_types_are_named(found, text):
    assert found[text].startswith(("InvalidArgument", "ShapeMismatch")), found[text]


def test_the_right_types_are_fine(found):
    assert found["DescriptionLength(codes=(Code(2),)).check(net, sample)"] == "fine"

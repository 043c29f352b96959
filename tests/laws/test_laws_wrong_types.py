"""What a user may hand to brackets, ledgers and laws by mistake: always a named error."""

import pytest
from unchecked import outcomes

SETUP = """
from robustlaw.accounting import Code, describe
from robustlaw.laws import *
from robustlaw.accounting import *
from robustlaw.evidence import Bracket, Estimate
mask = FixedSizeMask(3, 1)
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
    "SparseSharp(ledger=mask)",
    "InformationLaw('a')",
    "InformationLaw(ledger=3)",
    "InformationLaw().check(3)",
    "InformationLaw().check([(net,)])",
    "InformationLaw().check([(sample, net)])",
    "InformationLaw().check([(net, sample)], 3)",
    "InformationLaw().check([(net, sample)], [1.0])",
    "VcAnalogue(dimension=1.5)",
    "VcAnalogue().check([(net, sample, 3)])",
    "RademacherAnalogue(loss=[])",
    "RademacherAnalogue(rademacher='a')",
    "FixedSizeMask('a', 2)",
    "MeasuredMask(0.5)",
    "MeasuredMask(Estimate(1.0, 'x'))",
    "MeasuredMask(Bracket(0.0, 1.0, unit='nats'))",
    "SubsetOfData(None)",
    "SubsetOfData(Bracket(0.0, 1.0, unit='bits'))",
    "PureDpScores('a', 3)",
    "TrainedWeights(3.0)",
    "NetWeights(3, 'a', 1, 1)",
    "FrozenWeights('a')",
    "Repeated(3, 2)",
    "Independent((3,))",
    "either(mask, 3)",
    "mean_kept('a', 3, 0.1)",
    "pruning_rounds(3)",
    "Accountant(3)",
    "Accountant().ledger(3)",
    "Accountant().ledger([3])",
    "Accountant().ledger([FixedSizeMask])",
    "EffectiveParameters(3, 1, 1, 1, 1)",
]
NAMES = (
    "InvalidArgument",
    "ShapeMismatch",
    "UnknownName",
    "HeuristicInVerdict",
    "WrongTarget",
    "MixedUnits",
    "UnknownEvent",
)


@pytest.fixture(scope="module")
def found():
    return outcomes(SETUP, [*WRONG, "DescriptionLength(codes=(Code(2),)).check(net, sample)"])


@pytest.mark.parametrize("text", WRONG)
def test_wrong_types_are_named(found, text):
    assert found[text].startswith(NAMES), found[text]


def test_the_right_types_are_fine(found):
    assert found["DescriptionLength(codes=(Code(2),)).check(net, sample)"] == "fine"

"""Wrong types get a named error, in a process where nothing else checks them."""

import pytest
from unchecked import outcomes

SETUP = """
from robustlaw.pruning import Random, Snip
arch, sample = rl.Mlp((4, 8, 1)), rl.Problem(data.Gaussian(4)).sample(10, 0)
short = networks.Recipe(steps=1)
def train(arch=arch, data=sample, pruner=Random(0.5), seeds=(0,), recipe=short, **more):
    return rl.train(arch, data, pruner, seeds, recipe, **more)
"""
REFUSED = {
    "train(pruner='snip')": "pruner = snip",
    "train(pruner=Snip)": "pruner = ",
    "train(seeds=3)": "seeds = 3",
    "train(seeds='abc')": "seeds = abc",
    "train(seeds=[0.5])": "seeds = 0.5",
    "train(seeds=[])": "seeds = []",
    "train(arch=(4, 8, 1))": "arch = ",
    "train(recipe='sgd')": "recipe = sgd",
    "train(data=(sample.x, sample.y))": "data = ",
    "train(data=[])": "data = 0",
    "train(data='abc')": "data = a",
    "train(data=3)": "data = 3",
    "train(maskable='W1')": "maskable = W1",
    "train(densities=0.5)": "densities = 0.5",
    "train(densities=['a'])": "density = a",
    "pruning.NoisyTopK('Snip', 1.0)": "pruner = Snip",
    "pruning.NoisyTopK(Snip, 1.0)": "pruner = ",
    "pruning.NoisyTopK(Snip(0.5), 'a')": "scale = a",
    "pruning.Shuffled('Snip')": "pruner = Snip",
    "pruning.Reinitialised(Snip)": "pruner = ",
    "pruning.Inverted(pruning.IterativeMagnitude(0.5))": "pruner = ",
    "pruning.OnSubset(Snip, 0.5)": "pruner = ",
    "pruning.OnSubset(Snip(0.5), 'a')": "density = a",
    "pruning.OnSubset(Snip(0.5), 0.5, 'best')": "order = best",
    "pruning.OnSubset(Snip(0.5), 0.5, early=2.5)": "early = 2.5",
    "pruning.matched_random('Snip')": "pruner = Snip",
    "pruning.Force(0.5, rounds='a')": "rounds = a",
    "pruning.RigL(0.5, every=1.5)": "every = 1.5",
    "pruning.RigL(0.5, layers='thick')": "layers = thick",
    "pruning.GradualMagnitude(0.5, end='a')": "end = a",
    "pruning.Grasp(0.5, temperature='a')": "temperature = a",
    "pruning.EdgePopup(0.5, source='a')": "density = a",
    "pruning.Balanced(0.5, min_per_layer=0.5)": "min_per_layer = 0.5",
    "pruning.IterativeMagnitude(0.5, rewind='all')": "rewind = all",
    "Random('a')": "density = a",
    "Random(0.5, include_biases='b1')": "include_biases = b1",
    "Random(0.5, include_biases=1)": "include_biases = 1",
    "pruning.EdgePopup(0.5, include_biases=True)": "EdgePopup cannot mask biases",
    "Random(None)": "density = None",
    "pruning.IterativeMagnitude(0.5, rate='a')": "rate = a",
    "pruning.IterativeMagnitude(0.5, rewind_to=1.5)": "rewind_to = 1.5",
    "networks.Recipe(frozen='W1')": "frozen = W1",
    "networks.Recipe(steps='a')": "steps = a",
    "networks.Recipe(steps=2.5)": "steps = 2.5",
    "networks.Recipe(learning_rate='a')": "learning_rate = a",
}
ACCEPTED = [
    "train(seeds=np.arange(2))",
    "train(seeds=['a', np.int64(1)])",
    "train(maskable=['W1'])",
    "train(data=[sample])",
    "train(pruner=None, recipe=None)",
    "train(pruner=Random(np.float64(0.5)))",
]


@pytest.fixture(scope="module")
def found():
    return outcomes(SETUP, [*REFUSED, *ACCEPTED])


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_wrong_types_are_named(found, text, says):
    assert not found[text].startswith(("raw", "fine"))
    assert says in found[text]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_means_the_same_is_accepted(found, text):
    assert found[text] == "fine"

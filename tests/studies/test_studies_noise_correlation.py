"""Rounds of training against the same rounds by torch's own optimiser and layers."""

import numpy as np
import pytest
import torch

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.networks import Mlp
from robustlaw.networks.initialise import TorchDefault, initial_stack
from robustlaw.studies import noise_correlation as study
from robustlaw.studies.noise_correlation import CorrelationConfig, problem, run

SMALL = {"widths": [6, 9, 8, 1], "teacher": [6, 5, 1], "n": 40, "fresh": 50, "epochs": 12, "rounds": 3}
SMALL |= {"marks": [0, 3, 11], "learning_rate": 0.02}


def config(**changes):
    return {"seed": 5, **SMALL, **changes}


class Reference:
    """One network trained by torch.optim.Adam, pruned by magnitude over all its weights, and rewound."""

    def __init__(self, cell):
        self.cell, self.drawn = cell, problem(cell)
        start = initial_stack(Mlp(cell.widths), [f"noise correlation {cell.seed}"], TorchDefault())
        self.weights = [w[0].clone().requires_grad_() for w in start.weights]
        self.biases = [b[0].clone().requires_grad_() for b in start.biases]
        self.initial = [p.detach().clone() for p in (*self.weights, *self.biases)]
        self.masks = [torch.ones_like(w) for w in self.weights]
        self.x, self.y = self.drawn.data.columns[0].T[: cell.n], self.drawn.data.labels[0][: cell.n]

    def __call__(self, x):
        for i, (w, b, m) in enumerate(zip(self.weights, self.biases, self.masks, strict=True)):
            x = x @ (w * m).T + b
            x = torch.relu(x) if i < len(self.weights) - 1 else x
        return x[:, 0]

    @torch.no_grad()
    def correlation(self):
        outputs, mean = self(self.x).double(), self(self.drawn.fresh[0].T).double().mean()
        return float(((outputs - mean) * self.drawn.noise).mean())

    def optimiser(self):
        return torch.optim.Adam([*self.weights, *self.biases], self.cell.learning_rate)

    def train(self, optimiser):
        found = []
        for _ in range(self.cell.epochs):
            optimiser.zero_grad()
            ((self(self.x) - self.y) ** 2).mean().backward()
            optimiser.step()
            found.append(self.correlation())
        return found

    @torch.no_grad()
    def prune(self, count):
        """Keep the `count` largest surviving weights and put everything back."""
        sizes = torch.cat([(w * m).abs().flatten() for w, m in zip(self.weights, self.masks, strict=True)])
        least = sizes.sort(descending=True).values[count - 1]
        for w, m in zip(self.weights, self.masks, strict=True):
            m.copy_((w * m).abs() >= least)
        for p, value in zip((*self.weights, *self.biases), self.initial, strict=True):
            p.copy_(value)


@pytest.mark.parametrize("moments", ["kept", "new"])
def test_rounds_are_those_of_torch(moments):
    cell = CorrelationConfig.of(config(moments=moments))
    (told,), reference = run([cell.plain()]), Reference(cell)
    optimiser, count = reference.optimiser(), Mlp(cell.widths).weight_count
    for number, row in enumerate(told["rounds"]):
        if moments == "new":
            optimiser = reference.optimiser()
        assert row["kept"] == count == sum(int(m.sum()) for m in reference.masks)
        assert row["mask_only"] == pytest.approx(reference.correlation(), abs=2e-5)
        curve = reference.train(optimiser)
        # float32 steps in two orders of summation drift apart; another optimiser state is at .01 and more
        assert row["x"] == pytest.approx([curve[m] for m in cell.marks], abs=2e-3), number
        assert row["last"] == pytest.approx(curve[-1], abs=2e-3)
        count -= count // 5
        reference.prune(count)
    assert len(told["rounds"]) == cell.rounds


def test_kept_moments_are_another_thing_from_the_second_round_on():
    kept, new = run([config(moments="kept")])[0], run([config(moments="new")])[0]
    assert kept["rounds"][0] == new["rounds"][0]
    assert np.abs(np.subtract(kept["rounds"][1]["x"], new["rounds"][1]["x"])).max() > 0.01


def test_a_mark_past_the_last_epoch_is_its_end():
    (told,) = run([config(marks=[0, 50])])
    assert all(row["x"][1] == row["last"] for row in told["rounds"])


def test_shuffled_masks_keep_the_counts_of_layers():
    masks = [torch.arange(12).view(1, 3, 4) < 5, torch.arange(6).view(1, 2, 3) < 2]
    moved = study.shuffled(masks, 0, 1)
    assert [int(m.sum()) for m in moved] == [5, 2]
    assert any(not torch.equal(a, b) for a, b in zip(masks, moved, strict=True))


def test_settings_of_the_problem():
    plain = problem(CorrelationConfig.of(config()))
    narrow = problem(CorrelationConfig.of(config(spread=0.1)))
    assert torch.allclose(narrow.fresh, 0.1 * plain.fresh)
    strong = problem(CorrelationConfig.of(config(power=4.0)))
    clean = strong.data.labels[0].double()[:40] - strong.noise
    assert float((clean**2).mean()) == pytest.approx(4.0, rel=1e-5)
    shared = [problem(CorrelationConfig.of(config(seed=s, shared_noise=True))).noise for s in (0, 1)]
    assert torch.equal(*shared)
    assert not torch.equal(plain.noise, shared[0])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"moments": "lost"}, UnknownName),
        ({"initialisation": "warm"}, UnknownName),
        ({"spread": 0.0}, InvalidArgument),
        ({"power": -1.0}, InvalidArgument),
        ({"rounds": 0}, InvalidArgument),
        ({"marks": [-1]}, InvalidArgument),
    ],
)
def test_wrong_settings(changes, error):
    with pytest.raises(error):
        CorrelationConfig.of(config(**changes))

"""Masks without their networks: `choose` is what `run` ends with, `choose_at` is `choose` count by count."""

import pytest
import torch
from pruning_runs import ARCH, PRUNERS, QUICK, sample
from scipy import stats

import robustlaw as rl
from robustlaw.errors import InvalidArgument
from robustlaw.networks import batch, initial_stack
from robustlaw.pruning import MagnitudeAtInit, NoisyTopK, Random, Session, Snip

KEYS = (3, 4, 3)
EVERY = pytest.mark.parametrize("kind", list(PRUNERS))


def session(count):
    data = sample()
    start = initial_stack(ARCH, list(KEYS), QUICK.initialisation)
    return Session(start, batch([data.x], [data.y]), QUICK, KEYS, (count,) * 3, ("W1", "W2"))


@EVERY
def test_choose_gives_the_masks_that_run_ends_with(kind):
    masks = PRUNERS[kind](0.5).choose(session(28))
    trained = rl.train(ARCH, sample(), PRUNERS[kind](0.5), KEYS, QUICK)
    assert all(torch.equal(a, b) for a, b in zip(masks, trained.masks, strict=True))


@EVERY
@pytest.mark.parametrize("counts", [(56, 28, 27, 5), (1,), (56,), (9, 40)])
def test_choose_at_is_choose_at_every_count(kind, counts):
    pruner = PRUNERS[kind](0.5)
    together = pruner.choose_at(session(28), counts)
    assert len(together) == len(counts)
    for masks, count in zip(together, counts, strict=True):
        alone = pruner.choose(session(count))
        assert all(torch.equal(a, b) for a, b in zip(masks, alone, strict=True))


def test_without_noise_noisy_top_k_is_its_pruner():
    for pruner in (Snip(0.3), MagnitudeAtInit(0.3), Random(0.3)):
        clean, blurred = pruner.choose(session(17)), NoisyTopK(pruner, 0.0).choose(session(17))
        assert all(torch.equal(a, b) for a, b in zip(clean, blurred, strict=True))


def test_much_noise_makes_any_scores_random():
    keys = tuple(range(400))
    start = initial_stack(ARCH, list(keys), QUICK.initialisation)
    data = sample()
    wide = Session(start, batch([data.x], [data.y]), QUICK, keys, (28,) * 400, ("W1", "W2"))
    masks = NoisyTopK(Snip(0.5), 1e6).choose(wide)
    kept = torch.cat([m.flatten(1) for m in masks], dim=1).sum(0).double()
    # hypergeometric counts: a chi-square statistic with 55 degrees of freedom
    statistic = float(((kept - 200.0) ** 2).sum() / (400 * 0.25) * 55 / 56)
    assert statistic < stats.chi2.ppf(1.0 - 1e-6, 55)


def test_noise_cannot_be_negative():
    for scale in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument, match="scale"):
            NoisyTopK(Snip(0.5), scale)


def test_noisy_top_k_inherits_what_the_mask_looks_at():
    noisy = NoisyTopK(Snip(0.25), 0.1)
    assert (noisy.density, noisy.dependence) == (0.25, Snip.dependence)
    assert "Snip" in noisy.name
    assert noisy == NoisyTopK(Snip(0.25), 0.1) != NoisyTopK(Snip(0.25), 0.2)

"""Coded grids: nearest levels, best scales, and gradients that pass straight through."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument
from robustlaw.networks import grid
from robustlaw.networks.grid import (
    MAX_BITS,
    SCALE_SEARCH,
    STEPS_PER_OCTAVE,
    best_exponent,
    check_bits,
    level_index,
    level_value,
    round_to_grid,
    scale_of,
)

BITS = st.integers(1, MAX_BITS)
FEW_BITS = st.integers(1, 6)
SEEDS = st.integers(0, 10**6)
TAILS = st.sampled_from(["normal", "student", "spike", "constant"])


def matrices(seed, tail, scale=1.0, nets=3, shape=(4, 5)):
    rng = np.random.default_rng(seed)
    full = (nets, *shape)
    values = {
        "normal": lambda: rng.normal(size=full),
        "student": lambda: rng.standard_t(2, size=full),
        "spike": lambda: np.where(rng.random(full) < 0.1, 100.0, 0.01) * rng.choice([-1.0, 1.0], full),
        "constant": lambda: rng.choice([-0.7, 0.7], full),
    }[tail]()
    kept = torch.as_tensor(rng.random(full) < 0.7)
    return torch.as_tensor(scale * values).masked_fill(~kept, 0.0), kept


def brute_levels(exponent, bits):
    scale = 2.0 ** (exponent / STEPS_PER_OCTAVE)
    return scale * (np.arange(2**bits) - (2**bits - 1) / 2.0)


def brute_error(values, kept, exponent, bits):
    """Squared error of the nearest levels, network by network."""
    levels = brute_levels(exponent, bits)
    entries = values[kept].numpy()
    if bits > 8:  # neighbours only; searched rather than tabulated
        place = np.clip(np.searchsorted(levels, entries), 1, len(levels) - 1)
        return (np.minimum(np.abs(entries - levels[place - 1]), np.abs(entries - levels[place])) ** 2).sum()
    return (np.abs(entries[:, None] - levels[None, :]).min(1) ** 2).sum()


@pytest.mark.parametrize("bits", [1, 2, 3, 8, 16])
@pytest.mark.parametrize("exponent", [-37, 0, 11])
def test_levels_and_indices_are_inverse(bits, exponent):
    index = torch.arange(2**bits, dtype=torch.float64)
    scale = scale_of(torch.tensor(float(exponent), dtype=torch.float64))
    levels = level_value(index, scale, bits)
    assert torch.equal(level_index(levels, scale, bits), index)
    assert np.allclose(levels.numpy(), brute_levels(exponent, bits), rtol=1e-14, atol=0.0)
    assert torch.equal(levels, -levels.flip(0))


@given(st.floats(-50, 50), FEW_BITS, st.integers(-20, 20))
def test_the_level_is_the_nearest(value, bits, exponent):
    scale = scale_of(torch.tensor(float(exponent), dtype=torch.float64))
    x = torch.tensor(value, dtype=torch.float64)
    rounded = float(level_value(level_index(x, scale, bits), scale, bits))
    nearest = np.abs(brute_levels(exponent, bits) - value).min()
    assert abs(rounded - value) <= nearest + 1e-13 * (1.0 + abs(value) + float(scale) * 2**bits)


def test_ties_go_up_and_one_bit_is_a_sign():
    one = torch.ones((), dtype=torch.float64)
    assert float(level_index(torch.tensor(0.0), one, 1)) == 1.0
    assert float(level_index(torch.tensor(0.0), one, 4)) == 8.0
    values = torch.tensor([-5.0, -0.1, 0.1, 7.0])
    assert level_value(level_index(values, one, 1), one, 1).tolist() == [-0.5, -0.5, 0.5, 0.5]


@given(SEEDS, TAILS, BITS, st.sampled_from([1e-6, 1.0, 3e4]))
def test_the_exponent_is_the_best_of_its_window_and_beats_its_neighbours(seed, tail, bits, scale):
    values, kept = matrices(seed, tail, scale)
    chosen = best_exponent(values, kept, bits)
    assert chosen.shape == (3, 1, 1)
    assert torch.equal(chosen, chosen.round())
    for net in range(3):
        entries = np.abs(values[net][kept[net]].numpy())
        guess = round(STEPS_PER_OCTAVE * np.log2(2.0 * entries.mean() * (1.0 + 0.35 * bits) / 2**bits))
        mine = brute_error(values[net], kept[net], int(chosen[net]), bits)
        others = [
            brute_error(values[net], kept[net], j, bits)
            for j in (
                *range(guess - SCALE_SEARCH, guess + SCALE_SEARCH + 1),
                int(chosen[net]) - 1,
                int(chosen[net]) + 1,
            )
        ]
        # rounding of 20 squares against the size of the values themselves
        slack = 1e-13 * mine + 1e-28 * float((entries**2).sum())
        assert mine <= min(others) + slack


@given(SEEDS, TAILS, FEW_BITS)
def test_the_exponent_moves_with_octaves_and_does_not_see_masked_entries(seed, tail, bits):
    values, kept = matrices(seed, tail)
    chosen = best_exponent(values, kept, bits)
    assert torch.equal(best_exponent(4.0 * values, kept, bits), chosen + 2 * STEPS_PER_OCTAVE)
    noisy = torch.where(kept, values, torch.full_like(values, 1e6))
    assert torch.equal(best_exponent(noisy, kept, bits), chosen)
    for net in range(3):
        assert torch.equal(best_exponent(values[net : net + 1], kept[net : net + 1], bits)[0], chosen[net])


def test_nothing_kept_has_exponent_zero_and_rounds_to_zero():
    values, kept = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4, dtype=torch.bool)
    kept[1] = True
    exponent = best_exponent(values + 1.0, kept, 2)
    assert float(exponent[0]) == 0.0
    rounded = round_to_grid(values, kept, 2)
    assert not rounded[0].any()
    assert not torch.signbit(rounded[0]).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(seed=SEEDS, bits=FEW_BITS)
def test_rounding_lands_on_the_levels_themselves(dtype, seed, bits):
    values, kept = matrices(seed, "normal")
    values = values.to(dtype)
    rounded = round_to_grid(values, kept, bits)
    scale = scale_of(best_exponent(values, kept, bits))
    levels = level_value(torch.arange(2**bits, dtype=dtype), scale, bits)
    for net in range(3):
        assert set(rounded[net][kept[net]].tolist()) <= set(levels[net, 0].tolist())
        off = rounded[net][~kept[net]]
        assert not off.any()
        assert not torch.signbit(off).any()


@given(SEEDS, FEW_BITS)
def test_gradients_pass_straight_through(seed, bits):
    values, kept = matrices(seed, "normal")
    upstream = torch.as_tensor(np.random.default_rng(seed).normal(size=values.shape))
    leaf = values.clone().requires_grad_()
    (round_to_grid(leaf, kept, bits) * upstream).sum().backward()
    assert torch.equal(leaf.grad[kept], upstream[kept])


@pytest.mark.parametrize("bits", [0, -1, MAX_BITS + 1])
def test_bits_out_of_range(bits):
    with pytest.raises(InvalidArgument, match="bits"):
        check_bits(bits)


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zeros_are_rounded_without_error_and_found_without_a_walk(bits, dtype, monkeypatch):
    """The scale of zeros is the largest without an error; beside them others get what they get alone."""
    values = torch.zeros(3, 4, 5, dtype=dtype)
    values[1] = torch.linspace(-1.0, 3.0, 20, dtype=dtype).view(4, 5)
    kept = torch.ones(3, 4, 5, dtype=torch.bool)
    kept[2] = False
    looks, error = [], grid._error
    monkeypatch.setattr(grid, "_error", lambda *given: looks.append(1) or error(*given))
    chosen = best_exponent(values, kept, bits)
    assert len(looks) < 60
    assert torch.equal(chosen[1:2], best_exponent(values[1:2], kept[1:2], bits))
    assert chosen[2] == 0.0
    assert error(values, kept, grid.scale_of(chosen), bits)[0] == 0.0
    if dtype == torch.float64:  # in float32 the whole window around the guess is without error
        assert error(values, kept, grid.scale_of(chosen + 1.0), bits)[0] > 0.0

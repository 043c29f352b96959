"""The window of densities: exact chances against Monte Carlo and against each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import errors
from robustlaw.data.two_patches import TwoPatches
from robustlaw.pruning import signal_window as window

DENSITY = st.floats(0.02, 0.98)
NEURONS = st.integers(1, 12)
CLASSES = st.integers(2, 5)
DELTA = st.floats(0.01, 0.6)


@given(DENSITY, NEURONS, CLASSES, st.integers(0, 2**31))
def test_chances_are_frequencies_of_masks(density, neurons, classes, seed):
    draws = 4000
    rng = np.random.default_rng(seed)
    kept = rng.random((draws, classes, neurons)) < density
    live = kept & (rng.standard_normal(kept.shape) > 0.0)
    seen = kept.any(axis=2)
    for chance, event in (
        (window.coverage(density, neurons), seen[:, 0]),
        (window.all_covered(density, neurons, classes), seen.all(axis=1)),
        (window.none_covered(density, neurons, classes), ~seen.any(axis=1)),
        (window.none_live(density, neurons, classes), ~live.any(axis=(1, 2))),
    ):
        # three standard deviations, and one draw where the chance is so small that they are none
        reach = 3.0 * math.sqrt(chance * (1.0 - chance) / draws) + 3.0 / draws
        assert abs(event.mean() - chance) <= reach


@given(NEURONS, CLASSES, DELTA)
def test_the_exact_edge_is_where_the_chance_is_and_the_union_bound_is_above(neurons, classes, delta):
    exact = window.exact_covering_density(neurons, classes, delta)
    union = window.covering_density(neurons, classes, delta)
    assert window.all_covered(exact, neurons, classes) == pytest.approx(1.0 - delta, abs=1e-9)
    assert exact <= union
    assert window.all_covered(union, neurons, classes) >= 1.0 - delta
    assert classes * (1.0 - union) ** neurons == pytest.approx(delta, rel=1e-9)


@given(DENSITY, NEURONS, CLASSES)
def test_chances_are_ordered(density, neurons, classes):
    every, none = (f(density, neurons, classes) for f in (window.all_covered, window.none_covered))
    assert every <= window.coverage(density, neurons) <= 1.0 - none + 1e-12
    assert none <= window.none_live(density, neurons, classes)
    assert window.coverage(density, neurons) <= window.coverage(density, neurons + 1)


def test_the_ends_of_the_density():
    assert window.coverage(1.0, 3) == window.all_covered(1.0, 3, 2) == 1.0
    assert window.coverage(0.0, 3) == 0.0
    assert window.none_covered(0.0, 3, 2) == 1.0


@given(st.integers(2, 5), st.integers(5, 800), st.floats(0.1, 3.0), st.floats(0.02, 2.0), st.integers(5, 300))
def test_at_the_heuristic_edge_signal_and_noise_grow_alike(classes, dim, signal, noise, n):
    model = TwoPatches(classes, dim, signal, noise)
    for q in (2.0, 2.5, 3.0, 4.0):
        p = window.outrunning_density(model, n, q)
        both = signal**q / classes, (p * noise**2 * dim) ** (0.5 * q) / n
        assert both[0] == pytest.approx(both[1], rel=1e-9)
        critical = window.critical_noise(model, n, q)
        assert window.outrunning_density(TwoPatches(classes, dim, signal, critical), n, q) == pytest.approx(
            1.0
        )


def test_the_numbers_of_the_toy():
    model = TwoPatches(2, 400)
    assert window.outrunning_density(model, 40) == pytest.approx(20.0 ** (2 / 3) / 16.0)
    assert window.covering_density(12, 2, 0.1) == pytest.approx(1.0 - 0.05 ** (1 / 12))


def blow_up(weight: float, start: float, q: float) -> float:
    """Time at which dz/dt = weight q z^(q-1) has grown to 1, by Heun's method in log z."""
    z, t = start, 0.0
    while z < 1.0:
        slope = weight * q * z ** (q - 2.0)
        step = 1e-3 / slope
        z *= math.exp(0.5 * step * (slope + weight * q * (z * math.exp(1e-3)) ** (q - 2.0)))
        t += step
    return t


def test_growth_itself_changes_sides_at_the_edge():
    """Both products grow by the stated equations: the signal is first below p*, the noise above."""
    model, n, start = TwoPatches(2, 400), 40, 0.003
    edge = window.outrunning_density(model, n)
    for p, first in ((0.8 * edge, "signal"), (1.25 * edge, "noise")):
        length = math.sqrt(p * model.noise**2 * model.dim)
        signal = blow_up(model.signal**2 / model.classes, start * model.signal, 3.0)
        noise = blow_up(length**2 / n, start * length, 3.0)
        assert (signal < noise) is (first == "signal")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: window.coverage(1.5, 3), errors.InfeasibleDensity),
        (lambda: window.coverage(0.5, 0), errors.InvalidArgument),
        (lambda: window.all_covered(0.5, 3, 0), errors.InvalidArgument),
        (lambda: window.covering_density(3, 2, 0.0), errors.InvalidArgument),
        (lambda: window.exact_covering_density(3, 2, 1.0), errors.InvalidArgument),
        (lambda: window.outrunning_density(TwoPatches(2, 10), 5, 1.5), errors.InvalidArgument),
        (lambda: window.outrunning_density(TwoPatches(2, 10), 0), errors.InvalidArgument),
    ],
)
def test_wrong_use_is_refused(call, error):
    with pytest.raises(error):
        call()

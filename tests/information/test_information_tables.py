"""Channels that are small enough to be written out have the information that theory gives them."""

from dataclasses import dataclass

import numpy as np
import pytest
from information_references import NARROW, bits, subsets
from scipy.special import logsumexp

from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.evidence import NATS
from robustlaw.information import (
    LabelLaw,
    Target,
    dense_joint,
    fixed_size,
    from_table,
)


def uniform_joint(rows):
    return dense_joint(np.asarray(rows) / len(rows)).information


def copying(share, default):
    """m = g(D), uniform on 2-subsets of 5, with chance `share`; else fresh (or a default mask)."""
    same, fresh = np.eye(10), np.full((10, 10), 0.1)
    if default:
        return np.hstack([share * same, np.full((10, 1), 1.0 - share)])
    return share * same + (1.0 - share) * fresh


def flips(n, chance, copies=1):
    """Every label is read `copies` times, each time flipped with chance `chance`."""
    wrong = (np.repeat(bits(n), copies, axis=1)[:, None] != bits(n * copies)[None]).sum(axis=2)
    return chance**wrong * (1.0 - chance) ** (n * copies - wrong)


def gibbs(n, k, strength):
    """Rows: labels; columns: k-subsets with weight exp(strength * number of kept ones)."""
    w = np.exp(strength * (bits(n) @ subsets(n, k).T))
    return w / w.sum(axis=1, keepdims=True)


def parity():
    return np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])


GOLDEN = {
    "copy or fresh": (copying(0.3, False), 0.2593779286),
    "copy or default": (copying(0.3, True), 0.6907755279),
    "flipped labels": (flips(4, 0.1), 1.4722568287),
    "flipped labels, three of them": (flips(3, 0.2), 0.5782342711),
    "noisy copies": (flips(2, 0.2, 3), 0.8232415512),
    "Gibbs 1 of 5": (gibbs(5, 1, 1.3), 0.1483051236),
    "Gibbs 1 of 10": (gibbs(10, 1, 2.0), 0.3204812627),
    "Gibbs 2 of 6": (gibbs(6, 2, 1.3), 0.2556049506),
    "Gibbs 2 of 5": (gibbs(5, 2, 1.0), 0.1416639837),
    "parity": (parity(), 0.6931471806),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name):
    rows, value = GOLDEN[name]
    assert uniform_joint(rows).middle == pytest.approx(value, abs=1e-9)


def test_golden_value_of_one_label():
    ones = bits(6).sum(axis=1)
    rows = [prior * p**ones * (1 - p) ** (6 - ones) for prior, p in ((0.6, 0.2), (0.4, 0.7))]
    assert dense_joint(np.array(rows)).information.middle == pytest.approx(0.4586287926, abs=1e-9)


# Channels with a table.


@dataclass(frozen=True)
class Gibbs:
    """k-subsets of n bits, weights exp(strength * label); all of it written out."""

    n_bits: int
    kept: int
    strength: float
    conditioned: bool = False
    shift: float = 0.0

    @property
    def support(self):
        return fixed_size(self.n_bits, self.kept)

    def sample_data(self, runs, rng):
        return rng.integers(0, 2, (runs, self.n_bits))

    def sample_masks(self, data, seeds):
        raise AssertionError("a table is read; nothing is drawn or evaluated")

    def table(self):
        masks = subsets(self.n_bits, self.kept)
        scores = self.strength * (bits(self.n_bits) @ masks.T)
        logs = scores - logsumexp(scores, axis=1, keepdims=True) + self.shift
        return np.full(2**self.n_bits, 2.0**-self.n_bits), bits(self.n_bits), [(masks, log) for log in logs]


class WithDensity(Gibbs):
    density_error = 1e-6

    def log_prob(self, masks, data):
        raise AssertionError("a table is read; nothing is drawn or evaluated")


class WithLabels(Gibbs):
    labels_are_data = True

    @property
    def label_law(self):
        return LabelLaw(np.full((self.n_bits, 2), 0.5))

    def labels(self, data):
        return data

    def replace_labels(self, data, places, values):
        raise AssertionError("a table is read; nothing is drawn or evaluated")


def test_a_channel_with_a_table():
    found = from_table(Gibbs(5, 2, 1.0))
    assert found.middle == pytest.approx(0.1416639837, abs=1e-9)
    assert (found.target, found.level, found.unit) == (Target.DATA, 1.0, NATS)
    assert 0.0 < found.width <= NARROW
    assert {b.kind for b in found.tried} == {"exact"}


def test_the_density_error_widens_a_table():
    exact, off = from_table(Gibbs(5, 2, 1.0)), from_table(WithDensity(5, 2, 1.0, shift=0.9e-6))
    assert off.lower < exact.lower <= exact.upper < off.upper
    assert off.width <= 30e-6


def test_targets_of_a_table():
    assert from_table(Gibbs(4, 2, 1.0, conditioned=True)).target is Target.DATA_GIVEN_INIT
    assert from_table(WithLabels(4, 2, 1.0), "I(m;Y|X)").target is Target.LABELS
    given = from_table(WithLabels(4, 2, 1.0, conditioned=True), Target.LABELS_GIVEN_INIT)
    assert given.target is Target.LABELS_GIVEN_INIT
    for channel in (Gibbs(4, 2, 1.0), Gibbs(4, 2, 1.0, conditioned=True)):
        with pytest.raises(InvalidArgument, match="the table gives"):
            from_table(channel, Target.LABELS)


def test_tables_that_are_none():
    with pytest.raises(InvalidArgument, match="normalise"):
        from_table(Gibbs(4, 2, 1.0, shift=1e-6))
    with pytest.raises(MissingCapability, match="table"):
        from_table(object.__new__(Bare))


class Bare:
    n_bits, support, conditioned = 4, fixed_size(4, 2), False

    def sample_data(self, runs, rng):
        raise AssertionError("a table is read; nothing is drawn or evaluated")

    def sample_masks(self, data, seeds):
        raise AssertionError("a table is read; nothing is drawn or evaluated")

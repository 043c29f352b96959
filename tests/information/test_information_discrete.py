"""Information of finite tables: the enclosure holds, is narrow, and obeys the laws of information."""

import itertools
import math
from collections import Counter
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logsumexp
from unchecked import outcomes

from robustlaw.errors import InvalidArgument, MissingCapability, NonFinite, ShapeMismatch
from robustlaw.evidence import LOG2, NATS, Bracket
from robustlaw.information import (
    JointLaw,
    LabelLaw,
    Target,
    binary_entropy,
    binary_entropy_bracket,
    dense_channel,
    dense_joint,
    discrete,
    entropy,
    fixed_size,
    from_table,
    histogram_entropy,
    relative_entropy,
    sparse_channel,
)

NARROW = 1e-13


@pytest.fixture(autouse=True, scope="module")
def fifty_digits():
    """mpmath's precision is global, and other tests set their own."""
    with mpmath.workdps(50):
        yield


def tables(least=1):
    """Joint laws with small whole weights, some of them 0."""
    shape = st.tuples(st.integers(least, 5), st.integers(least, 6))
    whole = arrays(np.int64, shape, elements=st.integers(0, 9)).filter(lambda t: t.sum() > 0)
    return whole.map(lambda t: t / t.sum())


def log_mean(weights, terms):
    """sum w t / sum w at 50 digits."""
    return mpmath.fsum(w * t for w, t in zip(weights, terms, strict=True)) / mpmath.fsum(weights)


def reference(table):
    """I, H(row, column), H(row), H(column), H(column | row) of the law in proportion to the table."""
    p = [[mpmath.mpf(x) for x in row] for row in table]
    total = mpmath.fsum(map(mpmath.fsum, p))
    rows = [mpmath.fsum(row) / total for row in p]
    columns = [mpmath.fsum(column) / total for column in zip(*p, strict=True)]

    def h(law):
        return -mpmath.fsum(x * mpmath.log(x) for x in law if x)

    joint = h([x / total for row in p for x in row])
    return h(rows) + h(columns) - joint, joint, h(rows), h(columns), joint - h(rows)


def five(law):
    return (
        law.information,
        law.joint_entropy,
        law.row_entropy,
        law.column_entropy,
        law.column_entropy_given_row,
    )


def assert_encloses(brackets, truths, narrow=NARROW):
    for bracket, truth in zip(brackets, truths, strict=True):
        assert bracket.lower <= truth + mpmath.mpf(10) ** -45  # digits of the reference itself
        assert bracket.upper >= truth - mpmath.mpf(10) ** -45
        assert bracket.width <= narrow
        assert bracket.unit == NATS


@given(tables())
def test_tables_are_enclosed(table):
    assert_encloses(five(dense_joint(table)), reference(table))


@given(tables())
def test_laws_are_proportions(table):
    """A sum within the tolerance of 1 is divided out, not taken for the truth."""
    scaled = table * (1.0 + 9e-10)
    assert_encloses(five(dense_joint(scaled)), reference(scaled))


@given(st.integers(0, 10**6), st.floats(1.0, 300.0))
def test_probabilities_of_all_sizes(seed, decades):
    g = np.random.default_rng(seed)
    table = 10.0 ** -(decades * g.random((4, 5)))
    table /= table.sum()
    assert_encloses(five(dense_joint(table)), reference(table))


@given(st.integers(0, 10**6))
def test_hardly_dependent(seed):
    """Information far below the rounding of the entropies that it is a difference of."""
    g = np.random.default_rng(seed)
    table = np.outer(g.dirichlet(np.ones(30)), g.dirichlet(np.ones(20))) * (1.0 + 1e-9 * g.random((30, 20)))
    table /= table.sum()
    assert_encloses([dense_joint(table).information], [reference(table)[0]])


@given(tables())
def test_between_nothing_and_the_entropies(table):
    info, _, rows, columns, given_row = five(dense_joint(table))
    assert info.lower >= 0.0
    assert info.lower <= min(rows.upper, columns.upper)
    difference = columns - given_row
    assert max(difference.lower, info.lower) <= min(difference.upper, info.upper)


@given(tables(2), st.data())
def test_processing_loses_information(table, data):
    """Merging masks, or merging data sets, never adds information."""
    info = dense_joint(table).information
    i, j = data.draw(st.lists(st.integers(0, table.shape[1] - 1), min_size=2, max_size=2, unique=True))
    merged = table.copy()
    merged[:, i] += merged[:, j]
    assert dense_joint(np.delete(merged, j, axis=1)).information.lower <= info.upper
    k, m = data.draw(st.lists(st.integers(0, table.shape[0] - 1), min_size=2, max_size=2, unique=True))
    merged = table.copy()
    merged[k] += merged[m]
    assert dense_joint(np.delete(merged, m, axis=0)).information.lower <= info.upper


@given(tables(), tables())
def test_independent_blocks_add(first, second):
    both = dense_joint(np.kron(first, second)).information
    parts = dense_joint(first).information + dense_joint(second).information
    # the products in the table are rounded, each by half an ulp
    assert max(both.lower, parts.lower) - min(both.upper, parts.upper) <= 1e-14


@given(tables(), st.data())
def test_names_do_not_matter(table, data):
    rows = np.array(data.draw(st.permutations(range(table.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(table.shape[1]))))
    here, there = dense_joint(table).information, dense_joint(table[rows][:, columns]).information
    assert here.middle == pytest.approx(there.middle, abs=NARROW)
    assert dense_joint(table.T).information.middle == pytest.approx(here.middle, abs=NARROW)


def conditional(table):
    prior = table.sum(axis=1)
    prior = prior / prior.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return prior, np.where(prior[:, None] > 0, np.log(table / table.sum(axis=1, keepdims=True)), -np.inf)


@given(tables(), st.integers(-(10**12), 10**12))
def test_forms_of_one_table_agree(table, name):
    prior, logs = conditional(table)
    dense = dense_channel(prior, logs)
    rows, columns = np.nonzero(logs > -np.inf)
    sparse = sparse_channel(prior, rows, 7 * columns + name, logs[rows, columns])
    assert_encloses(five(dense), reference_of_channel(prior, logs))
    assert five(sparse) == five(dense)


def reference_of_channel(prior, logs):
    pairs = zip(prior, logs, strict=True)
    return reference(
        [[mpmath.mpf(a) * mpmath.exp(mpmath.mpf(b)) if a else 0 for b in row] for a, row in pairs]
    )


@given(tables(2), st.integers(0, 10**6), st.floats(1e-12, 1e-2))
def test_declared_errors_are_covered(table, seed, error):
    """The true law is enclosed when the table is off by as much as declared, in the worst directions."""
    prior, logs = conditional(table)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], logs.shape)
    off = dense_channel(prior, logs + 0.999 * error * signs, error)
    truth = reference_of_channel(prior, logs)
    for bracket, value in zip(five(off), truth, strict=True):
        assert bracket.lower - 1e-12 <= value <= bracket.upper + 1e-12
        assert bracket.width <= 60.0 * error + NARROW


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_declared_errors_are_covered_where_they_hurt_most(direction):
    """Half the time the mask tells which of 1000 data sets it was: I = log(1000) / 2, and it moves by
    3.4 times an error that favours telling over silence."""
    error = 1e-6
    prior, silent = np.full(1000, 1e-3), np.full((1000, 1), math.log(0.5) - direction * error)
    with np.errstate(divide="ignore"):
        telling = np.log(0.5 * np.eye(1000)) + direction * error
    found = dense_channel(prior, np.hstack([telling, silent]), error).information
    assert found.contains(0.5 * math.log(1000.0))
    assert abs(found.middle - 0.5 * math.log(1000.0)) > 3.0 * error


def test_an_error_that_is_not_declared_is_not_covered():
    prior, logs = np.array([0.5, 0.5]), np.log([[0.9, 0.1], [0.2, 0.8]])
    off = logs + 1e-10 * np.array([[1.0, -9.0], [0.0, 0.0]])
    truth = dense_channel(prior, logs).information
    assert not dense_channel(prior, off).information.contains(truth.middle)
    assert dense_channel(prior, off, 1e-9).information.contains(truth.middle)


def test_a_million_entries():
    """Blocks of 16 data sets share 16 masks: 2^12 blocks of equal chance, and nothing else is told."""
    data = np.repeat(np.arange(2**16), 16)
    masks = (data // 16) * 16 + np.tile(np.arange(16), 2**16)
    law = sparse_channel(np.full(2**16, 2.0**-16), data, masks, np.full(2**20, -math.log(16.0)))
    assert law.information.contains(12 * math.log(2.0))
    assert law.information.width <= 1e-11


def test_the_library_of_logarithms():
    """The enclosures rest on log and exp being right to 4 ulp."""
    g = np.random.default_rng(0)
    near_one = 1.0 + g.normal(size=300) * 1e-3
    x = np.concatenate([g.random(300), 10.0 ** (-308.0 * g.random(300)), near_one, [5e-324, 1.0 - 2.0**-53]])
    for value, log in zip(x, np.log(x), strict=True):
        assert abs(mpmath.log(mpmath.mpf(value)) - log) <= 4 * math.ulp(log)
    y = -700.0 * g.random(500)
    for value, power in zip(y, np.exp(y), strict=True):
        assert abs(mpmath.exp(mpmath.mpf(value)) - power) <= 4 * math.ulp(power)


# Ground truth: channels that are small enough to be written out, and their closed forms.


def subsets(n, k):
    """All masks of n bits with k ones."""
    return np.array([[i in chosen for i in range(n)] for chosen in itertools.combinations(range(n), k)])


def bits(n):
    return np.array(list(itertools.product([0, 1], repeat=n)))


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


def test_golden_value_of_a_deterministic_algorithm():
    """Top 3 of |W + eta sum_j y_j X_j| for all 64 labelings."""
    i, j = np.arange(8), np.arange(6)[:, None]
    inputs = np.cos(1.7 * i * (j + 1) + 0.3 * j**2)
    scores = np.abs(np.sin(2.3 * i + 1) + 0.2 * (2 * bits(6) - 1) @ inputs)
    masks = np.zeros((64, 8), dtype=bool)
    np.put_along_axis(masks, np.argsort(-scores, axis=1)[:, :3], True, axis=1)
    h = histogram_entropy(masks)
    assert h.middle == pytest.approx(2.3682176933, abs=1e-9)
    assert h.width <= NARROW


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 10**6))
def test_histograms(n_bits, runs, seed):
    g = np.random.default_rng(seed)
    masks = (g.random((5, n_bits)) < 0.5)[g.integers(0, 5, runs)]
    weights = g.dirichlet(np.ones(runs))
    mass = Counter()
    for mask, weight in zip(masks, weights, strict=True):
        mass[mask.tobytes()] += mpmath.mpf(weight)
    truth = log_mean(mass.values(), [-mpmath.log(x / mpmath.fsum(mass.values())) for x in mass.values()])
    assert_encloses([histogram_entropy(masks, weights)], [truth])


def test_histograms_are_of_distinct_masks():
    """Masks that agree in all but the last of many bits are different."""
    masks = np.zeros((4, 1000), dtype=bool)
    masks[[1, 3], -1] = True
    assert histogram_entropy(masks).contains(math.log(2.0))
    assert histogram_entropy(masks[:1]).contains(0.0)
    assert histogram_entropy(masks, np.array([1.0, 0.0, 0.0, 0.0])).upper <= NARROW


def test_equal_fingerprints_do_not_merge_masks(monkeypatch):
    masks = np.random.default_rng(0).random((50, 100)) < 0.5
    masks[10:20] = masks[:10]
    expected = histogram_entropy(masks)
    monkeypatch.setattr(discrete, "_fingerprints", lambda words: np.zeros(len(words), dtype=np.uint64))
    assert histogram_entropy(masks) == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_entropies(counts):
    p = np.array(counts) / sum(counts)
    exact = [mpmath.mpf(x) for x in p if x]
    truth = log_mean(exact, [-mpmath.log(x / mpmath.fsum(exact)) for x in exact])
    assert_encloses([entropy(p)], [truth])
    assert entropy(p).lower <= math.log(len(exact)) + NARROW


def test_a_sure_thing_has_no_entropy():
    assert entropy(np.array([0.0, 1.0])).upper <= 1e-15


@given(st.integers(0, 10**6), st.integers(1, 20))
def test_relative_entropies(seed, size):
    g = np.random.default_rng(seed)
    p, q = g.dirichlet(np.ones(size)), g.dirichlet(np.ones(size))
    sums = mpmath.fsum(map(mpmath.mpf, p)), mpmath.fsum(map(mpmath.mpf, q))
    logs = [
        mpmath.log(mpmath.mpf(a) / sums[0] / (mpmath.mpf(b) / sums[1])) for a, b in zip(p, q, strict=True)
    ]
    assert_encloses([relative_entropy(p, q)], [log_mean([mpmath.mpf(a) for a in p], logs)])
    assert relative_entropy(p, p).upper <= NARROW


def test_relative_entropy_is_infinite_off_the_support():
    assert relative_entropy(np.array([0.5, 0.5]), np.array([1.0, 0.0])).lower == math.inf
    assert relative_entropy(np.array([1.0, 0.0]), np.array([0.5, 0.5])).contains(math.log(2.0))


@given(st.floats(0.0, 1.0))
def test_binary_entropy(p):
    x = mpmath.mpf(p)
    truth = -(x * mpmath.log(x) + (1 - x) * mpmath.log1p(-x)) if 0 < p < 1 else mpmath.mpf(0)
    assert_encloses([binary_entropy_bracket(p)], [truth], 1e-14)
    assert binary_entropy(np.array([p]))[0] == pytest.approx(float(truth), rel=1e-13, abs=1e-300)


@given(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(sorted))
def test_binary_entropy_over_a_range(ends):
    low, inside, high = ends
    wide = binary_entropy_bracket(Bracket(low, high))
    at = binary_entropy_bracket(inside)
    assert wide.lower <= at.upper
    assert at.lower <= wide.upper
    assert wide.upper <= LOG2.upper
    assert (low <= 0.5 <= high) <= (wide.upper >= LOG2.lower)


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
        raise NotImplementedError

    def table(self):
        masks = subsets(self.n_bits, self.kept)
        scores = self.strength * (bits(self.n_bits) @ masks.T)
        logs = scores - logsumexp(scores, axis=1, keepdims=True) + self.shift
        return np.full(2**self.n_bits, 2.0**-self.n_bits), bits(self.n_bits), [(masks, log) for log in logs]


class WithDensity(Gibbs):
    density_error = 1e-6

    def log_prob(self, masks, data):
        raise NotImplementedError


class WithLabels(Gibbs):
    labels_are_data = True

    @property
    def label_law(self):
        return LabelLaw(np.full((self.n_bits, 2), 0.5))

    def labels(self, data):
        return data

    def replace_labels(self, data, places, values):
        raise NotImplementedError


class Untold(Gibbs):
    table = None


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
        raise NotImplementedError

    def sample_masks(self, data, seeds):
        raise NotImplementedError


HALF = np.array([0.5, 0.5])
LOG_HALF = np.log(0.5)


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (InvalidArgument, lambda: dense_joint(np.array([[0.5, 0.4]]))),
        (InvalidArgument, lambda: dense_joint(np.array([[1.5, -0.5]]))),
        (NonFinite, lambda: dense_joint(np.array([[np.nan, 1.0]]))),
        (InvalidArgument, lambda: entropy(np.array([0.2, 0.2]))),
        (InvalidArgument, lambda: dense_channel(HALF, np.log([[0.5, 0.5], [0.5, 0.4]]))),
        (InvalidArgument, lambda: dense_channel(HALF, np.array([[0.0], [np.nan]]))),
        (InvalidArgument, lambda: dense_channel(HALF, np.array([[0.1], [0.0]]))),
        (
            InvalidArgument,
            lambda: sparse_channel(
                HALF, np.array([0, 0, 1]), np.array([1, 1, 2]), np.array([LOG_HALF, LOG_HALF, 0.0])
            ),
        ),
        (InvalidArgument, lambda: sparse_channel(HALF, np.array([0, 2]), np.array([0, 1]), np.zeros(2))),
        (InvalidArgument, lambda: sparse_channel(HALF, np.array([0]), np.array([0]), np.zeros(1))),
        (
            InvalidArgument,
            lambda: sparse_channel(HALF, np.array([0, 1]), np.array([0, 1]), np.zeros(2), -1.0),
        ),
        (ShapeMismatch, lambda: histogram_entropy(np.zeros((0, 3), dtype=bool))),
        (InvalidArgument, lambda: binary_entropy_bracket(1.5)),
    ],
)
def test_refusals(error, call):
    with pytest.raises(error):
        call()


def test_shapes_that_do_not_fit():
    setup = "from robustlaw.information import *; half = np.array([0.5, 0.5]); one = np.array([1])"
    calls = [
        "dense_joint(half)",
        "dense_channel(half, np.zeros((3, 1)))",
        "sparse_channel(half, one, one, np.zeros(2))",
        "histogram_entropy(np.zeros((3, 3), dtype=bool), half)",
        "relative_entropy(half, np.ones(1))",
    ]
    found = outcomes(setup, calls)
    assert {text: answer.split(":")[0] for text, answer in found.items()} == dict.fromkeys(
        calls, "ShapeMismatch"
    )


def test_data_sets_that_cannot_occur_need_no_masks():
    law = sparse_channel(np.array([1.0, 0.0]), np.array([0]), np.array([3]), np.zeros(1))
    assert isinstance(law, JointLaw)
    assert law.information.contains(0.0)

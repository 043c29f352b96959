"""Information of finite tables: the enclosure holds, is narrow, and obeys the laws of information."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from information_references import NARROW, assert_encloses
from unchecked import outcomes

from robustlaw.errors import InvalidArgument, NonFinite
from robustlaw.information import (
    JointLaw,
    dense_channel,
    dense_joint,
    sparse_channel,
)


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


HALF = np.array([0.5, 0.5])
LOG_HALF = np.log(0.5)


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (InvalidArgument, lambda: dense_joint(np.array([[0.5, 0.4]]))),
        (InvalidArgument, lambda: dense_joint(np.array([[1.5, -0.5]]))),
        (NonFinite, lambda: dense_joint(np.array([[np.nan, 1.0]]))),
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

"""What a pipeline may know because of what it reads: against exact information of small pipelines."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.errors import InvalidArgument
from robustlaw.evidence import NATS, Bracket

counts = st.tuples(st.integers(1, 12), st.integers(2, 9)).flatmap(
    lambda p: st.tuples(st.integers(0, p[0]), st.just(p[0]), st.just(p[1]))
)


def exact_information(n, alphabet, read):
    """I(read(y); y) of uniform labels, by going through all: `read` is what a pipeline is shown."""
    seen = Counter(read(y) for y in itertools.product(range(alphabet), repeat=n))
    total = sum(seen.values())
    return -math.fsum(c / total * math.log(c / total) for c in seen.values())


def chosen_part(y, size):
    """Places and labels of the `size` smallest of fixed scores that depend on the labels."""
    scores = [(3 * label + 5 * place) % 7 for place, label in enumerate(y)]
    places = sorted(sorted(range(len(y)), key=lambda i: (scores[i], i))[:size])
    return tuple(places), tuple(y[i] for i in places)


@pytest.mark.parametrize(("n", "alphabet", "size"), [(6, 3, 2), (5, 4, 3), (8, 2, 4), (4, 5, 4)])
def test_a_fixed_part_tells_exactly_its_entropy(n, alphabet, size):
    exact = exact_information(n, alphabet, lambda y: y[:size])
    charge = acc.Access("part", size, n, alphabet).event.charge().nats.upper
    assert charge == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("n", "alphabet", "size"), [(6, 3, 2), (5, 4, 2), (8, 2, 4), (4, 5, 3)])
def test_a_part_chosen_by_looking_tells_more_than_its_labels_and_is_charged_for_that(n, alphabet, size):
    """Without the charge for the choice, the ledger would be wrong: the mutant dies here."""
    exact = exact_information(n, alphabet, lambda y: chosen_part(y, size))
    charge = acc.Access("hard part", size, n, alphabet, by_data=True).event.charge().nats.upper
    assert exact <= charge * (1.0 + 1e-12)
    if (n, alphabet, size) in ((8, 2, 4), (6, 3, 2)):
        assert exact > size * math.log(alphabet) * (1.0 + 1e-9)


@given(counts)
def test_choosing_costs_between_the_part_and_all(sizes):
    size, n, alphabet = sizes
    fixed, chosen = (
        acc.Access("part", size, n, alphabet, by).event.charge().nats.upper for by in (False, True)
    )
    every = acc.Access("all", n, n, alphabet).event.charge().nats.upper
    assert fixed <= chosen * (1.0 + 1e-12)
    assert chosen <= every * (1.0 + 1e-12)
    wanted = min(math.log(math.comb(n, size)) + size * math.log(alphabet), n * math.log(alphabet))
    assert chosen == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(counts, st.integers(1, 4))
def test_a_part_is_charged_once_however_many_steps_read_it(sizes, times):
    part = acc.Access("part", *sizes)
    assert acc.reading_events([part] * times) == acc.reading_events([part])


@given(counts, counts.map(lambda c: c[0]))
def test_all_the_data_are_charged_once_and_alone(sizes, other):
    size, n, alphabet = sizes
    part, other_part = (
        acc.Access("part", size, n, alphabet),
        acc.Access("other", min(other, n), n, alphabet, True),
    )
    every = acc.Access("all", n, n, alphabet)
    (event,) = acc.reading_events([part, every, other_part])
    assert event == every.event or event.charge().nats.upper == pytest.approx(every.event.charge().nats.upper)


def test_two_parts_are_charged_both():
    one, two = acc.Access("one", 2, 9, 3), acc.Access("two", 4, 9, 3, True)
    ledger = acc.Accountant().ledger(acc.reading_events([one, two, one]))
    wanted = 2 * math.log(3) + math.log(math.comb(9, 4)) + 4 * math.log(3)
    assert ledger.p_eff.upper == pytest.approx(wanted)


def test_a_pipeline_on_a_part_alone_is_capped_by_it_and_one_on_all_is_not():
    part, every = acc.Access("a quarter", 1000, 4000, 10), acc.Access("all", 4000, 4000, 10)
    hard = acc.Access("the hardest quarter", 1000, 4000, 10, by_data=True)
    caps = {}
    for name, search, training in (
        ("part", [part], [part]),
        ("hard", [hard], [hard]),
        ("pre-training on a part", [part, every], [every]),
    ):
        counted, read = acc.pipeline_ledgers(search, training, 6016, 644, 910)
        caps[name] = read.p_eff.upper
        assert acc.cheapest([counted, read]) is read
        assert counted.total("weights").upper == pytest.approx(910 * 32 * math.log(2))
        assert counted.total("mask").upper == pytest.approx(
            min(
                math.log(math.comb(6016, 644)), sum(e.charge().nats.upper for e in acc.reading_events(search))
            )
        )
    assert caps["part"] == pytest.approx(1000 * math.log(10))
    assert caps["hard"] == pytest.approx(math.log(math.comb(4000, 1000)) + 1000 * math.log(10))
    assert caps["pre-training on a part"] == pytest.approx(4000 * math.log(10))


def test_a_small_part_caps_the_mask_itself():
    part = acc.Access("a little", 20, 4000, 10)
    counted, _ = acc.pipeline_ledgers([part], [acc.Access("all", 4000, 4000, 10)], 6016, 644, 910)
    assert counted.total("mask").upper == pytest.approx(20 * math.log(10))
    assert "not charged" in counted.explain()
    assert any("fixed by design" in s for s in counted.p_eff.assumptions)


def test_few_weights_are_cheaper_counted():
    every = acc.Access("all", 4000, 4000, 10)
    counted, read = acc.pipeline_ledgers([every], [every], 100, 3, 5)
    assert acc.cheapest([counted, read]) is counted


def test_what_rests_on_samples_may_not_be_chosen_by_its_size():
    sampled = acc.Ledger((acc.Entry("mask", "mask", Bracket(0.0, 1.0, unit=NATS), "sampled", 0.05),))
    with pytest.raises(InvalidArgument, match="risk"):
        acc.cheapest([sampled])
    with pytest.raises(InvalidArgument):
        acc.cheapest([])


def test_wrong_use_is_refused():
    for wrong in ((5, 4, 10), (-1, 4, 10), (2, 4, 0)):
        with pytest.raises(InvalidArgument):
            acc.Access("part", *wrong)
        with pytest.raises(InvalidArgument):
            acc.ChosenSubset(*wrong)
    with pytest.raises(InvalidArgument, match="one data set"):
        acc.reading_events([acc.Access("a", 1, 4, 10), acc.Access("b", 1, 5, 10)])
    with pytest.raises(InvalidArgument, match="at least one"):
        acc.reading_events([])


def test_a_random_part_of_a_pool_is_worth_its_examples():
    """Whole examples from a finite pool: the alphabet is the pool, and a repeated draw tells as much."""
    pool, size = 50, 7
    charge = acc.Access("drawn", size, 20, pool).event.charge().nats.upper
    assert charge == pytest.approx(size * np.log(pool))

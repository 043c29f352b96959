"""Known information of the zoo: published digits, tables by the definition, and laws it has to obey."""

import math
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy import stats
from zoo_oracles import SMALL

from robustlaw.errors import BrokenInvariant, InvalidArgument
from robustlaw.information import ZOO, HasDataEntropy, HasExactInformation, HasLabels, MaskChannel, Target
from robustlaw.information.zoo import (
    CorrelatedSigns,
    Coset,
    DilutedSubset,
    ErasedSubset,
    ExponentialTop1,
    FlippedLabels,
    GaussianDigits,
    GaussianTopK,
    GibbsSubset,
    GumbelTopK,
    IgnoresData,
    NoisySigns,
    OneLabel,
    OneNumber,
    RepeatedLabels,
    RevealsSubset,
    exchangeable_information,
    gaussian_score_information,
)
from robustlaw.information.zoo.exchangeable import entropy_given_count, likely_counts, log_multiplicities

EVERY = pytest.mark.parametrize("name", sorted(SMALL))


def coded(rows: int, columns: int, bit: int, value) -> np.ndarray:
    i, j = np.arange(rows, dtype=object)[:, None], np.arange(columns, dtype=object)[None]
    return np.array((value(i, j) // 2**bit) % 2 == 1, dtype=bool)


LONG = Coset(
    coded(200, 100, 13, lambda i, j: (2654435761 * i + 40503 * j + 97 * i * j * j + 12345) % 2**32),
    coded(200, 60, 11, lambda i, j: (1103515245 * i + 12345 * j + 31 * i * i * j + 777) % 2**31),
)
GOLDEN = [
    (DilutedSubset(5, 2, 0.3), 0.2593779286),
    (DilutedSubset(100, 20, 0.5), 23.1721702240),
    (ErasedSubset(5, 2, 0.3), 0.6907755279),
    (FlippedLabels(4, 0.1), 1.4722568287),
    (RepeatedLabels(2, 3, 0.2), 0.8232415512),
    (OneLabel(6, 0.4, 0.2, 0.7), 0.4586287926),
    (OneLabel(100, 0.5, 0.45, 0.55), 0.3381142494),
    (OneNumber(5, 2.0, 1.5), 0.4332945987),
    (OneNumber(100, 1.0, 1.0), 1.9003381898),
    (CorrelatedSigns(1, 0.6), 0.1305576634),
    (NoisySigns(1, 0.6), 0.0864334508),
    (ExponentialTop1(5, 1.3), 0.1483051236),
    (ExponentialTop1(10, 2.0), 0.3204812627),
    (GibbsSubset(6, 2, 1.3), 0.2556049506),
    (GibbsSubset(100, 20, 1.0), 1.8740385745),
    (GumbelTopK(6, 2, 1.3), 0.3021001339),
    (GumbelTopK(100, 20, 1.0), 2.2526155566),
    (GaussianTopK(10, 3, 0.5), 0.5474171230),
    (GaussianTopK(100, 20, 0.5), 5.2099725493),
    (GaussianTopK(1000, 200, 0.5), 53.098059449),
    (GaussianTopK(10_000, 1000, 0.5), 334.774924986),
    (LONG, 69.3147180560),
    (GibbsSubset(5, 2, 1.0), 0.1416639837),
    (GaussianTopK(5, 2, 0.5), 0.2597351093),
]


@pytest.mark.parametrize(("channel", "value"), GOLDEN, ids=lambda x: type(x).__name__)
def test_golden_values(channel, value):
    found = channel.exact
    assert found.middle == pytest.approx(value, abs=1e-9)
    assert found.width <= 1e-10 * max(1.0, value)
    assert found.unit == "nats"


def test_golden_gaussian_score():
    assert gaussian_score_information(1.0).middle == pytest.approx(0.3368308203, abs=1e-10)
    assert gaussian_score_information(-1.0) == gaussian_score_information(1.0)
    assert gaussian_score_information(0.0).contains(0.0)
    assert gaussian_score_information(9.0).contains(math.log(2.0))
    values = [gaussian_score_information(a) for a in (0.01, 0.1, 0.5, 1.0, 3.0, 5.9, 6.1, 12.0)]
    assert all(a.upper < b.lower for a, b in pairwise(values[:6]))
    assert all(a.lower < b.lower for a, b in pairwise(values))
    assert all(v.width < 1e-7 for v in values)
    # small a: a^2 / 2 - a^4 / 4 + ...
    assert values[0].middle == pytest.approx(0.5e-4 - 0.25e-8, rel=1e-6)


@EVERY
def test_exact_is_the_definition(name):
    channel, value = SMALL[name]
    assert type(channel) is ZOO[name]
    assert channel.exact.middle == pytest.approx(value, rel=1e-10, abs=1e-12)


def test_every_channel_of_the_zoo_is_here():
    assert set(SMALL) == set(ZOO) == {f"Z{i}" for i in range(1, 17)}


@EVERY
def test_targets(name):
    channel, _ = SMALL[name]
    assert isinstance(channel, MaskChannel)
    assert isinstance(channel, HasExactInformation)
    assert channel.exact_information(Target.DATA) == channel.exact
    assert channel.exact_information(Target.DATA_GIVEN_INIT) == channel.exact
    of_labels = channel.exact_information(Target.LABELS)
    assert of_labels == (channel.exact if isinstance(channel, HasLabels) else None)


def below_caps(channel) -> bool:
    caps = [channel.support.log_size.upper]
    if isinstance(channel, HasDataEntropy):
        caps.append(channel.data_entropy.upper)
    return channel.exact.lower >= 0.0 and channel.exact.upper <= min(caps) + 1e-12


@EVERY
def test_between_zero_and_the_caps(name):
    assert below_caps(SMALL[name][0])


@settings(max_examples=10)
@given(
    bits=st.integers(1, 30),
    share=st.floats(0.0, 1.0),
    strength=st.floats(-6.0, 6.0),
    one=st.floats(0.0, 1.0),
    chance=st.floats(0.01, 0.99),
    extra=st.floats(-0.99, 0.99),
)
def test_between_zero_and_the_caps_everywhere(bits, share, strength, one, chance, extra):
    kept = round(share * bits)
    for channel in (
        DilutedSubset(bits, kept, chance),
        ErasedSubset(bits, max(kept, 1), chance),
        FlippedLabels(bits, chance),
        RepeatedLabels(2, bits, chance),
        OneLabel(bits, one, chance, 0.3),
        OneNumber(bits, 0.1 + 3.0 * chance, 0.1 + one),
        NoisySigns(bits, extra),
        ExponentialTop1(bits, strength, one),
        GibbsSubset(bits, kept, strength, one),
        GumbelTopK(bits, kept, strength, one),
        GaussianTopK(bits, kept, strength / 2.0, one),
    ):
        assert below_caps(channel)


@settings(max_examples=8)
@given(bits=st.integers(2, 12), chance=st.floats(0.05, 0.95), strength=st.floats(0.1, 3.0))
def test_data_processing_and_monotonicity(bits, chance, strength):
    """Fewer bits, noisier copies, coarser data: never more information."""
    pairs = [
        (OneLabel(bits - 1, 0.4, 0.2, chance), OneLabel(bits, 0.4, 0.2, chance)),
        (RepeatedLabels(1, bits - 1, chance), RepeatedLabels(1, bits, chance)),
        (OneNumber(bits - 1, 1.3, chance), OneNumber(bits, 1.3, chance)),
        (GaussianTopK(bits, 1, strength), GaussianTopK(bits, 1, 1.2 * strength)),
        (ErasedSubset(bits, 1, chance), DilutedSubset(bits, 1, 1.0)),
        (FlippedLabels(bits, 0.5), FlippedLabels(bits, chance)),
    ]
    for less, more in pairs:
        assert less.exact.lower <= more.exact.upper


def test_coarser_data_and_fewer_digits():
    for rho in (-0.9, 0.3, 0.6):
        assert NoisySigns(2, rho).exact.upper < CorrelatedSigns(2, rho).exact.lower
    by_digits = [GaussianDigits(1, 0.8, d).exact for d in range(1, 10)]
    assert all(a.upper < b.lower for a, b in pairwise(by_digits))
    whole = gaussian_score_information(0.8)
    assert by_digits[-1].upper < whole.lower
    assert whole.upper - by_digits[-1].lower < 1e-4


@settings(max_examples=20)
@given(n=st.integers(2, 9), chance=st.floats(0.02, 0.45), rho=st.floats(-0.95, 0.95))
def test_independent_blocks_add_up(n, chance, rho):
    for many, single in (
        (FlippedLabels(n, chance), FlippedLabels(1, chance)),
        (RepeatedLabels(n, 3, chance), RepeatedLabels(1, 3, chance)),
        (NoisySigns(n, rho), NoisySigns(1, rho)),
        (GaussianDigits(n, 0.5, 3), GaussianDigits(1, 0.5, 3)),
    ):
        assert many.exact.middle == pytest.approx(n * single.exact.middle, rel=1e-12, abs=1e-13)
    g, v = LONG.labels_in[:6, :4], LONG.noise_in[:6, :2]
    zero = np.zeros_like
    blocks = Coset(np.block([[g, zero(g)], [zero(g), g]]), np.block([[v, zero(v)], [zero(v), v]]))
    assert blocks.exact.middle == pytest.approx(2.0 * Coset(g, v).exact.middle, abs=1e-12)


def test_relations_between_channels():
    assert RepeatedLabels(3, 1, 0.2).exact.middle == pytest.approx(FlippedLabels(3, 0.2).exact.middle)
    for kind in (GibbsSubset, GumbelTopK):
        assert kind(9, 1, 1.7).exact.middle == pytest.approx(ExponentialTop1(9, 1.7).exact.middle, abs=1e-12)
    assert GaussianTopK(8, 3, 0.0).exact.middle == pytest.approx(0.0, abs=1e-12)
    assert GaussianTopK(30, 7, 0.4).exact.middle == pytest.approx(
        GaussianTopK(30, 23, -0.4).exact.middle, abs=1e-11
    )
    assert DilutedSubset(9, 4, 1.0).exact.middle == pytest.approx(RevealsSubset(9, 4).exact.middle)
    assert DilutedSubset(9, 4, 0.0).exact.upper < 1e-20
    assert IgnoresData(9, 4, 2).exact.is_exact
    order = np.random.default_rng(0).permutation(200)
    assert Coset(LONG.labels_in[order][:, ::-1], LONG.noise_in[order]).exact == LONG.exact


def test_uniform_prior_of_the_hidden_number():
    """log(N+1) + sum (2i - N - 1) log i / (N+1) - N/2 at N = 10^4, where doubles lose eight digits."""
    n = 10_000
    with mp.workdps(40):
        value = (
            mp.log(n + 1) + sum((2 * i - n - 1) * mp.log(i) for i in range(1, n + 1)) / (n + 1) - mpf(n) / 2
        )
        found = OneNumber(n, 1.0, 1.0).exact
        assert mpf(found.lower) <= value <= mpf(found.upper)
    assert found.width < 1e-14


def test_gibbs_by_its_closed_form():
    """C - E[log Z_h - L E(j|h)] at 40 digits lies in the bracket, interpolated or not."""
    for bits, kept, one in ((100, 20, 0.5), (400, 30, 0.3)):
        found = GibbsSubset(bits, kept, 1.0, one).exact
        with mp.workdps(40):
            value = mp.log(mp.binomial(bits, kept))
            for h in range(bits + 1):
                weights = [
                    mp.binomial(h, j) * mp.binomial(bits - h, kept - j) * mp.exp(j)
                    for j in range(max(0, kept - bits + h), min(h, kept) + 1)
                ]
                z = sum(weights)
                mean = sum((max(0, kept - bits + h) + i) * w for i, w in enumerate(weights)) / z
                p = mpf(one) ** h * (1 - mpf(one)) ** (bits - h) * mp.binomial(bits, h)
                value -= p * (mp.log(z) - mean)
            assert mpf(found.lower) <= value <= mpf(found.upper)
        assert found.width < 1e-10


def test_draws_without_replacement_at_high_precision():
    """All orders of three draws out of nine, at 40 digits: the truth lies in a bracket of width 1e-11."""
    found = GumbelTopK(9, 3, 1.3).exact
    with mp.workdps(40):
        value = mp.log(mp.binomial(9, 3))
        for h in range(10):
            for j in range(max(0, 3 - 9 + h), min(h, 3) + 1):
                p = mpf(0)
                for order in set(permutations([1] * j + [0] * (3 - j))):
                    left, ways = h * mp.exp(mpf(1.3)) + 9 - h, mpf(1)
                    for high in order:
                        weight = mp.exp(mpf(1.3) * high)
                        ways, left = ways * weight / left, left - weight
                    p += ways * mp.factorial(j) * mp.factorial(3 - j)
                many = mp.binomial(h, j) * mp.binomial(9 - h, 3 - j)
                value += mp.binomial(9, h) / 2**9 * many * p * mp.log(p)
        assert mpf(found.lower) <= value <= mpf(found.upper)
    assert found.width < 1e-11


def test_huge_families_of_subsets():
    """More subsets than doubles can count: a truth of probability 0.01 tells about 0.01 C - h(0.01)."""
    for bits in (1000, 100_000):
        size = RevealsSubset(bits, bits // 5).exact
        found = DilutedSubset(bits, bits // 5, 0.01).exact
        assert found.middle == pytest.approx(0.01 * size.middle - stats.entropy([0.01, 0.99]), rel=1e-12)


def test_exponential_mechanism_with_many_bits():
    limit = math.log(2.0) - stats.entropy([1.0 / (1.0 + math.e), math.e / (1.0 + math.e)])
    assert ExponentialTop1(3000, 1.0).exact.middle == pytest.approx(limit, abs=1e-4)


def test_gaussian_top_k_per_weight_at_large_size():
    """Within O(1) in all of N [h(kappa) - (h(Phi(a-t)) + h(Phi(-a-t))) / 2]."""
    bits, kappa, a = 10_000, 0.1, 0.5
    low, high = -5.0, 5.0
    for _ in range(80):
        t = 0.5 * (low + high)
        rates = stats.norm.cdf([a - t, -a - t])
        low, high = (t, high) if rates.mean() > kappa else (low, t)
    h = [stats.entropy([p, 1.0 - p]) for p in (kappa, *rates)]
    assert abs(GaussianTopK(bits, 1000, a).exact.middle - bits * (h[0] - (h[1] + h[2]) / 2.0)) < 1.0


def test_interpolation_in_the_count_agrees_with_all_counts(monkeypatch):
    channel = GumbelTopK(300, 40, 1.0)
    rough = channel.closed_form()
    monkeypatch.setattr("robustlaw.information.zoo.exchangeable._ALL", 10**6)
    full = channel.closed_form()
    assert rough.assumptions
    assert not full.assumptions
    assert rough.lower <= full.middle <= rough.upper
    assert rough.width < 1e-9


@pytest.mark.parametrize("channel", [GaussianTopK(400, 50, 0.7), GumbelTopK(400, 50, -1.5)])
def test_masks_of_every_count_have_probability_one(channel):
    for h in likely_counts(400, 0.5)[::20]:
        j, log_many = log_multiplicities(400, 50, int(h))
        assert log_many[0] == pytest.approx(
            math.log(math.comb(int(h), int(j[0])) * math.comb(400 - int(h), 50 - int(j[0]))), abs=1e-11
        )
        logs = channel.log_mask_law(np.full(len(j), h), j)
        np.testing.assert_allclose(np.exp(log_many[:, None] + logs).sum(axis=0), 1.0, atol=1e-10)
        assert abs(logs[:, 0] - logs[:, 1]).max() < 1e-9


def test_unnormalised_law_is_refused():
    def doubled(high, chosen):
        return GaussianTopK(40, 5, 0.5).log_mask_law(high, chosen) + math.log(2.0)

    with pytest.raises(BrokenInvariant, match="probability"):
        exchangeable_information(40, 5, 0.5, lambda h: entropy_given_count(40, 5, h, doubled), "doubled")


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: IgnoresData(5, 6, 1), "kept"),
        (lambda: IgnoresData(5, 2, 0), "n"),
        (lambda: RevealsSubset(0, 0), "bits"),
        (lambda: DilutedSubset(5, 2, 1.5), "truth"),
        (lambda: ErasedSubset(5, 0, 0.5), "kept"),
        (lambda: FlippedLabels(4, 0.0), "flip"),
        (lambda: RepeatedLabels(4, 0, 0.1), "copies"),
        (lambda: OneLabel(4, 0.5, 0.0, 0.5), "if_zero"),
        (lambda: OneNumber(4, -1.0, 1.0), "a"),
        (lambda: CorrelatedSigns(4, 1.0), "rho"),
        (lambda: NoisySigns(4, math.nan), "rho"),
        (lambda: GibbsSubset(4, 5, 1.0), "kept"),
        (lambda: GaussianTopK(4, 2, math.inf), "strength"),
        (lambda: GumbelTopK(4, 2, 1.0, -0.1), "one"),
        (lambda: GaussianDigits(4, 1.0, 40), "digits"),
    ],
)
def test_impossible_numbers_are_named(make, argument):
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert caught.value.argument == argument

"""A described network can be rebuilt from its message, and the message costs what is charged."""

import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.accounting.describe import MASK_BINS, tensor_bits
from robustlaw.errors import InvalidArgument, MissingCapability, UnknownName
from robustlaw.evidence import NATS, Bracket
from robustlaw.networks import Dependence, Network, Origin
from robustlaw.networks.grid import best_exponent, level_index, level_value, scale_of

FAMILY = acc.code_family((1, 2, 3))
codes = st.sampled_from(FAMILY)


def names_of(net):
    return [f"{kind}{i + 1}" for i in range(net.arch.layers) for kind in "Wb"]


def value_of(net, name):
    return (net.weights if name[0] == "W" else net.biases)[int(name[1:]) - 1]


def mask_of(net, name):
    layer = int(name[1:]) - 1
    if name[0] == "W":
        return net.masks[layer]
    return np.ones(net.biases[layer].shape, dtype=bool) if net.bias_masks is None else net.bias_masks[layer]


def network(
    seed,
    widths=(5, 4, 1),
    density=0.6,
    dependence=Dependence.LABELS,
    frozen=(),
    maskable=None,
    biases=False,
    zeros=False,
):
    """A network away from its initial values, except for the frozen tensors.

    biases : are maskable too; zeros : is what they start from, so that bins of initial sizes have ties
    """
    rng, of_biases = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    initial, layers, masks, bias_masks = {}, [], [], []
    for i, (a, b) in enumerate(itertools.pairwise(widths), start=1):
        draw = {f"W{i}": rng.normal(size=(b, a)), f"b{i}": rng.normal(size=b) * (not zeros)}
        initial |= draw
        chosen = maskable is None or f"W{i}" in maskable
        mask = rng.random((b, a)) < density if chosen else np.ones((b, a), dtype=bool)
        moved = {k: v if k in frozen else v + rng.normal(size=v.shape) for k, v in draw.items()}
        named = biases and (maskable is None or f"b{i}" in maskable)
        kept = of_biases.random(b) < density if named else np.ones(b, dtype=bool)
        layers.append((np.where(mask, moved[f"W{i}"], 0.0), np.where(kept, moved[f"b{i}"], 0.0)))
        masks.append(mask)
        bias_masks.append(kept)
    origin = Origin(dependence, frozenset(frozen), initial, None if maskable is None else frozenset(maskable))
    return Network.from_arrays(layers, "relu", masks, origin, bias_masks if biases else None)


def encode(net, code):
    """The message: for each trained tensor its scale exponent and the level of each kept entry."""
    message, largest = {}, max(w.size for w in net.weights)
    for name in names_of(net):
        mask = mask_of(net, name)
        if name in net.origin.frozen or not mask.any():
            continue
        start = net.origin.initial[name] if code.start == "initial" else np.zeros(mask.shape)
        change = torch.tensor((value_of(net, name) - np.where(mask, start, 0.0)).reshape(1, len(mask), -1))
        kept = torch.tensor(mask.reshape(1, len(mask), -1))
        bits = tensor_bits(code.bits, mask.size, largest)
        exponent = best_exponent(change, kept, bits)
        index = level_index(change, scale_of(exponent), bits)[kept]
        message[name] = int(exponent.item()), index.long().tolist()
    return message


def decode(arch, free, masks, frozen, code, message, bias_masks=None):
    """The network of a message, for a receiver who knows the architecture and what was drawn freely."""
    largest = max(a * b for a, b in arch.shapes)
    tensors = {}
    for i, shape in enumerate(arch.shapes):
        every = np.ones(shape[0], dtype=bool) if bias_masks is None else bias_masks[i]
        for name, mask in ((f"W{i + 1}", masks[i]), (f"b{i + 1}", every)):
            value = np.zeros(mask.shape)
            if name in frozen:
                value[mask] = free[name][mask]
            elif name in message:
                exponent, levels = message[name]
                bits = tensor_bits(code.bits, mask.size, largest)
                scale = scale_of(torch.tensor(float(exponent), dtype=torch.float64))
                index = torch.tensor(levels, dtype=torch.float64)
                value[mask] = level_value(index, scale, bits).numpy()
                if code.start == "initial":
                    value[mask] = free[name][mask] + value[mask]
            tensors[name] = value
    pairs = [(tensors[f"W{i + 1}"], tensors[f"b{i + 1}"]) for i in range(arch.layers)]
    return Network.from_arrays(pairs, arch.activation, masks, bias_masks=bias_masks)


def subset_lengths(net, code):
    """For the mask: in which groups of entries (totals, kept) are sent."""
    tensors = sorted(
        net.origin.maskable or {n for n in names_of(net) if n[0] == "W" or net.bias_masks is not None}
    )
    kept = np.concatenate([mask_of(net, n).ravel() for n in tensors])
    if code.mask == "uniform":
        return [(kept.size, int(kept.sum()))]
    size = np.concatenate([np.abs(net.origin.initial[n]).ravel() for n in tensors])
    order = np.argsort(size, kind="stable")
    return [(len(p), int(kept[p].sum())) for p in np.array_split(order, min(MASK_BINS, kept.size))]


def message_length(net, code, family, message):
    """Its length by hand, in 50 digits: choice of code, mask, then scales and levels."""

    def log(x):
        return mpmath.log(mpmath.mpf(x))

    def binomial(n, k):
        return log(math.comb(n, k)) + log(n + 1)

    with mpmath.workdps(50):
        total = log(len(family))
        if net.origin.dependence is not Dependence.NONE:
            for size, kept in subset_lengths(net, code):
                total += binomial(size, kept)
        largest = max(w.size for w in net.weights)
        for name, (exponent, levels) in message.items():
            bits = tensor_bits(code.bits, mask_of(net, name).size, largest)
            size, count = abs(exponent), len(levels)
            arranged = math.factorial(count)
            for level in set(levels):
                arranged //= math.factorial(levels.count(level))
            listed = log(math.comb(count + 2**bits - 1, count)) + log(arranged)
            total += log(3 * (size + 1) * (size + 2)) - log(2)
            total += log(2) + min(listed, count * bits * log(2))
        return total


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    codes,
    st.sampled_from(list(Dependence)),
    st.sampled_from([(), ("W2", "b1", "b2"), ("W1",)]),
    st.sampled_from([(5, 4, 1), (3, 1), (40, 2, 3, 1)]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([False, True]),
    st.sampled_from([False, True]),
)
def test_the_receiver_rebuilds_the_network_and_the_charge_is_the_length(
    seed, code, dependence, frozen, widths, density, biases, zeros
):
    fixed = [f for f in frozen if int(f[1]) < len(widths)]
    net = network(seed, widths, density, dependence, fixed, biases=biases, zeros=zeros)
    ledger = acc.describe(net, code, FAMILY)
    message = encode(net, code)
    free, frozen = net.origin.initial, net.origin.frozen
    again = decode(net.arch, free, net.masks, frozen, code, message, net.bias_masks)
    for name in names_of(net):
        assert np.array_equal(value_of(ledger.network, name), value_of(again, name)), name
    for b, kept in zip(ledger.network.biases, ledger.network.bias_masks or (), strict=False):
        assert not b[~kept].any()
        assert not np.signbit(b[~kept]).any()
    truth = message_length(net, code, FAMILY, message)
    assert ledger.p_eff.lower <= truth <= ledger.p_eff.upper
    assert ledger.p_eff.width <= 1e-9


def test_the_whole_message_space_of_a_tiny_network_fits_in_probability_one():
    """All of code x mask x levels, by the lengths of which the test above shows that they are charged.

    Scales are left out: their code sums to 1 for every tensor by itself.
    """
    family, widths = acc.code_family((1, 2)), (2, 1)
    total = mpmath.mpf(0)
    seen = set()
    for code in family:
        for kept in itertools.product((False, True), repeat=2):
            mask = np.array([kept])
            width = tensor_bits(code.bits, 2, 2)
            for levels in itertools.product(range(2**width), repeat=sum(kept)):
                for offset in range(2 ** tensor_bits(code.bits, 1, 2)):
                    net, message = _tiny(widths, code, mask, levels, offset)
                    key = code, kept, levels, offset
                    assert key not in seen
                    seen.add(key)
                    with mpmath.workdps(50):
                        length = message_length(net, code, family, message)
                        scales = [_scale_part(e) for e, _ in message.values()]
                        total += mpmath.exp(-length + mpmath.fsum(scales))
    assert len(seen) == 4 * (1 + 2 * 2 + 4) * 2 + 4 * (1 + 2 * 4 + 16) * 4
    assert mpmath.mpf(1) / 4 < total <= 1


def test_the_message_space_with_masked_biases_fits_in_probability_one():
    """The same, where the bias may be off the mask: 3 positions, and no levels of a masked bias."""
    family, widths = acc.code_family((1, 2)), (2, 1)
    total, seen = mpmath.mpf(0), set()
    for code in family:
        bits = tensor_bits(code.bits, 2, 2), tensor_bits(code.bits, 1, 2)
        for kept in itertools.product((False, True), repeat=3):
            mask, bias = np.array([kept[:2]]), np.array(kept[2:])
            for levels in itertools.product(range(2 ** bits[0]), repeat=sum(kept[:2])):
                for offset in range(2 ** bits[1]) if kept[2] else [None]:
                    net, message = _tiny(widths, code, mask, levels, offset, bias)
                    seen.add((code, kept, levels, offset))
                    assert [n for n, _ in subset_lengths(net, code)] in ([3], [1, 1, 1])
                    with mpmath.workdps(50):
                        length = message_length(net, code, family, message)
                        scales = [_scale_part(e) for e, _ in message.values()]
                        total += mpmath.exp(-length + mpmath.fsum(scales))
    assert len(seen) == 4 * (1 + 2 * 2 + 4) * (2 + 1) + 4 * (1 + 2 * 4 + 16) * (4 + 1)
    assert mpmath.mpf(1) / 4 < total <= 1


def test_masked_biases_cost_their_place_and_no_level():
    net = network(11, (5, 4, 1), biases=True)
    masked = sum(int((~m).sum()) for m in net.bias_masks)
    assert 0 < masked < 5
    weights = sum(int(m.sum()) for m in net.masks)
    assert acc.trained_count(net) == weights + 5 - masked == net.kept
    ledger = acc.describe(net, acc.Code(2), FAMILY)
    place = acc.mask_length(24 + 5, net.kept)
    assert ledger.total("mask").lower <= place.upper
    assert place.lower <= ledger.total("mask").upper
    assert f"which {net.kept} of 29" in ledger.explain()
    assert f"{net.kept} kept weights and biases" in ledger.explain()
    assert acc.mask_information_cap(net).upper == place.upper
    assert acc.information_ledger(net).entries[-1].item == f"{net.kept} trained numbers"
    # said never to have looked at the data, the mask is free, and masked biases are still not charged
    free = network(11, (5, 4, 1), biases=True, dependence=Dependence.NONE)
    assert acc.describe(free, acc.Code(2), FAMILY).total("mask") == Bracket.exact(0.0, unit=NATS)
    assert acc.trained_count(free) == net.kept


def test_masks_of_biases_that_are_not_named_are_refused():
    net = network(12, biases=True)
    origin = Origin(Dependence.LABELS, initial=net.origin.initial, maskable=frozenset({"W1", "W2", "b1"}))
    biases, bias_masks = (net.biases[0], np.zeros(1)), (net.bias_masks[0], np.zeros(1, dtype=bool))
    wrong = Network(net.arch, net.weights, biases, net.masks, origin, bias_masks)
    for call in (acc.describe, acc.information_ledger, acc.mask_information_cap):
        with pytest.raises(InvalidArgument, match="b2 has masked entries too"):
            call(wrong)
    some = network(12, biases=True, maskable=["W1", "W2", "b1"])
    assert some.bias_masks[1].all()
    kept = some.kept - 1  # b2 is no part of the mask
    assert acc.describe(some).total("mask").upper == pytest.approx(acc.mask_length(28, kept).upper)


def test_binned_masks_need_the_initial_biases_as_well():
    net = network(13, biases=True)
    part = {k: v for k, v in net.origin.initial.items() if k != "b2"}
    origin = Origin(Dependence.LABELS, initial=part)
    some = Network(net.arch, net.weights, net.biases, net.masks, origin, net.bias_masks)
    usable = acc.usable_codes(some, FAMILY)
    assert "uniform" in {c.mask for c in usable}
    assert "binned" not in {c.mask for c in usable}
    for code in usable:
        acc.describe(some, code, FAMILY)
    with pytest.raises(MissingCapability, match="initial value of b2"):
        acc.describe(some, acc.Code(2, "zero", "binned"), FAMILY)


def _scale_part(exponent):
    return mpmath.log(mpmath.mpf(3 * (abs(exponent) + 1) * (abs(exponent) + 2)) / 2)


def _tiny(widths, code, mask, levels, offset, bias=None):
    """A linear network that stands for that message, with scale 1, and the message."""
    rng = np.random.default_rng(0)
    initial = {"W1": rng.normal(size=(1, 2)), "b1": rng.normal(size=1)}
    origin = Origin(Dependence.TRAINING, initial=initial)
    kept = None if bias is None else [bias]
    net = Network.from_arrays([(np.zeros((1, 2)), np.zeros(1))], "relu", [mask], origin, kept)
    message = {} if offset is None else {"b1": (0, [offset])}
    if mask.any():
        message["W1"] = 0, list(levels)
    return net, message


@pytest.mark.parametrize("code", FAMILY, ids=str)
def test_describing_a_described_network_changes_its_numbers_no_more(code):
    once = acc.describe(network(3), code, FAMILY)
    assert once.network.kept == network(3).kept
    assert once.network.origin is not None
    assert once.p_eff.unit == NATS
    error = [np.abs(a - b).max() for a, b in zip(once.network.weights, network(3).weights, strict=True)]
    finer = acc.describe(network(3), acc.Code(12, code.start, code.mask))
    close = [np.abs(a - b).max() for a, b in zip(finer.network.weights, network(3).weights, strict=True)]
    assert max(close) < 0.01 < max(error)


@pytest.mark.parametrize("code", FAMILY, ids=str)
def test_masks_that_ignore_the_data_and_frozen_tensors_cost_nothing(code):
    free = acc.describe(network(1, dependence=Dependence.NONE), code, FAMILY)
    assert free.total("mask") == Bracket.exact(0.0, unit=NATS)
    frozen = network(1, dependence=Dependence.NONE, frozen=["W1", "W2", "b1", "b2"])
    ledger = acc.describe(frozen, code, FAMILY)
    assert ledger.total("weights") == Bracket.exact(0.0, unit=NATS)
    assert ledger.p_eff.upper == pytest.approx(math.log(len(FAMILY)))
    assert acc.trained_count(frozen) == 0
    for dependence in (Dependence.INPUTS, Dependence.LABELS, Dependence.TRAINING):
        assert acc.describe(network(1, dependence=dependence), code, FAMILY).total("mask").lower > 1.0


def test_an_unknown_origin_is_charged_for_everything():
    known = network(2, dependence=Dependence.NONE, frozen=["W2", "b2"])
    unknown = Network.from_arrays(list(known.layers), "relu", known.masks)
    code = acc.Code(2)
    ledger = acc.describe(unknown, code, FAMILY)
    assert {e.item for e in ledger.entries} == {"choice of code", "mask", "W1", "b1", "W2", "b2"}
    assert all(e.nats.lower > 0.0 for e in ledger.entries)
    assert acc.trained_count(unknown) == unknown.kept + 5
    assert ledger.p_eff.lower > acc.describe(known, code, FAMILY).p_eff.upper
    assert acc.usable_codes(unknown, FAMILY) == [
        c for c in FAMILY if (c.start, c.mask) == ("zero", "uniform")
    ]
    for start, mask in (("initial", "uniform"), ("zero", "binned")):
        with pytest.raises(MissingCapability, match="initial value of W1"):
            acc.describe(unknown, acc.Code(2, start, mask), FAMILY)


def test_initial_values_of_some_tensors_are_not_enough():
    net = network(4)
    part = {k: v for k, v in net.origin.initial.items() if k != "b2"}
    some = Network(net.arch, net.weights, net.biases, net.masks, Origin(Dependence.LABELS, initial=part))
    usable = acc.usable_codes(some, FAMILY)
    assert {(c.start, c.mask) for c in usable} == {("zero", "uniform"), ("zero", "binned")}
    for code in usable:
        acc.describe(some, code, FAMILY)


def test_a_masked_tensor_that_is_not_named_is_refused():
    net = network(5)
    for named in (["W1"], ["W2"], []):
        origin = Origin(Dependence.LABELS, initial=net.origin.initial, maskable=frozenset(named))
        wrong = Network(net.arch, net.weights, net.biases, net.masks, origin)
        for call in (acc.describe, acc.information_ledger, acc.mask_information_cap):
            with pytest.raises(InvalidArgument, match="has masked entries too"):
                call(wrong)


def test_only_named_tensors_are_counted_in_the_mask():
    few = network(6, maskable=["W1"])
    kept = int(few.masks[0].sum())
    assert acc.describe(few).total("mask").upper == pytest.approx(acc.mask_length(20, kept).upper)
    assert acc.describe(few).total("mask").upper < acc.describe(network(6)).total("mask").lower


def test_a_tensor_that_moved_is_not_frozen():
    net = network(7)
    moved = Origin(Dependence.NONE, frozenset({"W1"}), net.origin.initial)
    wrong = Network(net.arch, net.weights, net.biases, net.masks, moved)
    for call in (acc.describe, acc.trained_count, acc.information_ledger):
        with pytest.raises(InvalidArgument, match="not at its initial value"):
            call(wrong)


def test_the_code_has_to_be_agreed_on_beforehand():
    with pytest.raises(InvalidArgument, match="agreed on beforehand"):
        acc.describe(network(0), acc.Code(4), FAMILY)
    with pytest.raises(InvalidArgument):
        acc.Code(17)
    with pytest.raises((UnknownName, TypeError)):
        acc.Code(2, "middle")


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1.0, 1e20, 1e140])
def test_any_size_of_weights_can_be_written(scale):
    net = network(8)
    grown = net.replace([scale * w for w in net.weights], net.biases)
    rounded = acc.describe(grown, acc.Code(8)).network
    for a, b in zip(rounded.weights, grown.weights, strict=True):
        # 8 bits: 2^-8 of the range of about 5 mean sizes; below 1e-30 the grid stops getting finer
        assert np.abs(a - b).max() <= max(0.05 * np.abs(b).max(), 1e-29)


def test_more_bits_cost_more_and_fit_better():
    net = network(9, (30, 12, 1))
    ledgers = [acc.describe(net, acc.Code(b)) for b in (1, 2, 4, 8, 12)]
    lengths = [led.p_eff.upper for led in ledgers]
    errors = [float(np.abs(led.network.weights[0] - net.weights[0]).max()) for led in ledgers]
    assert lengths == sorted(lengths)
    assert errors == sorted(errors, reverse=True)

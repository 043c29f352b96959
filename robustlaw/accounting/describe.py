"""Description length of a network: round it onto a coded grid and charge every number.

The receiver knows the architecture, the initialisation and everything else drawn without the
data. Messages: which code of a fixed list, the mask (nothing if it does not look at the
data), then for each trained tensor its scale and the levels of its kept entries. Frozen
tensors cost nothing. What a law says about the coded network holds for it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch

from ..data.checks import require_kind
from ..errors import InvalidArgument, MissingCapability, UnknownName
from ..evidence import NATS, Bracket, sum_of
from ..networks import Network
from ..networks.grid import MAX_BITS, best_exponent, check_bits, level_index, level_value, scale_of
from .codes import binned_mask_length, integer_length, levels_length, mask_length, uniform_length
from .ledger import Entry, Ledger

Start = Literal["zero", "initial"]
MaskCode = Literal["uniform", "binned", "support"]

# Entries of the mask are sorted into this many bins of equal size by |initial value|.
MASK_BINS = 8
# A tensor with fewer than 1/16 of the entries of the largest one gets at least 6 bits an entry:
# biases and output layers are few, and the function is sensitive to them.
SMALL_TENSOR, SMALL_TENSOR_BITS = 16, 6


@dataclass(frozen=True)
class Code:
    """One way to write a network down.

    bits  : bits of the grid for weights and biases, 1 to 16
    start : "zero" writes the weights, "initial" writes their change since initialisation
    mask  : "uniform" treats all subsets of one size alike, "binned" counts them in bins of
            the initial weights' size, "support" takes them among the entries whose initial value is
            not 0: the receiver knows these, so a mask found inside a random sparse source of K0
            entries costs log(K0 + 1) + log C(K0, K)
    """

    bits: int
    start: Start = "zero"
    mask: MaskCode = "uniform"

    def __post_init__(self) -> None:
        check_bits(self.bits)
        if self.start not in get_args(Start):
            raise UnknownName("start", self.start, get_args(Start))
        if self.mask not in get_args(MaskCode):
            raise UnknownName("mask", self.mask, get_args(MaskCode))

    def __str__(self) -> str:
        origin = "change from init" if self.start == "initial" else "weights"
        return f"{self.bits}-bit {origin}, {self.mask} mask"


@dataclass(frozen=True, eq=False)
class Rounded:
    """A network on its grids, and what its numbers cost."""

    network: Network
    entries: tuple[Entry, ...]


def code_family(
    bits: Sequence[int] = tuple(range(1, MAX_BITS + 1)),
    starts: Sequence[Start] = get_args(Start),
    masks: Sequence[MaskCode] = ("uniform", "binned"),
) -> tuple[Code, ...]:
    """All combinations, in a fixed order. Naming a member costs the log of the family's size.

    The code "support" is for networks that start from a sparse source: ask for it there.
    """
    return tuple(Code(b, s, m) for b in bits for s in starts for m in masks)


DEFAULT_CODES = code_family()


def describe(net: Network, code: Code = Code(8), family: Sequence[Code] = DEFAULT_CODES) -> Ledger:
    """The network rounded by `code`, and its description length line by line.

    code   : a member of `family`
    family : codes agreed on before the data were seen
    Returns a Ledger; `.network` is the rounded network and `.p_eff` its length in nats.
    Raises MissingCapability if the code needs initial values the network does not carry,
    InvalidArgument if the code is not in the family, or the mask reaches beyond `maskable` or beyond the
    support of the initial values that the code "support" takes it in.
    """
    require_kind("net", net, Network, "give a Network, for example Network.from_torch(module)")
    if code not in family:
        raise InvalidArgument("code", str(code), "it has to be a member of the family agreed on beforehand")
    return describe_rounded(net, round_network(net, code.bits, code.start), code, family)


def describe_rounded(net: Network, rounded: Rounded, code: Code, family: Sequence[Code]) -> Ledger:
    """`describe` for a network that has been rounded already: codes that differ in the mask share it."""
    choice = Entry("header", "choice of code", uniform_length(len(family)), f"one of {len(family)}: {code}")
    entries = (choice, mask_entry(net, code), *rounded.entries)
    return Ledger(entries, rounded.network, f"description length, {code}")


def checked_family(codes: Sequence[Code]) -> Sequence[Code]:
    """The family itself. Raises InvalidArgument unless it holds codes and nothing else."""
    if not isinstance(codes, Sequence) or not all(isinstance(c, Code) for c in codes):
        raise InvalidArgument("codes", codes, "give a tuple of Code, for example code_family((1, 2, 3))")
    return codes


def usable_codes(net: Network, family: Sequence[Code] = DEFAULT_CODES) -> list[Code]:
    """Members of the family that can write this network with the initial values it carries."""
    known = frozenset(net.origin.initial or ())
    trained = frozenset(n for n in trained_names(net) if _mask_of(net, n).any())
    coded_mask = frozenset(maskable_names(net)) if net.origin.dependence.on_data else frozenset()
    inside = coded_mask <= known and not _outside_support(net, sorted(coded_mask)).any()
    fits = {"uniform": True, "binned": coded_mask <= known, "support": inside}
    return [c for c in family if (c.start == "zero" or trained <= known) and fits[c.mask]]


def mask_entry(net: Network, code: Code | None = None) -> Entry:
    """The charge for the mask: nothing if it does not look at the data, else a code for the subset."""
    names = maskable_names(net)
    if not net.origin.dependence.on_data or not names:
        free = Bracket.exact(0.0, unit=NATS)
        return Entry("mask", "mask", free, "the mask does not depend on the data")
    kept = np.concatenate([_mask_of(net, n).ravel() for n in names])
    why = f"which {int(kept.sum())} of {kept.size}"
    if code is None or code.mask == "uniform":
        return Entry("mask", "mask", mask_length(kept.size, int(kept.sum())), why)
    sizes = np.concatenate([np.abs(_initial(net, n)).ravel() for n in names])
    if code.mask == "support":
        if _outside_support(net, names).any():
            remedy = "entries are kept whose initial value is 0: use another code of the mask"
            raise InvalidArgument("mask", code.mask, remedy)
        room = int(np.count_nonzero(sizes))
        return Entry("mask", "mask", mask_length(room, int(kept.sum())), f"{why}, among {room} of a source")
    bins = np.array_split(np.argsort(sizes, kind="stable"), min(MASK_BINS, kept.size))
    length = binned_mask_length([len(b) for b in bins], [int(kept[b].sum()) for b in bins])
    return Entry("mask", "mask", length, f"{why}, in bins of |init|")


def _outside_support(net: Network, names: Sequence[str]) -> np.ndarray:
    """Kept entries whose initial value is 0, of all these tensors in a row."""
    return np.concatenate(
        [np.zeros(0, dtype=bool), *((_mask_of(net, n) & (_initial(net, n) == 0.0)).ravel() for n in names)]
    )


def round_network(net: Network, bits: int, start: Start) -> Rounded:
    """Every trained tensor on its grid, with the charge for it."""
    frozen = frozen_names(net)
    entries: list[Entry] = []
    largest = max(w.size for w in net.weights)
    weights, biases = list(net.weights), list(net.biases)
    for layer in range(net.arch.layers):
        for name, values in ((f"W{layer + 1}", weights), (f"b{layer + 1}", biases)):
            if name in frozen:
                continue
            width = tensor_bits(bits, values[layer].size, largest)
            values[layer], entry = _round_tensor(net, name, values[layer], width, start)
            entries.append(entry)
    return Rounded(net.replace(weights, biases), tuple(entries))


def tensor_bits(bits: int, entries: int, largest: int) -> int:
    """Bits of a tensor with that many entries: small tensors are rounded finely, at little cost."""
    return bits if entries * SMALL_TENSOR >= largest else max(bits, SMALL_TENSOR_BITS)


def _round_tensor(
    net: Network, name: str, values: np.ndarray, bits: int, start: Start
) -> tuple[np.ndarray, Entry]:
    kept = _mask_of(net, name)
    count = int(kept.sum())
    if count == 0:
        return values, Entry("weights", name, Bracket.exact(0.0, unit=NATS), "nothing is kept")
    base = np.where(kept, _initial(net, name), 0.0) if start == "initial" else np.zeros(values.shape)
    change = torch.tensor((values - base).reshape(1, len(values), -1))
    mask = torch.tensor(kept.reshape(1, len(values), -1))
    exponent = best_exponent(change, mask, bits)
    scale = scale_of(exponent)
    index = level_index(change, scale, bits)
    rounded = level_value(index, scale, bits).masked_fill(~mask, 0.0).numpy().reshape(values.shape)
    levels = np.bincount(index[mask].long().numpy(), minlength=2**bits)
    length = sum_of([integer_length(int(exponent.item())), levels_length(levels.tolist(), bits)])
    why = f"scale and {count} levels of {bits} bits"
    return np.where(kept, base + rounded, 0.0), Entry("weights", name, length, why)


def maskable_names(net: Network) -> list[str]:
    """Tensors the mask was chosen in; unknown means all that have one: the weights, and the biases too
    where the network has masks for them.

    Raises InvalidArgument if a tensor outside has masked entries: nobody could decode that.
    """
    kinds = "W" if net.bias_masks is None else "Wb"
    names = [f"{kind}{i + 1}" for kind in kinds for i in range(net.arch.layers)]
    chosen = names if net.origin.maskable is None else [n for n in names if n in net.origin.maskable]
    for name in names:
        if name not in chosen and not _mask_of(net, name).all():
            raise InvalidArgument(
                "maskable", sorted(chosen), f"{name} has masked entries too: name it as well"
            )
    return chosen


def trained_count(net: Network) -> int:
    """||m||_0 of p_eff: every number that depends on the data and is not masked."""
    return sum(int(_mask_of(net, n).sum()) for n in trained_names(net))


def tensor_names(net: Network) -> list[str]:
    """All weights and biases, in the order of the layers."""
    return [f"{kind}{i + 1}" for i in range(net.arch.layers) for kind in "Wb"]


def trained_names(net: Network) -> list[str]:
    """Tensors whose kept numbers are charged."""
    frozen = frozen_names(net)
    return [n for n in tensor_names(net) if n not in frozen]


def frozen_names(net: Network) -> frozenset[str]:
    """Tensors that cost nothing beyond their mask.

    Raises InvalidArgument if a kept number differs from its recorded initial value: data moved it.
    """
    initial = net.origin.initial or {}
    for name in net.origin.frozen & initial.keys() & set(tensor_names(net)):
        kept = _mask_of(net, name)
        if not np.array_equal(tensor_of(net, name)[kept], np.asarray(initial[name])[kept]):
            raise InvalidArgument(
                "frozen", sorted(net.origin.frozen), f"{name} is not at its initial value, so it was trained"
            )
    return net.origin.frozen


def tensor_of(net: Network, name: str) -> np.ndarray:
    """The tensor of that name, "W1", "b1", ..."""
    return (net.weights if name[0] == "W" else net.biases)[int(name[1:]) - 1]


def _mask_of(net: Network, name: str) -> np.ndarray:
    masks = net.masks if name[0] == "W" else net.bias_masks
    layer = int(name[1:]) - 1
    return np.ones(net.biases[layer].shape, dtype=bool) if masks is None else masks[layer]


def _initial(net: Network, name: str) -> np.ndarray:
    if net.origin.initial is None or name not in net.origin.initial:
        raise MissingCapability(
            f"this code starts from the initial value of {name}, which the network does not carry; "
            "use a code with start='zero' and mask='uniform'"
        )
    return np.asarray(net.origin.initial[name])

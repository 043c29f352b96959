"""p_eff of the theorems that speak of mutual information, with certified caps on I(m;D)."""

from __future__ import annotations

import numpy as np

from ..constants import FLOAT32_BITS, FLOAT64_BITS
from ..errors import UnknownName
from ..evidence import LOG2, NATS, Bracket
from ..information import InformationBracket
from ..networks import Dependence, Network
from .describe import frozen_names, mask_entry, tensor_of, trained_count, trained_names
from .events import FrozenWeights, MeasuredMask
from .events.base import require_nats
from .events.compose import require_order
from .ledger import Entry, Ledger

TARGETS = ("I(m;D|init)", "I(m;Y|X)")


def label_entropy_cap(n: int) -> Bracket:
    """I(m;Y|X) <= H(Y|X) <= n log 2 for labels +-1, nats."""
    return LOG2 * float(n)


def mask_information_cap(net: Network, target: str = "I(m;D|init)", n: int | None = None) -> Bracket:
    """What the mask can know about the data, from its size and dependence class alone.

    target : "I(m;D|init)" counts inputs and labels, "I(m;Y|X)" labels only
    n      : number of +-1 labels; caps the label part by n log 2
    Returns [0, cap] in nats, exactly 0 for masks that do not look at the target's data.
    Raises UnknownName.
    """
    if target not in TARGETS:
        raise UnknownName("target", target, TARGETS)
    labels_only = target == "I(m;Y|X)"
    dependence = net.origin.dependence
    if not dependence.on_data or (labels_only and dependence is Dependence.INPUTS):
        return Bracket.exact(0.0, f"the mask is a function of {_looks_at(dependence)}", NATS)
    cap, method = mask_entry(net).nats.upper, "log of the number of masks"
    if labels_only and n is not None and label_entropy_cap(n).upper < cap:
        cap, method = label_entropy_cap(n).upper, "entropy of the labels"
    return Bracket(0.0, cap, method, NATS)


def machine_bits(net: Network) -> int:
    """32 if every trained number is a float32, as a training program's output is, else 64."""
    with np.errstate(over="ignore", under="ignore"):
        narrow = all(
            np.array_equal(v.astype(np.float32).astype(np.float64), v)
            for v in (tensor_of(net, name) for name in trained_names(net))
        )
    return FLOAT32_BITS if narrow else FLOAT64_BITS


def information_ledger(
    net: Network,
    information: Bracket | None = None,
    nats_per_weight: Bracket | None = None,
    weights_are: str | None = None,
) -> Ledger:
    """Bound on I(f;D|init): the mask's information plus a charge for each trained number.

    information     : bracket on I(m;D|init) in nats; by default the cap. An InformationBracket is held to
                      its target, and its risk is carried along
    nats_per_weight : charge for one trained number; by default 32 ln 2 for a program that writes
                      float32, a number being one of at most 2^32, and 64 ln 2 for float64
    weights_are     : the reason of that charge, in words
    Raises WrongTarget, MixedUnits, HeuristicInVerdict or, if an information without the init is
    offered for a network with frozen random weights, InvalidComposition.
    """
    mask = _mask_charge(net, information)
    bits = machine_bits(net)
    rate = LOG2 * float(bits) if nats_per_weight is None else nats_per_weight
    count = trained_count(net)
    charge = Bracket((rate * float(count)).lower, (rate * float(count)).upper, "weights", NATS)
    return Ledger(
        (
            mask,
            Entry("weights", f"{count} trained numbers", charge, weights_are or f"{bits} machine bits each"),
        ),
        net,
        "I(m;D|init) + weights",
    )


def _mask_charge(net: Network, information: Bracket | None) -> Entry:
    if isinstance(information, InformationBracket):
        measured = MeasuredMask(information)
        fixed = [tensor_of(net, name) for name in frozen_names(net)]
        numbers = sum(v.size for v in fixed)
        require_order([measured, FrozenWeights(numbers, drawn=any(v.any() for v in fixed))])
        return measured.charge()
    known = mask_information_cap(net) if information is None else information
    require_nats("information", known)
    return Entry("mask", "I(m;D|init)", known, known.method)


def _looks_at(dependence: Dependence) -> str:
    return "the inputs and the seed alone" if dependence is Dependence.INPUTS else "the seed alone"

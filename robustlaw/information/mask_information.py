"""The best certified bracket on mask-data information that a channel's capabilities allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..data.checks import require_number
from ..errors import InvalidArgument, MissingCapability, UnknownName
from ..evidence import BITS, NATS, Estimate
from . import (
    lower_candidates,
    lower_entropy,
    lower_labels,
    probe,
    upper_codes,
    upper_examples,
    upper_flips,
    upper_pairs,
)
from .bounds import Bound, InformationBracket, Side, combine, exact_bracket
from .caps import caps
from .channel import HasExactInformation, HasLabels, HasTable, MaskChannel
from .declarations import check_declarations
from .discrete import from_table, own_targets
from .runs import Sample, sample
from .targets import Target, as_target

Compute = Callable[[Sample, float], Bound]
TRIAL_RISK = 0.4  # of the trial on pilot runs, which only ranks the methods


@dataclass(frozen=True)
class Rung:
    """A method: which side it bounds, and how. It raises MissingCapability where it does not apply."""

    name: str
    side: Side
    compute: Compute


RUNGS: tuple[Rung, ...] = (
    Rung("label recovery", "lower", lower_labels.label_recovery),
    Rung("error rate", "lower", lower_labels.error_rate),
    Rung("contrast with decoys", "lower", lower_candidates.contrastive),
    Rung("guessing among candidates", "lower", lower_candidates.candidate_guessing),
    Rung("entropy of the mask", "lower", lower_entropy.plug_in_entropy),
    Rung("collisions", "lower", lower_entropy.collision),
    Rung("mask-only probe", "lower", probe.mask_only_probe),
    Rung("flip sum", "upper", upper_flips.flip_sum),
    Rung("coupled flips", "upper", upper_flips.coupled_flips),
    Rung("reference code", "upper", upper_codes.reference_code),
    Rung("mixture code", "upper", upper_codes.mixture_code),
    Rung("description length", "upper", upper_codes.description_length),
    Rung("pairwise divergence", "upper", upper_pairs.pairwise_divergence),
    Rung("coupled replacements", "upper", upper_examples.coupled_replacements),
    Rung("coupled swaps", "upper", upper_examples.coupled_swaps),
)


def mask_information(
    channel: MaskChannel,
    target: str = "I(m;D)",
    level: float = 0.95,
    runs: int = 2000,
    seed: int = 0,
    *,
    exact: bool = True,
    unit: str = NATS,
    rungs: Sequence[Rung] = RUNGS,
) -> InformationBracket:
    """Certified bracket on the information that the mask holds about the data.

    channel : a MaskChannel; its capabilities decide which bounds are tried
    target  : "I(m;D)", "I(m;D|init)", "I(m;Y|X)" or "I(m;Y|X,init)"
    level   : the bracket holds with at least this probability over the sampled runs
    runs    : sampled runs, a fifth of them a pilot that chooses one method a side
    unit    : "nats", or "bits" for display: ledgers and laws take nats
    exact   : use a closed form or a finite table where the channel has one
    Every method is tried on the pilot; the best of each side gets half of 1 - level and the fresh
    runs. Caps need no sampling and always count. Raises UnknownName, InvalidArgument (level, runs,
    masks outside the support, a target the channel cannot speak of), FalseDeclaration (the pilot
    contradicts the channel).
    """
    wanted = as_target(target)
    if unit not in (NATS, BITS):
        raise UnknownName("unit", unit, (NATS, BITS))
    require_number("level", level)
    if not 0.0 < level < 1.0:
        raise InvalidArgument("level", level, "give a probability between 0 and 1, such as 0.95")
    drawn = sample(channel, runs, seed)
    _check_target(channel, wanted)
    if exact and (known := _exact(channel, wanted)) is not None:
        return known.in_unit(unit)
    check_declarations(drawn)
    risk = 0.5 * (1.0 - level)
    bounds = [_about(cap, channel, wanted) for cap in caps(channel)]
    considered: list[Estimate] = []
    sides: tuple[Side, ...] = ("lower", "upper")
    for side in sides:
        trials = _trials(channel, drawn, wanted, [r for r in rungs if r.side == side])
        considered += [Estimate(t.value, f"{side}: {t.name}, pilot", "nats") for _, t in trials]
        if trials:
            winner = (max if side == "lower" else min)(trials, key=lambda pair: pair[1].value)[0]
            bounds.append(_about(winner.compute(drawn, risk), channel, wanted))
    usable = [b for b in bounds if b.holds_for(wanted)]
    return replace(combine(wanted, usable), considered=tuple(considered)).in_unit(unit)


def _check_target(channel: MaskChannel, target: Target) -> None:
    if channel.conditioned and not target.given_init:
        raise InvalidArgument(
            "target",
            target.value,
            "the initialisation is fixed: ask for I(m;D|init) or I(m;Y|X,init)",
        )
    if target.of_labels and not isinstance(channel, HasLabels):
        raise MissingCapability(f"{target} needs a channel with labels; {type(channel).__name__} has none")


def _exact(channel: MaskChannel, target: Target) -> InformationBracket | None:
    if isinstance(channel, HasExactInformation):
        value = channel.exact_information(target)
        if value is not None:
            return exact_bracket(value, target, "closed form")
    if isinstance(channel, HasTable) and target in own_targets(channel):
        return from_table(channel, target)
    return None


def _same_everywhere(channel: MaskChannel) -> bool:
    """Nothing but the labels is random, so label targets and data targets are one number."""
    return isinstance(channel, HasLabels) and channel.labels_are_data


def _about(bound: Bound, channel: MaskChannel, target: Target) -> Bound:
    """The bound in the words of `target`, where labels are all the data and the two are one number."""
    if not _same_everywhere(channel):
        return bound
    given = bound.target.given_init
    if target.of_labels:
        return replace(bound, target=Target.LABELS_GIVEN_INIT if given else Target.LABELS)
    return replace(bound, target=Target.DATA_GIVEN_INIT if given else Target.DATA)


def _trials(
    channel: MaskChannel, drawn: Sample, target: Target, rungs: Sequence[Rung]
) -> list[tuple[Rung, Bound]]:
    """What each method that applies gives on the pilot alone."""
    cut = max(1, len(drawn.pilot) // 4)
    parts = (drawn.pilot.take(slice(0, cut)), drawn.pilot.take(slice(cut, None)))
    trial = Sample(channel, *parts, drawn.seed, trial=True)
    found = []
    for rung in rungs:
        try:
            bound = _about(rung.compute(trial, TRIAL_RISK), channel, target)
        except MissingCapability:
            continue
        if bound.holds_for(target):
            found.append((rung, bound))
    return found

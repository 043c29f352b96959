"""Asking a channel for a capability, with an answer that says what is missing."""

from __future__ import annotations

from typing import Any, TypeVar

from ..errors import MissingCapability
from .channel import HasDensity, HasExamples, HasLabels, IsDeterministic, MaskChannel

P = TypeVar("P")

_MEMBERS: dict[type, str] = {
    HasDensity: "a density log_prob(masks, data) with density_error",
    HasLabels: "labels drawn independently given the inputs (label_law, labels, replace_labels)",
    HasExamples: "independent examples (n_examples, replace_examples)",
    IsDeterministic: "deterministic = True",
}


def has(channel: MaskChannel, capability: type) -> bool:
    """The channel offers it. A flag has to be True, not merely there."""
    if capability is IsDeterministic:
        return bool(getattr(channel, "deterministic", False))
    return isinstance(channel, capability)


def need(channel: Any, capability: type[P], method: str) -> P:
    """The channel itself, known to offer `capability`. Raises MissingCapability."""
    if not has(channel, capability):
        wanted = _MEMBERS.get(capability, capability.__name__)
        raise MissingCapability(f"{method} needs {wanted}; {type(channel).__name__} has none")
    return channel  # type: ignore[no-any-return]


def need_fair_labels(channel: Any, method: str) -> HasLabels:
    """Labels that are independent fair coins. Raises MissingCapability."""
    labelled = need(channel, HasLabels, method)
    if not labelled.label_law.is_fair:
        raise MissingCapability(f"{method} needs labels that are independent fair coins")
    return labelled

"""Asking a channel for a capability, with an answer that says what is missing."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ..errors import FalseDeclaration, MissingCapability
from .channel import HasDensity, HasExamples, HasLabels, IsDeterministic, MaskChannel, Nats
from .runs import Runs

P = TypeVar("P")
ABOVE = 1e-9  # a log density above its error and this is none

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


def log_density(channel: HasDensity, runs: Runs) -> Nats:
    """ln p(m|D) of the runs. Raises FalseDeclaration for a mask of density 0, or above 1, that came out.

    Upper bounds clip their values, which would hide either.
    """
    own = channel.log_prob(runs.masks, runs.data)
    wrong = ~(np.isfinite(own) & (own <= channel.density_error + ABOVE))
    if wrong.any():
        words = f"a mask that came out has log density {own[wrong][0]:.6g}"
        raise FalseDeclaration("channel", type(channel).__name__, words)
    return own


def need_fair_labels(channel: Any, method: str) -> HasLabels:
    """Labels that are independent fair coins. Raises MissingCapability."""
    labelled = need(channel, HasLabels, method)
    if not labelled.label_law.is_fair:
        raise MissingCapability(f"{method} needs labels that are independent fair coins")
    return labelled

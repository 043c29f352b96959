"""Brackets, estimates and evidence as JSON, without losing a bit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..errors import InvalidArgument
from .bracket import Bracket, Certificate, Estimate
from .collapse import LayerCollapse
from .verdict import Evidence, Hypothesis, Verdict

Recorded = Bracket | Estimate | Evidence | LayerCollapse


def to_json(value: Recorded) -> str:
    """JSON text that `from_json` turns into an equal object: floats keep every bit."""
    tree = asdict(value)
    if isinstance(value, Evidence):
        tree["details"] = {k: _tagged(v) for k, v in value.details.items()}
    return json.dumps({"type": type(value).__name__, **_plain(tree)}, allow_nan=False)


def from_json(text: str) -> Recorded:
    """The object that `to_json` wrote. Raises InvalidArgument on any other text."""
    try:
        tree = json.loads(text)
        value: Recorded = _BUILDERS[tree.pop("type")](tree)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidArgument(
            "text", text, f"not the JSON of a bracket, estimate, evidence or collapse ({error})"
        ) from error
    return value


def _plain(value: Any) -> Any:
    """JSON has no infinities, so they travel as strings that float() reads back."""
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _tagged(value: float | str) -> Any:
    """Details mix words and numbers, so an infinite number says that it is one."""
    return {"float": value} if isinstance(value, float) and math.isinf(value) else value


def _read_bracket(tree: Mapping[str, Any] | None) -> Bracket | None:
    if tree is None:
        return None
    fields = dict(tree)
    if fields["certificate"] is not None:
        numbers = {k: _floats(v) for k, v in fields["certificate"]["numbers"].items()}
        fields["certificate"] = Certificate(fields["certificate"]["kind"], numbers)
    fields["witness"] = None if fields["witness"] is None else _floats(fields["witness"])
    fields["assumptions"] = tuple(fields["assumptions"])
    return Bracket(**{**fields, "lower": float(fields["lower"]), "upper": float(fields["upper"])})


def _read_evidence(tree: Mapping[str, Any]) -> Evidence:
    fields = dict(tree)
    fields["verdict"] = Verdict(fields["verdict"])
    fields["measured"] = _read_bracket(fields["measured"])
    fields["theory"] = _read_bracket(fields["theory"])
    fields["hypotheses"] = tuple(Hypothesis(**h) for h in fields["hypotheses"])
    slack = fields["slack_at_lower_information"]
    fields["slack_at_lower_information"] = None if slack is None else float(slack)
    fields["details"] = {
        k: float(v["float"]) if isinstance(v, Mapping) else v for k, v in fields["details"].items()
    }
    return Evidence(**fields)


def _read_estimate(tree: Mapping[str, Any]) -> Estimate:
    error = tree["standard_error"]
    fields = {
        **tree,
        "value": float(tree["value"]),
        "standard_error": None if error is None else float(error),
    }
    return Estimate(**fields)


def _read_collapse(tree: Mapping[str, Any]) -> LayerCollapse:
    return LayerCollapse(tuple(tree["kept"]), tuple(tree["total"]), tree["stop"])


_BUILDERS: dict[str, Any] = {
    "Bracket": _read_bracket,
    "Estimate": _read_estimate,
    "Evidence": _read_evidence,
    "LayerCollapse": _read_collapse,
}


def _floats(values: Iterable[Any]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)

"""Channels by name, for the command line."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Sequence
from typing import Any

from ..data import Gaussian
from ..data.checks import whole
from ..errors import InvalidArgument, UnknownName
from ..information import ZOO, FixedInputs, InformationBracket, MaskChannel, Target, mask_information
from ..information.zoo import Coset
from ..networks import Mlp, Recipe
from ..pruning import PRUNERS
from ..seeds import generator


def channel(
    name: str, settings: Sequence[str], n: int = 12, widths: tuple[int, ...] = (4, 8, 1), steps: int = 150
) -> MaskChannel:
    """A zoo channel or a pruner on fair labels of fixed normal inputs.

    settings : "key=value" of the channel's own parameters; a pruner takes density, init, inputs
    Raises UnknownName or InvalidArgument.
    """
    pairs = [_parsed(text) for text in settings]
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InvalidArgument("set", " ".join(settings), "give each parameter once")
    if name in ZOO:
        return _built(name, ZOO[name], values)
    if name not in PRUNERS:
        raise UnknownName("channel", name, [*ZOO, *PRUNERS])
    for key in values.keys() - {"density", "init", "inputs"}:
        raise UnknownName("set", key, ("density", "init", "inputs"))
    x, _ = Gaussian(widths[0]).draw(n, generator("data", whole("inputs", values.get("inputs", 0))))
    pruner = PRUNERS[name](float(values.get("density", 0.5)))
    recipe = Recipe(steps=steps, stop_at=None)
    return FixedInputs(Mlp(widths), x, pruner, recipe, init=whole("init", values.get("init", 0)))


def bracket(
    made: MaskChannel, target: str, level: float, runs: int, seed: int, exact: bool
) -> InformationBracket:
    """mask_information with the target that suits the channel, unless one is named."""
    default = Target.DATA_GIVEN_INIT if made.conditioned else Target.DATA
    return mask_information(made, target or default.value, level, runs, seed, exact=exact)


def as_json(found: InformationBracket) -> str:
    """The bracket with every bound that was tried."""
    tried = [
        {"side": b.side, "name": b.name, "nats": b.value if math.isfinite(b.value) else None, "risk": b.risk}
        for b in found.tried
    ]
    return json.dumps(
        {
            "target": found.target.value,
            "lower_nats": found.lower,
            "upper_nats": found.upper,
            "level": found.level,
            "method": found.method,
            "assumptions": list(found.assumptions),
            "tried": tried,
        },
        indent=1,
    )


def widths(text: str) -> tuple[int, ...]:
    """ "4-8-1" as (4, 8, 1). Raises InvalidArgument."""
    try:
        return tuple(int(part) for part in text.split("-"))
    except ValueError:
        raise InvalidArgument("widths", text, "give whole numbers joined by dashes, such as 4-8-1") from None


def _parsed(text: str) -> tuple[str, float | int]:
    key, found, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not found or not math.isfinite(number):
        raise InvalidArgument("set", text, "give key=number, such as n=100")
    return key, int(number) if number == int(number) and "." not in value else number


def _built(name: str, kind: Any, values: dict[str, float | int]) -> MaskChannel:
    known = list(inspect.signature(kind).parameters)
    if kind is Coset:
        raise InvalidArgument("channel", name, "it takes matrices: build information.zoo.Coset in Python")
    for key in values.keys() - set(known):
        raise UnknownName("set", key, known)
    missing = [
        p.name
        for p in inspect.signature(kind).parameters.values()
        if p.default is inspect.Parameter.empty and p.name not in values
    ]
    if missing:
        raise InvalidArgument("set", ", ".join(missing), f"{name} needs each: --set {missing[0]}=5")
    made: MaskChannel = kind(**values)
    return made

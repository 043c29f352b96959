"""Every error that robustlaw raises on purpose.

Each message names the argument, shows the value and says what to do, so that a
traceback is enough to repair the call.
"""

from __future__ import annotations

from collections.abc import Iterable


class RobustlawError(Exception):
    """Base of all errors that robustlaw raises on purpose."""


class InvalidArgument(RobustlawError, ValueError):
    """An argument has a value that no result could be right for."""

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        self.argument, self.value, self.remedy = argument, value, remedy
        super().__init__(f"{argument} = {_shown(value)}: {remedy}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.argument, _shown(self.value), self.remedy)


class ShapeMismatch(InvalidArgument):
    """Arrays that have to fit together do not."""


class NonFinite(InvalidArgument):
    """An array holds NaN or infinity."""


class InfeasibleDensity(InvalidArgument):
    """A kept fraction outside (0, 1], or a kept count that does not exist."""


class InfeasibleConstruction(InvalidArgument):
    """Points or sizes for which an explicit interpolant does not exist."""


class MissingEdge(InfeasibleConstruction):
    """A target network has an edge that a random source lacks at every copy of its lower end.

    layer : number of the layer, from 1
    start : the target's unit (or input) below
    end   : the target's unit above
    copy  : of the unit above
    """

    def __init__(self, layer: int, start: int, end: int, copy: int) -> None:
        self.layer, self.start, self.end, self.copy = layer, start, end, copy
        edge = f"copy {copy} of unit {end} of layer {layer}"
        below = f"to no copy of {'input' if layer == 1 else 'unit'} {start} below it"
        super().__init__("source", edge, f"it is linked {below}; draw another source, or give more copies")

    def __reduce__(self) -> tuple[type, tuple[int, int, int, int]]:  # type: ignore[override]
        return type(self), (self.layer, self.start, self.end, self.copy)


class LabelOutOfRange(InvalidArgument):
    """A label or a target value outside [-1, 1]."""


class UnknownName(InvalidArgument):
    """A name that is not in the list of choices."""

    def __init__(self, argument: str, value: object, choices: Iterable[object]) -> None:
        self.choices = tuple(str(c) for c in choices)
        super().__init__(argument, value, f"choose one of {', '.join(self.choices)}")

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), (self.argument, _shown(self.value), self.choices)


class MixedUnits(InvalidArgument):
    """Nats, bits and plain numbers do not add up; convert first."""


class UnknownEvent(InvalidArgument):
    """The accountant was handed something it has no charge for."""


class WrongTarget(InvalidArgument):
    """A bound on one information is offered where another one has to be charged."""


class InvalidComposition(InvalidArgument):
    """Charges that are right one by one and wrong as a sum in this order."""


class FalseDeclaration(InvalidArgument):
    """An object contradicts what it declares about itself, so that nothing can be certified with it."""


class MissingCapability(RobustlawError, TypeError):
    """An object lacks what a computation needs (a certificate, a closed form, a density)."""


class HeuristicInVerdict(RobustlawError, TypeError):
    """An Estimate was offered where only a certified Bracket may stand."""


class UnreadableFile(RobustlawError, ValueError):
    """A file that a user handed over is not what it should be; nothing in it was executed."""


class UnwritableFolder(RobustlawError, OSError):
    """Results cannot be stored where the user asked."""


class BrokenInvariant(RobustlawError, AssertionError):
    """Two certified numbers contradict each other: a defect of robustlaw, please report it."""


def _shown(value: object, limit: int = 80) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."

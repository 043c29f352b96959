"""robustlaw: certified checks of the sparse Law of Robustness.

A network that fits n noisy labels in dimension d below the noise level has a Lipschitz
constant of at least about sqrt(n d / p_eff), p_eff = E||m||_0 + I(m;D).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_ROOMS = (
    "data",
    "networks",
    "pruning",
    "information",
    "lipschitz",
    "accounting",
    "laws",
    "constructions",
    "studies",
    "sweep",
    "testing",
    "evidence",
    "errors",
)
_NAMES = {
    "Problem": "data",
    "Dataset": "data",
    "Mlp": "networks",
    "Network": "networks",
    "Stack": "networks",
    "train": "pruning",
    "Bracket": "evidence",
    "Estimate": "evidence",
    "Evidence": "evidence",
    "Verdict": "evidence",
    "RobustlawError": "errors",
}

if TYPE_CHECKING:
    from . import (
        accounting,
        constructions,
        data,
        errors,
        evidence,
        information,
        laws,
        lipschitz,
        networks,
        pruning,
        studies,
        sweep,
    )
    from .data import Dataset, Problem
    from .errors import RobustlawError
    from .evidence import Bracket, Estimate, Evidence, Verdict
    from .networks import Mlp, Network, Stack
    from .pruning import train

__all__ = [
    "Bracket",
    "Dataset",
    "Estimate",
    "Evidence",
    "Mlp",
    "Network",
    "Problem",
    "RobustlawError",
    "Stack",
    "Verdict",
    "accounting",
    "constructions",
    "data",
    "errors",
    "evidence",
    "information",
    "laws",
    "lipschitz",
    "networks",
    "pruning",
    "studies",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    """Rooms and names load on first use, so that `import robustlaw` does not wait for torch."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS, *_NAMES])

"""l_inf."""

from collections.abc import Callable
from ..networks import Network
from ..evidence import Bracket

CHECKERS: dict[str, Callable[[Network, Bracket], str]] = {}

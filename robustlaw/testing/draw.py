"""The type of hypothesis's `draw`, in a form that can be checked while a program runs."""

from collections.abc import Callable
from typing import Any

Draw = Callable[..., Any]

"""What configs of studies share: they go to the sweep as plain values and come back as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from ..errors import UnknownName

C = TypeVar("C")


@dataclass(frozen=True)
class PlainConfig:
    """Base of a frozen dataclass of numbers, words, dicts of words, and tuples of these."""

    def plain(self) -> dict[str, Any]:
        """The config as plain values, for the sweep: tuples become lists."""
        values = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def of(cls: type[C], config: Mapping[str, Any]) -> C:
        """The config in a mapping of plain values. Raises UnknownName on a stray field."""
        names = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        for name in config:
            if name not in names:
                raise UnknownName("field", name, names)
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in config.items()})

"""A cell's name: the SHA-256 of the canonical JSON of everything that determines its result.

Canonical JSON: keys sorted by code point, no white space, UTF-8, floats by their shortest
repr, integers and floats distinct (1 is not 1.0), -0.0 written as 0.0, no NaN or infinity.
Environment, timing, chunk and worker are not part of it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from ..errors import NonFinite
from .errors import NotPlain

SCHEMA = 1
"""Version of the layout below; a new layout gives every cell a new key."""


def cell_key(study: str, version: int, config: dict[str, Any]) -> str:
    """64 hexadecimal digits that name one config of one version of a study."""
    return key_of_text(study, version, canonical(config, "config"))


def key_of_text(study: str, version: int, config: str) -> str:
    """The key of the config whose canonical text this is."""
    # The canonical text of a dict of these four: its names are sorted.
    return hashlib.sha256(f'{{"config":{config},{_named(study, version)}'.encode()).hexdigest()


def canonical(value: Any, where: str = "value") -> str:
    """The one JSON text of a plain value; equal values have equal texts.

    Raises NotPlain or NonFinite with the place, for example config['lr'].
    """
    if _is_of_plain_types(value):
        try:
            text = _write(value)
            text.encode()
        except ValueError:  # NaN, infinity, or a lone surrogate: the slow way says where
            return _write(_unsigned_zeros(plain(value, where)))
        if "-0.0" not in text:
            return text
    return _write(_unsigned_zeros(plain(value, where)))


def plain(value: Any, where: str = "value") -> Any:
    """A fresh copy made of dict, list, str, int, float, bool and None; tuples become lists.

    Subclasses are refused: numpy's float64 is a float, and would come back as another type.
    """
    if value is None or type(value) in (bool, int):
        return value
    if type(value) is float:
        return _finite(value, where)
    if type(value) is str:
        return _encodable(value, where)
    if type(value) in (list, tuple):
        return [plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if type(value) is dict:
        return {_name(key, where): plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    raise NotPlain(where, value, f"{type(value).__qualname__} is not plain; {_remedy(value)}")


_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

_NAMES = frozenset((str,))
_SCALARS = frozenset((str, int, float, bool, type(None)))


def _is_of_plain_types(value: Any) -> bool:
    """Whether there is no subclass and nothing that JSON would bend; numbers and texts may still be wrong."""
    kind = type(value)
    if kind is dict:
        return _NAMES.issuperset(map(type, value)) and _are_of_plain_types(value.values())
    return kind in _SCALARS or (kind in (list, tuple) and _are_of_plain_types(value))


def _are_of_plain_types(values: Collection[Any]) -> bool:
    # Most values are flat: then one set decides, without a call for each.
    return _SCALARS.issuperset(map(type, values)) or all(
        _is_of_plain_types(value) for value in values if type(value) not in _SCALARS
    )


@lru_cache(maxsize=64, typed=True)  # typed: True and 1 are other texts
def _named(study: str, version: int) -> str:
    return _write({"schema": SCHEMA, "study": study, "version": version})[1:]


def _finite(value: float, where: str) -> float:
    if math.isfinite(value):
        return value
    raise NonFinite(where, value, "JSON has no such number; write None or a word instead")


def _encodable(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotPlain(where, ascii(text), "a lone surrogate has no UTF-8 form; remove it") from None
    return text


def _name(key: Any, where: str) -> str:
    if type(key) is str:
        return _encodable(key, where)
    raise NotPlain(f"a key of {where}", key, "JSON's keys are strings; write it as one")


def _remedy(value: Any) -> str:
    if hasattr(value, "tolist"):
        return "convert it with .tolist()"
    return "use dict, list, tuple, str, int, float, bool or None"


def _unsigned_zeros(value: Any) -> Any:
    if type(value) is float:
        return value + 0.0  # -0.0 + 0.0 is 0.0; every other float is unchanged
    if type(value) is list:
        return [_unsigned_zeros(item) for item in value]
    if type(value) is dict:
        return {key: _unsigned_zeros(item) for key, item in value.items()}
    return value

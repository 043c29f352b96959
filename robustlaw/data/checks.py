"""Checks of arguments, and roundings that keep a certificate on the safe side."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral, Real
from operator import index
from types import UnionType
from typing import Any

import numpy as np

from ..errors import InvalidArgument, NonFinite, ShapeMismatch

EPS = float(np.finfo(np.float64).eps)


def whole(argument: str, value: Any, least: int = 0) -> int:
    """`value` as an int, numpy's integers included. Raises InvalidArgument."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidArgument(argument, value, "it has to be a whole number")
    if value < least:
        raise InvalidArgument(argument, value, f"it has to be at least {least}")
    return index(value)


def require_count(argument: str, value: Any, least: int = 1) -> None:
    whole(argument, value, least)


def require_number(argument: str, value: Any) -> None:
    """Raises InvalidArgument unless `value` is one real number; NaN and infinity pass."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidArgument(argument, value, "it has to be a number")


def require_positive(argument: str, value: Any) -> None:
    require_number(argument, value)
    if not (math.isfinite(value) and value > 0.0):
        raise InvalidArgument(argument, value, "it has to be a finite positive number")


def require_kind(argument: str, value: Any, kind: type | UnionType, remedy: str) -> None:
    """Raises InvalidArgument unless `value` is an instance of `kind`; the class itself is none."""
    if not isinstance(value, kind):
        raise InvalidArgument(argument, value, remedy)


def real_array(argument: str, value: Any) -> np.ndarray:
    """`value` as a fresh float64 array. Raises InvalidArgument for what holds no real numbers."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, torch's refusals
        raise InvalidArgument(argument, value, f"give an array of real numbers ({error})") from error
    if array.dtype.kind not in "buif":
        raise InvalidArgument(argument, value, f"give an array of real numbers; this one holds {array.dtype}")
    return array.astype(np.float64)


def finite(argument: str, value: Any, ndim: int) -> np.ndarray:
    """`value` as a fresh float64 array of `ndim` axes. Raises InvalidArgument, ShapeMismatch or NonFinite."""
    array = real_array(argument, value)
    if array.ndim != ndim:
        raise ShapeMismatch(argument, array.shape, f"give an array with {ndim} axes")
    if not np.isfinite(array).all():
        raise NonFinite(argument, array[~np.isfinite(array)][:3], "every entry has to be finite")
    return array


def rows_and_offsets(w: np.ndarray, b: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (rows, dim) and offsets (rows,) of affine functions, checked."""
    rows, offsets = finite("w", w, 2), finite("b", b, 1)
    if rows.shape != (len(offsets), dim):
        raise ShapeMismatch("w", rows.shape, f"b has {len(offsets)} entries and inputs {dim}")
    return rows, offsets


def ceiling(value: Fraction) -> float:
    """The smallest float that is not below `value`: the quotient itself where it is exact."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)


def row_norms(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of |w| for each row.

    A sum of d squares is off by a relative (d + 1) eps / 2 at most, its root by half of that
    plus eps / 2; (d + 4) eps leaves room for later products of a few factors.
    """
    norms = np.sqrt(np.sum(w * w, axis=1))
    slack = (w.shape[1] + 4) * EPS
    return norms * (1.0 - slack), norms * (1.0 + slack)


def largest_eigenvalue(matrix: np.ndarray) -> float:
    """Certified upper bound on the largest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(matrix)[-1] + eigenvalue_slack(matrix))


def eigenvalue_slack(matrix: np.ndarray) -> float:
    """Bound on the error of a computed eigenvalue.

    The symmetric solver is backward stable: its answers belong to a matrix that differs by
    p(d) eps |A| with p a modest multiple of d; 8 d with the Frobenius norm leaves room.
    """
    return float(8.0 * len(matrix) * EPS * np.linalg.norm(matrix))


def spectral_norm(matrix: np.ndarray) -> float:
    """Certified upper bound on the largest singular value, with the slack of `eigenvalue_slack`."""
    slack = 8.0 * max(matrix.shape) * EPS * np.linalg.norm(matrix)
    return float(np.linalg.norm(matrix, 2) + slack)

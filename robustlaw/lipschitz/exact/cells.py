"""Which patterns do points reach: floating point proposes, integers prove."""

from __future__ import annotations

from itertools import islice

import numpy as np

from .model import Model, Pattern
from .realise import THIN, candidates, is_contradiction, realise

# Affine maps of this many prefixes of a pattern are kept.
REMEMBERED = 256
# Supports that are looked at where floating point is in doubt.
MOST_TRIES = 200


class Cells:
    """Points with wanted signs, or supports of exact proofs that there are none.

    Signs are needed layer by layer: a unit may be fixed only if all open units of the layers
    below are.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._floats: dict[tuple[int, bytes], np.ndarray] = {}
        self._exact: dict[tuple[int, bytes], np.ndarray] = {}

    def forms(self, signs: Pattern, layer: int) -> np.ndarray:
        key = layer, signs[: self.model.edges[layer]].tobytes()
        if key not in self._floats:
            if len(self._floats) > REMEMBERED:
                self._floats.clear()
            self._floats[key] = self.model.forms(signs, layer)
        return self._floats[key]

    def exact_forms(self, signs: Pattern, layer: int) -> np.ndarray:
        key = layer, signs[: self.model.edges[layer]].tobytes()
        if key not in self._exact:
            if len(self._exact) > REMEMBERED:
                self._exact.clear()
            self._exact[key] = self.model.exact_forms(signs, layer)
        return self._exact[key]

    def exact_form(self, signs: Pattern, unit: int) -> list[int]:
        layer = int(self.model.layer_of[unit])
        return [int(x) for x in self.exact_forms(signs, layer)[unit - self.model.edges[layer]]]

    def value(self, signs: Pattern, unit: int, point: np.ndarray) -> float:
        """Pre-activation of a unit at a point with the signs of the layers below; relative to its size."""
        layer = int(self.model.layer_of[unit])
        form = self.forms(signs, layer)[unit - self.model.edges[layer]]
        size = float(np.abs(form[:-1]) @ np.abs(point) + abs(form[-1]))
        return float(form[:-1] @ point + form[-1]) / size if size > 0.0 else 0.0

    def visit(self, signs: Pattern) -> tuple[np.ndarray | None, tuple[int, ...] | None]:
        """(point, support): a point with these signs, or units whose forms contradict each other.

        (None, None) where neither was found. A support of one unit with the form 0 means: on is
        the same function as off.
        """
        model = self.model
        units = np.flatnonzero((signs != 0) & model.open_units)
        if not len(units):
            return np.zeros(model.inputs), None
        rows = np.vstack([self._rows(signs, units, k) for k in range(int(model.layer_of[units[-1]]) + 1)])
        # Forms that vanish say nothing; those that vanish up to rounding are left to the exact proof.
        matters = np.abs(rows).max(axis=1) > 0.0
        for unit in units[~matters & (signs[units] > 0)]:
            if not any(self.exact_form(signs, int(unit))):
                return None, (int(unit),)
        answer = realise(rows[matters])
        if answer.point is not None and answer.margin > THIN:
            return answer.point, None
        kept = units[matters]
        support = tuple(int(kept[i]) if i < len(kept) else model.hidden for i in answer.support)
        for some in islice(candidates(support), MOST_TRIES):
            if self.contradict(signs, some):
                return None, some
        return answer.point, None

    def contradict(self, signs: Pattern, support: tuple[int, ...]) -> bool:
        """No point has these signs: an exact dependency of the supporting forms and t."""
        real = [u for u in support if u < self.model.hidden]
        columns = [[int(signs[u]) * x for x in self.exact_form(signs, u)] for u in real]
        if not columns or not all(any(c) for c in columns):
            return False
        if len(real) < len(support):
            columns.append([0] * self.model.inputs + [1])
        return is_contradiction(columns, len(real))

    def _rows(self, signs: Pattern, units: np.ndarray, layer: int) -> np.ndarray:
        begin, end = self.model.edges[layer], self.model.edges[layer + 1]
        here = units[(units >= begin) & (units < end)]
        return np.asarray(self.forms(signs, layer)[here - begin] * signs[here, None])

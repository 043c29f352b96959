"""Probability that one group of independent scores lies above another, by one-dimensional quadrature.

With S the kept scores and the rest rejected, and G(t) = sum_S log P(s > t) + sum_rest log P(s <= t),
  smallest kept score at t     : P = int (sum_S hazard)(t) e^G(t) dt                      (form A)
  largest rejected score at t  : P = int (sum_rest reverse hazard)(t) e^G(t) dt           (form B)
Their integrands differ by the derivative of e^G, so both are the same number.
Equal noiseless values enter once, with a count: the cost is classes x nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from ...errors import BrokenInvariant
from .laws import ScoreLaw

DENSITY_ERROR = 1e-9  # promised for every log density; runs that do not keep it raise
_AGREE = 1e-10  # of forms A and B
_EARLIER = 1e-5  # of n and n/2 nodes: Gauss's error about squares when n doubles
_DROP = 45.0  # the window holds all within e^-45 of the peak
_TAIL = 32.0  # and its ends have to lie below e^-32 of it
_FIRST, _LAST = 28, 7168  # nodes in a panel
_MANY = 8  # panels, from which on few nodes each are a beginning
_GRID, _ROUNDS = 33, 5  # search for the window: each round zooms by up to 16
_BINS = 32  # classes in the search
_BLOCK = 3_000_000  # numbers held at a time
_TINY = 1e-300

Nodes = Float[np.ndarray, "runs nodes"]


@dataclass(frozen=True, eq=False)
class Group:
    """Scores that share a side: `counts[r, c]` of them with noiseless value `locations[r, c]`."""

    locations: Float[np.ndarray, "runs classes"]
    counts: Float[np.ndarray, "runs classes"]

    def rows(self, places: np.ndarray | slice) -> Group:
        return Group(self.locations[places], self.counts[places])


def log_separation(law: ScoreLaw, kept: Group, rejected: Group) -> Float[np.ndarray, "runs forms"]:
    """log P(every kept score exceeds every rejected one) by forms A and B, row by row.

    Both groups have to hold a score in every row.
    Raises BrokenInvariant if the two forms do not agree at the finest quadrature.
    """
    panels = _panels(law, kept, rejected, *_window(law, _merged(law, kept), _merged(law, rejected)))
    out, coarse = np.empty((len(panels), 2)), np.full((len(panels), 2), np.inf)
    todo, exact = np.arange(len(panels)), np.zeros(len(panels), dtype=bool)
    nodes = _FIRST if panels.shape[1] <= _MANY else _FIRST // 4
    while len(todo):
        if nodes > _LAST:
            raise BrokenInvariant(f"{len(todo)} densities did not settle: forms A and B {out[todo[:3]]}")
        k, r = kept.rows(todo), rejected.rows(todo)
        out[todo], short = _integrals(law, k, r, panels[todo], nodes)
        settled = (abs(out[todo, 0] - out[todo, 1]) <= _AGREE) & (abs(out - coarse)[todo].max(1) <= _EARLIER)
        coarse[todo] = out[todo]
        again, anew = todo[short & exact[todo]], todo[short & ~exact[todo]]
        panels[again] = _wider(law, panels[again])
        if len(anew):  # merging the classes was too rough: search with all of them
            k, r = kept.rows(anew), rejected.rows(anew)
            panels[anew] = _panels(law, k, r, *_window(law, k, r))
            exact[anew] = True
        todo = todo[~settled | short]
        nodes *= 2
    return out


def _logs(law: ScoreLaw, kept: Group, rejected: Group, t: Nodes) -> tuple[Nodes, Nodes, Nodes]:
    """G, the log hazard sum and the log reverse hazard sum at nodes t."""
    above, hazard = _side(law, kept, t, survive=True)
    below, reverse = _side(law, rejected, t, survive=False)
    return above + below, hazard, reverse


def _side(law: ScoreLaw, group: Group, t: Nodes, survive: bool) -> tuple[Nodes, Nodes]:
    at, mu = t[:, :, None], group.locations[:, None, :]
    tail = law.log_sf(at, mu) if survive else law.log_cdf(at, mu)
    rates = np.exp(np.minimum(law.log_pdf(at, mu) - tail, 600.0))
    counts = group.counts[:, :, None]
    total, rate = (tail @ counts)[..., 0], (rates @ counts)[..., 0]
    return total, np.log(np.maximum(rate, _TINY))


@lru_cache(maxsize=32)
def _gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [-1, 1]: an eigenvalue problem each time they are made."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    x.setflags(write=False)
    w.setflags(write=False)
    return x, w


def _integrals(
    law: ScoreLaw, kept: Group, rejected: Group, panels: Nodes, nodes: int
) -> tuple[Float[np.ndarray, "runs forms"], np.ndarray]:
    """Both forms with `nodes` per panel, and which windows turned out too short."""
    x, w = _gauss(nodes)
    runs, pieces = len(panels), panels.shape[1] - 1
    width = nodes * pieces * (kept.locations.shape[1] + rejected.locations.shape[1])
    step = max(1, _BLOCK // width)
    out, short = np.empty((runs, 2)), np.zeros(runs, dtype=bool)
    for i in range(0, runs, step):  # blocks of runs, to bound memory
        rows = slice(i, i + step)
        left, half = panels[rows, :-1, None], 0.5 * np.diff(panels[rows], axis=1)[..., None]
        t = (left + half * (1.0 + x)).reshape(len(left), -1)
        weights = (half * w).reshape(len(left), -1)
        g, hazard, reverse = _logs(law, kept.rows(rows), rejected.rows(rows), t)
        for form, rate in enumerate((hazard, reverse)):
            out[rows, form] = logsumexp(g + rate, b=weights, axis=1)
            whole = panels[rows, 0] <= _floor(law)  # nothing lies below
            first = np.where(whole, -np.inf, g[:, 0] + rate[:, 0])
            short[rows] |= np.maximum(first, g[:, -1] + rate[:, -1]) > (g + rate).max(axis=1) - _TAIL
    return out, short


def _window(law: ScoreLaw, kept: Group, rejected: Group) -> tuple[np.ndarray, np.ndarray]:
    """Ends of an interval outside of which e^G is negligible."""
    mu = np.concatenate([kept.locations, rejected.locations], axis=1)
    mu = np.abs(mu) if law.positive else mu
    reach = 60.0 * law.scale  # beyond every tail of the registry
    low = np.maximum(mu.min(axis=1) - reach, _floor(law))
    high = mu.max(axis=1) + reach
    step = max(1, _BLOCK // (_GRID * mu.shape[1]))
    for i in range(0, len(mu), step):
        rows = slice(i, i + step)
        for _ in range(_ROUNDS):
            low[rows], high[rows] = _zoom(law, kept.rows(rows), rejected.rows(rows), low[rows], high[rows])
    return low, high


def _zoom(
    law: ScoreLaw, kept: Group, rejected: Group, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    t = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, _GRID)
    g, _, _ = _logs(law, kept, rejected, t)
    near = g >= g.max(axis=1, keepdims=True) - _DROP
    first = np.maximum(near.argmax(axis=1) - 1, 0)
    last = np.minimum(_GRID - near[:, ::-1].argmax(axis=1), _GRID - 1)
    rows = np.arange(len(t))
    return t[rows, first], t[rows, last]


def _merged(law: ScoreLaw, group: Group) -> Group:
    """Close classes replaced by their middle: good enough to look for a window."""
    mu = np.abs(group.locations) if law.positive else group.locations
    if mu.shape[1] <= _BINS:
        return Group(mu, group.counts)
    low, high = mu.min(axis=1, keepdims=True), mu.max(axis=1, keepdims=True)
    size = np.maximum((high - low) / _BINS, _TINY)
    place = np.minimum(((mu - low) / size).astype(np.int64), _BINS - 1)
    flat = (place + _BINS * np.arange(len(mu))[:, None]).ravel()
    counts = np.bincount(flat, group.counts.ravel(), minlength=_BINS * len(mu)).reshape(-1, _BINS)
    return Group(low + size * (np.arange(_BINS) + 0.5), counts)


def _panels(law: ScoreLaw, kept: Group, rejected: Group, low: np.ndarray, high: np.ndarray) -> Nodes:
    """Ends of the pieces on which the integrand is smooth; a piece may be empty."""
    ends = np.stack([low, high], axis=1)
    if not law.kinked:
        return ends
    mu = np.concatenate([kept.locations, rejected.locations], axis=1)
    return np.sort(np.concatenate([ends, np.clip(mu, ends[:, :1], ends[:, 1:])], axis=1), axis=1)


def _wider(law: ScoreLaw, panels: Nodes) -> Nodes:
    reach = 0.5 * (panels[:, -1] - panels[:, 0])
    out = panels.copy()
    out[:, -1] += reach
    out[:, 0] = np.maximum(out[:, 0] - reach, _floor(law))
    return out


def _floor(law: ScoreLaw) -> float:
    """Below it nothing that counts: a score of a positive law is there with probability 1e-15."""
    return 1e-15 * law.scale if law.positive else -np.inf

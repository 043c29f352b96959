"""Log probability that the k largest of independent noisy scores are a given set."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ...errors import InvalidArgument, ShapeMismatch
from ..supports import LayerSizes
from .laws import Gumbel, ScoreLaw
from .race import Group, log_separation

_FEW = 64  # distinct noiseless values up to which scores are counted by value

Scores = Float[np.ndarray, "runs bits"]
Masks = Bool[np.ndarray, "runs bits"]


def top_k_forms(law: ScoreLaw, mu: Scores, masks: Masks) -> Float[np.ndarray, "runs forms"]:
    """log P(the kept scores are the largest) by forms A and B, row by row.

    law   : of a score given its noiseless value
    mu    : noiseless scores
    masks : every row keeps the same number of entries
    Raises ShapeMismatch or InvalidArgument.
    """
    kept = _checked(mu, masks)
    if kept in (0, mu.shape[1]):
        return np.zeros((len(mu), 2))
    values = np.unique(np.abs(mu) if law.positive else mu)
    if len(values) <= _FEW:
        return _counted(law, values, np.abs(mu) if law.positive else mu, masks)
    above, below = mu[masks].reshape(len(mu), -1), mu[~masks].reshape(len(mu), -1)
    return log_separation(law, Group(above, np.ones_like(above)), Group(below, np.ones_like(below)))


def top_k_log_prob(law: ScoreLaw, mu: Scores, masks: Masks) -> Float[np.ndarray, " runs"]:
    """log P(the kept scores are the largest), row by row."""
    return np.asarray(top_k_forms(law, mu, masks).mean(axis=1))


def layered_log_prob(
    law: ScoreLaw, mu: Scores, masks: Masks, sizes: LayerSizes
) -> Float[np.ndarray, " runs"]:
    """The same with a count kept in each layer: layers are independent. -inf outside the sizes."""
    inside = sizes.contains(masks)
    out = np.full(len(mu), -np.inf)
    cuts = np.cumsum(sizes.totals)[:-1]
    parts = zip(np.split(mu[inside], cuts, axis=1), np.split(masks[inside], cuts, axis=1), strict=True)
    out[inside] = sum(top_k_log_prob(law, m, b) for m, b in parts) if inside.any() else 0.0
    return out


def race_log_prob(log_weights: Scores, masks: Masks) -> Float[np.ndarray, " runs"]:
    """log P(these k entries are drawn first) when drawing without replacement with given weights.

    p(S) = int_0^1 prod_S (1 - u^(w_i / W_c)) du with W_c the weight outside S: all clocks of S ring
    before the first of the rest. The same as the top k of log weights with Gumbel noise.
    """
    return top_k_log_prob(Gumbel(), log_weights, masks)


def _checked(mu: Scores, masks: Masks) -> int:
    if mu.shape != masks.shape:
        raise ShapeMismatch("masks", masks.shape, f"there are {mu.shape} scores")
    if not np.isfinite(mu).all():
        raise InvalidArgument("mu", mu[~np.isfinite(mu)][:3], "noiseless scores have to be finite")
    kept = masks.sum(axis=1)
    if len(kept) and (kept != kept[0]).any():
        raise InvalidArgument("masks", np.unique(kept), "every row has to keep the same number of entries")
    return int(kept[0]) if len(kept) else 0


def _counted(law: ScoreLaw, values: np.ndarray, mu: Scores, masks: Masks) -> Float[np.ndarray, "runs forms"]:
    """Rows with equal counts share one quadrature."""
    classes = np.searchsorted(values, mu) + 2 * len(values) * np.arange(len(mu))[:, None]
    cells = np.bincount((classes + len(values) * ~masks).ravel(), minlength=2 * len(values) * len(mu))
    rows, back = np.unique(cells.reshape(len(mu), -1), axis=0, return_inverse=True)
    counts = rows.astype(np.float64)
    places = np.broadcast_to(values, (len(rows), len(values)))
    c = len(values)
    forms = log_separation(law, Group(places, counts[:, :c]), Group(places, counts[:, c:]))
    return forms[back.ravel()]

"""The cap network without a trained number: every inner product is a subset sum of frozen weights.

Frozen hidden units relu(b x_j), b = +-1, stand before frozen outer weights of random size; kept subsets of
these give slopes near each coordinate of x_i, on both sides of 0 (Pensia et al. 2020). The sign of a
label is the choice between two frozen copies of the cap. So p_eff is all in the mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..accounting import Entry, Ledger, mask_length
from ..data.checks import EPS, row_norms, whole
from ..errors import InfeasibleConstruction, InvalidArgument
from ..evidence import Bracket, round_up
from ..networks import Dependence, Network, Origin
from ..networks.enclosure import forward_enclosed
from ..pruning import supermask_of
from ..seeds import generator
from .caps import Caps, disjoint_caps
from .interpolant import Interpolant, Points, Values, as_points, header, words

# Steps along a great circle from the rim of a cap inward, angles at which slopes are measured.
STEPS = (0.3, 0.1, 0.03, 0.01)


@dataclass(frozen=True, eq=False)
class Supermask:
    """The interpolant, and how far it is from the caps that it imitates.

    distance : certified sup over the unit sphere of |f - caps|
    kept     : which of the frozen outer weights stay, (points, inputs, units)
    """

    interpolant: Interpolant
    distance: float
    kept: Bool[np.ndarray, "points inputs units"]


def supermask_caps(x: Any, y: Any, share: float, units: int = 20, seed: int = 0) -> Supermask:
    """Caps of a given share s as a supermask, labels being +-1.

    share : s, fixed before the data are seen, like the frozen weights
    units : frozen weights to choose from for each coordinate and sign of the input; the error falls
            like 2^-units
    `error` of the interpolant is what tells how well it fits: no mask fits to rounding.
    Raises InvalidArgument (labels that are no signs), InfeasibleConstruction (caps that meet).
    """
    points, labels = as_points(x, y)
    if not (np.abs(labels) == 1.0).all():
        raise InvalidArgument("y", labels[np.abs(labels) != 1.0][:3], "a mask chooses signs: give labels +-1")
    caps = disjoint_caps(points, share)
    count, inputs = points.shape
    inner = np.repeat([[1.0, -1.0]], whole("units", units, 1), axis=1).repeat(inputs, axis=0)
    sizes = generator("init", "subset sums", seed).uniform(0.0, 1.0, (count, inputs, 2 * units))
    # both signs on either side: among signs that are drawn, all of a side agree once in a while
    outer = sizes * np.where(np.arange(2 * units) % 2, -1.0, 1.0)
    found = supermask_of(points, inner, outer)
    # on the sphere |e(x)| <= (sum_j err_j^2)^(1/2), by Cauchy-Schwarz
    offsets = row_norms(found.errors.max(axis=2))[1]
    gap = float(offsets.max())
    apart = _apart(caps, gap)
    net = _network(found.mask, inner, outer, labels, caps)
    weights = found.mask.size
    kept = int(found.mask.sum())
    entries = (
        header("supermask of caps"),
        Entry("mask", "which weights", mask_length(weights, kept), f"{kept} of {weights}"),
        Entry("mask", "which copy", words(count, 1), "a sign for each label"),
    )
    made = Interpolant(
        "supermask of caps",
        lambda p: net.forward(p)[:, 0],
        points,
        labels,
        _slope(net, caps, gap, points),
        "sphere",
        0,
        Ledger(entries, name="supermask of caps"),
        _misfit(net, points, labels),
        apart,
        net,
    )
    return Supermask(made, round_up(gap / caps.share * (1.0 + 2.0 * EPS)), found.mask)


def _misfit(net: Network, x: Points, y: Values) -> float:
    """Upper bound of max |f(x_i) - y_i|."""
    values, errors = forward_enclosed(net, x)
    return float(np.max(np.abs(values[:, 0] - y) + errors[:, 0])) * (1.0 + 4.0 * EPS)


def _apart(caps: Caps, gap: float) -> float:
    """Room between caps whose rims are lowered by `gap`: then only one bump differs from its model."""
    room = Caps(caps.rim - gap, caps.lengths, caps.inner).spare - EPS
    if room < 0.0:
        remedy = (
            f"slopes are off by {gap:.3g}, and the caps with them meet: give more units or a smaller share"
        )
        raise InfeasibleConstruction("units", gap, remedy)
    return room


def _slope(net: Network, caps: Caps, gap: float, points: Points) -> Bracket:
    """The Lipschitz constant on the sphere.

    Between two points of one lowered cap the inner product has the slope of that cap, and what the
    subset sums add has at most `gap`; between two caps, or a cap and the rest, the bumps are below those
    of the lowered caps.
    """
    upper = (caps.slope(gap) + gap) / caps.share
    return Bracket(
        _steepest(net, caps, points),
        round_up(upper.upper * (1.0 + 4.0 * EPS)),
        "lower: certified secants at the rims; upper: caps lowered by the error of the subset sums",
    )


def _steepest(net: Network, caps: Caps, points: Points) -> float:
    """Certified lower end of the slope on the sphere: secants from the rims inward.

    A computed end is `off` from a point of the sphere; there one bump at most is active, whose slope is
    below 2/s, so each value is off by 2 off/s.
    """
    side = np.roll(points, 1, axis=1) * np.where(np.arange(points.shape[1]) % 2, -1.0, 1.0)
    side -= np.einsum("ij,ij->i", side, points)[:, None] * points
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-30)
    rim, off = float(np.arccos(caps.rim)), 4.0 * (points.shape[1] + 8) * EPS
    best = 0.0
    for step in STEPS:
        ends = [np.cos(a) * points + np.sin(a) * side for a in (rim, rim * (1.0 - step))]
        ends = [e / np.linalg.norm(e, axis=1, keepdims=True) for e in ends]
        (far, far_off), (near, near_off) = (forward_enclosed(net, e) for e in ends)
        rise = np.abs(near - far)[:, 0] - (near_off + far_off)[:, 0] - 4.0 * off / caps.share
        best = max(best, float(np.max(rise / (row_norms(ends[0] - ends[1])[1] + 2.0 * off))))
    return best * (1.0 - 8.0 * EPS)


def _network(
    kept: Bool[np.ndarray, "points inputs units"],
    inner: Float[np.ndarray, "inputs units"],
    outer: Float[np.ndarray, "points inputs units"],
    labels: Values,
    caps: Caps,
) -> Network:
    """Inputs to relu(b x_j); masked sums, four rows a point (a cap, and one of the other sign); +-1/s.

    Rows of the sign that is not chosen keep nothing: their biases are negative, so they are 0.
    """
    count, inputs, units = kept.shape
    first = np.zeros((inputs * units, inputs))
    first[np.arange(inputs * units), np.repeat(np.arange(inputs), units)] = inner.ravel()
    chosen = (labels > 0.0)[:, None] == np.array([True, True, False, False])
    mask = kept.reshape(count, 1, -1) & chosen[:, :, None]
    frozen = np.broadcast_to(outer.reshape(count, 1, -1), mask.shape).reshape(4 * count, -1)
    mask = mask.reshape(4 * count, -1)
    second = np.where(mask, frozen, 0.0)
    bias = np.tile([-caps.rim, -1.0], 2 * count)
    last = np.tile(np.array([1.0, -1.0, -1.0, 1.0]) / caps.share, count)[None, :]
    tensors = {
        "W1": first,
        "b1": np.zeros(len(first)),
        "W2": frozen,
        "b2": bias,
        "W3": last,
        "b3": np.zeros(1),
    }
    origin = Origin(
        Dependence.TRAINING, frozenset(tensors), tensors, frozenset({"W2"}), "subset sums", recorded=True
    )
    layers = [(first, tensors["b1"]), (second, bias), (last, tensors["b3"])]
    masks = [np.ones(first.shape, dtype=bool), mask, np.ones(last.shape, dtype=bool)]
    return Network.from_arrays(layers, "relu", masks, origin)

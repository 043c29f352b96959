"""Guessing labels from masks: conditional laws q(Y|m) with a floor, fitted on pilot runs.

No decoder needs to be right for a bound to hold; a better one only makes it larger. Every
probability stays in [floor, 1 - floor], so that gains are bounded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import minimize
from scipy.special import expit

from ..errors import InvalidArgument, MissingCapability
from .channel import HasLabelBits, HasLabels, Masks
from .runs import Runs
from .supports import LayerSizes, Support

Labels = Int[np.ndarray, "runs labels"]
RIDGE = 1.0  # of logistic weights; a prior of unit variance
MOST_FEATURES = 400  # beyond this a logistic regression a label is slower than it is worth
STEPS = 60
FLOORS = (0.02, 0.15)


class Decoder(ABC):
    """q(Y|m) for binary labels coded 0 and 1, a product over labels or a chain of conditionals.

    prior : probability that each label is 1
    """

    name: str
    prior: Float[np.ndarray, " labels"]

    @abstractmethod
    def probabilities(self, masks: Masks, labels: Labels) -> Float[np.ndarray, "runs labels"]:
        """q(Y_j = 1 | m), or | m and the earlier labels; within [floor, 1 - floor]."""

    @abstractmethod
    def extremes(self) -> tuple[Float[np.ndarray, " labels"], Float[np.ndarray, " labels"]]:
        """Smallest and largest probability that can ever come out for each label."""

    def gains(self, masks: Masks, labels: Labels) -> Float[np.ndarray, " runs"]:
        """ln q(Y|m) - ln p(Y) of each run, nats."""
        q = self.probabilities(masks, labels)
        q, prior = (np.where(labels == 1, p, 1.0 - p) for p in (q, self.prior))
        return np.asarray(np.where(self.open, np.log(q / prior), 0.0).sum(axis=1))

    @property
    def open(self) -> Bool[np.ndarray, " labels"]:
        """Labels that are not certain beforehand; the others gain nothing, whatever is said of them."""
        return (self.prior > 0.0) & (self.prior < 1.0)

    def guesses(self, masks: Masks, labels: Labels) -> Labels:
        """The likelier value of each label."""
        return (self.probabilities(masks, labels) > 0.5).astype(np.int64)

    def range(self, support: Support, labels: int) -> tuple[float, float]:  # noqa: ARG002 - see OwnBits
        """Ends that the gain of a run can never leave, rounding included."""
        if not self.open.any():
            return widened(0.0, 0.0, labels)
        (low, high), ones = (end[self.open] for end in self.extremes()), self.prior[self.open]
        zeros = 1.0 - ones
        ends = np.stack([low / ones, high / ones, (1.0 - low) / zeros, (1.0 - high) / zeros])
        return widened(np.log(ends.min(axis=0)).sum(), np.log(ends.max(axis=0)).sum(), labels)


def widened(low: float, high: float, terms: int) -> tuple[float, float]:
    """Outward by more than the rounding of a sum of `terms` logarithms."""
    slack = 4.0 * (terms + 8) * np.finfo(float).eps * (1.0 + abs(low) + abs(high))
    return float(low - slack), float(high + slack)


@dataclass(frozen=True, eq=False)
class OwnBits(Decoder):
    """One table for all labels: the share of ones among labels with c of their own bits kept.

    bits  : (labels, copies), the bits that belong to each label
    table : (copies + 1,), q(Y_j = 1 | count)
    """

    bits: Int[np.ndarray, "labels copies"]
    table: Float[np.ndarray, " counts"]
    prior: Float[np.ndarray, " labels"]
    name: str = "a table of each label's own bits"

    def probabilities(self, masks: Masks, labels: Labels) -> Float[np.ndarray, "runs labels"]:  # noqa: ARG002
        return np.asarray(self.table[masks[:, self.bits].sum(axis=2)])

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        ones = np.ones(len(self.bits))
        return self.table.min() * ones, self.table.max() * ones

    def range(self, support: Support, labels: int) -> tuple[float, float]:
        """Tighter when each bit is the own bit of one label and the number of kept bits is fixed."""
        every = np.sort(self.bits.ravel())
        whole = isinstance(support, LayerSizes) and np.array_equal(every, np.arange(support.n_bits))
        if not (whole and self.bits.shape[1] == 1 and np.ptp(self.prior) == 0.0 and self.open.all()):
            return super().range(support, labels)
        assert isinstance(support, LayerSizes)
        kept, prior = sum(support.kept), float(self.prior[0])
        out, of_kept = (np.log([q / prior, (1.0 - q) / (1.0 - prior)]) for q in self.table)
        rest = labels - kept
        return widened(
            kept * of_kept.min() + rest * out.min(), kept * of_kept.max() + rest * out.max(), labels
        )


@dataclass(frozen=True, eq=False)
class Logistic(Decoder):
    """A logistic regression for each label on the bits of the mask, and on earlier labels if chained.

    weights : (labels, features), features being the constant, the bits, then the labels
    """

    weights: Float[np.ndarray, "labels features"]
    floor: float
    prior: Float[np.ndarray, " labels"]
    chained: bool

    @property
    def name(self) -> str:  # type: ignore[override]
        return "a logistic regression" + (" on mask and earlier labels" if self.chained else " on the mask")

    def probabilities(self, masks: Masks, labels: Labels) -> Float[np.ndarray, "runs labels"]:
        score = _features(masks, labels, self.chained) @ self.weights.T
        return np.asarray(np.clip(expit(score), self.floor, 1.0 - self.floor))

    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        ones = np.ones(len(self.weights))
        return self.floor * ones, (1.0 - self.floor) * ones


def fit_own_bits(bits: np.ndarray, masks: Masks, labels: Labels, prior: np.ndarray) -> OwnBits:
    """Shares of ones by count of own bits kept, pooled over labels, with one pseudo-count of each value."""
    counts = masks[:, bits].sum(axis=2)
    total = np.bincount(counts.ravel(), minlength=bits.shape[1] + 1)
    ones = np.bincount(counts.ravel(), weights=labels.ravel(), minlength=bits.shape[1] + 1)
    return OwnBits(bits, (ones + 1.0) / (total + 2.0), prior)


def fit_logistic(masks: Masks, labels: Labels, prior: np.ndarray, floor: float, chained: bool) -> Logistic:
    """Ridge-penalised maximum likelihood, all labels in one problem. Raises InvalidArgument for the floor."""
    if not 0.0 < floor < 0.5:
        raise InvalidArgument("floor", floor, "probabilities keep away from 0 and 1: give one in (0, 1/2)")
    x = _features(masks, labels, chained)
    free = np.ones((labels.shape[1], x.shape[1]))
    if chained:  # label j may look at the labels before it
        free[:, -labels.shape[1] :] = np.tri(labels.shape[1], k=-1)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(free.shape)
        score = x @ w.T
        slope = expit(score) - labels
        value = np.logaddexp(0.0, score).sum() - (labels * score).sum() + 0.5 * RIDGE * (w**2).sum()
        return float(value), ((slope.T @ x + RIDGE * w) * free).ravel()

    found = minimize(loss, np.zeros(free.size), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return Logistic(found.x.reshape(free.shape), floor, prior, chained)


def _features(masks: Masks, labels: Labels, chained: bool) -> Float[np.ndarray, "runs features"]:
    """A constant and the bits as +-1, then the labels as +-1."""
    parts = [np.ones((len(masks), 1)), 2.0 * masks - 1.0]
    return np.concatenate([*parts, 2.0 * labels - 1.0] if chained else parts, axis=1)


Fit = Callable[[Masks, Labels, np.ndarray], Decoder]


def fit_decoder(channel: HasLabels, pilot: Runs) -> Decoder:
    """The decoder with the largest gain on the later half of the pilot, refitted on all of it.

    Raises MissingCapability for labels that are not binary.
    """
    if channel.label_law.probabilities.shape[1] != 2:
        raise MissingCapability("decoders guess binary labels; this channel's take more values")
    prior = channel.label_law.probabilities[:, 1]
    labels = channel.labels(pilot.data)
    half = len(labels) // 2
    families = _families(channel, pilot.masks.shape[1], labels.shape[1])
    if len(families) == 1:
        return families[0](pilot.masks, labels, prior)
    trials = [fit(pilot.masks[:half], labels[:half], prior) for fit in families]
    gains = [t.gains(pilot.masks[half:], labels[half:]).mean() for t in trials]
    return families[int(np.argmax(gains))](pilot.masks, labels, prior)


def _families(channel: HasLabels, bits: int, labels: int) -> list[Fit]:
    """What is worth fitting: the own bits where the channel names them, regressions where they are small."""
    own = channel.label_bits if isinstance(channel, HasLabelBits) else None
    small = bits + labels <= MOST_FEATURES
    found: list[Fit] = []
    if own is not None or not small:
        named = np.arange(labels)[:, None] % bits if own is None else own
        found.append(lambda m, y, p: fit_own_bits(named, m, y, p))
    if small:
        found += [_logistic(floor, chained) for chained, floor in product((False, True), FLOORS)]
    return found


def _logistic(floor: float, chained: bool) -> Fit:
    return lambda masks, labels, prior: fit_logistic(masks, labels, prior, floor, chained)

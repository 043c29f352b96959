"""Exact information from finite tables, in nats: what can be enumerated is not sampled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..data.checks import finite, real_array, require_number
from ..errors import InvalidArgument, MissingCapability, ShapeMismatch
from ..evidence import Bracket
from .bounds import InformationBracket, exact_bracket
from .channel import HasDensity, HasLabels, HasTable, MaskChannel
from .entropies import SUM_TOLERANCE, UNIT, Factor, Weights, group_sums, law, mean_of_logs
from .targets import Target, as_target

Index = Int[np.ndarray, " entries"]
Words = UInt64[np.ndarray, "runs words"]


@dataclass(frozen=True, eq=False)
class JointLaw:
    """A law of two finite variables, data (rows) and mask (columns), as a list of its entries.

    rows, columns : small whole numbers; which pair each entry is, no pair twice
    weights       : positive; the law is in proportion to them
    error         : bound on |log(true / given)| of each entry's probability, both normalised
    """

    rows: Index
    columns: Index
    weights: Weights
    error: float = 0.0

    @property
    def information(self) -> Bracket:
        """I = sum P log(P / (P_row P_column))."""
        factors = [Factor(1, self.weights), self._marginal(-1, self.rows), self._marginal(-1, self.columns)]
        return self._mean(factors, "information of a finite table")

    @property
    def joint_entropy(self) -> Bracket:
        return self._mean([Factor(-1, self.weights)], "joint entropy of a finite table")

    @property
    def row_entropy(self) -> Bracket:
        """H(D)."""
        return self._mean([self._marginal(-1, self.rows)], "entropy of the rows")

    @property
    def column_entropy(self) -> Bracket:
        """H(m)."""
        return self._mean([self._marginal(-1, self.columns)], "entropy of the columns")

    @property
    def column_entropy_given_row(self) -> Bracket:
        """H(m|D)."""
        factors = [Factor(-1, self.weights), self._marginal(1, self.rows)]
        return self._mean(factors, "conditional entropy of a finite table")

    def _marginal(self, sign: int, groups: Index) -> Factor:
        return Factor(sign, *group_sums(groups, self.weights))

    def _mean(self, factors: list[Factor], method: str) -> Bracket:
        return mean_of_logs(self.weights, factors, self.error, method).at_least(0.0)


def dense_joint(table: Float[np.ndarray, "data masks"]) -> JointLaw:
    """The law with the given matrix of probabilities, sum 1."""
    p = finite("table", table, 2)
    weights = law("table", p.ravel())
    rows, columns = np.nonzero(p)
    return JointLaw(rows, columns, weights[weights > 0.0])


def dense_channel(
    prior: Float[np.ndarray, " data"], log_conditional: Float[np.ndarray, "data masks"], error: float = 0.0
) -> JointLaw:
    """The law with P(data = i) = prior[i] and log P(mask = j | data = i) = log_conditional[i, j]."""
    logs = real_array("log_conditional", log_conditional)
    if logs.ndim != 2 or len(logs) != len(prior):
        raise ShapeMismatch("log_conditional", logs.shape, f"give one row for each of {len(prior)} data sets")
    rows, columns = np.nonzero(logs != -np.inf)
    return sparse_channel(prior, rows, columns, logs[rows, columns], error)


def sparse_channel(
    prior: Float[np.ndarray, " data"],
    data_index: Index,
    mask_id: Index,
    log_probability: Float[np.ndarray, " entries"],
    error: float = 0.0,
) -> JointLaw:
    """The law with P(mask_id[e] | data_index[e]) = exp(log_probability[e]) and nothing else.

    Pairs are unique, any integers name the masks. The law is in proportion to prior * exp(log).
    error : bound on the errors of log prior and log probability together; an enclosure then covers
            the true law as well
    Raises InvalidArgument if the masks of a data set of positive probability miss a total of 1 by
    more than SUM_TOLERANCE and 2 `error`: no channel has such a table.
    """
    logs = _checked_logs(log_probability, error)
    p = law("prior", prior)
    if data_index.shape != logs.shape or mask_id.shape != logs.shape:
        raise ShapeMismatch("log_probability", logs.shape, "give one data index and one mask for each entry")
    if len(logs) and not 0 <= data_index.min() <= data_index.max() < len(p):
        raise InvalidArgument("data_index", int(data_index.max()), f"there are {len(p)} data sets")
    conditional = np.exp(logs)
    sums = np.bincount(data_index, conditional, len(p))
    defect = float(np.abs(sums - 1.0)[p > 0.0].max())
    if defect > SUM_TOLERANCE + 2.0 * error:
        raise InvalidArgument("log_probability", defect, "how far a row is from the total of 1; normalise it")
    weights = p[data_index] * conditional
    on = weights > 0.0
    columns = np.unique(mask_id[on], return_inverse=True)[1]
    _refuse_repeats(data_index[on], columns)
    # exp is right to 4 ulp, the product to one more rounding; normalising at most doubles both
    return JointLaw(data_index[on], columns, weights[on], 2.0 * (error + 9.0 * UNIT))


def histogram_entropy(
    masks: Bool[np.ndarray, "runs bits"], weights: Float[np.ndarray, " runs"] | None = None
) -> Bracket:
    """H(m) of masks that are listed with their probabilities; equal ones by default.

    The information of a deterministic channel, from one mask for each data set: I(m;D) = H(m).
    """
    if not len(masks):
        raise ShapeMismatch("masks", masks.shape, "give at least one mask")
    w = np.full(len(masks), 1.0 / len(masks)) if weights is None else law("weights", weights)
    if len(w) != len(masks):
        raise ShapeMismatch("weights", w.shape, f"give one weight for each of {len(masks)} masks")
    on = w > 0.0
    groups = mask_ids(masks[on])
    factor = Factor(-1, *group_sums(groups, w[on]))
    return mean_of_logs(w[on], [factor], method="entropy of a histogram of masks").at_least(0.0)


def mask_ids(masks: Bool[np.ndarray, "runs bits"]) -> Int[np.ndarray, " runs"]:
    """A number for each mask, equal for equal masks and for no others.

    Packed masks are sorted by one 64-bit fingerprint; neighbours with the same fingerprint are
    then compared in full, and only if two of them differ are the masks sorted as they are.
    """
    words = _packed_words(masks)
    if words.shape[1] == 1:
        return np.unique(words[:, 0], return_inverse=True)[1]
    prints = _fingerprints(words)
    order = np.argsort(prints, kind="stable")
    same_print = prints[order[1:]] == prints[order[:-1]]
    same = (words[order[1:]] == words[order[:-1]]).all(axis=1)
    if (same_print != same).any():
        return np.unique(words, axis=0, return_inverse=True)[1].ravel()
    ids = np.empty(len(masks), dtype=np.int64)
    ids[order] = np.concatenate([[0], np.cumsum(~same)])
    return ids


def from_table(channel: MaskChannel, target: Target | str | None = None) -> InformationBracket:
    """I(m;D) of a channel that can be written down, or the information about its labels if they are all
    the data there is.

    target : I(m;D), or I(m;D|init) for a channel with a fixed initialisation, if not given
    The enclosure covers rounding of the table and the channel's `density_error`, or the largest
    deviation of a row's total from 1 if that is more.
    Raises MissingCapability without a table, InvalidArgument for another target.
    """
    if not isinstance(channel, HasTable):
        raise MissingCapability("the exact information needs a channel with a table() of all its masks")
    own = own_targets(channel)
    wanted = own[0] if target is None else as_target(target)
    if wanted not in own:
        raise InvalidArgument("target", wanted, f"the table gives {' and '.join(own)}")
    prior, _, rows = channel.table()
    if len(rows) != len(prior):
        raise ShapeMismatch("table", len(rows), f"give the masks of each of {len(prior)} data sets")
    masks = np.concatenate([m for m, _ in rows])
    channel.support.check(masks)
    logs = np.concatenate([log for _, log in rows])
    index = np.repeat(np.arange(len(prior)), [len(m) for m, _ in rows])
    joint = sparse_channel(prior, index, mask_ids(masks), logs, _table_error(channel, prior, index, logs))
    return exact_bracket(joint.information, wanted, "finite table")


def own_targets(channel: MaskChannel) -> list[Target]:
    """What a table of the channel speaks of."""
    given = channel.conditioned
    own = [Target.DATA_GIVEN_INIT if given else Target.DATA]
    if isinstance(channel, HasLabels) and channel.labels_are_data:
        own.append(Target.LABELS_GIVEN_INIT if given else Target.LABELS)
    return own


def _table_error(
    channel: MaskChannel, prior: Float[np.ndarray, " data"], index: Index, logs: Weights
) -> float:
    """What each log probability may be off by: as declared, by its own rounding, and as its row shows."""
    declared = float(channel.density_error) if isinstance(channel, HasDensity) else 0.0
    on = (prior[index] > 0.0) & (logs > -np.inf)
    rounding = 2.0 * UNIT * (2.0 + float(np.abs(logs[on]).max(initial=0.0)))  # the prior is rounded too
    sums = np.bincount(index[on], np.exp(logs[on]), len(prior))[prior > 0.0]
    seen = float(np.abs(np.log(np.maximum(sums, SUM_TOLERANCE))).max())
    return max(declared + rounding, min(seen, SUM_TOLERANCE))


def _checked_logs(log_probability: Weights, error: float) -> Weights:
    logs = real_array("log_probability", log_probability)
    if logs.ndim != 1 or np.isnan(logs).any() or (logs > SUM_TOLERANCE + error).any():
        raise InvalidArgument(
            "log_probability", logs, "give a list of logarithms of probabilities, at most 0"
        )
    require_number("error", error)
    if not 0.0 <= error < math.inf:
        raise InvalidArgument("error", error, "a bound on an error is finite and not negative")
    return logs


def _refuse_repeats(rows: Index, columns: Index) -> None:
    pairs = np.sort(rows.astype(np.int64) * (int(columns.max(initial=0)) + 1) + columns)
    if (pairs[1:] == pairs[:-1]).any():
        raise InvalidArgument("mask_id", "a repeated pair", "list every mask of a data set once")


def _fingerprints(words: Words) -> UInt64[np.ndarray, " runs"]:
    """One 64-bit number for each row, the same for the same row."""
    odd = np.random.default_rng(0).integers(0, 2**63, words.shape[1], dtype=np.uint64) * 2 + 1
    return np.asarray((words * odd).sum(axis=1, dtype=np.uint64))


def _packed_words(masks: Bool[np.ndarray, "runs bits"]) -> Words:
    """Masks as rows of 64-bit words, padded with zeros."""
    packed = np.packbits(masks, axis=1)
    padded = np.zeros((len(masks), max(8, -(-packed.shape[1] // 8) * 8)), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)

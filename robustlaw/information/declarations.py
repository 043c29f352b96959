"""What a channel declares, tried out on its pilot runs: a wrong declaration would void a certificate.

Nothing here proves a declaration. That labels are independent given the inputs stays an assumption.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom, chi2

from ..data.checks import whole
from ..errors import FalseDeclaration
from .channel import HasDensity, HasLabels, IsDeterministic, MaskChannel
from .needs import has, need
from .runs import Sample

SMALL = 2**10  # masks of a support that is summed over
FEW = 8  # data sets whose laws are summed over
EVIDENCE = 1e6  # a mean of e-values beyond this refutes with error 1e-6
TINY = 1e-9  # level of the tests of the labels
SUM = 1e-6


def check_declarations(drawn: Sample) -> None:
    """Raises FalseDeclaration, with what was seen, if the pilot contradicts the channel."""
    bits = drawn.channel.n_bits
    _require(
        bits == drawn.channel.support.n_bits, drawn, f"n_bits is {bits}, but its support has other masks"
    )
    runs = drawn.pilot.take(slice(0, 50))
    if not len(runs):
        return
    again = drawn.channel.sample_masks(runs.data, runs.seeds)
    _require((again == runs.masks).all(), drawn, "equal data and seeds gave different masks")
    if has(drawn.channel, IsDeterministic):
        other = drawn.channel.sample_masks(runs.data, runs.seeds + 1)
        _require((other == runs.masks).all(), drawn, "deterministic, but another seed changes the mask")
    if has(drawn.channel, HasLabels):
        _check_labels(drawn, need(drawn.channel, HasLabels, "labels"))
    if has(drawn.channel, HasDensity):
        _check_density(drawn, need(drawn.channel, HasDensity, "a density"))


def _check_labels(drawn: Sample, channel: HasLabels) -> None:
    """Replacing a label changes that one alone; the labels' sum varies as that of independent ones."""
    data = drawn.pilot.data
    labels, law = channel.labels(data), channel.label_law.probabilities
    runs, n = labels.shape
    _require(law.shape[0] == n, drawn, f"declares {law.shape[0]} labels and shows {n}")
    _check_frequencies(drawn, labels, law)
    place = np.arange(runs) % n
    value = (labels[np.arange(runs), place] + 1) % law.shape[1]
    changed = channel.labels(channel.replace_labels(data, place, value))
    wanted = labels.copy()
    wanted[np.arange(runs), place] = value
    _require((changed == wanted).all(), drawn, "replacing one label changes others, or not that one")
    if channel.label_law.is_fair and n > 1:
        # fourth moments of fair coins are below the normal's, so the level is kept
        statistic = float(((labels.sum(axis=1) - 0.5 * n) ** 2).sum() / (0.25 * n))
        tail = min(chi2.cdf(statistic, runs), chi2.sf(statistic, runs))
        words = "the sum of the labels does not vary as that of independent ones: classes of fixed size?"
        _require(tail > TINY, drawn, words)


def _check_frequencies(drawn: Sample, labels: np.ndarray, law: np.ndarray) -> None:
    """Labels are coded 0, 1, ... and take each value about as often as declared, by binomial tests."""
    known = (labels >= 0) & (labels < law.shape[1])
    words = f"labels are coded 0 to {law.shape[1] - 1}, and one is {labels[~known][:1]}"
    _require(known.all(), drawn, words)
    for value, chance in enumerate(law.T):  # over the alphabet
        count = (labels == value).sum(axis=0)
        tail = np.minimum(binom.cdf(count, len(labels), chance), binom.sf(count - 1, len(labels), chance))
        j = int(tail.argmin())
        words = (
            f"label {j} is {value} in {count[j]} of {len(labels)} runs, with declared chance {chance[j]:.3g}"
        )
        _require(tail[j] > TINY / law.size, drawn, words)


def _check_density(drawn: Sample, channel: HasDensity) -> None:
    """p sums to 1 over a small support; else E[q(m)/p(m|D)] <= 1 for uniform q is not refuted."""
    support, runs = drawn.channel.support, drawn.pilot
    own = channel.log_prob(runs.masks, runs.data)
    _require(np.isfinite(own).all(), drawn, "a mask that came out has density 0")
    size = support.log_size.upper
    if size <= np.log(SMALL) and (every := _every_mask(drawn.channel)) is not None:
        for row in range(min(FEW, len(runs))):
            data = np.repeat(runs.data[row : row + 1], len(every), axis=0)
            total = float(np.exp(channel.log_prob(every, data)).sum())
            _require(abs(total - 1.0) < SUM, drawn, f"the density sums to {total:.6g} over all masks")
    with np.errstate(over="ignore"):
        ratio = float(np.exp(-size - own).mean())
    _require(ratio < EVIDENCE, drawn, f"the density is not normalised: mean of q/p is {ratio:.3g}, not 1")


def _every_mask(channel: MaskChannel) -> np.ndarray | None:
    """All masks of the support, where they can be sifted out of all rows of bits."""
    bits = whole("n_bits", channel.n_bits, 1)
    if 2**bits > 16 * SMALL:
        return None
    rows = ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1).astype(bool)
    return np.asarray(rows[channel.support.contains(rows)])


def _require(holds: object, drawn: Sample, otherwise: str) -> None:
    if not holds:
        raise FalseDeclaration("channel", type(drawn.channel).__name__, otherwise)

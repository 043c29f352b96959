"""Lower bounds from recovering the labels out of the mask.

For every conditional law q of the labels, I(m;Y|X) >= E ln[q(Y|m,X)/p(Y|X)]: I is H(Y|X) minus
H(Y|m,X), and a cross-entropy is at least the entropy (Barber and Agakov 2003). The law q is fitted
on pilot runs and judged on fresh ones, where its gain is a bounded number for each run.
"""

from __future__ import annotations

import math

import numpy as np

from ..confidence import betting_lower, betting_upper, clopper_pearson_upper
from .bounds import Bound
from .channel import HasLabels
from .decoders import Decoder, fit_decoder
from .entropies import binary_entropy
from .needs import need, need_fair_labels
from .runs import Sample


def label_recovery(sample: Sample, risk: float, decoder: Decoder | None = None) -> Bound:
    """I(m;Y|X) >= mean gain of a decoder over guessing, by a betting bound.

    decoder : fitted on the pilot runs by default; a decoder of your own must not have seen the
              fresh runs
    Raises MissingCapability without labels.
    """
    channel = need(sample.channel, HasLabels, "label recovery")
    model = decoder or fit_decoder(channel, sample.pilot)
    labels = channel.labels(sample.fresh.data)
    gains = model.gains(sample.fresh.masks, labels)
    low, high = model.range(sample.channel.support, labels.shape[1])
    value = betting_lower(gains, low, high, risk)
    return Bound(
        "label recovery",
        "lower",
        value,
        sample.label_target,
        risk,
        len(gains),
        note=f"{model.name} gains {gains.mean():.4g} nats on average",
    )


def error_rate(sample: Sample, risk: float, decoder: Decoder | None = None) -> Bound:
    """I(m;Y|X) >= n (log 2 - h(e)), e the mean error of guessing labels, at most 1/2 (Fano).

    Superadditivity over independent labels, Fano's inequality for each and concavity of h. The
    errors of a run depend on each other, so a run counts as one value.
    Raises MissingCapability unless the labels are independent fair coins.
    """
    channel = need_fair_labels(sample.channel, "the error rate")
    model = decoder or fit_decoder(channel, sample.pilot)
    labels = channel.labels(sample.fresh.data)
    wrong = (model.guesses(sample.fresh.masks, labels) != labels).mean(axis=1)
    error = min(0.5, betting_upper(wrong, 0.0, 1.0, risk))
    gain = math.log(2.0) - float(binary_entropy(np.array([error]))[0])
    value = float(max(0.0, labels.shape[1] * (gain - 8.0 * np.finfo(float).eps)))
    return Bound(
        "error rate",
        "lower",
        value,
        sample.label_target,
        risk,
        len(wrong),
        note=f"{model.name} errs on {wrong.mean():.4g} of the labels",
    )


def single_label_error_rate(sample: Sample, risk: float, decoder: Decoder | None = None) -> Bound:
    """The same with one random label a run, so that an exact binomial bound applies."""
    channel = need_fair_labels(sample.channel, "the error rate")
    model = decoder or fit_decoder(channel, sample.pilot)
    labels = channel.labels(sample.fresh.data)
    wrong = model.guesses(sample.fresh.masks, labels) != labels
    runs = len(labels)
    pick = sample.generator("one label a run").integers(0, labels.shape[1], runs)
    count = int(wrong[np.arange(runs), pick].sum())
    error = min(0.5, clopper_pearson_upper(count, runs, risk))
    gain = math.log(2.0) - float(binary_entropy(np.array([error]))[0])
    value = float(max(0.0, labels.shape[1] * (gain - 8.0 * np.finfo(float).eps)))
    return Bound(
        "error rate of one label", "lower", value, sample.label_target, risk, runs, note=f"{count} errors"
    )

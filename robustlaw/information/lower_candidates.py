"""Lower bounds from telling the true data set from decoys.

With J uniform on K independent data sets and the mask made from the J-th,
I(m;D) >= I(m;J|D_1..D_K), a number of at most log K.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from ..confidence import betting_lower, clopper_pearson_upper
from ..errors import InvalidArgument
from .bounds import Bound
from .channel import HasDensity
from .needs import need
from .runs import Sample
from .targets import Target

Affinity = Float[np.ndarray, "sets candidates _candidates"]

DECOYS = 15
CLIP = 40.0  # nats; clipping a log ratio below at -t costs at most e^-t on average


def contrastive(sample: Sample, risk: float, decoys: int = DECOYS) -> Bound:
    """I >= E ln[p(m|D_0) / avg_k p(m|D_k)] over the true data set D_0 and `decoys` fresh ones.

    The expectation is I(m;J|D_0..D_K) itself, so it is below log(K+1) too. The log ratio r has
    E e^-r <= 1, hence clipping it below at -t raises its mean by at most e^-t.
    Raises MissingCapability without a density.
    """
    if decoys < 1:
        raise InvalidArgument("decoys", decoys, "give at least one")
    channel = need(sample.channel, HasDensity, "the contrastive bound")
    own = channel.log_prob(sample.fresh.masks, sample.fresh.data)
    logs = [own, *_decoy_log_probs(sample, channel, decoys)]
    ratio = own - logsumexp(logs, axis=0) + math.log(decoys + 1)
    top = math.log(decoys + 1)
    slack = 2.0 * channel.density_error + 1e-12
    value = betting_lower(np.clip(ratio, -CLIP, top), -CLIP, top, risk) - math.exp(-CLIP) - slack
    return Bound(
        "contrast with decoys",
        "lower",
        value,
        sample.data_target,
        risk,
        len(own),
        slack,
        note=f"{decoys} decoys; never above {top:.3g}",
    )


def _decoy_log_probs(sample: Sample, channel: HasDensity, decoys: int) -> list[Float[np.ndarray, " runs"]]:
    rng = sample.generator("decoys")
    fresh = (sample.channel.sample_data(len(sample.fresh), rng) for _ in range(decoys))
    return [channel.log_prob(sample.fresh.masks, data) for data in fresh]


def candidate_guessing(sample: Sample, risk: float, decoys: int = DECOYS) -> Bound:
    """I >= log K - h(e) - e log(K - 1), e the error of the likeliest of K = decoys + 1 candidates (Fano).

    Fresh decoys in every run make the errors independent, so the binomial bound on e is exact. Ties
    count as errors. Raises MissingCapability without a density.
    """
    channel = need(sample.channel, HasDensity, "guessing among candidates")
    own = channel.log_prob(sample.fresh.masks, sample.fresh.data)
    best = np.max(_decoy_log_probs(sample, channel, decoys), axis=0)
    errors = int((best >= own).sum())
    return fano(errors, len(own), decoys + 1, risk, sample.data_target)


def fano(errors: int, runs: int, candidates: int, risk: float, target: Target) -> Bound:
    """The bound from `errors` wrong guesses in `runs` runs, whoever guessed."""
    if candidates < 2:
        raise InvalidArgument("candidates", candidates, "give at least two data sets to choose from")
    e = min(1.0 - 1.0 / candidates, clopper_pearson_upper(errors, runs, risk))
    entropy = -(e * math.log(e) + (1.0 - e) * math.log1p(-e)) if 0.0 < e < 1.0 else 0.0
    value = math.log(candidates) - entropy - e * math.log(candidates - 1)
    value -= 16.0 * np.finfo(float).eps * math.log(candidates)
    note = f"{errors} errors among {candidates} candidates; never above {math.log(candidates):.3g}"
    return Bound("guessing among candidates", "lower", value, target, risk, runs, note=note)


def pairwise_overlap(log_affinity: Affinity, risk: float, target: Target) -> Bound:
    """I >= -mean_i ln mean_j exp(-B_ij), B the Bhattacharyya distances between candidate laws.

    log_affinity : ln sum_m sqrt(p_i(m) p_j(m)) = -B_ij, for independent sets of candidates
    A value in [0, log K] for each set (Kolchinsky and Tracey 2017, for mixtures of channel laws).
    """
    sets, candidates = log_affinity.shape[:2]
    if log_affinity.shape != (sets, candidates, candidates) or candidates < 2:
        raise InvalidArgument("log_affinity", log_affinity.shape, "give (sets, K, K) with K >= 2")
    values = -(logsumexp(log_affinity, axis=2) - math.log(candidates)).mean(axis=1)
    top = math.log(candidates)
    value = betting_lower(np.clip(values, 0.0, top), 0.0, top, risk) - 1e-12
    return Bound("overlap of candidates", "lower", value, target, risk, sets, 1e-12)


def log_affinity_of_bits(
    p: Float[np.ndarray, "sets candidates bits"],
) -> Float[np.ndarray, "sets candidates candidates"]:
    """ln sum_m sqrt(p_i(m) p_j(m)) for laws of independent bits with probabilities p."""
    a, b = p[:, :, None, :], p[:, None, :, :]
    return np.asarray(np.log(np.sqrt(a * b) + np.sqrt((1.0 - a) * (1.0 - b))).sum(axis=3))

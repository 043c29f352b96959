"""Upper bounds from coding the mask: I = E ln[p(m|D)/q(m)] - KL(p(m)||q) for any law q."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from ..confidence import betting_upper
from ..evidence import round_up
from .bounds import Bound
from .channel import HasDensity
from .mask_codes import FLOOR, MaskCode, best_code
from .needs import log_density, need
from .runs import Runs, Sample
from .targets import Target

TAIL = 0.002


def reference_code(sample: Sample, risk: float, code: MaskCode | None = None) -> Bound:
    """I(m;D) <= E ln[p(m|D)/q(m)], q a code fitted on the pilot.

    A value is at most the longest codeword; clipping it from below only raises the mean.
    Raises MissingCapability without a density.
    """
    channel = need(sample.channel, HasDensity, "the reference code")
    q = code or best_code(sample.channel.support, sample.pilot.masks)
    pilot = log_density(channel, sample.pilot) + q.lengths(sample.pilot.masks)
    values = log_density(channel, sample.fresh) + q.lengths(sample.fresh.masks)
    return _certified(sample, "reference code", pilot, values, q.longest, channel.density_error, risk, q.name)


def mixture_code(sample: Sample, risk: float, decoys: int = 15) -> Bound:
    """The same with q = the average law of `decoys` fresh data sets, over a uniform floor.

    Random, but independent of the run it codes. Near I only while I is below the log of `decoys`.
    Raises MissingCapability without a density.
    """
    channel = need(sample.channel, HasDensity, "the mixture code")
    rng = sample.generator("mixture")
    size = sample.channel.support.log_size.upper

    def values(runs: Runs) -> np.ndarray:
        own = log_density(channel, runs)
        fresh = (sample.channel.sample_data(len(runs), rng) for _ in range(decoys))
        others = [channel.log_prob(runs.masks, data) for data in fresh]
        mixed = logsumexp(others, axis=0) - math.log(decoys) + math.log1p(-FLOOR)
        return np.asarray(own - np.logaddexp(mixed, math.log(FLOOR) - size))

    top, error = size - math.log(FLOOR) + 1e-9, 2.0 * channel.density_error
    found = (values(sample.pilot), values(sample.fresh))
    return _certified(sample, "mixture code", *found, top, error, risk, f"{decoys} decoys")


def description_length(sample: Sample, risk: float, code: MaskCode | None = None) -> Bound:
    """I(m;D) <= H(m) <= E[-ln q(m)], q a code fitted on the pilot: for any channel at all."""
    q = code or best_code(sample.channel.support, sample.pilot.masks)
    pilot, fresh = q.lengths(sample.pilot.masks), q.lengths(sample.fresh.masks)
    found = _certified(sample, "description length", pilot, fresh, q.longest, 0.0, risk, q.name)
    return replace(found, target=Target.DATA_GIVEN_INIT)  # H(m|init) <= H(m) as well


def _certified(
    sample: Sample,
    name: str,
    pilot: np.ndarray,
    values: np.ndarray,
    high: float,
    error: float,
    risk: float,
    note: str,
) -> Bound:
    low = min(float(np.quantile(pilot, TAIL)) - float(np.ptp(pilot)) - 1e-9, high - 1e-9)
    slack = error + 1e-11 * (1.0 + abs(high))
    value = betting_upper(np.clip(values, low, high), low, high, risk) + slack
    return Bound(
        name, "upper", round_up(value), sample.data_target, risk, len(values), slack,
        note=f"{note}, mean {values.mean():.4g}",
    )  # fmt: skip

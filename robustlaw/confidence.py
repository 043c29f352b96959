"""Finite-sample confidence bounds on the mean of independent values from a proved range.

Nothing here is asymptotic: each bound is wrong with at most the stated chance at the given number
of runs. Every bound is one-sided at `risk`; a pair of them splits its risk in half.

The betting bound (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", 2010.09686) bets against each candidate mean m that the values are larger. At the true
mean the wealth K_t = prod_{i<=t} (1 + b_i (z_i - m)) is a nonnegative martingale, because b_i
depends on earlier values only and b_i m <= 3/4; by Ville's inequality it ever reaches 1/risk with
chance at most risk. K_t falls in m, so the rejected means form an interval from 0 upwards. The
order of the values counts: give them in the order of the runs, never sorted.

Rounding. Bets are floats that depend on the past, hence fair as they are. A factor 1 + b (z - m) has
b m <= 3/4, so relative errors of 2 eps in z and 3 eps in b (z - m) move its logarithm by less than 16 eps;
log1p is right to 4 ulp, and a running sum of T terms errs by T eps times their absolute sum at
most. A mean counts as rejected only if the logarithm of the wealth clears its threshold by all that,
and bisection returns the rejected end.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import betainc, betaincinv

from .data.checks import EPS, finite, require_number, whole
from .errors import BrokenInvariant, InvalidArgument, NonFinite
from .evidence import round_down, round_up

Values = Float[np.ndarray, " runs"]
Sets = Float[np.ndarray, "sets runs"]
Ends = Float[np.ndarray, " sets"]

STAKE = 0.75  # largest share of the wealth that a bet puts at risk
BISECTIONS = 50  # the range's 2^-50: below the rounding of the ends
BLOCK = 1 << 17  # numbers worked on at once, so that they stay in the cache

# The incomplete beta function and its inverse are good to about 1e-13 for the counts used here;
# the end is moved outward by a thousand times that, and its tail is then looked up again.
QUANTILE_SLACK = 1e-10


def betting_lower(values: Values, low: float, high: float, risk: float) -> float:
    """Lower bound on the mean of independent values in [low, high], wrong with chance <= `risk`.

    values : in the order of the runs
    Raises InvalidArgument, NonFinite or ShapeMismatch for a value outside the range, NaN, no values,
    low > high, or a risk outside (0, 1).
    """
    return float(betting_lowers(_one_set(values), low, high, risk)[0])


def betting_upper(values: Values, low: float, high: float, risk: float) -> float:
    """Upper bound on the mean; see betting_lower."""
    return float(betting_uppers(_one_set(values), low, high, risk)[0])


def betting_interval(values: Values, low: float, high: float, risk: float) -> tuple[float, float]:
    """Both ends; the chance that either is wrong is at most `risk`."""
    half = _half(risk)
    return betting_lower(values, low, high, half), betting_upper(values, low, high, half)


def betting_lowers(values: Sets, low: float, high: float, risk: float) -> Ends:
    """betting_lower of many data sets at once, one a row."""
    x = _checked(values, low, high, risk)
    return _from_unit(_rejected(_to_unit(x, low, high), risk), low, high)


def betting_uppers(values: Sets, low: float, high: float, risk: float) -> Ends:
    """betting_upper of many data sets at once, one a row."""
    return -betting_lowers(-_checked(values, low, high, risk), -high, -low, risk)


def empirical_bernstein_lower(values: Values, low: float, high: float, risk: float) -> float:
    """mean - sqrt(2 V log(2/risk) / T) - 7 (high - low) log(2/risk) / (3 (T - 1)), V the sample variance.

    Maurer and Pontil, "Empirical Bernstein bounds and sample variance penalization", theorem 4.
    Wider than betting, but of closed form and blind to the order of the values.
    """
    x = _checked(_one_set(values), low, high, risk, fewest=2)
    z, count = _to_unit(x, low, high), x.shape[1]
    log_term = round_up(math.log(2.0 / risk), 4)
    # A root of a mean square moves by at most the errors of z; the mean's own error only adds to it.
    spread = float(z.std(ddof=1)) * (1.0 + (count + 4) * EPS) + 8.0 * EPS
    radius = spread * math.sqrt(2.0 * log_term / count) + 7.0 * log_term / (3.0 * (count - 1))
    return float(_from_unit(_shrunk(z, radius), low, high)[0])


def empirical_bernstein_upper(values: Values, low: float, high: float, risk: float) -> float:
    """Upper bound on the mean; see empirical_bernstein_lower."""
    x = _checked(_one_set(values), low, high, risk, fewest=2)[0]
    return -empirical_bernstein_lower(-x, -high, -low, risk)


def hoeffding_lower(values: Values, low: float, high: float, risk: float) -> float:
    """mean - (high - low) sqrt(log(1/risk) / (2 T))."""
    z = _to_unit(_checked(_one_set(values), low, high, risk), low, high)
    radius = math.sqrt(round_up(-math.log(risk), 4) / (2.0 * z.shape[1]))
    return float(_from_unit(_shrunk(z, radius), low, high)[0])


def hoeffding_upper(values: Values, low: float, high: float, risk: float) -> float:
    """Upper bound on the mean; see hoeffding_lower."""
    x = _checked(_one_set(values), low, high, risk)[0]
    return -hoeffding_lower(-x, -high, -low, risk)


def clopper_pearson_lower(count: int, trials: int, risk: float) -> float:
    """Lower bound on the chance of success, from `count` successes in independent `trials`.

    The p at which `count` or more successes have chance `risk`; 0 without a success.
    """
    count, trials = _counts(count, trials, risk)
    if count == 0:
        return 0.0
    shape = (float(count), float(trials - count + 1))
    end = round_down(float(betaincinv(*shape, risk)) * (1.0 - QUANTILE_SLACK))
    if not float(betainc(*shape, end)) <= risk:
        raise BrokenInvariant(f"beta quantile {end!r} of {shape} exceeds the risk {risk!r}")
    return max(0.0, end)


def clopper_pearson_upper(count: int, trials: int, risk: float) -> float:
    """Upper bound on the chance of success; 1 without a failure. See clopper_pearson_lower."""
    count, trials = _counts(count, trials, risk)
    return min(1.0, round_up(1.0 - clopper_pearson_lower(trials - count, trials, risk)))


def _rejected(z: Sets, risk: float) -> Ends:
    """For each row the largest mean in [0, 1], up to bisection, that betting rejects; 0 if none."""
    rows = max(1, BLOCK // z.shape[1])
    return np.concatenate([_bisect(z[i : i + rows], risk) for i in range(0, len(z), rows)])


def _bisect(z: Sets, risk: float) -> Ends:
    threshold = round_up(-math.log(risk), 4)
    bets = _bets(z, risk)
    rejected, kept = np.zeros(len(z)), np.ones(len(z))
    for _ in range(BISECTIONS):
        middle = 0.5 * (rejected + kept)
        won = _log_wealth(z, bets, middle) >= threshold
        rejected, kept = np.where(won, middle, rejected), np.where(won, kept, middle)
    return rejected


def _bets(z: Sets, risk: float) -> Sets:
    """sqrt(2 log(1/risk) / (T v_i)) with v_i a variance estimate from the values before the i-th."""
    past = np.arange(2.0, z.shape[1] + 2.0)
    mean = (0.5 + np.cumsum(z, axis=1)) / past
    variance = (0.25 + np.cumsum((z - mean) ** 2, axis=1)) / past
    before = np.concatenate([np.full((len(z), 1), 0.25), variance[:, :-1]], axis=1)
    return np.asarray(np.sqrt(-2.0 * math.log(risk) / (z.shape[1] * before)))


def _log_wealth(z: Sets, bets: Sets, mean: Ends) -> Ends:
    """The largest logarithm of the wealth over time, less its rounding error."""
    m = mean[:, None]
    gains = np.log1p(np.minimum(bets, STAKE / m) * (z - m))
    count = z.shape[1]
    error = EPS * ((count + 8) * np.abs(gains).sum(axis=1) + 16 * count)
    return np.asarray(np.cumsum(gains, axis=1).max(axis=1) - error)


def _checked(values: Sets, low: float, high: float, risk: float, fewest: int = 1) -> Sets:
    """The values, if a bound on their mean may be built on them."""
    x = finite("values", values, 2)
    _require_risk(risk)
    for name, end in (("low", low), ("high", high)):
        require_number(name, end)
        if not math.isfinite(end):
            raise NonFinite(name, end, "the proved range needs finite ends; clip the values first")
    if not 0.0 <= float(high) - float(low) < math.inf:
        raise InvalidArgument("low", (low, high), "a range needs low <= high, and a finite width")
    if x.shape[1] < fewest:
        raise InvalidArgument("values", x.shape[1], f"too few to bound a mean; give at least {fewest}")
    outside = (x < low) | (x > high)
    if outside.any():
        raise InvalidArgument("values", float(x[outside][0]), f"outside the proved range [{low}, {high}]")
    return x


def _to_unit(x: Sets, low: float, high: float) -> Sets:
    """Values moved to [0, 1], each to a relative 2 eps."""
    return (x - low) / (high - low) if high > low else np.zeros_like(x)


def _from_unit(ends: Ends, low: float, high: float) -> Ends:
    """Lower ends back on the scale of the values, rounded down and not below the range."""
    width = high - low
    down = np.nextafter(low + width * ends - 2.0 * EPS * (abs(low) + width), -np.inf)
    return np.where(ends > 0.0, np.maximum(down, low), low)


def _shrunk(z: Sets, radius: float) -> Ends:
    """Mean less radius, with room for T + 16 roundings; at least 0."""
    ends = z.mean(axis=1) - radius - (z.shape[1] + 16) * EPS * (1.0 + radius)
    return np.asarray(np.maximum(ends, 0.0))


def _one_set(values: Values) -> Sets:
    return finite("values", values, 1)[None, :]


def _half(risk: float) -> float:
    _require_risk(risk)
    return 0.5 * risk


def _require_risk(risk: float) -> None:
    require_number("risk", risk)
    if not 0.0 < risk < 1.0:
        raise InvalidArgument("risk", risk, "give the chance of being wrong, strictly between 0 and 1")


def _counts(count: int, trials: int, risk: float) -> tuple[int, int]:
    _require_risk(risk)
    trials, count = whole("trials", trials, 1), whole("count", count)
    if count > trials:
        raise InvalidArgument("count", count, f"more successes than the {trials} trials")
    return count, trials

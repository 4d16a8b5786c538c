"""Writes trials.json: intervals and plans by mpmath, for the statistics beyond the binomial interval and test.

Run by hand, with mpmath installed: `python trials.py > trials.json`, some minutes. All is computed from the
definitions at 50 digits: a bound by bisection of the log-odds, a plan by going through all critical counts.
"""

import json
import sys

import mpmath
from mpmath import mpf

mpmath.mp.dps = 50

ENDED_BY_FAILURE = [
    (1, 1), (1, 2), (1, 100), (3, 3), (3, 10), (20, 5_120), (100, 25_431), (1, 10**6), (50, 10**6),
    (999_990, 10**6), (1, 10**9), (10, 10**9), (3_900, 10**9),
]  # fmt: skip
COUNTS = [
    (0, 1), (1, 1), (0, 10), (1, 10), (5, 10), (10, 10), (15, 31), (16, 32), (78, 20_000), (19_922, 20_000),
    (0, 10**6), (1, 10**6), (3_906, 10**6), (0, 10**9), (1, 10**9), (1_000, 10**9), (3_900_000, 10**9),
    (500_000_000, 10**9), (999_999_999, 10**9), (10**9, 10**9), (35_000_000_000, 2**53),
]  # fmt: skip
CONFIDENCES = [0.5, 0.95, 0.999999]
PLANS = [
    (1e-6, 0.9, 0.05, 5e-7), (1e-6, 0.9, 0.05, 2e-6), (1e-6, 0.8, 0.01, 1e-5), (1e-5, 0.99, 0.001, 1e-6),
    (1 / 256, 0.9, 0.05, 1 / 512), (1 / 256, 0.9, 0.05, 1 / 128), (1 / 256, 0.5, 0.05, 1 / 300), (0.0, 0.9, 0.05, 1e-6),
]  # fmt: skip


def root(function, low, high):
    """Bisect a function of the log-odds, below 0 at `low` and above at `high`; return the chance."""
    low, high = mpf(low), mpf(high)
    for _ in range(130):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return 1 / (1 + mpmath.exp(-low))


def at_most(k, n, p):
    """Sum P(X <= k) outwards from k, on the side that points away from the mean."""
    if k < 0 or k >= n:
        return mpf(k >= n)
    if k >= n * p:
        return 1 - at_most(n - k - 1, n, 1 - p)
    log = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
    log += k * mpmath.log(p) + (n - k) * mpmath.log1p(-p)
    odds = (1 - p) / p
    term = total = mpf(1)
    while k and term > total * mpf(10) ** -30:
        term *= k * odds / (n - k + 1)
        total += term
        k -= 1
    return mpmath.exp(log) * total


def chance(logit):
    return 1 / (1 + mpmath.exp(-logit))


def ended_by_failure(r, n, confidence):
    """N is the number of trials that r failures take: P(N <= n) = 1 - P(X_n < r), P(N >= n) = P(X_(n-1) < r)."""
    half = (1 - mpf(confidence)) / 2
    low = root(lambda x: 1 - at_most(r - 1, n, chance(x)) - half, -60, 60)
    high = 1 if r == n else root(lambda x: half - at_most(r - 1, n - 1, chance(x)), -60, 60)
    return low, high


def sequence(k, n, confidence):
    """Return the mixture's chance by gamma functions as they are, against that under p."""
    a, b = mpf(1) / 8, mpf(1) / 2

    def log_beta(x, y):
        return mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(x + y)

    mixture = log_beta(a + k, b + n - k) - log_beta(a, b)
    limit = -mpmath.log(1 - mpf(confidence))

    def excess(logit):
        failed = k * mpmath.log1p(mpmath.exp(-logit)) if k else 0
        rest = (n - k) * mpmath.log1p(mpmath.exp(logit)) if n - k else 0
        return mixture + failed + rest - limit

    seen = mpmath.log(mpf(k) / (n - k)) if 0 < k < n else (-200 if k == 0 else 200)
    low = root(lambda x: -excess(x), -200, seen) if k else 0
    high = root(excess, seen, 200) if k < n else 1
    return low, high


def variance(k, n, confidence):
    """Chebyshev's inequality: (k - n p)^2 against n p (1 - p) / error."""
    error = 1 - mpf(confidence)

    def excess(logit):
        p = chance(logit)
        return (k - n * p) ** 2 * error - n * p * (1 - p)

    seen = mpmath.log(mpf(k) / (n - k)) if 0 < k < n else (-200 if k == 0 else 200)
    low = root(lambda x: -excess(x), -200, seen) if k else 0
    high = root(excess, seen, 200) if k < n else 1
    return low, high


def least(low, high, accepts):
    """Return the least whole number that is accepted; `low` is not, `high` is."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if accepts(middle) else (middle, high)
    return high


def plan(rate, power, alpha, against):
    rate, power, half, against = mpf(rate), mpf(power), mpf(alpha) / 2, mpf(against)
    above = rate > against

    def reach(count, n):
        """Return the power of the critical count in n trials."""
        if rate == 0:
            return 1
        return 1 - at_most(count - 1, n, rate) if above else at_most(count, n, rate)

    last, count = 0, 0
    while True:
        most = int((count + 60) * 4 / against)
        if above:
            # From `start` to `end` the critical count is `count`.
            start = least(0, most, lambda n, count=count: 1 - at_most(count - 2, n, against) > half) if count > 1 else 1
            end = least(0, most, lambda n, count=count: 1 - at_most(count - 1, n, against) > half) - 1 if count else 0
            if count and reach(count, start) < power:
                last = (
                    start
                    if reach(count, end) < power
                    else least(start, end, lambda n, count=count: reach(count, n) >= power) - 1
                )
            sure = count and reach(count, start) > 1 - (1 - power) / 20
        else:
            start = least(0, most, lambda n, count=count: at_most(count, n, against) <= half)
            end = least(0, most, lambda n, count=count: at_most(count + 1, n, against) <= half) - 1
            if count == 0:
                last = start - 1
            if reach(count, end) < power:
                last = end
            sure = reach(count, end) > 1 - (1 - power) / 20
        if sure:
            return last + 1
        count += 1


def intervals(bounds, counts):
    for k, n in counts:
        for confidence in CONFIDENCES:
            low, high = bounds(k, n, confidence)
            yield {"failures": k, "trials": n, "confidence": confidence, "low": float(low), "high": float(high)}


json.dump(
    {
        "origin": f"trials.py beside this file: mpmath {mpmath.__version__} at 50 digits",
        "ended_by_failure": list(intervals(ended_by_failure, ENDED_BY_FAILURE)),
        "sequence": list(intervals(sequence, COUNTS)),
        "variance": list(intervals(variance, COUNTS)),
        "plans": [
            dict(zip(("rate", "power", "alpha", "against", "trials"), (*case, plan(*case)), strict=True))
            for case in PLANS
        ],
    },
    sys.stdout,
    indent=1,
)
print()

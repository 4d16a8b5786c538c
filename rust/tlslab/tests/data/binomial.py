"""Writes binomial.json: Clopper-Pearson intervals and doubled-tail p-values by mpmath, confirmed by scipy.

Run by hand, with scipy and mpmath installed: `python binomial.py > binomial.json`. The values are mpmath's,
at 50 digits and by summing the binomial distribution itself; scipy's incomplete beta functions, which keep
fewer digits at a billion trials, have to agree to 1e-6.
"""

import json
import sys

import mpmath
import scipy
from scipy.special import betainccinv, betaincinv
from scipy.stats import binom

mpmath.mp.dps = 50

INTERVALS = [
    (0, 1), (1, 1), (0, 10), (1, 10), (5, 10), (9, 10), (10, 10), (3, 1000), (78, 20_000), (160, 40_960),
    (19_922, 20_000), (0, 1_000_000), (3_906, 1_000_000), (500_000, 1_000_000), (0, 10**9), (1, 10**9),
    (7, 10**9), (3_900_000, 10**9), (500_000_000, 10**9), (999_999_999, 10**9), (10**9, 10**9),
]  # fmt: skip
CONFIDENCES = [0.5, 0.95, 0.99, 0.999999]
TESTS = [
    (0, 10, 0.5), (10, 10, 0.5), (5, 10, 0.5), (2, 10, 0.5), (0, 10, 1e-9), (1, 10, 1e-9), (9, 10, 0.999),
    (78, 20_000, 1 / 256), (100, 20_000, 1 / 256), (40, 20_000, 1 / 256), (0, 20_000, 1 / 256),
    (300, 20_000, 1 / 256), (0, 4_096, 1 / 256), (160, 40_960, 1 / 128), (3_906, 1_000_000, 1 / 256),
    (3_700, 1_000_000, 1 / 256), (0, 10**9, 1e-9), (1, 10**9, 1e-9), (5, 10**9, 1e-9),
    (3_900_000, 10**9, 1 / 256), (3_906_250, 10**9, 1 / 256), (3_910_000, 10**9, 1 / 256),
    (500_050_000, 10**9, 0.5), (999_999_999, 10**9, 0.999999999),
]  # fmt: skip


def tail(k, n, p, step):
    """Sum P(X >= k) for step 1, P(X <= k) for step -1, outwards from k."""
    p = mpmath.mpf(p)
    q = 1 - p
    log = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
    log += (k * mpmath.log(p) if k else 0) + ((n - k) * mpmath.log(q) if n - k else 0)
    term = total = mpmath.mpf(1)
    while 0 <= k + step <= n and term > total * mpmath.mpf(10) ** -25:
        term *= (n - k) * p / ((k + 1) * q) if step > 0 else k * q / ((n - k + 1) * p)
        total += term
        k += step
    return mpmath.exp(log) * total


def confirm(what, value, reference, tolerance):
    error = abs(value - reference) / abs(reference)
    if not error < tolerance:
        sys.exit(f"{what}: scipy {value}, mpmath {reference}, apart by {mpmath.nstr(error, 3)}")


def bound(what, k, n, half, step, guess):
    """Find the p whose tail from k is `half`, from scipy's own value, which has to agree."""

    def miss(p):
        return mpmath.log(tail(k, n, p, step) / half)

    root = mpmath.findroot(miss, (guess * (1 - 1e-6), guess), tol=1e-30)
    confirm(what, guess, root, 1e-6)
    return root


def bounds(k, n, confidence):
    """Compute both bounds for k <= n / 2, where neither is close to 1."""
    half = (1 - mpmath.mpf(confidence)) / 2
    name = f"{k}/{n} at {confidence}"
    low = bound(f"low of {name}", k, n, half, 1, betaincinv(k, n - k + 1, float(half))) if k else 0
    high = bound(f"high of {name}", k, n, half, -1, betainccinv(k + 1, n - k, float(half)))
    return low, high


def interval(k, n, confidence):
    if 2 * k <= n:
        low, high = bounds(k, n, confidence)
    else:
        low, high = (1 - x for x in reversed(bounds(n - k, n, confidence)))
    return {"failures": k, "trials": n, "confidence": confidence, "low": float(low), "high": float(high)}


def test(k, n, p):
    scipy_value = min(1.0, 2 * min(binom.cdf(k, n, p), binom.sf(k - 1, n, p)))
    value = float(min(1, 2 * tail(k, n, p, 1 if k >= n * p else -1)))
    confirm(f"test of {k}/{n} at {p}", scipy_value, value, 1e-6)
    return {"failures": k, "trials": n, "p": p, "p_value": value}


json.dump(
    {
        "origin": f"binomial.py beside this file: mpmath {mpmath.__version__} at 50 digits, "
        f"confirmed to 1e-6 by scipy {scipy.__version__}",
        "intervals": [interval(k, n, c) for k, n in INTERVALS for c in CONFIDENCES],
        "tests": [test(*case) for case in TESTS],
    },
    sys.stdout,
    indent=1,
)
print()

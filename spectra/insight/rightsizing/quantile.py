"""Upper confidence bounds of a percentile that assume nothing about its distribution."""

from __future__ import annotations

import functools
import math

CONFIDENCE = 0.95
PEAK_SHARE = 0.995


@functools.cache
def upper_rank(n: int, share: float, confidence: float = CONFIDENCE) -> int | None:
    """Rank k of the order statistic that bounds a percentile from above.

    The smallest k with ``BinomCDF(k − 1; n, share) ≥ confidence``; None where even the largest of
    n values does not bound the percentile.

    Examples
    --------
    >>> upper_rank(4032, 0.995), upper_rank(336, 0.95), upper_rank(58, 0.95)
    (4020, 326, None)
    """
    # Its import takes a while, which the app's start need not wait for; `scipy.stats` takes four
    # times as long.
    from scipy.special import bdtr, bdtrik  # noqa: PLC0415

    if n < 1:
        return None
    below = math.ceil(bdtrik(confidence, n, share))
    if below > 0 and bdtr(below - 1, n, share) >= confidence:
        below -= 1
    return below + 1 if below < n else None


def effective_size(n: int, lag1: float | None) -> float:
    """Number of independent values that n correlated ones are worth, ``n(1 − ρ1)/(1 + ρ1)``.

    Negative or unknown correlation counts as none.
    """
    rho = min(max(lag1 or 0.0, 0.0), 0.999)
    return n * (1 - rho) / (1 + rho)


def upper_peak(
    highest: list[float],
    n: int,
    lag1: float | None,
    share: float = PEAK_SHARE,
    *,
    clock_hours: int | None = None,
) -> tuple[float, bool]:
    """Upper bound of a percentile and whether it is one: False where the maximum stands in.

    Parameters
    ----------
    highest : list of float
        The largest of the n values, descending; where the rank lies deeper, the last of them is
        used, which is higher and so still a bound.
    clock_hours : int, optional
        Distinct hours among the n: members of a group that peak together peak once.
    """
    rank = upper_rank(n, share)
    apart = effective_size(n if clock_hours is None else min(n, clock_hours), lag1)
    if rank is None or upper_rank(int(apart), share) is None:
        return highest[0], False
    return highest[min(n - rank, len(highest) - 1)], True

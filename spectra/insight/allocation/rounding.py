"""Largest-remainder rounding: parts that add up to their rounded total, at every level.

References
----------
METHOD.md, section 6: Hamilton's method, ties by the larger amount, then by name; amounts below
zero are apportioned among themselves.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import numpy as np
import pandas as pd

_ZERO = Decimal(0)


def total_of(amounts: Sequence[float], digits: int) -> Decimal:
    """The sum of amounts at a number of decimals."""
    return _rounded(Decimal(math.fsum(amounts)), digits)


def apportion(
    amounts: Sequence[float | Decimal],
    digits: int,
    total: Decimal | None = None,
) -> list[Decimal]:
    """Round amounts so that they add up; of equal amounts the first is rounded up first.

    Parameters
    ----------
    total : Decimal, optional
        What they add up to, in whole units of the last decimal; their rounded sum without.

    Raises
    ------
    ValueError
        If an amount is not finite, or no rounding of these amounts can give the total.
    """
    exact = [Decimal(a) for a in amounts]
    if not all(a.is_finite() for a in exact):
        raise ValueError("an amount is not known")
    signs = [a < 0 for a in exact]
    wanted = _rounded(sum(exact, _ZERO), digits) if total is None else total
    if all(signs) or not any(signs):
        return _signed(exact, digits, wanted)
    # Both signs: what is below zero is rounded on its own, and the rest makes up the total.
    below = [a for a in exact if a < 0]
    below_total = _rounded(sum(below, _ZERO), digits)
    minus = iter(_signed(below, digits, below_total))
    plus = iter(_signed([a for a in exact if a >= 0], digits, wanted - below_total))
    return [next(minus) if is_below else next(plus) for is_below in signs]


def apportion_tree(
    frame: pd.DataFrame,
    value: str,
    levels: Sequence[str],
    digits: int,
    total: Decimal | None = None,
) -> pd.Series:
    """Round a column top-down, so that every subtotal of the levels adds up too.

    Parameters
    ----------
    levels : sequence of str
        Columns from the widest group down; rows of one lowest group are its leaves.
    total : Decimal, optional
        What all rows add up to; their rounded sum without.

    Returns
    -------
    Series
        Decimals on the index of the frame; None where the value is not known.
    """
    known = frame[frame[value].notna()]
    result = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    if known.empty:
        return result
    amounts = known[value].to_numpy(dtype=float)
    codes = [pd.factorize(known[level], sort=True)[0] for level in levels]
    wanted = total_of(list(amounts), digits) if total is None else total
    leaves = _descend(amounts, codes, np.arange(len(amounts)), digits, wanted)
    result.loc[known.index] = leaves
    return result


def _descend(
    amounts: np.ndarray, codes: Sequence[np.ndarray], rows: np.ndarray, digits: int, total: Decimal
) -> list[Decimal]:
    """Rounded amounts of some rows, in their order, that add up to a total."""
    if not codes:
        return apportion(list(amounts[rows]), digits, total)
    groups, inverse = np.unique(codes[0][rows], return_inverse=True)
    members = [rows[inverse == number] for number in range(len(groups))]
    parts = apportion([math.fsum(amounts[m]) for m in members], digits, total)
    found: dict[Hashable, Decimal] = {}
    for inside, part in zip(members, parts, strict=True):
        found.update(zip(inside, _descend(amounts, codes[1:], inside, digits, part), strict=True))
    return [found[row] for row in rows]


def _signed(amounts: Sequence[Decimal], digits: int, total: Decimal) -> list[Decimal]:
    """Hamilton's method over amounts of one sign."""
    if not amounts:
        if total:
            raise ValueError("there is nothing to add up to the total")
        return []
    unit = Decimal(1).scaleb(-digits)
    floors = [_rounded(a, digits, ROUND_DOWN) for a in amounts]
    left = int((total - sum(floors, _ZERO)) / unit)
    order = sorted(
        range(len(amounts)),
        key=lambda k: (-abs(amounts[k] - floors[k]), -abs(amounts[k])),
    )
    step = unit if left > 0 else -unit
    result = list(floors)
    whole, extra = divmod(abs(left), len(amounts))
    for place, k in enumerate(order if left * _sign(amounts) >= 0 else order[::-1]):
        result[k] += step * (whole + (place < extra))
    return result


def _sign(amounts: Sequence[Decimal]) -> int:
    return -1 if any(a < 0 for a in amounts) else 1


def _rounded(amount: Decimal, digits: int, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """A rounded amount; that of a small credit is 0 and not “-0.00”."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=rounding) + _ZERO

"""Order statistics of trailing windows over a matrix of series, unknown values left out.

Series are rows, times are columns. The first columns are a past that is only looked back to; a
result has one column for each of the rest. Windows are sorted in single precision, which takes a
fifth of the time and is finer than any measurement here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.floating]
CHUNK_ELEMENTS = 250_000  # of windows at once: a megabyte, which stays near the processor


class Spread(NamedTuple):
    """Median and median absolute deviation of each window, and how many values it knew."""

    median: Floats
    mad: Floats
    known: NDArray[np.int64]


def trailing(values: Floats, width: int, past: int, lag: int = 1) -> Floats:
    """View of the windows that end `lag` columns before each column after the past.

    Returns
    -------
    ndarray
        series × columns after the past × width.
    """
    if past < width + lag - 1:
        raise ValueError("the past is shorter than a window looks back")
    first = past - lag - width + 1
    view: Floats = sliding_window_view(values, width, axis=1)
    return view[:, first : first + values.shape[1] - past]


def median_of(windows: Floats, least: int = 1) -> Floats:
    """Median of each window; NaN where fewer than `least` values are known."""
    result = np.full(windows.shape[:2], np.nan)
    for part in _chunks(windows):
        ordered, known = _ordered(windows[part])
        result[part] = np.where(known >= least, _middle(ordered, known), np.nan)
    return result


def spread_of(windows: Floats, least: int) -> Spread:
    """Median and MAD of each window; NaN where fewer than `least` values are known."""
    median, mad = (np.full(windows.shape[:2], np.nan) for _ in range(2))
    count = np.zeros(windows.shape[:2], dtype=np.int64)
    for part in _chunks(windows):
        ordered, known = _ordered(windows[part])
        middle = _middle(ordered, known)
        deviation = np.abs(ordered - middle[..., None].astype(np.float32))
        deviation.sort(axis=-1)
        enough = known >= least
        median[part] = np.where(enough, middle, np.nan)
        mad[part] = np.where(enough, _middle(deviation, known), np.nan)
        count[part] = known
    return Spread(median, mad, count)


def quantile_of(windows: Floats, share: float, least: int) -> Floats:
    """Quantile of each window, interpolated; NaN where fewer than `least` values are known."""
    result = np.full(windows.shape[:2], np.nan)
    for part in _chunks(windows):
        ordered, known = _ordered(windows[part])
        place = share * np.maximum(known - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(known - 1, 0))
        low, high = _at(ordered, below), _at(ordered, above)
        value = low + (high - low) * (place - below)
        result[part] = np.where(known >= max(least, 1), value, np.nan)
    return result


def _chunks(windows: Floats) -> Iterator[tuple[slice, slice]]:
    """Parts of series and columns whose windows fit in the memory of a chunk."""
    series, columns, width = windows.shape
    wide = max(1, min(columns, CHUNK_ELEMENTS // max(width, 1)))
    tall = max(1, CHUNK_ELEMENTS // max(wide * width, 1))
    for row in range(0, series, tall):
        for column in range(0, columns, wide):
            yield slice(row, row + tall), slice(column, column + wide)


def _ordered(windows: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Windows in order with unknown values last, and how many are known."""
    ordered = windows.astype(np.float32)
    ordered.sort(axis=-1)
    return ordered, np.count_nonzero(~np.isnan(ordered), axis=-1)


def _middle(ordered: Floats, known: NDArray[np.int64]) -> Floats:
    last = np.maximum(known - 1, 0)
    middle: Floats = (_at(ordered, last // 2) + _at(ordered, (last + 1) // 2)) / 2
    return middle


def _at(ordered: Floats, place: NDArray[np.int64]) -> Floats:
    taken: Floats = np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
    return taken.astype(np.float64)

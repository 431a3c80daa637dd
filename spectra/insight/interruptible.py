"""Placing a job that may be cut: the cheapest hours, or the cheapest chunks when cuts cost."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from spectra.insight.hourly_cost import HourlyCost

Span = tuple[float, float]
# The grid of the search for chunks [min]: the finest one that stays within so many states.
STEPS_MIN = (1, 5, 15)
MAX_STATES = 20_000_000
# Of plans that emit the same the one with fewer starts is taken: each weighs this share of a step.
TIE_SHARE = 1e-6


def cheapest_hours(cost: HourlyCost, start: float, end: float, hours: float) -> list[Span]:
    """Parts of hours in order of their rate until the job is done; at most one is used in part.

    A fractional knapsack, so the greedy choice is exact; of equal rates the earlier hour is used.
    Empty when the known hours do not suffice.
    """
    first, last = math.floor(start), math.ceil(end)
    begins = np.maximum(np.arange(first, last), start)
    ends = np.minimum(np.arange(first, last) + 1, end)
    rates = cost.score[first:last]
    order = [i for i in np.lexsort((begins, rates)) if np.isfinite(rates[i])]
    left, used = hours, dict[int, float]()
    for i in order:
        take = min(left, ends[i] - begins[i])
        if take > 1e-12:
            used[int(i)] = float(take)
            left -= take
    if left > 1e-9:
        return []
    spans = []
    for i, take in sorted(used.items()):
        # A part is put next to a neighbour that runs, so that the job is cut no more than needed.
        at_end = i + 1 in used and i - 1 not in used
        spans.append((ends[i] - take, ends[i]) if at_end else (begins[i], begins[i] + take))
    return _merged(spans)


def cheapest_chunks(  # noqa: PLR0913, PLR0917 (the parts of one question)
    cost: HourlyCost,
    start: float,
    end: float,
    hours: float,
    min_chunk_hours: float,
    restart_score: float,
    max_chunks: int | None,
) -> list[Span]:
    """Cheapest runs of at least a length when every start after the first costs something.

    Dynamic programming over the time of the window, the time still to run and, where it is
    limited, the number of starts. Exact on a grid of the clock's minutes; windows of more than
    three days, and limits of many runs in long ones, use 5 or 15 minutes, to which times are
    rounded inwards. Empty when nothing fits on it.
    """
    for step in STEPS_MIN:
        per_hour = 60 // step
        first = math.ceil(start * per_hour - 1e-6)
        slots = math.floor(end * per_hour + 1e-6) - first
        need = math.ceil(hours * per_hour - 1e-6)
        shortest = max(1, math.ceil(min_chunk_hours * per_hour - 1e-6))
        fitting = max(1, need // shortest)
        most = max_chunks if max_chunks and max_chunks < fitting else None
        if slots * need * (most or 1) <= MAX_STATES:
            break
    edges = (first + np.arange(max(slots, 0) + 1)) / per_hour
    price = cost.between(edges[:-1], edges[1:])
    price = np.where(np.isfinite(price), price, np.inf)
    runs = _traced(price, need, shortest, most, restart_score)
    spans = _merged([(edges[begin], edges[stop]) for begin, stop in runs])
    return _trimmed(spans, need / per_hour - hours, min_chunk_hours)


def _trimmed(spans: list[Span], excess: float, shortest: float) -> list[Span]:
    """Take what rounding added from the end of the longest run, if it stays long enough."""
    longest = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
    begin, end = longest
    if end - begin - excess < shortest:
        return spans
    return [(begin, end - excess) if span == longest else span for span in spans]


def _traced(
    price: np.ndarray, need: int, shortest: int, most: int | None, restart: float
) -> list[tuple[int, int]]:
    """Forward pass over the grid, then the way back along the decisions.

    ``off[k, r]`` is the least cost with `r` steps done in `k` runs and none under way, ``on`` the
    same with the k-th under way and already of the shortest length. Where any number of runs is
    allowed, `k` tells only whether there was one.
    """
    slots = len(price)
    if need > slots or not np.isfinite(price).any():
        return []
    restart += TIE_SHARE * float(price[np.isfinite(price)].max())
    top = most or 1
    sums = np.concatenate([[0.0], np.cumsum(np.where(np.isinf(price), 0.0, price))])
    gaps = np.concatenate([[0], np.cumsum(np.isinf(price))])
    off = np.full((top + 1, need + 1), np.inf)
    off[0, 0] = 0.0
    offs = deque([off], maxlen=shortest)  # the states of the last `shortest` steps, newest last
    on = np.full((top + 1, need + 1), np.inf)
    ended = np.zeros((slots + 1, top + 1, need + 1), dtype=bool)
    begun = np.zeros((slots + 1, top + 1, need + 1), dtype=bool)
    for t in range(1, slots + 1):
        running = np.full_like(on, np.inf)
        running[:, 1:] = on[:, :-1] + price[t - 1]
        if t >= shortest and gaps[t] == gaps[t - shortest] and shortest <= need:
            fresh = np.full_like(on, np.inf)
            source = offs[0][:, : need + 1 - shortest]
            fee = np.full((top, 1), restart)
            fee[0] = 0.0
            fresh[1:, shortest:] = source[:-1] + fee
            if most is None:
                fresh[1, shortest:] = np.minimum(source[0], source[1] + restart)
            fresh += sums[t] - sums[t - shortest]
            begun[t] = fresh < running
            running = np.minimum(running, fresh)
        on = running
        ended[t] = on < offs[-1]
        offs.append(np.minimum(offs[-1], on))
    runs = int(np.argmin(offs[-1][:, need]))
    if not np.isfinite(offs[-1][runs, need]):
        return []
    return _way_back(ended, begun, runs, need, shortest, 0 if most is None else 1)


def _way_back(  # noqa: PLR0913, PLR0917 (the parts of one question)
    ended: np.ndarray, begun: np.ndarray, k: int, r: int, shortest: int, counted: int
) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    t = len(ended) - 1
    while r > 0:
        while not ended[t, k, r]:
            t -= 1
        stop = t
        while not begun[t, k, r]:
            t, r = t - 1, r - 1
        t, r, k = t - shortest, r - shortest, k - counted
        spans.append((t, stop))
    return spans[::-1]


def _merged(spans: list[Span]) -> list[Span]:
    """Join runs that touch."""
    joined: list[Span] = []
    for begin, end in spans:
        if joined and begin - joined[-1][1] < 1e-9:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((float(begin), float(end)))
    return joined

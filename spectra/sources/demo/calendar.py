"""Calendar rules of the demo fleet: when each machine runs, stops, is resized, comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spectra.sources.demo.blueprint import Group, Plan
from spectra.sources.demo.clock import DAY_S, EPOCH_S, HOUR_S, NEVER_S, local_days
from spectra.sources.demo.noise import share

MINUTE_S = 60
# Periods are chosen so that every 90 days hold several of each event.
RENEWAL_S = 60 * DAY_S
CAMPAIGN_S, CAMPAIGN_LIFE_S = 45 * DAY_S, 30 * DAY_S
RESIZE_S = 40 * DAY_S


@dataclass(frozen=True, slots=True)
class Span:
    """One machine in one state; times in seconds since 1970 [s], ``NEVER_S`` for no end."""

    start: int
    stop: int
    state: str
    instance_type: str
    launched: int


@dataclass(frozen=True, slots=True)
class Life:
    """One machine's whole history, told apart from others by ``mark`` within its slot."""

    mark: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the ``count`` places of a group; most are filled by one machine for ever."""

    group: Group
    number: int
    path: tuple[object, ...]
    timezone: str
    horizon_s: int

    def share(self, *parts: object) -> float:
        """Return this slot's own uniform number for a name [1]."""
        return share(*self.path, *parts)

    def minutes(self, limit: int, *parts: object) -> int:
        """Return this slot's own delay of 0 to ``limit`` minutes [s]."""
        return int(self.share("minutes", *parts) * limit) * MINUTE_S


def lives(slot: Slot) -> Iterator[Life]:
    """Every machine that filled the slot from the epoch up to its horizon."""
    return _RULES[slot.group.plan](slot)


def _long_ago_s(slot: Slot) -> int:
    """Launch up to 600 days before the epoch: the history starts later than the machine."""
    return EPOCH_S - DAY_S - int(slot.share("age") * 600 * 24) * HOUR_S - slot.minutes(60, "age")


def _steady(slot: Slot) -> Iterator[Life]:
    kind = slot.group.instance_type
    yield Life("", (Span(EPOCH_S, NEVER_S, "running", kind, _long_ago_s(slot)),))


def _stopped(slot: Slot) -> Iterator[Life]:
    """Switched off some time in the first ten weeks and forgotten, volumes and all."""
    launched, kind = _long_ago_s(slot), slot.group.instance_type
    off = EPOCH_S + int(slot.share("off") * 70) * DAY_S + 9 * HOUR_S + slot.minutes(480, "off")
    yield Life(
        "",
        (
            Span(EPOCH_S, off, "running", kind, launched),
            Span(off, NEVER_S, "stopped", kind, launched),
        ),
    )


def _scheduled(slot: Slot) -> Iterator[Life]:
    """On from about 08:00 to 19:00 local time on weekdays; stopped at night and at weekends."""
    kind, launched = slot.group.instance_type, _long_ago_s(slot)
    on_delay, off_delay = slot.minutes(25, "on"), slot.minutes(25, "off")
    spans, since = [], EPOCH_S
    for midnight, weekday in zip(
        *(days.tolist() for days in local_days(slot.timezone, slot.horizon_s)), strict=True
    ):
        on, off = midnight + 8 * HOUR_S + on_delay, midnight + 19 * HOUR_S + off_delay
        if weekday < 5 and on > since:
            spans.append(Span(since, on, "stopped", kind, launched))
            spans.append(Span(on, off, "running", kind, on))
            launched, since = on, off
    spans.append(Span(since, NEVER_S, "stopped", kind, launched))
    yield Life("", tuple(spans))


def _elastic(slot: Slot) -> Iterator[Life]:
    """An autoscaled member for the busy hours: later members start later and go earlier."""
    rank = slot.number / max(slot.group.count, 1)
    for midnight, weekday in _days(slot):
        if weekday >= 5 and rank > 0.4:
            continue
        start = midnight + 7 * HOUR_S + int(rank * 4 * HOUR_S) + slot.minutes(50, "up", midnight)
        stop = midnight + 22 * HOUR_S - int(rank * 4 * HOUR_S) + slot.minutes(50, "dn", midnight)
        yield _short_life(slot, start, stop)


def _nightly(slot: Slot) -> Iterator[Life]:
    """A batch worker for the night: from 21:00 local time for four to seven hours."""
    for midnight, _ in _days(slot):
        start = midnight + 21 * HOUR_S + slot.minutes(20, "up", midnight)
        yield _short_life(slot, start, start + 4 * HOUR_S + slot.minutes(180, "run", midnight))


def _days(slot: Slot) -> Iterator[tuple[int, int]]:
    """Local midnights from the epoch on, each with its weekday."""
    midnights, weekdays = local_days(slot.timezone, slot.horizon_s)
    for midnight, weekday in zip(midnights.tolist(), weekdays.tolist(), strict=True):
        if midnight >= EPOCH_S:
            yield midnight, weekday


def _short_life(slot: Slot, start: int, stop: int) -> Life:
    """Return an autoscaled member's life; AWS stops listing it soon after, so does its history."""
    span = Span(start, stop, "running", slot.group.instance_type, start)
    return Life(str(start), (span,))


def _resized(slot: Slot) -> Iterator[Life]:
    """Change between two sizes every 40 days, by stopping for some minutes."""
    sizes = (slot.group.instance_type, slot.group.second_type)
    since, launched, spans = EPOCH_S, _long_ago_s(slot), []
    for turn in range((slot.horizon_s - EPOCH_S) // RESIZE_S + 1):
        old, new = sizes[turn % 2], sizes[(turn + 1) % 2]
        at = EPOCH_S + turn * RESIZE_S + 25 * DAY_S + 6 * HOUR_S + slot.minutes(50, "resize", turn)
        off, back, up = at + MINUTE_S, at + 9 * MINUTE_S, at + 10 * MINUTE_S
        spans += [
            Span(since, at, "running", old, launched),
            Span(at, off, "stopping", old, launched),
            Span(off, back, "stopped", old, launched),
            Span(back, up, "pending", new, back),
        ]
        since, launched = up, back
    final = sizes[(slot.horizon_s - EPOCH_S) // RESIZE_S % 2 ^ 1]
    spans.append(Span(since, NEVER_S, "running", final, launched))
    yield Life("", tuple(spans))


def _renewed(slot: Slot) -> Iterator[Life]:
    """Replaced by a fresh machine every 60 days, each slot in its own week."""
    phase = slot.number * RENEWAL_S // slot.group.count
    for turn in range(-1, (slot.horizon_s - EPOCH_S) // RENEWAL_S + 1):
        start = EPOCH_S + phase + turn * RENEWAL_S + 10 * HOUR_S + slot.minutes(50, "new", turn)
        stop = start + RENEWAL_S + slot.minutes(50, "old", turn)
        yield from _limited_life(slot, start, stop)


def _campaign(slot: Slot) -> Iterator[Life]:
    """Launched for a sale every 45 days and terminated 30 days later."""
    for turn in range(-1, (slot.horizon_s - EPOCH_S) // CAMPAIGN_S + 1):
        start = EPOCH_S + turn * CAMPAIGN_S + 13 * HOUR_S + slot.minutes(50, "new", turn)
        yield from _limited_life(slot, start, start + CAMPAIGN_LIFE_S + slot.minutes(50, "x", turn))


def _limited_life(slot: Slot, start: int, stop: int) -> Iterator[Life]:
    """Return a life from pending to terminated, cut at the epoch; nothing if it ended before."""
    kind = slot.group.instance_type
    up, down, gone = start + MINUTE_S, stop + 2 * MINUTE_S, stop + HOUR_S
    spans = (
        Span(start, up, "pending", kind, start),
        Span(up, stop, "running", kind, start),
        Span(stop, down, "shutting-down", kind, start),
        Span(down, gone, "terminated", kind, start),
    )
    if start >= EPOCH_S:
        yield Life(str(start), spans)
    elif stop > EPOCH_S:
        running = Span(EPOCH_S, stop, "running", kind, start)
        yield Life(str(start), (running, *spans[2:]))


_RULES: dict[Plan, Callable[[Slot], Iterator[Life]]] = {
    "steady": _steady,
    "elastic": _elastic,
    "nightly": _nightly,
    "scheduled": _scheduled,
    "stopped": _stopped,
    "resized": _resized,
    "renewed": _renewed,
    "campaign": _campaign,
}

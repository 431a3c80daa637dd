"""What somebody did to the demo fleet: its history as it is up to a change, and other after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from spectra.sources.demo.calendar import Span
from spectra.sources.demo.clock import HOUR_S, require_utc

if TYPE_CHECKING:
    from spectra.sources.demo.fleet import VolumeSpan

Kind = Literal["state", "type", "copy"]
_KINDS: dict[str, Kind] = {"type": "type", "copy": "copy"}
# A machine that ends by the calendar ends whatever was done to it before.
_ENDING = ("shutting-down", "terminated")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one machine or volume.

    Attributes
    ----------
    at_s : int
        Seconds since 1970 [s].
    kind : str
        ``state``, ``type``, or ``copy`` for a machine that was launched as a copy of another.
    value : str
        State from then on (``running``, ``stopped``, ``terminated``; ``deleted``, ``available``),
        type, or of whom it is a copy.
    """

    resource_id: str
    at_s: int
    kind: Kind
    value: str

    @classmethod
    def at(cls, resource_id: str, moment: datetime, kind: str, value: str) -> Change:
        """A change at a moment in UTC; raises InputError for another one."""
        at_s = require_utc(moment, "moment")
        return cls(resource_id, at_s, _KINDS.get(kind, "state"), value)


Changes = Mapping[str, tuple[Change, ...]]


def by_resource(changes: Iterable[Change]) -> Changes:
    """Changes by the resource that they are of, in their order."""
    found: dict[str, tuple[Change, ...]] = {}
    for change in changes:
        found[change.resource_id] = (*found.get(change.resource_id, ()), change)
    return found


def changed_spans(spans: tuple[Span, ...], changes: Sequence[Change]) -> tuple[Span, ...]:
    """A machine's spans with what was done to it.

    From a change of state on the calendar's own stops and starts no longer count: what a person
    decided stays until they decide otherwise. Nothing before a change differs.
    """
    for change in changes:
        if change.kind != "copy":
            spans = _after(spans, change)
    return spans


def _after(spans: tuple[Span, ...], change: Change) -> tuple[Span, ...]:
    at = change.at_s
    earlier = [span for span in spans if span.stop <= at]
    later = [span for span in spans if span.stop > at]
    if not later or later[0].start > at or later[0].state in _ENDING:
        return spans
    now = later[0]
    before = replace(now, stop=at)
    if change.value == "terminated":
        end = replace(now, start=at, stop=at + HOUR_S, state="terminated")
        return tuple(_joined([*earlier, before], [end]))
    parts = [
        span if span.state in _ENDING else _as_changed(span, now, change)
        for span in (replace(now, start=at), *later[1:])
    ]
    return tuple(_joined([*earlier, before], parts))


def _as_changed(span: Span, now: Span, change: Change) -> Span:
    if change.kind == "type":
        return replace(span, instance_type=change.value)
    is_start = change.value == "running" and now.state != "running"
    launched = change.at_s if is_start else now.launched
    return replace(span, state=change.value, launched=launched)


def _joined(kept: list[Span], parts: list[Span]) -> list[Span]:
    """Spans one after the other; a part that goes on as the one before it is none of its own."""
    spans = [span for span in kept if span.start < span.stop]
    for part in parts:
        if spans and spans[-1].stop == part.start and _alike(spans[-1], part):
            spans[-1] = replace(spans[-1], stop=part.stop)
        else:
            spans.append(part)
    return spans


def _alike(a: Span, b: Span) -> bool:
    return (a.state, a.instance_type, a.launched) == (b.state, b.instance_type, b.launched)


def changed_volumes(volumes: Iterable[VolumeSpan], changes: Changes) -> list[VolumeSpan]:
    """Spans of volumes with what was done to them, and to the machines they were attached to."""
    ended = {
        name: change.at_s
        for name, made in changes.items()
        for change in made
        if change.value == "terminated"
    }
    return [
        part
        for volume in volumes
        for part in _parts(volume, changes.get(volume.volume_id, ()), ended)
    ]


def _parts(
    volume: VolumeSpan, changes: Sequence[Change], ended: Mapping[str, int]
) -> list[VolumeSpan]:
    """A span cut where something was done, each part as the changes before it say."""
    if not changes and volume.instance_id not in ended:
        return [volume]
    gone_at = ended.get(volume.instance_id or "", volume.stop)
    cuts = {change.at_s for change in changes} | {gone_at}
    inside = sorted(cut for cut in cuts if volume.start < cut < volume.stop)
    parts = []
    for start, stop in zip([volume.start, *inside], [*inside, volume.stop], strict=True):
        made = [change for change in changes if change.at_s <= start]
        states = [change.value for change in made if change.kind == "state"]
        types = [change.value for change in made if change.kind == "type"]
        if states and states[-1] == "deleted":
            continue
        is_free = bool(states) or start >= gone_at
        parts.append(
            replace(
                volume, start=start, stop=stop,
                volume_type=types[-1] if types else volume.volume_type,
                instance_id=None if is_free else volume.instance_id,
            )
        )  # fmt: skip
    return parts

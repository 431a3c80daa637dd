"""Machines of the demo that somebody launched in another region as copies of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spectra.sources.demo.calendar import Span
from spectra.sources.demo.changes import Change, Changes, changed_spans
from spectra.sources.demo.clock import NEVER_S
from spectra.sources.demo.noise import key64

if TYPE_CHECKING:
    from spectra.sources.demo.fleet import Host, VolumeSpan


@dataclass(frozen=True, slots=True)
class Copy:
    """What was launched: a copy of whom, in which availability zone, as which type."""

    source_id: str
    availability_zone: str
    instance_type: str

    @property
    def value(self) -> str:
        """As the value of a change."""
        return f"{self.source_id} {self.availability_zone} {self.instance_type}"

    @classmethod
    def of(cls, change: Change) -> Copy:
        """Read what `value` wrote."""
        return cls(*change.value.split(" "))

    @property
    def region(self) -> str:
        """Region of the zone."""
        return self.availability_zone.rstrip("abcdef")


def copied_machines(
    machines: Sequence[tuple[Host, tuple[Span, ...]]], changes: Changes
) -> list[tuple[Host, tuple[Span, ...]]]:
    """The copies, each with the load of its source and what was done to it since its launch.

    No calendar switches a copy: what starts and stops the source does not know of it. A
    reservation is of the region of the source, so that the copy is on demand.
    """
    known = {host.instance_id: host for host, _ in machines}
    copies = []
    for change in _launches(changes):
        copy = Copy.of(change)
        source = known.get(copy.source_id)
        if source is None:
            continue
        group = source.group
        if group.purchase in ("reserved", "spot"):
            group = replace(group, purchase="on-demand", covered=1.0)
        host = replace(
            source, instance_id=change.resource_id, group=group, region=copy.region,
            availability_zone=copy.availability_zone, source_id=copy.source_id,
        )  # fmt: skip
        known[host.instance_id] = host
        life = Span(change.at_s, NEVER_S, "running", copy.instance_type, change.at_s)
        copies.append((host, changed_spans((life,), changes[change.resource_id])))
    return copies


def copied_volumes(
    volumes: Iterable[VolumeSpan], copies: Iterable[tuple[Host, tuple[Span, ...]]]
) -> list[VolumeSpan]:
    """Disks of the copies: those that their sources had, from then on and as long as they live."""
    known = list(volumes)
    made: list[VolumeSpan] = []
    for host, spans in copies:
        at = spans[0].start
        gone = [span.start for span in spans if span.state == "terminated"]
        if gone and gone[0] <= at:
            continue
        own = [
            replace(
                volume, volume_id=f"vol-0{key64(host.instance_id, volume.volume_id):016x}",
                start=at, stop=gone[0] if gone else NEVER_S, region=host.region,
                instance_id=host.instance_id,
            )
            for volume in known
            if volume.instance_id == host.source_id and volume.start <= at < volume.stop
        ]  # fmt: skip
        made += own
        known += own
    return made


def _launches(changes: Changes) -> list[Change]:
    """In the order in which they were made: a copy may be copied again."""
    return [change for made in changes.values() for change in made if change.kind == "copy"]

"""The demo fleet up to a moment: every machine, every span of its history, and its volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.sources.demo.blueprint import GROUPS, ORPHANS, PRODUCTION, Group
from spectra.sources.demo.calendar import Slot, Span, lives
from spectra.sources.demo.changes import Changes, changed_spans, changed_volumes
from spectra.sources.demo.clock import DAY_S, EPOCH_S, NEVER_S
from spectra.sources.demo.copies import copied_machines, copied_volumes
from spectra.sources.demo.noise import Ints, key64, share
from spectra.sources.demo.tags import tags_json

Bools = NDArray[np.bool_]
Machine = tuple["Host", tuple[Span, ...]]

# Volumes of a terminated campaign machine stay behind for this long before someone notices.
LEFT_BEHIND_S = 20 * DAY_S
# The ledger grows by a tenth of its first size at this interval.
GROWTH_S = 45 * DAY_S


@dataclass(frozen=True, slots=True)
class Host:
    """One machine: what stays the same about it over its life.

    Attributes
    ----------
    key
        Of its noise; a copy has that of its source, and so the same load.
    region
        That of its group, but of a copy.
    source_id
        Machine that it is a copy of; empty for none.
    """

    instance_id: str
    key: int
    group: Group
    tags: str
    availability_zone: str
    region: str
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class VolumeSpan:
    """One volume with constant attributes; times in seconds since 1970 [s]."""

    volume_id: str
    start: int
    stop: int
    account_id: str
    region: str
    volume_type: str
    size_gib: int
    instance_id: str | None
    tags: str


class History:
    """Hosts and their spans, and columns over the spans for vectorised use.

    Attributes
    ----------
    hosts
        Every machine that exists or existed, in the order of the blueprint.
    spans, host_of
        Spans, those of one machine together and in order; and each one's place in ``hosts``.
    start, stop
        Columns of ``spans`` [s since 1970].
    running
        True where a span's state is "running".
    volumes
        Spans of all volumes.
    """

    def __init__(self, machines: Sequence[Machine], volumes: list[VolumeSpan]) -> None:
        self.hosts = [host for host, _ in machines]
        self.spans = [span for _, spans in machines for span in spans]
        lengths = np.array([len(spans) for _, spans in machines], dtype=np.int64)
        self.host_of: Ints = np.repeat(np.arange(lengths.size, dtype=np.int64), lengths)
        self.start: Ints = np.array([span.start for span in self.spans], dtype=np.int64)
        self.stop: Ints = np.array([span.stop for span in self.spans], dtype=np.int64)
        self.running: Bools = np.array([span.state == "running" for span in self.spans])
        self.volumes = volumes

    def running_within(self, first_s: int, last_s: int) -> Ints:
        """Places of the running spans that touch [first, last)."""
        return np.flatnonzero(self.running & (self.start < last_s) & (self.stop > first_s))


def build_history(
    catalog: Catalog, seed: int, horizon_s: int, changes: Changes | None = None
) -> History:
    """Build the fleet's history from the epoch up to a horizon.

    A later horizon adds spans and ends open ones; it changes nothing else.

    Parameters
    ----------
    horizon_s
        Seconds since 1970 [s]. Take it two days after the moment that is asked for, so
        that every end before that moment is known.
    changes
        What was done to machines and volumes; nothing before a change differs for it.

    Raises
    ------
    InputError
        If the catalogue lacks a region of the demo fleet.
    """
    if not changes:
        return _undisturbed(catalog, seed, horizon_s)
    machines: list[Machine] = []
    volumes: list[VolumeSpan] = []
    own = _own_volumes(catalog, seed, horizon_s)
    for (host, spans), disks in zip(_machines(catalog, seed, horizon_s), own, strict=True):
        made = changes.get(host.instance_id)
        lived = changed_spans(spans, made) if made else spans
        machines.append((host, lived))
        volumes.extend(_volumes(host, lived, horizon_s) if made else disks)
    copies = copied_machines(machines, changes)
    volumes = changed_volumes([*volumes, *_orphans(seed)], changes)
    volumes += changed_volumes(copied_volumes(volumes, copies), changes)
    return History([*machines, *copies], volumes)


@lru_cache(maxsize=1)
def _undisturbed(catalog: Catalog, seed: int, horizon_s: int) -> History:
    """The history in which nobody did anything, which every store of a process shares."""
    own = _own_volumes(catalog, seed, horizon_s)
    return History(_machines(catalog, seed, horizon_s), [*chain(*own), *_orphans(seed)])


@lru_cache(maxsize=1)
def _own_volumes(catalog: Catalog, seed: int, horizon_s: int) -> tuple[tuple[VolumeSpan, ...], ...]:
    """The volumes of each machine, in the order of the machines."""
    machines = _machines(catalog, seed, horizon_s)
    return tuple(tuple(_volumes(host, spans, horizon_s)) for host, spans in machines)


@lru_cache(maxsize=1)
def _machines(catalog: Catalog, seed: int, horizon_s: int) -> tuple[Machine, ...]:
    slots = _slots(catalog, seed, horizon_s)
    return tuple(machine for slot in slots for machine in _lived(seed, slot))


def _slots(catalog: Catalog, seed: int, horizon_s: int) -> Iterator[Slot]:
    """Every place for a machine that the blueprint has."""
    for group in GROUPS:
        region = catalog.region(group.region)
        if region is None:
            raise InputError(
                f"The catalogue has no region “{group.region}”, where the demo fleet runs.",
                next_step="Restore data/regions.csv.",
            )
        # Names, not positions: a group added to the blueprint moves no other.
        like = (group.service, group.environment, group.region, group.instance_type, group.plan)
        for number in range(group.count):
            yield Slot(group, number, (seed, *like, number), region.timezone, horizon_s)


def _lived(seed: int, slot: Slot) -> Iterator[Machine]:
    """Every machine that filled a slot, each with its spans."""
    group = slot.group
    tags = tags_json(group, slot.number, seed, group.service, group.environment, group.region)
    zone = group.region + "abc"[int(slot.share("availability zone") * 3)]
    for life in lives(slot):
        key = key64(*slot.path, life.mark)
        yield Host(f"i-0{key:016x}", key, group, tags, zone, group.region), life.spans


def _volumes(host: Host, spans: tuple[Span, ...], horizon_s: int) -> Iterator[VolumeSpan]:
    """Return the root volume, deleted with the machine, and the data volume where there is one."""
    gone = [span.start for span in spans if span.state == "terminated"]
    group, stop = host.group, gone[0] if gone else spans[-1].stop
    root = VolumeSpan(
        volume_id=f"vol-0{key64(host.key, 'root'):016x}",
        start=spans[0].start,
        stop=stop,
        account_id=group.account_id,
        region=group.region,
        volume_type="gp3",
        size_gib=100 if group.role in ("database", "ml", "ci") else 30,
        instance_id=host.instance_id,
        tags=host.tags,
    )
    yield root
    if group.data_gib:
        yield from _data_volume(root, host, horizon_s)


def _data_volume(root: VolumeSpan, host: Host, horizon_s: int) -> Iterator[VolumeSpan]:
    """Return the spans of a data volume: it may grow, and outlives a terminated machine."""
    data = replace(
        root,
        volume_id=f"vol-0{key64(host.key, 'data'):016x}",
        volume_type=host.group.data_type,
        size_gib=host.group.data_gib,
    )
    if data.volume_type == "io2":
        steps = range(data.start, horizon_s + GROWTH_S, GROWTH_S)
        for grown, (start, stop) in enumerate(pairwise((*steps, NEVER_S))):
            size_gib = data.size_gib + grown * data.size_gib // 10
            yield replace(data, start=start, stop=stop, size_gib=size_gib)
        return
    yield data
    if data.stop < NEVER_S:
        left = data.stop + LEFT_BEHIND_S
        yield replace(data, start=data.stop, stop=left, instance_id=None)


def _orphans(seed: int) -> Iterator[VolumeSpan]:
    """Volumes that belong to no machine any more; half of them say whose they were."""
    for number, (region, volume_type, size_gib) in enumerate(ORPHANS):
        key = key64(seed, "orphan", number)
        tags = '{"team": "storefront"}' if share(seed, "orphan", number) < 0.5 else "{}"
        yield VolumeSpan(
            f"vol-0{key:016x}", EPOCH_S, NEVER_S, PRODUCTION, region,
            volume_type, size_gib, None, tags,
        )  # fmt: skip

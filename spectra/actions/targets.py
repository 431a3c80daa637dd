"""Resources of a workspace as targets of plans, as they are shown."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from spectra.actions.plan import Kind, Target
from spectra.errors import InputError
from spectra.store import Store
from spectra.store.fleet_queries import present


def targets(
    store: Store,
    *,
    kind: Kind,
    ids: Collection[str] | None = None,
    tag: tuple[str, str] | None = None,
    now: datetime | None = None,
) -> list[Target]:
    """Instances or volumes that are there now, by name and ID.

    Parameters
    ----------
    ids : collection of str, optional
        Only these.
    tag : (key, value), optional
        Only those with this tag, in exactly this spelling.
    """
    rows = present(store, "instances" if kind == "instance" else "volumes", now or _now())
    found = [_instance(row) if kind == "instance" else _volume(row) for row in rows]
    return [
        target
        for target in found
        if (ids is None or target.resource_id in ids)
        and (tag is None or target.tags.get(tag[0]) == tag[1])
    ]


def target(store: Store, kind: Kind, resource_id: str, now: datetime | None = None) -> Target:
    """One instance or volume that is there now.

    Raises
    ------
    InputError
        If it is not there.
    """
    found = targets(store, kind=kind, ids={resource_id}, now=now)
    if not found:
        raise InputError(f"There is no {kind} {resource_id} now.", next_step="Reload the page.")
    return found[0]


def _instance(row: dict[str, Any]) -> Target:
    return Target(
        row["account_id"], row["region"], row["instance_id"], "instance",
        row["instance_type"], row["state"], row["name"] or "", row["availability_zone"],
        volume_ids=tuple(row["volume_ids"] or ()), tags=json.loads(row["tags"]),
    )  # fmt: skip


def _volume(row: dict[str, Any]) -> Target:
    tags = json.loads(row["tags"])
    # A volume is where its instance is; of a free one AWS says it before a change, in the demo any
    # zone does.
    zone = row["availability_zone"] or (f"{row['region']}a" if row["source"] == "demo" else None)
    return Target(
        row["account_id"], row["region"], row["volume_id"], "volume",
        row["volume_type"], row["state"], tags.get("Name", ""), zone,
        size_gib=row["size_gib"], tags=tags,
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)

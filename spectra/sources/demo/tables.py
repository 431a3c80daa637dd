"""Tidy frames of the demo's machines and volumes from their spans."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from spectra.catalog import Catalog
from spectra.sources.demo.clock import NEVER_S, timestamps
from spectra.sources.demo.fleet import History
from spectra.sources.demo.noise import Ints

SOURCE = QUALITY = "demo"


def instance_rows(history: History, catalog: Catalog, until_s: int) -> pd.DataFrame:
    """Tidy frame ``instances`` as known at a moment [s since 1970]."""
    rows = np.flatnonzero(history.start < until_s)
    hosts = [history.hosts[place] for place in history.host_of[rows].tolist()]
    spans = [history.spans[place] for place in rows.tolist()]
    kinds = {span.instance_type for span in spans}
    architecture = {kind: catalog.instance_type(kind).type.architecture for kind in kinds}
    name = {tags: str(json.loads(tags).get("Name", "")) for tags in {h.tags for h in hosts}}
    frame = pd.DataFrame(
        {
            "instance_id": _text([h.instance_id for h in hosts]),
            "valid_from": timestamps(history.start[rows]),
            "valid_to": _known(history.stop[rows], until_s),
            "account_id": _text([h.group.account_id for h in hosts]),
            "region": _text([h.region for h in hosts]),
            "availability_zone": _text([h.availability_zone for h in hosts]),
            "instance_type": _text([span.instance_type for span in spans]),
            "state": _text([span.state for span in spans]),
            "name": _text([name[h.tags] for h in hosts]),
            "lifecycle": _text([h.group.lifecycle for h in hosts]),
            "tenancy": repeated("default", rows.size),
            "asg_name": _text([h.group.asg_name for h in hosts]),
            "architecture": _text([architecture[span.instance_type] for span in spans]),
            "launched_at": timestamps(np.array([s.launched for s in spans], dtype=np.int64)),
            "tags": _text([h.tags for h in hosts]),
        }
    )
    return stamped(frame, until_s)


def volume_rows(history: History, until_s: int) -> pd.DataFrame:
    """Tidy frame ``volumes`` as known at a moment [s since 1970]."""
    volumes = [volume for volume in history.volumes if volume.start < until_s]
    attached = [volume.instance_id is not None for volume in volumes]
    frame = pd.DataFrame(
        {
            "volume_id": _text([v.volume_id for v in volumes]),
            "valid_from": timestamps(np.array([v.start for v in volumes], dtype=np.int64)),
            "valid_to": _known(np.array([v.stop for v in volumes], dtype=np.int64), until_s),
            "account_id": _text([v.account_id for v in volumes]),
            "region": _text([v.region for v in volumes]),
            "volume_type": _text([v.volume_type for v in volumes]),
            "size_gib": np.array([v.size_gib for v in volumes], dtype=np.int64),
            "state": _text(["in-use" if is_used else "available" for is_used in attached]),
            "instance_id": _text([v.instance_id for v in volumes]),
            "tags": _text([v.tags for v in volumes]),
        }
    )
    return stamped(frame, until_s)


def stamped(frame: pd.DataFrame, fetched_s: int) -> pd.DataFrame:
    """Add where the rows come from, how good they are and when they were fetched [s]."""
    fetched = timestamps(np.full(len(frame), fetched_s, dtype=np.int64))
    return frame.assign(
        source=repeated(SOURCE, len(frame)),
        quality=repeated(QUALITY, len(frame)),
        fetched_at=fetched,
    )


def repeated(text: str, count: int) -> pd.api.extensions.ExtensionArray:
    """Text column of one value."""
    return pd.array([text], dtype="str").take(np.zeros(count, dtype=np.int64))


def _text(values: list[str] | list[str | None]) -> pd.api.extensions.ExtensionArray:
    """Text column that stays text when it is empty or all missing."""
    return pd.array(values, dtype="str")


def _known(stop: Ints, until_s: int) -> pd.DatetimeIndex:
    """Ends that have come by a moment; NaT for those that have not."""
    return timestamps(np.where(stop > until_s, NEVER_S, stop))

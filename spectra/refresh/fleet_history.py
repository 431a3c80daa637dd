"""From snapshots of a fleet to its history: spans in which nothing about a resource changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from spectra.insight.allocation import UNALLOCATED
from spectra.store.lasting import GONE
from spectra.store.owners import OWNER

# A change in one of these begins a new span, and so does another owner: the past stays with the old
# one. An owner that was not known is the span's all along; names and other tags are just kept up to
# date.
_INSTANCE_FACTS = ("state", "instance_type", "lifecycle", "tenancy", "asg_name", "launched_at")
_VOLUME_FACTS = ("state", "volume_type", "size_gib", "instance_id")
_DOWN = ("stopped", "stopping")

Row = dict[str, Any]


def instance_spans(
    snapshot: pd.DataFrame,
    open_spans: pd.DataFrame,
    known: set[str],
    observed_at: datetime,
    last_seen: datetime | None,
) -> pd.DataFrame:
    """Spans to write after a region's instances were listed whole.

    A running instance counts from its launch; a stopped or terminated one ran from its launch to
    the transition that AWS names, also if both were since the last listing; of several such runs
    AWS names the last. Where AWS names no moment, the last time it was seen in its old state ends
    the old span: hours nobody saw are not counted.

    Parameters
    ----------
    snapshot : DataFrame
        One row per instance as listed now, with ``launched_at``, ``transition_at``, ``team`` and
        ``environment``.
    open_spans : DataFrame
        Tidy ``instances`` rows of this region without an end, with their owner.
    known : set of str
        Instances that have any span.
    observed_at : datetime
        When the snapshot was taken, aware UTC.
    last_seen : datetime or None
        When the region was listed whole the time before.

    Returns
    -------
    DataFrame
        Tidy ``instances`` rows, new and changed ones.
    """
    before = {row["instance_id"]: row for row in _rows(open_spans)}
    now = {row["instance_id"]: row for row in _rows(snapshot)}
    spans: list[Row] = []
    for instance_id, row in now.items():
        if instance_id in before:
            spans += _continued(before[instance_id], row, observed_at, last_seen)
        elif instance_id not in known:
            spans += _discovered(row, observed_at)
        elif row["state"] not in GONE:  # a listing that left it out has ended it
            spans.append(_span(row, observed_at))
    spans += [
        _ended(old, last_seen or observed_at) for key, old in before.items() if key not in now
    ]
    return _frame(spans, ("valid_from", "valid_to", "launched_at", "fetched_at"))


def volume_spans(
    snapshot: pd.DataFrame,
    open_spans: pd.DataFrame,
    known: set[str],
    observed_at: datetime,
    last_seen: datetime | None,
) -> pd.DataFrame:
    """Spans to write after a region's volumes were listed whole.

    A volume counts from its creation; one of `known` that had ended, from when it is seen again.
    Of one whose size is not known the last one holds; without any it cannot be counted.
    """
    before = {row["volume_id"]: row for row in _rows(open_spans)}
    now = {row["volume_id"]: row for row in _rows(snapshot)}
    spans: list[Row] = []
    for volume_id, row in now.items():
        created_at = row.pop("created_at")
        old = before.get(volume_id)
        if row["size_gib"] is None:
            row["size_gib"] = old and old["size_gib"]
        if row["size_gib"] is None:
            continue
        if old is None:
            began_at = None if volume_id in known else created_at
            spans.append(_span(row, began_at or observed_at))
        elif _same(old, row, _VOLUME_FACTS) and not _changes_hands(old, row):
            spans.append(_span(row, old["valid_from"]))
        else:
            spans += _split(old, row, observed_at)
    spans += [
        _ended(old, last_seen or observed_at) for key, old in before.items() if key not in now
    ]
    return _frame(spans, ("valid_from", "valid_to", "fetched_at"))


def _discovered(row: Row, observed_at: datetime) -> list[Row]:
    """An instance seen for the first time."""
    launched_at, transition_at = row["launched_at"] or observed_at, row["transition_at"]
    if row["state"] not in GONE + _DOWN:
        return [_span(row, launched_at)]
    ended_at = transition_at if transition_at is not None and transition_at > launched_at else None
    spans = []
    if ended_at is not None:
        spans.append(_span({**row, "state": "running"}, launched_at, ended_at))
    if row["state"] in _DOWN:
        spans.append(_span(row, ended_at or observed_at))
    return spans


def _continued(old: Row, row: Row, observed_at: datetime, last_seen: datetime | None) -> list[Row]:
    """An instance that had an open span."""
    if old["state"] == "pending" != row["state"]:
        old = {**old, "state": "running"}  # as it was from its launch on
    if _same(old, row, _INSTANCE_FACTS):
        if _changes_hands(old, row):
            return _split(old, row, observed_at)
        return [_span(row, old["valid_from"])]
    ran_until = last_seen if old["state"] == "running" else None
    launched_at, transition_at = row["launched_at"], row["transition_at"]
    began_at = max(old["valid_from"], old["launched_at"] or old["valid_from"])
    if launched_at is not None and launched_at > began_at:
        old_end = min(ran_until or launched_at, launched_at)
        return [_ended(old, old_end), *_discovered(row, observed_at)]
    is_recent = transition_at is not None and transition_at > old["valid_from"]
    if row["state"] in GONE:
        return [_ended(old, transition_at if is_recent else last_seen or observed_at)]
    if row["state"] in _DOWN and is_recent:
        return _split(old, row, transition_at)
    return _split(old, row, observed_at, ran_until if row["state"] in _DOWN else None)


def _split(old: Row, row: Row, moment: datetime, old_end: datetime | None = None) -> list[Row]:
    """End the old span and begin a new one; a span without duration is replaced."""
    if moment <= old["valid_from"]:
        return [_span(row, old["valid_from"])]
    return [_ended(old, old_end or moment), _span(row, moment)]


def _same(old: Row, row: Row, facts: tuple[str, ...]) -> bool:
    return all(old[fact] == row[fact] for fact in facts)


def _changes_hands(old: Row, row: Row) -> bool:
    """Whether a known owner is another one now, or not known any more."""
    return any(old.get(k) not in (None, UNALLOCATED) and old[k] != row[k] for k in OWNER)


def _span(row: Row, valid_from: datetime, valid_to: datetime | None = None) -> Row:
    return {**row, "valid_from": valid_from, "valid_to": valid_to}


def _ended(old: Row, moment: datetime) -> Row:
    return {**old, "valid_to": max(moment, old["valid_from"])}


def _rows(frame: pd.DataFrame) -> list[Row]:
    """Rows as dictionaries in which everything unknown is None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def _frame(rows: list[Row], times: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).drop(columns="transition_at", errors="ignore")
    for column in times:
        if column in frame:
            frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame

"""Incidents: what alerts of the same thing are folded into, how much they matter, what was planned.

All detectors give rows of the same columns, so that one fold serves them all.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
import pandas as pd

from spectra.insight.anomalies.alerts import DROP, RUNAWAY, SHIFT, SPIKE
from spectra.insight.anomalies.sensitivity import DEFAULT, Sensitivity
from spectra.insight.anomalies.series import HOUR

COLUMNS = [
    "series", "kind", "start", "last_seen", "end", "score", "excess", "value", "expected", "alerts",
]  # fmt: skip
# Kinds of one family are the same incident, which is called by the most serious.
_RANK = {DROP: 0, SPIKE: 1, SHIFT: 2, RUNAWAY: 3}
CRITICAL_TIMES = 10.0  # this many times what is worth raising


def fold(  # noqa: PLR0913 (what was, what is new, and how it is joined)
    alerts: pd.DataFrame,
    until: pd.Timestamp,
    known: pd.DataFrame | None = None,
    *,
    quiet_hours: int = DEFAULT.realert_hours,
    step: pd.Timedelta = HOUR,
    known_until: pd.Series | None = None,
) -> pd.DataFrame:
    """Fold alerts into incidents: one for each series and kind of trouble until it stays quiet.

    Parameters
    ----------
    alerts : DataFrame
        Rows of `scan` or of another detector; rows that were folded before change nothing.
    until : Timestamp
        Up to when was looked, aware UTC: an incident that has been quiet for long enough by then
        has ended.
    known : DataFrame, optional
        What was folded before; rows that belong to one of them or shortly precede it, found by
        another sensitivity, are no incident of their own.
    quiet_hours : int
        How long is long enough [h]; at least 48 for daily rows.
    step : Timedelta
        How long a row lasts.
    known_until : Series, optional
        By series, up to when it is known: what is not known has not been quiet.

    Returns
    -------
    DataFrame
        series, kind, start, last_seen (of the last row), end (NaT while it goes on; aware UTC),
        score (highest [1]), excess (sum over the rows [unit × rows]), value and expected (of the
        row that was furthest off), alerts (how many were raised).
    """
    quiet = pd.Timedelta(hours=quiet_hours)
    own: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for incident in sorted(_records(known), key=lambda one: one["start"]):
        own.setdefault(_key(incident), []).append(incident)
    for row in _records(alerts.sort_values("at", kind="stable")):
        _add(row, own.setdefault(_key(row), []), quiet)
    ends = {} if known_until is None else known_until.dropna().to_dict()
    for theirs in own.values():
        for incident in theirs:
            looked = min(until, ends.get(incident["series"], until))
            is_over = looked - incident["last_seen"] > quiet or incident is not theirs[-1]
            if pd.isna(incident["end"]) and is_over:
                incident["end"] = incident["last_seen"] + step
    done = [incident for theirs in own.values() for incident in theirs]
    frame = pd.DataFrame(done, columns=COLUMNS)
    for name in ("start", "last_seen", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame.sort_values(["start", "series"], ignore_index=True)


def _records(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows as dictionaries; of no frame none."""
    if frame is None:
        return []
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _key(row: dict[str, Any]) -> tuple[str, str]:
    """Whose trouble it is, and of which family."""
    return row["series"], "usage" if row["kind"] in _RANK else row["kind"]


def _add(row: dict[str, Any], theirs: list[dict[str, Any]], quiet: pd.Timedelta) -> None:
    """Let a row prolong or begin one of the incidents of its key, which are in order of time."""
    place = bisect_right(theirs, row["at"], key=lambda one: one["start"])
    if place < len(theirs) and theirs[place]["start"] - row["at"] <= quiet:
        return
    current = theirs[place - 1] if place else None
    if current is not None and row["at"] <= current["last_seen"]:
        return
    if current is None or row["at"] - current["last_seen"] > quiet:
        current = _begun(row)
        theirs.insert(place, current)
    _extend(current, row)
    current["end"] = pd.NaT


def _begun(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "series": row["series"], "kind": row["kind"], "start": row["at"], "last_seen": row["at"],
        "end": pd.NaT, "score": row["score"], "excess": 0.0, "value": row["value"],
        "expected": row["expected"], "alerts": 0,
    }  # fmt: skip


def _extend(incident: dict[str, Any], row: dict[str, Any]) -> None:
    """Let an incident go on until a row."""
    if _RANK.get(row["kind"], 0) > _RANK.get(incident["kind"], 0):
        incident["kind"] = row["kind"]
    if abs(row["excess"]) > abs(incident["value"] - incident["expected"]):
        incident["value"], incident["expected"] = row["value"], row["expected"]
    incident["last_seen"] = row["at"]
    incident["score"] = max(incident["score"], row["score"])
    incident["excess"] += row["excess"]
    incident["alerts"] += int(row["is_alert"])


def ranked(
    incidents: pd.DataFrame,
    rates: pd.DataFrame,
    sensitivity: Sensitivity = DEFAULT,
    top: int | None = None,
) -> pd.DataFrame:
    """Incidents by what they cost, and which of them are worth raising.

    Parameters
    ----------
    incidents : DataFrame
        From `fold`.
    rates : DataFrame
        Indexed by series: g_per_excess [gCO2e per unit × row], usd_per_excess [USD], daily_g (what
        the series emits on a day [gCO2e]); NaN where not known.
    sensitivity : Sensitivity
        What the least excess is.
    top : int, optional
        Only so many of those worth raising.

    Returns
    -------
    DataFrame
        The incidents with excess_g, excess_usd and severity: ``log`` below the least excess of
        its kind, ``warning``, ``critical`` from ten times of it on. One of unknown grams is a
        warning: it is not known to be small. Costliest first.
    """
    rate = rates.reindex(incidents["series"])
    grams, usd = (
        incidents["excess"].to_numpy() * rate[name].to_numpy(dtype=float)
        for name in ("g_per_excess", "usd_per_excess")
    )
    daily = np.nan_to_num(rate["daily_g"].to_numpy(dtype=float))
    least_g = np.maximum(sensitivity.min_excess_g, sensitivity.min_excess_share * daily)
    least = incidents["kind"].map(sensitivity.least_times).to_numpy(dtype=float)
    times = np.fmax(grams / least_g, usd / sensitivity.min_excess_usd) / least
    severity = np.select(
        [np.isinf(least), times >= CRITICAL_TIMES, times >= 1, np.isnan(grams)],
        ["log", "critical", "warning", "warning"],
        "log",
    )
    frame = incidents.assign(
        excess_g=grams, excess_usd=usd, severity=pd.array(severity, dtype="str")
    )
    order = np.lexsort((-np.nan_to_num(usd, nan=-np.inf), -np.nan_to_num(grams, nan=-np.inf)))
    frame = frame.iloc[order].reset_index(drop=True)
    return frame if top is None else frame[frame["severity"] != "log"].head(top)


def without_planned(
    alerts: pd.DataFrame,
    events: pd.DataFrame,
    tags: pd.DataFrame | None = None,
    *,
    step: pd.Timedelta | None = None,
) -> pd.DataFrame:
    """Rows that no planned event explains; what outlasts an event is raised when it is over.

    Parameters
    ----------
    alerts : DataFrame
        Rows of `scan` or of another detector.
    events : DataFrame
        Maintenance and deployments: start, end (aware UTC; of a deployment the time until it
        should have settled), series, tag, value. A row with a series is about that one, one with
        a tag about the series that bear the value, one with neither about all.
    tags : DataFrame, optional
        Indexed by series, one column a tag.
    step : Timedelta, optional
        How long a row lasts, such as a day: any of it explains all of it.
    """
    planned = np.zeros(len(alerts), dtype=bool)
    for event in _records(events):
        since = alerts["at"] >= event["start"]
        if step is not None:
            since = alerts["at"] + step > event["start"]
        during = since & (alerts["at"] < event["end"])
        planned |= (during & _concerned(alerts["series"], event, tags)).to_numpy()
    return alerts[~planned].reset_index(drop=True)


def due_unplanned(
    due: pd.DataFrame, events: pd.DataFrame, tags: pd.DataFrame | None = None
) -> pd.DataFrame:
    """In which hours a value is due, hours × series, without those that an event touches.

    Events and tags are as `without_planned` takes them.
    """
    left, at = due.copy(), pd.DatetimeIndex(due.index)
    for event in _records(events):
        during = (at + HOUR > event["start"]) & (at < event["end"])
        left.loc[during, _concerned(due.columns.to_series(), event, tags).to_numpy()] = False
    return left


def _concerned(series: pd.Series, event: dict[str, Any], tags: pd.DataFrame | None) -> pd.Series:
    """Which rows an event is about."""
    if not pd.isna(event.get("series")):
        return series.eq(event["series"])
    tag = event.get("tag")
    if pd.isna(tag):
        return pd.Series(True, index=series.index)
    if tags is None or tag not in tags.columns:
        return pd.Series(False, index=series.index)
    bearing = tags.index[tags[tag] == event["value"]]
    return series.isin(bearing)

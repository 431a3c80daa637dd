"""Reductions, outside the inventory: what was carried out, moved, settled, and what is still open.

A reduction is measured against what would have been, so it is never subtracted from emissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra import hindsight, move_history
from spectra.catalog import Catalog
from spectra.store import Store, advice_log, instance_queries, job_log, lasting, report_sums
from spectra.store.selection import Selection
from spectra.what_if import Resize, realised

# Measuring replays hours: the largest of each kind are measured, the rest is as promised.
MEASURED = 20
MEASURED_RUNS = 200


@dataclass(frozen=True, slots=True)
class Reductions:
    """What was saved in a period by lever, each against what would have been.

    Attributes
    ----------
    changes : DataFrame
        Recommendations carried out before the period's end: unit_id, name, team, region, action,
        old_type, new_type, done_at, hours (of the period, while it saves), promised_g (in them),
        realised_g (NaN where not measured).
    moves : DataFrame
        Moves to another region before the period's end: instance_id, name, team, source, target,
        moved_at, hours, promised_g and realised_g as of changes.
    runs : int
        Jobs that were placed by carbon in the period.
    shifted_g : float or None
        What their placement saved as planned, and measured afterwards: `shifted_realised_g`.
    settled : DataFrame
        Incidents that ended, see `report_sums.settled_incidents`.
    open_g_per_h : float or None
        What is advised of idle and over-provisioned machines and not yet done saves per hour; None
        if the fleet was never judged.
    """

    changes: pd.DataFrame
    moves: pd.DataFrame
    runs: int
    shifted_g: float | None
    shifted_realised_g: float | None
    measured_runs: int
    settled: pd.DataFrame
    open_g_per_h: float | None

    @property
    def promised_g(self) -> float | None:
        """What carried-out changes were to save in the period; None if none was carried out."""
        return _sum(self.changes["promised_g"])

    @property
    def realised_g(self) -> float | None:
        """What those of them that were measured did save; None if none was."""
        return _sum(self.changes["realised_g"])

    @property
    def moved_g(self) -> float | None:
        """What moves were to save in the period; None if that of none is known."""
        return _sum(self.moves["promised_g"])

    @property
    def moved_realised_g(self) -> float | None:
        """What those of them that were measured did save; None if none was."""
        return _sum(self.moves["realised_g"])


def _sum(grams: pd.Series[float]) -> float | None:
    known = grams.dropna()
    return float(known.sum()) if len(known) else None


def reductions_of(
    store: Store, catalog: Catalog, selection: Selection, now: datetime
) -> Reductions:
    """All reductions of a period and boundary."""
    between = job_log.runs_between(store, selection.start, selection.end)
    runs = sorted((r for r in between if _is_of(r, selection)), key=_saved, reverse=True)
    largest = runs[:MEASURED_RUNS]
    known = [found for run in largest if (found := hindsight.realised(store, run)) is not None]
    total = hindsight.total(known)
    advised = advice_log.advice(store, now, selection)
    opened = advised[
        advised["state_now"].isin(["open", "accepted"]) & advised["finding"].isin(advice_log.SAVING)
    ]
    judged = advice_log.last_run(store) is not None
    return Reductions(
        _changes(store, catalog, selection, now),
        _moves(store, catalog, selection, now),
        len(runs),
        sum(map(_saved, runs)) if runs else None,
        total.now_grams - total.grams if known else None,
        len(known),
        report_sums.settled_incidents(store, selection),
        float(opened["carbon_g_per_h"].sum()) if judged else None,
    )


def _saved(run: job_log.Run) -> float:
    """What a run saves as planned [gCO2e]."""
    return run.planned_now_grams - run.planned_grams


def _is_of(run: job_log.Run, selection: Selection) -> bool:
    # A job has no team or account: it is told where the boundary is all of them.
    if selection.teams or selection.accounts:
        return False
    return not selection.regions or run.region in selection.regions


def _changes(store: Store, catalog: Catalog, selection: Selection, now: datetime) -> pd.DataFrame:
    rows = advice_log.carried_out(store, selection)
    end = pd.Timestamp(min(selection.end, now))
    rows["held_until"] = rows["held_until"].where(rows["held_until"] < end, end)
    rows["hours"] = _hours(rows["done_at"], rows["saves_until"], selection, now)
    rows = _in_period(rows, rows["carbon_g_per_h"])
    for index, row in rows.head(MEASURED).iterrows():
        per_hour = _realised(store, catalog, row.to_dict())
        if per_hour is not None:
            rows.loc[index, "realised_g"] = per_hour * float(row["hours"])
    return rows


def _moves(store: Store, catalog: Catalog, selection: Selection, now: datetime) -> pd.DataFrame:
    made = {move.instance_id: move for move in move_history.moves_made(store)}
    rows = lasting.machines(store, selection, list(made))
    moves = [made[name] for name in rows["instance_id"]]
    stands = [move_history.standing(store, move) for move in moves]
    rows = rows.assign(
        source=[move.source_region for move in moves],
        target=[move.target_region for move in moves],
        moved_at=pd.to_datetime([move.moved_at for move in moves], utc=True),
    )
    since = pd.Series(pd.to_datetime([stand.since for stand in stands], utc=True))
    rows["hours"] = _hours(since, rows["ended_at"], selection, now)
    # While the source runs still, nothing is saved, whatever was predicted.
    per_h = [
        None if stand.source_runs else move.predicted_g_per_h
        for move, stand in zip(moves, stands, strict=True)
    ]
    rows = _in_period(rows, pd.Series(per_h, dtype=float))
    for index, row in rows.head(MEASURED).iterrows():
        end = min(selection.end, now, row["ended_at"] if pd.notna(row["ended_at"]) else now)
        found = move_history.realised(store, catalog, made[row["instance_id"]], end)
        if found is not None:
            rows.loc[index, "realised_g"] = found[0] * float(row["hours"])
    return rows


def _hours(
    since: pd.Series[Any], until: pd.Series[Any], selection: Selection, now: datetime
) -> pd.Series[float]:
    """Hours of the period between two moments, the second NaT where it is still to come [h]."""
    start, end = pd.Timestamp(selection.start), pd.Timestamp(min(selection.end, now))
    lasted = until.where(until < end, end) - since.where(since > start, start)
    return lasted.dt.total_seconds() / 3600


def _in_period(rows: pd.DataFrame, g_per_h: pd.Series[float]) -> pd.DataFrame:
    """Rows that have hours, with what they were to save in them, the most first."""
    rows = rows.assign(promised_g=g_per_h * rows["hours"], realised_g=float("nan"))
    rows = rows[rows["hours"] > 0].reset_index(drop=True)
    return rows.sort_values("promised_g", ascending=False, na_position="last")


def _realised(store: Store, catalog: Catalog, row: dict[Any, Any]) -> float | None:
    """What a change has saved per hour while it held [gCO2e/h]; None where it was not measured."""
    done_at, end = row["done_at"].to_pydatetime(), row["held_until"].to_pydatetime()
    if row["action"] == "stop":
        found = advice_log.realised_stop(store, row["unit_id"], done_at, end)
    else:
        members = tuple(instance_queries.members(store, row["unit_id"], end))
        found = realised(store, catalog, Resize(members, row["old_type"], done_at), end)
    return None if found is None else found[0]

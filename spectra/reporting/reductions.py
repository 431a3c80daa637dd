"""Reductions, outside the inventory: what was carried out, moved, settled, and what is still open.

A reduction is measured against what would have been, so it is never subtracted from emissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra import hindsight
from spectra.catalog import Catalog
from spectra.store import Store, advice_log, instance_queries, job_log, report_sums
from spectra.store.selection import Selection
from spectra.what_if import Resize, realised

# Measuring replays hours: the largest changes and runs are measured, the rest is as promised.
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
    runs : int
        Jobs that were placed by carbon in the period.
    shifted_g : float or None
        What their placement saved as planned, and measured afterwards: `shifted_realised_g`.
    settled : DataFrame
        Incidents that ended, see `report_sums.settled_incidents`.
    open_g_per_h : float or None
        What is advised and not yet done saves per hour; None if the fleet was never judged.
    """

    changes: pd.DataFrame
    runs: int
    shifted_g: float | None
    shifted_realised_g: float | None
    measured_runs: int
    settled: pd.DataFrame
    open_g_per_h: float | None

    @property
    def promised_g(self) -> float | None:
        """What carried-out changes were to save in the period; None if none was carried out."""
        known = self.changes["promised_g"].dropna()
        return float(known.sum()) if len(known) else None

    @property
    def realised_g(self) -> float | None:
        """What those of them that were measured did save; None if none was."""
        known = self.changes["realised_g"].dropna()
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
        advised["state_now"].isin(["open", "accepted"]) & advised["carbon_g_per_h"].gt(0)
    ]
    judged = advice_log.last_run(store) is not None
    return Reductions(
        _changes(store, catalog, selection, now),
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
    start, end = pd.Timestamp(selection.start), pd.Timestamp(min(selection.end, now))
    for name in ("held_until", "saves_until"):
        rows[name] = rows[name].where(rows[name] < end, end)
    since = rows["done_at"].where(rows["done_at"] > start, start)
    rows["hours"] = (rows["saves_until"] - since).dt.total_seconds() / 3600
    rows = rows[rows["hours"] > 0].reset_index(drop=True)
    rows["promised_g"] = rows["carbon_g_per_h"] * rows["hours"]
    rows = rows.sort_values("promised_g", ascending=False, na_position="last")
    rows["realised_g"] = float("nan")
    for index, row in rows.head(MEASURED).iterrows():
        per_hour = _realised(store, catalog, row.to_dict())
        if per_hour is not None:
            rows.loc[index, "realised_g"] = per_hour * float(row["hours"])
    return rows


def _realised(store: Store, catalog: Catalog, row: dict[Any, Any]) -> float | None:
    """What a change has saved per hour while it held [gCO2e/h]; None where it was not measured."""
    done_at, end = row["done_at"].to_pydatetime(), row["held_until"].to_pydatetime()
    if row["action"] == "stop":
        found = advice_log.realised_stop(store, row["unit_id"], done_at, end)
    else:
        members = tuple(instance_queries.members(store, row["unit_id"], end))
        found = realised(store, catalog, Resize(members, row["old_type"], done_at), end)
    return None if found is None else found[0]

"""From what a detector found to rows of incidents: names, rates, severity and likely cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from spectra.insight.anomalies import Sensitivity, ranked
from spectra.insight.anomalies.alerts import DROP, RUNAWAY, SHIFT, SPIKE
from spectra.insight.anomalies.gaps import GAP
from spectra.insight.anomalies.incidents import CRITICAL_TIMES
from spectra.insight.anomalies.waste import ALERT_DAYS
from spectra.insight.anomalies.words import cause
from spectra.store.incident_log import incident_id
from spectra.watch.kinds import UNITS

HALF_KNOWN, LONG_GAP = 0.5, pd.Timedelta(hours=36)
# Waste that is looked back at for some days only; of a volume its whole history is read.
LOOKED_BACK = ("idle", "fleet")
NAMES = ["name", "region", "team", "environment", "account_id"]


def of_folded(  # noqa: PLR0913 (the parts of one table)
    folded: pd.DataFrame,
    family: str,
    *,
    rates: pd.DataFrame,
    facts: pd.DataFrame,
    sensitivity: Sensitivity,
    now: datetime,
    context: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rows of incidents that were folded from alerts.

    Parameters
    ----------
    rates : DataFrame
        As `ranked` takes them, indexed by series.
    facts : DataFrame
        Indexed by series: `NAMES`, as far as known.
    context : DataFrame, optional
        Indexed by series and start: what the cause may rest on.
    """
    if folded.empty:
        return pd.DataFrame()
    frame = ranked(folded, rates, sensitivity)
    if context is not None:
        frame = frame.merge(context, on=["series", "start"], how="left")
    frame["severity"] = _at_least(frame, sensitivity, pd.Timestamp(now))
    return _finished(frame, family, facts, now)


def _at_least(frame: pd.DataFrame, sensitivity: Sensitivity, now: pd.Timestamp) -> pd.Series:
    """A runaway is a fault whatever it emits; a short gap in the data, and less load, is not."""
    is_small = frame["severity"].eq("log") & ~sensitivity.is_off(frame["kind"])
    runaway = frame["kind"].eq(RUNAWAY) & is_small
    lasted = frame["end"].fillna(now) - frame["start"]
    short = frame["kind"].eq(GAP) & (frame["value"] >= HALF_KNOWN) & (lasted < LONG_GAP)
    less = frame["kind"].isin([DROP, SPIKE, SHIFT]) & (frame["excess"] < 0)
    return frame["severity"].mask(runaway, "warning").mask(short | less, "log")


def of_waste(  # noqa: PLR0913 (the parts of one table)
    found: pd.DataFrame,
    family: str,
    *,
    known: pd.DataFrame,
    facts: pd.DataFrame,
    sensitivity: Sensitivity,
    now: datetime,
) -> pd.DataFrame:
    """Rows of waste that goes on, judged by a week of it; critical only when it has lasted one.

    What a forgotten thing has emitted in a year says how long nobody looked, not how much it is.

    Parameters
    ----------
    known : DataFrame
        Those that went on before: what lasts longer than is looked back stays one incident, and
        what goes on keeps its name though its start is known better by now.
    """
    if found.empty:
        return pd.DataFrame()
    times = _least_times(found, sensitivity)
    names = known.drop_duplicates("series").set_index("series")["incident_id"]
    found = found.assign(incident_id=found["series"].map(names))
    if family in LOOKED_BACK:
        found = _continued(found, known)
    frame = found.drop(columns="level").assign(
        severity=_graded(times, found["level"]), score=np.nan, value=found["days"], expected=0.0,
        excess=found["days"], alerts=1,
    )  # fmt: skip
    frame["end"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    return _finished(frame, family, facts, now)


def severity_of_waste(found: pd.DataFrame, sensitivity: Sensitivity) -> np.ndarray:
    """How grave waste is that is no older than it was looked back at."""
    return _graded(_least_times(found, sensitivity), found["level"])


def _least_times(found: pd.DataFrame, sensitivity: Sensitivity) -> np.ndarray:
    """How many times what is worth raising a week of it is; NaN where that is not known."""
    week = 7 / found["days"].clip(lower=1).to_numpy(dtype=float)
    grams, usd = (week * found[n].to_numpy(dtype=float) for n in ("excess_g", "excess_usd"))
    least = found["kind"].map(sensitivity.least_times).to_numpy(dtype=float)
    times = np.fmax(grams / sensitivity.min_excess_g, usd / sensitivity.min_excess_usd) / least
    return np.where(np.isinf(least), 0.0, times)


def _graded(times: np.ndarray, level: pd.Series) -> np.ndarray:
    is_critical = (times >= CRITICAL_TIMES) & level.eq("alert").to_numpy()
    return np.select(
        [is_critical, (times >= 1) | np.isnan(times)],
        [np.array("critical"), np.array("warning")],
        np.array("log"),
    )


def _continued(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Waste that began before what was looked back at: what it came to then, and what came since.

    Since it was last seen it counts at the rate of the days that were looked at.
    """
    before = known.drop_duplicates("series").set_index("series").reindex(found["series"])
    before.index = found.index
    is_older = before["start"] < found["start"]
    since = (found["last_seen"] - before["last_seen"]).dt.total_seconds() / 86_400
    share = since / found["days"].clip(lower=1)
    start = found["start"].mask(is_older, before["start"])
    days = found["days"].mask(is_older, (found["last_seen"] - start).dt.days + 1)
    return found.assign(
        start=start, days=days, level=np.where(days >= ALERT_DAYS, "alert", found["level"]),
        **{name: found[name].mask(is_older, before[name].astype(float) + share * found[name])
           for name in ("excess_g", "excess_usd")},
    )  # fmt: skip


def _finished(frame: pd.DataFrame, family: str, facts: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """With ID, names and cause, as the table of incidents has them."""
    named = frame.join(facts.reindex(columns=NAMES), on="series")
    if "days" not in named:
        length = named["end"].fillna(pd.Timestamp(now)) - named["start"]
        named["days"] = length.dt.total_seconds() / 86_400
    records = [{str(k): v for k, v in row.items()} for row in named.to_dict("records")]
    columns = [
        "series", "kind", "start", "last_seen", "end", "score", "value", "expected", "excess",
        "alerts", "excess_g", "excess_usd", "severity", *NAMES,
    ]  # fmt: skip
    rows = named[columns].assign(
        incident_id=[
            _known(r).get("incident_id") or incident_id(r["series"], family, r["start"])
            for r in records
        ],
        family=family,
        unit=UNITS[family],
        cause=[cause(_known(r)) for r in records],
        name=named["name"].astype(object).fillna(named["series"]),
        found_at=now,
    )
    return rows.astype({"severity": str, "alerts": int})


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if pd.isna(value) else value for name, value in row.items()}

"""One incident: its series against what is usual, the likely cause, the cost, the next action."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from spectra import incident_charts, units
from spectra.insight.anomalies import onset
from spectra.moments import hour_of
from spectra.store import incident_log, incident_queries
from spectra.ui import cards, choosing, console, empty
from spectra.ui.anomalies import decisions
from spectra.ui.frame import Page
from spectra.ui.plain import plain

SEVERITY: dict[str, cards.Color] = {"critical": "red", "warning": "orange", "log": "gray"}
TITLES = {
    "usage": "CPU [%]", "idle": "CPU [%]", "gap": "CPU [%]", "grid": "gCO₂e/kWh, lifecycle",
    "fleet": "machines running", "team": "CO₂e [kg/day]", "cost": "USD/day",
    "volume": "CO₂e [g/day]",
}  # fmt: skip
_COST_NOTES = {
    "usage": "the share of the machine's list price that it takes",
    "idle": "paid, or at list price where no bill is known",
    "volume": "at what its known days cost",
}
BEFORE, AFTER, LONGEST = timedelta(days=7), timedelta(days=1), timedelta(days=35)
MACHINES = ("usage", "idle", "gap")
SIMILAR = 20


def show(page: Page, found: pd.DataFrame) -> None:
    """Everything about one incident."""
    row = _pick(found)
    if row is None:
        return
    _head(page, row)
    _series(page, row)
    left, right = st.columns(2)
    with left, cards.card("Similar ones", help="Of the same machine, grid or team, or of the same "
                          "kind in its team."):  # fmt: skip
        _similar(page, row)
    with right, cards.card("Next"):
        _next(page, row)


def _pick(found: pd.DataFrame) -> dict[str, Any] | None:
    names = {
        row["incident_id"]: f"{row['name']} · {row['kind']} · {units.moment_text(row['start'])}"
        for row in found.to_dict("records")
    }
    if not names:
        empty.say("No incident is in the selection.",
                  "Choose a longer period, or clear a filter in the sidebar.",
                  empty.LONGER, empty.EVERYTHING)  # fmt: skip
        return None
    chosen = choosing.one_of("Incident", names, key="incident",
                             steps=(empty.LONGER, empty.EVERYTHING))  # fmt: skip
    if chosen is None:
        return None
    record = found[found["incident_id"] == chosen].to_dict("records")[0]
    return {str(k): None if pd.isna(v) else v for k, v in record.items()}


def _head(page: Page, row: dict[str, Any]) -> None:
    with cards.card(plain(row["name"])):
        with st.container(horizontal=True, gap="small"):
            st.badge(row["kind"], color="blue")
            st.badge(row["severity"], color=SEVERITY[row["severity"]])
            st.badge("ended" if row["end"] else "going on", color="gray" if row["end"] else "green")
            if row["state"] != "open":
                st.badge(row["state"], color="violet")
            parts = [row[k] for k in ("series", "region", "team", "environment") if row[k]]
            st.caption(" · ".join(plain(part) for part in dict.fromkeys(parts)))
        st.markdown(plain(row["cause"]))
        if row["reason"]:
            st.caption(f"{row['state']}: {plain(row['reason'])}")
        columns = st.columns(4)
        since = f"since {units.moment_text(row['start'])}"
        with columns[0]:
            cards.headline("Excess so far", _grams(row["excess_g"]), note=since)
        with columns[1]:
            cards.headline("Cost so far", _dollars(row["excess_usd"]), note=_cost_note(row))
        with columns[2]:
            cards.headline("While it lasted" if row["end"] else "If nothing is done",
                           f"{_grams(row['g_per_day'])} a day",
                           note=_daily_cost(row))  # fmt: skip
        with columns[3]:
            last = row["end"] or row["last_seen"]
            word = "until" if row["end"] else "last seen"
            cards.headline("Lasts", units.duration_text(row["days"] * 24),
                           note=f"{word} {units.moment_text(last)}")  # fmt: skip
        decisions.form(page, [row["incident_id"]], "incident")


def _grams(grams: float | None) -> str:
    return "not known" if grams is None else units.mass_text(grams)


def _dollars(usd: float | None) -> str:
    return "not known" if usd is None else units.usd_text(usd)


def _daily_cost(row: dict[str, Any]) -> str:
    usd = row["usd_per_day"]
    return "cost not known" if usd is None else f"{units.usd_text(usd)} a day"


def _cost_note(row: dict[str, Any]) -> str:
    if row["excess_usd"] is None:
        return "carbon alone" if row["family"] == "grid" else "no price or bill"
    return _COST_NOTES.get(row["family"], "of what was paid")


def _series(page: Page, row: dict[str, Any]) -> None:
    end = row["end"] or datetime.now(UTC)
    stop = min(end + AFTER, datetime.now(UTC))
    start = hour_of(max(row["start"] - BEFORE, stop - LONGEST))
    with cards.card("Against what is usual"):
        series = page.get(
            incident_queries.series, row["family"], row["series"], start,
            hour_of(stop),
        )  # fmt: skip
        if series.empty:
            st.caption("Nothing was measured in this time.")
            return
        began = _onset(row, series)
        cards.chart(
            incident_charts.against_usual(
                series, _title(row), (max(row["start"], start), end), began
            ),
            key="against_usual", alt=_told(row, series),
        )  # fmt: skip
        told = f"The level changed at about {units.moment_text(began)} (dashed). " if began else ""
        st.caption(
            f"{told}Shaded: the incident. The band is what the same hour of the day had in the 28 "
            "days before (of daily values: those days); where it is missing, too little is known."
        )


def _title(row: dict[str, Any]) -> str:
    """What is drawn: also of a grid that is silent the intensity."""
    is_machine = str(row["series"]).startswith("i-")
    return TITLES["grid" if row["family"] == "gap" and not is_machine else row["family"]]


def _told(row: dict[str, Any], series: pd.DataFrame) -> str:
    """The series against what is usual in a sentence."""
    during = series[series["moment"] >= row["start"]]["value"]
    before = series[series["moment"] < row["start"]]["value"]
    now, was = (units.number(part.mean() if len(part) else None) for part in (during, before))
    return (f"{row['name']}, {_title(row)}: mean {now} since "
            f"{units.moment_text(row['start'])}, {was} before.")  # fmt: skip


def _onset(row: dict[str, Any], series: pd.DataFrame) -> datetime | None:
    """When the level of a machine's load changed, found by looking back; None if it did not."""
    if row["family"] != "usage":
        return None
    values = series.set_index("moment")["value"].asfreq("h")
    found = onset(values, pd.Timestamp(row["start"]))
    return None if found is None else found.to_pydatetime()


def _similar(page: Page, row: dict[str, Any]) -> None:
    everything = page.get(incident_log.incidents, page.hour)
    same = everything["series"].eq(row["series"]) | (
        everything["kind"].eq(row["kind"]) & everything["team"].eq(row["team"])
    )
    others = everything[same & everything["incident_id"].ne(row["incident_id"])]
    if others.empty:
        st.caption("No similar one so far.")
        return
    others = others.sort_values("start", ascending=False)
    shown = others.head(SIMILAR)
    st.dataframe(
        shown, hide_index=True, width="stretch", height=cards.table_height(len(shown)),
        key="similar", placeholder="–",
        column_order=["start", "name", "kind", "days", "state", "reason"],
        column_config={
            "start": cards.utc_column("Since"), "name": "What", "kind": "Kind",
            "days": st.column_config.NumberColumn("Days", format="%,.1f"),
            "state": "Decision", "reason": "Reason",
        },
    )  # fmt: skip
    if len(others) > SIMILAR:
        st.caption(f"The latest {SIMILAR} of {len(others):,} are shown; the CSV has all.")
    cards.download(others, "similar_incidents")


def _next(page: Page, row: dict[str, Any]) -> None:
    family = row["family"]
    if family in MACHINES and str(row["series"]).startswith("i-"):
        is_there = page.get(incident_queries.is_there, row["series"])
        more = ": advice, stop, resize" if is_there else ""
        st.page_link("pages/instances.py", label=f"Open the machine{more}",
                     icon=":material/dns:",
                     query_params={"view": "One machine", "unit": row["series"]})  # fmt: skip
        console.instance_button(str(row["region"]), str(row["series"]))
    elif family in MACHINES:
        source = "the account" if row["account_id"] else "its source"
        st.page_link("pages/settings.py", label=f"See in Settings whether {source} is read",
                     icon=":material/settings:")  # fmt: skip
    elif family == "volume":
        st.page_link("pages/instances.py", label="Snapshot and delete it under Waste",
                     icon=":material/delete:", query_params={"view": "Waste"})  # fmt: skip
    elif family == "fleet":
        st.page_link("pages/instances.py", label="Start and stop it by the clock, under Changes",
                     icon=":material/schedule:", query_params={"view": "Changes"})  # fmt: skip
    elif family == "grid":
        st.page_link("pages/scheduler.py", label="Move work to cleaner hours",
                     icon=":material/schedule:")  # fmt: skip
        st.page_link("pages/regions.py", label="The grid in detail", icon=":material/public:")
    else:
        st.page_link(
            "pages/dashboard.py",
            label="The team's days on the Dashboard",
            icon=":material/dashboard:",
            query_params={"teams": row["series"]},
        )
    events = page.get(incident_log.events, row["incident_id"])
    if not events.empty:
        st.dataframe(events, hide_index=True, width="stretch", height="content", key="decided",
                     column_config={"decided_at": cards.utc_column("Decided"),
                                    "state": "Decision", "reason": "Reason",
                                    "until": cards.utc_column("Until")})  # fmt: skip
        cards.download(events, "decisions")

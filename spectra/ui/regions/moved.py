"""Moves that were made: what was expected of each, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from spectra import move_history, units
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.move_history import MOST, Move, Standing
from spectra.ui import cards, empty
from spectra.ui.frame import Page
from spectra.ui.instances import asking

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "instance_id": st.column_config.TextColumn("Machine", pinned=True),
    "source": "From",
    "target": "To",
    "moved_at": cards.utc_column("Moved"),
    "now": "Now",
    "promised_kg_per_month": _NUMBER("Promised [kg/month]", format="%,.2f"),
    "realised_kg_per_month": _NUMBER(
        "Realised [kg/month]", format="%,.2f", help="Empty: less than a day of it is known."
    ),
    "promised_usd_per_month": _NUMBER("Promised [USD/month]", format="%,.2f"),
    "realised_usd_per_month": _NUMBER(
        "Realised [USD/month]", format="%,.2f", help="At list price."
    ),
}


def show(page: Page) -> None:
    """Promised against realised saving of every move."""
    made = page.get(move_history.moves_made)
    if not made:
        empty.say(
            "No machine has been moved yet.",
            "What a move would bring is on “Move”. What it really saves is measured here from a "
            "day later on.",
            empty.Turn("Estimate a move", ":material/moving:", {"region_view": "Move"}),
        )
        return
    stands = [page.get(move_history.standing, move) for move in made]
    _both_run(page, [m.source_id for m, now in zip(made, stands, strict=True) if now.both_run])
    rows = pd.DataFrame([_row(page, move, now) for move, now in zip(made, stands, strict=True)])
    known = rows.dropna(subset=["realised_kg_per_month", "promised_kg_per_month"])
    measured = rows["realised_kg_per_month"].count()
    columns = st.columns(3)
    with columns[0]:
        cards.headline("Moved", str(len(rows)), note=f"{measured} measured so far")
    with columns[1]:
        cards.headline("Promised a month", _total(known, "promised_kg_per_month"),
                       note="of those measured")  # fmt: skip
    with columns[2]:
        cards.headline("Realised a month", _total(known, "realised_kg_per_month"),
                       note=_share(known))  # fmt: skip
    st.dataframe(
        rows, hide_index=True, width="stretch", height=cards.table_height(len(rows)),
        key="moves_made", placeholder="–", column_config=COLUMNS,
    )  # fmt: skip
    cards.download(rows, "moves")
    st.caption(
        "Measured: the hours since the source was stopped, on the grid they ran on and on that of "
        "the region the machine came from, as the type it was there. A saving below 0 is more than "
        "before: so it is as long as both run. Disks of the source are not in it."
        + (f" The latest {MOST} moves are shown." if len(made) == MOST else "")
    )


def _both_run(page: Page, sources: list[str]) -> None:
    """Says which moves add emissions so far, and plans the stop of their sources."""
    if not sources:
        return
    some, their = (
        ("A move adds", "its source is")
        if len(sources) == 1
        else (f"{len(sources)} moves add", "their sources are")
    )
    st.warning(
        f"{some} emissions until {their} stopped: both machines run. After the cut-over, stop "
        f"{', '.join(sources[:3])}{' …' if len(sources) > 3 else ''}.",
        icon=":material/warning:",
    )
    if page.workspace.may_change and st.button(
        "Plan the stop of what still runs", key="stop_sources", icon=":material/checklist:"
    ):
        asking.plan(page.store, "stop", "instance", sources, {})
        st.switch_page("pages/instances.py")


def _now(now: Standing) -> str:
    if now.ended_at is not None:
        return f"Ended {_day(now.ended_at)}"
    if now.source_runs:
        return "Both run"
    return f"Alone since {_day(now.since)}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %b %Y %H:%M} UTC"


def _row(page: Page, move: Move, now: Standing) -> dict[str, object]:
    since = page.get(move_history.realised, page.catalog, move, page.hour)
    return {
        "instance_id": move.instance_id,
        "source": move.source_region,
        "target": move.target_region,
        "moved_at": move.moved_at,
        "now": _now(now),
        "promised_kg_per_month": _monthly(move.predicted_g_per_h, units.GRAMS_PER_KG),
        "realised_kg_per_month": _monthly(since[0] if since else None, units.GRAMS_PER_KG),
        "promised_usd_per_month": _monthly(move.predicted_usd_per_h),
        "realised_usd_per_month": _monthly(since[1] if since else None),
    }


def _monthly(per_h: float | None, per_unit: float = 1.0) -> float:
    return float("nan") if per_h is None else per_h * HOURS_PER_MONTH / per_unit


def _total(known: pd.DataFrame, column: str) -> str:
    if known.empty:
        return "not yet"
    return units.mass_text(float(known[column].sum()) * units.GRAMS_PER_KG)


def _share(known: pd.DataFrame) -> str:
    promised = float(known["promised_kg_per_month"].sum())
    if promised <= 0:
        return "a day after the move"
    share = units.share_text(float(known["realised_kg_per_month"].sum()) / promised)
    return f"{share} of what was promised"

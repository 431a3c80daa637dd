"""How easily alerts are raised, what other settings would have raised, and how each kind did."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import pandas as pd
import streamlit as st

from spectra import units
from spectra.config import Config
from spectra.insight.anomalies import Sensitivity
from spectra.insight.anomalies.kinds import KINDS
from spectra.insight.anomalies.sensitivity import BALANCED, LEVELS
from spectra.settings import SETTINGS
from spectra.store import incident_log
from spectra.ui import cards, kept
from spectra.ui.anomalies.watching import STATISTIC_DAYS
from spectra.ui.frame import Page
from spectra.ui.workspace import errors_shown
from spectra.watch import sensitivity_of

USAGE: dict[Usage, str] = {"precise": "Precise", "balanced": "Balanced", "sensitive": "Sensitive"}
Usage = Literal["precise", "balanced", "sensitive"]
_TRIED = "tried_sensitivity"
SPAN = timedelta(days=STATISTIC_DAYS)


def show(page: Page) -> None:
    """Other settings tried on the past, and what was decided of each kind."""
    with cards.card(
        "Try other settings on the past 30 days",
        help="Runs every detector over those hours as if it had been there; none looks ahead. "
        "Tags and groups are those of now. Nothing is kept.",
    ):
        draft = _draft(page.workspace.config)
        if st.button("Try", key="back_test", icon=":material/history:", type="primary"):
            with errors_shown():
                kept.keep(_TRIED, _try(page, sensitivity_of(draft)), page.store.identity)
        _counts(page, sensitivity_of(draft))
        _put_in_force(page, draft)
    with cards.card(
        f"How each kind did in {STATISTIC_DAYS} days",
        help="A kind that is often dismissed as a false alarm is set too sensitive.",
    ):
        _record(page)


def _draft(config: Config) -> Config:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usage: Usage = st.segmented_control(
            "Usage of machines", USAGE, default=config.anomaly_usage, required=True,
            format_func=USAGE.__getitem__, key="anomaly_try_usage",
            help="How far from its own past a machine must be: spikes, shifts and drops.",
        )  # fmt: skip
        pct = st.number_input("Runaway above [% CPU]", 30, 100, config.anomaly_runaway_pct,
                              key="anomaly_try_pct", width=170)  # fmt: skip
        hours = st.number_input("for [hours]", 1, 72, config.anomaly_runaway_hours,
                                key="anomaly_try_hours", width=120)  # fmt: skip
        grams = st.number_input("Least excess [gCO₂e]", 0, 1_000_000, config.anomaly_least_g,
                                key="anomaly_try_grams", width=150)  # fmt: skip
        usd = st.number_input("or [USD]", 0, 1_000_000, config.anomaly_least_usd,
                              key="anomaly_try_usd", width=120)  # fmt: skip
    levels = _levels(config)
    return replace(
        config, anomaly_usage=usage, anomaly_runaway_pct=pct, anomaly_runaway_hours=hours,
        anomaly_least_g=grams, anomaly_least_usd=usd, anomaly_levels=levels,
    )  # fmt: skip


def _levels(config: Config) -> dict[str, str]:
    """How easily each kind is raised; what is balanced is not named."""
    chosen = {}
    with st.expander("Each kind by itself"):
        st.caption("A precise kind must come to five times the least excess, a sensitive one to a "
                   "fifth; one that is off is never raised.")  # fmt: skip
        columns = st.columns(3)
        for position, kind in enumerate(KINDS):
            in_force = [*LEVELS].index(config.anomaly_levels.get(kind, BALANCED))
            with columns[position % len(columns)]:
                chosen[kind] = st.selectbox(
                    kind.capitalize(), LEVELS, index=in_force, key=f"anomaly_try_{kind}",
                    format_func=str.capitalize,
                )  # fmt: skip
    return {kind: level for kind, level in chosen.items() if level != BALANCED}


def _put_in_force(page: Page, draft: Config) -> None:
    """Save what was tried, where this visitor may and nothing else states it."""
    texts = {
        "anomaly_usage": draft.anomaly_usage,
        "anomaly_runaway_pct": str(draft.anomaly_runaway_pct),
        "anomaly_runaway_hours": str(draft.anomaly_runaway_hours),
        "anomaly_least_g": str(draft.anomaly_least_g),
        "anomaly_least_usd": str(draft.anomaly_least_usd),
        "anomaly_levels": ", ".join(f"{k}={level}" for k, level in draft.anomaly_levels.items()),
    }
    known = page.workspace.stated()
    changed = {name: text for name, text in texts.items() if text != known[name].text}
    if not page.workspace.may_change:
        st.caption("This deployment is public: only its operator changes what is in force.")
    elif pinned := [name for name in changed if known[name].is_pinned]:
        st.caption(f"Not to be changed here, as the operator's configuration states it: "
                   f"{', '.join(s.label for s in SETTINGS if s.name in pinned)}.")  # fmt: skip
    elif st.button("Put these in force", key="put_in_force", icon=":material/done_all:",
                   disabled=not changed,
                   help="Looks at the past 30 days anew with them; decisions stay."):  # fmt: skip
        with errors_shown():
            page.workspace.save(changed)
            st.rerun()


class _Tried(NamedTuple):
    """What was tried, up to when, and incidents by kind."""

    sensitivity: Sensitivity
    until: datetime
    counts: pd.DataFrame


def _try(page: Page, sensitivity: Sensitivity) -> _Tried:
    """Incidents by kind with the settings in force and with others; takes a while."""
    watcher, span = page.workspace.setup.watcher, (page.hour - SPAN, page.hour)
    with st.spinner("Going through the last 30 days, hour by hour…"):
        in_force = watcher.back_test(span, sensitivity_of(page.workspace.config))
        other = watcher.back_test(span, sensitivity)
    frame = pd.DataFrame({"In force": in_force, "Tried": other}).rename_axis("Kind")
    frame.loc["all"] = frame.sum()
    return _Tried(sensitivity, page.hour, frame)


def _counts(page: Page, draft: Sensitivity) -> None:
    """What the last try came to."""
    tried: _Tried | None = kept.kept(_TRIED, page.store.identity)
    if tried is None:
        st.caption("Shows how many incidents of each kind these would have raised.")
        return
    changed = (
        " The values above were changed since: press Try." if tried.sensitivity != draft else ""
    )
    st.caption(f"Incidents raised in the {STATISTIC_DAYS} days up to "
               f"{units.moment_text(tried.until)}.{changed}")  # fmt: skip
    frame = tried.counts.assign(Difference=tried.counts["Tried"] - tried.counts["In force"])
    st.dataframe(frame, width="stretch", height="content", key="back_tested",
                 column_config={"Difference": st.column_config.NumberColumn(format="%+,d")}
                 )  # fmt: skip
    cards.download(frame.reset_index(), "back_test")


def _record(page: Page) -> None:
    frame = page.get(incident_log.by_kind, page.hour, page.hour - SPAN)
    if frame.empty:
        st.caption("Nothing was raised.")
        return
    st.dataframe(
        frame, hide_index=True, width="stretch", height="content", key="kinds_record",
        placeholder="none judged",
        column_config={
            "kind": "Kind", "raised": "Raised", "decided": "Judged",
            "false_alarms": "False alarms",
            "false_share": st.column_config.NumberColumn("Share of judged", **cards.SHARE),
        },
    )  # fmt: skip
    cards.download(frame, "kinds")

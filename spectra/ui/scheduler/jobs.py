"""Saved jobs: planned and past runs, recurring ones, and what scheduling has really saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pandas as pd
import streamlit as st

from spectra import scheduler, units
from spectra.errors import InputError
from spectra.hindsight import Realised, realised, total
from spectra.insight.placement import Option, regret_and_capture
from spectra.scheduler import keep_option, next_due
from spectra.store import Store, job_log
from spectra.store.job_log import Run, SavedJob
from spectra.ui import cards, empty
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.scheduler.form import Asked

_MASSES = {
    "planned_g": "Planned",
    "planned_at_once_g": "Planned at once",
    "realised_g": "Realised",
    "realised_at_once_g": "Realised at once",
    "best_in_hindsight_g": "Best in hindsight",
}
_RUN_COLUMNS: dict[str, Any] = {
    "job": "Job",
    "status": "Status",
    "region": "Region",
    "starts": cards.utc_column("Starts"),
    "ends": cards.utc_column("Ends"),
    **_MASSES,
}


def save_form(page: Page, asked: Asked, best: Option | None) -> None:
    """Keep the job, once or each time its cron expression comes due."""
    if not page.workspace.may_change:
        st.caption("This deployment is public: jobs are not kept.")
        return
    with (
        st.form("save_job", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        cron = st.text_input(
            "Recurs (cron expression, empty: once)", key="job_cron", width=320,
            placeholder="0 18 * * 1-5",
            help=f"Minute, hour, day of month, month, day of week; in {asked.timezone}. The window "
            "opens at that moment and is as long as above.",
        )  # fmt: skip
        sent = st.form_submit_button("Keep this job", disabled=best is None)
    if sent and best is not None:
        _keep(page, asked, best, cron.strip())


def _keep(page: Page, asked: Asked, best: Option, cron: str) -> None:
    now = datetime.now(UTC)
    job = SavedJob(
        uuid4().hex[:12], asked.name, asked.spec.as_dict(), cron or None, asked.timezone, True, now
    )
    try:
        if cron:
            next_due(job, now)
    except InputError as error:
        workspaces.show_error(error)
        return
    job_log.save_job(page.store, job)
    if cron:
        scheduler.plan_runs(page.store, page.catalog, job, now)
    else:
        keep_option(page.store, page.catalog, job.job_id, asked.spec, asked.earliest, best, now)
    st.toast(f"{plain(asked.name)} is kept.", icon=":material/check:")
    st.rerun()


def job_list(page: Page) -> None:
    """Jobs, their runs, and the balance of those that are over."""
    jobs = job_log.jobs(page.store)
    if not jobs:
        empty.say("No job is kept yet.", "Keep the one above to see what it really saves.",
                  empty.Link("pages/method.py", "How savings are judged", ":material/function:",
                             {"topic": "Savings"}))  # fmt: skip
        return
    runs = job_log.runs(page.store)
    turned_out = {(run.job_id, run.earliest): page.get(realised, run) for run in runs}
    _balance([r for r in turned_out.values() if r is not None])
    now = datetime.now(UTC)
    states: dict[str, list[str]] = {}
    for run in runs:
        states.setdefault(run.job_id, []).append(_status(run, now))
    rows = pd.DataFrame([_job_row(job, states.get(job.job_id, []), now) for job in jobs])
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        key="jobs",
        placeholder="–",
        column_config={
            "Next due": cards.utc_column("Next due"),
            "Status": st.column_config.TextColumn(
                help="A run is planned once a forecast reaches far enough into its window."
            ),
        },
    )
    cards.download(rows.rename(columns={"Next due": "Next due (UTC)"}), "jobs")
    if runs:
        _run_list(page.store, runs, scheduler.names(jobs), turned_out, now)
    _delete(page, jobs)


def _job_row(job: SavedJob, states: list[str], now: datetime) -> dict[str, object]:
    """A job, when it comes due, and how far it is."""
    due = next_due(job, now) if job.cron else None
    going = next((state for state in ("running", "planned") if state in states), None)
    return {
        "Job": job.name,
        "Recurs": f"{job.cron} ({job.timezone})" if job.cron else "once",
        "Next due": pd.Timestamp(due) if due else pd.NaT,
        "Status": going or ("not planned yet" if job.cron else "over"),
    }


def _run_list(
    store: Store,
    runs: list[Run],
    names: dict[str, str],
    turned_out: dict[tuple[str, datetime], Realised | None],
    now: datetime,
) -> None:
    rows = pd.DataFrame([_row(names, run, turned_out[run.job_id, run.earliest], now)
                         for run in runs])  # fmt: skip
    st.dataframe(
        _told(rows, runs),
        hide_index=True,
        width="stretch",
        key="runs",
        placeholder="–",
        column_config=_RUN_COLUMNS,
    )
    if (count := job_log.run_count(store)) > len(runs):
        st.caption(
            f"The latest {len(runs)} of {units.counted(count, 'run')}; the sums above are of these."
        )
    cards.download(rows, "runs")


def _told(rows: pd.DataFrame, runs: list[Run]) -> pd.DataFrame:
    """Rows of runs with each mass as text, and in words why none was realised."""
    texts: dict[str, list[Any]] = {
        name: [None if pd.isna(grams) else units.mass_text(grams) for grams in rows[name]]
        for name in _MASSES
    }
    texts["realised_g"] = [
        text or ("not known" if run.transfer_grams is None else "not known yet")
        for text, run in zip(texts["realised_g"], runs, strict=True)
    ]
    return rows.assign(**texts)


def _status(run: Run, now: datetime) -> str:
    start, end = run.slots[0][0], run.slots[-1][1]
    return "planned" if now < start else "running" if now < end else "over"


def _row(
    names: dict[str, str], run: Run, turned_out: Realised | None, now: datetime
) -> dict[str, object]:
    return {
        "job": names.get(run.job_id, run.job_id),
        "status": _status(run, now),
        "region": run.region,
        "starts": run.slots[0][0],
        "ends": run.slots[-1][1],
        "planned_g": run.planned_grams,
        "planned_at_once_g": run.planned_now_grams,
        "realised_g": turned_out.grams if turned_out else None,
        "realised_at_once_g": turned_out.now_grams if turned_out else None,
        "best_in_hindsight_g": turned_out.oracle_grams if turned_out else None,
    }


def _balance(known: list[Realised]) -> None:
    """Sum of the runs whose hours are all stated."""
    if not known:
        st.caption("What was saved is known when every hour of a run's window has been stated.")
        return
    sums = total(known)
    regret, capture = regret_and_capture(
        [r.grams for r in known], [r.oracle_grams for r in known], [r.now_grams for r in known]
    )
    columns = st.columns(3)
    with columns[0]:
        cards.headline("Realised saving", units.mass_text(sums.now_grams - sums.grams),
                       note=units.counted(len(known), "run"))  # fmt: skip
    with columns[1]:
        cards.headline("Regret", units.share_text(regret),
                       help="How much more than the best slots in hindsight.")  # fmt: skip
    with columns[2]:
        cards.headline("Captured", units.share_text(capture),
                       help="Share of what could have been saved in hindsight.")  # fmt: skip


def _delete(page: Page, jobs: list[SavedJob]) -> None:
    if not page.workspace.may_change:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Job", jobs, format_func=lambda job: f"{job.name} ({job.cron or 'once'})",
            key="job_chosen", width=320,
        )  # fmt: skip
        # Its own button: where another tab deleted it, the click must not pass to the next.
        if chosen and st.button("Delete", icon=":material/delete:",
                                key=f"job_delete_{chosen.job_id}"):  # fmt: skip
            job_log.delete_job(page.store, chosen.job_id)
            st.rerun()

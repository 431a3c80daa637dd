"""The journal of changes: what was done, what stopped half-way, and schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from spectra import actions, advice, units
from spectra.actions import schedules
from spectra.actions.permit import Permit
from spectra.actions.runners import Runners
from spectra.errors import SpectraError
from spectra.store import action_log
from spectra.store.action_log import LoggedPlan
from spectra.store.action_schedules import ActionSchedule, delete_schedule
from spectra.store.action_schedules import schedules as kept_schedules
from spectra.ui import cards
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.instances import asking
from spectra.ui.instances.undisturbed import Undisturbed
from spectra.ui.plain import plain

ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles",
         "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney")  # fmt: skip


def show(page: Page, permit: Permit) -> None:
    """Unfinished plans first, then all of them, then what runs by the clock."""
    for entry in action_log.unfinished(page.store):
        _unfinished(page, entry, permit)
    table = action_log.journal(page.store)
    with cards.card("Journal", help="Kept in the database; no entry is ever removed."):
        if table.empty:
            st.caption("Nothing has been changed from here yet.")
        else:
            _table(page, table, permit)
    with cards.card("By the clock", help="Starts and stops the machines with a tag, through the "
                    "same checks and journal, while automation is on."):  # fmt: skip
        _schedules(page, permit)


def _unfinished(page: Page, entry: LoggedPlan, permit: Permit) -> None:
    book = actions.Journal(page.store)
    plan = book.plan(entry.plan_id)
    with st.container(border=True):
        if book.is_under_way(entry):
            st.info(f"**{plain(plan.title)}** is {entry.state} now, in this or another tab. "
                    "If it hangs, restart SPECTRA: then it can be resumed.")  # fmt: skip
            _steps(page, entry.plan_id)
            return
        st.warning(f"**{plain(plan.title)}** is not finished: {plain(entry.error or entry.state)}.")
        _steps(page, entry.plan_id)
        typed = ""
        if not plan.is_reversible:
            typed = st.text_input(
                f"Type “{plain(plan.confirmation)}” to go on: its end cannot be undone",
                width=360, key=f"resume_typed_{entry.plan_id}", autocomplete="off",
            )  # fmt: skip
        with st.container(horizontal=True):
            goes_on = st.button("Go on", key=f"resume_{entry.plan_id}", disabled=not permit)
            goes_back = st.button("Undo what was done", key=f"back_{entry.plan_id}",
                                  disabled=not permit)  # fmt: skip
            st.button("I settled it by hand", key=f"close_{entry.plan_id}", on_click=_close,
                      args=(page, entry.plan_id))  # fmt: skip
        if goes_on:
            _take_up(page, entry.plan_id, partial(actions.resume, confirmation=typed))
        elif goes_back:
            _take_up(page, entry.plan_id, actions.roll_back)


def _take_up(page: Page, plan_id: str, act: Callable[..., actions.Outcome]) -> None:
    """Take a plan up again, by what is allowed now: the button may be hours old."""
    book = actions.Journal(page.store)
    runners = Runners(page.store, page.catalog, page.workspace.config)
    permit = runners.permit(is_private=page.workspace.is_private)
    status = st.status("At it…", expanded=True)
    said = Undisturbed(
        lambda share, text: status.update(label=f"{units.share_text(share)} {plain(text)}")
    )
    try:
        permit.require()
        runner = runners.of(book.plan(plan_id))
        outcome = act(plan_id, runner, book, permit=permit, progress=said)
    except SpectraError as error:
        outcome = actions.Outcome(plan_id, "failed", str(error))
    said.keep(lambda: st.session_state.update({asking.OUTCOMES: [outcome]}))
    follow(page, [outcome])
    said.give_way()
    st.rerun()


def follow(page: Page, outcomes: Iterable[actions.Outcome]) -> None:
    """Bring advice, its ledger and the demo's savings in line with what became of plans."""
    ended = [o.plan_id for o in outcomes if o.state in ("done", "rolled back")]
    rules = advice.rules_of(page.workspace.config)
    advice.follow_plans(page.store, page.catalog, rules, ended)


def _close(page: Page, plan_id: str) -> None:
    if not page.workspace.may_change:
        return
    try:
        actions.close(plan_id, actions.Journal(page.store))
    except SpectraError as error:
        outcome = actions.Outcome(plan_id, "failed", str(error))
        st.session_state[asking.OUTCOMES] = [outcome]


def _table(page: Page, table: pd.DataFrame, permit: Permit) -> None:
    event = st.dataframe(
        table, hide_index=True, width="stretch", height=cards.table_height(len(table), 320),
        key=cards.rows_key("journal", table["plan_id"]), on_select="rerun",
        selection_mode="single-row", placeholder="–",
        column_order=["created_at", "action", "resource_id", "region", "state", "origin", "error",
                      "runner", "account_id", "plan_id"],
        column_config={
            "created_at": cards.utc_column("Begun"), "action": "Change", "resource_id": "Resource",
            "region": "Region", "state": "State", "origin": "Wanted by", "error": "Error",
            "runner": "In", "account_id": "Account", "plan_id": "Plan",
        },
    )  # fmt: skip
    cards.download(partial(action_log.journal, page.store, None), "journal")
    if len(table) == action_log.JOURNAL_ROWS:
        st.caption(f"The latest {len(table)} plans are shown; the CSV holds all of them.")
    rows = [row for row in event.selection.rows if row < len(table)]
    if not rows:
        st.caption("Choose a row to see its steps.")
        return
    entry = action_log.plan_of(page.store, str(table["plan_id"].iloc[rows[0]]))
    if entry.is_unfinished:
        st.caption("It is not finished: its steps stand above.")
        return
    _steps(page, entry.plan_id)
    plan = actions.Journal(page.store).plan(entry.plan_id)
    if entry.state == "done" and plan.is_reversible:
        _undo(page, entry.plan_id, plan, permit)


def _undo(page: Page, plan_id: str, plan: actions.Plan, permit: Permit) -> None:
    with (
        st.form(f"undo_{plan_id}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(f"Type “{plain(plan.confirmation)}” to undo it", width=360,
                              key=f"undo_typed_{plan_id}")  # fmt: skip
        sent = st.form_submit_button("Undo", disabled=not permit)
    if sent:
        _take_up(page, plan_id, partial(actions.roll_back, confirmation=typed))


def _steps(page: Page, plan_id: str) -> None:
    steps = pd.DataFrame(
        [{"Step": s.number, "Call": s.operation, "State": s.state, "Began": s.started_at,
          "Ended": s.ended_at, "AWS request": s.request_id, "Error": s.error}
         for s in action_log.steps_of(page.store, plan_id)]
    )  # fmt: skip
    st.dataframe(
        steps, hide_index=True, width="stretch", height="content", key=f"logged_{plan_id}",
        placeholder="–",
        column_config={"Began": cards.utc_column("Began", "D MMM HH:mm:ss"),
                       "Ended": cards.utc_column("Ended", "D MMM HH:mm:ss")},
    )  # fmt: skip
    cards.download(steps.rename(columns={"Began": "Began (UTC)", "Ended": "Ended (UTC)"}),
                   f"steps_{plan_id}")  # fmt: skip


def _schedules(page: Page, permit: Permit) -> None:
    if page.workspace.is_private:
        st.caption("A private workspace ends with its session, so nothing runs by the clock in it.")
        return
    known = kept_schedules(page.store)
    now = datetime.now(UTC)
    if known:
        rows = pd.DataFrame([_schedule_row(s, now) for s in known])
        st.dataframe(
            rows, hide_index=True, width="stretch", height="content", key="schedules",
            placeholder="–", column_config={"Next": cards.utc_column("Next")},
        )  # fmt: skip
        cards.download(rows.rename(columns={"Next": "Next (UTC)"}), "schedules")
    if not page.workspace.config.automation:
        st.caption("Automation is off in Settings, so nothing runs by the clock.")
    if known:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Schedule", known, format_func=_told, width=420,
                                  key="schedule_chosen")  # fmt: skip
            # Its own button: where another tab deleted it, the click must not pass to the next.
            if st.button("Delete", key=f"schedule_delete_{chosen.schedule_id}",
                         icon=":material/delete:"):  # fmt: skip
                delete_schedule(page.store, chosen.schedule_id)
                st.rerun()
    with st.expander("New schedule"):
        _new_schedule(page, permit)


def _told(schedule: ActionSchedule) -> str:
    """A schedule in a list; two of one name differ in what they do."""
    times = f"start {schedule.cron_start or '–'}, stop {schedule.cron_stop or '–'}"
    tag = f"{schedule.tag_key}: {schedule.tag_value}"
    return f"{schedule.name} ({tag}; {times}; {schedule.timezone})"


def _schedule_row(schedule: ActionSchedule, now: datetime) -> dict[str, object]:
    coming = schedules.next_due(schedule, now)
    return {
        "Name": schedule.name,
        "Machines with": f"{schedule.tag_key}: {schedule.tag_value}",
        "Start": schedule.cron_start,
        "Stop": schedule.cron_stop,
        "Times in": schedule.timezone,
        "Next": coming[0] if coming else None,
        "What": coming[1] if coming else None,
    }


def _new_schedule(page: Page, permit: Permit) -> None:
    if not permit:
        st.caption(f"{permit.why_not} {permit.next_step}")
        return
    with st.form("new_schedule", border=False):
        columns = st.columns(3)
        name = columns[0].text_input("Name", key="s_name", placeholder="Workstations")
        key = columns[1].text_input("Tag key", key="s_key", placeholder="Schedule")
        value = columns[2].text_input("Tag value", key="s_value", placeholder="office-hours")
        begin = columns[0].text_input("Start (cron)", key="s_start", placeholder="0 8 * * 1-5")
        end = columns[1].text_input("Stop (cron)", key="s_stop", placeholder="0 19 * * 1-5")
        zone = columns[2].selectbox("Times in", ZONES, key="s_zone")
        typed = st.text_input("Type the name again: from then on it acts by itself", key="s_typed")
        if st.form_submit_button("Keep the schedule"):
            try:
                made = schedules.new_schedule(
                    name, (key.strip(), value.strip()), cron_start=begin.strip() or None,
                    cron_stop=end.strip() or None, timezone=zone,
                )  # fmt: skip
                schedules.confirm(page.store, made, typed)
            except SpectraError as error:
                workspaces.show_error(error)
                return
            st.rerun()

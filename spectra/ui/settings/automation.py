"""The Automation section: the schedule, the notices, and snippets for other schedulers."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from spectra import notices, units
from spectra.config import Config
from spectra.errors import SpectraError
from spectra.store import notice_log
from spectra.ui import cards, empty
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.settings import forms, policies

_ALL_NOTICES = 1_000_000


def section(page: Page) -> None:
    """Schedule and notices of the shared workspace; a private one ends with its session."""
    if page.workspace.is_private:
        st.info(
            "A private workspace refreshes while its page is open. The schedule and the notices "
            "belong to the shared workspace; end the private one (section Workspace) to see them.",
            icon=":material/info:",
        )
    else:
        _schedule(page)
        forms.section(page, "Automation")
        _webhook(page)
        _history(page)
    with st.expander("With cron", icon=":material/schedule:"):
        st.caption(
            "For a machine where the app does not run: one process owns the database file, and "
            "the command says so (exit status 3) when the app has it open."
        )
        st.code(policies.CRON, language="bash")
    with st.expander("With GitHub Actions", icon=":material/code:"):
        st.code(policies.GITHUB_ACTIONS, language="yaml")


def _schedule(page: Page) -> None:
    settings = workspaces.config()
    schedule = workspaces.automation(settings.database, settings.memory_limit)
    config = page.workspace.config
    if not config.automation:
        st.markdown("The schedule is **off**: data is refreshed when somebody visits.")
        return
    following = schedule.next_at
    when = f"next at {units.moment_text(following)}" if following else "starting within a minute"
    st.markdown(f"The schedule is **on**, every {config.automation_minutes} minutes; {when}.")
    if schedule.last is not None:
        st.caption(f"{units.moment_text(schedule.last.at)}: {plain(schedule.last.text)}")
    if schedule.last_action is not None:
        at, text = units.moment_text(schedule.last_action.at), plain(schedule.last_action.text)
        st.caption(f"Started or stopped by the clock, {at}: {text}")
    st.caption("It runs while the app runs; a sleeping or stopped app refreshes at its next visit.")


def _webhook(page: Page) -> None:
    config = page.workspace.config
    st.header("Webhook", anchor=False)
    st.markdown(
        "Set by the operator (`SPECTRA_WEBHOOK_URL`); it is a secret and never shown."
        if config.webhook_url
        else "No webhook is set: notices are not sent. Its address is a secret, so it comes from "
        "`SPECTRA_WEBHOOK_URL` or `secrets.toml` alone."
    )
    sender = notices.webhook(config)
    is_asked = st.button(
        "Send a test notice",
        key="test_webhook",
        icon=":material/send:",
        disabled=sender is None or not page.workspace.may_change,
    )
    if is_asked and sender is not None:
        _test(page, sender)


def _test(page: Page, sender: notices.Send) -> None:
    try:
        with st.spinner("Sending"):
            sender(notices.sample_notice(datetime.now(UTC)))
        notices.taken(page.store)
    except SpectraError as error:
        workspaces.show_error(error)
    else:
        st.success("The webhook took the notice.", icon=":material/check:")


def silence(config: Config) -> str:
    """Why there is no notice: nothing is kept without a schedule that looks and a way to send."""
    wanting = [
        step
        for step, is_done in (
            ("Automation (above) or cron (below) is on", config.automation),
            ("the operator sets `SPECTRA_WEBHOOK_URL`", config.webhook_url),
        )
        if not is_done
    ]
    if wanting:
        return f"Nothing is sent or kept until {' and '.join(wanting)}."
    return "Incidents, budgets and the levels above raise them."


def _history(page: Page) -> None:
    rows = notice_log.recent(page.store)
    if rows.empty:
        empty.say("No notice so far.", silence(page.workspace.config),
                  empty.Link("pages/anomalies.py", "Incidents", ":material/warning:"),
                  empty.Link("pages/budgets.py", "Budgets",
                             ":material/account_balance_wallet:"))  # fmt: skip
        return
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        column_config={
            "raised_at": cards.utc_column("Raised"),
            "kind": "Kind",
            "text": st.column_config.TextColumn("Notice", width="large"),
            "sent_at": cards.utc_column("Sent"),
            "detail": "Outcome",
        },
    )
    cards.download(
        lambda: notice_log.recent(page.store, _ALL_NOTICES), "notices",
        help="All notices; the table shows the newest.",
    )  # fmt: skip

"""What is asked of a report: its period, boundary, template, and what only people know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import streamlit as st

from spectra.insight.budgets import Kind
from spectra.reporting.asking import make_request
from spectra.reporting.faces.logo import MAX_BYTES, checked_logo
from spectra.reporting.model import Request
from spectra.store import emission_queries as emissions
from spectra.ui import periods
from spectra.ui.frame import Page

DAYS = "Days"
TEMPLATES = {
    "full": "Full ESG report",
    "executive": "Executive two-pager",
    "team": "Statement of a team",
}
VIEWS: dict[Literal["customer", "provider"], str] = {
    "customer": "our inventory (scope 3.1)",
    "provider": "AWS's operations (scopes 1 to 3)",
}


def ask(page: Page) -> Request | None:
    """The request that the form stands for; None while its last day is yet to be picked.

    Raises
    ------
    InputError
        If what was typed cannot be used.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = _period(page)
        template = st.selectbox("Template", list(TEMPLATES), format_func=TEMPLATES.__getitem__,
                                key="report_template", width=230,
                                persist_state="session")  # fmt: skip
        view = st.selectbox("Leading view", list(VIEWS), format_func=VIEWS.__getitem__,
                            key="report_view", width=280, persist_state="session",
                            help="Both are in the report, with equal totals.")  # fmt: skip
    boundary = _boundary(page)
    with st.expander("Company, revenue, assurance, logo"):
        typed = _typed()
    if period is None:
        return None
    return make_request(page.catalog, period, template=template, view=view, **boundary, **typed)


def _period(page: Page) -> str | None:
    kind: Kind | str = st.segmented_control(
        "Period", [*periods.KINDS, DAYS], default="month", required=True, key="report_kind",
        format_func=lambda k: periods.KINDS.get(k, DAYS), persist_state="session",
    )  # fmt: skip
    if kind == DAYS:
        return _days(page)
    found = periods.accounted(page, kind)  # type: ignore[arg-type]
    ended = next((n for n, period in enumerate(found) if period.end <= page.hour), 0)
    return str(st.selectbox(
        "Which", [period.label for period in found], index=ended, width=140, key=f"report_{kind}",
        persist_state="session", help="The latest that has ended, unless you choose another.",
    ))  # fmt: skip


def _days(page: Page) -> str | None:
    today = page.hour.date()
    chosen = st.date_input("Days (UTC)", (today - timedelta(days=30), today), key="report_days",
                           width=240, persist_state="session")  # fmt: skip
    if not isinstance(chosen, tuple) or len(chosen) < 2:
        st.caption("Pick the last day too.")
        return None
    return f"{chosen[0]}..{chosen[1]}"


def _boundary(page: Page) -> dict[str, Any]:
    known = page.get(emissions.choices)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        teams = st.multiselect("Teams", known["teams"], key="report_teams", width=300,
                               placeholder="All", persist_state="session")  # fmt: skip
        regions = st.multiselect("Regions", known["regions"], key="report_regions", width=300,
                                 placeholder="All", persist_state="session")  # fmt: skip
        accounts = st.multiselect("Accounts", page.get(emissions.accounts), key="report_accounts",
                                  width=260, placeholder="All",
                                  persist_state="session")  # fmt: skip
    return {"teams": teams, "regions": regions, "accounts": accounts}


def _typed() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        company = st.text_input("Company", key="report_company", persist_state="session")
        entity = st.text_input("Reporting entity", key="report_entity", persist_state="session")
        prepared = st.text_input("Prepared by", key="report_prepared", persist_state="session")
    with right:
        amount, unit = st.columns([2, 1])
        revenue = amount.number_input("Net revenue of the period", min_value=0.0, value=None,
                                      placeholder="not given", key="report_revenue",
                                      persist_state="session")  # fmt: skip
        currency = unit.text_input("Currency", "USD", key="report_currency",
                                   persist_state="session")  # fmt: skip
        assurance = st.text_input("Assurance", placeholder="Limited assurance by …, or none",
                                  key="report_assurance", persist_state="session")  # fmt: skip
        logo = st.file_uploader(f"Logo (PNG, JPEG or SVG, at most {MAX_BYTES // 1024} KB)",
                                type=["png", "jpg", "jpeg", "svg"], key="report_logo",
                                help="An SVG is shown in HTML alone: PDF and XLSX go without "
                                "it.")  # fmt: skip
        picture = checked_logo(logo.getvalue()) if logo is not None else None
        if picture is not None and picture.is_drawn:
            st.caption("PDF and XLSX go without an SVG. Choose a PNG or JPEG to have it in all.")
    return {
        "company": company, "entity": entity, "prepared_by": prepared, "revenue": revenue or None,
        "currency": currency, "assurance": assurance,
        "logo": picture.uri if picture is not None else "",
    }  # fmt: skip

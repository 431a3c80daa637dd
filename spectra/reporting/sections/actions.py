"""What was done about it, apart from the inventory: reductions, budgets, and AWS's own figures."""

from __future__ import annotations

import pandas as pd

from spectra.insight.market import PLACE
from spectra.moments import first_of_month
from spectra.reporting.budgets import BudgetLine
from spectra.reporting.evidence import Evidence
from spectra.reporting.parts import Section, Table
from spectra.reporting.reductions import MEASURED, MEASURED_RUNS
from spectra.reporting.tables import Heading, from_frame, row, table
from spectra.units import number

OUTSIDE = (
    "Reductions compare with what would have been. They are outside the inventory and are not "
    "subtracted from it; no offset, certificate or credit is netted either."
)


def reductions(e: Evidence) -> Section:
    """Changes carried out, jobs placed by carbon, incidents settled, and what is still open."""
    names = (
        "promised",
        "realised",
        "moved",
        "moved_realised",
        "shifted",
        "shifted_realised",
        "open",
    )
    notes = (
        f"The {MEASURED} largest changes and moves are measured: a resize by replaying its last "
        "four weeks on the old type, a stop by what it emitted before, a move by replaying its "
        "hours since in the region it came from; the rest is as promised. So are jobs beyond the "
        f"{MEASURED_RUNS} that were to save the most.",
        "A move saves from when its source was stopped; while both run it adds emissions. "
        "A change saves until its machine is gone, runs again, or leaves the type it got by no "
        "further change of the table; of changes in a row each saves its own step.",
        "What the end of an incident avoids is not estimated: shown is the excess while it lasted.",
        "Advice that is open is as of the day of the report, not of the period.",
    )
    return Section(
        "reductions", 7, "Reductions, outside the inventory", (OUTSIDE,),
        tuple(f"reductions.{n}" for n in names),
        tables=(_changes(e), _moves(e), _incidents(e)), notes=notes,
    )  # fmt: skip


def _changes(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("name", "Resource", ""),
        ("team", "Team", ""),
        ("change", "Change", ""),
        ("done_at", "Done", "time"),
        ("hours", "Hours in the period", "h"),
        ("promised_g", "Saved as promised", "gCO2e"),
        ("realised_g", "Saved as measured", "gCO2e"),
    ]
    rows = []
    for r in e.reductions.changes.to_dict("records"):
        change = "stopped" if r["action"] == "stop" else f"{r['old_type']} → {r['new_type']}"
        rows.append(
            row(
                f"{r['unit_id']}@{r['done_at']:%Y-%m-%dT%H:%M:%S}", r["name"], r["team"], change,
                r["done_at"], r["hours"], r["promised_g"], r["realised_g"],
            )
        )  # fmt: skip
    return table("changes", "Recommendations carried out", headings, rows)


def _moves(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("name", "Resource", ""),
        ("team", "Team", ""),
        ("source", "From", ""),
        ("target", "To", ""),
        ("moved_at", "Moved", "time"),
        ("hours", "Hours in the period", "h"),
        ("promised_g", "Saved as promised", "gCO2e"),
        ("realised_g", "Saved as measured", "gCO2e"),
    ]
    return from_frame("moves", "Machines moved", headings, e.reductions.moves, "instance_id")


def _incidents(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("family", "Kind", ""),
        ("count", "Incidents that ended", "count"),
        ("excess_g", "Excess while they lasted", "gCO2e"),
        ("excess_usd", "Excess cost", "USD"),
    ]
    return from_frame(
        "incidents", "Incidents settled in the period", headings, e.reductions.settled, "family"
    )


def budgets(e: Evidence, lines: list[BudgetLine]) -> Section:
    """Budgets of the period, if any are kept."""
    headings: list[Heading] = [
        ("scope", "Budget of", ""),
        ("basis", "Basis", ""),
        ("period", "Period", ""),
        ("budget_g", "Budget", "gCO2e"),
        ("spent_g", "Emitted", "gCO2e"),
        ("forecast_g", "Expected at its end", "gCO2e"),
        ("share", "Emitted of budget", "share"),
        ("status", "Status", ""),
    ]
    rows = [
        row(
            b.budget_id, b.scope, b.basis, b.period, b.budget_g, b.spent_g, b.forecast_g,
            b.spent_g / b.budget_g if b.spent_g is not None and b.budget_g else None, b.status,
        )
        for b in lines
    ]  # fmt: skip
    text = () if lines else ("No budget is kept for this boundary.",)
    notes = (
        "What a team emitted is after the rules of allocation (aliases, accounts, pools); the "
        "breakdown by team is before them.",
    )
    made = table("budgets", "Budgets", headings, rows, notes=notes if e.has_rules else ())
    tables = (made,) if lines else ()
    return Section("budgets", 8, "Budgets", text, tables=tables)


def reconciliation(e: Evidence) -> Section:
    """Ours beside AWS's own figures, by month and region."""
    rows = e.reconciled
    rows = rows[rows["month"] >= pd.Timestamp(first_of_month(e.request.start))]
    text = [
        "k is AWS's scope 2, location-based, over ours, for EC2 with its volumes, by whole month "
        "and region, for the accounts of which AWS states it, whatever their team. Figures of this "
        "report are not scaled by k. AWS's figures stand beside ours or in their place and are "
        "never added to them; scope 1 alone, which only AWS can state, is taken over.",
    ]
    if rows.empty:
        text.append("AWS states nothing of a whole month of this period, so nothing is compared.")
    suspicious = rows[rows["is_suspicious"]] if len(rows) else rows
    notes = [
        f"{r['month']:%Y-%m} {r['region']}: k = {number(r['k'])} is more than a difference of "
        "method; look for missing accounts or a wrong grid zone."
        for r in suspicious.to_dict("records")
    ]
    notes += _stated_twice(e)
    return Section(
        "reconciliation", 9, "Reconciliation with AWS", tuple(text),
        ("reconciliation.k_median", "market.aws_share"),
        tables=(_factors_k(rows), _medians(e.last_year_reconciled), _unknown(e), _models(e)),
        notes=tuple(notes),
    )  # fmt: skip


def _stated_twice(e: Evidence) -> list[str]:
    """What each source states that another one counts for."""
    stated = e.within(e.provider)
    pairs = stated[stated["not_counted"] != ""].groupby(["not_counted", "source"])
    return [
        f"{other} too states EC2 of {len(rows[PLACE].drop_duplicates())} of the months, regions "
        f"and accounts. It is kept and not added: {source} counts there, by the newer model or "
        "reading."
        for (other, source), rows in pairs
    ]


def _factors_k(rows: pd.DataFrame) -> Table:
    headings: list[Heading] = [
        ("month_text", "Month", ""),
        ("region", "Region", ""),
        ("ours_g", "Ours: scope 2, location-based", "gCO2e"),
        ("aws_g", "AWS: scope 2, location-based", "gCO2e"),
        ("k", "k", "ratio"),
        ("aws_total_g", "AWS: total, location-based", "gCO2e"),
    ]
    shown = rows.assign(month_text=[f"{m:%Y-%m}" for m in rows["month"]])
    return from_frame(
        "reconciliation", "AWS's own figures and ours", headings, shown,
        lambda r: f"{r['month_text']}:{r['region']}",
    )  # fmt: skip


def _unknown(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("month_text", "Month", ""),
        ("region", "Region", ""),
        ("account_id", "Account", ""),
        ("grams", "AWS: total, location-based", "gCO2e"),
    ]
    rows = e.unknown_places
    return from_frame(
        "aws_unknown", "Where AWS states emissions and no usage is known here", headings,
        rows.assign(month_text=[f"{m:%Y-%m}" for m in rows["month"]]),
        lambda r: f"{r['month_text']}:{r['region']}:{r['account_id']}",
    )  # fmt: skip


def _medians(rows: pd.DataFrame) -> Table:
    """Median k of each region."""
    headings: list[Heading] = [
        ("region", "Region", ""),
        ("months", "Months", "count"),
        ("k", "Median k of the last 12 months", "ratio"),
    ]
    known = rows.dropna(subset="k")
    if known.empty:
        return table("k_medians", "Factor k of each region", headings, [])
    found = known.groupby("region", as_index=False).agg(months=("k", "size"), k=("k", "median"))
    return from_frame("k_medians", "Factor k of each region", headings, found, "region")


def _models(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("source", "Source", ""),
        ("model_version", "AWS's model", ""),
        ("months", "Months", "count"),
        ("fetched_at", "Read at", "time"),
    ]
    stated = e.within(e.provider)
    if stated.empty:
        return table("aws_models", "AWS's figures as read", headings, [])
    found = stated.groupby(["source", "model_version"], as_index=False).agg(
        months=("month", "nunique"), fetched_at=("fetched_at", "max")
    )
    return from_frame(
        "aws_models", "AWS's figures as read", headings, found,
        lambda r: f"{r['source']}:{r['model_version']}",
    )  # fmt: skip

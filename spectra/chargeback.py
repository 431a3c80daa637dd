"""Chargeback: a statement per team and period that adds up to the store's total."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import uuid4

import pandas as pd

from spectra.allocation import allocated_resources, segments
from spectra.carbon import uncertainty
from spectra.carbon.method import METHOD_VERSION
from spectra.catalog import Catalog
from spectra.chargeback_notes import changes, differences, notes
from spectra.chargeback_rows import (
    DIGITS,
    UNALLOCATED_NAME,
    focus_rows,
    team_table,
    with_aws_figures,
)
from spectra.errors import InputError
from spectra.insight.allocation import ALLOCATION_VERSION, UNALLOCATED
from spectra.insight.budgets import Period
from spectra.moments import HOUR, day_after
from spectra.store import Store, allocation_queries, chargeback_log
from spectra.store.chargeback_log import LINE_KEYS, LINE_VALUES, Run
from spectra.store.emission_queries import accounted_span
from spectra.store.factors import method_in_force
from spectra.store.hashing import digest


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of all teams.

    Attributes
    ----------
    is_final : bool
        Whether every hour of the period is accounted for, from its first to its last.
    rows : DataFrame
        FOCUS columns, then ``x_`` columns; numbers are Decimals that add up, None is unknown.
    teams : DataFrame
        One row a team with its subtotals, see `spectra.chargeback_rows.team_table`.
    changes : DataFrame
        Against the last export of the period: the keys, before_g, after_g and change_g, only rows
        that differ; None before the first.
    differences : tuple of str
        What else differs from the last export, in sentences.
    """

    run: Run
    is_final: bool
    rows: pd.DataFrame
    teams: pd.DataFrame
    lines: pd.DataFrame
    changes: pd.DataFrame | None
    differences: tuple[str, ...]
    price_usd_per_tonne: float | None


def statement(
    store: Store,
    catalog: Catalog,
    period: Period,
    now: datetime,
    price_usd_per_tonne: float | None = None,
) -> Statement:
    """Work a statement out; nothing is kept.

    Raises
    ------
    InputError
        If no hour of the period is accounted for, or nothing ran and nothing was paid for in it.
    """
    start, end = _accounted(store, period)
    found = allocated_resources(store, start.date(), day_after(end))
    if found.empty:
        raise InputError(
            f"No machine ran and nothing was paid for in {period.label}: there is no statement.",
            next_step="Choose another period.",
        )
    raw, aws_figures = with_aws_figures(store, period, _with_bands(store, found))
    run_id = uuid4().hex[:12]
    rows = focus_rows(store, catalog, raw, (start, end), price_usd_per_tonne, run_id)
    lines = raw.groupby(list(LINE_KEYS), as_index=False)[list(LINE_VALUES)].sum(min_count=1)
    total = float(raw["total_g"].sum())
    before = last_kept(store, period)
    manifest = {
        **_manifest(store, catalog, period, (start, end)),
        "run_id": run_id,
        "created_at": now.isoformat(),
        "aws_figures": aws_figures,
        "notes": notes(raw, is_demo=_is_demo(store), is_late=start > period.start),
        "carbon_price_usd_per_tonne": price_usd_per_tonne,
        **_figures(rows, lines, total),
        "previous_run_id": before.run_id if before else None,
    }
    run = Run(run_id, period.label, period.start, end, now, manifest, total)
    return Statement(
        run,
        bool(manifest["is_final"]),
        rows,
        team_table(raw, price_usd_per_tonne),
        lines,
        None if before is None else changes(chargeback_log.lines(store, before.run_id), lines),
        () if before is None else differences(before.manifest, manifest),
        price_usd_per_tonne,
    )


def last_kept(store: Store, period: Period) -> Run | None:
    """The export that a statement of a period is compared with; None before the first.

    What was tried on the demo company is nothing to hold a real fleet against.
    """
    return chargeback_log.last_run(store, period.label, is_demo=_is_demo(store))


def keep(store: Store, made: Statement, now: datetime) -> Statement:
    """Keep a statement of all teams; the files of what is returned are those that are kept.

    Raises
    ------
    InputError
        If it is kept already, or is of one team alone.
    """
    if "team" in made.run.manifest:
        raise InputError("The statement of one team is not kept.", next_step="Keep the whole.")
    manifest = {**made.run.manifest, "created_at": now.isoformat()}
    run = replace(made.run, created_at=now, manifest=manifest)
    chargeback_log.keep(store, run, made.lines)
    return replace(made, run=run)


def of_team(made: Statement, team: str) -> Statement:
    """The part of a statement that is one team's, by the run of the whole.

    Its manifest counts, adds up and hashes the rows of the team, and names the hash of the
    manifest of the whole, which is the one that is kept.

    Raises
    ------
    InputError
        If the statement has no such team.
    """
    if team not in set(made.teams["team"]):
        raise InputError(
            f"Nothing in the statement of {made.run.period} belongs to “{team}”.",
            next_step="Choose another period, or a team that the statement names.",
        )
    changes, name = made.changes, UNALLOCATED if team == UNALLOCATED_NAME else team
    rows = made.rows[made.rows["x_Team"] == team].reset_index(drop=True)
    lines = made.lines[made.lines["team"] == name].reset_index(drop=True)
    total = float(lines["total_g"].sum(min_count=1))
    part = {"team": team, "whole_manifest_sha256": made.run.manifest_hash}
    manifest = {**made.run.manifest, **_figures(rows, lines, total), **part}
    return replace(
        made,
        run=replace(made.run, manifest=manifest, total_g=total),
        rows=rows,
        teams=made.teams[made.teams["team"] == team].reset_index(drop=True),
        lines=lines,
        changes=None if changes is None else changes[changes["team"] == name],
    )


def _accounted(store: Store, period: Period) -> tuple[datetime, datetime]:
    """First hour and end of what is accounted for in a period; refuses one without any."""
    span = accounted_span(store)
    if span is None or span[1] <= period.start or span[0] >= period.end:
        raise InputError(
            f"No hour of {period.label} is accounted for.",
            next_step="Choose a period that the data reach into, or refresh.",
        )
    return max(span[0], period.start), min(span[1], period.end)


def _is_computed(store: Store, period: Period) -> bool:
    """Whether no hour of a period waits to be computed again."""
    waits = "SELECT 1 FROM stale_hours WHERE hour >= ? AND hour < ? LIMIT 1"
    return store.row(waits, [period.start, period.end]) is None


def _is_demo(store: Store) -> bool:
    return store.row("SELECT 1 FROM instances WHERE source = 'demo' LIMIT 1") is not None


def _with_bands(store: Store, raw: pd.DataFrame) -> pd.DataFrame:
    """Rows by resource and owner, with the interval of each."""
    keys = ["period", "start", "end", "team", "method", "allocation_key", "account_id", "region",
            "service", "resource_id"]  # fmt: skip
    sums = [*allocation_queries.MEASURES, *allocation_queries.SPREADS, *allocation_queries.COSTS,
            "total_g"]  # fmt: skip
    grouped = raw.groupby(keys, as_index=False, dropna=False)
    rows = grouped[sums].sum(min_count=1)
    rows["resource_type"] = grouped["resource_type"].last()["resource_type"]
    rows = rows.merge(allocation_queries.region_spreads(store), on="region", how="left")
    rows["pue_is_regional"] = rows["pue_is_regional"].eq(True)
    rows["operational_g"] = rows["total_g"] - rows["embodied_g"]
    rows["utilisation_variance_g2"] = rows["utilisation_sigma_g"] ** 2
    return rows.join(uncertainty.each_band(rows))


def _manifest(
    store: Store, catalog: Catalog, period: Period, span: tuple[datetime, datetime]
) -> dict[str, Any]:
    """What the figures follow from: method, factors, rules, span."""
    start, end = span
    return {
        "period": period.label,
        "start": period.start.isoformat(),
        "end": end.isoformat(),
        "is_final": span == (period.start, period.end) and _is_computed(store, period),
        "is_demo": _is_demo(store),
        "accounted_from": start.isoformat(),
        "accounted_hours": (end - start) // HOUR,
        "hours": period.hours,
        "method_version": METHOD_VERSION,
        "allocation_version": ALLOCATION_VERSION,
        "method": asdict(method_in_force(store)),
        "factor_set": store.meta("factor_set"),
        "factor_files": dict(catalog.file_hashes),
        "tag_rules": asdict(allocation_queries.tag_rules_in_force(store)),
        "allocation_rules": [
            {"from": part.start.isoformat(), "rules": asdict(part.rules)}
            for part in segments(store, period.start.date(), day_after(end))
        ],
        "decimals": dict(DIGITS),
    }


def _figures(rows: pd.DataFrame, lines: pd.DataFrame, total_g: float) -> dict[str, Any]:
    """What a manifest says of the rows that it describes."""
    return {
        "row_count": len(rows),
        "content_sha256": _content(rows),
        "totals": _totals(rows),
        "lines_sha256": chargeback_log.lines_digest(lines),
        "total_g": total_g if isfinite(total_g) else None,  # of mere costs it is not known
    }


def _content(rows: pd.DataFrame) -> str:
    """SHA-256 of what the rows say, whichever run says it."""
    text = rows.drop(columns="x_RunId").to_csv(index=False, lineterminator="\n")
    return digest(text)


def _totals(rows: pd.DataFrame) -> dict[str, str]:
    """Sums of the columns that add up, as text."""
    names = ("x_TotalLbKg", "x_EnergyKWh", "EffectiveCost", "x_CarbonCharge")
    sums = {name: [value for value in rows[name] if value is not None] for name in names}
    return {name: str(sum(values)) for name, values in sums.items() if values}

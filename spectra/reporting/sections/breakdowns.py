"""Emissions by place, owner and time: every breakdown adds up to the same total."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from spectra.moments import last_day
from spectra.reporting.evidence import Evidence
from spectra.reporting.parts import Chart, Drill, Row, Section, Series, Table
from spectra.reporting.tables import TOTAL_KEY, Heading, row, table
from spectra.units import counted, mass_text

# id, column, title of each table and the cut whose rows are summed.
BREAKDOWNS = (
    ("by_region", "region", "Region", "places"),
    ("by_team", "team", "Team", "team@places"),
    ("by_service", "service", "Service", "service@places"),
    ("by_environment", "environment", "Environment", "environment@places"),
    ("by_account", "account_id", "Account", "places"),
    ("by_month", "month", "Month", "places"),
)
_SUMS = ("total_lb", "total_mb", "scope1_g", "scope2_lb_g", "scope2_mb_g", "scope3_g", "energy_kwh")
_MEASURES = ("total_lb", "low", "high", *_SUMS[1:])
ADDITIVE = ("total_lb", "total_mb", "scope1", "scope2_lb", "scope2_mb", "scope3", "kwh", "share")
CHART_BARS = 12
BOUNDS = "Low and high bound 95 % of a row's total, location-based; they do not add up."


def breakdowns(e: Evidence) -> Section:
    """All breakdowns and the largest resources."""
    tables = [_breakdown(e, *names) for names in BREAKDOWNS]
    charts = [_bars(made) for made in tables[:2] if len(made.rows) > 1]
    text = () if e.is_empty else ("Each table adds up to the total of the report.",)
    return Section(
        "breakdowns", 4, "Breakdowns", text, charts=tuple(charts), tables=(*tables, _largest(e))
    )


def profile(e: Evidence) -> Section:
    """The course of the period, and what hourly accounting says beyond averages."""
    charts: tuple[Chart, ...] = () if e.days.empty else (_daily(e),)
    if len(e.cuts["month"]) > 1:
        charts += (_monthly(e),)
    text = (
        "Energy and grid intensity are multiplied hour by hour and then summed. The difference to "
        "energy × mean intensity is what the timing of the load is worth; it is what moving work "
        "in time can change.",
    )
    return Section("profile", 6, "Time profile", text, charts=charts, tables=(_covariance(e),))


def _breakdown(e: Evidence, id: str, key: str, title: str, cut: str) -> Table:
    headings: list[Heading] = [
        (key, title, ""),
        ("total_lb", "Total, location-based", "gCO2e", "" if e.market.scope1 else "total_g"),
        ("low", "Low", "gCO2e"),
        ("high", "High", "gCO2e"),
        ("total_mb", "Total, market-based", "gCO2e"),
        ("scope1", "Scope 1", "gCO2e"),
        ("scope2_lb", "Scope 2, location-based", "gCO2e", "scope2_lb_g"),
        ("scope2_mb", "Scope 2, market-based", "gCO2e"),
        ("scope3", "Scope 3", "gCO2e", "scope3_g"),
        ("kwh", "Energy", "kWh", "energy_kwh"),
        ("share", "Share of total, location-based", "share"),
    ]
    rows: list[Row] = []
    if e.scopes is not None:
        s, band, scope1 = e.scopes, e.intervals["total_g"], e.market.scope1 or 0.0
        sums = _with_bands(e, key, _sums(e, key, cut))
        rows = [_row(key, r, s.total_lb) for r in sums.to_dict("records")]
        rows.append(
            row(
                TOTAL_KEY, "Total", s.total_lb, band.low + scope1, band.high + scope1, s.total_mb,
                s.scope1, s.scope2_lb, s.scope2_mb, s.scope3, e.total["energy_kwh"],
                1.0 if s.total_lb else None, drill=Drill(), is_total=True,
            )
        )  # fmt: skip
    notes = [BOUNDS]
    if key == "team" and e.has_rules:
        notes.append(
            "A team is what resources are tagged with: the rules of allocation, which budgets and "
            "chargeback follow, are not applied here."
        )
    return table(
        id, f"Emissions by {title.lower()}", headings, rows, additive=ADDITIVE,
        notes=tuple(notes), missing="n/e",
    )  # fmt: skip


def _with_bands(e: Evidence, key: str, sums: pd.DataFrame) -> pd.DataFrame:
    """Low and high of each group; AWS states its scope 1, shared out here, without an interval."""
    bands = e.groups[e.groups["dimension"] == key].set_index("name")
    names = sums[key].dt.strftime("%Y-%m") if key == "month" else sums[key]
    scope1 = sums["scope1_g"].fillna(0.0)
    ours = sums["total_lb"] - scope1
    for end in ("low", "high"):
        sums[end] = scope1 + ours * names.map(bands[f"{end}_g"] / bands["total_g"])
    return sums


def _sums(e: Evidence, key: str, cut: str) -> pd.DataFrame:
    """Sums of one key with AWS's own figures shared out within their places."""
    rows = e.market.of(e.cuts[cut])
    rows["scope3_g"] = rows["upstream_g"] + rows["td_g"] + rows["embodied_g"]
    scope1 = rows["scope1_g"].fillna(0.0)
    rows["total_lb"] = scope1 + rows["scope2_lb_g"] + rows["scope3_g"]
    rows["total_mb"] = scope1 + rows["scope2_mb_g"] + rows["scope3_g"]
    sums = rows.groupby(key, as_index=False)[list(_SUMS)].sum(min_count=1)
    if key == "month":
        return sums.sort_values("month")
    return sums.sort_values(["total_lb", key], ascending=[False, True])


def _row(key: str, r: dict[object, object], total: float) -> Row:
    name = f"{r[key]:%Y-%m}" if isinstance(r[key], pd.Timestamp) else str(r[key])
    values = [r[column] for column in _MEASURES]
    share = float(str(values[0])) / total if total else None
    if share is not None and math.isclose(share, 1.0):
        share = 1.0  # not "more than 99 %" for the last bit of a sum
    # With a colon before it a name of ours never meets the key of the total.
    return row(f":{name}", name, *values, share, drill=_drill(key, name))


def _drill(key: str, name: str) -> Drill:
    if key == "month":
        start = pd.Timestamp(f"{name}-01", tz="UTC")
        end = start + pd.DateOffset(months=1)
        return Drill(start=start.to_pydatetime(), end=end.to_pydatetime())
    drills = {
        "region": Drill(region=name),
        "team": Drill(team=name),
        "service": Drill(service=name),
        "environment": Drill(environment=name),
        "account_id": Drill(account_id=name),
    }
    return drills[key]


def _bars(made: Table) -> Chart:
    rows = [r for r in made.rows if not r.is_total]
    shown, rest = rows[:CHART_BARS], rows[CHART_BARS:]
    names = [str(r.cells[0]) for r in shown]
    values = [r.cells[1] if isinstance(r.cells[1], float) else None for r in shown]
    if rest:
        names.append(f"{len(rest)} others")
        values.append(sum(r.cells[1] for r in rest if isinstance(r.cells[1], float)))
    what = made.columns[0].title.lower()
    title = f"{names[0]} emits the most of {len(rows)} {what}s"
    return Chart(
        f"chart_{made.id}", 0, "bar", title, made.columns[0].title,
        "Emissions, location-based", "gCO2e", tuple(names),
        (Series("total_lb", "Total, location-based", tuple(values)),),
        alt=f"{title}. CO₂e: {_said(names, values)}.",
    )  # fmt: skip


def _said(names: Iterable[str], grams: Iterable[float | None]) -> str:
    """What bars show, in words."""
    return ", ".join(f"{name} {mass_text(g)}" for name, g in zip(names, grams, strict=True))


def _total_of_rows(e: Evidence) -> str:
    """What the sum of the ledger's own rows is called."""
    return "Total without AWS's scope 1" if e.market.scope1 else "Total"


def _without(e: Evidence) -> tuple[str, ...]:
    return ("AWS states its scope 1 by month, not by day or resource.",) if e.market.scope1 else ()


def _largest(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("resource_id", "Resource", ""),
        ("name", "Name", ""),
        ("resource_type", "Type", ""),
        ("region", "Region", ""),
        ("team", "Team", ""),
        ("total_g", f"{_total_of_rows(e)}, location-based", "gCO2e", "total_g"),
        ("low_g", "Low", "gCO2e"),
        ("high_g", "High", "gCO2e"),
        ("energy_kwh", "Energy", "kWh", "energy_kwh"),
        ("share", "Share of total, location-based", "share"),
    ]
    total = e.scopes.total_lb if e.scopes else 0.0
    top = e.top.assign(share=e.top["total_g"] / (total or float("nan")))
    rows = [
        row(f"{r['service']}:{r['resource_id']}", *(r[name] for name in (h[0] for h in headings)),
            drill=Drill(resource_id=str(r["resource_id"]), service=str(r["service"])))
        for r in top.to_dict("records")
    ]  # fmt: skip
    return table(
        "largest", "Resources that emit the most", headings, rows, notes=(BOUNDS, *_without(e))
    )


def _daily(e: Evidence) -> Chart:
    days = _every_day(e)
    sums = days["total_g"]
    peak = sums.idxmax()
    total, low, high = (
        tuple(None if math.isnan(g) else float(g) for g in days[column])
        for column in ("total_g", "low_g", "high_g")
    )
    open_days = total.count(None)
    left_open = (f"Not known and left open: {open_days} of the days.",) if open_days else ()
    return Chart(
        "chart_daily", 0, "line", f"The highest day was {peak:%Y-%m-%d}", "Day (UTC)",
        "Emissions, location-based", "gCO2e",
        tuple(f"{day:%Y-%m-%d}" for day in days.index),
        (Series("total", _total_of_rows(e), total, low, high),),
        alt=f"CO₂e of {counted(len(days), 'day')} with their 95 % band: {mass_text(sums.sum())}, "
        f"the highest day {peak:%Y-%m-%d} with {mass_text(sums.max())}, the lowest "
        f"{sums.idxmin():%Y-%m-%d} with {mass_text(sums.min())}.",
        notes=_without(e) + left_open,
    )  # fmt: skip


def _every_day(e: Evidence) -> pd.DataFrame:
    """The days from the first accounted for to the last: 0 where nothing ran, NaN if unknown."""
    days = e.days.set_index("day")[["total_g", "low_g", "high_g"]]
    known = days.index
    if e.accounted.first and e.accounted.end:
        first = max(e.accounted.first, e.request.start)
        last = last_day(min(e.accounted.end, e.request.end))
        known = known.union(pd.date_range(first.date(), last))
    days = days.reindex(pd.date_range(known.min(), known.max()))
    is_still = days["total_g"].isna() & days.index.isin(known) & (e.accounted.queued == 0)
    days.loc[is_still] = 0.0
    return days


def _monthly(e: Evidence) -> Chart:
    months = e.cuts["month"]
    parts = {
        "scope2_lb_g": "Scope 2",
        "upstream_g": "Scope 3, upstream",
        "td_g": "Scope 3, losses",
        "embodied_g": "Scope 3, hardware",
    }
    series = [Series(c, name, tuple(map(float, months[c]))) for c, name in parts.items()]
    if e.market.scope1:
        scope1 = _sums(e, "month", "places")["scope1_g"].fillna(0.0)
        series.insert(0, Series("scope1_g", "Scope 1", tuple(map(float, scope1))))
    labels = tuple(f"{m:%Y-%m}" for m in months["month"])
    grams = [[g or 0.0 for g in s.values] for s in series]
    by_month, by_part = map(sum, zip(*grams, strict=True)), map(sum, grams)
    return Chart(
        "chart_monthly", 0, "stacked", "Emissions by month and part", "Month (UTC)",
        "Emissions, location-based", "gCO2e", labels,
        tuple(series),
        alt=f"CO₂e of {counted(len(months), 'month')}: {_said(labels, by_month)}; "
        f"by part: {_said((s.name for s in series), by_part)}.",
    )  # fmt: skip


def _covariance(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("month", "Month", ""),
        ("hourly", "Σ energy × intensity", "gCO2e"),
        ("averaged", "Energy × mean intensity", "gCO2e"),
        ("covariance", "Difference", "gCO2e"),
    ]
    rows = [
        row(f"{r['month']:%Y-%m}", f"{r['month']:%Y-%m}", r["hourly_g"], r["averaged_g"],
            r["covariance_g"])
        for r in e.covariance.to_dict("records")
    ]  # fmt: skip
    return table(
        "covariance", "What hourly accounting says beyond averages", headings, rows,
        notes=("Lifecycle emissions of electricity, without losses and hardware.",),
    )  # fmt: skip

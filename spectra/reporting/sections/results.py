"""What was emitted: summary, boundary and perspective, scopes, and emissions per activity."""

from __future__ import annotations

from spectra.insight.periods import relative_change
from spectra.reporting.evidence import Evidence
from spectra.reporting.parts import Drill, Row, Section, Table
from spectra.reporting.tables import TOTAL_KEY, Heading, row, table
from spectra.units import mass_text

PERSPECTIVE = (
    "The provider's scopes read “AWS-operations scope, allocated to us”. In the company's own "
    "inventory all of it is scope 3, category 1: never enter it as the company's scope 2."
)
DUAL = "Location-based and market-based are two measures of the same thing, never to be added."


def summary(e: Evidence) -> Section:
    """Totals in both bases and views, and how they compare with a year before."""
    led = e.request.view
    other = "provider" if led == "customer" else "customer"
    figures = [f"{view}.total_{basis}" for view in (led, other) for basis in ("lb", "mb")]
    text = ["No resource of the boundary is known in the period, so no total is stated."]
    if e.scopes is not None:
        text = [
            f"The cloud use in this boundary emitted {mass_text(e.scopes.total_lb)} CO₂e, "
            f"location-based, or {mass_text(e.scopes.total_mb)} CO₂e, market-based. {DUAL}",
            "The provider's scopes allocated to us and our own inventory have the same total.",
        ]
    return Section(
        "summary",
        1,
        "Summary",
        tuple(text),
        (*figures, "energy.kwh", "quality.coverage", "intensity.lb_per_usd"),
        tables=(_compared(e),),
    )


def _compared(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("part", "Part", ""),
        ("now", "This period", "gCO2e"),
        ("before", "A year before", "gCO2e"),
        ("change", "Change", "share"),
        ("reported", "As reported then", "gCO2e"),
    ]
    parts = {
        "Scope 2, location-based": "scope2_lb_g",
        "Scope 3, upstream": "upstream_g",
        "Scope 3, losses": "td_g",
        "Scope 3, hardware": "embodied_g",
        "Total, location-based": "total_g",
    }
    before = e.earlier or {}
    reported = {"total_g": e.reported_then.total_lb_g} if e.reported_then else {}
    rows = [
        row(
            column, label, now, then, relative_change(now, then), reported.get(column),
            is_total=column == "total_g",
        )
        for label, column in parts.items()
        for now, then in [(e.total.get(column), before.get(column))]
    ]  # fmt: skip
    notes = ["Both periods by today's method and factors, without figures of AWS's own."]
    if e.earlier is None:
        notes.append("The same hours a year before are not all accounted for, so they are not "
                     "stated.")  # fmt: skip
    elif e.accounted.hours < e.period_hours:
        notes.append(f"Both of the {e.accounted.hours:,} hours of the period that are accounted "
                     "for; what was reported then is of the whole period.")  # fmt: skip
    return table(
        "compared", "This period and the one a year before, like for like", headings, rows,
        additive=("now", "before"), notes=notes,
    )  # fmt: skip


def boundary(e: Evidence) -> Section:
    """What is in the report, and whose inventory it is."""
    r = e.request
    headings: list[Heading] = [("what", "", ""), ("value", "", "")]
    facts = {
        "Company": r.company or "not given",
        "Reporting entity": r.entity or "not given",
        "Period": f"{r.start:%Y-%m-%d %H:%M} to before {r.end:%Y-%m-%d %H:%M} UTC",
        "Regions": ", ".join(r.regions) or "all",
        "Teams": ", ".join(r.teams) or "all",
        "Accounts": ", ".join(r.accounts) or "all",
        "Services": "Amazon EC2 instances and Amazon EBS volumes",
        "Leading view": r.view,
        "Gases": "CO₂e of all gases as the factors' sources state it",
    }
    rows = [row(name, name, value) for name, value in facts.items()]
    text = (
        "The company buys a service: it neither owns nor controls the machines and does not buy "
        "their electricity. Its cloud use is scope 3, category 1, purchased goods and services, "
        "which holds the provider's scopes 1, 2 and 3 of that use.",
        PERSPECTIVE,
    )
    return Section(
        "boundary", 2, "Boundary and perspective", text,
        tables=(table("boundary", "Boundary", headings, rows), _views(e)),
    )  # fmt: skip


def _views(e: Evidence) -> Table:
    s = e.scopes
    c = s.customer_view() if s else None
    headings: list[Heading] = [
        ("scope", "Scope", ""),
        ("provider_lb", "AWS operations, allocated to us: location-based", "gCO2e"),
        ("provider_mb", "AWS operations, allocated to us: market-based", "gCO2e"),
        ("customer_lb", "Our inventory: location-based", "gCO2e"),
        ("customer_mb", "Our inventory: market-based", "gCO2e"),
    ]
    rows = [row(f"scope{n}", f"Scope {n}", None, None, None, None) for n in (1, 2, 3)]
    rows.append(row(TOTAL_KEY, "Total", None, None, None, None, is_total=True))
    if s and c:
        rows = [
            row("scope1", "Scope 1", s.scope1, s.scope1, c.scope1, c.scope1),
            row("scope2", "Scope 2", s.scope2_lb, s.scope2_mb, c.scope2, c.scope2),
            row("scope3", "Scope 3", s.scope3, s.scope3, c.category1_lb, c.category1_mb),
            row(TOTAL_KEY, "Total", s.total_lb, s.total_mb, c.total_lb, c.total_mb, is_total=True),
        ]
    return table(
        "views", "The same emissions in both views", headings, rows,
        additive=("provider_lb", "provider_mb", "customer_lb", "customer_mb"),
        notes=("n/e: not estimated, never 0. See exclusions.", DUAL),
        missing="n/e",
    )  # fmt: skip


_PARTS = (
    ("scope1", "Scope 1: fuels and refrigerants", "scope1", "scope1", ""),
    ("scope2", "Scope 2: electricity", "scope2_lb", "scope2_mb", "scope2_lb_g"),
    ("upstream", "Scope 3: upstream of electricity", "fera_upstream", "fera_upstream",
     "upstream_g"),
    ("losses", "Scope 3: grid losses", "fera_td", "fera_td", "td_g"),
    ("hardware", "Scope 3: hardware", "hardware", "hardware", "embodied_g"),
    ("buildings", "Scope 3: buildings", "buildings", "buildings", ""),
    (TOTAL_KEY, "Total", "total_lb", "total_mb", "total_g"),
)  # fmt: skip


def scopes(e: Evidence) -> Section:
    """Each scope with what it is made of."""
    headings: list[Heading] = [
        ("part", "Part", ""),
        ("ours", "In our inventory", ""),
        ("lb", "Location-based", "gCO2e", "*"),
        ("low", "Low", "gCO2e"),
        ("high", "High", "gCO2e"),
        ("mb", "Market-based", "gCO2e"),
    ]
    made = table(
        "scopes", "Scopes of AWS operations, allocated to us", headings,
        [_scope(e, part) for part in _PARTS], additive=("lb", "mb"),
        notes=("Low and high bound 95 % of the location-based value; they do not add up.", DUAL),
        missing="n/e",
    )  # fmt: skip
    names = ("scope1", "scope2_lb", "scope2_mb", "scope3", "total_lb", "total_mb")
    return Section(
        "scopes", 3, "Scopes", (PERSPECTIVE,), tuple(f"provider.{n}" for n in names),
        tables=(made,),
    )  # fmt: skip


def _scope(e: Evidence, names: tuple[str, str, str, str, str]) -> Row:
    key, label, lb, mb, part = names
    band = e.intervals.get(part)
    shift = (e.market.scope1 or 0.0) if key == TOTAL_KEY else 0.0
    return row(
        key,
        label,
        "3.1",
        getattr(e.scopes, lb, None),
        band.low + shift if band else None,
        band.high + shift if band else None,
        getattr(e.scopes, mb, None),
        drill=Drill(part) if part and not shift else None,
        is_total=key == TOTAL_KEY,
    )


def intensity(e: Evidence) -> Section:
    """Emissions per unit of money and activity."""
    money = ("lb_per_revenue", "mb_per_revenue", "lb_per_usd", "mb_per_usd")
    activity = ("per_instance_hour", "per_vcpu_hour", "sci_per_vcpu_hour", "per_kwh")
    notes = (
        "SCI is (energy × direct intensity + hardware) ÷ vCPU-hours, location-based, without "
        "market instruments.",
        "Cost is what is known of the period; its settlement takes about three days.",
    )
    figures = (
        *(f"intensity.{name}" for name in (*money, *activity)),
        "cost.effective",
        "cost.list",
        "activity.instance_hours",
        "activity.vcpu_hours",
    )
    return Section("intensity", 5, "Intensity", (), figures, notes=notes)

"""The headline figures of a report, each with its interval, quality, datapoints and factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from spectra.reporting import cost_notes, paid_days
from spectra.reporting.data_quality import dqr
from spectra.reporting.evidence import Evidence
from spectra.reporting.parts import Drill, Figure, Quality, Unit
from spectra.units import mass_text

_OPERATIONAL = ("method", "power", "pue", "grid")
# Ids in `Report.factors` of what each part of a sum follows from.
FACTORS = {
    "energy_kwh": ("method", "power", "pue"),
    "scope2_lb_g": _OPERATIONAL,
    "upstream_g": _OPERATIONAL,
    "td_g": (*_OPERATIONAL, "losses"),
    "embodied_g": ("method", "embodied"),
    "scope3_g": (*_OPERATIONAL, "losses", "embodied"),
    "total_g": (*_OPERATIONAL, "losses", "embodied"),
    "sci_g": (*_OPERATIONAL, "embodied"),
}
AWS, OURS = "AWS operations, allocated to us", "Our inventory"
NOT_STATED = "Not estimated: only AWS can state it, and no figure of AWS's covers the whole period."


def headline_figures(e: Evidence) -> tuple[Figure, ...]:
    """All headline figures with the datapoints that each answers; an unknown one has no quality."""
    views = [*_named(AWS, _provider(e)), *_named(OURS, _customer(e))]
    made = [*views, *_activity(e), *_intensity(e), *_quality(e), *_others(e)]
    answers: dict[str, list[str]] = {}
    for requirement in e.catalog.requirements:
        answers.setdefault(requirement.figure, []).append(requirement.id)
    return tuple(
        replace(
            figure,
            quality=figure.quality if figure.value is not None else "",
            datapoints=tuple(answers.get(figure.id, ())),
        )
        for figure in made
    )


def _named(view: str, figures: Iterator[Figure]) -> Iterator[Figure]:
    """Figures whose label says whose inventory they are of: the two are easily mistaken."""
    for figure in figures:
        yield replace(figure, label=f"{view}: {figure.label[0].lower()}{figure.label[1:]}")


def _quality_of(e: Evidence) -> Quality:
    return "demo" if e.is_demo else "estimated"


def _part(  # noqa: PLR0913 (a figure has that many sides)
    e: Evidence, id: str, label: str, value: float | None, part: str, *, shift: float = 0.0
) -> Figure:
    """A sum of the ledger with its interval.

    `shift` is AWS's scope 1, which has neither interval nor rows; the note names it.
    """
    band = e.intervals.get(part)
    return Figure(
        id,
        label,
        value,
        "gCO2e",
        low=band.low + shift if band else None,
        high=band.high + shift if band else None,
        quality=_quality_of(e),
        coverage=e.coverage,
        factors=FACTORS[part],
        note=_of_scope1(shift) if value is not None else _nothing(e),
        drill=Drill(part),
    )


def _of_scope1(grams: float) -> str:
    return f"AWS's scope 1 of {mass_text(grams)} CO₂e in it has no rows." if grams else ""


def _nothing(e: Evidence) -> str:
    return "No resource of the boundary is known in the period." if e.is_empty else ""


def _provider(e: Evidence) -> Iterator[Figure]:
    s = e.scopes
    scope1 = s.scope1 if s else None
    note = "" if scope1 is not None else _nothing(e) or NOT_STATED
    yield Figure("provider.scope1", "Scope 1", scope1, "gCO2e", quality="imported", note=note)
    parts = [
        ("scope2_lb", "Scope 2, location-based", s.scope2_lb if s else None, "scope2_lb_g"),
        ("fera_upstream", "Scope 3, upstream of electricity", s.fera_upstream if s else None,
         "upstream_g"),
        ("fera_td", "Scope 3, transmission and distribution losses", s.fera_td if s else None,
         "td_g"),
        ("hardware", "Scope 3, hardware", s.hardware if s else None, "embodied_g"),
        ("scope3", "Scope 3", s.scope3 if s else None, "scope3_g"),
    ]  # fmt: skip
    for name, label, value, part in parts:
        yield _part(e, f"provider.{name}", label, value, part)
    yield _market_based(e)
    note = _nothing(e) or "Not estimated: AWS does not state it apart."
    yield Figure("provider.buildings", "Scope 3, buildings", None, "gCO2e", note=note)
    total = s.total_lb if s else None
    yield _part(
        e, "provider.total_lb", "Total, location-based", total, "total_g", shift=scope1 or 0
    )
    yield _total_mb(e, "provider.total_mb", "Total, market-based")


_BASIS = {
    "location-based": "No residual mix and no figure of AWS's: market-based equals location-based.",
    "mixed": "AWS's own figures as far as it states them; the rest equals location-based.",
    "aws": "AWS's own figures, shared out by location-based scope 2.",
}


def _market_based(e: Evidence) -> Figure:
    value = e.scopes.scope2_mb if e.scopes else None
    made = _part(e, "provider.scope2_mb", "Scope 2, market-based", value, "scope2_lb_g")
    return _market_noted(e, made, "Its rows are location-based.")


def _total_mb(e: Evidence, id: str, label: str) -> Figure:
    value = e.scopes.total_mb if e.scopes else None
    shift = e.market.scope1 or 0.0
    made = _part(e, id, label, value, "total_g", shift=shift)
    noted = _market_noted(e, made, "Its rows are scope 3 alone.")
    return noted if e.market.basis == "location-based" else replace(noted, drill=Drill("scope3_g"))


def _market_noted(e: Evidence, figure: Figure, rows: str) -> Figure:
    """A market-based figure: an interval and rows only as far as it is the location-based one."""
    if e.is_empty:
        return figure
    is_ours = e.market.basis == "location-based"
    notes = (_BASIS[e.market.basis], "" if is_ours else rows, figure.note)
    made = replace(figure, factors=(*figure.factors, "market"), note=" ".join(filter(None, notes)))
    if is_ours:
        return made
    quality: Quality = "imported" if e.market.basis == "aws" else "mixed"
    return replace(made, low=None, high=None, quality=quality)


def _customer(e: Evidence) -> Iterator[Figure]:
    c = e.scopes.customer_view() if e.scopes else None
    zero = "No source is owned or controlled and no electricity is bought in this boundary."
    for id, label, value in (
        ("customer.scope1", "Scope 1", c.scope1 if c else None),
        ("customer.scope2", "Scope 2", c.scope2 if c else None),
    ):
        yield Figure(id, label, value, "gCO2e", note=zero if c else _nothing(e))
    shift = e.market.scope1 or 0.0
    for id, label, value in (
        ("scope3_1_lb", "Scope 3 category 1, location-based", c.category1_lb if c else None),
        ("total_lb", "Total, location-based", c.total_lb if c else None),
    ):
        yield _part(e, f"customer.{id}", label, value, "total_g", shift=shift)
    yield _total_mb(e, "customer.scope3_1_mb", "Scope 3 category 1, market-based")
    yield _total_mb(e, "customer.total_mb", "Total, market-based")


def instance_hours(e: Evidence) -> float | None:
    """Running hours of instances; None for an empty report."""
    return e.total.get("running_hours")


def vcpu_hours(e: Evidence) -> float | None:
    """Running hours of instances × their vCPU; None for an empty report."""
    rows = e.bands[e.bands["service"] == "Amazon EC2"]
    if e.is_empty:
        return None
    vcpu = [e.catalog.instance_type(name).type.vcpu for name in rows["resource_type"]]
    return float((rows["resource_hours"] * vcpu).sum())


def _activity(e: Evidence) -> Iterator[Figure]:
    energy = _part(
        e, "energy.kwh", "Energy at the data-centre meter", e.total.get("energy_kwh"), "energy_kwh"
    )
    yield replace(energy, unit="kWh", coverage=e.utilisation_coverage)
    resources = None if e.is_empty else float(e.accounted.resources)
    of_machines = Drill("resource_hours", service="Amazon EC2")
    yield Figure("activity.resources", "Resources", resources, "count",
                 note=_nothing(e),
                 drill=Drill("resource_hours"))  # fmt: skip
    yield Figure("activity.instance_hours", "Instance-hours", instance_hours(e), "h",
                 note=_nothing(e), drill=of_machines)  # fmt: skip
    yield Figure("activity.vcpu_hours", "vCPU-hours", vcpu_hours(e), "vCPU-h",
                 note=_nothing(e),
                 drill=of_machines)  # fmt: skip
    paid: Quality = "mixed" if e.is_demo else ""
    yield Figure("cost.effective", "Effective cost", e.costs["effective_usd"], "USD", quality=paid,
                 note=cost_notes.of_effective(e), drill=Drill("effective_cost_usd"))  # fmt: skip
    stated = "stated_list_cost_usd" if e.costs["is_list_stated"] else "list_cost_usd"
    yield Figure("cost.list", "List cost", e.costs["list_usd"], "USD", quality=paid,
                 note=cost_notes.of_list(e), drill=Drill(stated))  # fmt: skip


def _intensity(e: Evidence) -> Iterator[Figure]:
    s = e.scopes
    lb = _part(e, "", "", s.total_lb if s else None, "total_g", shift=e.market.scope1 or 0.0)
    mb = _total_mb(e, "", "")
    sci = _part(e, "", "", s.scope2_lb + s.hardware if s else None, "sci_g")
    # Energy is as uncertain as scope 2, of which it is a factor: no interval follows from one.
    scope2 = replace(
        _part(e, "", "", s.scope2_lb if s else None, "scope2_lb_g"), low=None, high=None
    )
    # Dollars of some days or accounts under grams of all of them would be no ratio of anything;
    # where a few rows have no price it is a little too high, and says so.
    paid = paid_days.of_them(e)
    lacking = cost_notes.missing(paid)
    usd = paid.costs["effective_usd"] if lacking in ("", cost_notes.few_unpriced(paid)) else None
    lb_paid, mb_paid = (
        replace(f, note=f"{f.note} {lacking}".strip())
        for f in (paid_days.on_them(e, lb), paid_days.on_them(e, mb))
    )
    currency, revenue = e.request.currency, e.request.revenue
    no_revenue = "Needs the net revenue of the period."
    no_usd = lacking or "The cost of the period is not above 0."
    metrics: list[tuple[str, str, Figure, float | None, Unit, str]] = [
        ("lb_per_revenue", f"Location-based per {currency} of net revenue", lb, revenue,
         "gCO2e/revenue", no_revenue),
        ("mb_per_revenue", f"Market-based per {currency} of net revenue", mb, revenue,
         "gCO2e/revenue", no_revenue),
        ("lb_per_usd", "Location-based per USD of cloud spend", lb_paid, usd, "gCO2e/USD", no_usd),
        ("mb_per_usd", "Market-based per USD of cloud spend", mb_paid, usd, "gCO2e/USD", no_usd),
        ("per_instance_hour", "Per instance-hour", lb, instance_hours(e), "gCO2e/h",
         "No instance ran."),
        ("per_vcpu_hour", "Per vCPU-hour", lb, vcpu_hours(e), "gCO2e/vCPU-h", "No instance ran."),
        ("sci_per_vcpu_hour", "SCI per vCPU-hour", sci, vcpu_hours(e), "gCO2e/vCPU-h",
         "No instance ran."),
        ("per_kwh", "Scope 2, location-based, per kWh", scope2, e.total.get("energy_kwh"),
         "gCO2e/kWh", "No energy is known."),
    ]  # fmt: skip
    for id, label, grams, base, unit, why_not in metrics:
        made = replace(grams, id=f"intensity.{id}", label=label, unit=unit)
        yield _per(made, base, _nothing(e) or why_not)


def _per(grams: Figure, base: float | None, why_not: str) -> Figure:
    """A figure and its interval over a base; None and why where there is no base."""
    if grams.value is None or not base or base <= 0:
        return Figure(grams.id, grams.label, None, grams.unit, note=why_not)
    low, high = (None if x is None else x / base for x in (grams.low, grams.high))
    return replace(grams, value=grams.value / base, low=low, high=high)


def _quality(e: Evidence) -> Iterator[Figure]:
    yield Figure("quality.hours", "Hours of the period accounted for", e.hours_share, "share")
    yield Figure("quality.coverage", "Energy with a stated grid intensity (A, B)", e.coverage,
                 "share", note=_nothing(e))  # fmt: skip
    yield Figure("quality.utilisation", "Energy with measured utilisation",
                 e.utilisation_coverage, "share", note=_nothing(e))  # fmt: skip
    yield Figure("quality.dqr", "Data quality rating, 1 best to 5 worst", dqr(e.tiers), "score",
                 note=_nothing(e))  # fmt: skip
    yield Figure("market.aws_share", "Market-based scope 2 from AWS's own figures",
                 None if e.is_empty else e.market.aws_share, "share")  # fmt: skip
    s = e.scopes
    share = (s.scope1 or 0.0) / s.total_lb if s and s.total_lb else None
    yield Figure("scope3.primary_share", "Scope 3 category 1 from the supplier's own figures",
                 share, "share")  # fmt: skip


def _others(e: Evidence) -> Iterator[Figure]:
    r = e.reductions
    none = "No recommendation was carried out." if r.changes.empty else ""
    unknown = none or "What they were to save is not known."
    yield Figure("reductions.promised", "Carried out: saved in the period as promised",
                 r.promised_g, "gCO2e", note=unknown if r.promised_g is None else "")  # fmt: skip
    yield Figure("reductions.realised", "Carried out: saved in the period as measured",
                 r.realised_g, "gCO2e", quality=_quality_of(e),
                 note=(none or "Not measured.") if r.realised_g is None else "")  # fmt: skip
    none = "No machine was moved." if r.moves.empty else ""
    yield Figure("reductions.moved", "Moved to another region: saved in the period as promised",
                 r.moved_g, "gCO2e",
                 note=(none or "Not promised.") if r.moved_g is None else "")  # fmt: skip
    yield Figure("reductions.moved_realised", "Moved to another region: saved as measured",
                 r.moved_realised_g, "gCO2e", quality=_quality_of(e),
                 note=(none or "Not measured.") if r.moved_realised_g is None else "")  # fmt: skip
    unplaced = "No job was placed." if r.runs == 0 else ""
    if e.request.teams or e.request.accounts:
        unplaced = "A job is of no team or account."
    yield Figure("reductions.shifted", "Jobs placed by carbon: saved as planned", r.shifted_g,
                 "gCO2e", note=unplaced)  # fmt: skip
    yield Figure("reductions.shifted_realised", "Jobs placed by carbon: saved as measured",
                 r.shifted_realised_g, "gCO2e", note=unplaced or f"{r.measured_runs} of "
                 f"{r.runs} runs are measured.")  # fmt: skip
    yield Figure("reductions.open", "Advised and open: would save", r.open_g_per_h, "gCO2e/h",
                 note="The fleet was never judged." if r.open_g_per_h is None else "")  # fmt: skip
    known = e.last_year_reconciled["k"].dropna()
    yield Figure("reconciliation.k_median", "AWS's scope 2 over ours, median of a year",
                 float(known.median()) if len(known) else None, "ratio",
                 note="" if len(known) else "AWS states no scope 2 of a whole month.")  # fmt: skip

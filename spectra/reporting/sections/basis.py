"""What the figures rest on: methods and factors, data quality, uncertainty, exclusions."""

from __future__ import annotations

from spectra.carbon import uncertainty
from spectra.reporting.data_quality import rating
from spectra.reporting.evidence import DRAWS, SEED, Evidence
from spectra.reporting.model import Factor
from spectra.reporting.parts import Section, Table
from spectra.reporting.sensitivity import alternatives
from spectra.reporting.tables import Heading, from_frame, row, table
from spectra.units import counted

METHODS = (
    "Energy is the power of each machine at its load, times running hours and PUE. Emissions are "
    "energy times the grid intensity of its zone, hour by hour. Scope 2 uses the direct factor; "
    "upstream is lifecycle less direct; losses are lifecycle × L/(1−L). Hardware is charged per "
    "running hour by share of vCPU.",
    "Intensities are flow-traced averages. Marginal intensity is never used. Global warming "
    "potentials are of 100 years as the factors' sources state them (AR6 for Electricity Maps).",
)


def methods(e: Evidence, factors: tuple[Factor, ...]) -> Section:
    """Methods, sources with licence and hash, and each factor in use."""
    headings: list[Heading] = [
        ("id", "Id", ""), ("name", "Name", ""), ("version", "Version", ""),
        ("source", "Source", ""), ("licence", "Licence", ""), ("sha256", "SHA-256", ""),
    ]  # fmt: skip
    used: list[Heading] = [
        ("id", "Id", ""), ("name", "Factor", ""), ("value", "Value", "ratio"), ("unit", "Unit", ""),
        ("version", "Version", ""), ("source", "Source", ""),
    ]  # fmt: skip
    general = [f for f in factors if ":" not in f.id or f.id.startswith("source:")]
    specific = [f for f in factors if f not in general]
    text = (*METHODS, f"The factor set as a whole has the SHA-256 {e.catalog.fingerprint}.")
    tables = (
        table("methods", "Methods and sources", headings,
              [row(f.id, *(getattr(f, h[0]) for h in headings)) for f in general]),
        table("factors", "Factors in use", used,
              [row(f.id, *(getattr(f, h[0]) for h in used)) for f in specific]),
    )  # fmt: skip
    return Section("methods", 10, "Methods and factors", text, tables=tables)


def quality(e: Evidence) -> Section:
    """Coverage, tiers of each input, and the rating."""
    names = ("hours", "coverage", "utilisation", "dqr")
    text: tuple[str, ...] = (
        "Intensity: A measured, B estimated by the provider, C to F filled in. Utilisation: T1 "
        "measured, T2 to T4 filled in. Power: A measured curve, C derived, D unknown type. "
        "Nothing unknown is counted as 0 and no hour is left out.",
        "The rating is the mean of the three inputs' energy-weighted tiers, 1 best to 5 worst.",
    )
    if floored := int(e.grids["floored_hours"].sum()):
        text = (
            *text,
            f"In {counted(floored, 'hour')} of the zones in use the direct factor is above "
            "the lifecycle one, so that nothing is left for upstream: it is counted as 0 there, "
            "never below.",
        )
    headings: list[Heading] = [
        ("input", "Input", ""), ("tier", "Tier", ""), ("energy_kwh", "Energy", "kWh"),
        ("share", "Share", "share"), ("rating", "Rating", "score"),
    ]  # fmt: skip
    rated = e.tiers.assign(
        rating=[rating(i, t) for i, t in zip(e.tiers["input"], e.tiers["tier"], strict=True)]
    )
    tiers = from_frame(
        "tiers", "Energy by tier of each input", headings, rated,
        lambda r: f"{r['input']}:{r['tier']}",
    )  # fmt: skip
    return Section(
        "quality", 11, "Data quality and coverage", text,
        tuple(f"quality.{n}" for n in names), tables=(tiers, _grids(e)),
    )  # fmt: skip


def _grids(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("zone", "Zone", ""), ("tier", "Tier", ""), ("source", "Source", ""),
        ("hours", "Hours", "count"), ("direct_g_per_kwh", "Mean direct", "gCO2e/kWh"),
        ("lifecycle_g_per_kwh", "Mean lifecycle", "gCO2e/kWh"),
    ]  # fmt: skip
    return from_frame(
        "grids", "Grid intensity by zone", headings, e.grids,
        lambda r: f"{r['zone']}:{r['tier']}:{r['source']}",
    )  # fmt: skip


def uncertain(e: Evidence) -> Section:
    """Intervals, spreads, and what another choice would give."""
    text = (
        f"95 % intervals by simulation: {DRAWS:,} draws with the seed {SEED}. The power model, "
        "hardware, PUE of a region and grid of a zone are shared by all machines that use them, so "
        "their errors do not shrink with the size of the fleet; utilisation alone is independent.",
    )
    return Section(
        "uncertainty", 12, "Uncertainty and sensitivity", text,
        tables=(_spreads(), _sensitivities(e)),
    )  # fmt: skip


def _spreads() -> Table:
    headings: list[Heading] = [
        ("factor", "Factor", ""), ("tier", "Tier", ""), ("gsd", "Spread (GSD)", "ratio"),
        ("shared", "Shared by", ""),
    ]  # fmt: skip
    groups: list[tuple[str, dict[str, float], str]] = [
        ("Power curve", uncertainty.POWER_GSD, "all machines"),
        ("Grid intensity", uncertainty.INTENSITY_GSD, "a zone"),
        ("Utilisation", {f"T{k}": v for k, v in uncertainty.UTILISATION_GSD.items()}, "a machine"),
        ("PUE", {"regional": uncertainty.PUE_REGIONAL_GSD, "global": uncertainty.PUE_GLOBAL_GSD},
         "a region"),
        ("Grid losses", {"all": uncertainty.TD_GSD}, "a country"),
        ("Hardware", {"all": uncertainty.EMBODIED_GSD}, "all machines"),
    ]  # fmt: skip
    rows = [
        row(f"{name}:{tier}", name, tier, gsd, shared)
        for name, gsds, shared in groups
        for tier, gsd in gsds.items()
    ]
    burst = "Of burstable types the low side reaches to their share of memory instead of vCPUs."
    return table("spreads", "Spread of each factor", headings, rows, notes=(burst,))


def _sensitivities(e: Evidence) -> Table:
    headings: list[Heading] = [
        ("choice", "Choice", ""), ("total", "Total, location-based", "gCO2e"),
        ("difference", "Difference", "gCO2e"), ("change", "Change", "share"),
    ]  # fmt: skip
    total = e.scopes.total_lb if e.scopes else None
    rows = [row("central", "As reported", total, None, None)]
    for a in alternatives(e):
        difference = None if a.total_g is None or total is None else a.total_g - total
        change = difference / total if difference is not None and total else None
        rows.append(row(a.key, a.choice, a.total_g, difference, change))
    return table(
        "sensitivities", "What another choice would give", headings, rows,
        notes=("Each choice alone, all else as reported; the differences do not add up.",),
    )  # fmt: skip


def exclusions(e: Evidence) -> Section:
    """What is left out, why, and how large it is where that is known."""
    headings: list[Heading] = [
        ("what", "Left out", ""), ("why", "Why", ""), ("size", "Known size", "gCO2e"),
        ("size_note", "Size", ""),
    ]  # fmt: skip
    unknown = "not known"
    size = "not known by team" if e.request.teams else unknown
    rows = [
        row("buildings", "Scope 3: buildings of data centres", "AWS does not state it apart.",
            None, "AWS's total of scope 3 holds it"),
        row("services", "Services other than EC2 and EBS", "No usage of them is read.",
            e.other_services_g, size if e.other_services_g is None else "AWS's own figure"),
        row("hosts", "Idle part of dedicated hosts", "Instances on them count by their share of "
            "vCPUs, as on shared hardware.", None, _on_hosts(e.on_hosts)),
        row("volumes", "Hardware of volumes", "Published figures differ too widely.", None,
            unknown),
        row("snapshots", "Snapshots", "Their size is not read.", None, unknown),
        row("network", "Network between regions and to the internet", "Its traffic is not read "
            "by destination.", None, unknown),
        row("users", "Devices of end users", "Outside the boundary.", None, unknown),
        row("accelerators", "Accelerators other than GPUs", "No power figure is published.", None,
            unknown),
    ]  # fmt: skip
    if e.scopes is None or e.scopes.scope1 is None:
        rows.insert(0, row("scope1", "Scope 1 of AWS", "Only AWS can state it; no figure covers "
                           "the whole period.", None, unknown))  # fmt: skip
    made = table("exclusions", "Exclusions", headings, rows)
    text = ("What is not estimated is left out of the totals and listed here; it is never 0.",)
    return Section("exclusions", 13, "Exclusions", text, tables=(made,))


def _on_hosts(count: int) -> str:
    """How far dedicated hosts are at stake."""
    if not count:
        return "no instance of the period ran on one"
    return f"{count} instance{'s' if count > 1 else ''} of the period ran on one; not known"

"""A full report put together by hand, with what the faces must cope with."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from PIL import Image

from spectra.reporting.faces.logo import checked_logo
from spectra.reporting.model import (
    SCHEMA,
    Blocker,
    Cover,
    Datapoint,
    Factor,
    InputHash,
    Manifest,
    Report,
    Request,
)
from spectra.reporting.parts import Chart, Column, Figure, Row, Section, Series, Table

HOSTILE = (
    "<script>alert(1)</script><b>&amp;",
    '=HYPERLINK("http://evil.example","x")',
    "@SUM(A1)|cmd' /C calc'!A0",
    "x" * 1_000,
    "wort " * 200,
    "team 🌍🚀 ümläut",
    "צוות ענן",
    "فريق السحابة",
    "雲チーム",
    "a\x00b\x07c\u202egnp.exe\ud83d",
    "| pipe | `code` [link](javascript:alert(1))",
    "</table></script><!--",
    "${7*7} {{7*7}} %s %(x)s",
    "   ",
    "line\nbreak\ttab",
)
_START = datetime(2026, 7, 1, tzinfo=UTC)
_END = datetime(2026, 10, 1, tzinfo=UTC)
_SHA = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"
_PARTS = ("Scope 2", "Upstream of energy", "Grid losses", "Embodied")


def logo() -> str:
    """A green picture of 240 × 80 pixels as a data URI."""
    content = io.BytesIO()
    Image.new("RGB", (240, 80), "#0b6e4f").save(content, "PNG")
    return checked_logo(content.getvalue()).uri


def sample(template: str = "full", **changes: object) -> Report:
    """A report of a quarter; `changes` are fields of its request or its cover."""
    request = Request(
        period="2026-Q3",
        start=_START,
        end=_END,
        template=template,
        company="Aurora Grocers",
        entity="Aurora Grocers Holding SE, Rotterdam",
        logo=logo(),
        revenue=48e6,
        assurance="Limited assurance under ISSA 5000 is planned for the year 2026.",
        prepared_by="Sustainability office",
    )
    cover = _cover(request)
    known = {name: value for name, value in changes.items() if hasattr(request, name)}
    request = replace(request, **known)
    shown = {name: value for name, value in changes.items() if hasattr(cover, name)}
    return Report(
        SCHEMA,
        request,
        replace(cover, **shown),
        _figures(),
        _sections(),
        _blockers(),
        _factors(),
        _datapoints(),
        _manifest(request),
        _SHA,
    )


def hostile(template: str = "full") -> Report:
    """The sample with hostile texts wherever people can type one."""
    report = sample(template)
    table = report.sections[3].tables[0]
    rows = tuple(Row(name, (name, *table.rows[0].cells[1:])) for name in dict.fromkeys(HOSTILE))
    broken = replace(table, rows=rows, title=HOSTILE[0], notes=HOSTILE)
    chart = report.sections[3].charts[0]
    values = tuple(float(i) for i in range(len(HOSTILE)))
    bars = replace(
        chart,
        x=HOSTILE,
        series=(Series("a", HOSTILE[3], values),),
        title=HOSTILE[1],
        alt=HOSTILE[0],
    )
    section = replace(
        report.sections[3], title=HOSTILE[3], text=HOSTILE, charts=(bars,), tables=(broken,)
    )
    cover = replace(
        report.cover, company=HOSTILE[3], entity=HOSTILE[0], title=HOSTILE[4], boundary=HOSTILE[7]
    )
    sections = (*report.sections[:3], section, *report.sections[4:])
    return replace(report, cover=cover, sections=sections, numbers={})


def _cover(request: Request) -> Cover:
    return Cover(
        "Cloud carbon report",
        "draft",
        "1 July to 30 September 2026",
        "All regions, all teams, all accounts",
        "Customer (operational control): the cloud is Scope 3, category 1",
        request.company,
        request.entity,
        request.logo,
        request.assurance,
        "not audit-ready",
        0.874,
        "12.6 % of the energy had no measured intensity; it was filled with the zone's averages.",
        datetime(2026, 10, 5, 9, 30, tzinfo=UTC),
        datetime(2026, 9, 30, 23, tzinfo=UTC),
    )


def _figures() -> tuple[Figure, ...]:
    total = 41_873_441.123456789
    return (
        Figure(
            "provider.total_lb",
            "Total, location-based",
            total,
            "gCO2e",
            30.1e6,
            58.2e6,
            "estimated",
            0.874,
            ("E1-6.44",),
            ("intensity",),
        ),
        Figure(
            "provider.total_mb",
            "Total, market-based",
            None,
            "gCO2e",
            quality="estimated",
            note="Not estimated: no contract is on file.",
        ),
        Figure(
            "energy",
            "Energy at the meter",
            118_402.5,
            "kWh",
            101_000.0,
            137_500.0,
            "estimated",
            1.0,
        ),
        Figure(
            "intensity.revenue", "Intensity of revenue", total / 48e6, "gCO2e/USD", quality="input"
        ),
        Figure(
            "reductions.realised",
            "Reductions realised, outside the inventory",
            -1_204_113.7,
            "gCO2e",
            -2.0e6,
            -0.6e6,
            "estimated",
        ),
        Figure("coverage", "Coverage", 0.874, "share"),
    )


def _days() -> tuple[str, ...]:
    return tuple(f"{_START + timedelta(days=i):%Y-%m-%d}" for i in range(92))


def _line(number: int) -> Chart:
    values = [4.5e5 + 8e4 * math.sin(i / 7) + 3e4 * math.sin(i) for i in range(92)]
    known: list[float | None] = [*values]
    known[40:44] = [None] * 4
    low = tuple(None if v is None else v * 0.75 for v in known)
    high = tuple(None if v is None else v * 1.35 for v in known)
    series = (Series("total", "All emissions", tuple(known), low, high),)
    return Chart(
        "profile.days",
        number,
        "line",
        "Emissions rose in August and fell again in September",
        "Day (UTC)",
        "CO₂e per day",
        "gCO2e",
        _days(),
        series,
        "A line of 92 days between 0.3 and 0.6 t; four days in August are not known.",
        ("Days without data are left open.",),
    )


def _stack(number: int) -> Chart:
    months = ("2026-07", "2026-08", "2026-09")
    series = tuple(
        Series(f"s{i}", name, tuple(2.5e6 * (4 - i) * (1 + 0.1 * m) for m in range(3)))
        for i, name in enumerate(_PARTS)
    )
    return Chart(
        "scopes.months",
        number,
        "stacked",
        "Two thirds are the electricity of the machines",
        "Month",
        "CO₂e",
        "gCO2e",
        months,
        series,
        "Three stacked bars, growing by a tenth.",
    )


def _bars(number: int) -> Chart:
    names = (
        "eu-central-1 Frankfurt",
        "us-east-1 Northern Virginia",
        "ap-south-1 Mumbai",
        "eu-north-1 Stockholm",
        "sa-east-1 São Paulo",
    )
    values = (15.2e6, 12.4e6, 9.9e6, 0.3e6, None)
    return Chart(
        "regions.bars",
        number,
        "bar",
        "Frankfurt and Virginia hold two thirds of the emissions",
        "Region",
        "CO₂e",
        "gCO2e",
        names,
        (Series("total", "All emissions", values),),
        "Five bars, from 15.2 t to 0.3 t; São Paulo is not estimated.",
    )


def _breakdown(id: str, number: int, title: str, names: list[str]) -> Table:
    columns = (
        Column("name", title.rpartition(" by ")[2].capitalize()),
        Column("total", "Total", "gCO2e"),
        Column("scope2", "Scope 2 of AWS", "gCO2e"),
        Column("embodied", "Embodied", "gCO2e"),
        Column("energy", "Energy", "kWh"),
        Column("share", "Share", "share"),
        Column("per_kwh", "Intensity", "gCO2e/kWh"),
        Column("cost", "Cost", "USD"),
    )
    rows = []
    for i, name in enumerate(names):
        total = 41_873_441.0 / (i + 2) ** 1.3
        embodied = None if i == 3 else total * 0.2
        rows.append(
            Row(
                name,
                (
                    name,
                    total,
                    total * 0.6,
                    embodied,
                    total / 350,
                    1 / (i + 2),
                    350.1 + i,
                    total / 90,
                ),
            )
        )
    sums = [sum(row.cells[i] or 0.0 for row in rows) for i in (1, 2, 4, 7)]
    total_row = ("Total", sums[0], sums[1], None, sums[2], 1.0, sums[0] / sums[2], sums[3])
    rows.append(Row("total", total_row, is_total=True))
    notes = ("Embodied emissions of one row are not estimated: its instance type is unknown.",)
    return Table(
        id, number, title, columns, tuple(rows), ("total", "scope2", "energy", "cost"), notes, "n/e"
    )


def _sources() -> Table:
    columns = (Column("name", "Name"), Column("source", "Source"), Column("sha", "SHA-256"))
    rows = tuple(Row(f.id, (f.name, f.source, f.sha256)) for f in _factors())
    return Table("sources", 4, "Sources", columns, rows)


def _sections() -> tuple[Section, ...]:
    regions = ["eu-central-1", "us-east-1", "ap-south-1", "eu-north-1", "sa-east-1"]
    teams = [f"team-{i:02d} with a name of some length" for i in range(70)]
    texts = {
        "summary": (
            "The cloud emitted 41.9 t CO₂e in the third quarter, within 30 and 58 t.",
            "Both perspectives have equal totals. Offsets are not netted: the inventory is gross.",
        ),
        "boundary": (
            "The boundary follows operational control → the customer reports Scope 3, category 1.",
        ),
        "exclusions": (
            "Buildings, end users’ devices and data transfer over the internet are left out.",
        ),
    }
    full = {
        "summary": {"figures": tuple(f.id for f in _figures())},
        "scopes": {
            "charts": (_stack(1),),
            "tables": (_breakdown("scopes.parts", 1, "Emissions by part", list(_PARTS)),),
        },
        "breakdowns": {
            "charts": (_bars(2),),
            "tables": (
                _breakdown("regions", 2, "Emissions by region", regions),
                _breakdown("teams", 3, "Emissions by team", teams),
            ),
        },
        "profile": {"charts": (_line(3),)},
        "intensity": {"figures": ("intensity.revenue",)},
        "quality": {"tables": (_sources(),)},
    }
    titles = {
        "summary": "Summary",
        "boundary": "Boundary and perspective",
        "scopes": "Scopes",
        "breakdowns": "Breakdown",
        "intensity": "Intensity",
        "profile": "Profile in time",
        "reductions": "Reductions, outside the inventory",
        "reconciliation": "Reconciliation with AWS",
        "quality": "Quality of the data",
        "uncertainty": "Uncertainty and sensitivity",
        "exclusions": "Exclusions",
        "restatements": "Restatements",
    }
    default = ("SPECTRA computes energy × intensity for every hour, and sums. ≤ 5 % is tolerated.",)
    return tuple(
        Section(id, i, title, texts.get(id, default), **full.get(id, {}))
        for i, (id, title) in enumerate(titles.items(), 1)
    )


def _blockers() -> tuple[Blocker, ...]:
    return (
        Blocker(
            "coverage",
            "Coverage is 87 %, below 95 %.",
            "Fetch the intensity of ap-south-1 for August.",
            "quality",
        ),
        Blocker(
            "entity",
            "The market-based total is not estimated.",
            "Enter the contracts in Settings.",
            "scopes",
            False,
        ),
    )


def _factors() -> tuple[Factor, ...]:
    return (
        Factor(
            "intensity",
            "Grid carbon intensity, lifecycle, hourly",
            "2026-10-04",
            "https://www.electricitymaps.com",
            "ODbL 1.0",
            _SHA,
        ),
        Factor(
            "pue",
            "Power usage effectiveness of eu-central-1",
            "2025",
            "AWS sustainability pages",
            "published figures",
            value=1.12,
            unit="ratio",
        ),
        *(
            Factor(
                f"type.{i}",
                f"Power of the instance type m{i}.xlarge",
                "b0032d9",
                "Cloud Carbon Footprint",
                "Apache-2.0",
                _SHA,
                20.0 + i,
                "W",
            )
            for i in range(5, 30)
        ),
    )


def _datapoints() -> tuple[Datapoint, ...]:
    return tuple(
        Datapoint(
            f"E1-6.{i}",
            "ESRS E1" if i < 60 else "GRI 305",
            f"E1-6 §{i}",
            "Gross Scope 3 greenhouse gas emissions, significant categories",
            "partly" if i % 3 else "answered",
            "provider.total_lb",
            "Only category 1." if i % 2 else "",
        )
        for i in range(44, 74)
    )


def _manifest(request: Request) -> Manifest:
    return Manifest(
        request,
        "2026.2",
        "1f3c9aa",
        '{"embodied_years":6,"pue":"region"}',
        _SHA,
        _factors(),
        (InputHash("instance_hours", 1_204_311, _SHA), InputHash("intensity", 22_080, _SHA)),
        20_260_701,
        2_000,
        (("provider.total_lb", 41_873_441.123456789),),
    )

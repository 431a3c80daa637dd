"""A golden report, sums by every path, and what a report says when little is known."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from spectra.carbon.energy import GIB_TO_GB
from spectra.carbon.scopes import td_factor
from spectra.errors import InputError
from spectra.reporting.asking import make_request, parse_period, selection_of
from spectra.reporting.build import build
from spectra.reporting.codec import from_json, to_json
from spectra.reporting.drill import hours_of_row, months_within, narrowed, unit_of
from spectra.reporting.evidence import gather
from spectra.reporting.figures import headline_figures
from spectra.reporting.sections.breakdowns import profile
from spectra.reporting.tables import TOTAL_KEY
from spectra.reporting.words import cell_text, figure_text, interval_text, mass_unit
from spectra.store import Store, band_queries, report_queries
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger
from spectra.store.report_queries import Narrow
from spectra.store.selection import Selection
from spectra.store.writes import write_costs
from spectra.units import mass_text
from tests import fleet
from tests.reporting.conftest import (
    EVIL,
    HOURS,
    NOW,
    ONE,
    TWO,
    company,
    costs,
    october,
    rows_behind,
)
from tests.store.conftest import CATALOG
from tests.store.conftest import build as build_fleet

GOLDEN = Path(__file__).parent / "golden.json"


@pytest.fixture(scope="module")
def report(kept):
    return build(kept, CATALOG, october(), now=NOW)


def value(report, figure):
    found = report.figure(figure).value
    assert found is not None
    return found


def test_golden_figures(report):
    found = {figure.id: figure.value for figure in report.figures}
    expected = json.loads(GOLDEN.read_text())
    assert found.keys() == expected.keys()
    for name, then in expected.items():
        assert found[name] == (then if then is None else pytest.approx(then, rel=1e-9)), name


def test_one_machine_by_hand(report, kept):
    """m5.xlarge at 30 % draws 21.1 W; Frankfurt's PUE is 1.35; six years give 1.277 g/h."""
    start = datetime(2026, 10, 5, tzinfo=UTC)
    day = Selection(start, start + timedelta(days=1))
    hours = report_queries.hours(kept, day, Narrow(resource_id="i-web"))
    assert len(hours) == 24
    first = hours.iloc[0]
    kwh = 21.1 * 1.35 / 1000
    losses = td_factor(CATALOG.td_loss("DE").share)
    assert first["energy_kwh"] == pytest.approx(kwh)
    assert first["scope2_lb_g"] == pytest.approx(kwh * 320)
    assert first["upstream_g"] == pytest.approx(kwh * 60)
    assert first["td_g"] == pytest.approx(kwh * 380 * losses)
    assert first["embodied_g"] == pytest.approx(1.2769, rel=1e-4)
    month = kwh * 744 * (320 + 60 + 380 * losses) + first["embodied_g"] * 744
    by_team = next(t for t in report.tables if t.id == "by_team")
    web = next(r for r in by_team.rows if r.cells[0] == "web")
    volume_kwh = 100 * GIB_TO_GB / 1000 * 1.2 * 2 * 1.35 / 1000 * 744
    assert web.cells[1] == pytest.approx(month + volume_kwh * (320 + 60 + 380 * losses), rel=1e-6)


def test_the_factors_of_an_hour_are_in_the_report(report, kept):
    ids = {factor.id for factor in report.factors}
    start = datetime(2026, 10, 20, tzinfo=UTC)
    for resource in ("i-web", "i-data", "i-odd", "v-lost"):
        span = Selection(start, start + timedelta(hours=3))
        hours = report_queries.hours(kept, span, Narrow(resource_id=resource))
        named = hours[["power_factor", "pue_factor", "td_factor_id", "intensity_factor"]]
        assert set(named.to_numpy().ravel()) <= ids
    for figure in report.figures:
        assert set(figure.factors) <= ids, figure.id


def test_tables_add_up(report):
    told = 0
    for table in report.tables:
        totals = [row for row in table.rows if row.is_total]
        for index, column in enumerate(table.columns):
            if column.key not in table.additive or not totals:
                continue
            parts = [r.cells[index] for r in table.rows if not r.is_total]
            known = [part for part in parts if part is not None]
            if totals[0].cells[index] is None:
                assert not known, (table.id, column.key)
                continue
            assert math.fsum(known) == pytest.approx(totals[0].cells[index], rel=1e-9), (
                table.id,
                column.key,
            )
            told += 1
    assert told > 40


def test_both_views_have_equal_totals(report):
    for basis in ("lb", "mb"):
        assert value(report, f"provider.total_{basis}") == value(report, f"customer.total_{basis}")
    assert value(report, "provider.scope2_mb") == value(report, "provider.scope2_lb")
    assert value(report, "customer.scope1") == value(report, "customer.scope2") == 0
    assert report.figure("provider.scope1").value is None


def test_the_same_total_by_every_path(report, kept):
    total = value(report, "provider.total_lb")
    parts = ("scope2_lb", "fera_upstream", "fera_td", "hardware")
    paths = {
        "scopes": math.fsum(value(report, f"provider.{part}") for part in parts),
        "rows": rows_behind(kept, report, "provider.total_lb").total,
        "days": math.fsum(
            report_queries.days(kept, *narrowed(report, "provider.total_lb"))["value"]
        ),
        "json": value(from_json(to_json(report)), "provider.total_lb"),
        "manifest": dict(report.manifest.totals)["provider.total_lb"],
        "facts": kept.row(
            "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) FROM ("
            "SELECT * FROM instance_emissions UNION ALL SELECT * FROM volume_emissions)"
        )[0],
    }
    for chart in report.charts:
        for_time = chart.kind != "bar"
        paths[chart.id] = (
            math.fsum(v for s in chart.series for v in s.values) if for_time else total
        )
    for table in ("by_region", "by_team", "by_service", "by_environment", "by_account", "by_month"):
        paths[table] = value(report, f"{table}/{TOTAL_KEY}/total_lb")
    for name, found in paths.items():
        assert found == pytest.approx(total, rel=1e-9), name


def test_every_figure_that_drills_down_is_the_sum_of_its_rows(report, kept):
    told, computed = 0, set()
    for figure in report.numbers.values():
        if figure.drill is not None and figure.value is not None:
            total = rows_behind(kept, report, figure.id).total
            if figure.unit != unit_of(figure.drill.part):
                computed.add(figure.id)
                assert total > 0
                continue
            assert total == pytest.approx(figure.value, rel=1e-9), figure.id
            told += 1
    assert told > 60
    intensities = {id for id in report.numbers if id.startswith("intensity.")}
    assert computed == {*intensities, "activity.resources", "activity.vcpu_hours"}
    for id in ("cost.effective", "cost.list", "activity.instance_hours"):
        assert report.figure(id).drill is not None


@pytest.mark.parametrize(
    "figure",
    [
        "energy.kwh",
        "activity.instance_hours",
        "provider.fera_td",
        "by_team/:data/total_lb",
        "by_month/:2026-10/scope3",
    ],
)
def test_the_hours_of_a_row_sum_to_its_value(figure, report, kept):
    for row in rows_behind(kept, report, figure).frame.to_dict("records"):
        hours = report_queries.hours(kept, *hours_of_row(report, figure, row))
        assert math.fsum(hours["value"]) == pytest.approx(row["value"], rel=1e-9), row


def test_hours_are_of_the_team_the_type_and_the_days_of_the_figure():
    """One machine is of two teams and two types in turn, and the report is of two of its days."""
    store = Store()
    at = fleet.hours("2026-10-01", "2026-10-05")
    turn = {"instance_id": "i-turn"}
    build_fleet(
        store,
        instances=fleet.instances(
            {**turn, "valid_from": "2026-10-01T00:00", "valid_to": "2026-10-02T06:00"},
            {**turn, "valid_from": "2026-10-02T06:00", "valid_to": "2026-10-03T12:00",
             "tags": {"team": "data"}},
            {**turn, "valid_from": "2026-10-03T12:00", "instance_type": "m5.2xlarge",
             "tags": {"team": "data"}},
        ),
        hours=at,
        intensities=[fleet.intensities("DE", at, 320.0, 380.0)],
        utilisation=[fleet.utilisation("i-turn", at, 30.0)],
    )  # fmt: skip
    made = build(store, CATALOG, _span(october(), "2026-10-02..2026-10-03"), now=NOW)
    figure = "by_team/:data/total_lb"
    rows = rows_behind(store, made, figure).frame
    assert set(rows["resource_type"]) == {"m5.xlarge", "m5.2xlarge"}
    counts = {}
    for row in rows.to_dict("records"):
        hours = report_queries.hours(store, *hours_of_row(made, figure, row))
        assert math.fsum(hours["value"]) == pytest.approx(row["value"], rel=1e-9)
        counts[row["resource_type"]] = len(hours)
    assert counts == {"m5.xlarge": 30, "m5.2xlarge": 12}
    store.close()


def test_the_months_of_a_span_are_cut_to_it():
    start, end = parse_period("2026-11-15..2027-01-03")
    months = months_within(start, end)
    assert [f"{first:%m-%d} {after:%m-%d}" for first, after in months] == [
        "11-15 12-01", "12-01 01-01", "01-01 01-04",
    ]  # fmt: skip
    assert months_within(*parse_period("2026-10")) == [parse_period("2026-10")]


def test_what_is_no_sum_cannot_be_drilled_into(report, kept):
    with pytest.raises(InputError, match="no sum of resources"):
        rows_behind(kept, report, "quality.coverage")
    with pytest.raises(InputError, match="no figure"):
        rows_behind(kept, report, "nonsense")
    with pytest.raises(InputError, match="known by the day"):
        report_queries.hours(kept, *narrowed(report, "cost.effective"))


def test_rows_that_are_left_out_are_counted(report, kept):
    rows = report_queries.rows(kept, *narrowed(report, "provider.total_lb"), 2)
    assert (len(rows.frame), rows.count) == (2, 6)
    assert rows.total == pytest.approx(value(report, "provider.total_lb"), rel=1e-9)


def test_json_is_lossless(report):
    text = to_json(report)
    assert from_json(text) == report
    assert to_json(from_json(text)) == text
    assert from_json(to_json(report, indent=1)) == report


def test_names_from_tags_stay_text_and_have_ids_of_their_own(report):
    by_team = next(t for t in report.tables if t.id == "by_team")
    names = [row.cells[0] for row in by_team.rows]
    assert EVIL.lower() in names
    assert "unallocated" in names
    ids = [f"{t.id}/{r.key}" for t in report.tables for r in t.rows]
    assert len(set(ids)) == len(ids)
    assert all(c.isascii() and c not in '<>"=& ' for row in ids for c in row)


def test_the_daily_chart_has_every_day_and_tells_nothing_ran_from_not_known(kept):
    """i-data runs from 10 October, 06:30, on; what came before is accounted for."""
    e = gather(kept, CATALOG, _span(october(teams=["data"]), "2026-10-08..2026-10-11"), NOW)
    accounted = replace(e.accounted, first=datetime(2026, 10, 9, tzinfo=UTC))
    found = [
        profile(replace(e, accounted=each)).charts[0]
        for each in (e.accounted, accounted, replace(e.accounted, queued=1))
    ]
    assert [chart.x[0] for chart in found] == ["2026-10-08", "2026-10-09", "2026-10-08"]
    assert {chart.x[-1] for chart in found} == {"2026-10-11"}
    assert [chart.series[0].values[:-2] for chart in found] == [(0.0, 0.0), (0.0,), (None, None)]
    assert [chart.series[0].high[0] for chart in found] == [0.0, 0.0, None]
    assert found[2].notes == ("Not known and left open: 2 of the days.",)
    assert all(chart.series[0].low[-1] > 0 for chart in found)


def test_charts_are_told_in_words_with_what_they_show(report, kept):
    e = gather(kept, CATALOG, october(), NOW)
    month = e.cuts["month"]
    cuts = {
        **e.cuts,
        "month": pd.concat([month, month.assign(month=month["month"] + pd.Timedelta(days=31))]),
    }
    daily, monthly = profile(replace(e, cuts=cuts)).charts
    days = [g for g in daily.series[0].values if g is not None]
    for grams in (math.fsum(days), max(days), min(days)):
        assert mass_text(grams) in daily.alt
    one_month = mass_text(math.fsum(s.values[0] for s in monthly.series))
    assert f"2026-10 {one_month}, 2026-11 {one_month}; by part: Scope 2 " in monthly.alt
    bars = [chart for chart in report.charts if chart.kind == "bar"]
    assert all(
        f"{chart.x[0]} {mass_text(chart.series[0].values[0])}" in chart.alt for chart in bars
    )
    assert bars


def test_ids_and_numbers_count_through(report):
    assert [t.number for t in report.tables] == list(range(1, len(report.tables) + 1))
    assert [c.number for c in report.charts] == list(range(1, len(report.charts) + 1))
    assert [s.number for s in report.sections] == list(range(1, 17))
    for section in report.sections:
        assert all(report.figure(id) for id in section.figures)


def test_every_requirement_names_a_figure_that_there_is(report):
    for requirement in CATALOG.requirements:
        if requirement.figure:
            assert requirement.id in report.figure(requirement.figure).datapoints
    assert {s.file for s in CATALOG.factor_sources} <= set(CATALOG.file_hashes)
    status = {d.id: d.status for d in report.datapoints}
    assert status["esrs-e1-6-53-lb"] == "answered"
    assert status["esrs-e1-7"] == "out of reach"


def test_intensity_per_revenue_spend_and_activity(report):
    total = value(report, "provider.total_lb")
    assert value(report, "intensity.lb_per_revenue") == pytest.approx(total / 1e6)
    assert value(report, "cost.effective") == pytest.approx(31 * (5.52 + 1.96 + 0.75))
    assert value(report, "intensity.lb_per_usd") == pytest.approx(total / (31 * 8.23))
    hours = 744 * 3 + (HOURS[-1] - fleet.utc("2026-10-10T06:30")).total_seconds() / 3600 + 1
    assert value(report, "activity.instance_hours") == pytest.approx(hours)
    vcpu = 744 * (4 + 2 + 2) + (hours - 744 * 3) * 2
    assert value(report, "activity.vcpu_hours") == pytest.approx(vcpu)


def test_a_few_rows_without_a_price_are_left_out_and_said(store):
    with store.write() as cursor:
        cursor.execute(
            "UPDATE costs SET effective_cost_usd = NULL "
            "WHERE resource_id = 'v-lost' AND \"day\" > '2026-10-29'"
        )
    e = gather(store, CATALOG, october(), NOW)
    figures = {figure.id: figure for figure in headline_figures(e)}
    per_usd, usd = figures["intensity.lb_per_usd"], 31 * 8.23 - 2 * 0.75
    assert per_usd.value == pytest.approx(figures["provider.total_lb"].value / usd)
    assert "Of 2 % of the cost rows no price is known. Their dollars are left out." in per_usd.note


@pytest.mark.parametrize(
    ("change", "usd", "note"),
    [
        ("DELETE FROM costs WHERE \"day\" >= '2026-10-29'", 28 * 8.23,
         "On 3 of 31 days no cost is known of an account that emits."),
        (f"DELETE FROM costs WHERE account_id = '{TWO}'", 31 * 5.52,
         "On 31 of 31 days no cost is known of an account that emits."),
        ("UPDATE costs SET effective_cost_usd = NULL WHERE resource_id = 'v-lost'", 31 * 7.48,
         "Of 33 % of the cost rows no price is known."),
        ("UPDATE costs SET effective_cost_usd = 0", 0, ""),
        ("DELETE FROM costs", None, "No cost of the period is known."),
    ],
)  # fmt: skip
def test_dollars_of_a_part_are_no_base_for_grams_of_all(store, change, usd, note):
    with store.write() as cursor:
        cursor.execute(change)
    e = gather(store, CATALOG, october(), NOW)
    figures = {figure.id: figure for figure in headline_figures(e)}
    for basis in ("lb", "mb"):
        figure = figures[f"intensity.{basis}_per_usd"]
        assert figure.value is None
        assert figure.note == (note or "The cost of the period is not above 0.")
    assert figures["cost.effective"].value == (usd if usd is None else pytest.approx(usd))
    assert figures["cost.effective"].note == note
    at_list = "Running hours of instances at on-demand list price."
    assert figures["cost.list"].note == (at_list if usd is None else note)


def test_grams_per_dollar_are_of_the_whole_days_alone_that_both_are_known_of(store):
    earlier = costs()
    write_costs(store, earlier.assign(day=earlier["day"].map(lambda day: day - timedelta(days=31))))
    with store.write() as cursor:  # as a ledger that began late on the first day
        cursor.execute("UPDATE ledger SET first_hour = TIMESTAMPTZ '2026-10-01 22:00:00Z'")
    period = make_request(CATALOG, "2026-09-21..2026-10-31")
    report = build(store, CATALOG, period, now=NOW)
    assert value(report, "cost.effective") == pytest.approx(41 * 8.23)
    (first_g,) = store.row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) FROM emissions_daily "
        "WHERE \"day\" = '2026-10-01'"
    )
    total = report.figure("provider.total_lb")
    for basis in ("lb", "mb"):
        per_usd = report.figure(f"intensity.{basis}_per_usd")
        assert per_usd.value == pytest.approx((total.value - first_g) / (30 * 8.23))
        assert per_usd.low / per_usd.value == pytest.approx(total.low / total.value)
        assert "Of 30 whole days alone, 02 Oct 2026 to 31 Oct 2026, " in per_usd.note
        rows = rows_behind(store, report, per_usd.id)
        assert rows.total / (30 * 8.23) == pytest.approx(per_usd.value)
    besides = "Before the first hour accounted for: 10 of its 41 days."
    assert report.figure("cost.effective").note == besides
    # Three quarters of the hours, well covered, are still no whole period.
    assert re.search(r"Only 7\d % of the period's hours are accounted for", report.cover.warning)
    day = make_request(CATALOG, "2026-10-01..2026-10-01")
    per_usd = build(store, CATALOG, day, now=NOW).figure("intensity.lb_per_usd")
    assert (per_usd.value, per_usd.note) == (None, "No whole day of the period is accounted for.")


def test_sensitivities_change_one_thing_each(report):
    def changed(key):
        return value(report, f"sensitivities/{key}/difference")

    hardware = value(report, "provider.hardware")
    assert changed("years_4") == pytest.approx(hardware * 0.5)
    assert changed("years_7") == pytest.approx(hardware * (6 / 7 - 1))
    assert changed("pue") < 0  # Frankfurt's 1.35 and Virginia's 1.15 are above the average
    assert changed("power") < 0
    direct = value(report, "provider.scope2_lb") + hardware
    assert value(report, "sensitivities/direct/total") == pytest.approx(direct)
    assert report.figure("sensitivities/aws/total").value is None
    # The grids' lifecycle means are 380 g/kWh and, over whole days, 1.2 × 400.
    averaged = sum(
        value(report, f"by_region/:{region}/kwh")
        * mean
        * (1 + td_factor(CATALOG.td_loss(country).share))
        for region, country, mean in (("eu-central-1", "DE", 380), ("us-east-1", "US", 480))
    )
    assert value(report, "sensitivities/hourly/total") == pytest.approx(averaged + hardware)


def test_the_interval_by_simulation_is_that_of_the_formula_where_types_are_known(kept):
    """With an unknown type the sum is skewed, which the formula cannot say and simulation can."""
    report = build(kept, CATALOG, october(accounts=[ONE]), now=NOW)
    total = report.figure("provider.total_lb")
    band = band_queries.total_band(kept, selection_of(report.request))
    width = band.high - band.low
    assert abs(total.low - band.low) < 0.05 * width
    assert abs(total.high - band.high) < 0.05 * width
    assert total.low < total.value < total.high


def test_intensities_and_energy_carry_what_the_total_does(report):
    total = report.figure("provider.total_lb")
    for name, base in (("per_revenue", 1e6), ("per_usd", value(report, "cost.effective"))):
        for basis in ("lb", "mb"):
            found = report.figure(f"intensity.{basis}_{name}")
            assert (found.low, found.high) == pytest.approx((total.low / base, total.high / base))
            assert found.coverage == total.coverage
            assert set(found.factors) >= set(total.factors)
    sci = report.figure("intensity.sci_per_vcpu_hour")
    assert sci.low < sci.value < sci.high
    assert "losses" not in sci.factors
    per_kwh = report.figure("intensity.per_kwh")
    assert (per_kwh.low, per_kwh.coverage) == (None, total.coverage)
    energy = report.figure("energy.kwh")
    scope2 = report.figure("provider.scope2_lb")
    # The grid's spread is not in it.
    assert 1 < energy.high / energy.low < scope2.high / scope2.low
    assert energy.coverage == value(report, "quality.utilisation")


def test_words_are_the_same_everywhere(report):
    assert figure_text(report.figure("provider.scope1")) == "n/e"
    assert figure_text(report.figure("reconciliation.k_median")) == "n/a"
    energy = replace(report.figure("energy.kwh"), value=1_234.0, low=900.0, high=1_600.0)
    assert interval_text(energy) == "0.90–1.6 MWh"
    per_usd = replace(report.figure("intensity.lb_per_usd"), low=41.2, high=151.0)
    assert interval_text(per_usd) == "41–150 gCO₂e/USD"
    assert mass_unit(report) == "kg"
    scopes = next(t for t in report.tables if t.id == "scopes")
    assert cell_text(scopes, scopes.rows[0], 2, "kg") == "n/e"
    assert cell_text(scopes, scopes.rows[1], 2, "kg").endswith(" kgCO₂e")


def test_a_year_before_is_stated_only_where_it_is_known(report):
    assert report.figure("compared/total_g/before").value is None
    assert report.figure("compared/total_g/change").value is None


def test_boundaries(kept):
    whole = build(kept, CATALOG, october(), now=NOW)
    parts = [build(kept, CATALOG, october(accounts=[a]), now=NOW) for a in (ONE, TWO)]
    assert sum(value(p, "provider.total_lb") for p in parts) == pytest.approx(
        value(whole, "provider.total_lb"), rel=1e-9
    )
    mine = build(kept, CATALOG, october(teams=["data"], regions=["us-east-1"]), now=NOW)
    assert value(mine, "activity.resources") == 1
    assert rows_behind(kept, mine, "provider.total_lb").total == pytest.approx(
        value(mine, "provider.total_lb"), rel=1e-9
    )
    assert "teams data" in mine.cover.boundary
    nobody = build(kept, CATALOG, october(teams=["nobody"]), now=NOW)
    assert nobody.cover.badge == "no data"


def test_a_free_span_is_part_of_its_month(kept):
    request = october()
    spans = ("2026-10-01..2026-10-13", "2026-10-14..2026-10-31")
    parts = [build(kept, CATALOG, _span(request, span), now=NOW) for span in spans]
    whole = build(kept, CATALOG, request, now=NOW)
    assert sum(value(p, "provider.total_lb") for p in parts) == pytest.approx(
        value(whole, "provider.total_lb"), rel=1e-9
    )
    for part in parts:
        month = "by_month/:2026-10/total_lb"
        assert rows_behind(kept, part, month).total == pytest.approx(value(part, month), rel=1e-9)


def _span(request, text):
    start, end = parse_period(text)
    return replace(request, period=text, start=start, end=end)


def test_a_period_without_a_fleet_states_nothing_and_never_zero(kept):
    request = _span(october(), "2026-11")
    empty = build(kept, CATALOG, request, now=datetime(2026, 12, 24, tzinfo=UTC))
    assert empty.cover.badge == "no data"
    assert all(
        empty.figure(f"{view}.total_{basis}").value is None
        for view in ("provider", "customer")
        for basis in ("lb", "mb")
    )
    assert empty.figure("energy.kwh").value is None
    assert not [f.id for f in empty.figures if f.value is None and f.quality]
    assert empty.figure("reductions.realised").note == "No recommendation was carried out."
    assert {b.id for b in empty.blockers if b.blocks} >= {"empty"}
    assert from_json(to_json(empty)) == empty
    table = next(t for t in empty.tables if t.id == "views")
    assert cell_text(table, table.rows[-1], 1, "kg") == "n/e"


def test_an_empty_store_gives_an_empty_report():
    store = Store()
    made = build(store, CATALOG, october(), now=NOW)
    assert made.cover.badge == "no data"
    assert made.figure("quality.hours").value == 0
    assert from_json(to_json(made)) == made
    store.close()


def test_a_future_period_is_refused_and_a_running_one_is_no_final(kept):
    with pytest.raises(InputError, match="has not begun"):
        build(kept, CATALOG, october(), now=datetime(2026, 9, 30, 23, tzinfo=UTC))
    running = build(kept, CATALOG, october(), now=datetime(2026, 10, 20, tzinfo=UTC))
    assert "period" in {b.id for b in running.blockers if b.blocks}


def test_partial_coverage_blocks_and_is_told():
    store = Store()
    write_factors(store, CATALOG)
    company(store, grids=False)
    made = build(store, CATALOG, october(), now=NOW)
    coverage = value(made, "quality.coverage")
    by_region = {r.cells[0]: r.cells[9] for t in made.tables if t.id == "by_region" for r in t.rows}
    assert coverage == pytest.approx(by_region["eu-central-1"] / by_region["Total"])
    assert coverage < 0.95
    assert made.cover.badge == "not audit-ready"
    assert "coverage" in {b.id for b in made.blockers if b.blocks}
    assert (made.cover.warning != "") == (coverage < 0.8)
    assert all(b.next_step for b in made.blockers)
    store.close()


def test_hours_that_are_not_accounted_for_are_told():
    store = Store()
    write_factors(store, CATALOG)
    company(store, HOURS[:100])
    made = build(store, CATALOG, october(), now=NOW)
    assert value(made, "quality.hours") == pytest.approx(100 / 744)
    blocker = next(b for b in made.blockers if b.id == "hours")
    assert blocker.what.startswith("644 of 744 hours")
    extend_ledger(store, CATALOG, fleet.as_datetime(HOURS[0]), fleet.as_datetime(HOURS[120]))
    queued = build(store, CATALOG, october(), now=NOW)
    assert "queued" in {b.id for b in queued.blockers if b.blocks}
    store.close()


def test_an_audit_ready_report_has_nothing_that_blocks(kept):
    made = build(kept, CATALOG, october(), now=NOW)
    assert made.cover.badge == "audit-ready"
    assert not [b for b in made.blockers if b.blocks]
    nameless = build(kept, CATALOG, october(company=""), now=NOW)
    assert nameless.cover.badge == "not audit-ready"


def test_the_demo_company_is_told():
    store = Store()
    write_factors(store, CATALOG)
    frame = fleet.instances({"instance_id": "i-1", "valid_from": "2026-09-01", "source": "demo"})
    build_fleet(store, instances=frame, hours=HOURS)
    made = build(store, CATALOG, october(), now=NOW)
    assert made.figure("provider.total_lb").quality == "demo"
    assert "demo" in {b.id for b in made.blockers if b.blocks}
    store.close()


def test_accelerators_are_among_the_factors_and_of_tier_d_where_only_their_tdp_is_known():
    types = {"g4dn.xlarge": "C", "g6.xlarge": "D"}
    store = Store()
    write_factors(store, CATALOG)
    hours = fleet.hours("2026-10-01", "2026-10-02")
    build_fleet(
        store,
        instances=fleet.instances(*(
            {"instance_id": f"i-{name}", "valid_from": "2026-09-01", "instance_type": name}
            for name in types
        )),
        hours=hours,
        intensities=[fleet.intensities("DE", hours, 200.0, 300.0)],
    )  # fmt: skip
    known = dict(
        store.cursor().execute("SELECT instance_type, power_tier FROM type_factors").fetchall()
    )
    assert known["g6.xlarge"] == "D"
    assert known["g4dn.xlarge"] in ("A", "C")
    report = build(store, CATALOG, october(), now=NOW)
    factors = {f.id: f for f in report.factors}
    l4, t4 = factors["gpu:g6.xlarge:full"], factors["gpu:g4dn.xlarge:full"]
    assert (l4.name, l4.version, l4.unit) == ("L4 of g6.xlarge, full load", "tier D", "W")
    assert l4.value == pytest.approx(1.02 * 72)
    assert (t4.value, t4.licence) == (71.0, "Apache-2.0")
    assert factors["gpu:g4dn.xlarge:idle"].value == 8.0
    assert not any(id.startswith("gpu:") and "m5" in id for id in factors)
    store.close()


def test_the_index_claims_no_answer_that_the_report_has_not(report):
    status = {d.id: d.status for d in report.datapoints}
    assert {status[f"ghgp-corp-{name}"] for name in ("base-year", "boundary")} == {"partly"}
    assert status["gri-102-4"] == "partly"
    assert status["ghgp-s2-residual"] == "out of reach"

"""AWS's own figures: they take the place of ours or are compared, and are never added to ours."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from spectra import chargeback
from spectra.chargeback_rows import PARTS
from spectra.insight.allocation import total_of
from spectra.insight.budgets import period_of
from spectra.insight.market import reconciled
from spectra.reporting.asking import make_request
from spectra.reporting.build import build
from spectra.reporting.drill import unit_of
from spectra.reporting.evidence import gather
from spectra.reporting.figures import headline_figures
from spectra.reporting.market import market_in
from spectra.reporting.sections.actions import reconciliation
from spectra.reporting.sections.breakdowns import profile
from spectra.store import emission_queries, report_sums
from spectra.store.live_writes import write_rows
from spectra.store.move_queries import market_ratios
from spectra.ui.scopes import provider_rows
from spectra.units import mass_text, share_text
from tests import fleet
from tests.reporting.conftest import NOW, ONE, TWO, october, rows_behind
from tests.store.conftest import CATALOG

PLACES = {(ONE, "eu-central-1"): 1.0, (TWO, "us-east-1"): 2.0}


def aws(  # noqa: PLR0917 (what AWS may say otherwise)
    store, places=PLACES, service="AmazonEC2", month="2026-10-01", source="aws_sustainability",
    model="v3.0.0", read_at=fleet.FETCHED, **kinds,
):  # fmt: skip
    """AWS's figures [kg per place's weight] by kind."""
    rows = [
        {
            "month": pd.Timestamp(month).date(),
            "account_id": account,
            "region": region,
            "service": service,
            "emissions_type": f"TOTAL_{kind.upper()}_CARBON_EMISSIONS",
            "emissions_kg": kg * weight,
            "model_version": model,
            "source": source,
            "fetched_at": read_at,
        }
        for (account, region), weight in places.items()
        for kind, kg in kinds.items()
    ]
    write_rows(store, "provider_emissions", pd.DataFrame(rows))


def made(store, **options):
    return build(store, CATALOG, october(**options), now=NOW)


def value(report, figure):
    return report.figure(figure).value


def twice(months):
    """The rows of one month, and again as those of the next."""
    return pd.concat([months, months.assign(month=months["month"] + pd.DateOffset(months=1))])


def test_of_two_models_of_one_source_the_later_is_named(store):
    """By its numbers: as text, 3.9 would come after 3.10."""
    aws(store, scope_1=0.5, model="v3.10.0")
    aws(store, scope_1=0.5, model="v3.9.0", service="Amazon Elastic Compute Cloud")
    span = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert set(report_sums.provider_months(store, *span)["model_version"]) == {"v3.10.0"}


def test_aws_figures_take_the_place_of_ours_and_scope_1_is_known(store):
    plain = made(store)
    aws(store, scope_1=0.5, scope_2_lbm=4.0, scope_2_mbm=1.0, lbm=9.0)
    report = made(store)
    assert value(report, "provider.scope2_mb") == pytest.approx(3_000)
    assert value(report, "provider.scope1") == pytest.approx(1_500)
    assert report.figure("provider.scope1").quality == "imported"
    assert value(report, "provider.scope2_lb") == value(plain, "provider.scope2_lb")
    assert value(report, "provider.total_lb") == pytest.approx(
        value(plain, "provider.total_lb") + 1_500
    )
    assert value(report, "market.aws_share") == pytest.approx(1)
    for basis in ("lb", "mb"):
        assert value(report, f"provider.total_{basis}") == value(report, f"customer.total_{basis}")
    for table in report.tables:
        if table.id.startswith("by_"):
            index = [c.key for c in table.columns]
            for column in ("total_lb", "total_mb", "scope1", "scope2_mb"):
                cells = [r.cells[index.index(column)] for r in table.rows if not r.is_total]
                total = table.rows[-1].cells[index.index(column)]
                assert sum(cells) == pytest.approx(total, rel=1e-9), (table.id, column)
    assert "scope1" not in {r.key for t in report.tables if t.id == "exclusions" for r in t.rows}
    rest = value(report, "provider.total_lb") - 1_500
    daily = next(c for c in report.charts if c.id == "chart_daily").series[0]
    assert daily.name == "Total without AWS's scope 1"
    assert sum(daily.values) == pytest.approx(rest)
    largest = next(t for t in report.tables if t.id == "largest")
    assert largest.columns[5].title == "Total without AWS's scope 1, location-based"
    shares = sum(row.cells[9] for row in largest.rows)
    assert shares == pytest.approx(rest / value(report, "provider.total_lb"))
    e = gather(store, CATALOG, october(), NOW)
    cuts = {name: twice(e.cuts[name]) for name in ("month", "places")}
    e = replace(e, cuts={**e.cuts, **cuts}, whole=twice(e.whole), provider=twice(e.provider))
    monthly = profile(e).charts[1]
    assert monthly.series[0].name == "Scope 1"
    total = value(report, "provider.total_lb")
    assert [sum(x) for x in zip(*(s.values for s in monthly.series), strict=True)] == pytest.approx(
        [total, total]
    )


def statement(store):
    return chargeback.statement(store, CATALOG, period_of("month", date(2026, 10, 1)), NOW, 100.0)


def test_a_statement_shares_aws_figures_out_as_the_report_does(store):
    before = statement(store)
    unknown = before.rows[["x_ProviderScope1Kg", "x_ProviderScope2MbKg"]]
    assert unknown.isna().all(axis=None)
    aws(store, scope_1=0.5, scope_2_lbm=4.0, scope_2_mbm=1.0)
    chargeback.keep(store, before, NOW)
    report, made_of = made(store), statement(store)
    rows = made_of.rows[made_of.rows["x_TotalLbKg"].notna()]
    assert rows["x_ProviderScope1Kg"].sum() == Decimal("1.5")
    assert rows["x_ProviderScope2MbKg"].sum() == Decimal(3)
    total = value(report, "provider.total_lb") / 1_000
    assert rows["x_TotalLbKg"].sum() == total_of([total], 6)
    assert made_of.teams["total_kg"].sum() == total_of([total], 3)
    parts = rows[["x_ProviderScope1Kg", *PARTS]].sum(axis=1)
    assert parts.tolist() == rows["x_TotalLbKg"].tolist()
    for name in ("web", "Unallocated"):
        team = f"by_team/:{name.lower()}"
        own = rows[rows["x_Team"] == name]
        for column, figure in (("x_TotalLbKg", "total_lb"), ("x_ProviderScope2MbKg", "scope2_mb")):
            shown = float(own[column].sum())
            assert shown == pytest.approx(value(report, f"{team}/{figure}") / 1_000, abs=1e-5)
    (difference,) = made_of.differences
    assert difference.startswith("AWS's own figures")
    assert made_of.changes["change_g"].sum() == pytest.approx(1_500)
    bands = made_of.teams[["low_kg", "total_kg", "high_kg"]].astype(float)
    assert bands.apply(lambda row: row.is_monotonic_increasing, axis=1).all()


def test_the_parts_of_a_month_add_up_to_aws_s_figure_of_it(store):
    aws(store, scope_1=0.5, scope_2_lbm=4.0, scope_2_mbm=1.0, lbm=9.0)
    spans = ("2026-10", "2026-10-01..2026-10-15", "2026-10-16..2026-10-31")
    month, *halves = (gather(store, CATALOG, make_request(CATALOG, span), NOW) for span in spans)
    for name in ("scope2_mb", "scope1"):
        parts = [getattr(half.market, name) for half in halves]
        assert sum(parts) == pytest.approx(getattr(month.market, name))
        assert min(parts) > 0
    for half in halves:
        pd.testing.assert_series_equal(half.reconciled["k"], month.reconciled["k"])


def test_k_by_month_and_region(store):
    aws(store, scope_2_lbm=4.0, lbm=9.0)
    report = made(store)
    ours = value(report, "by_region/:eu-central-1/scope2_lb")
    found = next(t for t in report.tables if t.id == "reconciliation")
    keys = [c.key for c in found.columns]
    k = {r.cells[1]: r.cells[keys.index("k")] for r in found.rows}
    assert k["eu-central-1"] == pytest.approx(4_000 / ours)
    assert value(report, "reconciliation.k_median") == pytest.approx(sum(k.values()) / 2)
    for boundary in ({"regions": ["eu-central-1"]}, {"accounts": [ONE], "teams": ["web"]}):
        mine = made(store, **boundary)
        shown = next(t for t in mine.tables if t.id == "reconciliation")
        assert [r.cells[1] for r in shown.rows] == ["eu-central-1"]
        assert value(mine, "reconciliation.k_median") == pytest.approx(k["eu-central-1"])
    scaled = value(report, "sensitivities/aws/total")
    scope2 = value(report, "provider.scope2_lb")
    assert scaled == pytest.approx(value(report, "provider.total_lb") - scope2 + 12_000)


def test_a_k_that_is_no_difference_of_method_is_told(store):
    aws(store, scope_2_lbm=400.0)
    section = next(s for s in made(store).sections if s.id == "reconciliation")
    assert len(section.notes) == 2
    assert "missing accounts" in section.notes[0]


def test_a_place_that_aws_does_not_state_keeps_ours_and_scope_1_stays_unknown(store):
    aws(store, {(ONE, "eu-central-1"): 1.0}, scope_1=0.5, scope_2_mbm=1.0)
    report = made(store)
    ours = value(report, "by_region/:us-east-1/scope2_lb")
    assert value(report, "provider.scope2_mb") == pytest.approx(1_000 + ours)
    assert value(report, "provider.scope1") is None
    assert 0 < value(report, "market.aws_share") < 1
    assert report.figure("provider.scope2_mb").quality == "mixed"
    assert report.figure("provider.total_mb").low is None
    rows = statement(store).rows
    assert rows["x_ProviderScope1Kg"].isna().all()
    stated = rows[rows["x_ProviderScope2MbKg"].notna()]
    assert set(stated["RegionId"]) == {"eu-central-1"}
    assert stated["x_ProviderScope2MbKg"].sum() == Decimal(1)


def test_the_dashboard_states_aws_s_figures_apart_from_ours(store):
    selection = gather(store, CATALOG, october(), NOW).selection
    totals = emission_queries.totals(store, selection)
    ours, total = (mass_text(totals[name]) for name in ("scope2_lb_g", "total_g"))

    def shown():
        return {row.name: row.text for row in provider_rows(totals, market_in(store, selection))}

    before = shown()
    assert before["Scope 1"] == "not estimated"
    assert before["Scope 2, market-based"] == f"{ours} (= LB)"
    aws(store, {(ONE, "eu-central-1"): 1.0}, scope_1=0.5, scope_2_mbm=1.0)
    part = made(store)
    covered = f"AWS, {share_text(value(part, 'market.aws_share'))} covered"
    rest = value(part, "by_region/:us-east-1/scope2_lb")
    assert shown() == {
        **{name: before[name] for name in before if "Scope 1" not in name and "mark" not in name},
        f"Scope 1, {covered}": mass_text(500),
        "Scope 1, the rest": "not estimated",
        f"Scope 2, market-based, {covered}": mass_text(1_000),
        "Scope 2, market-based, the rest": f"{mass_text(rest)} (= LB)",
    }
    aws(store, scope_1=0.5, scope_2_mbm=1.0)
    whole = shown()
    assert whole["Scope 1, AWS, 100 % covered"] == mass_text(1_500)
    assert whole["Scope 2, market-based, AWS, 100 % covered"] == mass_text(3_000)
    assert whole["Total, location-based"] == total
    assert not {"Scope 1", "Scope 1, the rest", "Scope 2, market-based"} & set(whole)


def test_aws_s_zero_is_a_statement(store):
    aws(store, scope_2_mbm=0.0)
    report = made(store)
    assert value(report, "provider.scope2_mb") == 0
    assert value(report, "provider.total_mb") == pytest.approx(value(report, "provider.scope3"))


def test_a_team_gets_its_share_of_aws_s_figure(store):
    aws(store, scope_1=0.5, scope_2_mbm=1.0)
    web = made(store, teams=["web"])
    whole = made(store)
    share = value(web, "provider.scope2_lb") / value(whole, "by_region/:eu-central-1/scope2_lb")
    assert value(web, "provider.scope2_mb") == pytest.approx(1_000 * share)
    assert value(web, "provider.total_mb") == pytest.approx(
        value(whole, "by_team/:web/total_mb"), rel=1e-9
    )


def test_a_month_that_is_not_accounted_for_whole_is_not_compared(store):
    with store.write() as cursor:
        cursor.execute("UPDATE ledger SET end_hour = end_hour - INTERVAL 1 HOUR")
        cursor.execute("DELETE FROM hourly_sums WHERE hour = '2026-10-31T23:00Z'")
    aws(store, scope_1=0.5, scope_2_mbm=1.0, scope_2_lbm=4.0)
    report = made(store)
    assert value(report, "provider.scope1") is None
    assert value(report, "provider.scope2_mb") == value(report, "provider.scope2_lb")
    assert value(report, "reconciliation.k_median") is None


def test_aws_s_figure_of_a_month_is_shared_out_over_its_parts(store):
    aws(store, scope_1=0.5, scope_2_lbm=4.0, scope_2_mbm=1.0)
    aws(store, service="AmazonS3", lbm=7.0)
    whole = made(store)
    spans = ("2026-10-01..2026-10-13", "2026-10-14..2026-10-31")
    about = {"company": "Acme", "assurance": "None."}
    halves = [build(store, CATALOG, make_request(CATALOG, s, **about), now=NOW) for s in spans]
    for figure in (
        "provider.scope2_mb", "provider.scope1", "provider.total_mb", "exclusions/services/size",
    ):  # fmt: skip
        parts = sum(value(half, figure) for half in halves)
        assert parts == pytest.approx(value(whole, figure), rel=1e-9), figure
    for half in halves:
        k = value(half, "reconciliation.k_median")
        assert k == pytest.approx(value(whole, "reconciliation.k_median"), rel=1e-9)
        assert value(half, "market.aws_share") == pytest.approx(1)


def test_other_services_give_the_size_of_an_exclusion_and_no_more(store):
    before = value(made(store), "provider.total_lb")
    aws(store, service="AmazonS3", lbm=7.0)
    report = made(store)
    assert value(report, "exclusions/services/size") == pytest.approx(21_000)
    assert value(report, "provider.total_lb") == before
    of_a_team = made(store, teams=["web"])
    assert value(of_a_team, "exclusions/services/size") is None
    exclusions = next(t for t in of_a_team.tables if t.id == "exclusions")
    assert "not known by team" in {row.cells[-1] for row in exclusions.rows}


def test_ec2_that_two_sources_name_differently_counts_once(store):
    later = fleet.FETCHED + pd.Timedelta(days=1)
    export = {"service": "Amazon Elastic Compute Cloud", "source": "aws_carbon_export"}
    aws(store, scope_1=0.5, scope_2_lbm=4.0, scope_2_mbm=2.0)
    aws(store, **export, read_at=later, scope_2_lbm=5.0)
    aws(store, **export, model="v2.9.9", read_at=later, scope_2_mbm=1.0)
    for name, source in (("AmazonS3", "aws_sustainability"), ("S3", "aws_carbon_export")):
        aws(store, service=name, source=source, lbm=7.0)
    report = made(store)
    # The newer reading of one model, and the newer model whenever it was read.
    assert value(report, "sensitivities/aws/total") == pytest.approx(
        value(report, "provider.total_lb") - value(report, "provider.scope2_lb") + 15_000
    )
    assert value(report, "provider.scope2_mb") == pytest.approx(6_000)
    assert value(report, "provider.scope1") == pytest.approx(1_500)
    assert value(report, "exclusions/services/size") == pytest.approx(21_000)
    notes = " ".join(next(s for s in report.sections if s.id == "reconciliation").notes)
    for source in ("aws_sustainability", "aws_carbon_export"):
        assert f"{source} too states EC2 of 2 of the months" in notes
    assert market_ratios(store, NOW - timedelta(days=90))["ratio"].tolist() == [0.4, 0.4]


def test_machines_on_dedicated_hosts_are_counted_among_the_exclusions(store):
    def said(**options):
        table = next(t for t in made(store, **options).tables if t.id == "exclusions")
        return next(row.cells[-1] for row in table.rows if row.key == "hosts")

    assert said() == "no instance of the period ran on one"
    with store.write() as cursor:
        cursor.execute(
            "UPDATE instances SET tenancy = 'host' WHERE instance_id IN ('i-web', 'i-off')"
        )
    assert said() == "1 instance of the period ran on one; not known"  # the other is stopped
    assert said(teams=["data"]) == "no instance of the period ran on one"


def test_hours_whose_direct_factor_is_above_lifecycle_are_told(store):
    def told():
        return " ".join(next(s for s in made(store).sections if s.id == "quality").text)

    assert "direct factor is above" not in told()
    with store.write() as cursor:
        cursor.execute(
            "UPDATE intensity_hourly SET intensity_direct_g_per_kwh = 381 "
            "WHERE zone = 'DE' AND hour BETWEEN '2026-10-02T00:00Z' AND '2026-10-02T04:00Z'"
        )
    assert "In 5 hours of the zones in use the direct factor is above" in told()


def test_a_total_with_aws_s_own_part_is_followed_to_the_rows_of_ours(store):
    aws(store, scope_1=0.5, scope_2_mbm=1.0)
    report = made(store)
    part = {}
    for figure in report.numbers.values():
        if figure.drill is not None and figure.unit == unit_of(figure.drill.part):
            total = rows_behind(store, report, figure.id).total
            if total != pytest.approx(figure.value, rel=1e-9):
                part[figure.id] = (figure.value - total, figure.note)
    lb = {"provider.total_lb", "customer.scope3_1_lb", "customer.total_lb"}
    mb = {"provider.total_mb", "customer.scope3_1_mb", "customer.total_mb"}
    assert part.keys() == {*lb, *mb, "provider.scope2_mb"}
    for ids, lacking in ((lb, 1_500), (mb, 4_500)):
        for id in ids:
            grams, note = part[id]
            assert grams == pytest.approx(lacking)
            assert "AWS's scope 1 of 1.50 kg CO₂e in it has no rows." in note
    assert "Its rows are location-based." in part["provider.scope2_mb"][1]


def test_what_aws_states_of_a_place_that_is_not_known_here_blocks(store):
    aws(store, {(ONE, "eu-central-1"): 1.0, ("999999999999", "eu-west-1"): 3.0}, lbm=2.0)
    report = made(store)
    blocker = next(b for b in report.blockers if b.id == "aws_unknown")
    assert blocker.blocks
    assert "6.00 kg" in blocker.what
    assert value(report, "aws_unknown/2026-10:eu-west-1:999999999999/grams") == 6_000
    assert "aws_unknown" not in {b.id for b in made(store, accounts=[ONE]).blockers}


def test_the_medians_are_of_twelve_months_however_long_the_period(kept):
    months = pd.date_range("2023-11-01", "2026-10-01", freq="MS")
    places = {"month": months, "region": "eu-central-1", "account_id": ONE}
    whole = pd.DataFrame({**places, "scope2_lb_g": 1_000.0})
    provider = pd.DataFrame(
        {
            **places,
            "emissions_type": "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS",
            "grams": [4_000.0] * 24 + [2_000.0] * 12,
            **{"source": "test", "model_version": "v3.0.0", "fetched_at": fleet.FETCHED},
            "not_counted": "",
        }
    )
    e = gather(kept, CATALOG, october(), NOW)
    request = replace(e.request, start=datetime(2023, 11, 1, tzinfo=UTC))
    e = replace(e, request=request, whole=whole, provider=provider)
    figures = {figure.id: figure.value for figure in headline_figures(e)}
    assert figures["reconciliation.k_median"] == 2
    tables = {table.id: table for table in reconciliation(e).tables}
    assert tables["k_medians"].rows[0].cells == ("eu-central-1", 12, 2.0)
    assert len(tables["reconciliation"].rows) == 36


def test_the_median_k_is_of_the_year_up_to_the_end():
    whole = pd.DataFrame(
        {
            "month": pd.date_range("2025-11-01", "2026-10-01", freq="MS"),
            "region": "eu-central-1",
            "account_id": ONE,
            "scope2_lb_g": 1_000.0,
        }
    )
    provider = whole.assign(
        emissions_type="TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS",
        grams=[1_000.0 * (1 + k / 10) for k in range(12)],
    )
    found = reconciled(whole, provider)
    assert found["k"].median() == pytest.approx(1.55)
    assert not found["is_suspicious"].any()
    assert reconciled(whole, provider.assign(grams=3_100.0))["is_suspicious"].all()
    assert reconciled(whole, provider.assign(grams=320.0))["is_suspicious"].all()
    assert reconciled(whole, provider.assign(grams=0.0))["is_suspicious"].all()
    assert reconciled(whole.assign(scope2_lb_g=0.0), provider)["k"].isna().all()


def test_an_account_of_which_aws_states_no_scope_2_does_not_lower_k():
    places = {"month": pd.Timestamp("2026-10-01"), "region": "eu-central-1"}
    whole = pd.DataFrame({**places, "account_id": [ONE, TWO], "scope2_lb_g": 100.0})
    total = "TOTAL_LBM_CARBON_EMISSIONS"
    provider = pd.DataFrame(
        {
            **places,
            "account_id": [ONE, ONE, TWO],
            "emissions_type": ["TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS", total, total],
            "grams": [100.0, 150.0, 150.0],
        }
    )
    found = reconciled(whole, provider).iloc[0]
    assert (found["k"], found["ours_g"], found["aws_total_g"]) == (1.0, 100.0, 300.0)

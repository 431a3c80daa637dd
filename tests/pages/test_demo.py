"""Every page on the demo company; what is on screen is recomputed from the store's rows."""

from datetime import UTC, datetime, timedelta

import pytest

from spectra import units
from spectra.insight import periods
from spectra.refresh import current_hour
from spectra.ui.filters import CUSTOM
from spectra.ui.headlines import why_not_compared
from tests import fleet
from tests.pages.conftest import app_store, healthy, metrics, open_app, shares, table

VIEWS = "(SELECT * FROM instance_emissions UNION ALL SELECT * FROM volume_emissions)"
GRAMS = "sum(scope2_lb_g + upstream_g + td_g + embodied_g)"


@pytest.fixture
def demo(demo):
    # A run that straddles the hour would compare two different hours.
    while datetime.now(UTC).minute == 59 and datetime.now(UTC).second > 20:
        pass
    return demo


def grams(store, start, end, where="true"):
    return store.row(
        f"SELECT {GRAMS} FROM {VIEWS} WHERE hour >= $start AND hour < $end AND {where}",
        {"start": start, "end": end},
    )[0]


def test_dashboard_says_what_the_rows_say(demo):
    app = healthy(open_app(period="7 days"))
    store, hour = app_store(), current_hour()
    shown = metrics(app)
    span = periods.named_period("7 days", hour)
    assert (
        shown["CO₂e now"] == units.mass_text(grams(store, hour, hour + timedelta(hours=1))) + "/h"
    )
    today = periods.today(hour)
    assert shown["CO₂e today"] == (units.mass_text(grams(store, *today)) if today.hours else "n/a")
    kwh, s2, up = store.row(
        f"SELECT sum(energy_kwh), sum(scope2_lb_g), sum(upstream_g) FROM {VIEWS} "
        "WHERE hour >= $start AND hour < $end",
        {"start": span.start, "end": span.end},
    )
    assert shown["Energy in the period"] == units.energy_text(kwh)
    assert shown["Fleet carbon intensity"] == f"{units.number((s2 + up) / kwh)} g/kWh"
    cost = store.row(
        'SELECT sum(effective_cost_usd) FROM costs WHERE "day" >= ?', [span.start.date()]
    )[0]
    assert shown["Cost in the period"] == units.usd_text(cost)


def test_a_last_day_that_is_over_is_complete(demo):
    app = healthy(open_app(period="7 days"))
    assert "the last day is not complete" in captions(app)
    app.selectbox(key="period").set_value(CUSTOM)
    healthy(app.run())
    last = current_hour().date()
    app.date_input(key="days").set_value((last - timedelta(days=3), last - timedelta(days=1)))
    healthy(app.run())
    assert "in 3 UTC days" in captions(app)
    assert "the last day is not complete" not in captions(app)
    days = [(last - timedelta(days=n)).isoformat() for n in (3, 2)]
    assert "in 2 UTC days" in captions(healthy(open_app(period=CUSTOM, days=days)))  # a link


def captions(app) -> str:
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("now", "said"),
    [("2026-12-31T12:00Z", "the month before had only 720 h"),
     ("2026-12-20T12:00Z", "the period before has no full data")],
)  # fmt: skip
def test_a_month_longer_than_the_one_before_is_not_for_want_of_data(now, said):
    span = periods.month_to_date(fleet.as_datetime(fleet.utc(now)))
    assert why_not_compared(span.hours, span, periods.same_part_of_last_month(span)) == said
    assert why_not_compared(7, span, span) == f"only 7 of {span.hours} hours have data"


def test_scopes_and_breakdowns_add_up(demo):
    app = healthy(open_app(period="7 days"))
    store, span = app_store(), periods.named_period("7 days", current_hour())
    total = grams(store, *span)
    scopes = shares(app)["CO₂e by scope"].set_index("name")["co2e"]
    assert scopes["Total, location-based"] == units.mass_text(total)
    assert scopes["Scope 1"] == scopes["Scope 3, buildings"] == "not estimated"
    parts = dict(
        zip(
            ("Scope 2, location-based", "Scope 3, upstream of the grid", "Scope 3, hardware"),
            store.row(
                f"SELECT sum(scope2_lb_g), sum(upstream_g), sum(embodied_g) FROM {VIEWS} "
                "WHERE hour >= $start AND hour < $end",
                {"start": span.start, "end": span.end},
            ),
            strict=True,
        )
    )
    for name, value in parts.items():
        assert scopes[name] == units.mass_text(value)
    for column in ("region", "team", "service", "environment"):
        rows = shares(app)[f"CO₂e by {column}"]
        percent = rows["share"].str.removesuffix(" %").astype(float)
        assert percent.sum() == pytest.approx(100, abs=0.05 * len(rows))
        first = rows.iloc[0]
        assert first["co2e"] == units.mass_text(
            grams(store, *span, where=f"{column} = '{first['name']}'")
        )
    app.button_group(key="scope_view").set_value("Customer view").run()
    customer = shares(healthy(app))["CO₂e by scope"].set_index("name")["co2e"]
    assert customer["Total, location-based"] == scopes["Total, location-based"]
    assert customer["Scope 3, category 1"] == scopes["Total, location-based"]


def test_a_team_filter_changes_every_number_and_survives_the_pages(demo):
    app = healthy(open_app(period="7 days"))
    before = metrics(app)
    app.multiselect(key="teams").set_value(["search"]).run()
    store, span = app_store(), periods.named_period("7 days", current_hour())
    after = metrics(healthy(app))
    changed = ("CO₂e now", "Energy in the period", "Cost in the period", "Fleet carbon intensity")
    assert all(after[name] != before[name] for name in changed)
    assert shares(app)["CO₂e by team"]["name"].tolist() == ["search"]
    scopes = shares(app)["CO₂e by scope"].set_index("name")["co2e"]
    assert scopes["Total, location-based"] == units.mass_text(
        grams(store, *span, where="team = 'search'")
    )
    app.switch_page("pages/regions.py").run()
    assert healthy(app).multiselect(key="teams").value == ["search"]
    app.switch_page("pages/dashboard.py").run()
    assert metrics(healthy(app)) == after


def test_regions_are_ranked_by_hourly_data_alone(demo):
    app = healthy(open_app())
    app.switch_page("pages/regions.py").run()
    rows = table(healthy(app), 0)
    assert len(rows) == 36
    store, hour = app_store(), current_hour()
    expected = store.frame(
        "SELECT region, intensity_lifecycle_g_per_kwh AS g, tier FROM region_factors "
        "JOIN intensity_hourly USING (zone) WHERE hour = $hour",
        {"hour": hour},
    ).set_index("region")
    assert rows.set_index("region")["g_per_kwh"].to_dict() == pytest.approx(expected["g"].to_dict())
    annual = rows[rows["quality_text"] == "annual factor"]
    assert sorted(annual["region"]) == sorted(expected.index[expected["tier"] == "F"])
    assert len(annual) == 8
    hourly = rows[rows["quality_text"] != "annual factor"]
    assert hourly.index.max() < annual.index.min()
    assert hourly["g_per_kwh"].is_monotonic_increasing
    best = hourly["region"].iloc[0]
    said = next(text.value for text in app.markdown if f"Greenest now: **{best}**" in text.value)
    assert said.endswith("Of 36 regions not ranked: 8 with annual factor.")


def test_a_region_without_hourly_data_says_so(demo):
    app = open_app()
    app.switch_page("pages/regions.py").run()
    app.selectbox(key="region").set_value("me-central-1").run()
    assert any("has no hourly data" in info.value for info in healthy(app).info)


def test_direct_intensity_is_another_column(demo):
    app = open_app()
    app.switch_page("pages/regions.py").run()
    lifecycle = table(app, 0).set_index("region")["g_per_kwh"]
    app.button_group(key="factor").set_value("direct").run()
    direct = table(healthy(app), 0).set_index("region")["g_per_kwh"]
    assert (direct <= lifecycle.reindex(direct.index)).all()
    assert direct["eu-north-1"] < lifecycle["eu-north-1"]


def test_the_status_line_says_demo_age_and_coverage(demo):
    app = healthy(open_app())
    texts = " ".join(str(element.value) for element in app.get("markdown"))
    for page in ("pages/regions.py", "pages/method.py"):
        app.switch_page(page).run()
        again = " ".join(str(element.value) for element in healthy(app).get("markdown"))
        for word in ("Demo data", f"{current_hour():%d %b %H}:00 UTC", "Grid coverage"):
            assert word in texts, word
            assert word in again, (page, word)

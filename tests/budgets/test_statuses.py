"""How budgets stand on a real store: burn, outlook, late data, and thresholds told once."""

from datetime import date, timedelta

import pandas as pd
import pytest

from spectra import budget_csv, budgets
from spectra import teams as teams_of
from spectra.budget_outlook import BASIS_PARTS
from spectra.errors import InputError
from spectra.insight.allocation import Pool, Rules
from spectra.insight.budgets import State, Version, reduction_path
from spectra.store import advice_log, budget_log, budget_notices
from spectra.store.budget_log import new_budget
from spectra.store.emission_queries import TOTAL_G
from spectra.store.ledger import recompute
from spectra.store.writes import write_instances, write_intensities, write_utilisation
from tests import fleet
from tests.budgets.conftest import CATALOG, new_store, running, utc, with_fleet
from tests.store.conftest import with_factors
from tests.store.test_advice_log import row as advice_row

NOW = utc("2026-11-13")
NOVEMBER = date(2026, 11, 1)


def emitted(store, where="true", start="2026-11-01", columns=TOTAL_G):
    (grams,) = store.row(
        f"SELECT sum({columns}) FROM emissions_hourly WHERE hour >= '{start}' AND {where}"
    )
    return grams


@pytest.fixture
def two_teams(filled):
    return filled(teams)


def teams(store):
    with_factors(store)
    with_fleet(
        store,
        running(1, "web"),
        running(2, "web", tags={"cost-center": "42"}),
        running(3, "data"),
        running(4, None),
    )


def budget(store, key, grams, *, kind="team", period="month", start=date(2026, 1, 1), **more):
    return budgets.create(store, new_budget(kind, key, period, **more), grams, start)


def status(store, made, now=NOW):
    return next(s for s in budgets.statuses(store, now) if s.budget == made)


def test_burn_is_by_hours_that_passed(two_teams):
    grams = emitted(two_teams, "team = 'web'")
    made = budget(two_teams, "Web ", grams / 0.62)
    found = status(two_teams, made)
    assert found.actual_g == pytest.approx(grams)
    assert found.elapsed_share == pytest.approx(12 / 30)
    assert found.burn == pytest.approx(1.55)
    assert found.coverage == 1.0
    assert found.until == NOW
    (then,) = budgets.statuses(two_teams, NOW, [made], until=utc("2026-11-07"))
    assert then.actual_g == pytest.approx(grams - emitted(two_teams, "team = 'web'", "2026-11-07"))
    with pytest.raises(InputError, match="end of a UTC day"):
        budgets.statuses(two_teams, NOW, [made], until=utc("2026-11-07T12:00"))


def test_the_outlook_goes_on_as_before(two_teams):
    grams = emitted(two_teams, "team = 'web'")
    found = status(two_teams, budget(two_teams, "web", 3 * grams))
    assert found.outlook.method == "hourly"
    # The grid of this month is another than that of the weeks before.
    assert found.outlook.central_g == pytest.approx(grams * 30 / 12, rel=0.1)
    assert found.outlook.low_g <= found.outlook.central_g <= found.outlook.high_g
    assert found.state is State.ON_TRACK
    assert found.gap_g < 0
    frame = budgets.burn_down(found)
    assert len(frame) == 30
    assert frame["expected_g"].iloc[-1] == pytest.approx(found.outlook.central_g)


def test_scopes_and_bases_are_their_own_sums(two_teams):
    cases = {
        ("environment", "unallocated", "total_lb"): emitted(two_teams),
        ("tag", "cost-center=42", "total_lb"): emitted(two_teams, "team = 'web'") / 2,
        ("team", "data", "scope2_lb"): emitted(two_teams, "team = 'data'", columns="scope2_lb_g"),
        ("team", "data", "scope3"): emitted(
            two_teams, "team = 'data'", columns="upstream_g + td_g + embodied_g"
        ),
    }
    for (kind, key, basis), grams in cases.items():
        found = status(two_teams, budget(two_teams, key, 1e6, kind=kind, basis=basis))
        assert found.actual_g == pytest.approx(grams), (kind, key, basis)
        expected = found.outlook.central_g
        assert expected == pytest.approx(grams * 30 / 12, rel=0.1), (kind, key, basis)


def test_a_name_that_nobody_bears_is_not_a_team_that_emits_nothing(two_teams):
    found = status(two_teams, budget(two_teams, "wbe", 1e6))
    assert (found.actual_g, found.burn, found.outlook) == (None, None, None)
    assert found.state is State.NOT_ENOUGH_DATA
    assert "misspelt" in found.reason


def test_a_team_that_only_rules_give_something_is_no_misspelt_one(two_teams):
    pools = (Pool("nat", "tag", "shared=nat", "fixed", {"ops": 50}),)
    for rules in (Rules(pools=pools), Rules(accounts={"999999999999": "ops"})):
        budget_log.keep_rules(two_teams, rules, date(2026, 1, 1))
        (found,) = [budget(two_teams, "ops", 1e6)]
        said = status(two_teams, found)
        assert said.actual_g == 0.0
        assert "misspelt" not in said.reason
        budgets.close(two_teams, found, NOVEMBER)


def test_a_team_carries_its_share_of_a_pool(two_teams):
    made = budget(two_teams, "web", 1e6)
    alone = status(two_teams, made)
    rules = Rules(pools=(Pool("rest", "team", "unallocated", "fixed", {"web": 50}),))
    budget_log.keep_rules(two_teams, rules, date(2026, 1, 1))
    shared = status(two_teams, made)
    extra = emitted(two_teams, "team = 'unallocated'") / 2
    assert shared.actual_g == pytest.approx(alone.actual_g + extra)
    assert shared.outlook.central_g == pytest.approx(
        alone.outlook.central_g + extra * 30 / 12, rel=0.02
    )


@pytest.mark.parametrize(
    "rules",
    [
        # Where another team emits itself, a pool by that gives this one nothing.
        Rules(pools=(Pool("rest", "team", "unallocated", "direct", {}, ("sales", "web")),)),
        Rules(pools=(Pool("none", "tag", "shared=nat", "fixed", {"sell": 50}),),
              aliases={"sell": "sales"}),
        Rules(accounts={"222222222222": "sales"}),
    ],
    ids=["pool by emissions", "empty pool", "empty account"],
)  # fmt: skip
@pytest.mark.parametrize("now", [NOW, utc("2026-12-01")], ids=["within", "first hour"])
def test_a_team_that_only_the_rules_know_is_not_misspelt(two_teams, rules, now):
    made = budget(two_teams, "sales", 1e6)
    assert "misspelt" in status(two_teams, made, now).reason
    budget_log.keep_rules(two_teams, rules, date(2026, 11, 13))
    found = status(two_teams, made, now)
    assert found.state is State.ON_TRACK
    assert found.actual_g == (0.0 if now == NOW else None)
    assert found.outlook.central_g == 0.0


def test_a_team_that_is_itself_a_pool_is_told_so(two_teams):
    made = budget(two_teams, "data", 1e6)
    pool = Pool("shared data", "team", "data", "even", {}, ("web",))
    budget_log.keep_rules(two_teams, Rules(pools=(pool,)), date(2026, 1, 1))
    found = status(two_teams, made)
    assert found.state is State.NOT_ENOUGH_DATA
    assert "as the shared pool “shared data”" in found.reason


def test_rules_hold_from_their_day_on(two_teams):
    made = budget(two_teams, "web", 1e6)
    alone = status(two_teams, made).actual_g
    budget_log.keep_rules(two_teams, Rules(aliases={"data": "web"}), date(2026, 11, 7))
    late = emitted(two_teams, "team = 'data'", start="2026-11-07")
    assert status(two_teams, made).actual_g == pytest.approx(alone + late)


def test_a_new_amount_within_the_period(two_teams):
    made = budget(two_teams, "web", 900.0)
    budgets.change_amount(two_teams, made, 300.0, date(2026, 11, 11), "cut")
    assert status(two_teams, made).budget_g == pytest.approx(500.0)
    budgets.change_amount(two_teams, made, 600.0, date(2026, 11, 11), "less of a cut")
    assert status(two_teams, made).budget_g == pytest.approx(700.0)
    history = budget_log.version_history(two_teams, made.budget_id)
    assert history["grams"].tolist() == [600.0, 300.0, 900.0]


def test_a_budget_that_begins_in_mid_month_counts_from_then_on(two_teams):
    found = status(two_teams, budget(two_teams, "web", 1e6, start=date(2026, 11, 8)))
    assert found.actual_g == pytest.approx(emitted(two_teams, "team = 'web'", start="2026-11-08"))
    assert found.elapsed_share == pytest.approx(5 / 23)


@pytest.mark.parametrize("basis", ["total_lb", "scope2_lb", "scope3"])
@pytest.mark.parametrize(("period", "start"), [("month", 8), ("month", 1), ("quarter", 8)])
def test_where_a_team_emits_adds_up_to_what_its_budget_has_used(two_teams, basis, period, start):
    """Of the days and on the basis of the budget, with the same share of what is dealt out."""
    late = running(9, "data", valid_from="2026-11-10", region="eu-north-1")
    write_instances(two_teams, fleet.instances(late))
    recompute(two_teams)
    pools = (Pool("rest", "team", "unallocated"), Pool("net", "tag", "cost-center=42", "even"))
    budget_log.keep_rules(two_teams, Rules(pools=pools[:1]), date(2026, 1, 1))
    budget_log.keep_rules(two_teams, Rules(pools=pools), date(2026, 11, 5))
    begins = date(2026, 11, start)
    found = status(two_teams, budget(two_teams, "web", 1e6, period=period, basis=basis,
                                     start=begins))  # fmt: skip
    assert found.start == fleet.as_datetime(pd.Timestamp(begins, tz="UTC"))
    rows = teams_of.places(two_teams, "web", begins, date(2026, 11, 13), BASIS_PARTS[basis])
    assert rows["total_g"].sum() == pytest.approx(found.actual_g, rel=1e-12)
    assert rows["region"].tolist() == ["eu-central-1"]
    own = teams_of.places(two_teams, "data", begins, date(2026, 11, 13), BASIS_PARTS[basis])
    assert set(own["region"]) == {"eu-central-1", "eu-north-1"}
    assert teams_of.places(two_teams, "web", begins, begins).empty


def test_states_of_what_is_not_known(two_teams):
    nothing = status(two_teams, budget(two_teams, "web", 0.0))
    assert (nothing.state, nothing.gap_g, nothing.burn) == (State.NO_BUDGET, None, None)
    assert "An amount of 0" in nothing.reason
    assert nothing.outlook.central_g > nothing.actual_g
    assert nothing.outlook.probability is None
    later = budget(two_teams, "data", 9.0, start=date(2027, 1, 1))
    assert status(two_teams, later).state is State.NO_BUDGET
    year = status(two_teams, budget(two_teams, "data", 1e9, period="year"))
    assert year.state is State.NOT_ENOUGH_DATA
    assert year.coverage == pytest.approx(43 / 316, abs=0.01)
    assert "14 %" in year.reason


def test_nothing_is_said_of_an_empty_store(store):
    made = budget(store, "web", 9.0)
    assert budgets.statuses(store, NOW) == []
    assert budgets.check_thresholds(store, NOW) == []
    budgets.close(store, made, NOVEMBER)
    assert budget_log.budgets(store, NOW.date()) == []
    assert len(budget_log.budgets(store)) == 1


def test_a_young_ledger_has_a_line_and_no_band(store):
    with_fleet(store, running(1, "web"), start="2026-11-01", end="2026-11-07")
    early = status(store, budget(store, "web", 1e9), utc("2026-11-07"))
    assert early.outlook.method == "linear"
    assert early.outlook.probability is None
    assert early.outlook.central_g == pytest.approx(5 * early.actual_g)


def test_a_weekly_plan_follows_the_weeks_before(two_teams):
    hours = fleet.hours("2026-10-01", "2026-11-13")
    load = [80.0 if hour.hour in range(8, 18) else 5.0 for hour in hours]
    write_utilisation(two_teams, fleet.utilisation("i-003", hours, load))
    # One that is off at night, when its team has no row at all.
    days = pd.date_range("2026-10-01", "2026-11-13", freq="D", tz="UTC")
    write_instances(two_teams, fleet.instances(*(
        running(9, "office", valid_from=day + pd.Timedelta(hours=8),
                valid_to=day + pd.Timedelta(hours=18)) for day in days
    )))  # fmt: skip
    recompute(two_teams)
    office = status(two_teams, budget(two_teams, "office", 1e6, profile="weekly")).plan
    assert office.groupby(office.index.hour).sum()[[7, 18]].sum() == 0
    assert office.sum() == pytest.approx(1e6)
    flat = status(two_teams, budget(two_teams, "web", 1e6))
    weekly = status(two_teams, budget(two_teams, "data", 1e6, profile="weekly"))
    assert weekly.plan.sum() == pytest.approx(1e6)
    assert flat.plan.nunique() == 1
    by_hour = weekly.plan.groupby(weekly.plan.index.hour).mean()
    assert by_hour[12] > 1.5 * by_hour[0]


def test_a_weekly_plan_of_a_team_that_is_new_follows_its_own_hours(two_teams):
    """Hours before it began are no hours without load: some weekdays would count half."""
    late = running(9, "late") | {"valid_from": "2026-10-21"}
    write_instances(two_teams, fleet.instances(late))
    recompute(two_teams)
    known = status(two_teams, budget(two_teams, "web", 1e6, profile="weekly")).plan
    found = status(two_teams, budget(two_teams, "late", 1e6, profile="weekly")).plan
    assert found.to_numpy() == pytest.approx(known.to_numpy(), rel=1e-6)


def test_a_weekly_plan_goes_by_the_rules_that_its_period_began_with(two_teams):
    load = [90.0 if hour.hour < 6 else 1.0 for hour in fleet.hours("2026-10-01", "2026-11-13")]
    at = fleet.hours("2026-10-01", "2026-11-13")
    write_utilisation(two_teams, fleet.utilisation("i-003", at, load))
    recompute(two_teams)
    made = budget(two_teams, "web", 1e6, profile="weekly")
    alone = status(two_teams, made).plan
    plans = []
    for since in (date(2026, 10, 20), date(2026, 1, 1)):
        budget_log.keep_rules(two_teams, Rules(aliases={"data": "web"}), since)
        plans.append(status(two_teams, made).plan)
    pd.testing.assert_series_equal(*plans)
    assert plans[0].to_numpy() != pytest.approx(alone.to_numpy(), rel=0.01)


def test_a_weekly_plan_stands_still_once_its_period_has_begun(two_teams):
    """A tag's share of its group changes within the period; the plan was laid before it."""
    made = budget(two_teams, "cost-center=42", 1e6, kind="tag", profile="weekly")
    before = status(two_teams, made).plan
    hours = fleet.hours("2026-10-01", "2026-11-13")
    # Other machines of the group by day alone, first in the period.
    late = [running(k, "web", valid_from="2026-11-02") for k in range(10, 14)]
    write_instances(two_teams, fleet.instances(*late))
    for row in late:
        load = [95.0 if hour.hour in range(8, 18) else 1.0 for hour in hours]
        write_utilisation(two_teams, fleet.utilisation(row["instance_id"], hours, load))
    recompute(two_teams)
    pd.testing.assert_series_equal(status(two_teams, made).plan, before)


def test_weekly_plans_are_read_at_once_however_many(two_teams):
    """As many statements for twelve budgets as for two: the plans of a period are one read."""

    def asked():
        before = len(statements)
        budgets.statuses(two_teams, NOW)
        return len(statements) - before

    statements, plain = [], two_teams.cursor

    def counted():
        statements.append(1)
        return plain()

    for team in ("web", "data"):
        budget(two_teams, team, 1e6, profile="weekly")
    two_teams.cursor = counted
    few = asked()
    for number in range(10):
        budget(two_teams, f"team-{number}", 1e6, profile="weekly")
    statements.clear()
    assert asked() == few


def test_savings_of_open_advice_reach_to_the_end(two_teams):
    made = budget(two_teams, "web", 1e6)
    assert status(two_teams, made).savings_g is None
    run = advice_log.Run(NOW, NOW, "{}", "f", 0.1)
    advice_log.keep(two_teams, run, pd.DataFrame([advice_row("i-1")]), pd.DataFrame())
    assert status(two_teams, made).savings_g == pytest.approx(4.0 * 18 * 24)
    # What has passed since the last hour that is known cannot be saved any more.
    late = status(two_teams, made, NOW + timedelta(days=2))
    assert late.savings_g == pytest.approx(4.0 * 16 * 24)
    # The saving of a part of the scopes, or of an environment, is not known by it.
    for more in ({"basis": "scope3"}, {"kind": "environment"}):
        assert status(two_teams, budget(two_teams, "web", 1e6, **more)).savings_g is None
    ended = status(two_teams, made, utc("2026-10-31T23:00"))
    assert (ended.state, ended.savings_g) == (State.KEPT, 0)
    shop = budget(two_teams, "shop", 1e6)
    budget_log.keep_rules(two_teams, Rules(aliases={"web": "shop"}), date(2026, 1, 1))
    assert status(two_teams, shop).savings_g == pytest.approx(4.0 * 18 * 24)
    assert status(two_teams, made).savings_g == 0


def test_a_budget_is_kept_once(two_teams):
    made = budget(two_teams, "web", 100.0)
    with pytest.raises(InputError, match="There is a month budget"):
        budget(two_teams, " WEB", 100.0)
    with pytest.raises(InputError):
        budgets.change_amount(two_teams, made, -1.0, NOVEMBER)
    with pytest.raises(InputError):
        new_budget("tag", "no value", "month")
    with pytest.raises(InputError):
        new_budget("team", "web", "week")


def test_one_budget_is_kept_at_a_time(two_teams):
    """Another one may begin as one ends, and not before."""
    today, ends = NOW.date(), date(2026, 12, 1)
    made = budget(two_teams, "web", 100.0)
    budgets.close(two_teams, made, ends)
    again = new_budget("team", "web", "month")
    with pytest.raises(InputError, match="kept until 2026-12-01"):
        budgets.create(two_teams, again, 50.0, today, today=today)
    budgets.create(two_teams, again, 50.0, ends, today=today)
    content = budget_csv.export_budgets(two_teams, today)
    assert content.count(b"\n") == 2
    assert budget_csv.import_budgets(two_teams, content, today) == (0, 0, 1)
    with pytest.raises(InputError, match="on this basis\\."):
        budgets.create(two_teams, again, 50.0, ends, today=today)
    assert len(budget_log.budgets(two_teams, ends)) == 1
    # What begins in the past of a budget that has ended is the new one's alone.
    scope3 = budget(two_teams, "web", 1.0, basis="scope3")
    budgets.close(two_teams, scope3, today)
    another = new_budget("team", "web", "month", basis="scope3")
    budgets.create(two_teams, another, 1.0, date(2026, 11, 1), today=today)


def test_copied_to_the_next_period(two_teams):
    made = budget(two_teams, "web", 100.0)
    assert budgets.copy_to_next(two_teams, made, NOW, -4.2) == pytest.approx(95.8)
    assert budget_log.versions(two_teams)[made.budget_id][-1] == Version(
        date(2026, 12, 1), pytest.approx(95.8)
    )
    assert status(two_teams, made).budget_g == pytest.approx(100.0)
    # It is the amount that this period ends with, whatever is set for the next one.
    budgets.change_amount(two_teams, made, 300.0, date(2026, 11, 20))
    assert budgets.copy_to_next(two_teams, made, NOW) == pytest.approx(300.0)
    unset = new_budget("team", "data", "month")
    with pytest.raises(InputError, match="No amount"):
        budgets.copy_to_next(two_teams, unset, NOW)


def test_a_path_laid_anew_ends_the_older_one_and_an_amount_can_be_taken_back(two_teams):
    made = budget(two_teams, "web", 1_000.0, period="year")

    def amounts():
        return {v.valid_from.year: v.grams for v in budget_log.versions(two_teams)[made.budget_id]}

    for until, pct in ((2032, 4.2), (2029, 20.0)):
        path = reduction_path(1_000.0, 2026, until, pct, "year")
        budgets.follow_path(two_teams, made, path)
    assert amounts() == pytest.approx({2026: 1_000, 2027: 800, 2028: 600, 2029: 400})
    budget_log.keep(two_teams, made, [], taken_back=[date(2028, 1, 1)])
    assert amounts() == pytest.approx({2026: 1_000, 2027: 800, 2029: 400})
    budgets.change_amount(two_teams, made, 700.0, date(2028, 1, 1))
    assert amounts()[2028] == 700
    history = budget_log.version_history(two_teams, made.budget_id)
    assert history["grams"].isna().sum() == 4
    assert budget_csv.export_budgets(two_teams, NOW.date()).count(b"\n") == 5


def test_each_threshold_is_told_once_over_restarts(tmp_path):
    path = tmp_path / "s.duckdb"
    store = with_fleet(new_store(path), running(1, "web"))
    made = budget(store, "web", emitted(store) / 0.9)
    first = budgets.check_thresholds(store, NOW)
    names = [threshold.name for _, threshold in first]
    assert names == ["actual-50", "actual-80", "forecast-100", "probability-80"]
    raised = budget_notices.notices(store)["raised_at"].tolist()
    store.close()
    again = new_store(path)
    budgets.check_thresholds(again, NOW + timedelta(hours=1))
    kept = budget_notices.notices(again, made.budget_id)
    assert kept["raised_at"].tolist() == raised
    values = dict(zip(kept["threshold"], kept["value"], strict=True))
    assert set(values) == set(names)
    assert values["actual-80"] == pytest.approx(emitted(again))
    assert values["forecast-100"] > 2 * values["actual-80"]
    assert values["probability-80"] == 1.0
    again.close()


def test_late_data_that_lowers_the_figure_is_called_restated_and_not_unsent(store):
    with_fleet(store, running(1, "web"), running(2, "web"))
    made = budget(store, "web", emitted(store) / 0.9)
    budgets.check_thresholds(store, NOW)
    # The second machine turns out to have been stopped all along.
    stopped = running(2, "web", state="stopped")
    write_instances(store, fleet.instances(stopped))
    recompute(store)
    found = status(store, made)
    assert found.actual_g == pytest.approx(emitted(store))
    assert found.state is State.RESTATED
    before = budget_notices.notices(store)
    budgets.check_thresholds(store, NOW)
    after = budget_notices.notices(store)
    assert len(after) == len(before)
    cleared = after[after["cleared_at"].notna()]["threshold"]
    assert "actual-80" in set(cleared)
    assert status(store, made).state is State.RESTATED
    # Reached again, it is the same notice.
    write_instances(store, fleet.instances(running(2, "web")))
    recompute(store)
    budgets.check_thresholds(store, NOW)
    assert len(budget_notices.notices(store)) == len(before)
    assert budget_notices.notices(store)["cleared_at"].isna().all()
    # Just below a threshold the notice holds, but the budget is said to be where it is.
    budgets.change_amount(store, made, emitted(store) / 0.79, date(2026, 1, 1))
    budgets.check_thresholds(store, NOW)
    assert "80% was told as reached" in status(store, made).reason
    of_80 = budget_notices.notices(store).set_index("threshold").loc["actual-80"]
    assert pd.isna(of_80["cleared_at"])


def test_a_threshold_that_was_left_is_held_again_only_at_its_level(two_teams):
    grams = emitted(two_teams, "team = 'web'")
    made = budget(two_teams, "web", grams / 0.82)

    def held_at(share):
        budgets.change_amount(two_teams, made, grams / share, date(2026, 1, 1))
        budgets.check_thresholds(two_teams, NOW)
        return "actual-80" in status(two_teams, made).held

    assert held_at(0.82)
    assert held_at(0.79)  # it wavers around the level
    assert not held_at(0.70)
    assert not held_at(0.79)
    assert held_at(0.801)


def test_a_period_is_over_with_its_last_hour(store):
    with_fleet(store, running(1, "web"), end="2026-12-01")
    november = status(store, budget(store, "web", 1e9), utc("2026-11-30T23:00"))
    assert (november.state, november.outlook) == (State.KEPT, None)


def test_a_forecast_of_a_dirtier_grid_raises_the_outlook(two_teams):
    made = budget(two_teams, "web", 1e6)
    usual = status(two_teams, made).outlook.central_g
    hours = fleet.hours("2026-11-13", "2026-11-15")
    two_teams.cursor().execute(
        "INSERT INTO issued_forecasts SELECT 'DE', 'lifecycle', ?, unnest(?), 2000, 1900, 2100, "
        "0.8, 'x'",
        [NOW, [fleet.as_datetime(hour) for hour in hours]],
    )
    assert status(two_teams, made).outlook.central_g > 1.05 * usual


def test_a_period_that_ended_is_judged_on_what_is_known_since(two_teams):
    made = budget(two_teams, "web", 1e6)
    october = status(two_teams, made, utc("2026-10-31T23:00"))
    assert october.state is State.KEPT
    assert october.outlook is None
    assert october.actual_g == pytest.approx(
        emitted(two_teams, "team = 'web' AND hour < '2026-11-01'", start="2026-10-01")
    )
    hours = fleet.hours("2026-10-01", "2026-10-02")
    write_intensities(two_teams, fleet.intensities("DE", hours, 1000.0, 1200.0), CATALOG)
    recompute(two_teams)
    assert status(two_teams, made, utc("2026-10-31T23:00")).actual_g > october.actual_g


def test_a_budget_that_begins_later_in_the_period_expects_its_own_hours(two_teams):
    whole = status(two_teams, budget(two_teams, "web", 1e6)).outlook.hours
    later = status(
        two_teams, budget(two_teams, "web", 1e6, start=date(2026, 11, 20), basis="scope3")
    )
    assert len(whole) == 18 * 24
    assert later.outlook.hours.index[0] == pd.Timestamp("2026-11-20", tz="UTC")
    assert len(later.outlook.hours) == 11 * 24
    assert later.actual_g is None
    assert later.state is State.ON_TRACK


def test_the_first_hour_of_a_period_is_judged_by_what_is_expected(store):
    with_fleet(store, running(1, "web"), end="2026-11-01")
    october = emitted(store, start="2026-10-01")
    made = budget(store, "web", october / 2)
    found = status(store, made, utc("2026-11-01"))
    assert (found.actual_g, found.elapsed_share) == (None, 0.0)
    assert found.state is State.ALERT


def test_a_team_that_the_rules_merge_expects_nothing_more_and_says_so(two_teams):
    made = budget(two_teams, "data", 1e6)
    budget_log.keep_rules(two_teams, Rules(aliases={"data": "web"}), date(2026, 11, 7))
    found = status(two_teams, made)
    assert found.outlook.central_g == pytest.approx(found.actual_g)
    budget_log.keep_rules(two_teams, Rules(aliases={"data": "web"}), date(2026, 1, 1))
    found = status(two_teams, made)
    assert found.state is State.NOT_ENOUGH_DATA
    assert "into “web”" in found.reason


def test_what_is_restated_still_says_where_it_will_end(two_teams):
    made = budget(two_teams, "web", emitted(two_teams, "team = 'web'") / 0.9)
    budgets.check_thresholds(two_teams, NOW)
    budgets.change_amount(two_teams, made, 1.3 * emitted(two_teams), date(2026, 1, 1))
    found = status(two_teams, made)
    assert found.state is State.RESTATED
    assert "expected to end" in found.reason or "probability" in found.reason
    budgets.check_thresholds(two_teams, NOW)
    cleared = budget_notices.notices(two_teams).set_index("threshold")["cleared_at"].to_dict()
    budgets.check_thresholds(two_teams, NOW + timedelta(hours=5))
    again = budget_notices.notices(two_teams).set_index("threshold")["cleared_at"].to_dict()
    assert again["actual-80"] == cleared["actual-80"]


def test_a_budget_closed_with_its_period_is_told_of_its_last_hours(two_teams):
    made = budget(two_teams, "web", 1.0)
    budgets.close(two_teams, made, NOVEMBER)
    told = budgets.check_thresholds(two_teams, utc("2026-11-02"))
    assert {(s.period.label, t.name) for s, t in told} == {
        ("2026-10", f"actual-{level}") for level in (50, 80, 100)
    }


def test_hours_in_which_nothing_ran_are_accounted_for(store):
    """A fleet that is new within the month has used what it has; nothing is missing of it."""
    machine = running(1, "web") | {"valid_from": "2026-11-10"}
    with_fleet(store, machine)
    found = status(store, budget(store, "web", 1e6))
    assert found.coverage == 1.0
    assert found.state is State.ON_TRACK
    actual = budgets.burn_down(found)["actual_g"]
    assert actual.iloc[:9].tolist() == [0.0] * 9
    write_instances(store, fleet.instances(machine | {"valid_to": "2026-11-11"}))
    recompute(store)
    assert status(store, budget(store, "web", 1e6, basis="scope3")).until == NOW


def test_days_before_the_first_known_are_not_zero(store):
    with_fleet(store, running(1, "web"), start="2026-11-05", end="2026-11-13")
    found = status(store, budget(store, "web", 1e6))
    assert found.coverage == pytest.approx(8 / 12)
    actual = budgets.burn_down(found)["actual_g"]
    assert actual.isna().tolist() == [True] * 4 + [False] * 8 + [True] * 18
    # The hours that are known since count, where the moment is before their end.
    earlier = status(store, budget(store, "data", 1e6), NOW - timedelta(hours=1))
    assert earlier.coverage == pytest.approx(8 / 12, rel=1e-12)


def test_a_team_that_began_of_late_is_expected_to_go_on(store):
    ten, four = running(2, "ten"), running(3, "four")
    with_fleet(
        store,
        running(1, "web"),
        {**ten, "valid_from": "2026-11-03"},
        {**four, "valid_from": "2026-11-09"},
    )
    found = status(store, budget(store, "ten", 1e6))
    assert found.outlook.method == "hourly"
    assert found.outlook.central_g == pytest.approx(found.actual_g * 28 / 10, rel=0.1)
    found = status(store, budget(store, "four", 1e6))
    assert found.outlook.method == "linear"
    assert found.outlook.central_g > 2 * found.actual_g

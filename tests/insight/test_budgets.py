"""The arithmetic of budgets: periods in hours, plans, burn, outlook, thresholds, states."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.errors import InputError
from spectra.insight.budgets import (
    Ahead,
    Known,
    Outlook,
    State,
    Version,
    ahead,
    burn,
    course,
    crossed,
    judge,
    linear_outlook,
    notice_key,
    outlook,
    period_of,
    planned,
    reduction_path,
    weekly_weights,
)

NOV = period_of("month", date(2026, 11, 15))


def test_periods_are_whole_hours_in_leap_years_too():
    assert period_of("month", date(2028, 2, 29)).hours == 29 * 24
    assert period_of("year", date(2028, 1, 1)).hours == 8_784
    assert period_of("month", date(2027, 2, 1)).hours == 672
    # The hour that Berlin has twice is one hour of UTC.
    assert period_of("month", date(2026, 10, 25)).hours == 744
    late = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert [period_of(k, late).label for k in ("month", "quarter", "year")] == [
        "2026-12", "2026-Q4", "2026",
    ]  # fmt: skip
    assert period_of("quarter", late).next.label == "2027-Q1"
    assert period_of("quarter", late).previous.label == "2026-Q3"
    assert [m.label for m in period_of("quarter", late).months] == ["2026-10", "2026-11", "2026-12"]


def test_a_period_is_of_utc_and_of_a_known_kind():
    tokyo = datetime(2026, 12, 1, 3, tzinfo=UTC).astimezone(tz=None)
    assert period_of("month", tokyo).label == "2026-12"
    with pytest.raises(InputError):
        period_of("month", datetime(2026, 12, 1))  # noqa: DTZ001 (that it is naive is the test)
    with pytest.raises(InputError):
        period_of("week", date(2026, 12, 1))


def test_burn_vector():
    assert burn(620.0, 1000.0, 12 / 30) == pytest.approx(1.55)
    plan = planned([Version(date(2026, 1, 1), 1000.0)], NOV)
    so_far = plan[plan.index < pd.Timestamp("2026-11-13", tz="UTC")].sum()
    assert burn(620.0, plan.sum(), so_far / plan.sum()) == pytest.approx(1.55)
    assert burn(1.0, 0.0, 0.5) is None
    assert burn(0.0, 10.0, 0.0) is None


def test_a_new_amount_within_a_period_counts_for_its_hours():
    plan = planned([Version(date(2026, 1, 1), 900.0), Version(date(2026, 11, 11), 300.0)], NOV)
    assert plan.sum() == pytest.approx(900 * 10 / 30 + 300 * 20 / 30)
    assert len(plan) == 720
    later_first = [Version(date(2026, 11, 11), 300.0), Version(date(2026, 1, 1), 900.0)]
    pd.testing.assert_series_equal(planned(later_first, NOV), plan)


def test_a_budget_that_begins_within_a_period_has_no_hours_before():
    plan = planned([Version(date(2026, 11, 16), 600.0)], NOV)
    assert (len(plan), plan.sum()) == (360, pytest.approx(300.0))
    assert planned([Version(date(2026, 12, 1), 600.0)], NOV) is None
    assert planned([], NOV) is None


def test_a_seasonal_plan_keeps_the_amount():
    profile = pd.Series(np.where(np.arange(168) < 120, 3.0, 1.0))
    plan = planned([Version(date(2026, 1, 1), 1000.0)], NOV, weekly_weights(profile, NOV))
    assert plan.sum() == pytest.approx(1000.0)
    by_day = plan.groupby(plan.index.floor("D")).sum()
    assert by_day.loc["2026-11-02"] == pytest.approx(3 * by_day.loc["2026-11-01"])  # a Sunday
    with pytest.raises(InputError):
        weekly_weights(pd.Series(np.full(168, np.nan)), NOV)


def test_a_seasonal_plan_of_which_only_unworked_hours_are_left_is_even():
    """The last days of May 2026 are a weekend."""
    may = period_of("month", date(2026, 5, 1))
    weights = weekly_weights(pd.Series(np.where(np.arange(168) < 120, 1.0, 0.0)), may)
    for begins, hours in ((30, 48), (31, 24)):
        plan = planned([Version(date(2026, 5, begins), 744.0)], may, weights)
        assert plan.tolist() == pytest.approx([1.0] * hours)
    both = [Version(date(2026, 1, 1), 744.0), Version(date(2026, 5, 30), 1.0)]
    assert planned(both, may, weights).sum() == pytest.approx(744.0)


def test_a_reduction_path_reaches_its_target():
    path = reduction_path(1000.0, 2025, 2030, 4.2, "year")
    assert [v.grams for v in path] == pytest.approx([958, 916, 874, 832, 790])
    compound = reduction_path(1000.0, 2025, 2027, 10, "year", is_linear=False)
    assert [v.grams for v in compound] == pytest.approx([900, 810])
    months = reduction_path(1000.0, 2027, 2028, 4.2, "month")
    assert sum(v.grams for v in months) == pytest.approx(958)
    assert months[1].grams / months[0].grams == pytest.approx(29 / 31)  # a leap year
    steep = reduction_path(1000.0, 2025, 2030, 30, "year")
    assert [v.grams for v in steep] == pytest.approx([700, 400, 100, 0, 0])
    for bad in ((0.0, 2025, 2030, 4.2), (1.0, 2030, 2030, 4.2), (1.0, 2025, 2030, 120)):
        with pytest.raises(InputError):
            reduction_path(*bad, "year")


def history(days=28, zones=("DE", "FR"), level=1.0, noise=0.0, seed=0):
    known = pd.date_range("2026-11-01", periods=24 * days, freq="h", tz="UTC", unit="us")
    rng = np.random.default_rng(seed)
    parts = []
    for number, zone in enumerate(zones, start=1):
        load = number * (2 + np.sin(np.arange(len(known)) * 2 * np.pi / 24)) * level
        load = load * (1 + noise * np.repeat(rng.standard_normal(days), 24))
        parts.append(
            pd.DataFrame({"hour": known, "zone": zone, "energy_kwh": load,
                          "grid_g": load * 100 * number, "fixed_g": 5.0})
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True), known


def coming(known, hours=240):
    return pd.date_range(known[-1] + pd.Timedelta("1h"), periods=hours, freq="h")


def test_hours_that_repeat_are_expected_to_repeat():
    rows, known = history()
    found = ahead(rows, known, coming(known))
    per_day = rows.groupby("hour")[["grid_g", "fixed_g"]].sum().sum(axis=1)[:24].sum()
    assert found.hours.sum() == pytest.approx(10 * per_day)
    assert found.trend == pytest.approx(1.0)
    end = outlook(1000.0, 1000.0 + 10 * per_day + 1, found)
    assert end.low_g == pytest.approx(end.central_g) == pytest.approx(end.high_g)
    assert end.probability == 0.0


def test_a_forecast_of_the_grid_counts_where_there_is_one():
    rows, known = history(zones=("DE",))
    at = coming(known)
    usual = ahead(rows, known, at)
    cleaner = pd.DataFrame({"DE": 0.5}, index=at[:24])
    changed = ahead(rows, known, at, cleaner)
    fixed = 5.0
    assert changed.hours[:24].to_numpy() == pytest.approx((usual.hours[:24] - fixed) / 2 + fixed)
    assert changed.hours[24:].to_numpy() == pytest.approx(usual.hours[24:].to_numpy())


def test_a_forecast_of_a_skewed_grid_is_taken_as_it_is():
    """One week in four at 400 g/kWh: hours without a forecast count at the mean of 250."""
    rows, known = history(zones=("DE",))
    rows["energy_kwh"], rows["fixed_g"] = 1.0, 0.0
    rows["grid_g"] = np.where(np.arange(len(rows)) < 168, 400.0, 200.0)
    at = coming(known)
    found = ahead(rows, known, at, pd.DataFrame({"DE": 300 / 200}, index=at[:24]))
    assert found.hours[:24].sum() == pytest.approx(24 * 300)
    assert found.hours[24:].to_numpy() == pytest.approx(250)


def test_a_trend_is_of_the_load_and_hardware_stays():
    rows, at = history(zones=("DE",))
    usual = ahead(rows, at, coming(at)).hours
    rows.loc[rows["hour"] >= at[-168], ["energy_kwh", "grid_g"]] *= 1.1
    fixed = 5.0
    grown = ahead(rows, at, coming(at)).hours
    assert grown.to_numpy() == pytest.approx(1.1 * (usual - fixed).to_numpy() + fixed)


def test_what_is_left_of_a_period_emits_nothing_at_the_least():
    hours = pd.Series(0.1, index=pd.date_range("2026-11-20", periods=240, freq="h", tz="UTC"))
    found = Ahead(hours, np.array([-500.0, 500.0] * 14), 1.0)
    end = outlook(700.0, 1e9, found)
    assert end.low_g == 700.0
    assert end.high_g > 1000
    # One that ends at just its budget keeps it.
    sure = Ahead(hours, np.zeros(28), 1.0)
    assert outlook(0.0, float(hours.sum()), sure).probability == 0.0


def test_a_day_known_in_part_is_no_day_that_was_off():
    rows, at = history(noise=0.1, zones=("DE",))
    found = ahead(rows[13:], at[13:], coming(at))
    assert len(found.residuals) == 27
    assert found.residuals.sum() == pytest.approx(0, abs=1e-6)


def test_four_weeks_are_looked_back_at_and_no_hour_more():
    rows, at = history(days=29)
    wild = rows.copy()
    wild.loc[wild["hour"] < at[24], ["energy_kwh", "grid_g"]] *= 100
    usual, found = (ahead(past, at, coming(at)) for past in (rows, wild))
    assert found.hours.to_numpy() == pytest.approx(usual.hours.to_numpy(), rel=1e-12)
    assert len(found.residuals) == 28


def test_a_trend_is_followed_within_limits():
    rows, known = history(zones=("DE",))
    last = rows["hour"] >= known[-168]
    for factor, expected in ((1.1, 1.1), (3.0, 1.25), (0.1, 0.8)):
        grown = rows.copy()
        grown.loc[last, ["energy_kwh", "grid_g"]] *= factor
        assert ahead(grown, known, coming(known)).trend == pytest.approx(expected, rel=1e-6)


def test_noise_of_days_gives_a_band_and_a_probability():
    rows, known = history(noise=0.1, zones=("DE",))
    found = ahead(rows, known, coming(known))
    end = outlook(0.0, float(found.hours.sum()), found)
    assert end.low_g < end.central_g < end.high_g
    assert 0.3 < end.probability < 0.7
    # Never narrower than ten days that have nothing to do with one another.
    spread = np.std(found.residuals) * np.sqrt(10)
    assert 1 <= (end.high_g - end.low_g) / (2 * 1.645 * spread) < 3
    again = outlook(0.0, float(found.hours.sum()), found)
    assert (again.low_g, again.high_g) == (end.low_g, end.high_g)


def test_the_band_holds_what_comes_when_load_wanders_for_days():
    """Days that are alike for days, as weather and load are: P5 to P95 is to hold most ends."""
    held = []
    for seed in range(60):
        rows, hours = history(days=38, zones=("DE",))
        rng, level = np.random.default_rng(seed), [0.0]
        for _ in range(37):
            level.append(0.8 * level[-1] + 0.1 * rng.standard_normal())
        rows[["energy_kwh", "grid_g"]] = rows[["energy_kwh", "grid_g"]].mul(
            np.repeat(1 + np.array(level), 24), axis=0
        )
        past, future = rows[: 28 * 24], rows[28 * 24 :]
        found = ahead(past, hours[: 28 * 24], hours[28 * 24 :])
        end = outlook(0.0, 1.0, found)
        held.append(end.low_g <= future[["grid_g", "fixed_g"]].sum().sum() <= end.high_g)
    assert np.mean(held) >= 0.7


def test_less_than_a_week_is_no_outlook_but_a_line_from_a_fifth_on():
    rows, known = history(days=6)
    assert ahead(rows, known, coming(known)) is None
    assert linear_outlook(620.0, 0.4).central_g == pytest.approx(1550.0)
    assert linear_outlook(620.0, 0.4).probability is None
    assert linear_outlook(620.0, 0.19) is None


def known(actual=None, future=None, *, budget=100.0, share=0.5, coverage=1.0):
    return Known(budget, actual, share, coverage, future)


def ends(central, probability=0.0):
    return Outlook(central, central, central, probability, "hourly")


def test_thresholds_with_hysteresis():
    assert crossed(known(49.9, ends(90))) == ()
    assert crossed(known(50.0, ends(90))) == ("actual-50",)
    assert crossed(known(49.0, ends(90)), ["actual-50"]) == ("actual-50",)
    assert crossed(known(47.9, ends(90)), ["actual-50"]) == ()
    assert crossed(known(10.0, ends(100.0))) == ()
    assert crossed(known(10.0, ends(100.1, 0.8))) == ("forecast-100", "probability-80")
    assert crossed(known(10.0, ends(99, 0.79)), ["forecast-100", "probability-80"]) == (
        "forecast-100", "probability-80",
    )  # fmt: skip
    assert crossed(known(10.0, ends(90), budget=0.0)) == ()
    assert crossed(known(None, None)) == ()


@pytest.mark.parametrize(
    ("state", "facts", "told"),
    [
        (State.NO_BUDGET, known(1.0, budget=None), ()),
        (State.NO_BUDGET, known(1.0, budget=0.0), ()),
        (State.NOT_ENOUGH_DATA, known(None, None, share=0.0), ()),
        (State.NOT_ENOUGH_DATA, known(10.0, ends(50), coverage=0.5), ()),
        (State.NOT_ENOUGH_DATA, known(10.0, None, share=0.1), ()),
        (State.ON_TRACK, known(10.0, ends(50), coverage=0.9), ()),
        (State.OVER, known(100.0, ends(120)), ()),
        (State.OVER, known(100.0, ends(120), coverage=0.5), ()),
        (State.RESTATED, known(70.0, ends(90)), ("actual-80",)),
        (State.RESTATED, known(98.5, ends(99)), ("actual-80", "actual-100")),
        (State.ALERT, known(70.0, ends(101, 0.9)), ()),
        (State.WARN, known(70.0, ends(101, 0.6)), ()),
        (State.WARN, known(70.0, ends(101, 0.79)), ("probability-80",)),
        (State.ON_TRACK, known(70.0, ends(99, 0.4)), ("actual-50", "forecast-100")),
    ],
)
def test_states_follow_the_figures_as_they_are(state, facts, told):
    assert judge(facts, told)[0] is state
    assert judge(facts, told)[1]


def test_an_amount_of_nothing_is_none_to_be_kept_and_is_not_said_to_be_unset():
    assert judge(known(1.0, budget=None))[1] == "No amount is set for this period."
    assert judge(known(1.0, budget=0.0))[1].startswith("An amount of 0, which is no limit,")
    rows, at = history()
    found = ahead(rows, at, coming(at))
    assert outlook(0.0, 0.0, found).probability is None
    assert outlook(0.0, 1e-9, found).probability == 1.0


def test_a_period_that_ended_below_its_budget_was_kept():
    facts = known(90.0, None, share=1.0)
    assert judge(facts, has_ended=True)[0] is State.KEPT
    late = known(98.5, None, share=1.0)
    state, reason = judge(late, ("actual-100",), has_ended=True)
    assert (state, "100% was told" in reason) == (State.RESTATED, True)


def test_what_is_restated_names_the_highest_level_that_was_told():
    told = ("actual-50", "actual-80", "forecast-100")
    assert judge(known(40.0, ends(90)), told)[1].startswith("80% was told as reached;")


def test_a_key_names_budget_period_and_threshold():
    assert notice_key("b1", NOV, "actual-80") == "budget|b1|2026-11|actual-80"


def test_the_course_of_a_period():
    plan = planned([Version(date(2026, 1, 1), 300.0)], NOV)
    days = pd.Series(12.0, index=pd.date_range("2026-11-01", periods=20))
    until = datetime(2026, 11, 21, tzinfo=UTC)
    hours = pd.Series(0.5, index=pd.date_range(until, NOV.end, freq="h", inclusive="left"))
    end = Outlook(360.0, 330.0, 390.0, 1.0, "hourly", hours)
    frame = course(plan, days, until, 240.0, end).set_index("day")
    assert frame["planned_g"].iloc[-1] == pytest.approx(300)
    assert frame["actual_g"].iloc[19] == pytest.approx(240)
    assert frame["actual_g"].iloc[20:].isna().all()
    assert frame["expected_g"].iloc[:20].isna().all()
    assert frame.iloc[-1][["expected_g", "low_g", "high_g"]].tolist() == pytest.approx(
        [360, 330, 390]
    )
    # Errors of days that have nothing to do with one another: the root of the time that passes.
    first = frame.iloc[20]
    assert first["expected_g"] == pytest.approx(252)
    assert first["high_g"] - first["expected_g"] == pytest.approx(30 / 10**0.5)
    uneven = course(plan, days, until, 240.0, end._replace(low_g=350.0)).set_index("day").iloc[20]
    assert uneven["expected_g"] - uneven["low_g"] == pytest.approx(10 / 10**0.5)
    assert course(None, days, until, 240.0, end).empty
    nothing = course(plan, days[:0], NOV.start - timedelta(days=1), None, None)
    assert nothing["actual_g"].isna().all()

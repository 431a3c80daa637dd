"""Detection in one series and in a fleet: what is found, and what never changes afterwards."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import InputError
from spectra.insight.anomalies import CPU, MEMORY_DAYS, Sensitivity, detect, scan
from spectra.insight.anomalies.memory import ARRAYS, Memory, joined

START = pd.Timestamp("2026-09-07T00:00Z")  # a Monday


def hours(count: int, start: pd.Timestamp = START) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq="h")


def office(count: int, seed: int = 0, timezone: str = "UTC", start=START) -> pd.Series:
    """CPU of a machine that works from eight to six on workdays [%], with noise."""
    index = hours(count, start)
    local = index.tz_convert(timezone)
    at_work = (local.day_of_week < 5) & (local.hour >= 8) & (local.hour < 18)
    noise = np.exp(0.06 * np.random.default_rng(seed).normal(size=count))
    return pd.Series(np.where(at_work, 38.0, 9.0) * noise, index)


def fine(days: int, seed: int = 0) -> pd.Series:
    """CPU every five minutes around 20 % [%]."""
    index = pd.date_range(START, periods=days * 288, freq="5min")
    return pd.Series(20 + np.random.default_rng(seed).normal(0, 1.5, len(index)), index)


def raised(alerts: pd.DataFrame) -> pd.DataFrame:
    return alerts[alerts["is_alert"]].reset_index(drop=True)


def test_a_spike_is_found_once_and_has_its_times():
    series = fine(6)
    series.iloc[1300:1312] += 40
    found = detect(series)
    assert list(found.columns) == ["start", "end", "kind", "score"]
    found = found[found["start"] > series.index[1296]]
    assert found["kind"].tolist() == ["usage spike"]
    # Two of three consecutive samples must be high: the second one is when it is known.
    assert found["start"].iloc[0] == series.index[1301]
    assert found["end"].iloc[0] >= series.index[1312]
    assert found["score"].iloc[0] > 2


def test_one_sample_alone_is_no_spike():
    series = fine(6)
    before = detect(series)
    series.iloc[1300] += 60
    pd.testing.assert_frame_equal(detect(series), before)


def test_two_months_every_five_minutes_have_a_season():
    series = fine(62)
    busy = series.index.hour.isin(range(8, 18)) & (series.index.day_of_week < 5)
    series = series * np.where(busy, 2.0, 0.3)
    at = 288 * 57 + 30
    series.iloc[at : at + 12] += 30
    start = detect(series, CPU)["start"]
    start = start[start >= series.index[288 * 40]]
    assert (start == series.index[at + 1]).any()
    assert len(start) <= 2


def test_a_runaway_is_said_early_and_then_by_its_name():
    series = office(24 * 45)
    at = 24 * 40 + 2
    series.iloc[at : at + 12] = 95.0
    alerts = raised(scan(series.to_frame("i-1")).alerts)
    assert alerts["kind"].tolist() == ["usage spike", "runaway process"]
    assert alerts["at"][0] == series.index[at + 1]
    assert alerts["at"][1] == series.index[at + 5]  # six hours have passed when this one is over


def test_the_limit_of_a_runaway_stays_as_it_was_at_the_onset():
    series = office(24 * 60)
    series.iloc[24 * 45 :] = 90.0  # for two weeks, by which it would have become usual
    rows = scan(series.to_frame("i-1")).alerts
    runaway = rows[rows["kind"] == "runaway process"]
    assert runaway["at"].max() == series.index[-1]


def test_a_sustained_shift_is_found_in_both_directions():
    for change in (12.0, -12.0):
        series = pd.Series(30 + np.random.default_rng(3).normal(0, 4, 24 * 30), hours(24 * 30))
        series.iloc[24 * 20 :] += change
        found = detect(series, CPU)
        assert found["kind"].isin(["sustained shift"]).any()
        first = found.loc[found["kind"] == "sustained shift", "start"].iloc[0]
        assert pd.Timedelta(0) <= first - series.index[24 * 20] <= pd.Timedelta("18h")


def test_a_weekly_routine_is_usual_with_four_weeks_of_history():
    series = office(24 * 7 * 9)
    backup = (series.index.day_of_week == 6) & (series.index.hour.isin([2, 3, 4]))
    series[backup] = 60.0
    alerts = raised(scan(series.to_frame("i-1")).alerts)
    assert (alerts["at"] < START + pd.Timedelta(weeks=5)).all()


@pytest.mark.parametrize(
    ("timezone", "change"),
    [
        ("Europe/Berlin", "2026-10-25"),
        ("America/New_York", "2026-11-01"),
        ("Europe/Berlin", "2026-03-29"),
    ],
)
def test_a_clock_change_raises_nothing(timezone, change):
    start = pd.Timestamp(change, tz="UTC") - pd.Timedelta(weeks=7)
    fleet = pd.concat(
        [office(24 * 7 * 10, seed, timezone, start).rename(seed) for seed in range(6)], axis=1
    )
    alerts = raised(scan(fleet).alerts)
    # In the first two weeks there is no baseline yet: a first Monday differs from its Sunday.
    assert (alerts["at"] < start + pd.Timedelta(weeks=2)).all()


@pytest.mark.parametrize("level", [0.0, 0.3, 100.0])
def test_a_flat_series_raises_nothing(level):
    assert detect(pd.Series(level, hours(24 * 60))).empty
    assert detect(pd.Series(level, fine(10).index)).empty


@pytest.mark.parametrize("index", [hours(24 * 20), fine(20).index])
def test_a_jump_of_a_flat_series_is_found_whatever_its_unit(index):
    series = pd.Series(5e6, index)
    at = len(index) * 3 // 4
    series.iloc[at : at + 6] = 5e7
    assert detect(series)["start"].iloc[0] == index[at + 1]


def test_zero_spread_does_not_make_a_tick_an_alarm():
    series = pd.Series(0.4, hours(24 * 60))
    series.iloc[1000:1004] = 0.9
    assert detect(series, CPU).empty  # below the floor of a percentage point
    series.iloc[1000:1004] = 30.0
    assert not detect(series, CPU).empty


def test_nothing_is_said_of_a_new_instance_before_a_day_is_known():
    series = pd.Series(20 + 60 * np.random.default_rng(0).random(30), hours(30))
    assert detect(series).empty
    assert detect(series.iloc[:1]).empty


def test_a_gap_is_no_drop_and_no_shift():
    fleet = pd.concat([office(24 * 60, seed).rename(seed) for seed in range(8)], axis=1)
    whole = raised(scan(fleet).alerts)
    gappy = fleet.copy()
    gappy.iloc[24 * 45 + 7 : 24 * 47 + 11] = np.nan
    gappy = gappy.drop(gappy.index[24 * 50 : 24 * 51])
    alerts = raised(scan(gappy).alerts)
    assert len(alerts) <= len(whole) + 1
    assert not (alerts["kind"] == "usage drop").any()


def test_within_twelve_hours_only_a_much_higher_score_alerts_again():
    series = fine(16)
    series.iloc[3500:3505] += 20
    series.iloc[3560:3565] += 20  # five hours later, the same
    series.iloc[3600:3605] += 75  # soon after, far higher
    start = detect(series, CPU)["start"]
    first, again, higher = (series.index[place] for place in (3500, 3560, 3600))
    assert start.between(first, again, inclusive="left").sum() == 1
    assert start.between(again, higher, inclusive="left").sum() == 0
    assert (start >= higher).sum() == 1
    always = detect(series, replace(CPU, realert_hours=0))["start"]
    assert always.between(again, higher, inclusive="left").sum() > 1


def test_hours_one_by_one_give_what_a_history_gives():
    fleet = pd.concat([office(24 * 40, seed).rename(f"i-{seed}") for seed in range(5)], axis=1)
    fleet.iloc[24 * 35 : 24 * 35 + 8, 2] += 55
    fleet.iloc[24 * 36 : 24 * 36 + 5, 3] = np.nan
    whole = scan(fleet)
    first = 24 * 34
    step, parts = scan(fleet.iloc[:first]), []
    parts.append(step.alerts)
    for hour in range(first, len(fleet)):
        step = scan(fleet.iloc[hour : hour + 1], step.state)
        parts.append(step.alerts)
    streamed = pd.concat([part for part in parts if len(part)], ignore_index=True)
    pd.testing.assert_frame_equal(streamed, whole.alerts)
    assert step.state.end == whole.state.end
    assert not raised(whole.alerts).empty


def test_a_memory_of_a_hundred_days_goes_on_like_one_of_everything():
    fleet = pd.concat([office(24 * 170, seed).rename(f"i-{seed}") for seed in range(20)], axis=1)
    later = np.random.default_rng(1).integers(24 * 155, 24 * 169, 20)
    for place, hour in enumerate(later):
        fleet.iloc[hour : hour + 5, place] += 25
    cut = 24 * 153
    whole = scan(fleet.iloc[cut:], scan(fleet.iloc[:cut]).state).alerts
    recent = scan(fleet.iloc[cut:], scan(fleet.iloc[cut - 24 * MEMORY_DAYS : cut]).state).alerts
    assert not raised(whole).empty
    pd.testing.assert_frame_equal(recent, whole)


def test_one_series_alone_gives_what_it_gives_in_a_fleet():
    fleet = pd.concat(
        [office(24 * 50, seed).rename(f"i-{seed:03d}") for seed in range(150)], axis=1
    )
    fleet.iloc[24 * 46 : 24 * 46 + 9, 140] += 50
    alerts = raised(scan(fleet).alerts)
    for name in ("i-000", "i-140"):
        alone = detect(fleet[name], CPU)
        own = alerts[alerts["series"] == name]
        assert alone["start"].tolist() == own["at"].tolist()
        assert alone["kind"].tolist() == own["kind"].tolist()


def test_known_hours_are_passed_over_and_missing_ones_are_unknown():
    series = office(24 * 40).to_frame("i-1")
    state = scan(series.iloc[:900]).state
    again = scan(series.iloc[880:900], state)
    assert again.alerts.empty
    assert again.state.end == state.end
    later = scan(series.iloc[905:910], state).state
    assert np.isnan(later.values[0, -10:-5]).all()
    assert np.isfinite(later.values[0, -5:]).all()


def test_series_come_and_go():
    series = office(24 * 40).to_frame("i-1")
    state = scan(series.iloc[:900]).state
    other = series.iloc[900:].rename(columns={"i-1": "i-2"})
    joined = scan(other, state).state
    assert set(joined.series) == {"i-1", "i-2"}
    gone = pd.DataFrame({"i-2": 5.0}, hours(24 * 60, joined.end))
    assert scan(gone, joined).state.series.tolist() == ["i-2"]


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(24 * 10, 24 * 39), seed=st.integers(0, 10), level=st.floats(0, 100))
def test_what_comes_later_changes_no_past_alert(cut, seed, level):
    chance = np.random.default_rng(seed)
    series = office(24 * 40, seed)
    spikes = chance.integers(0, 24 * 39, 6)
    for spike in spikes:
        series.iloc[spike : spike + 4] += 40
    other = series.copy()
    other.iloc[cut:] = level
    rows, others = (scan(s.to_frame("i-1")).alerts for s in (series, other))
    known = series.index[cut]
    pd.testing.assert_frame_equal(rows[rows["at"] < known], others[others["at"] < known])


@settings(max_examples=8, deadline=None)
@given(cut=st.integers(288 * 2, 288 * 7), seed=st.integers(0, 10))
def test_nor_does_it_every_five_minutes(cut, seed):
    series = fine(8, seed)
    for spike in np.random.default_rng(seed).integers(0, len(series) - 20, 6):
        series.iloc[spike : spike + 9] += 25
    whole, until = detect(series), detect(series.iloc[:cut])
    known = whole["start"] < series.index[cut]
    assert until["start"].tolist() == whole.loc[known, "start"].tolist()
    assert until["kind"].tolist() == whole.loc[known, "kind"].tolist()


def test_order_zone_and_repeated_values_do_not_matter():
    series = fine(6)
    series.iloc[1300:1312] += 40
    other = pd.concat([series.sample(frac=1, random_state=1), series.iloc[:3]])
    other.index = other.index.tz_convert("Asia/Kolkata")
    pd.testing.assert_frame_equal(detect(other), detect(series))


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (pd.Series([1.0], pd.DatetimeIndex(["2026-11-25"])), "timezone-aware"),
        (pd.Series([1.0], [1]), "timezone-aware"),
        (pd.Series([np.nan], hours(1)), "nothing to look"),
        (pd.Series(1.0, pd.date_range(START, periods=50, freq="15min")), "every five minutes or"),
        (pd.Series(1.0, pd.date_range(START, periods=50, freq="D")), "every five minutes or"),
    ],
)
def test_what_cannot_be_searched_is_said(series, words):
    with pytest.raises(InputError, match=words):
        detect(series)


def test_what_cannot_be_scanned_is_said():
    twice = pd.DataFrame({"a": [1.0, 2.0]}, hours(1).repeat(2))
    with pytest.raises(InputError, match="twice"):
        scan(twice)
    with pytest.raises(InputError, match="whole hours"):
        scan(pd.DataFrame({"a": [1.0]}, pd.DatetimeIndex(["2026-11-25T00:05Z"])))
    with pytest.raises(InputError, match="no hour"):
        scan(pd.DataFrame({"a": []}, hours(0)))


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.5}, {"realert_factor": 0.9}, {"realert_hours": -1}, {"floor": -1.0}]
)
def test_a_senseless_sensitivity_is_refused(wrong):
    with pytest.raises(InputError):
        Sensitivity(**wrong)


def test_memories_are_joined_without_holding_parts_and_whole_at_once():
    at = pd.Timestamp("2026-11-25T00:00Z")
    tracemalloc.start()
    parts = [Memory.empty(pd.Index([f"i-{part}-{k}" for k in range(50)]), at) for part in range(4)]
    for number, part in enumerate(parts):
        part.values[:] = number
    size = sum(getattr(p, name).nbytes for p in parts for name in ARRAYS)
    del part
    before = tracemalloc.get_traced_memory()[0]
    whole = joined(parts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert parts == []
    assert peak - before < 0.7 * size
    assert whole.series.tolist() == [f"i-{part}-{k}" for part in range(4) for k in range(50)]
    assert whole.values[:, 0].tolist() == [part for part in range(4) for _ in range(50)]

"""Alerts folded into incidents, what they weigh, and what was planned."""

import pandas as pd
import pytest

from spectra.insight.anomalies import data_gaps, fold, intensity_spikes, ranked, without_planned
from spectra.insight.anomalies.words import cause
from tests.insight.test_anomalies import START, hours, office

HOUR = pd.Timedelta(hours=1)


def alerts(*rows: tuple) -> pd.DataFrame:
    """Rows of hour, kind, score, excess and whether it is an alert; all of one series."""
    return pd.DataFrame(
        [
            {
                "series": "i-1", "at": START + hour * HOUR, "kind": kind, "score": score,
                "value": 20.0 + excess, "expected": 20.0, "excess": excess, "is_alert": is_alert,
            }
            for hour, kind, score, excess, is_alert in rows
        ]
    )  # fmt: skip


SPIKE, RUNAWAY = "usage spike", "runaway process"
RUN = alerts(
    (0, SPIKE, 2.0, 40.0, True), (1, SPIKE, 3.0, 60.0, False), (5, RUNAWAY, 2.5, 50.0, True)
)


def test_one_trouble_is_one_incident_under_its_most_serious_name():
    incidents = fold(RUN, START + 10 * HOUR)
    assert len(incidents) == 1
    only = incidents.iloc[0]
    assert only["kind"] == RUNAWAY
    assert (only["start"], only["last_seen"]) == (START, START + 5 * HOUR)
    assert pd.isna(only["end"])
    assert (only["score"], only["excess"], only["value"], only["alerts"]) == (3.0, 150.0, 80.0, 2)


def test_it_ends_once_it_has_been_quiet_for_long_enough():
    assert pd.isna(fold(RUN, START + 17 * HOUR)["end"][0])
    assert fold(RUN, START + 18 * HOUR)["end"][0] == START + 6 * HOUR
    again = pd.concat([RUN, alerts((40, SPIKE, 2.0, 10.0, True))])
    incidents = fold(again, START + 41 * HOUR)
    assert incidents["start"].tolist() == [START, START + 40 * HOUR]
    assert incidents["end"].isna().tolist() == [False, True]


def test_folding_in_parts_or_twice_is_folding_once():
    more = alerts((9, RUNAWAY, 4.0, 55.0, False), (30, SPIKE, 2.0, 5.0, True))
    whole = fold(pd.concat([RUN, more]), START + 60 * HOUR)
    first = fold(RUN, START + 6 * HOUR)
    second = fold(pd.concat([RUN, more]), START + 31 * HOUR, first)
    third = fold(more, START + 60 * HOUR, second)
    pd.testing.assert_frame_equal(third, whole)
    pd.testing.assert_frame_equal(fold(RUN.iloc[:0], START, whole), whole)


def test_other_series_and_other_troubles_are_other_incidents():
    gap = alerts((1, "data gap", 0.5, -0.5, True))
    other = RUN.assign(series="i-2")
    assert len(fold(pd.concat([RUN, gap, other]), START + 6 * HOUR)) == 3
    assert fold(RUN.iloc[:0], START).empty


def test_incidents_are_ranked_by_what_they_cost():
    many = pd.concat([RUN.assign(series=f"i-{k}") for k in range(5)])
    incidents = fold(many, START + 6 * HOUR)
    rates = pd.DataFrame(
        {
            "g_per_excess": [10.0, 0.1, 0.4, None, 0.4],
            "usd_per_excess": [0.001, 0.001, 0.001, None, 0.05],
            "daily_g": [1000.0, 100.0, 5000.0, 100.0, 5000.0],
        },
        index=[f"i-{k}" for k in range(5)],
    )
    made = ranked(incidents, rates).set_index("series")
    assert made.index[0] == "i-0"
    assert made["excess_g"]["i-0"] == pytest.approx(1500)
    assert made["severity"].to_dict() == {
        "i-0": "critical",  # 1500 g where 50 count
        "i-1": "log",  # 15 g
        "i-2": "log",  # 60 g, but less than 5 % of what it emits on a day
        "i-3": "warning",  # of unknown cost: not known to be small
        "i-4": "warning",  # 7.50 USD
    }
    assert ranked(incidents, rates, top=2)["series"].tolist() == ["i-0", "i-4"]


def test_a_series_without_rates_is_not_thought_cheap():
    made = ranked(
        fold(RUN, START), pd.DataFrame(columns=["g_per_excess", "usd_per_excess", "daily_g"])
    )
    assert made["severity"].tolist() == ["warning"]
    assert made["excess_g"].isna().all()


def event(start: int, end: int, **about) -> pd.DataFrame:
    about = {"series": None, "tag": None, "value": None} | about
    return pd.DataFrame([{"start": START + start * HOUR, "end": START + end * HOUR, **about}])


def test_what_was_planned_raises_nothing_and_what_outlasts_it_does():
    assert without_planned(RUN, event(0, 6)).empty
    left = without_planned(RUN, event(0, 4, series="i-1"))
    incidents = fold(left, START + 6 * HOUR)
    assert incidents["start"].tolist() == [START + 5 * HOUR]
    assert len(without_planned(RUN, event(0, 6, series="i-2"))) == len(RUN)


def test_a_deployment_is_about_what_bears_its_tag():
    both = pd.concat([RUN, RUN.assign(series="i-2")])
    tags = pd.DataFrame({"service": ["search", "checkout"]}, index=["i-1", "i-2"])
    left = without_planned(both, event(0, 6, tag="service", value="checkout"), tags)
    assert set(left["series"]) == {"i-1"}
    assert len(without_planned(both, event(0, 6, tag="nothing", value="x"), tags)) == len(both)
    assert len(without_planned(both, event(0, 6, tag="service", value="checkout"))) == len(both)


def test_a_gap_is_said_as_a_gap():
    frame = pd.concat([office(24 * 6, k).rename(f"i-{k}") for k in range(3)], axis=1)
    frame.iloc[50:53, 0] = None  # 21 of 24 hours
    frame.iloc[60:62, 1] = None  # 22 of 24: nine tenths and more
    frame.iloc[:100, 2] = None  # a new instance
    gaps = data_gaps(frame)
    assert set(gaps["series"]) == {"i-0"}
    assert gaps["at"].min() == frame.index[52]
    assert gaps["value"].min() == pytest.approx(21 / 24)
    assert gaps["is_alert"].sum() == 1
    assert len(fold(gaps, frame.index[-1])) == 1
    assert data_gaps(frame, since=frame.index[80]).empty


def test_hours_that_did_not_run_are_no_gap():
    frame = office(24 * 6).to_frame("i-1")
    frame.iloc[24:40] = None
    due = frame.notna()
    assert data_gaps(frame, due=due).empty
    silent = frame * float("nan")
    assert data_gaps(silent, due=due)["value"].max() == 0.0
    assert data_gaps(silent).empty  # nothing was ever due


def test_a_grid_that_is_far_dirtier_than_usual_alerts_once():
    index = hours(24 * 40)
    usual = pd.Series(300.0 + 50 * ((index.hour >= 17) & (index.hour < 21)), index)
    frame = pd.DataFrame({"DE": usual, "FR": usual / 10})
    spiked = frame.copy()
    spiked.iloc[900:905, 0] *= 1.5
    spiked.iloc[910, 0] *= 2  # an hour alone
    spiked.iloc[700:710, 1] *= 1.2  # not far enough
    rows = intensity_spikes(spiked)
    assert set(rows["series"]) == {"DE"}
    assert rows["at"].tolist() == index[900:905].tolist()
    assert rows["is_alert"].tolist() == [False, True, False, False, False]
    assert rows["expected"][0] == pytest.approx(usual.iloc[900])
    # Looked at hour by hour, the first is told with the second.
    assert intensity_spikes(spiked.iloc[:901]).empty
    second = intensity_spikes(spiked.iloc[:902], since=index[901])
    assert second["at"].tolist() == index[900:902].tolist()
    assert intensity_spikes(spiked, since=index[906]).empty
    assert intensity_spikes(frame).empty


def test_a_grid_without_two_weeks_of_history_or_with_gaps_alerts_nothing():
    index = hours(24 * 40)
    frame = pd.DataFrame({"DE": 300.0}, index)
    frame.iloc[24 * 13 : 24 * 13 + 4] = 900.0
    assert intensity_spikes(frame.iloc[: 24 * 14]).empty
    frame.iloc[900] = None
    frame.iloc[901] = 900.0
    assert intensity_spikes(frame.iloc[24 * 15 :], since=index[890]).empty


def test_small_intensities_need_a_difference_that_counts():
    frame = pd.DataFrame({"NO": 8.0}, hours(24 * 40))
    frame.iloc[900:904] = 12.0
    assert intensity_spikes(frame).empty
    frame.iloc[900:904] = 14.0
    assert not intensity_spikes(frame).empty


def test_rows_that_a_known_incident_covers_or_follows_are_no_other_one():
    """Another sensitivity looks again over hours of which an incident was kept."""
    kept = fold(RUN.assign(at=RUN["at"] + 100 * HOUR), START + 200 * HOUR)
    again = pd.concat([RUN, alerts((98, SPIKE, 2.0, 9.0, True), (101, SPIKE, 2.0, 9.0, False))])
    incidents = fold(again, START + 200 * HOUR, kept)
    assert incidents["start"].tolist() == [START, START + 100 * HOUR]
    pd.testing.assert_frame_equal(incidents.iloc[1:].reset_index(drop=True), kept)


def test_what_is_not_known_has_not_been_quiet():
    until = START + 90 * HOUR
    assert pd.isna(fold(RUN, until, known_until=pd.Series({"i-1": START + 9 * HOUR}))["end"][0])
    assert fold(RUN, until, known_until=pd.Series({"i-1": until}))["end"][0] == START + 6 * HOUR


@pytest.mark.parametrize(
    ("kind", "value", "expected", "traffic", "said"),
    [
        ("sustained shift", 5.0, 40.0, 1.0, "Work may have stopped"),
        ("runaway process", 97.0, 30.0, 0.2, "traffic fell to 20 %"),
        ("runaway process", 97.0, 30.0, 1.0, "traffic stayed as it was"),
        ("usage spike", 97.0, 30.0, 2.0, "the work itself grew"),
        ("usage spike", 97.0, 30.0, None, "Traffic is not known"),
    ],
)
def test_a_cause_says_what_the_numbers_say(kind, value, expected, traffic, said):
    row = {"kind": kind, "value": value, "expected": expected, "traffic": traffic}
    text = cause(row)
    assert said in text
    assert ("miner" in text) == (value > expected and traffic in (0.2, 1.0))


def test_a_day_is_not_days():
    assert cause({"kind": "forgotten volume", "days": 1}).endswith("for at least a day.")
    assert cause({"kind": "forgotten volume", "days": 89.83}).endswith("for at least 89 days.")

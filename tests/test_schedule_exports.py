"""A schedule as other programs read it."""

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from icalendar import Calendar

from spectra import schedule_cli, schedule_exports
from spectra.cron import next_time, timezone
from spectra.errors import InputError
from spectra.insight.placement import Candidate, place
from spectra.insight.scheduling import Job

T0 = datetime(2026, 11, 25, tzinfo=UTC)
NAME = "Näightly; $(rm -rf /)\nEND:VEVENT"


@pytest.fixture(scope="module")
def option():
    values = [400, 400, 100, 400, 100, 400, 400, 400]
    intensity = pd.Series(
        [float(v) for v in values], index=pd.date_range(T0, periods=len(values), freq="h")
    )
    quiet = np.zeros((60, len(values)))
    job = Job(2, T0, T0 + timedelta(hours=8), is_interruptible=True)
    options, _ = place(job, "eu-central-1", [Candidate("eu-central-1", "DE", intensity, quiet)])
    return options[0]


@pytest.fixture(scope="module")
def unknown():
    """An option where hours that running at once would need have no value."""
    values = [400.0, np.nan, np.nan, 100.0, 100.0, 400.0]
    intensity = pd.Series(values, index=pd.date_range(T0, periods=len(values), freq="h"))
    job = Job(2, T0, T0 + timedelta(hours=6))
    home = Candidate("eu-central-1", "DE", intensity, np.zeros((60, len(values))))
    options, _ = place(job, "eu-central-1", [home])
    assert np.isnan(options[0].saving_g)
    return options[0]


def test_what_is_not_known_is_null_and_never_nan(unknown):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = schedule_exports.as_json("x", [unknown], T0)
    (data,) = json.loads(text, parse_constant=refuse)["options"]
    assert data["grams"] == 200
    for name in ("grams_run_now", "saving_pct", "saving_usd", "probability_better"):
        assert data[name] is None, name
    told = schedule_exports.icalendar("x", unknown, T0).decode().lower()
    assert "200 gco2e" in told
    assert "nan" not in told
    spoken = schedule_cli.line(unknown, ZoneInfo("UTC"))
    assert "n/a less than at once, better with n/a" in spoken
    assert "nan" not in spoken


def test_a_line_says_more_or_less_and_the_day_it_ends_on(option):
    spoken = schedule_cli.line(replace(option, saving_pct=-5.0), ZoneInfo("UTC"))
    assert "5.0 % more than at once" in spoken
    assert "to 05:00  " in spoken
    assert "to 2026-11-25 00:00  " in schedule_cli.line(option, ZoneInfo("America/New_York"))


def test_a_window_of_the_command_line_counts_the_hours_between_its_ends():
    days = ("2027-03-27T18:00", "2027-03-28T18:00")  # the clocks go forward
    earliest, deadline = (schedule_cli._moment(day, ZoneInfo("Europe/Berlin")) for day in days)
    assert deadline - earliest == timedelta(hours=23)


@pytest.mark.parametrize("name", ["Europe", "Nowhere", "", "../etc", "x" * 300, "A\0B"])
def test_a_timezone_that_is_none_is_said(name):
    with pytest.raises(InputError, match="no timezone"):
        timezone(name)
    with pytest.raises(InputError, match="no timezone"):
        next_time("0 8 * * *", name, T0)


def test_the_calendar_has_an_event_a_slot(option):
    calendar = Calendar.from_ical(schedule_exports.icalendar(NAME, option, T0))
    events = calendar.walk("VEVENT")
    assert [e["dtstart"].dt for e in events] == [T0 + timedelta(hours=h) for h in (2, 4)]
    assert [e["dtend"].dt for e in events] == [T0 + timedelta(hours=h) for h in (3, 5)]
    assert len({str(e["uid"]) for e in events}) == 2
    assert "(1 of 2)" in events[0]["summary"]
    assert "200 gCO2e" in events[0]["description"]


def test_cron_lines_name_minute_hour_day_and_month(option):
    lines = schedule_exports.cron_lines(option.plan.slots, "run-it").splitlines()
    assert lines[1:] == ["0 2 25 11 *  run-it", "0 4 25 11 *  run-it"]
    assert "UTC" in lines[0]


def test_json_has_figures_with_their_unit(option):
    data = json.loads(schedule_exports.as_json("x", [option], T0))
    assert data["unit"] == "gCO2e"
    (made,) = data["options"]
    assert made["grams"] == 200
    assert made["grams_run_now"] == 800
    assert made["slots"][0] == {"start": "2026-11-25T02:00:00Z", "end": "2026-11-25T03:00:00Z"}
    assert made["saving_usd"] is None


def test_the_command_is_one_that_a_shell_takes_as_it_is(option):
    commands = schedule_exports.eventbridge_commands(NAME, option).strip().splitlines()
    assert len(commands) == 2
    parts = shlex.split(commands[0])
    assert parts[:3] == ["aws", "scheduler", "create-schedule"]
    values = dict(zip(parts[3::2], parts[4::2], strict=True))
    assert values["--schedule-expression"] == "at(2026-11-25T02:00:00)"
    assert values["--region"] == "eu-central-1"
    assert set(values["--name"]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    )
    assert json.loads(values["--target"])["RoleArn"] == "ROLE_ARN"

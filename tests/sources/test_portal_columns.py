"""Tests of how portal cells become times, zones, flags and numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sources.portal_rows import (
    HEADER_C,
    hours,
    read,
    reasons,
    refusal,
    row,
    table,
)


def test_offsets_are_converted_to_utc() -> None:
    times = ["2022-03-05T00:00:00Z", "2022-03-05T03:00:00+02:00", "2022-03-05 07:30:00+05:30"]
    frame = read(table(*map(row, times))).frame
    assert frame["datetime_utc"].dt.strftime("%d %H:%M").tolist() == [
        "05 00:00",
        "05 01:00",
        "05 02:00",
    ]


def test_naive_time_under_a_header_that_does_not_say_utc_is_refused() -> None:
    header = HEADER_C.replace("Datetime (UTC)", "Datetime")
    assert "does not say UTC" in refusal(table(row(), header=header)).message
    assert len(read(table(row("2022-03-05T00:00:00Z"), header=header)).frame) == 1


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%d/%m/%Y %H:%M", "DD/MM/YYYY"),
        ("%m/%d/%Y %H:%M:%S", "MM/DD/YYYY"),
        ("%d.%m.%Y %H:%M", "DD/MM/YYYY"),
        ("%m/%d/%Y %I:%M %p", "MM/DD/YYYY"),
    ],
)
@pytest.mark.parametrize("start", ["2022-03-12 20:00", "2022-03-05 20:00"])
def test_day_and_month_are_decided_by_the_whole_column(form: str, words: str, start: str) -> None:
    # From the 12th some day is above 12; from the 5th only the sequence of hours tells.
    file = read(table(*map(row, hours(start, 8, form))))
    assert file.frame["datetime_utc"].tolist() == list(
        pd.date_range(start, periods=8, freq="h", tz="UTC")
    )
    assert any(note.startswith(f"dates read as {words}") for note in file.notes)


def test_order_by_sequence_holds_for_interleaved_zones() -> None:
    times = hours("2022-03-05 20:00", 8, "%d/%m/%Y %H:%M")
    file = read(table(*(row(time, zone) for time in times for zone in ("SE", "DE"))))
    assert file.frame["datetime_utc"].min() == pd.Timestamp("2022-03-05 20:00", tz="UTC")


def test_one_typing_error_does_not_unsettle_the_order() -> None:
    times = [*hours("2022-03-12 20:00", 8, "%d/%m/%Y %H:%M"), "31/31/2022 00:00", "x.5"]
    file = read(table(*map(row, times)))
    assert len(file.frame) == 8
    assert [item.line for item in file.rejected] == [10, 11]


def test_year_first_with_slashes_and_single_digits() -> None:
    frame = read(table(row("2022/3/5 0:00"), row("2022/3/5 1:00"))).frame
    assert frame["datetime_utc"].dt.strftime("%m-%d").tolist() == ["03-05", "03-05"]


def test_equal_day_and_month_need_no_decision() -> None:
    frame = read(table(row("05/05/2022 00:00"))).frame
    assert frame["datetime_utc"].tolist() == [pd.Timestamp("2022-05-05", tz="UTC")]


def test_undecidable_and_mixed_orders_are_refused() -> None:
    one_day = map(row, hours("2022-03-05", 24, "%d/%m/%Y %H:%M"))
    assert "cannot be decided" in refusal(table(*one_day)).message
    mixed = table(row("13/01/2022 00:00"), row("01/14/2022 00:00"))
    assert "differs within the file" in refusal(mixed).message


def test_unreadable_and_off_hour_times_are_rejected() -> None:
    times = ["2022-03-05 00:00:00", "2022-03-05 01:30:00", "soon", "2022-02-30 01:00:00"]
    file = read(table(*map(row, [*times, "2022-03-05 02:00:00", "0001-01-01 00:00:00"])))
    assert reasons(file) == [
        (3, "'2022-03-05 01:30:00' is not on the hour"),
        (4, "'soon' is not a date and hour"),
        (5, "'2022-02-30 01:00:00' is not a date and hour"),
        (7, "'0001-01-01 00:00:00' is not a date and hour"),
    ]


@pytest.mark.parametrize(
    ("step", "kind"),
    [("5min", "5-minute"), ("15min", "15-minute"), ("D", "daily"), ("MS", "month"), ("YS", "year")],
)
def test_other_granularities_are_refused(step: str, kind: str) -> None:
    error = refusal(table(*map(row, hours("2022-01-01", 8, step=step))))
    assert kind in error.message
    assert "hourly files only" in error.message


def test_a_lone_yearly_row_is_known_by_its_file_name() -> None:
    content = table(row("2022-01-01 00:00:00"))
    assert "hourly files only" in refusal(content, "SE-2022-yearly.csv").message
    assert len(read(content, "SE-2022-hourly.csv").frame) == 1


def test_leap_day_and_the_hours_of_clock_changes_are_plain_hours() -> None:
    file = read(table(*map(row, hours("2024-01-01", 8784))))
    assert len(file.frame) == 8784
    assert file.notes == ()


def test_namibia_is_not_a_missing_value() -> None:
    assert read(table(row(zone="NA"))).frame["zone"].tolist() == ["NA"]


@pytest.mark.parametrize("zone", ["", "se", "Sweden", "=HYPERLINK(1)", "SE;DROP"])
def test_what_is_no_zone_is_rejected(zone: str) -> None:
    file = read(table(row(), row(zone=zone)))
    assert reasons(file) == [(3, f"zone id {zone!r} is not an Electricity Maps zone")]


@pytest.mark.parametrize(
    ("text", "flag"),
    [("TRUE", True), ("true", True), ("1", True), ("WAHR", True), ("False", False), ("0", False)],
)
def test_flags(text: str, flag: bool) -> None:
    assert read(table(row(estimated=text))).frame["is_estimated"].tolist() == [flag]


def test_silent_flag_is_measured_unless_a_method_is_named() -> None:
    first, second = hours("2022-03-05", 2)
    file = read(table(row(first, estimated=""), row(second, estimated="", method="TIME_SLICER")))
    assert file.frame["is_estimated"].tolist() == [False, True]
    assert "1 row without a word on estimation: taken as measured" in file.notes


def test_unknown_flag_is_rejected() -> None:
    file = read(table(row(), row("2022-03-05 01:00:00", estimated="perhaps")))
    assert reasons(file) == [(3, "estimation flag 'perhaps' is neither true nor false")]


def test_empty_cells() -> None:
    first, second, third = hours("2022-03-05", 3)
    file = read(
        table(
            row(first, direct=""),
            row(second, lifecycle="", low_carbon=""),
            row(third, direct="", lifecycle=""),
        )
    )
    assert file.frame["intensity_direct_g_per_kwh"].isna().tolist() == [True, False]
    assert file.frame["intensity_lifecycle_g_per_kwh"].isna().tolist() == [False, True]
    assert file.frame["low_carbon_pct"].isna().tolist() == [False, True]
    assert reasons(file) == [(4, "no carbon intensity")]
    assert "1 row without direct intensity" in file.notes


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"direct": "-1"}, "direct intensity -1 g/kWh is outside 0 to 1500 g/kWh"),
        ({"lifecycle": "1500.1"}, "lifecycle intensity 1500.1 g/kWh is outside 0 to 1500 g/kWh"),
        ({"lifecycle": "abc"}, "lifecycle intensity 'abc' is not a number"),
        ({"direct": "nan"}, "direct intensity 'nan' is not a number"),
        ({"direct": "inf"}, "direct intensity 'inf' is not a number"),
        ({"low_carbon": "101"}, "low-carbon share 101 % is outside 0 to 100 %"),
        ({"renewable": "n/a"}, "renewable share 'n/a' is not a number"),
    ],
)
def test_implausible_values_are_rejected_by_line_and_value(
    cells: dict[str, str], reason: str
) -> None:
    file = read(table(row(), row("2022-03-05 01:00:00", **cells)))
    assert len(file.frame) == 1
    assert reasons(file) == [(3, reason)]
    assert file.rejected[0].text.startswith("2022-03-05 01:00:00,Sweden")


def test_zero_and_the_highest_value_are_plausible() -> None:
    assert len(read(table(row(direct="0", lifecycle="1500"))).frame) == 1

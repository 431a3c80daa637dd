"""Tests of the portal CSV reader: the frame, duplicates, gaps, file names, real originals."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spectra.sources.electricity_maps_csv import read_portal_csv, read_portal_file
from tests.sources.portal_rows import (
    COLUMNS,
    hours,
    read,
    reasons,
    refusal,
    row,
    table,
)

ORIGINALS = Path(__file__).resolve().parents[3] / "shared" / "data" / "grid" / "originals"
needs_originals = pytest.mark.skipif(
    not ORIGINALS.is_dir(), reason="the portal originals of ../shared/data are not here"
)


def test_a_row_becomes_typed_values() -> None:
    frame = read_portal_csv(BytesIO(table(row(estimated="true", method="ESTIMATED_X"))))
    assert list(frame.columns) == COLUMNS
    assert str(frame["datetime_utc"].dtype) == "datetime64[us, UTC]"
    assert frame["is_estimated"].dtype == bool
    assert str(frame["zone"].dtype) == "str"
    expected = ["SE", pd.Timestamp("2022-03-05", tz="UTC"), 2.54, 30.02, 99.42, 60.13, True]
    assert frame.iloc[0].tolist() == expected


def test_rows_are_sorted_by_zone_and_hour_and_several_zones_are_allowed() -> None:
    first, second = hours("2022-03-05", 2)
    lines = [row(second, "SE"), row(first, "SE"), row(second, "DE"), row(first, "DE")]
    file = read(table(*lines))
    assert file.frame["zone"].tolist() == ["DE", "DE", "SE", "SE"]
    assert file.frame.groupby("zone")["datetime_utc"].is_monotonic_increasing.all()
    assert file.frame.index.tolist() == [0, 1, 2, 3]
    assert file.zone_years == (("DE", 2022), ("SE", 2022))


def test_integers_alone_are_read_as_floats() -> None:
    frame = read(table(row(direct="3", lifecycle="30"))).frame
    assert frame["intensity_direct_g_per_kwh"].dtype == np.float64


def test_rows_of_another_width_are_rejected_unless_empty_cells_were_dropped() -> None:
    times = hours("2022-03-05", 4)
    lines = [
        row(times[0]),
        row(times[1]).removesuffix(","),
        row(times[2]).replace("Sweden,Sweden", "USA,PJM Interconnection, LLC"),
        row(times[3])[:40],
    ]
    file = read(table(*lines))
    assert len(file.frame) == 2
    assert reasons(file) == [
        (4, "12 cells where the header has 11"),
        (5, "5 cells where the header has 11"),
    ]


def test_lines_swallowed_by_a_stray_quotation_mark_are_named() -> None:
    times = hours("2022-03-05", 4)
    opened = row(times[1]).replace("Sweden,", '"Sweden,', 1)
    closed = row(times[2]).replace("svk.se", '"x')
    file = read(table(row(times[0]), opened, closed, row(times[3])))
    assert len(file.frame) == 2
    assert file.rejected[0].line == 3
    assert "quotation mark left open" in file.rejected[0].reason


def test_a_quotation_mark_never_closed_is_refused() -> None:
    opened = row().replace("Sweden,", '"Sweden,', 1)
    error = refusal(table(row(), opened, *map(row, hours("2022-03-06", 5))))
    assert "quotation mark on line 3" in error.message


def test_rejected_samples_are_bounded_and_the_count_is_not() -> None:
    bad = [row(time, direct="x" * 1000) for time in hours("2022-03-05", 300)]
    file = read(table(row("2022-03-04 23:00:00"), *bad))
    assert file.rejected_count == 300
    assert len(file.rejected) == 200
    assert all(len(item.text) <= 200 and len(item.reason) <= 200 for item in file.rejected)


def test_identical_duplicates_are_dropped_and_noted() -> None:
    file = read(table(row(direct=""), row(direct=""), row(direct="")))
    assert len(file.frame) == 1
    assert "2 duplicate rows dropped" in file.notes
    assert file.rejected_count == 0


def test_of_conflicting_rows_the_last_is_kept() -> None:
    file = read(table(row(direct="1"), row(direct="2"), row(direct=""), row(direct="2")))
    assert file.frame["intensity_direct_g_per_kwh"].tolist() == [2.0]
    reason = "another value for this hour stands on line 5; the last is kept"
    assert reasons(file) == [(2, reason), (4, reason)]
    assert "1 duplicate row dropped" in file.notes


def test_gaps_are_noted_by_zone() -> None:
    times = hours("2022-03-05", 10)
    file = read(table(*(row(time) for i, time in enumerate(times) if i not in range(2, 7))))
    assert file.notes == ("SE: gap of 5 h from 2022-03-05 02:00 UTC",)


def test_many_gaps_are_summed_up() -> None:
    file = read(table(*map(row, hours("2022-03-05", 31, step="2h"))))
    assert len(file.notes) == 21
    assert file.notes[-1] == "and 10 more gaps"


def test_name_and_content_disagree_on_the_year() -> None:
    content = table(*map(row, hours("2020-02-28", 48)))
    file = read(content, "snapshots_2026-02-10_SE-2024-hourly.csv")
    assert file.name_disagrees
    assert "file name says 2024 but its rows are of 2020" in file.notes
    assert file.zone_years == (("SE", 2020),)
    assert not read(content, "SE_2020_hourly.csv").name_disagrees


def test_a_last_hour_in_the_next_year_is_noted_but_no_disagreement() -> None:
    file = read(table(*map(row, hours("2022-12-31 20:00", 5))), "SE-2022-hourly.csv")
    assert not file.name_disagrees
    assert "file name says 2022 but 1 rows are of 2023" in file.notes


def test_zone_of_the_content_wins() -> None:
    file = read(table(row(zone="SE-SE3")), "SE-2022-hourly.csv")
    assert file.frame["zone"].tolist() == ["SE-SE3"]
    assert file.notes == ("name says zone SE, rows say SE-SE3",)
    assert not file.name_disagrees


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("snapshots_2026-02-10_US-CAL-CISO-2022-hourly.csv", date(2026, 2, 10)),
        ("snapshots_2026-02-30_SE-2022-hourly.csv", None),
        ("SE-2022-hourly.csv", None),
        ("C:\\data\\snapshots_2026-02-10_SE-2022-hourly.csv", date(2026, 2, 10)),
    ],
)
def test_snapshot_date(name: str, expected: date | None) -> None:
    assert read(table(row()), name).snapshot_date == expected


def test_name_comes_from_path_or_buffer(tmp_path: Path) -> None:
    path = tmp_path / "SE-2022-hourly.csv"
    path.write_bytes(table(row()))
    assert read_portal_file(path).name == path.name
    assert read_portal_file(str(path)).name == path.name
    with path.open("rb") as file:
        assert read_portal_file(file).name == path.name
    with path.open(encoding="utf-8") as text:
        assert read_portal_file(text).name == path.name
    assert read_portal_file(BytesIO(table(row()))).name == ""


def test_a_buffer_can_be_read_again() -> None:
    buffer = BytesIO(table(row()))
    assert len(read_portal_csv(buffer)) == len(read_portal_csv(buffer)) == 1


@needs_originals
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "zone", "year", "count", "first", "vintage", "estimated"),
    [
        ("excel_GB_2023_hourly_ddmmyyyy", "GB", 2023, 8760, (71.54, 103.5, 85.53, 61.24), "A", 7),
        (
            "renamed_SE_2022_hourly_timestamp_header",
            "SE",
            2022,
            8760,
            (5.66, 31.31, 99.38, 68.34),
            "renamed",
            3,
        ),
        (
            "tampered_US-CAL-CISO_2024_hourly_dates_2020",
            "US-CAL-CISO",
            2020,
            8784,
            (261.18, 340.52, 41.56, 27.53),
            "A",
            0,
        ),
        ("v1_DE_2023_hourly_2025vintage", "DE", 2023, 8760, (140.51, 185.8, 83.79, 78.42), "A", 30),
        (
            "v1_US-MIDA-PJM_2023_hourly_quoted_comma",
            "US-MIDA-PJM",
            2023,
            8760,
            (299.98, 365.25, 45.78, 7.43),
            "A",
            16,
        ),
        (
            "v2_US-CAL-CISO_2024_hourly",
            "US-CAL-CISO",
            2024,
            8784,
            (260.98, 337.22, 41.58, 27.55),
            "C",
            0,
        ),
    ],
)
def test_original(
    *,
    name: str,
    zone: str,
    year: int,
    count: int,
    first: tuple[float, ...],
    vintage: str,
    estimated: int,
) -> None:
    file = read_portal_file(ORIGINALS / f"{name}.csv")
    times = pd.date_range(f"{year}-01-01", periods=count, freq="h", tz="UTC")
    assert file.frame["datetime_utc"].tolist() == list(times)
    assert file.frame.iloc[0, 2:6].tolist() == list(first)
    assert file.zone_years == ((zone, year),)
    assert (file.rejected_count, file.header_vintage) == (0, vintage)
    assert int(file.frame["is_estimated"].sum()) == estimated
    assert file.name_disagrees == name.startswith("tampered")

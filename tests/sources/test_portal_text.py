"""Tests of how portal files become text cells: headers, encodings, separators, other files."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pandas as pd
import pytest

from spectra.errors import InputError
from spectra.sources.electricity_maps_csv import read_portal_csv
from tests.sources.portal_rows import (
    HEADER_A,
    HEADER_B,
    HEADER_C,
    HEADER_RENAMED,
    read,
    reasons,
    refusal,
    row,
    table,
)


@pytest.mark.parametrize(
    ("header", "vintage"),
    [(HEADER_A, "A"), (HEADER_B, "B"), (HEADER_C, "C"), (HEADER_RENAMED, "renamed")],
)
def test_every_vintage_gives_the_same_frame(header: str, vintage: str) -> None:
    file = read(table(row(), header=header))
    assert file.header_vintage == vintage
    pd.testing.assert_frame_equal(file.frame, read(table(row())).frame)


def test_a_renamed_header_is_noted() -> None:
    notes = read(table(row(), header=HEADER_RENAMED)).notes
    assert "column 'carbon_intensity' read as the lifecycle carbon intensity in g/kWh" in notes
    assert "times in column 'timestamp' have no offset: read as UTC" in notes


def test_header_without_needed_columns_is_refused() -> None:
    error = refusal(b"date,price\n2022-01-01,3\n")
    assert "the time" in error.message
    assert "zone id" in error.message
    assert "carbon intensity" in error.message
    assert "Datetime (UTC)" in error.next_step


def test_an_intensity_in_another_unit_is_not_taken_for_grams() -> None:
    header = HEADER_C.replace("gCO₂eq/kWh", "lbCO₂eq/MWh")
    assert "carbon intensity in gCO2eq/kWh" in refusal(table(row(), header=header)).message


def test_two_columns_for_one_value_are_refused() -> None:
    error = refusal(table(row() + ",5", header=HEADER_C + ",carbon_intensity"))
    assert "could both be" in error.message


def test_one_intensity_column_is_enough() -> None:
    content = "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (direct)\n2022-01-01 00:00,SE,5\n"
    file = read(content)
    assert file.frame["intensity_direct_g_per_kwh"].tolist() == [5.0]
    assert file.frame["intensity_lifecycle_g_per_kwh"].isna().all()
    assert "no column for the lifecycle intensity" in file.notes
    assert "no column says whether values are estimated: taken as measured" in file.notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(encoding: str) -> None:
    content = table(row(), row("2022-03-05 01:00:00")).decode().encode(encoding)
    assert len(read(content).frame) == 2


def test_windows_1252_without_the_subscript_is_read_and_noted() -> None:
    text = table(row().replace("Sweden", "Österreich")).decode().replace("₂", "?")
    file = read(text.encode("cp1252"))
    assert file.frame["intensity_lifecycle_g_per_kwh"].tolist() == [30.02]
    assert "text is not UTF-8: read as Windows-1252" in file.notes


def test_mojibake_in_the_header_is_understood() -> None:
    content = table(row()).decode("cp1252").encode()
    assert read(content).header_vintage == "C"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_with_decimal_comma(separator: str) -> None:
    text = table(row()).decode().replace(",", separator).replace(".54", ",54").replace(".", ",")
    file = read(text)
    assert file.frame.iloc[0, 2:6].tolist() == [2.54, 30.02, 99.42, 60.13]
    assert "decimal comma read as a point" in file.notes


def test_quoted_decimal_comma_between_commas() -> None:
    quoted = row(direct='"71,54"', lifecycle='"103,5"', low_carbon='"85,53"', renewable='"61,2"')
    assert read(table(quoted)).frame.iloc[0, 2:4].tolist() == [71.54, 103.5]


def test_a_note_in_a_cell_does_not_unsettle_the_decimal_comma() -> None:
    text = table(row(), row("2022-03-05 01:00:00", direct="n/a")).decode()
    file = read(text.replace(",", ";").replace(".", ",").replace("n/a", "n.a."))
    assert len(file.frame) == 1
    assert reasons(file) == [(3, "direct intensity 'n.a.' is not a number")]


def test_a_comma_that_may_mean_thousands_is_refused() -> None:
    content = table(row(direct='"1,234"', lifecycle="900", low_carbon="9", renewable="8"))
    assert "decimal comma cannot be decided" in refusal(content).message


def test_a_comma_among_points_is_no_number() -> None:
    file = read(table(row(), row("2022-03-05 01:00:00", direct='"71,54"')))
    assert reasons(file) == [(3, "direct intensity '71,54' is not a number")]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends(end: str) -> None:
    file = read(table(row(), row("2022-03-05 01:00:00", direct="x"), end=end))
    assert len(file.frame) == 1
    assert file.rejected[0].line == 3


def test_excel_separator_line_and_blank_lines_keep_line_numbers() -> None:
    body = table(row(), "", row("2022-03-05 01:00:00", direct="x"), ",,,,").decode()
    file = read("sep=,\n\n" + body)
    assert file.rejected_count == 1
    assert file.rejected[0].line == 6


def test_quoted_commas_and_newlines() -> None:
    quoted = row().replace("Sweden,Sweden", 'USA,"PJM Interconnection,\nLLC"')
    file = read(table(quoted, row("2022-03-05 01:00:00", direct="x")))
    assert len(file.frame) == 1
    assert file.rejected[0].line == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"\x00\x01\x02\x03" * 50, "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not readable text"),
        (b"PK\x03\x04\x14\x00", "workbook"),
        (b"\xff\xfe\x00", "not readable text"),
        (b"abc\x81\x02\xff", "not readable text"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b'{"error": "unauthorised"}', "no column"),
        (b"x" * 200_000, "characters"),
        (HEADER_C.encode(), "no rows"),
        (b"sep=;\n", "no header"),
        (table(row(direct='"' + "x" * 200_000 + '"')), "cannot be split"),
        (table(row(zone="")), "None of the 1 rows can be used. Line 2"),
        (table("a,b"), "None of the 1 rows can be used. Line 2"),
    ],
)
def test_other_files_are_refused_with_a_reason(content: bytes, words: str) -> None:
    error = refusal(content)
    assert words in error.message
    assert error.next_step


def test_text_opened_in_a_wrong_encoding_is_refused() -> None:
    with pytest.raises(InputError, match="encoding"):
        read_portal_csv(TextIOWrapper(BytesIO(table(row())), encoding="ascii"))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, "a\x00b"):
        with pytest.raises(InputError, match="could not be opened"):
            read_portal_csv(path)


def test_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("_portal_text", "electricity_maps_csv"):
        monkeypatch.setattr(f"spectra.sources.{module}.MAX_FILE_BYTES", 100)
    assert "larger than" in refusal(table(row())).message

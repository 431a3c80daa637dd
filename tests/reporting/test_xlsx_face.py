"""The workbook: sums that hold, texts that stay texts."""

import io
import shutil
import subprocess
from dataclasses import replace

import openpyxl
import pytest

from spectra.reporting.faces import written
from spectra.reporting.parts import Column, Row, Table
from tests.reporting.sample import HOSTILE, hostile, sample

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def _open(report, **options):
    return openpyxl.load_workbook(io.BytesIO(written(report, "xlsx")), **options)


def test_every_section_has_a_sheet_with_a_name_of_its_own():
    report = sample()
    same = tuple(replace(s, title=f"A [very] long: title/{'x' * 40}") for s in report.sections)
    names = _open(replace(report, sections=same, numbers={})).sheetnames
    assert len(names) == len({name.lower() for name in names}) == len(same) + 3
    assert all(len(name) <= 31 for name in names)


def test_only_our_own_sums_are_formulas():
    for report in (sample(), hostile()):
        formulas = {
            cell.value.partition("(")[0]
            for sheet in _open(report).worksheets
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        }
        assert formulas <= {"=SUM"}


def test_text_that_looks_like_a_formula_stays_as_it_was_typed():
    texts = {
        cell.value
        for sheet in _open(hostile()).worksheets
        for row in sheet.iter_rows()
        for cell in row
    }
    assert {HOSTILE[1], HOSTILE[2], HOSTILE[0]} <= texts


def test_sums_add_up_to_the_report_s_totals():
    report = sample()
    formulas, stored = _open(report), _open(report, data_only=True)
    found = 0
    for sheet in formulas.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                first, last = cell.value.removeprefix("=SUM(").removesuffix(")").split(":")
                values = stored[sheet.title][first:last]
                total = sum(v.value for (v,) in values if isinstance(v.value, int | float))
                assert stored[sheet.title][cell.coordinate].value == pytest.approx(total, rel=1e-9)
                found += 1
    assert found == 3 * 4  # three tables with four additive columns


def test_no_mass_reads_0_and_no_share_100_percent_that_is_not():
    report = sample()
    table = report.sections[2].tables[0]
    cells = ((40.0, 0.9997), (-40.0, 1.0), (0.0, 0.5), (4e6, -0.05))
    rows = tuple(Row(f"{i}", ("x", *pair)) for i, pair in enumerate(cells))
    columns = (table.columns[0], Column("g", "G", "gCO2e"), Column("s", "S", "share"))
    made = Table("made", 1, "Made", columns, (*rows, Row("total", ("x", 40.0, 1.0), None, True)),
                 ("g",))  # fmt: skip
    section = replace(report.sections[2], tables=(made,), charts=())
    book = _open(replace(report, sections=(section,), numbers={}))
    found = [row[1:3] for row in book.worksheets[2].iter_rows() if row[0].value == "x"]
    digits = [mass.number_format.count("0") for mass, _ in found]
    assert digits == [10, 10, 5, 5, 10]
    shares = [share.number_format.removesuffix("_)") for _, share in found]
    assert shares == ['">99.9%"', "0.0%", "0.0%", "0.0%", "0.0%"]


def test_charts_are_the_spreadsheet_s_own():
    charts = [chart for sheet in _open(sample()).worksheets for chart in sheet._charts]
    assert len(charts) == 3


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_computes_the_same_totals(tmp_path):
    report = sample()
    path = tmp_path / "report.xlsx"
    _open(report).save(path)  # without stored results, so that every sum is computed anew
    out = tmp_path / "recalculated"
    subprocess.run(
        [SOFFICE, "--headless", "--convert-to", "xlsx", "--outdir", out, path],
        check=True,
        timeout=180,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    ours = _open(report, data_only=True)
    theirs = openpyxl.load_workbook(out / "report.xlsx", data_only=True)
    for sheet in _open(report).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    place = cell.coordinate
                    wanted = ours[sheet.title][place].value
                    assert theirs[sheet.title][place].value == pytest.approx(wanted, rel=1e-9)

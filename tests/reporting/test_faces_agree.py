"""The same numbers in all faces: every face is read back by figure id."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import openpyxl
import pypdf
import pytest

from spectra.errors import InputError
from spectra.reporting.codec import from_json
from spectra.reporting.faces import FACES, MEDIA_TYPES, written
from spectra.reporting.faces.text import cell_text, heading, plain
from spectra.reporting.model import Seal
from spectra.reporting.words import figure_text, mass_unit
from tests.reporting.sample import hostile, sample

TEMPLATES = ("full", "executive", "team")


@pytest.fixture(scope="module")
def report():
    return sample()


def _values(report):
    return {id: figure.value for id, figure in report.numbers.items()}


class _Numbers(HTMLParser):
    """Figure id → value (None if unknown) and shown text."""

    def __init__(self):
        super().__init__()
        self.values, self.texts, self._id = {}, {}, None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self._id = found.get("data-figure")
        if self._id is not None:
            value = found.get("data-value")
            self.values[self._id] = None if value is None else float(value)
            self.texts[self._id] = ""

    def handle_endtag(self, tag):
        self._id = None

    def handle_data(self, data):
        if self._id is not None:
            self.texts[self._id] += data


def numbers_of_page(report):
    page = _Numbers()
    page.feed(written(report, "html").decode())
    return page


@pytest.mark.parametrize("face", ["md", "html", "csv", "xlsx", "pdf", "json"])
def test_every_face_of_a_final_report_says_its_place_in_the_chain(face):
    report = sample(status="final", badge="audit-ready")
    hashes = {name: name[0] * 64 for name in ("content", "previous", "full chain")}
    seal = Seal(
        "R0007", 7, report.cover.generated_at, report.manifest_hash, "i" * 64, hashes["content"],
        hashes["previous"], hashes["full chain"],
    )  # fmt: skip
    content = written(replace(report, seal=seal), face)
    if face == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        said = " ".join(
            str(cell) for row in book["Cover"].iter_rows(values_only=True) for cell in row
        )
    elif face == "pdf":
        said = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    else:
        said = content.decode("utf-8-sig")
    assert {"R0007", hashes["previous"], hashes["full chain"], report.manifest_hash} <= {
        text for text in ("R0007", *hashes.values(), report.manifest_hash) if text in said
    }


@pytest.mark.parametrize("face", ["md", "html"])
def test_what_is_said_of_figures_and_tables_is_said_everywhere(report, face):
    notes = [figure.note for figure in report.figures if figure.note]
    notes += [note for section in report.shown for table in section.tables for note in table.notes]
    plainer = re.compile(r"<[^>]+>|[\\*_`]|&#?\w+;|\W")
    text = plainer.sub("", written(report, face).decode())
    assert len(notes) > 1
    assert [note for note in notes if plainer.sub("", note) not in text] == []


def test_every_face_is_there_and_says_what_it_is(report):
    assert set(FACES) == set(MEDIA_TYPES) == {"pdf", "html", "xlsx", "csv", "json", "md"}


def test_an_unknown_format_or_template_is_told_with_the_known_ones(report):
    with pytest.raises(InputError, match="Use csv, html, json, md, pdf, xlsx"):
        written(report, "docx")
    for name in ("pdf", "html", "xlsx", "md"):
        with pytest.raises(InputError, match="Use full, executive, team"):
            written(sample("glossy"), name)


def test_json_reads_back_to_the_same_report(report):
    assert from_json(written(report, "json").decode()) == report


def test_csv_has_every_number_to_the_last_bit(report):
    rows = list(csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig"))))
    read = {row["id"]: float(row["value"]) if row["value"] else None for row in rows}
    assert read == _values(report)
    assert {row["manifest_sha256"] for row in rows} == {report.manifest_hash}
    total = next(row for row in rows if row["id"] == "provider.total_lb")
    assert (float(total["low"]), float(total["high"])) == (30.1e6, 58.2e6)


def test_html_has_every_number_to_the_last_bit_and_its_text(report):
    page = numbers_of_page(report)
    assert page.values == _values(report)
    for figure in report.figures:
        assert page.texts[figure.id] == figure_text(figure)


def test_workbook_lists_every_number_by_its_id(report):
    book = openpyxl.load_workbook(io.BytesIO(written(report, "xlsx")))
    read = {
        id: None if value == report.figure(id).missing else value
        for id, _, value, *_ in book["Figures"].iter_rows(min_row=2, values_only=True)
    }
    assert {report.figure(id).missing for id, value in read.items() if value is None} == {
        "n/e", "n/a",
    }  # fmt: skip
    wanted = _values(report)
    assert read.keys() == wanted.keys()
    for id, value in wanted.items():
        assert read[id] == (value if value is None else pytest.approx(value, rel=1e-14))


def _sheet_numbers(book, table, unit):
    """Figure id → number of a table as it stands on its sheet."""
    heads = [
        heading(c, unit) if c.unit not in ("USD", "kWh") else f"{c.title} [{c.unit}]"
        for c in table.columns
    ]
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            id = row[len(heads)] if len(row) > len(heads) else None
            if id and str(id).startswith(f"{table.id}/"):
                for column, cell in zip(table.columns, row, strict=False):
                    yield f"{id}/{column.key}", cell


def test_sheets_hold_the_numbers_of_their_tables_in_the_unit_of_the_heading(report):
    content = io.BytesIO(written(report, "xlsx"))
    book = openpyxl.load_workbook(content, data_only=True)  # formulas as their stored results
    unit = mass_unit(report)
    per_unit = {"g": 1.0, "kg": 1e3, "t": 1e6}[unit]
    compared = 0
    for table in report.tables:
        units = {column.key: column.unit for column in table.columns}
        for id, cell in _sheet_numbers(book, table, unit):
            if id not in report.numbers:
                continue
            scale = per_unit if units[id.rpartition("/")[2]] == "gCO2e" else 1.0
            value = report.figure(id).value
            compared += 1
            assert cell == (table.missing if value is None else pytest.approx(value / scale))
    assert compared == len(report.numbers) - len(report.figures)


def test_markdown_shows_the_headline_figures_by_id(report):
    text = re.sub(r"\\(.)", r"\1", written(report, "md").decode())
    for figure in report.figures:
        line = next(line for line in text.splitlines() if line.startswith(f"| `{figure.id}` |"))
        assert f"| {figure_text(figure)} |" in line


def _text_of_pdf(report):
    pages = pypdf.PdfReader(io.BytesIO(written(report, "pdf"))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("template", TEMPLATES)
def test_pdf_shows_every_row_as_the_words_of_the_report_write_it(template):
    report = sample(template)
    text, unit = _text_of_pdf(report), mass_unit(report)
    table = report.sections[2].tables[0]
    for row in table.rows:
        cells = [cell_text(table, row, i, unit) for i in range(len(table.columns))]
        assert " ".join(cells) in text
    for figure in report.figures:
        assert figure_text(figure) in text


def test_pdf_of_the_full_report_shows_every_table_and_figure_id(report):
    text, unit = _text_of_pdf(report), mass_unit(report)
    solid = text.replace(" ", "")  # long words are broken
    for table in report.tables:
        assert f"Table {table.number}. {table.title}" in text
        for row in table.rows:
            cells = " ".join(cell_text(table, row, i, unit) for i in range(len(table.columns)))
            assert cells.replace(" ", "") in solid
    for id in (figure.id for figure in report.figures):
        assert f" {id} " in text


@pytest.mark.parametrize("name", sorted(FACES))
@pytest.mark.parametrize("template", TEMPLATES)
def test_hostile_texts_break_no_face_of_no_template(name, template):
    assert len(written(hostile(template), name)) > 1_000


def test_hostile_rows_keep_their_numbers():
    report = hostile()
    wanted = {plain(id): value for id, value in _values(report).items()}
    assert numbers_of_page(report).values == wanted
    rows = csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig")))
    assert len({row["id"] for row in rows}) == len(wanted)


@pytest.mark.parametrize("name", sorted(FACES))
def test_the_same_report_gives_the_same_file(name, report):
    assert written(report, name) == written(sample(), name)

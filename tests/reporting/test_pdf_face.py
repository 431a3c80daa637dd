"""The PDF: pages, contents, fonts, links, and what must not break it."""

import io
import re
import time
from dataclasses import replace

import pypdf
import pytest

from spectra.reporting.faces import written
from spectra.reporting.faces.pdf_style import REGULAR, fitted, load_fonts, safe
from spectra.reporting.faces.right_to_left import as_seen
from spectra.reporting.model import Seal
from spectra.reporting.parts import Column, Row, Table
from tests.reporting.sample import HOSTILE, hostile, sample


def _open(report):
    return pypdf.PdfReader(io.BytesIO(written(report, "pdf")))


@pytest.fixture(scope="module")
def full():
    return _open(sample())


def test_it_is_a4_and_says_whose_and_when(full):
    width, height = (float(full.pages[0].mediabox[i]) for i in (2, 3))
    assert (width, height) == pytest.approx((595.28, 841.89), abs=0.1)
    about = full.metadata
    assert about.title == "Cloud carbon report, 1 July to 30 September 2026"
    assert about.author == "Aurora Grocers"
    assert "manifest 3f79bb7b" in about.keywords
    assert f"{about.creation_date:%Y-%m-%d %H:%M}" == "2026-10-05 09:30"
    catalog = full.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]


def test_pages_are_numbered_with_their_count_and_name_the_manifest(full):
    for number, page in enumerate(full.pages, 1):
        text = page.extract_text()
        assert f"Page {number} of {len(full.pages)}" in text
        assert "manifest 3f79bb7b435b0532" in text
        assert number == 1 or "Draft · 1 July to 30 September 2026" in text


def test_contents_name_the_pages_where_sections_begin(full):
    contents = full.pages[1].extract_text()
    marks = full.outline
    assert [mark.title for mark in marks][:2] == ["1. Summary", "2. Boundary and perspective"]
    for mark in marks:
        page = full.get_destination_page_number(mark) + 1
        assert re.search(rf"{re.escape(mark.title)}\s+{page}\b", contents)
        assert mark.title in full.pages[page - 1].extract_text()


def test_contents_and_blockers_link_into_the_report(full):
    links = [a.get_object() for a in full.pages[1]["/Annots"]]
    assert sum(link["/Subtype"] == "/Link" for link in links) >= len(full.outline) + 2


def test_all_fonts_are_embedded_with_a_way_back_to_text(full):
    fonts = {
        str(font["/BaseFont"]): font
        for page in full.pages
        for font in (f.get_object() for f in page["/Resources"]["/Font"].values())
    }
    assert fonts
    for name, font in fonts.items():
        assert "/FontFile2" in font["/FontDescriptor"], name
        assert "/ToUnicode" in font


def test_special_characters_can_be_found(full):
    text = " ".join(page.extract_text() for page in full.pages)
    for found in ("tCO₂e", "operational control → the customer", "≤ 5 %", "30–58", "São Paulo"):
        assert found in text


def test_a_long_table_repeats_its_head_and_keeps_its_total_in_company(full):
    pages = [page.extract_text() for page in full.pages]
    with_rows = [text for text in pages if "team-" in text]
    assert len(with_rows) >= 2
    assert all("Scope 2 of AWS" in text for text in with_rows)
    assert "team-69" in next(text for text in pages if re.search(r"Total\s+84\.00", text))


def test_charts_are_vectors(full):
    images = [image for page in full.pages for image in page.images]
    assert len(images) == 1  # the logo
    text = " ".join(page.extract_text() for page in full.pages)
    assert "Figure 3. Emissions rose in August" in text
    assert "CO₂e per day [kgCO₂e]" in text


def test_the_last_page_has_the_hash(full):
    text = full.pages[-1].extract_text().replace("\n", "")
    assert sample().manifest_hash in text
    assert "[U+" not in text


def test_a_final_report_shows_its_place_in_the_chain():
    report = sample(status="final", badge="audit-ready")
    at = report.cover.generated_at
    seal = Seal(
        "report-7", 7, at, report.manifest_hash, "i" * 64, "c" * 64, "p" * 64, "f" * 64,
        restates="report-4", reason="late data",
    )  # fmt: skip
    pages = [page.extract_text() for page in _open(replace(report, seal=seal)).pages]
    assert "Final" in pages[0]
    assert "place 7 in the chain" in pages[-1]
    assert "f" * 64 in pages[-1]
    assert "Takes the place of: report-4: late data" in pages[-1]


def test_addresses_are_links(full):
    links = {
        annotation.get_object()["/A"].get("/URI")
        for page in full.pages
        for annotation in page.get("/Annots", ())
        if "/A" in annotation.get_object()
    }
    assert "https://www.electricitymaps.com" in links


def test_the_executive_summary_has_two_pages_whatever_it_holds():
    assert len(_open(sample("executive")).pages) == 2
    assert len(_open(hostile("executive")).pages) == 2


def test_the_team_statement_has_no_cover_and_leaves_out_the_rest():
    pages = _open(sample("team")).pages
    text = " ".join(page.extract_text() for page in pages)
    assert "Team statement" in pages[0].extract_text()
    assert "Emissions by team" in text
    assert "Reconciliation with AWS" not in text


def _wide():
    """A report of many long names, with the table that lists them."""
    names = tuple(f"a team of a long name, {i:02d}, {'x' * 240}" for i in range(60))
    report = sample(teams=names, boundary=f"teams {', '.join(names)}")
    columns = (Column("what", ""), Column("value", ""))
    rows = (Row("Company", ("Company", "Aurora")), Row("Teams", ("Teams", ", ".join(names))))
    section = replace(report.sections[1], tables=(Table("boundary", 1, "Boundary", columns, rows),))
    return replace(report, sections=(section,), numbers={})


def test_a_long_boundary_is_cut_on_the_cover_and_told_in_full_below():
    pages = [page.extract_text() for page in _open(_wide()).pages]
    cover = " ".join(pages[0].split())
    assert "and 59 more (all in section “Boundary and perspective”)" in cover
    text = " ".join(" ".join(pages).split())
    assert [i for i in range(60) if f"a long name, {i:02d}," not in text] == []
    text = written(_wide(), "md").decode()
    assert all(text.count(f"a long name, {i:02d},") == 2 for i in range(60))


def test_the_short_reports_say_whose_they_are_and_when_they_were_made():
    wide = _wide()
    for template in ("executive", "team"):
        request = replace(wide.request, template=template)
        text = _open(replace(wide, request=request, numbers={})).pages[0].extract_text()
        text = " ".join(text.split())
        assert "and 59 more (all are in the full report)" in text
        assert (
            "Reporting entity: Aurora Grocers Holding SE, Rotterdam · "
            "Prepared by: Sustainability office · Data until: 2026-09-30 23:00 UTC · "
            "Generated: 2026-10-05 09:30 UTC"
        ) in text


def test_an_empty_report_says_so():
    report = sample()
    table = replace(report.sections[2].tables[0], rows=(), notes=())
    sections = (replace(report.sections[2], tables=(table,), charts=()),)
    figures = tuple(replace(f, value=None, low=None, high=None) for f in report.figures)
    empty = replace(report, sections=sections, figures=figures, blockers=(), numbers={})
    for template in ("full", "executive", "team"):
        request = replace(empty.request, template=template, logo="")
        shown = replace(empty, request=request, cover=replace(empty.cover, logo=""), numbers={})
        assert "n/a" in _open(shown).pages[0].extract_text() or template == "team"
    assert "There are no rows in this period." in _open(empty).pages[-1].extract_text()


@pytest.mark.parametrize("columns", [1, 14, 40])
def test_tables_of_any_width_fit(columns):
    report = sample()
    heads = tuple(Column(f"c{i}", f"Column {i}", "kWh" if i % 2 else "") for i in range(columns))
    cells = tuple(1234.5 if i % 2 else "some text" for i in range(columns))
    rows = tuple(Row(f"{i}", cells) for i in range(100))
    wide = replace(report.sections[2], tables=(Table("wide", 1, "Wide", heads, rows),), charts=())
    assert len(_open(replace(report, sections=(wide,), numbers={})).pages) >= 4


def test_right_to_left_names_stand_in_visual_order():
    assert as_seen("abc צוות ענן 12") == "abc ןנע תווצ 12"
    assert as_seen("فريق") == "ﻖﻳﺮﻓ"  # joined letters, the last one first
    assert as_seen("plain text") == "plain text"


def test_numbers_within_a_right_to_left_name_keep_their_order():
    assert as_seen("צוות 123 ענן") == "ןנע 123 תווצ"
    assert as_seen("ענן ١٢٫٥") == "١٢٫٥ ןנע"
    assert as_seen("ענן 1,234 ענן ۱۲") == "۱۲ ןנע 1,234 ןנע"


def test_marks_stay_behind_their_letter_and_do_not_part_joined_ones():
    assert as_seen("שָׁלוֹם") == "םוֹלשָׁ"
    bare = as_seen("محمد")
    assert as_seen("مُحَمَّد") == f"{bare[0]}{bare[1]}\u064e\u0651{bare[2]}\u064e{bare[3]}\u064f"


def test_a_joiner_shapes_its_neighbours_and_is_not_seen():
    assert as_seen("می\u200cخواهم") == "ﻢﻫﺍﻮﺧﯽﻣ"


def test_a_name_that_is_too_long_loses_its_end_whatever_its_direction():
    load_fonts()
    name = " ".join(["צוות ענן"] * 20)
    cut = fitted(name, 60, REGULAR, 8)
    assert cut.endswith("…")
    assert as_seen(name).endswith(cut.removesuffix("…"))


def test_hostile_names_can_be_read():
    text = " ".join(" ".join(page.extract_text() for page in _open(hostile()).pages).split())
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[10], HOSTILE[11], HOSTILE[12]):
        assert name in text
    for name in ("team [U+1F30D 1F680] ümläut", "[U+96F2 30C1 30FC 30E0]", "such as [U+96F2]."):
        assert name in text


def test_characters_that_no_font_has_are_told_apart():
    assert safe("👩\u200d💻 雲 1") == "[U+1F469][U+1F4BB] [U+96F2] 1"
    assert safe("ทีม") != safe("ทาม")
    assert safe("Ünï ₂ צ") == "Ünï ₂ צ"


def test_a_full_report_takes_little_time():
    report = sample()
    written(report, "pdf")  # the fonts are read
    began = time.perf_counter()
    content = written(report, "pdf")
    assert time.perf_counter() - began < 5.0
    assert len(content) < 1_000_000

"""Faces of a report that was built from a store, hostile tags and all."""

import csv
import io
import json
from dataclasses import replace

import jsonschema
import openpyxl
import pypdf
import pytest

from spectra.reporting.build import build
from spectra.reporting.codec import from_json
from spectra.reporting.faces import written
from spectra.reporting.faces.schema import report_schema
from spectra.reporting.faces.text import plain
from spectra.reporting.words import figure_text
from tests.reporting.conftest import NOW, october
from tests.reporting.test_faces_agree import numbers_of_page
from tests.store.conftest import CATALOG


@pytest.fixture(scope="module")
def built(kept):
    return build(kept, CATALOG, october(company="Größe & <Söhne>", revenue=5e6), now=NOW)


def test_all_faces_have_the_numbers_that_were_computed(built):
    wanted = {plain(id): figure.value for id, figure in built.numbers.items()}
    assert from_json(written(built, "json").decode()) == built
    assert numbers_of_page(built).values == wanted
    rows = csv.DictReader(io.StringIO(written(built, "csv").decode("utf-8-sig")))
    read = {r["id"].removeprefix("'"): float(r["value"]) if r["value"] else None for r in rows}
    assert read == wanted
    book = openpyxl.load_workbook(io.BytesIO(written(built, "xlsx")))
    listed = dict(row[:2] for row in book["Figures"].iter_rows(min_row=2, values_only=True))
    assert set(listed) == set(wanted)


def test_what_is_built_fits_the_published_schema(built):
    jsonschema.Draft202012Validator(report_schema()).validate(json.loads(written(built, "json")))


@pytest.mark.parametrize(("template", "pages"), [("full", 12), ("executive", 2), ("team", 3)])
def test_the_pdf_shows_its_headline_figures(built, template, pages):
    request = replace(built.request, template=template)
    found = pypdf.PdfReader(io.BytesIO(written(replace(built, request=request), "pdf")))
    text = " ".join(" ".join(page.extract_text() for page in found.pages).split())
    assert len(found.pages) >= pages
    assert "Größe & <Söhne>" in text
    assert figure_text(built.figure("customer.total_lb")) in text
    assert built.manifest_hash in text.replace(" ", "")

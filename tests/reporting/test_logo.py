"""Logos: taken by what they hold, refused with the way on."""

import base64
import io
import zipfile

import pytest
from PIL import Image
from pypdf import PdfReader

from spectra.errors import InputError
from spectra.reporting.faces import written
from spectra.reporting.faces.logo import MAX_BYTES, NO_SVG, checked_logo, left_out, logo_of
from tests.reporting.conftest import october
from tests.reporting.sample import sample


def _picture(kind, size=(40, 20)):
    content = io.BytesIO()
    Image.new("RGB", size, "navy").save(content, kind)
    return content.getvalue()


def _uri(content, media_type="image/png"):
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_png_and_jpeg_are_taken(kind):
    logo = checked_logo(_picture(kind))
    assert (logo.width, logo.height) == (40, 20)
    assert logo_of(logo.uri) == logo


def test_none_is_none():
    assert logo_of("") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg/>",
        b"<html><svg xmlns='http://www.w3.org/2000/svg'/></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><g></svg>",
        b"<!DOCTYPE svg [<!ENTITY a 'a'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>",
        "<?xml version='1.0' encoding='UTF-16LE'?><!DOCTYPE svg [<!ENTITY a 'a'>]>"
        "<svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>".encode("utf-16-le"),
        b"%PDF-1.7",
        _picture("GIF"),
        _picture("PNG")[:60],
        _picture("PNG", (5_000, 1)),
        _picture("PNG") + bytes(MAX_BYTES),
    ],
    ids=[
        "empty",
        "no namespace",
        "page",
        "cut svg",
        "entities",
        "entities in UTF-16",
        "pdf",
        "gif",
        "cut",
        "wide",
        "large",
    ],
)
def test_anything_else_is_refused_with_what_to_use(content):
    with pytest.raises(InputError, match="Use a PNG or JPEG picture"):
        checked_logo(content)


@pytest.mark.parametrize(
    "uri", ["http://evil.example/x.png", "data:text/html;base64,PGI+", "data:image/png;base64,%%%"]
)
def test_a_reference_to_elsewhere_is_refused(uri):
    with pytest.raises(InputError):
        logo_of(uri)


@pytest.mark.parametrize("damaged", [_picture("PNG")[:60], b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_a_picture_that_no_face_can_show_is_refused_before_a_report_is_made(damaged):
    with pytest.raises(InputError, match="damaged"):
        october(logo=_uri(damaged))


def test_a_name_says_nothing_about_what_a_file_holds():
    with pytest.raises(InputError):
        logo_of(_uri(b"<script>alert(1)</script>"))


def test_an_svg_is_shown_by_the_page_and_left_out_elsewhere():
    uri = _uri(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    report = sample(logo=uri)
    assert f'<img src="{uri}"' in written(report, "html").decode()
    for template in ("full", "executive"):
        pdf = written(sample(template, logo=uri), "pdf")
        assert NO_SVG in " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    with zipfile.ZipFile(io.BytesIO(written(report, "xlsx"))) as book:
        assert NO_SVG in book.read("xl/sharedStrings.xml").decode()
    assert left_out(sample().cover.logo) == ""

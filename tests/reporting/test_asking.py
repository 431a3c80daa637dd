"""What a person may ask: periods, boundary, inputs; and JSON that is no report."""

import json
from datetime import UTC, datetime

import pytest

from spectra.errors import InputError
from spectra.reporting.asking import make_request, parse_period, year_before
from spectra.reporting.build import build
from spectra.reporting.codec import from_json, to_json
from spectra.reporting.faces import written
from tests.reporting import sample
from tests.reporting.conftest import NOW, october
from tests.store.conftest import CATALOG


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-07", "2026-07-01", "2026-08-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2024", "2024-01-01", "2025-01-01"),
        (" 2026-02 ", "2026-02-01", "2026-03-01"),
        ("2024-02-29..2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-07-01..2026-07-14", "2026-07-01", "2026-07-15"),
    ],
)
def test_periods(text, start, end):
    assert parse_period(text) == (day(start), day(end))


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-00", "2026-Q5", "2026-Q0", "26-07", "2026-7", "2026-02-30..2026-03-01",
     "2026-07-14..2026-07-01", "2026-07-14..2026-07-13", "2026-07-01..", "..",
     "2020-01-01..2026-01-01",
     "2026-W30", "9999", "0000", "2026-07-01", "٢٠٢٦", "2026-07\n; DROP TABLE reports"],
)  # fmt: skip
def test_what_is_no_period(text):
    with pytest.raises(InputError) as caught:
        parse_period(text)
    assert caught.value.next_step


@pytest.mark.parametrize("text", ["0001", "0001-03", "0001-Q1", "1969", "1969-12-31..1970-01-02"])
def test_no_period_begins_before_1970(text):
    with pytest.raises(InputError, match="begins before 1970"):
        parse_period(text)
    assert parse_period("1970-01") == (day("1970-01-01"), day("1970-02-01"))


def test_a_year_before():
    leap = day("2024-02-29"), day("2024-03-01")
    assert year_before(*leap) == (day("2023-03-01"), day("2023-03-01"))
    assert year_before(day("2026-07-01"), day("2026-10-01")) == (
        day("2025-07-01"),
        day("2025-10-01"),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"regions": ["eu-west-9"]},
        {"view": "both"},
        {"template": "poster"},
        {"template": "team"},
        {"template": "team", "teams": ["data", "web"]},
        {"revenue": 0.0},
        {"revenue": -1.0},
        {"revenue": float("nan")},
        {"revenue": float("inf")},
        {"currency": "euro"},
        {"company": "x" * 301},
        {"company": "a\u202eb"},
        {"assurance": "a\x00b"},
        {"logo": "https://example.com/logo.png"},
        {"logo": "data:image/png;base64,@@@"},
        {"logo": "data:text/html;base64,PHNjcmlwdD4="},
    ],
)
def test_what_cannot_be_used_is_refused(options):
    with pytest.raises(InputError):
        make_request(CATALOG, "2026-07", **options)


def test_filters_are_a_set_and_texts_are_one_line():
    request = make_request(
        CATALOG, "2026-07", teams=["b", "a", "b"], company=" Acme \n & <Sons> ", entity="Ünïcode"
    )
    assert request.teams == ("a", "b")
    assert request.company == "Acme & <Sons>"


def test_names_may_hold_joiners():
    names = ("می\u200cخواهم", "👩\u200d💻 devs")
    request = make_request(CATALOG, "2026-07", teams=names, company=f"شرکت {names[0]}")
    assert set(request.teams) == set(names)
    assert request.company.endswith(names[0])


@pytest.fixture(scope="module")
def text(kept):
    return to_json(build(kept, CATALOG, october(logo=sample.logo()), now=NOW))


@pytest.mark.parametrize(
    "edit",
    [
        lambda v: v.pop("cover"),
        lambda v: v.update(extra=1),
        lambda v: v.update(schema="spectra-report-0"),
        lambda v: v["cover"].update(status="approved"),
        lambda v: v["cover"].update(generated_at="yesterday"),
        lambda v: v["figures"][0].update(value="12"),
        lambda v: v["figures"][0].update(value=True),
        lambda v: v["figures"].append(None),
        lambda v: v["manifest"]["totals"].append(["x"]),
        lambda v: v["request"].update(regions="eu-central-1"),
        lambda v: v["sections"][0].update(number=1.5),
        lambda v: v["sections"][0]["tables"][0]["rows"][0].update(cells=[{"a": 1}]),
        lambda v: v["sections"][0]["tables"][0]["rows"][0]["cells"].append(1),
        lambda v: v["sections"][0]["tables"][0]["rows"][0]["cells"].pop(),
        lambda v: v["figures"].append(v["figures"][0]),
        lambda v: v["sections"][0]["tables"].append(v["sections"][0]["tables"][0]),
        lambda v: v["cover"].update(coverage=float("nan")),
        lambda v: v["figures"][0].update(value=-float("inf")),
        lambda v: v["figures"][0].update(value=10**400),
        lambda v: v["figures"][0].update(value={"$utc": "2026-11-25T12:00Z"}),
        lambda v: v["cover"].update(generated_at={"$utc": "2026-11-25T12:00"}),
        lambda v: v["cover"].update(generated_at={"$utc": "2026-11-25"}),
        lambda v: v["cover"].update(generated_at={"$utc": "0001-01-01T00:00+14:00"}),
    ],
)
def test_what_is_no_report_is_refused(text, edit):
    value = json.loads(text)
    edit(value)
    with pytest.raises(InputError, match="not a report"):
        from_json(json.dumps(value))


def test_a_number_beyond_all_bounds_is_refused(text):
    for number in ("1e999", "-1e999", "1" * 5000):
        with pytest.raises(InputError, match="not a report"):
            from_json(text.replace('"coverage":1.0,', f'"coverage":{number},', 1))


def test_what_is_no_json_is_refused():
    for bad in ("", "[]", "{", "null", "\x00", "[" * 100_000):
        with pytest.raises(InputError):
            from_json(bad)


def test_faces_by_name(kept):
    report = build(kept, CATALOG, october(), now=NOW)
    assert from_json(written(report, "json").decode()) == report
    with pytest.raises(InputError, match="no report format"):
        written(report, "docx")

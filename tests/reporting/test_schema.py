"""The published schema: what the JSON face writes fits it, anything else does not."""

import json

import jsonschema
import pytest

from spectra.reporting.faces import written
from spectra.reporting.faces.schema import PUBLISHED, report_schema, schema_text
from tests.reporting.sample import hostile, sample


@pytest.fixture(scope="module")
def validator():
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_published_file_is_up_to_date():
    wanted = schema_text()
    assert PUBLISHED.read_text(encoding="utf-8") == wanted, (
        "run python -m spectra.reporting.faces.schema"
    )


@pytest.mark.parametrize("make", [sample, hostile])
def test_reports_fit_the_schema(validator, make):
    validator.validate(json.loads(written(make(), "json")))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "spectra-report-0"},
        {"figures": [{"id": "x"}]},
        {"extra": 1},
        {"manifest_hash": None},
    ],
)
def test_what_is_no_report_does_not_fit(validator, change):
    value = json.loads(written(sample(), "json")) | change
    assert not validator.is_valid(value)

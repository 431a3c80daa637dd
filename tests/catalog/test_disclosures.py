"""The tables that a report quotes: shipped ones are sound, damaged ones are refused."""

import shutil

import pytest

from spectra.catalog import load_catalog
from spectra.catalog.disclosures import (
    DISCLOSURE_FILES,
    disclosure_hashes,
    load_factor_sources,
    load_requirements,
)
from spectra.catalog.tables import DATA_DIR, TABLE_NAMES
from spectra.errors import CatalogError


@pytest.fixture
def folder(tmp_path):
    for name in DISCLOSURE_FILES:
        shutil.copy(DATA_DIR / name, tmp_path)
    return tmp_path


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_table_of_factors_has_a_source_and_a_licence():
    catalog = load_catalog()
    assert {source.file for source in catalog.factor_sources} == set(TABLE_NAMES)
    assert all(source.licence and source.version for source in catalog.factor_sources)
    assert not set(DISCLOSURE_FILES) & set(catalog.file_hashes)


def test_every_standard_is_there():
    standards = {requirement.standard for requirement in load_catalog().requirements}
    assert {"ESRS E1", "GRI 305", "GRI 102", "IFRS S2"} <= standards
    assert sum("GHG Protocol" in standard for standard in standards) == 3


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (",figure,True,", ",figures,True,", "kind is figures"),
        ("customer.scope1,figure", ",figure", "at odds with kind"),
        ("esrs-e1-6-48b", "esrs-e1-6-44a", "repeats the key"),
        ("True", "Yes", "not True or False"),
    ],
)
def test_a_damaged_datapoint_is_named(folder, old, new, says):
    edit(folder, "report_datapoints.csv", old, new)
    with pytest.raises(CatalogError, match=says):
        load_requirements(folder)


def test_a_source_without_a_licence_is_named(folder):
    edit(folder, "factor_sources.csv", "ODbL 1.0", "")
    with pytest.raises(CatalogError, match="licence is , which is empty"):
        load_factor_sources(folder)


def test_a_table_that_is_gone_is_named(folder):
    (folder / "factor_sources.csv").unlink()
    for read in (load_factor_sources, disclosure_hashes):
        with pytest.raises(CatalogError, match=r"factor_sources\.csv cannot be read"):
            read(folder)


def test_line_ends_do_not_change_a_hash(folder):
    before = disclosure_hashes(folder)
    path = folder / "factor_sources.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert disclosure_hashes(folder) == before

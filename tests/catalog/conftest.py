"""Shared fixtures of the catalogue tests: the shipped catalogue and copies to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spectra.catalog import Catalog, load_catalog
from spectra.catalog.tables import DATA_DIR, TABLE_NAMES


@pytest.fixture(scope="session")
def cat() -> Catalog:
    """The shipped catalogue."""
    return load_catalog()


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """A folder with the shipped tables, to be damaged."""
    for name in TABLE_NAMES:
        shutil.copy(DATA_DIR / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="session")
def shared_ec2() -> Path:
    """The folder of the collected source figures, where it exists beside the project."""
    folder = DATA_DIR.parent.parent / "shared" / "data" / "ec2"
    if not folder.is_dir():
        pytest.skip("../shared/data/ec2 is not beside this checkout")
    return folder

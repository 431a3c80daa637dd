"""Fixtures that many tests share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Reference data that lies beside the project and is no part of it."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here: the reference data it holds cannot be compared")
    return SHARED

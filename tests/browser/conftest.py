"""One demo app for the tests of a process; a loaded machine is given time."""

import pytest
from playwright.sync_api import expect

from spectra.refresh import current_hour
from tests import copies
from tests.browser.server import running_app

DAYS = 14

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module", autouse=True)
def all_leave(browser):
    """No session of a file goes on while the next is tested."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The app over the demo company, which every test may look at and add to."""
    folder = tmp_path_factory.mktemp("app")
    database = copies.demo_company(folder / "spectra.duckdb", current_hour(), DAYS)
    with running_app(
        database, SPECTRA_DEMO_DAYS=str(DAYS), SPECTRA_PORTAL_FOLDER=str(folder / "portal")
    ) as url:
        yield url

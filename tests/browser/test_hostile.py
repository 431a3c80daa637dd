"""The hostile fleet in Chromium: no script of a name runs, and nothing is asked of its hosts."""

import pytest

from tests.attacks.conftest import hostile_file  # noqa: F401 (a fixture)
from tests.browser.server import CHROMIUM, running_app
from tests.browser.test_journey import Visitor

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def test_no_text_from_outside_is_run_or_fetched(hostile_file, browser):  # noqa: F811 (a fixture)
    said = []
    with running_app(hostile_file, SPECTRA_DEMO="off") as url:
        visitor = Visitor(browser)
        visitor.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page = visitor.open(url, "Dashboard")
        for title in ("Instances", "Anomalies", "Budgets"):
            page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
            visitor.settle(title)
    assert said == []
    visitor.check()

"""The hostile fleet in Chromium: no script of a name runs, and nothing is asked of its hosts."""

import pytest

from tests.attacks.conftest import hostile_file  # noqa: F401 (a fixture)
from tests.browser.server import CHROMIUM, running_app
from tests.browser.test_journey import Visitor
from tests.browser.views import VIEWS, go_to

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def test_no_text_from_outside_is_run_or_fetched(hostile_file, browser):  # noqa: F811 (a fixture)
    said = []
    with running_app(hostile_file, SPECTRA_DEMO="off") as url:
        visitor = Visitor(browser)
        visitor.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        visitor.open(url, "Dashboard")
        for title in list(VIEWS)[1:]:  # it begins at the first
            go_to(visitor, title)
    assert said == []
    visitor.check()

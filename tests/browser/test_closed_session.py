"""A tab closed while its visit refreshes: the refresh goes on, and others see what came of it."""

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.server import CHROMIUM, chromium, running_app
from tests.browser.test_journey import Visitor

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def test_the_others_see_its_result(world, tmp_path):
    world.moto.launch("us-east-1")
    let_go, answer = threading.Event(), world.grids.default

    def held(request):
        let_go.wait(60)
        return answer(request)

    world.grids.default = held
    settings = world.settings(
        SPECTRA_PORTAL_FOLDER=str(tmp_path / "none"), AWS_EC2_METADATA_DISABLED="true",
        **world.endpoints(),
    )  # fmt: skip
    with running_app(tmp_path / "spectra.duckdb", **settings) as url, chromium() as browser:
        first = Visitor(browser).open(url, "Dashboard")
        expect(first.get_by_test_id("stSidebar").get_by_text("Refreshing")).to_be_visible()
        first.context.close()
        let_go.set()
        visitor = Visitor(browser)
        page = visitor.open(url, "Dashboard")
        ended = page.get_by_test_id("stSidebar").get_by_text("Refreshed just now")
        expect(ended).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Grids: Electricity Maps").first).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_text("failed")).to_have_count(0)
        visitor.check()

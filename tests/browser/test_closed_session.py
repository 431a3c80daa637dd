"""A tab closed while its visit refreshes: the refresh goes on, and others see what came of it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from spectra import units
from spectra.refresh import current_hour
from spectra.store import Store, emission_queries
from spectra.store.selection import Selection
from tests.browser.server import CHROMIUM, running_app
from tests.browser.test_journey import Visitor

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def now_in(store: Store, moment: datetime) -> str:
    """What the store says of the running hour, as the Dashboard writes it."""
    hour = current_hour(moment)
    totals = emission_queries.totals(store, Selection(hour, hour + timedelta(hours=1)))
    return f"{units.mass_text(totals['total_g'])}/h"


def test_the_others_see_its_result_and_the_number_is_the_store_s(world, tmp_path, browser):
    started = datetime.now(UTC)
    world.moto.launch("us-east-1")
    let_go, answer = threading.Event(), world.grids.default

    def held(request):
        let_go.wait(60)
        return answer(request)

    world.grids.default = held
    settings = world.settings(
        SPECTRA_DEMO_DAYS="1", SPECTRA_PORTAL_FOLDER=str(tmp_path / "none"),
        AWS_EC2_METADATA_DISABLED="true",
        **world.endpoints(),
    )  # fmt: skip
    with running_app(tmp_path / "spectra.duckdb", **settings) as url:
        first = Visitor(browser).open(url, "Dashboard")
        expect(first.get_by_test_id("stSidebar").get_by_text("Refreshing")).to_be_visible()
        first.context.close()
        let_go.set()
        visitor = Visitor(browser)
        page = visitor.open(url, "Dashboard")
        ended = page.get_by_test_id("stSidebar").get_by_text("Refreshed ")
        expect(ended).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Grids: Electricity Maps").first).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_text("failed")).to_have_count(0)
        visitor.settle("Dashboard")
        shown = visitor.metric("CO₂e now")
        visitor.check()
    store = Store(tmp_path / "spectra.duckdb")
    assert shown in {now_in(store, moment) for moment in (started, datetime.now(UTC))}
    store.close()

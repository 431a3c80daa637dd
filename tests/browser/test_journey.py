"""One journey in Chromium: see a number, filter a team, open a region, bring a file, go dark."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from spectra.refresh import current_hour
from tests.browser.server import CHROMIUM
from tests.browser.views import choose, go_to
from tests.test_portal_import import portal_csv

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# Streamlit probes these below the page's own path before it finds them at the root.
BENIGN = re.compile(r"/[^/]+/_stcore/(health|host-config)$")

# Asked in the page itself: Playwright's own waits look again only every second.
SETTLED = """title => {
    const headings = [...document.querySelectorAll("h1")].map(one => one.textContent.trim());
    const app = document.querySelector("[data-testid=stApp]");
    // One heading, for a page drawn anew has two for a moment.
    return headings.join() == title && app.dataset.testScriptState == "notRunning"
        && !document.querySelector(".st-key-rest_follows");
}"""


class Visitor:
    """A page with what it asked of other hosts and what went wrong in it."""

    def __init__(self, browser, **context) -> None:
        context = {"reduced_motion": "reduce", **context}  # nothing is waited for that only moves
        self.page: Page = browser.new_context(**context).new_page()
        self.page.set_default_timeout(30_000)
        self.foreign: list[str] = []
        self.failed: list[str] = []
        self.page.on("request", self._request)
        self.page.on("websocket", self._request)
        self.page.on("response", self._response)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.failed.append(str(error)))

    def _request(self, request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "", "127.0.0.1", "localhost"):
            self.foreign.append(request.url)

    def _response(self, response) -> None:
        if response.status >= 400 and not BENIGN.search(response.url):
            self.failed.append(f"{response.status} {response.url}")

    def _console(self, message) -> None:
        if message.type == "error" and not BENIGN.search(message.location.get("url", "")):
            self.failed.append(message.text)

    def open(self, address: str, title: str) -> Page:
        self.page.goto(address)
        self.settle(title)
        return self.page

    def settle(self, title: str) -> None:
        """Wait until the page's script has run to its end, and see that it did not fail."""
        self.page.wait_for_function(SETTLED, arg=title, polling=20)
        # With error details off, a failed script shows this box and no traceback.
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        assert not self.page.evaluate("document.documentElement.outerHTML.includes('Traceback')")

    def metric(self, label: str) -> str:
        card = self.page.get_by_test_id("stMetric").filter(has_text=label)
        return card.get_by_test_id("stMetricValue").inner_text()

    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)

    def background(self) -> str:
        return self.page.get_by_test_id("stApp").evaluate(
            "app => getComputedStyle(app).backgroundColor"
        )

    def overflow(self) -> int:
        """How far the page scrolls sideways [px]; its main part scrolls, not the document."""
        return self.page.evaluate(
            "Math.max(...[document.documentElement, document.querySelector('[data-testid=stMain]')]"
            ".map(box => box.scrollWidth - box.clientWidth))"
        )

    def check(self) -> None:
        assert self.foreign == []
        assert self.failed == []


@pytest.fixture(scope="module")
def visitor(browser):
    """One who comes back: what the app's pages are made of is read once."""
    return Visitor(browser, viewport={"width": 1280, "height": 900})


def test_journey(address, visitor):
    page = visitor.open(address, "Dashboard")
    number = visitor.metric("CO₂e now")
    assert re.fullmatch(r"[\d.,]+ (g|kg)/h", number)
    expect(page.get_by_role("figure", name="CO₂e by UTC day")).to_be_attached()

    filtered = _choose_team(visitor, number)
    _open_region(visitor)

    page.get_by_role("link", name="Dashboard").click()
    visitor.settle("Dashboard")
    assert visitor.metric("CO₂e now") == filtered
    page.reload()
    visitor.settle("Dashboard")
    assert visitor.metric("CO₂e now") == filtered

    light = visitor.background()
    page.get_by_role("button", name="Main menu").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.get_by_test_id("stApp")).not_to_have_css("background-color", light)
    assert visitor.background() == "rgb(13, 23, 21)"
    visitor.check()


def _choose_team(visitor: Visitor, before: str) -> str:
    """Filter by one team; the number of that team."""
    page = visitor.page
    # A click on an option that the end of a run draws anew would be lost.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.get_by_label("Teams").click()
    page.keyboard.type("search")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stSidebar").get_by_text("search")).to_be_visible()
    expect(page.get_by_test_id("stMetricValue").first).not_to_have_text(before)
    page.keyboard.press("Escape")
    visitor.settle("Dashboard")
    assert visitor.parameters()["teams"] == ["search"]
    return visitor.metric("CO₂e now")


def _open_region(visitor: Visitor) -> None:
    """Go to the Regions page, under the filter chosen before, and look at one region."""
    page = visitor.page
    page.get_by_role("link", name="Regions").click()
    visitor.settle("Regions")
    page.get_by_label("Region in detail").click()
    page.keyboard.type("eu-central-1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Carbon intensity of eu-central-1, Europe (Frankfurt)")).to_be_visible()
    visitor.settle("Regions")
    assert visitor.parameters() == {"teams": ["search"], "region": ["eu-central-1"]}


def test_a_deep_link_opens_for_a_new_visitor(address, browser):
    visitor = Visitor(browser)
    page = visitor.open(f"{address}/regions?region=eu-west-1&period=7+days", "Regions")
    expect(
        page.get_by_text("Carbon intensity of eu-west-1, Europe (Ireland), zone IE")
    ).to_be_visible()
    visitor.open(f"{address}/method?topic=Scopes", "Method")
    expect(visitor.page.get_by_text("scopes_of(")).to_be_visible()
    visitor.check()


def test_regions_are_compared_and_a_move_is_estimated(address, visitor):
    page = visitor.open(f"{address}/regions?region_view=Compare", "Regions")
    expect(page.get_by_text("Price against carbon")).to_be_visible()
    expect(page.get_by_text(" draws")).to_be_visible()
    page.get_by_text("Move", exact=True).click()
    visitor.settle("Regions")
    expect(page.get_by_text("Made up for after", exact=True)).to_be_visible()
    expect(page.get_by_text("Before and after, a month")).to_be_visible()
    assert visitor.parameters()["region_view"] == ["Move"]
    visitor.check()


def test_the_way_back_leads_to_the_view_that_was_left(address, browser):
    visitor = Visitor(browser)
    page = visitor.open(address, "Dashboard")
    go_to(visitor, "Instances")
    choose(visitor, "Instances", "Waste")
    expect(page).to_have_title("Instances · SPECTRA")
    go_to(visitor, "Budgets")
    page.go_back()
    visitor.settle("Instances")
    switch = page.get_by_role("radiogroup", name="View").first
    expect(switch.get_by_role("radio", name="Waste")).to_be_checked()
    expect(page).to_have_url(re.compile(r"/instances\?view=Waste$"))
    visitor.check()


def test_a_file_is_brought_and_reported(address, visitor):
    page = visitor.open(f"{address}/regions", "Regions")
    page.get_by_role("button", name="Bring your grid data").click()
    start = current_hour() - timedelta(hours=12)
    hours = [start + timedelta(hours=k) for k in range(10)]
    page.set_input_files(
        "input[type=file]",
        [
            {
                "name": "FR-hourly.csv",
                "mimeType": "text/csv",
                "buffer": portal_csv(hours, zone="FR"),
            },
            {"name": "page.csv", "mimeType": "text/csv", "buffer": b"<html>sign in</html>"},
        ],
    )
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    expect(page.get_by_text("Refused", exact=True)).to_be_visible()
    expect(page.get_by_text("10 usable rows, 10 new or changed, 0 rejected.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Grids: Electricity Maps files + demo").first).to_be_visible()
    visitor.check()

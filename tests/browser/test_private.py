"""Two sessions at once: what one types and fetches is nowhere that the other, or a file, sees."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from spectra.refresh import current_hour
from spectra.store import Store
from tests import copies
from tests.browser.server import CHROMIUM, running_app
from tests.browser.test_journey import Visitor
from tests.browser.views import choose, go_to
from tests.servers import electricity_maps as em
from tests.servers.moto import KEYS
from tests.servers.world import every_service

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

NAME = "very-private-machine"
REGIONS = "us-east-1,eu-central-1"
SEEN_BY_ALL = {"Regions": (), "Settings": ("AWS", "Usage", "Data", "Tags")}


@pytest.fixture(scope="module")
def world(moto_process):
    with every_service(moto_process) as services:
        yield services


@pytest.fixture(scope="module")
def app(world, tmp_path_factory):
    """The app on the loopback world; its operator has configured no key."""
    folder = tmp_path_factory.mktemp("private")
    database = copies.demo_company(folder / "app.duckdb", current_hour(), days=2)
    with running_app(
        database,
        SPECTRA_DEMO_DAYS="2",
        SPECTRA_PORTAL_FOLDER=str(folder / "portal"),
        SPECTRA_REGIONS=REGIONS,
        SPECTRA_AWS_HISTORY_DAYS="1",
        SPECTRA_ELECTRICITY_MAPS_URL=f"{world.grids.url}/v4",
        SPECTRA_CLOUDFLARE_URL=world.radar.url,
        AWS_EC2_METADATA_DISABLED="true",
        **world.endpoints(),
    ) as url:
        yield url, database


@pytest.fixture(scope="module")
def visitor(browser):
    """One who comes back: what the app's pages are made of is read once."""
    return Visitor(browser)


def type_keys(visitor: Visitor, url: str) -> Page:
    page = visitor.open(f"{url}/settings?section=AWS", "Settings")
    page.get_by_label("Access key ID").fill(KEYS["aws_access_key_id"])
    page.get_by_label("Secret access key").fill(KEYS["aws_secret_access_key"])
    page.get_by_role("button", name="Use in this session").first.click()
    expect(page.get_by_text("This session now has a private workspace")).to_be_visible()
    return page


def instances_in_copy(database: Path) -> set[str]:
    """Sources of the instances in the database file: text in it may be compressed."""
    copy = database.parent / "copy"
    copy.mkdir()
    for file in database.parent.glob(f"{database.name}*"):
        shutil.copy(file, copy)
    store = Store(copy / database.name)
    found = set(store.frame("SELECT DISTINCT source FROM instances")["source"])
    store.close()
    return found


def everything(page: Page) -> str:
    """The whole DOM, what is typed into its fields, and the address."""
    fields = page.eval_on_selector_all("input, textarea", "all => all.map(one => one.value)")
    return page.content() + "\n".join(fields) + page.url


def test_what_one_session_types_and_fetches_is_nowhere_else(world, app, browser, visitor):
    url, database = app
    (instance_id,) = world.moto.launch("us-east-1", team="secret-team", Name=NAME)
    world.busy("us-east-1", instance_id, 40.0)
    first, second = visitor, Visitor(browser)

    mine = type_keys(first, url)
    secrets = (KEYS["aws_secret_access_key"], KEYS["aws_access_key_id"])
    assert not [s for s in secrets if s in everything(mine)]
    expect(mine.get_by_text("Refreshed ")).to_be_visible(timeout=60_000)
    mine.get_by_role("link", name="Dashboard").click()
    first.settle("Dashboard")
    expect(mine.get_by_text("Grids: reference factors · Fleet: AWS").first).to_be_visible()
    expect(mine.get_by_text("secret-team").first).to_be_attached()

    private = (*secrets, instance_id, NAME, "secret-team")
    theirs = second.open(url, "Dashboard")
    expect(theirs.get_by_text("Demo data").first).to_be_visible()
    assert [s for s in private if s in everything(theirs)] == [], "Dashboard"
    for title, sections in SEEN_BY_ALL.items():
        go_to(second, title)
        for section in sections:
            choose(second, title, section)
            assert [s for s in private if s in everything(theirs)] == [], section
        assert [s for s in private if s in everything(theirs)] == [], title

    files = [file for file in database.parent.rglob("*") if file.is_file()]
    for file in files:
        content = file.read_bytes()
        assert not [s for s in private if s.encode() in content], file.name
    assert {"app.duckdb", "app.log"} <= {file.name for file in files}
    assert instances_in_copy(database) == {"demo"}
    assert (first.foreign, second.foreign) == ([], [])

    again = first.open(url, "Dashboard")  # a reload is another session
    expect(again.get_by_text("Demo data").first).to_be_visible()


def test_a_refresh_shows_its_progress_and_can_be_stopped(world, app, visitor):
    url, _ = app
    original = world.grids.default

    def slow(request):
        answer = original(request)
        answer.seconds = 3.0
        return answer

    world.grids.default = slow
    page = visitor.open(f"{url}/settings?section=Grids+and+latency", "Settings")
    page.get_by_label("Electricity Maps API key").fill(em.KEY)
    page.get_by_role("button", name="Use in this session").first.click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(re.compile(r"Electricity Maps API \d of \d"))).to_be_visible()
    stop = sidebar.get_by_role("button", name="Stop")
    stop.click()
    try:
        stop.wait_for(state="hidden", timeout=2_000)
    except TimeoutError:  # a click while the sidebar is drawn anew is lost
        with suppress(TimeoutError):  # one that was heard takes the button away
            stop.click(timeout=3_000)
    ended = sidebar.get_by_text(re.compile("Refreshed .+: stopped"))  # now, or minutes ago
    expect(ended).to_be_visible(timeout=60_000)
    expect(sidebar.get_by_role("button", name="Refresh now")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)

"""All views for everybody: axe in light and dark, a phone, 200 % zoom, and the keyboard alone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.server import CHROMIUM
from tests.browser.test_journey import Visitor
from tests.browser.views import choose, go_to, tour

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
ZOOMED = {"width": 720, "height": 450}  # what is left of a desk's screen at 200 %
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 23, 21)"}  # background by theme
HAS_GROUND = """colour => colour ==
    getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor"""

# Streamlit's own markup, which no setting mends. Each is taken out of its rule alone.
EXCEPTIONS = [
    # The navigation puts the headings of its sections, and divs around them, into its list.
    {"id": "list", "selector": "ul:not([data-testid=stSidebarNavItems]), ol"},
    {"id": "listitem", "selector": "li:not([data-testid=stSidebarNavItems] li)"},
]
# What Plotly draws is told by the chart's own sentence, and a table's cells are a canvas: axe can
# judge the colours of neither, and the hundreds of nodes inside are not ours.
INSIDE = [[".js-plotly-plot .main-svg"], ["[data-testid=stDataFrame] canvas"]]
SIDEBAR = ["[data-testid=stSidebar]"]
RUN = """([exclude, rules]) => axe.run({exclude}, {
    resultTypes: ["violations"],
    runOnly: rules ? {type: "rule", values: rules}
                   : {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
}).then(found => found.violations
    .filter(v => ["serious", "critical"].includes(v.impact))
    .flatMap(v => v.nodes.map(node => v.id + ": " + node.html.slice(0, 160) + " "
        + [...node.any, ...node.all].slice(0, 1).map(check => check.message))))"""


@pytest.fixture(scope="module")
def visitor(browser):
    """One for all: what the app's pages are made of is read once."""
    return Visitor(browser, viewport=DESK, color_scheme="light")


@pytest.fixture(scope="module")
def found(address, visitor):
    """What is wrong on each view, by how it is looked at: one tour for all."""
    page = visitor.page
    wrong: dict[str, list[str]] = {"light": [], "dark": [], "phone": [], "zoomed": []}
    schemes, known = ["light", "dark"], ""
    for view in tour(visitor, address):
        if not page.evaluate("typeof axe == 'object'"):
            page.evaluate(Axe().axe_script)
            page.evaluate("rules => axe.configure({rules})", EXCEPTIONS)
            page.add_style_tag(content="* {transition: none !important}")  # no fading colours
        title = view.split(",")[0]
        exclude = [*INSIDE, SIDEBAR] if title == known else INSIDE  # it is a page's, not a view's
        known = title
        rules = None
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(HAS_GROUND, arg=GROUND[scheme], polling=20)
            seen = page.evaluate(RUN, [exclude, rules])
            wrong[scheme] += [f"{view}: {text}" for text in seen]
            rules = ["color-contrast"]  # the theme changes nothing but colours
        schemes.reverse()  # the next view is drawn in the theme that this one is left in
        for name, size in (("phone", PHONE), ("zoomed", ZOOMED)):
            page.set_viewport_size(size)
            if (px := _too_wide(visitor)) > 0:
                wrong[name].append(f"{view}: {px} px wider than the screen")
        page.set_viewport_size(DESK)
    wrong["errors"] = [*visitor.failed]
    return wrong


def _too_wide(visitor: Visitor) -> int:
    """How far a view is wider than the screen [px], once its charts have found their new size."""
    visitor.page.wait_for_timeout(50)
    for _ in range(20):
        if visitor.overflow() <= 0:
            return 0
        visitor.page.wait_for_timeout(100)
    return visitor.overflow()


@pytest.mark.parametrize("look", ["light", "dark", "phone", "zoomed", "errors"])
def test_every_view(found, look):
    assert found[look] == []


def focused(page) -> str:
    """Name of the control that has the focus; a box that scrolls has it too, and no name."""
    return page.evaluate(
        """() => {
            const one = document.activeElement;
            if (!one.matches("a, button, input, [role=radio]")) return "";
            return (one.getAttribute("aria-label") || one.innerText || "").trim();
        }"""
    )


def tab_to(page, name: str, most: int = 60) -> list[str]:
    """Press Tab until something has the focus; the names passed on the way."""
    passed: list[str] = []
    while not passed or name not in passed[-1]:
        assert len(passed) < most, f"no {name} among {passed}"
        page.keyboard.press("Tab")
        passed.append(focused(page))
    return passed


def wait_until_marked(page) -> None:
    """Wait until the focus can be seen: an outline, a ring or another border."""
    page.wait_for_function(
        """() => {
            const seen = element => {
                const style = getComputedStyle(element);
                return style.outlineStyle != 'none' || style.boxShadow != 'none';
            };
            const one = document.activeElement;
            return seen(one) || seen(one.parentElement) || seen(one.parentElement.parentElement);
        }""",
        timeout=3_000,
    )


def test_a_journey_by_keyboard_alone(address, visitor):
    page = visitor.open(address, "Dashboard")
    passed = tab_to(page, "Regions")
    assert passed[0] == "Skip to main content"
    wait_until_marked(page)
    page.keyboard.press("Enter")
    visitor.settle("Regions")

    passed = tab_to(page, "Bring your grid data")
    order = [next(n for n, text in enumerate(passed) if word in text)
             for word in ("Settings", "Period", "Teams", "Bring your grid data")]  # fmt: skip
    assert order == sorted(order), "navigation, filters, page"
    wait_until_marked(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Bring your grid data")).to_be_focused()
    visitor.check()


@pytest.mark.parametrize(
    ("title", "view"), [("Anomalies", "One incident"), ("Instances", "One machine")]
)
def test_every_decision_can_be_seen_on_a_phone(address, visitor, title, view):
    page = visitor.open(address, "Dashboard")
    go_to(visitor, title)
    choose(visitor, title, view)
    page.set_viewport_size(PHONE)
    group = page.get_by_role("radiogroup", name="Decision")
    page.wait_for_function(
        "([one, width]) => one.getBoundingClientRect().right <= width",
        arg=[group.get_by_role("radio").last.element_handle(), PHONE["width"]], timeout=5_000,
    )  # fmt: skip
    page.set_viewport_size(DESK)


def press(page, name: str) -> None:
    """Press a button by the keyboard."""
    button = page.get_by_role("button", name=name, exact=True).first
    button.focus()
    page.keyboard.press("Enter")


def test_the_focus_lands_on_the_heading_when_its_button_goes(address, visitor):
    page = visitor.open(address, "Dashboard")
    press(page, "Got it")
    expect(page.get_by_text("The first minute.")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page) not in ("", "Skip to main content"), "one goes on from there"

    go_to(visitor, "Anomalies")
    choose(visitor, "Anomalies", "One incident")
    page.get_by_role("radiogroup", name="Decision").get_by_role("radio").first.click()
    expect(page.get_by_role("button", name="Keep", exact=True)).to_be_enabled()
    press(page, "Keep")
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    choose(visitor, "Anomalies", "Planned events")
    page.get_by_label("What", exact=True).fill("Load test")
    press(page, "Plan it")
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    go_to(visitor, "Instances")
    choose(visitor, "Instances", "One machine")
    press(page, "Plan: stop")
    expect(page.get_by_role("button", name="Discard the plan")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    press(page, "Discard the plan")
    expect(page.get_by_role("button", name="Discard the plan")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    visitor.check()

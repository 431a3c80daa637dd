"""Views of every page, one of each make, visited without loading the app anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from playwright.sync_api import TimeoutError

# Page and the options of the control that switches its views.
VIEWS: dict[str, tuple[str, ...]] = {
    "Dashboard": (),
    "Regions": ("Map and hours", "Compare", "Move"),
    "Anomalies": ("Attention", "One incident"),
    "Instances": ("Fleet", "One machine", "Waste", "What if"),
    "Scheduler": (),
    "Budgets": ("Overview", "One budget", "Chargeback", "Change"),
    "Reports": ("Report", "History"),
    "Settings": ("AWS", "Tags", "Data"),
    "Method": (),
}  # fmt: skip

# The state of a page says nothing of a run that has not begun yet.
COUNT_RUNS = """() => {
    if ("runs" in window) return;
    const app = document.querySelector("[data-testid=stApp]");
    window.runs = 0;
    new MutationObserver(() => { runs += app.dataset.testScriptState == "running"; })
        .observe(app, {attributeFilter: ["data-test-script-state"]});
}"""


def go_to(visitor, title: str) -> None:
    """Open a page by its link; the first "Settings" and so on is that of the navigation."""
    links = visitor.page.get_by_test_id("stSidebarNav")
    links.get_by_role("link", name=title, exact=True).click()
    visitor.settle(title)


def choose(visitor, title: str, view: str) -> None:
    """Choose a view or section of the open page, and wait until it is drawn."""
    page = visitor.page
    page.evaluate(COUNT_RUNS)
    switch = page.get_by_role("radiogroup", name="Section" if title == "Settings" else "View")
    option = switch.first.get_by_role("radio", name=view, exact=True)
    before = page.evaluate("runs")
    # On a busy machine a page that is drawn anew may lose a click, and a run be over before its
    # state was ever shown.
    for _ in range(6):
        if option.is_checked():
            break
        option.click()
        with suppress(TimeoutError):
            page.wait_for_function("before => runs > before", arg=before, polling=20, timeout=5_000)
    assert option.is_checked(), f"{title}, {view}"
    visitor.settle(title)
    page.wait_for_function("!document.querySelector('[data-stale=true]')", polling=20)


def tour(visitor, address: str) -> Iterator[str]:
    """Go through all views as a visitor does, by links and controls; yields the name of each."""
    visitor.open(address, "Dashboard")
    for title, views in VIEWS.items():
        if title != "Dashboard":  # there it begins
            go_to(visitor, title)
        if not views:
            yield title
        for view in views:
            choose(visitor, title, view)
            yield f"{title}, {view}"

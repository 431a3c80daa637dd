"""The HTML face: one file, no request, nothing that people typed is run."""

import json
import re

import pytest

from spectra.reporting.faces import written
from tests.reporting.sample import HOSTILE, hostile, sample


def test_it_names_no_other_host_and_holds_the_library_once():
    page = written(sample(), "html").decode()
    own = page[: page.index('<script type="application/json"')]
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", own)
    assert page.count("plotly.js v") == 1
    assert "default-src 'none'" in own


def test_what_people_typed_stays_text():
    page = written(hostile(), "html").decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    data = page.split('id="charts">', 1)[1].split("</script>", 1)[0]
    assert "<" not in data
    json.loads(data)
    assert page.count("</script>") == 3


@pytest.fixture
def opened(browser, tmp_path):
    """Open a report without a network; every request and complaint is kept."""
    contexts = []

    def opening(report, **options):
        path = tmp_path / "report.html"
        path.write_bytes(written(report, "html"))
        context = browser.new_context(**options)
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("dialog", lambda dialog: page.heard.append(dialog.message))
        page.on("request", lambda request: page.heard.append(request.url))
        page.goto(path.as_uri())
        page.heard.remove(path.as_uri())
        return page

    yield opening
    for context in contexts:
        context.close()


def _draw_all(page):
    for chart in page.locator(".chart").all():
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_works_offline_and_asks_for_nothing(opened, scheme):
    page = opened(sample(), color_scheme=scheme)
    _draw_all(page)
    assert page.locator(".chart .main-svg").count() >= 3
    assert page.heard == []
    page.locator("#filter").fill("team-07")
    assert page.locator("tbody tr:visible", has_text="team-").count() == 1


@pytest.mark.browser
def test_a_click_on_a_heading_sorts_and_leaves_the_total_below(opened):
    page = opened(sample())
    table = page.locator("table").nth(1)
    head = table.get_by_role("button", name="Embodied [tCO₂e]")
    head.click()
    names = [row.locator("td").first.inner_text() for row in table.locator("tbody tr").all()]
    assert names == [
        "sa-east-1", "ap-south-1", "us-east-1", "eu-central-1", "eu-north-1", "Total",
    ]  # fmt: skip
    head.click()
    assert table.locator("tbody td").first.inner_text() == "eu-central-1"


@pytest.mark.browser
def test_hostile_texts_are_shown_and_not_run(opened):
    page = opened(hostile())
    _draw_all(page)
    assert page.heard == []
    assert page.get_by_text(HOSTILE[0]).count() > 0
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0

"""What an address asks for and nobody offers is told, on every page that would pass it over."""

import pytest

from tests.pages.conftest import LAUNCHED, healthy, open_page, write_store

ODD = "[x](y)"
SHOWN = "\\[x\\](y)"
# Page, further parameters, the one that is wrong, and what it is called.
CASES = [
    *(("dashboard", {}, f"{kind}s", kind) for kind in ("region", "team", "environment")),
    ("dashboard", {}, "period", "period"),
    ("instances", {}, "team", "team"),
    ("instances", {}, "view", "view"),
    ("anomalies", {}, "anomaly_view", "view"),
    ("budgets", {}, "budget_view", "view"),
    ("reports", {}, "reports_view", "view"),
    ("regions", {}, "region_view", "view"),
    ("regions", {}, "factor", "emission factor"),
    ("regions", {}, "region", "region"),
    ("regions", {"region_view": "Compare"}, "compare_home", "region"),
    ("regions", {"region_view": "Move"}, "move_to", "region"),
    ("scheduler", {}, "job_home", "region"),
    ("settings", {}, "section", "section"),
    ("method", {}, "topic", "topic"),
]  # fmt: skip


@pytest.fixture
def company(database):
    write_store(
        database,
        {"instance_id": "i-1", "valid_from": LAUNCHED, "tags": {"team": "web"}},
        {"instance_id": "i-2", "valid_from": LAUNCHED, "region": "eu-north-1"},
    )


def told(app) -> list[str]:
    return [info.value for info in app.info if "not on offer" in info.value]


def open_with(page, others, key, value):
    app = open_page(page, **others, **{key: value})
    assert not app.exception
    return app


def test_what_is_not_on_offer_is_told_with_the_next_step(company):
    for page, others, key, kind in CASES:
        app = open_with(page, others, key, ODD)
        (text,) = told(app)
        assert f"asks for the {kind} “{SHOWN}”" in text, (page, key)
        assert text.count("\n\n") == 1, (page, key)
        app.run()
        assert told(app) == [text], "it stays until something else is chosen"


def test_what_is_on_offer_is_not_told(company):
    known = {"regions": "eu-north-1", "teams": "web", "period": "7 days"}
    for page, others, _, _ in CASES:
        assert told(open_with(page, others | known, "factor", "direct")) == []


def test_a_choice_by_hand_ends_it_and_so_does_another_page(company):
    app = open_with("instances", {}, "view", ODD)
    app.button_group(key="view").set_value("Waste").run()
    assert told(healthy(app)) == []
    app = open_with("instances", {}, "view", ODD)
    app.switch_page("pages/method.py").run()
    app.switch_page("pages/instances.py").run()
    assert told(healthy(app)) == []


def test_a_filter_that_is_not_there_is_dropped_by_its_button(company):
    app = open_with("dashboard", {}, "regions", "eu-nowhere-1")
    assert "All regions are shown unless others are chosen." in told(app)[0]
    (button,) = [b for b in app.button if b.label == "Look at all regions"]
    assert told(healthy(button.click().run())) == []
    app = open_with("dashboard", {}, "teams", "nobody")
    app.multiselect(key="teams").set_value(["web"]).run()
    assert told(healthy(app)) == []


@pytest.mark.parametrize(
    ("page", "others", "key"),
    [("regions", {"region_view": "Compare"}, "compare_home"), ("scheduler", {}, "job_home")],
)
def test_a_home_begins_with_the_region_of_the_sidebar(company, page, others, key):
    app = open_with(page, others, "regions", "eu-north-1")
    assert app.selectbox(key=key).value == "eu-north-1"
    app.selectbox(key=key).set_value("eu-west-3").run()
    assert app.selectbox(key=key).value == "eu-west-3"
    assert app.run().selectbox(key=key).value == "eu-west-3", "what is chosen by hand stays"
    app = open_with(page, others | {"regions": "eu-north-1"}, key, "eu-west-1")
    assert app.selectbox(key=key).value == "eu-west-1", "a link says more than the sidebar"

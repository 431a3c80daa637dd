"""The first-minute guide: shown at once, put away for good, brought back from the help."""

import pytest
import streamlit as st

from spectra.errors import StoreError
from spectra.ui import guide
from spectra.ui.guide import DEMO, OWN
from tests.pages.conftest import LAUNCHED, app_store, healthy, open_app, write_store


@pytest.fixture(params=["demo", "aws"])
def source(request, database):
    """A small fleet of the demo company, or of an account."""
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED, "source": request.param})
    return request.param


def guides(app) -> list[str]:
    return [text.value for text in healthy(app).markdown if "The first minute" in text.value]


def test_it_says_whose_figures_these_are_and_where_to_go(source):
    app = open_app()
    (text,) = guides(app)
    assert ((DEMO in text), (OWN in text)) == (source == "demo", source != "demo")
    links = [link.proto.label for link in app.get("page_link")]
    assert {"What could be saved", "Go live with your own account"} <= set(links)
    app.button(key="guide_hide").click().run()
    assert guides(app) == []
    assert guides(open_app()) == [], "another session of the same workspace"
    app.button(key="guide_show").click().run()
    assert len(guides(app)) == 1


def test_on_a_full_disk_it_is_put_away_for_this_session_and_says_so(database, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    monkeypatch.setattr(guide, "save_settings", full)
    app = open_app()
    app.button(key="guide_hide").click().run()
    assert not app.exception
    assert "The disk is full" in app.error[0].value
    assert not [text for text in app.markdown if "The first minute" in text.value]


def test_put_away_it_stays_so_after_a_restart(database):
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    open_app().button(key="guide_hide").click().run()
    st.cache_data.clear()
    st.cache_resource.clear()
    assert guides(open_app()) == []


def test_a_visitor_of_a_public_deployment_puts_it_away_for_himself(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    app = open_app()
    app.button(key="guide_hide").click().run()
    assert guides(app) == []
    assert app_store().row("SELECT count(*) FROM settings") == (0,)
    assert len(guides(open_app())) == 1

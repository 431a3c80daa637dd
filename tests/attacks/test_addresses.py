"""Texts of filters and addresses in every query they reach: values, never SQL."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spectra.store import Store, advice_log, emission_queries, incident_log
from spectra.store.selection import Selection
from spectra.ui.filters import CUSTOM
from tests.attacks.asked import parameters
from tests.attacks.rendered import live_marks
from tests.attacks.texts import MARKUP, SQL, TEXTS
from tests.pages.conftest import (
    PAGES,
    app_store,
    database,  # noqa: F401 (a fixture)
    healthy,
    open_app,
    write_store,
)

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
TRICKS = (
    SQL, "' OR ''='", "'); DROP TABLE instances; --", "$start", "?", "%27%20OR%201=1",
    "x" * 1_000_000, "a'; ATTACH '/tmp/x.db'; --", "read_csv('/etc/passwd')", *TEXTS.values(),
)  # fmt: skip


@pytest.fixture(scope="module")
def store():
    opened = Store()
    yield opened
    opened.close()


def tables(store):
    return store.frame("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL")


@pytest.mark.parametrize("text", TRICKS, ids=lambda text: repr(text[:20]))
def test_a_filter_is_a_value(store, text):
    before = tables(store)
    chosen = Selection(START, END, (text,), (text,), (text,), (text,))
    assert emission_queries.totals(store, chosen)["hours"] == 0
    assert advice_log.of_unit(store, text, END) is None
    assert incident_log.events(store, text).empty
    assert incident_log.incidents(store, END, replace(chosen, accounts=())).empty
    assert tables(store).equals(before)


PARAMETERS = sorted({*parameters(), "team"})


@pytest.mark.parametrize("text", [SQL, MARKUP, "x" * 1_000_000], ids=["sql", "markup", "long"])
def test_an_address_that_means_nothing_opens_every_page(database, text):  # noqa: F811 (a fixture)
    write_store(database, {"instance_id": "i-1", "valid_from": "2026-01-01"})
    app = open_app(**dict.fromkeys(PARAMETERS, text))
    for page in PAGES:
        for name in PARAMETERS:
            app.query_params[name] = text
        healthy(app.switch_page(page).run())
        assert live_marks(app) == [], page
    app.query_params["period"] = CUSTOM  # without which nobody asks for days
    app.query_params["days"] = text
    healthy(app.switch_page("pages/method.py").run())
    assert app_store().row("SELECT count(*) FROM instances") == (1,)

"""Texts of filters and addresses in every query they reach: values, never SQL."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spectra.store import Store, advice_log, emission_queries, incident_log
from spectra.store.selection import Selection
from tests.attacks.texts import SQL, TEXTS

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

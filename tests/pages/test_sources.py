"""Settings say of each source when it last answered and failed, how old that is, and what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from spectra.store import Store, fetch_log, source_state
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.source_state import Key
from spectra.ui.settings import sources
from tests.pages.conftest import app_store, healthy, open_page

NOW = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)  # the first hour of a year
WHY = "The key was refused. Type another one."


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "s.duckdb")
    yield opened
    opened.close()


def ask(store, source, hours_ago, status="ok", detail=""):
    log_fetch(store, Fetch(source, "x", 1, status, detail, started_at=before(hours_ago)))


def before(hours):
    return NOW - timedelta(hours=hours)


def rows(store, *connected):
    table = sources.table(fetch_log.by_source(store), connected, NOW)
    return {row["source"]: row for row in table.to_dict("records")}


def test_each_source_has_its_state_and_its_next_step(store):
    ask(store, "electricity_maps_portal", 72)
    ask(store, "aws", 0.2)
    ask(store, "aws", 5, "failed", "An old failure.")
    ask(store, "cloudflare_radar", 30)
    found = rows(store, "aws", "cloudflare_radar", "electricity_maps")
    files = found["Electricity Maps files"]
    assert (files["age"], files["next_step"]) == ("3 days old", "Nothing to do.")
    aws = found["AWS"]
    assert aws["age"] == "less than 1 h old"
    assert aws["failed_at"] == before(5), "the last failure is told after it is over"
    assert aws["next_step"] == "Nothing to do."
    assert "Refresh now" in found["Cloudflare Radar"]["next_step"]
    never = found["Electricity Maps API"]
    assert never["age"] == "never"
    assert "never asked" in never["next_step"]
    assert "Not connected any more" in rows(store)["AWS"]["next_step"]


def test_what_fails_says_why_and_when_it_is_asked_again(store):
    for zone in ("DE", "FR"):
        source_state.succeed(store, Key("electricity_maps", "intensity", zone), before(9))
    ask(store, "electricity_maps", 9)
    failed = Key("electricity_maps", "intensity", "FR")
    state = source_state.fail(store, failed, before(0), status="DeniedError", detail=WHY)
    row = rows(store, "electricity_maps")["Electricity Maps API"]
    assert (row["age"], row["failing"]) == ("9 h old", "1 of 2 datasets")
    assert row["failed_at"] == NOW
    assert row["next_step"] == f"{WHY} Asked again at {state.retry_at:%d %b %H:%M} UTC."
    source_state.succeed(store, failed, before(0))
    assert rows(store, "electricity_maps")["Electricity Maps API"]["next_step"] == "Nothing to do."


def test_a_failure_that_no_schedule_repeats_is_told_until_it_works(store):
    ask(store, "aws_pricing", 3)
    ask(store, "aws_pricing", 2, "failed", WHY)
    assert rows(store)["AWS Pricing"]["next_step"] == WHY
    ask(store, "aws_pricing", 1)
    assert rows(store)["AWS Pricing"]["next_step"] == "Nothing to do."


def test_the_page_shows_them_and_what_to_do_without_any(database):
    app = healthy(open_page("settings", section="Workspace"))
    assert [info.value for info in app.info if "No source was asked so far." in info.value]
    log_fetch(app_store(), Fetch("aws_pricing", "x", 1, "ok"))
    healthy(app.run())
    (table,) = [d.value for d in app.dataframe if "next_step" in d.value.columns]
    assert table["source"].tolist() == ["AWS Pricing"]

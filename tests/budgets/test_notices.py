"""Thresholds of budgets as notices: one each a period, over restarts of the app."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from spectra import budgets, notices
from spectra.config import check_value, load_config
from spectra.errors import InputError
from spectra.insight.budgets import State
from spectra.settings import SETTINGS
from spectra.store import budget_log, budget_notices
from spectra.store.budget_log import new_budget
from spectra.store.emission_queries import TOTAL_G
from tests import copies
from tests.budgets.conftest import new_store, running, utc, with_fleet
from tests.store.conftest import with_factors

NOW = utc("2026-11-13")
PLAIN = load_config({}, Path("no-such-file.toml"))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "s.duckdb"
    copies.opened(path, two_budgets).close()
    return path


def two_budgets(store):
    with_factors(store)
    with_fleet(store, running(1, '=cmd|"<b>\n'))
    (grams,) = store.row(f"SELECT sum({TOTAL_G}) FROM emissions_hourly WHERE hour >= '2026-11-01'")
    for key, factor in (('=cmd|"<b>\n', 0.9), ("nobody", 1.0)):
        made = new_budget("team", key, "month")
        budgets.create(store, made, grams / factor, date(2026, 1, 1))


def test_a_threshold_is_sent_once_over_restarts(path):
    sent = []
    for hours in (0, 1, 24):
        store = new_store(path)
        found = notices.events(store, PLAIN, NOW + timedelta(hours=hours))
        notices.tell(store, found, sent.append)
        store.close()
    assert [n.kind for n in sent] == ["budget"] * 2  # each covers the one below it
    assert [n.severity for n in sent] == ["warning", "warning"]
    assert sent[0].title == '=cmd|"<b>: 80% of the budget is used'
    assert "likely to overrun" in sent[1].title
    assert "probability of an overrun 100 %" in sent[1].text
    assert [key.split("|")[3] for n in sent for key in n.covers] == ["actual-50", "forecast-100"]


def test_the_next_period_is_told_anew(path):
    store = new_store(path)
    first = {n.key for n in notices.events(store, PLAIN, NOW)}
    october = {n.key for n in notices.events(store, PLAIN, NOW - timedelta(days=20))}
    assert first
    assert october
    assert not first & october
    store.close()


def test_a_budget_that_is_set_again_is_not_told_again(path):
    """Closed and set anew within a period, it is the same team, period and threshold."""
    store, sent = new_store(path), []
    notices.tell(store, notices.events(store, PLAIN, NOW), sent.append)
    (first,) = [b for b in budget_log.budgets(store) if b.scope_key != "nobody"]
    budgets.close(store, first, NOW.date())
    again = new_budget("team", first.scope_key, "month")
    (amount,) = budget_log.versions(store)[first.budget_id]
    budgets.create(store, again, 0.95 * amount.grams, date(2026, 11, 1), today=NOW.date())
    notices.tell(store, notices.events(store, PLAIN, NOW), sent.append)
    assert len(sent) == 2
    (found,) = budgets.statuses(store, NOW, [again])
    assert found.line == first.budget_id
    assert set(found.told) == {"actual-50", "actual-80", "forecast-100", "probability-80"}
    assert found.state is State.ALERT
    # A threshold that was not reached before is told of it.
    budgets.change_amount(store, again, 0.8 * amount.grams, date(2026, 11, 1))
    notices.tell(store, notices.events(store, PLAIN, NOW), sent.append)
    assert [n.severity for n in sent[2:]] == ["critical"]
    kept = budget_notices.notices(store, first.budget_id)
    assert kept["threshold"].tolist().count("actual-100") == 1
    # On another basis it is another budget.
    other = new_budget("team", first.scope_key, "month", basis="scope3")
    budgets.create(store, other, 1.0, date(2026, 11, 1), today=NOW.date())
    notices.tell(store, notices.events(store, PLAIN, NOW), sent.append)
    assert len(sent) == 5
    store.close()


def test_the_last_hours_of_a_period_are_told_after_its_end(path):
    store = new_store(path)
    late = {n.key for n in notices.events(store, PLAIN, utc("2026-11-02"))}
    assert {key.split("|")[2] for key in late} == {"2026-10", "2026-11"}
    (ended,) = [n for n in notices.events(store, PLAIN, utc("2026-11-02")) if "|2026-10|" in n.key]
    assert ended.text.endswith("until 01 Nov 00:00 UTC.")
    later = {n.key for n in notices.events(store, PLAIN, utc("2026-11-05"))}
    assert {key.split("|")[2] for key in later} == {"2026-11"}
    store.close()


@pytest.mark.parametrize("text", ["-1", "0", "nan", "a lot", "1e9"])
def test_a_price_that_is_none_is_refused(text):
    setting = next(s for s in SETTINGS if s.name == "carbon_price_usd_per_tonne")
    assert setting.label == "Carbon price [USD/t]"
    assert check_value(setting, "") is None
    assert check_value(setting, "120.5") == 120.5
    with pytest.raises(InputError):
        check_value(setting, text)

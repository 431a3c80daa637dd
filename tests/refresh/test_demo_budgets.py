"""The demo company comes with budgets, which go with it."""

import pytest

from spectra import budgets
from spectra.catalog import load_catalog
from spectra.insight.budgets import State
from spectra.refresh import refresh_demo
from spectra.store import Store, budget_log
from spectra.store.budget_log import new_budget
from spectra.store.clearing import clear_source
from tests import copies
from tests.refresh.test_demo import NOW

CATALOG = load_catalog()


@pytest.fixture
def demo(tmp_path):
    store = Store(copies.demo_company(tmp_path / "company.duckdb", NOW, days=40))
    yield store
    store.close()


def test_some_are_kept_and_some_are_not(demo):
    states = {s.budget.scope_key: s.state for s in budgets.statuses(demo, NOW)}
    assert len(states) >= 5
    assert {State.OVER, State.ALERT, State.WARN} & set(states.values())
    assert State.ON_TRACK in states.values()


def test_those_of_a_person_stay_when_the_demo_goes(demo):
    own = new_budget("team", "mine", "year")
    budgets.create(demo, own, 1e6, NOW.date())
    refresh_demo(demo, CATALOG, now=NOW)
    clear_source(demo, CATALOG, "demo")
    assert [b.budget_id for b in budget_log.budgets(demo)] == [own.budget_id]
    assert set(budget_log.versions(demo)) == {own.budget_id}


def test_a_workspace_with_budgets_gets_no_others():
    store = Store()
    budgets.create(store, new_budget("team", "mine", "year"), 1e6, NOW.date())
    refresh_demo(store, CATALOG, now=NOW, days=1)
    assert [b.scope_key for b in budget_log.budgets(store)] == ["mine"]
    store.close()

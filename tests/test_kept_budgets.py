"""Budgets in a report: those of its months, and of the quarter and the year it ends in."""

from datetime import UTC, date, datetime

import pytest

from spectra import budgets
from spectra.catalog import load_catalog
from spectra.reporting.asking import make_request
from spectra.reporting.build import build
from spectra.reporting.kept_budgets import budget_lines
from spectra.store.budget_log import new_budget
from tests.budgets.conftest import new_store, running, with_fleet

NOW = datetime(2026, 11, 13, tzinfo=UTC)
CATALOG = load_catalog()


@pytest.fixture
def kept(tmp_path):
    store = with_fleet(new_store(tmp_path / "kept.duckdb"), running(1, "web"), running(2, "data"))
    for team, kind in (("web", "month"), ("web", "year"), ("data", "quarter")):
        budgets.create(store, new_budget("team", team, kind), 50_000.0, date(2026, 1, 1))
    yield store
    store.close()


def labels(store, period, **boundary):
    request = make_request(CATALOG, period, **boundary)
    return [(line.scope, line.period) for line in budget_lines(store, request, NOW)]


def test_a_quarter_shows_its_months(kept):
    found = labels(kept, "2026-Q4")
    assert set(found) == {
        ("team web", "2026-10"), ("team web", "2026-11"), ("team web", "2026"),
        ("team data", "2026-Q4"),
    }  # fmt: skip


def test_a_boundary_of_teams_shows_theirs_and_one_of_regions_none(kept):
    assert labels(kept, "2026-11", teams=["data"]) == [("team data", "2026-Q4")]
    assert labels(kept, "2026-11", regions=["eu-central-1"]) == []


def test_the_report_holds_them(kept):
    request = make_request(CATALOG, "2026-11")
    report = build(kept, CATALOG, request, now=NOW, budgets=budget_lines)
    section = next(s for s in report.sections if s.id == "budgets")
    assert len(section.tables[0].rows) == 3

"""Budgets in a report: those of its months, and of the quarter and the year it ends in."""

from datetime import UTC, date, datetime

import pytest

from spectra import budgets
from spectra.catalog import load_catalog
from spectra.reporting.asking import make_request
from spectra.reporting.build import build
from spectra.reporting.kept_budgets import budget_lines
from spectra.store import budget_log
from spectra.store.budget_log import new_budget
from tests.budgets.conftest import new_store, running, with_fleet

NOW = datetime(2026, 11, 13, tzinfo=UTC)
CATALOG = load_catalog()


def with_budgets(path, **hours):
    store = with_fleet(new_store(path), running(1, "web"), running(2, "data"), **hours)
    for team, kind in (("web", "month"), ("web", "year"), ("data", "quarter")):
        budgets.create(store, new_budget("team", team, kind), 50_000.0, date(2026, 1, 1))
    return store


@pytest.fixture
def kept(tmp_path):
    store = with_budgets(tmp_path / "kept.duckdb")
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


def october(store):
    """What the report of October says of each budget."""
    lines = budget_lines(store, make_request(CATALOG, "2026-10"), NOW)
    return {(b.scope, b.period): (b.spent_g, b.forecast_g, b.status) for b in lines}


def test_a_report_of_a_past_month_counts_and_expects_as_its_end_did(kept, tmp_path):
    told = october(kept)
    assert set(told) == {("team web", "2026-10"), ("team web", "2026"), ("team data", "2026-Q4")}
    then = with_budgets(tmp_path / "then.duckdb", end="2026-11-01")
    for line, (spent, forecast, state) in october(then).items():
        assert told[line] == (
            pytest.approx(spent), forecast and pytest.approx(forecast), state
        ), line  # fmt: skip
    then.close()


def test_what_was_told_of_a_budget_after_the_report_s_end_is_no_part_of_it(kept):
    (quarter,) = (b for b in budget_log.budgets(kept) if b.period_kind == "quarter")
    spent, _, _ = october(kept)["team data", "2026-Q4"]
    budgets.change_amount(kept, quarter, spent / 0.6, date(2026, 1, 1))
    before = october(kept)
    told = [threshold.name for _, threshold in budgets.check_thresholds(kept, NOW)]
    assert "actual-80" in told  # in November
    assert october(kept) == before


def test_a_budget_that_was_closed_within_its_period_is_in_its_report(kept):
    (month,) = (b for b in budget_log.budgets(kept) if b.period_kind == "month")
    spent, _, state = october(kept)["team web", "2026-10"]
    budgets.close(kept, month, date(2026, 10, 31))
    assert october(kept)["team web", "2026-10"] == (spent, None, f"{state}, closed on 2026-10-31")
    assert ("team web", "2026-11") not in labels(kept, "2026-11")
    budgets.close(kept, month, date(2026, 10, 1))
    assert ("team web", "2026-10") not in october(kept)


def test_each_says_its_basis(kept):
    budgets.create(
        kept, new_budget("team", "web", "month", basis="scope3"), 9_000.0, date(2026, 1, 1)
    )
    lines = budget_lines(kept, make_request(CATALOG, "2026-10", teams=["web"]), NOW)
    assert {(b.period, b.basis) for b in lines} >= {
        ("2026-10", "all scopes, location-based"), ("2026-10", "scope 3"),
    }  # fmt: skip


def test_the_report_holds_them(kept):
    request = make_request(CATALOG, "2026-11")
    report = build(kept, CATALOG, request, now=NOW, budgets=budget_lines)
    section = next(s for s in report.sections if s.id == "budgets")
    assert len(section.tables[0].rows) == 3

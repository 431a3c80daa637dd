"""Reductions stand beside the inventory: changes, jobs and incidents of the period and boundary."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from spectra import move_history
from spectra.insight.allocation import Rules
from spectra.insight.rightsizing.model import Finding
from spectra.move_history import Move
from spectra.reporting.asking import selection_of
from spectra.reporting.budgets import BudgetLine
from spectra.reporting.build import build
from spectra.reporting.reductions import reductions_of
from spectra.store import advice_log, budget_log, job_log
from spectra.store.advice_log import Decision, Run
from spectra.store.factors import write_factors
from spectra.store.ledger import recompute
from spectra.store.writes import write_instances
from tests import fleet
from tests.reporting.conftest import NOW, october
from tests.store.conftest import CATALOG
from tests.store.test_advice_log import row

DONE = datetime(2026, 10, 15, tzinfo=UTC)
HOURS_SINCE = 17 * 24


def made(store, **options):
    return build(store, CATALOG, october(**options), now=NOW)


def value(report, figure):
    return report.figure(figure).value


@pytest.fixture
def changed(store):
    """i-web was resized in the middle of the month, i-evil is advised to stop."""
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-web", "instance_type": "m5.2xlarge",
             "valid_from": "2026-09-01T00:00", "valid_to": "2026-10-15T00:00"},
            {"instance_id": "i-web", "valid_from": "2026-10-15T00:00"},
        ),
    )  # fmt: skip
    write_factors(store, CATALOG)
    recompute(store)
    judge(store, row("i-web", instance_type="m5.2xlarge", target_type="m5.xlarge"))
    advice_log.decide(store, [Decision("i-web", "over-provisioned", "done", DONE)])
    judge(store, row("i-evil", "idle", "stop", team="data", carbon_g_per_h=2.5))
    return store


def judge(store, advised):
    run = Run(DONE, DONE, "{}", "factors", 0.1)
    advice_log.keep(store, run, pd.DataFrame([advised]), pd.DataFrame())


def test_a_change_counts_from_when_it_was_done_to_the_end_of_the_period(changed):
    report = made(changed)
    assert value(report, "reductions.promised") == pytest.approx(4.0 * HOURS_SINCE)
    table = next(t for t in report.tables if t.id == "changes")
    assert table.rows[0].cells[2] == "m5.2xlarge → m5.xlarge"
    saved = value(report, "reductions.realised")
    assert 0 < saved < 20 * HOURS_SINCE
    # Or to its own end: five days of the same load.
    span = {"instance_id": "i-web", "valid_from": "2026-10-15T00:00", "valid_to": "2026-10-20"}
    write_instances(changed, fleet.instances(span))
    recompute(changed)
    gone = made(changed)
    assert value(gone, "reductions.promised") == pytest.approx(4.0 * 120)
    assert value(gone, "reductions.realised") == pytest.approx(saved * 120 / HOURS_SINCE)


def test_what_is_open_is_told_and_not_counted_as_done(changed):
    report = made(changed)
    assert value(report, "reductions.open") == pytest.approx(2.5)
    idle = row("i-evil", "idle", "stop", team="data", carbon_g_per_h=2.5)
    burst = row("i-odd", Finding.BURST, team="data", carbon_g_per_h=1.0, list_usd_per_h=-0.1)
    run = Run(DONE, DONE, "{}", "factors", 0.1)
    advice_log.keep(changed, run, pd.DataFrame([idle, burst]), pd.DataFrame())
    opened = reductions_of(changed, CATALOG, selection_of(october()), NOW).open_g_per_h
    of_teams = advice_log.open_savings(changed, NOW, "team")["carbon_g_per_h"].sum()
    assert opened == of_teams == pytest.approx(2.5)


def test_reductions_never_touch_the_inventory(changed):
    totals = dict(made(changed).manifest.totals)
    with changed.write() as cursor:
        cursor.execute("DELETE FROM advice_ledger")
        cursor.execute("DELETE FROM advice")
    without = made(changed)
    assert value(without, "reductions.promised") is None
    for name, then in without.manifest.totals:
        assert totals[name] == (then if then is None else pytest.approx(then, rel=1e-9))


def test_a_change_of_another_boundary_is_not_mine(changed):
    assert value(made(changed, regions=["us-east-1"]), "reductions.promised") is None
    assert value(made(changed, accounts=["222222222222"]), "reductions.promised") is None
    assert value(made(changed, accounts=["111111111111"]), "reductions.promised") is not None


def test_machines_moved_from_when_they_were(kept, monkeypatch):
    moved = datetime(2026, 10, 12, tzinfo=UTC)
    move = Move("i-data", "eu-central-1", "us-east-1", moved, 5.0, None)
    monkeypatch.setattr(move_history, "moves_made", lambda _store: [move])
    report = made(kept)
    assert value(report, "reductions.moved") == pytest.approx(5.0 * 20 * 24)
    (shown,) = next(t for t in report.tables if t.id == "moves").rows
    assert shown.cells[1:4] == ("data", "eu-central-1", "us-east-1")
    saved = move_history.realised(kept, CATALOG, move, datetime(2026, 11, 1, tzinfo=UTC))
    assert value(report, "reductions.moved_realised") == pytest.approx(saved[0] * 20 * 24)
    assert reductions_of(kept, CATALOG, selection_of(october(teams=["web"])), NOW).moves.empty


def test_jobs_placed_by_carbon(store):
    start = datetime(2026, 10, 5, tzinfo=UTC)
    hour = timedelta(hours=1)
    # us-east-1's grid of the store is lowest at 18:00 UTC.
    run = job_log.Run(
        "j", start, start + 24 * hour, "us-east-1", "US-MIDA-PJM", "direct", 2.0, "US-MIDA-PJM",
        2.0, 2.0, ((start + 17 * hour, start + 19 * hour),), 1_250.0, 1_650.0, 0.9, start,
        0.0, 0.0, start,
    )  # fmt: skip
    job_log.keep_run(store, run)
    report = made(store)
    assert value(report, "reductions.shifted") == pytest.approx(400.0)
    saved = value(report, "reductions.shifted_realised")
    assert saved > 0
    assert "1 of 1" in report.figure("reductions.shifted_realised").note
    for boundary, note in (
        ({"regions": ["eu-central-1"]}, "No job was placed."),
        ({"teams": ["data"]}, "A job is of no team or account."),
    ):
        elsewhere = made(store, **boundary)
        for name in ("shifted", "shifted_realised"):
            assert value(elsewhere, f"reductions.{name}") is None
            assert elsewhere.figure(f"reductions.{name}").note == note
    job_log.keep_run(store, replace(run, transfer_grams=50.0))
    assert value(made(store), "reductions.shifted_realised") == pytest.approx(saved - 50)


def test_incidents_that_ended_in_the_period(store):
    with store.write() as cursor:
        cursor.execute(
            """
            INSERT INTO incidents BY NAME SELECT 'a' AS incident_id, 'i-web' AS series,
                'runaway' AS kind, 'usage' AS family, '2026-10-02T00:00Z' AS "start",
                '2026-10-03T00:00Z' AS last_seen, '2026-10-03T00:00Z' AS "end", '%' AS unit,
                1 AS alerts, 120.0 AS excess_g, 0.5 AS excess_usd, 'warning' AS severity,
                '' AS cause, 'web' AS name, 'eu-central-1' AS region, 'web' AS team,
                '111111111111' AS account_id, now() AS found_at
            """
        )
    assert value(made(store), "incidents/usage/excess_g") == 120.0
    assert not next(t for t in made(store, teams=["data"]).tables if t.id == "incidents").rows


def test_the_seam_for_budgets(store):
    def reader(_store, request, _now):
        return [BudgetLine("b1", "team web", request.period, 10_000.0, 6_200.0, None, "on track")]

    report = build(store, CATALOG, october(), now=NOW, budgets=reader)
    assert value(report, "budgets/b1/share") == pytest.approx(0.62)
    assert value(report, "budgets/b1/forecast_g") is None
    section = next(s for s in made(store).sections if s.id == "budgets")
    assert section.text == ("No budget is kept for this boundary.",)

    def notes(report):
        by_id = {table.id: table.notes for table in report.tables}
        return " ".join(by_id["by_team"] + by_id["budgets"])

    assert "rules of allocation" not in notes(report)
    budget_log.keep_rules(store, Rules(aliases={"wbe": "web"}), date(2026, 10, 20))
    told = notes(build(store, CATALOG, october(), now=NOW, budgets=reader))
    assert "rules of allocation, which budgets and chargeback follow, are not applied" in told
    assert "What a team emitted is after the rules of allocation" in told

"""All that writes, as steps on a small demo company that may be broken off and done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spectra import actions, advice, budgets, chargeback, notices
from spectra.actions import Journal, Permit
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.targets import target
from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.insight.allocation.rules import Rules
from spectra.insight.budgets import period_of
from spectra.portal_import import import_folder
from spectra.refresh import refresh_demo, settle
from spectra.reporting import final
from spectra.reporting.asking import make_request
from spectra.reporting.carbon_import import import_carbon_export
from spectra.scheduler import Spec, plan_due_runs
from spectra.store import (
    Store,
    action_log,
    advice_log,
    budget_log,
    chargeback_log,
    incident_log,
    job_log,
    report_log,
    retention,
)
from spectra.store.action_schedules import ActionSchedule, handle, save_schedule, schedules
from spectra.store.clearing import clear_source
from spectra.store.history_import import import_history
from spectra.store.job_log import SavedJob
from spectra.store.saved_settings import save_settings
from spectra.watch import Watcher

CATALOG = load_catalog()
CONFIG = load_config({}, Path("none.toml"))
NOW = datetime(2026, 11, 25, 5, 40, tzinfo=UTC)
DAYS = 2
LONG_AFTER = NOW + timedelta(days=500)
CARBON = (
    b"usage_account_id,usage_period_start,model_version,total_lbm_emissions_value,"
    b"total_lbm_emissions_unit\n111111111111,2026-09-01 00:00:00Z,v3,0.002,MTCO2e\n"
)


def found(store: Store) -> None:
    refresh_demo(store, CATALOG, now=NOW, days=1)


def extend(store: Store) -> None:
    refresh_demo(store, CATALOG, now=NOW + timedelta(hours=1))


def keep_settings(store: Store) -> None:
    save_settings(store, {"team_tag_keys": "owner", "embodied_years": "5"})


def keep_budget(store: Store) -> None:
    budget, since = budget_log.new_budget("tag", "tier=one", "quarter"), date(2026, 10, 1)
    if budget_log.find(store, budget, since) is None:
        budgets.create(store, budget, 1e6, since)


def export_chargeback(store: Store) -> None:
    if not store.row("SELECT 1 FROM chargeback_runs"):
        made = chargeback.statement(store, CATALOG, period_of("month", NOW.date()), NOW)
        chargeback.keep(store, made, NOW)


def seal_report(store: Store) -> None:
    if not report_log.entries(store):
        final.seal(store, CATALOG, make_request(CATALOG, "2026-11-24..2026-11-24"), now=NOW)


def import_portal(store: Store) -> None:
    import_folder(store, CATALOG, Path(store.path).with_name("portal"))


def look_for_trouble(store: Store) -> None:
    Watcher(store).look(CONFIG, NOW)


def judge_sizes(store: Store) -> None:
    advice.refresh_advice(store, CATALOG, advice.rules_of(CONFIG), NOW)


def save_job(store: Store) -> None:
    job_log.save_job(store, SavedJob("j", "nightly", {}, None, "UTC", True, NOW))


def tell(store: Store) -> None:
    config = replace(CONFIG, alert_intensity_g_per_kwh=100.0)
    notices.tell(store, notices.events(store, config, NOW), lambda notice: None)


def decide(store: Store) -> None:
    """What a person says of an incident and of advice, plans, and wants by whom and when."""
    if not store.row("SELECT 1 FROM incident_events"):
        incident_log.decide(store, [incident_log.Decision("i", "dismissed", NOW, reason="x")])
    if not store.row("SELECT 1 FROM advice_events"):
        advice_log.decide(store, [advice_log.Decision("u", "idle", "dismissed", NOW)])
    incident_log.plan(store, incident_log.PlannedEvent("e", "Work", NOW, LONG_AFTER), NOW)
    if budget_log.rules_history(store).empty:
        budget_log.keep_rules(store, Rules(), date(2026, 11, 1))
    if not schedules(store):
        schedule = ActionSchedule("s", "Nights", "env", "test", "0 6 * * *", "0 20 * * *", "UTC",
                                  True, NOW, NOW)  # fmt: skip
        save_schedule(store, schedule)
    for schedule in schedules(store):
        handle(store, schedule, NOW + timedelta(hours=1))


def import_carbon(store: Store) -> None:
    import_carbon_export(store, "export.csv", CARBON)


def settle_anew(store: Store) -> None:
    keep_settings(store)
    settle(store, CATALOG, config=load_config({}, saved={"team_tag_keys": "owner"}))


def plan_jobs(store: Store) -> None:
    job_log.save_job(store, SavedJob("j", "nightly", Spec("eu-central-1").as_dict(), "0 1 * * *",
                                     "UTC", True, NOW))  # fmt: skip
    plan_due_runs(store, CATALOG, NOW)


def roll_up(store: Store) -> None:
    """The days; readings go by whole months."""
    retention.roll_up(store, 0, now=LONG_AFTER)


def clear(store: Store) -> None:
    clear_source(store, CATALOG, "demo")


def read_history(store: Store) -> None:
    """Into a file in which nothing is yet."""
    import_history(store, CATALOG, Path(store.path).with_name("history"))


def stop_a_machine(store: Store) -> None:
    journal = Journal(store)
    for entry in action_log.unfinished(store):
        runner = DemoRunner(store, CATALOG, entry.account_id, lambda: NOW)
        actions.resume(entry.plan_id, runner, journal, permit=Permit())
    if not action_log.plans(store):
        (name,) = store.row(
            "SELECT min(instance_id) FROM instances WHERE valid_to IS NULL AND asg_name IS NULL "
            "AND lifecycle = 'on-demand' AND state = 'running'"
        )
        plan = actions.stop(target(store, "instance", name, NOW))
        runner = DemoRunner(store, CATALOG, plan.target.account_id, lambda: NOW)
        actions.execute(plan, runner, journal, confirmation=plan.confirmation, permit=Permit())
    refresh_demo(store, CATALOG, now=NOW)  # lets the record follow


STEPS: dict[str, Callable[[Store], None]] = {
    step.__name__: step
    for step in (
        extend, keep_settings, keep_budget, export_chargeback, seal_report, import_portal,
        look_for_trouble, judge_sizes, save_job, tell, stop_a_machine, decide, import_carbon,
        settle_anew, plan_jobs, roll_up, clear,
    )
}  # fmt: skip
# What fills a file in which nothing is yet.
FIRST = {"found": found, "read_history": read_history}


def counts(store: Store) -> dict[str, int]:
    """Rows of every table but the log of attempts, which tells of those broken off too."""
    tables = store.frame("SELECT table_name AS name FROM duckdb_tables() WHERE NOT temporary")
    return {
        name: store.row(f"SELECT count(*) FROM {name}")[0]
        for name in sorted(tables["name"])
        if name != "fetch_log"
    }


def sums(store: Store) -> tuple[float, ...]:
    """What the fleet emitted in all [gCO2e], by hour and by day, and whether the chains hold."""
    all_g = "coalesce(sum(scope2_lb_g + upstream_g + td_g + embodied_g), 0)"
    hourly, daily = (
        store.row(f"SELECT round({all_g}, 3) FROM {table}")
        for table in ("emissions_hourly", "emissions_daily")
    )
    assert report_log.breaks(store) == []
    assert chargeback_log.chain_holds(store)
    return (*hourly, *daily)

"""One store in which every text that comes from outside is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from spectra import actions, budgets, chargeback
from spectra.actions.schedules import new_schedule
from spectra.actions.targets import targets
from spectra.config import load_config
from spectra.insight.allocation import Pool, Rules
from spectra.insight.budgets import period_of
from spectra.reporting import asking, final
from spectra.reporting.carbon_import import import_carbon_export
from spectra.reporting.kept_budgets import budget_lines
from spectra.scheduler import Spec
from spectra.store import (
    Store,
    action_log,
    action_schedules,
    budget_log,
    incident_log,
    job_log,
    source_state,
)
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.live_writes import write_findings, write_resource_costs, write_rows
from spectra.store.saved_settings import save_settings
from spectra.store.tags import fold
from spectra.store.writes import write_costs
from spectra.watch import Watcher
from tests import fleet
from tests.attacks.texts import FORMULAS, LONG, MARKUP, SHELL, TEXTS
from tests.sources.test_carbon_export import line, text
from tests.store.conftest import CATALOG, build

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
LAST = period_of("month", END).previous
ACCOUNT = f"1{MARKUP}"
ODD_REGION = f"atlantis {MARKUP}"
_ALL = [*TEXTS.values(), LONG]


def hostile_store(path: Path | str) -> Store:
    """The store, looked through by the detectors, with a final report and a kept statement."""
    store = Store(path)
    at = pd.date_range(
        pd.Timestamp(LAST.start) - pd.Timedelta(days=2), END, freq="h", inclusive="left", unit="us"
    )
    _facts(store, at)
    _said(store)
    _governed(store)
    Watcher(store).look(load_config({}), END)
    _decided(store)
    return store


def _nth(number: int) -> str:
    return _ALL[number % len(_ALL)]


def _facts(store: Store, at: pd.DatetimeIndex) -> None:
    born = (at[0] - pd.Timedelta(days=30)).isoformat()
    machines = [
        {
            "instance_id": f"i-{k}{_nth(k)[:200]}", "valid_from": born, "name": _nth(k),
            "account_id": ACCOUNT, "availability_zone": _nth(k + 1)[:100],
            "asg_name": MARKUP if k in (3, 4) else None,
            "region": ODD_REGION if k == 5 else "eu-central-1",
            "instance_type": MARKUP if k == 6 else "m5.2xlarge",
            "tags": {"team": _nth(k + 2), "environment": _nth(k + 3), "service": _nth(k + 4),
                     "criticality": _nth(k + 5), _nth(k + 6)[:100]: _nth(k + 7)},
        }
        for k in range(len(_ALL))
    ]  # fmt: skip
    rhythm = 25 + 8 * np.sin(2 * np.pi * at.hour.to_numpy() / 24)
    loads = [np.r_[rhythm[:-12], np.full(12, 98.0)], np.full(len(at), 0.6), rhythm, rhythm]
    build(
        store,
        instances=fleet.instances(*machines),
        volumes=fleet.volumes(
            {"volume_id": f"vol-{MARKUP}", "valid_from": born, "size_gib": 2_000,
             "account_id": ACCOUNT, "volume_type": "gp2",
             "tags": {"team": MARKUP, "Name": FORMULAS[0]}},
            {"volume_id": f"vol-{FORMULAS[0]}", "valid_from": born, "account_id": ACCOUNT,
             "instance_id": machines[0]["instance_id"]},
        ),
        hours=at,
        intensities=[fleet.intensities("DE", at, 300.0, 380.0)],
        utilisation=[pd.concat([fleet.utilisation(machine["instance_id"], at, load)
                                for machine, load in zip(machines, loads, strict=False)])],
    )  # fmt: skip
    write_costs(store, _costs(at, [m["instance_id"] for m in machines]))


def _costs(at: pd.DatetimeIndex, ids: list[str]) -> pd.DataFrame:
    days = sorted({moment.date() for moment in at[:-72]})
    return pd.DataFrame(
        {
            "day": day, "account_id": ACCOUNT, "region": "eu-central-1",
            "service": service, "resource_id": resource, "purchase_option": "on-demand",
            "list_cost_usd": 9.0, "billed_cost_usd": 9.0, "effective_cost_usd": 9.0,
            "is_provisional": False, "source": "test", "quality": "measured",
            "fetched_at": fleet.FETCHED,
        }
        for day in days
        for service, resource in (("Amazon EC2", ids[0]), (MARKUP, FORMULAS[0]))
    )  # fmt: skip


def _said(store: Store) -> None:
    """What services, files and earlier refreshes said."""
    now = datetime.now(UTC)
    common = {"source": "aws", "fetched_at": now}
    where = {"account_id": ACCOUNT, "region": "eu-central-1"}
    first = store.row("SELECT instance_id FROM instances ORDER BY instance_id LIMIT 1")[0]
    write_findings(
        store, (ACCOUNT, "eu-central-1"),
        pd.DataFrame([{"instance_id": first, **where, "instance_type": "m5.2xlarge",
                       "finding": MARKUP, "reasons": MARKUP, "look_back_days": 14.0,
                       "options": "[]", "refreshed_at": now, **common}]),
    )  # fmt: skip
    write_rows(
        store,
        "autoscaling_groups",
        pd.DataFrame([{**where, "asg_name": MARKUP, "min_size": 0, **common}]),
    )
    write_resource_costs(
        store,
        pd.DataFrame([{"day": END.date(), "account_id": ACCOUNT, "resource_id": text_,
                       "purchase_option": text_, "billed_cost_usd": 1.0, "effective_cost_usd": 1.0,
                       "is_provisional": False, **common} for text_ in FORMULAS]),
    )  # fmt: skip
    exported = line(start=f"{LAST.start:%Y-%m-%d} 00:00:00Z", region='"=1+1"')
    import_carbon_export(store, f"../../{MARKUP}.csv", text(exported))
    for source in ("aws", MARKUP):
        log_fetch(store, Fetch(source, MARKUP, 0, "failed", MARKUP, scope=FORMULAS[0]))
        for _ in range(source_state.FAILURES_TO_OPEN):
            source_state.fail(
                store,
                source_state.Key(source, MARKUP, FORMULAS[0]),
                now,
                status=MARKUP,
                detail=MARKUP,
            )


def _governed(store: Store) -> None:
    """Budgets, rules, statements, reports, jobs, schedules and plans, all named by a villain."""
    first = period_of("month", END).start.date()
    for team in sorted({fold(name) for name in _ALL} - {""}):
        made = budget_log.new_budget("team", team, "month", note=MARKUP)
        budgets.create(store, made, 1e3, first, note=FORMULAS[0])
    pool = Pool(MARKUP, "team", MARKUP, teams=(FORMULAS[0],))
    budget_log.keep_rules(store, Rules(pools=(pool,)), first, note=MARKUP)
    chargeback.keep(store, chargeback.statement(store, CATALOG, LAST, END), END)
    request = asking.make_request(
        CATALOG, LAST.label, company=MARKUP, entity=FORMULAS[0], assurance=MARKUP,
        prepared_by=FORMULAS[1],
    )  # fmt: skip
    final.seal(store, CATALOG, request, reason=MARKUP, budgets=budget_lines)
    for number, name in enumerate((MARKUP, FORMULAS[0], SHELL)):
        spec = Spec("eu-central-1", window_hours=6.0).as_dict()
        job_log.save_job(
            store, job_log.SavedJob(f"j{number}", name, spec, "0 3 * * *", "UTC", True, END)
        )
        schedule = new_schedule(name, (MARKUP, FORMULAS[0]), cron_stop="0 20 * * *")
        action_schedules.save_schedule(store, schedule)
    for state in ("failed", "done"):
        ids = store.frame("SELECT instance_id FROM instances ORDER BY instance_id")["instance_id"]
        (target,) = targets(store, kind="instance", ids=[ids.iloc[2 if state == "done" else 0]])
        plan = actions.stop(target)
        action_log.begin_plan(
            store, plan.as_dict(), ["stop_instances"], runner="aws", origin=f"schedule {MARKUP}",
            batch_id=None, state=state, error=MARKUP,
        )  # fmt: skip
    save_settings(store, {"team_tag_keys": f"team, {MARKUP.replace(',', '')}"})


def _decided(store: Store) -> None:
    """Incidents with reasons, and planned events."""
    found = incident_log.incidents(store, END)
    incident_log.decide(
        store,
        [incident_log.Decision(i, "acknowledged", END, reason=MARKUP)
         for i in found["incident_id"][:1]],
    )  # fmt: skip
    event = incident_log.PlannedEvent(
        "e1", MARKUP, END - timedelta(days=90), END - timedelta(days=89),
        tag=MARKUP, value=FORMULAS[0],
    )  # fmt: skip
    incident_log.plan(store, event, END)

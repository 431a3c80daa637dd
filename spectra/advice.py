"""Rightsizing of a workspace's fleet: reads its load, judges it, replays the options."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pandas as pd

from spectra.carbon.method import Method
from spectra.catalog import Catalog
from spectra.config import Config
from spectra.insight.rightsizing import (
    Advice,
    Case,
    Draft,
    Finding,
    Rated,
    Replay,
    Rules,
    Saving,
    Unit,
    advise,
    draft,
)
from spectra.store import Store, advice_log
from spectra.store.action_log import LoggedPlan, plan_of
from spectra.store.advice_log import Decision
from spectra.store.emission_queries import ledger_span
from spectra.store.factors import method_in_force
from spectra.store.load_history import LoadHistory
from spectra.store.tags import folded

# A load of weeks changes little in hours.
TIME_TO_LIVE = timedelta(hours=6)


_CARBON_WEIGHTS = {"carbon": 1.0, "balanced": 0.5, "cost": 0.0}


def rules_of(config: Config) -> Rules:
    """The rules that the settings ask for."""
    return Rules(
        cpu_headroom_pct=float(config.rightsizing_cpu_headroom_pct),
        memory_headroom_pct=float(config.rightsizing_memory_headroom_pct),
        carbon_weight=_CARBON_WEIGHTS[config.rightsizing_goal],
    )


def is_due(store: Store, catalog: Catalog, rules: Rules) -> bool:
    """Whether the fleet was never judged, or by other rules, factors or method, or long ago."""
    span, last = ledger_span(store), advice_log.last_run(store)
    if span is None:
        return False
    return (
        last is None
        or last.rules != json.dumps(asdict(rules))
        or last.factor_set != _factor_set(store, catalog)
        or span[1] - last.data_until >= TIME_TO_LIVE
    )


def _factor_set(store: Store, catalog: Catalog) -> str:
    """What besides the rules advice is judged by: the reference tables, and choices of method."""
    return f"{catalog.fingerprint} {json.dumps(asdict(method_in_force(store)))}"


def refresh_advice(
    store: Store, catalog: Catalog, rules: Rules, now: datetime | None = None
) -> advice_log.Run | None:
    """Judge the whole fleet on what the ledger accounts for, and keep the result.

    What the inventory shows as carried out is written down first, with what was promised of it.

    Returns
    -------
    Run or None
        None for a store without any hours.
    """
    started, clock = now or datetime.now(UTC), perf_counter()
    span = ledger_span(store)
    if span is None:
        return None
    advice_log.decide(store, advice_log.seen_done(store, started))
    factors = _factor_set(store, catalog)
    found = list(judge_fleet(store, catalog, span[1], rules))
    run = advice_log.Run(
        started, span[1], json.dumps(asdict(rules)), factors, perf_counter() - clock
    )
    rated = [(a, r) for a in found for r in ((a.best,) if a.best else ()) + a.others]
    advice_log.keep(
        store,
        run,
        pd.DataFrame([_advice_row(a) for a in found]),
        pd.DataFrame([_option_row(a, r) for a, r in rated]),
    )
    return run


def follow_plans(store: Store, catalog: Catalog, rules: Rules, plan_ids: Iterable[str]) -> None:
    """Bring advice in line with plans that ended, by what the journal says became of them.

    Advice that was followed enters its ledger, and is open again where that was undone. The demo
    fleet, which changes at once, is judged anew.
    """
    ended = [plan_of(store, plan_id) for plan_id in plan_ids]
    now = datetime.now(UTC)
    if decisions := [said for plan in ended for said in _said_by(store, plan, now)]:
        advice_log.decide(store, decisions)
    if ended and store.row("SELECT 1 FROM instances WHERE source = 'demo' LIMIT 1"):
        refresh_advice(store, catalog, rules)


def _said_by(store: Store, plan: LoggedPlan, now: datetime) -> list[Decision]:
    """What the end of a plan decides: advice is done, or open again."""
    unit_id, wanted = plan.resource_id, plan.plan["wanted"]
    if plan.state == "rolled back":
        undone = advice_log.take_back(store, unit_id, plan.action, wanted, plan.created_at)
        return [Decision(unit_id, name, "open", now, reason="undone here") for name in undone]
    made = advice_log.of_unit(store, unit_id, now)
    if made is None:
        return []
    is_resize = made["action"] == plan.action == "resize" and made["target_type"] == wanted
    if is_resize or (made["action"] == "stop" and plan.action in ("stop", "terminate")):
        return [Decision(unit_id, made["finding"], "done", now, reason="carried out here")]
    return []


def judge_fleet(store: Store, catalog: Catalog, end: datetime, rules: Rules) -> Iterator[Advice]:
    """Advice for every unit of the fleet, from the hours before `end`."""
    method = method_in_force(store)
    history = LoadHistory(store, end, rules.look_back_days)
    try:
        for frame in history.groups():
            drafts = [draft(unit, catalog, rules) for unit in units(frame)]
            replays = _replayed(history, drafts, catalog, rules, method)
            for drafted in drafts:
                yield advise(drafted, replays.get(drafted.unit.unit_key, {}), catalog, rules)
    finally:
        history.close()


def units(frame: pd.DataFrame) -> list[Unit]:
    """Units from rows of statistics; an unknown value becomes None."""
    names = [field.name for field in fields(Unit)]
    return [
        Unit(**{name: _value(name, row[name]) for name in names})
        for row in frame.to_dict("records")
    ]


def _value(name: str, value: Any) -> Any:
    if name == "tags":
        return folded(value)
    if name == "peaks_pct":
        return tuple(float(peak) for peak in value)
    return None if pd.isna(value) else value


def _replayed(
    history: LoadHistory, drafts: Iterable[Draft], catalog: Catalog, rules: Rules, method: Method
) -> dict[int, dict[str, Replay]]:
    """Replays by unit and case of the drafts that need any."""
    rows = [
        case_row(case, drafted.unit.region)
        for drafted in drafts
        for case in drafted.cases(catalog, method.life_hours)
    ]
    if not rows:
        return {}
    found: dict[int, dict[str, Replay]] = {}
    for row in history.replay(pd.DataFrame(rows), rules.cpu_limit_pct).to_dict("records"):
        found.setdefault(row["unit_key"], {})[row["case_key"]] = replay_of(row)
    return found


def case_row(case: Case, region: str) -> dict[str, Any]:
    """A case as `LoadHistory.replay` takes it."""
    return {
        "unit_key": case.unit_key,
        "case_key": case.key,
        "region": region,
        "load_ratio": case.load_ratio,
        **dict(zip(("w0", "w10", "w50", "w100"), case.curve.watts, strict=True)),
        "gpu_idle_watts": case.gpu_idle_watts,
        "gpu_max_watts": case.gpu_max_watts,
        "embodied_g_per_h": case.embodied_g_per_h,
    }


def replay_of(row: dict[Hashable, Any]) -> Replay:
    """Sums over observed hours as means per hour of the clock: gaps count like the rest."""
    scale = row["running_hours"] / row["observed_hours"] / row["clock_hours"]
    return Replay(
        daily_g=tuple(row["daily_g"]),
        scope2_g_per_h=row["scope2_g"] * scale,
        upstream_g_per_h=row["upstream_g"] * scale,
        td_g_per_h=row["td_g"] * scale,
        embodied_g_per_h=row["embodied_g"] * scale,
        kwh_per_h=row["kwh"] * scale,
        running_per_h=row["hours"] * scale,
        mean_pct=row["mean_pct"],
        over_share=row["over_share"],
    )


def _advice_row(made: Advice) -> dict[str, Any]:
    unit, best = made.unit, made.best
    saving = made.stop_saving or (best.saving if best else None)
    return {
        **{
            name: getattr(unit, name)
            for name in (
                "unit_id", "kind", "name", "account_id", "region", "team", "environment",
                "instance_type", "state", "lifecycle", "purchase_option", "members",
                "look_back_days", "coverage", "mean_pct", "p95_pct", "network_mbps",
            )
        },
        "finding": made.finding.value,
        "is_preliminary": made.is_preliminary,
        "confidence": made.confidence,
        "action": "stop" if made.finding is Finding.IDLE else "resize" if best else None,
        "target_type": best.option.type.name if best else None,
        "reason": made.reason,
        "changes": made.changes,
        "notes": list(made.notes),
        "highest_pct": unit.peaks_pct[0] if unit.peaks_pct else None,
        "peak_pct": made.demand.peak_pct if made.demand else None,
        "memory_pct": unit.memory_known_pct,
        "memory_gib_needed": made.demand.memory_gib if made.demand else None,
        "now_g_per_h": made.now.total_g_per_h if made.now else None,
        "risk": best.risk if best else None,
        "effort": best.option.effort if best else None,
        **_saving_columns(saving),
    }  # fmt: skip


def _option_row(made: Advice, rated: Rated) -> dict[str, Any]:
    option = rated.option
    return {
        "unit_id": made.unit.unit_id,
        "instance_type": option.type.name,
        "kind": option.kind,
        "effort": option.effort,
        "is_best": rated is made.best,
        "is_feasible": option.is_feasible,
        "peak_pct": option.peak_pct,
        "checks": list(option.checks),
        "obstacles": list(option.obstacles),
        "confidence": rated.confidence,
        "risk": rated.risk,
        **_saving_columns(rated.saving),
    }


def _saving_columns(saving: Saving | None) -> dict[str, Any]:
    if saving is None:
        return {"cash_note": ""}
    return {
        "carbon_g_per_h": saving.carbon_g_per_h.central,
        "carbon_low_g_per_h": saving.carbon_g_per_h.low,
        "carbon_high_g_per_h": saving.carbon_g_per_h.high,
        "scope2_g_per_h": saving.scope2_g_per_h,
        "scope3_g_per_h": saving.scope3_g_per_h,
        "embodied_g_per_h": saving.embodied_g_per_h,
        "kwh_per_h": saving.kwh_per_h,
        "list_usd_per_h": saving.list_usd_per_h,
        "cash_usd_per_h": saving.cash_usd_per_h,
        "cash_note": saving.cash_note,
    }

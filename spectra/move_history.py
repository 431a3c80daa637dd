"""Moves to another region that were made: what was expected of each, and what it has saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from spectra import actions
from spectra.catalog import Catalog
from spectra.insight.regions.cases import same_case
from spectra.insight.regions.estimate import rates
from spectra.migration import list_usd, with_cases
from spectra.store import Store, move_queries
from spectra.store.emission_queries import ledger_span
from spectra.store.factors import method_in_force

LEAST_REALISED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Move:
    """An instance that was moved.

    Attributes
    ----------
    instance_id : str
        The one that runs in the target region now.
    predicted_g_per_h, predicted_usd_per_h : float or None
        Saving expected per hour of the clock; None where it was not known.
    """

    instance_id: str
    source_region: str
    target_region: str
    moved_at: datetime
    predicted_g_per_h: float | None
    predicted_usd_per_h: float | None


def predicted(machine: Mapping[Any, Any]) -> dict[str, float | None]:
    """What a move is expected to save per hour of the clock, as the journal keeps it.

    Parameters
    ----------
    machine : mapping
        A row of `Estimate.machines`.
    """
    found = {
        "saving_g_per_h": machine["before_g_per_h"] - machine["after_g_per_h"],
        "saving_usd_per_h": machine["before_usd_per_h"] - machine["after_usd_per_h"],
    }
    return {name: None if math.isnan(value) else float(value) for name, value in found.items()}


def moves_made(store: Store) -> list[Move]:
    """Moves that the journal has as done, the newest first, of machines that are known still."""
    known = set(store.frame("SELECT DISTINCT instance_id FROM instances")["instance_id"])
    return [
        Move(
            move.target_id,
            move.source_region,
            move.target_region,
            move.launched_at.astimezone(UTC),
            move.predicted.get("saving_g_per_h"),
            move.predicted.get("saving_usd_per_h"),
        )
        for move in actions.moves(store)
        if move.state == "done" and move.launched_at and move.target_id and move.target_id in known
    ]


def realised(
    store: Store, catalog: Catalog, move: Move, end: datetime
) -> tuple[float, float | None] | None:
    """What a move has saved since: gCO2e and list USD per hour of the clock.

    The hours since, or since it changed its type, are replayed in the region it came from. None
    while less than a day of them has passed, or where none is known.
    """
    span = ledger_span(store)
    if span is None or min(end, span[1]) - move.moved_at < LEAST_REALISED:
        return None
    found = move_queries.workloads(store, instance_ids=[move.instance_id])
    found = found[found["region"] == move.target_region]
    if found.empty:
        return None
    name, method = str(found["instance_type"].iloc[0]), method_in_force(store)
    cases = with_cases(found, [same_case(catalog, name, method)])
    rows = move_queries.replay(store, cases, move.source_region, move.moved_at, min(end, span[1]))
    if rows.empty or timedelta(hours=rows["clock_hours"].iloc[0]) < LEAST_REALISED:
        return None
    by_hour = rates(rows, cases.set_index("instance_id")["power_sigma"])
    grams = by_hour["operational_g"] + by_hour["embodied_g"]
    # It ran in the target; in the region it came from it would have emitted the other side.
    saved = -float((grams * by_hour["side"]).sum())
    runs = float(by_hour.loc[by_hour["side"] == 1, "hours"].sum())
    usd = (list_usd(catalog, name, code, runs) for code in (move.source_region, move.target_region))
    before_usd, after_usd = usd
    change = before_usd - after_usd
    return saved, None if math.isnan(change) else change

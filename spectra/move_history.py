"""Moves to another region that were made: what was expected of each, and what it has saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from spectra import actions
from spectra.catalog import Catalog
from spectra.insight.regions.cases import case_between
from spectra.insight.regions.estimate import rates
from spectra.migration import list_usd
from spectra.store import Store, move_queries
from spectra.store.emission_queries import ledger_span
from spectra.store.factors import method_in_force
from spectra.store.retention import detailed_from

LEAST_REALISED = timedelta(days=1)
MOST = 200


@dataclass(frozen=True, slots=True)
class Move:
    """An instance that was moved.

    Attributes
    ----------
    instance_id : str
        The one that was launched in the target region.
    predicted_g_per_h, predicted_usd_per_h : float or None
        Saving expected per hour of the clock; None where it was not known.
    source_id, source_type, target_type : str
        The machine it was made of, and the types of both when it was.
    stopped_at : datetime or None
        When the move itself stopped the source.
    """

    instance_id: str
    source_region: str
    target_region: str
    moved_at: datetime
    predicted_g_per_h: float | None
    predicted_usd_per_h: float | None
    source_id: str = ""
    source_type: str = ""
    target_type: str = ""
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a move stands by the fleet's history.

    Attributes
    ----------
    instance_type : str or None
        Last type of the copy; None where it was never seen in the target region.
    since : datetime
        When the source stopped, or when the copy was launched while the source runs still.
    ended_at : datetime or None
        When the copy was gone; None while it is there.
    """

    instance_type: str | None
    since: datetime
    source_runs: bool
    ended_at: datetime | None

    @property
    def both_run(self) -> bool:
        """Whether the source and its copy are both there, so that the move adds emissions."""
        return self.source_runs and self.ended_at is None


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
    """The latest `MOST` moves that the journal has as done, of machines that are known still."""
    known = set(store.frame("SELECT DISTINCT instance_id FROM instances")["instance_id"])
    return [
        Move(
            move.target_id,
            move.source_region,
            move.target_region,
            move.launched_at.astimezone(UTC),
            move.predicted.get("saving_g_per_h"),
            move.predicted.get("saving_usd_per_h"),
            move.source_id,
            move.source_type,
            move.target_type,
            move.stopped_at,
        )
        for move in actions.moves(store, MOST, state="done")
        if move.launched_at and move.target_id and move.target_id in known
    ]


def standing(store: Store, move: Move) -> Standing:
    """Whether the source of a move runs still, since when it does not, and whether it has ended."""
    kind, ended_at, runs_since, ran_until = move_queries.course(
        store, move.source_id, move.instance_id, move.target_region
    )
    # The fleet may not have been read since the move stopped it.
    runs = runs_since is not None and (move.stopped_at is None or runs_since > move.stopped_at)
    stopped_at = None if runs else ran_until or move.stopped_at
    return Standing(kind, max(move.moved_at, stopped_at or move.moved_at), runs, ended_at)


def realised(
    store: Store, catalog: Catalog, move: Move, end: datetime
) -> tuple[float, float | None] | None:
    """What a move saves: gCO2e and list USD per hour of the clock, since its source was stopped.

    The hours since, or since it changed its type, are replayed in the region it came from, as the
    type that it was there. While the source runs still, what the copy emits is added and nothing
    saved. None while less than a day of them has passed, or where none is known.
    """
    span, now = ledger_span(store), standing(store, move)
    if span is None or now.instance_type is None:
        return None
    start = max(now.since, detailed_from(store) or now.since)
    end = min(end, span[1], now.ended_at or end)
    if end - start < LEAST_REALISED:
        return None
    kind = now.instance_type
    before = move.source_type if kind == move.target_type else kind
    case = case_between(catalog, kind, before, method_in_force(store))
    machine = {"instance_id": move.instance_id, "region": move.target_region, "instance_type": kind}
    rows = move_queries.replay(
        store, pd.DataFrame([{**machine, **case.values}]), move.source_region, start, end
    )
    if rows.empty or timedelta(hours=rows["clock_hours"].iloc[0]) < LEAST_REALISED:
        return None
    sigmas = {"power_sigma": case.power_sigma, "burst_sigma": case.burst_sigma}
    by_hour = rates(rows, pd.DataFrame(sigmas, index=[move.instance_id]))
    sides = (by_hour["operational_g"] + by_hour["embodied_g"]).groupby(by_hour["side"]).sum()
    runs = float(by_hour.loc[by_hour["side"] == 1, "hours"].sum())
    there_usd = list_usd(catalog, kind, move.target_region, runs)
    # It ran in the target; in the region it came from it would have emitted the other side.
    spared_g = 0.0 if now.source_runs else float(sides[-1])
    spared_usd = 0.0 if now.source_runs else list_usd(catalog, before, move.source_region, runs)
    change = spared_usd - there_usd
    return spared_g - float(sides[1]), None if math.isnan(change) else change

"""What a unit's past weeks would have been on another type, in another region, at other hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd

from spectra.advice import case_row, replay_of, units
from spectra.carbon import energy
from spectra.carbon.uncertainty import Interval
from spectra.catalog import Catalog, InstanceType
from spectra.errors import InputError
from spectra.insight.rightsizing import Replay, Rules, Unit, case_of
from spectra.insight.rightsizing.savings import day_bootstrap
from spectra.moments import DAY
from spectra.store import Store
from spectra.store.factors import method_in_force
from spectra.store.load_history import REPLAY_DAYS, LoadHistory

NOW, THEN = "now", "then"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to try.

    Attributes
    ----------
    awake : tuple of int
        Hours of the local week, Monday 00:00 first, in which it runs; none for all.
    """

    instance_type: str
    region: str
    awake: tuple[int, ...] = ()
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The same load as it ran and as chosen, by one power method; per hour of the clock.

    Attributes
    ----------
    method : str
        ``measured`` or ``calibrated``.
    peak_pct : float
        Highest CPU maximum, carried over [%]; above 100 the type cannot carry it.
    now_usd_per_h, then_usd_per_h : float or None
        List price times the members that run [USD/h].
    """

    unit: Unit
    method: str
    now: Replay
    then: Replay
    peak_pct: float
    now_usd_per_h: float | None
    then_usd_per_h: float | None

    @property
    def saved_g_per_h(self) -> Interval | None:
        """What the choice spares, with its 95 % interval by resampling whole days [gCO2e/h].

        None where the grids of both do not know the same days.
        """
        now, then = self.now.daily_g, self.then.daily_g
        if len(now) != len(then) or not sum(now):
            return None
        scale = self.now.total_g_per_h / (sum(now) / len(now))
        low, high = day_bootstrap(np.subtract(now, then))
        central = self.now.total_g_per_h - self.then.total_g_per_h
        return Interval(low * scale, central, high * scale)


def what_if(
    store: Store, catalog: Catalog, members: Sequence[str], end: datetime, choice: Choice
) -> Outcome:
    """Replay the last four weeks of the instances of a unit under a choice.

    Raises
    ------
    InputError
        If the type or the region is unknown, or nothing of the unit was measured.
    """
    match = catalog.instance_type(choice.instance_type)
    if match.tier == "D" or catalog.region(choice.region) is None:
        raise InputError(
            f"“{choice.instance_type}” in “{choice.region}” is not in the catalogue.",
            next_step="Choose a type and a region from the lists.",
        )
    history = LoadHistory(store, end, REPLAY_DAYS, members)
    try:
        known = _units(history, members)
        if not known or known[0].mean_pct is None:
            raise InputError(
                "No CPU load of this machine is known in the last four weeks.",
                next_step="Choose another one, or wait for its first day of telemetry.",
            )
        unit = known[0]
        current = catalog.instance_type(unit.instance_type).type
        method = energy.common_method(current, match.type)
        life_hours = method_in_force(store).life_hours

        def replay(key: str, kind: InstanceType, region: str, awake: Sequence[int]) -> Replay:
            ratio = current.vcpu / kind.vcpu
            case = case_of(unit.unit_key, key, kind, ratio, method=method, life_hours=life_hours)
            rows = history.replay(
                pd.DataFrame([case_row(case, region)]),
                Rules().cpu_limit_pct,
                awake=awake,
                timezone=choice.timezone,
            )
            if rows.empty:
                raise _nothing_to_replay(region, awake)
            return replay_of(rows.to_dict("records")[0])

        now = replay(NOW, current, unit.region, ())
        then = replay(THEN, match.type, choice.region, choice.awake)
    finally:
        history.close()
    return Outcome(
        unit,
        method,
        now,
        then,
        unit.peaks_pct[0] * current.vcpu / match.type.vcpu,
        _usd_per_h(catalog, unit.instance_type, unit.region, now),
        _usd_per_h(catalog, choice.instance_type, choice.region, then),
    )


def _units(history: LoadHistory, members: Sequence[str]) -> list[Unit]:
    """The unit of some instances; a history of none would be one of the whole fleet."""
    return [unit for frame in history.groups() for unit in units(frame)] if members else []


def _nothing_to_replay(region: str, awake: Sequence[int]) -> InputError:
    if awake:
        return InputError("It never ran in those hours.", next_step="Choose hours it ran in.")
    return InputError(
        f"No hour of the grid of “{region}” is known in the last four weeks.",
        next_step="Choose another region, or refresh the grids.",
    )


def _usd_per_h(catalog: Catalog, name: str, region: str, replay: Replay) -> float | None:
    price = catalog.price(name, region)
    return price.usd_per_hour * replay.running_per_h if price else None


@dataclass(frozen=True, slots=True)
class Resize:
    """A resize that was carried out: which instances, from what type, when."""

    members: tuple[str, ...]
    old_type: str
    done_at: datetime


def realised(
    store: Store, catalog: Catalog, resize: Resize, end: datetime
) -> tuple[float, float] | None:
    """What a resize has saved up to `end`: (gCO2e per hour of the clock, list USD per hour).

    The hours since are replayed on the old type and on the one that the unit has at `end`, which
    is that of the resize where nothing else has changed it before. None where less than a day lies
    between, or no hour of it was measured.
    """
    if end - resize.done_at < DAY:
        return None
    history = LoadHistory(store, end, REPLAY_DAYS, resize.members, is_past=True)
    history.first = max(history.first, resize.done_at)
    try:
        known = _units(history, resize.members)
        if not known or known[0].mean_pct is None:
            return None
        unit = known[0]
        new, old = (catalog.instance_type(n).type for n in (unit.instance_type, resize.old_type))
        make = partial(
            case_of,
            unit.unit_key,
            method=energy.common_method(new, old),
            life_hours=method_in_force(store).life_hours,
        )
        cases = [make(NOW, new, 1.0), make(THEN, old, new.vcpu / old.vcpu)]
        rows = history.replay(
            pd.DataFrame([case_row(case, unit.region) for case in cases]), Rules().cpu_limit_pct
        )
    finally:
        history.close()
    replays = {row["case_key"]: replay_of(row) for row in rows.to_dict("records")}
    if len(replays) < len(cases):
        return None
    before, after = (
        _usd_per_h(catalog, name, unit.region, replays[NOW]) for name in (old.name, new.name)
    )
    usd = float("nan") if before is None or after is None else before - after
    return replays[THEN].total_g_per_h - replays[NOW].total_g_per_h, usd

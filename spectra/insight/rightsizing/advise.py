"""The advice for a unit: finding, options that were replayed, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spectra.carbon import energy
from spectra.carbon.embodied import LIFE_HOURS_CENTRAL, embodied_g_per_h
from spectra.catalog import Catalog, InstanceType, PowerCurve
from spectra.insight.rightsizing import judge, savings, words
from spectra.insight.rightsizing.model import (
    Advice,
    Confidence,
    Demand,
    Finding,
    Option,
    Rated,
    Replay,
    Rules,
    Unit,
)
from spectra.insight.rightsizing.options import options

NOW = "now"


@dataclass(frozen=True, slots=True)
class Case:
    """One type that a unit's hours are replayed on, with the power method of the comparison.

    Attributes
    ----------
    key : str
        Names the case within its unit.
    load_ratio : float
        Load on it relative to the load on the present type [1].
    curve : PowerCurve
        Watts of the host part [W].
    gpu_idle_watts, gpu_max_watts : float
        Of all accelerators together [W].
    """

    unit_key: int
    key: str
    load_ratio: float
    curve: PowerCurve
    gpu_idle_watts: float
    gpu_max_watts: float
    embodied_g_per_h: float


def case_of(  # noqa: PLR0913 (one argument for each factor of the case)
    unit_key: int,
    key: str,
    kind: InstanceType,
    load_ratio: float,
    *,
    method: str,
    life_hours: float = LIFE_HOURS_CENTRAL,
) -> Case:
    """The case of a type by a power method of `energy.common_method`."""
    return Case(
        unit_key,
        key,
        load_ratio,
        energy.curve_by(kind, method),
        energy.gpu_watts(kind, 0),
        energy.gpu_watts(kind, 100),
        embodied_g_per_h(kind, life_hours),
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A unit with its finding so far and the options to replay."""

    unit: Unit
    finding: Finding
    demand: Demand | None
    options: tuple[Option, ...]
    is_preliminary: bool

    def cases(self, catalog: Catalog, life_hours: float = LIFE_HOURS_CENTRAL) -> list[Case]:
        """What has to be replayed: each option, and the present type by each method they use."""
        if self.demand is None:
            return []
        current = catalog.instance_type(self.unit.instance_type).type
        found = {}
        for kind, ratio in (
            (current, 1.0),
            *((o.type, o.load_ratio) for o in self.options),
        ):
            method = energy.common_method(current, kind)
            for name, share in ((current, 1.0), (kind, ratio)):
                key = f"{name.name}/{method}"
                found[key] = case_of(
                    self.unit.unit_key, key, name, share, method=method, life_hours=life_hours
                )
        return list(found.values())


def draft(unit: Unit, catalog: Catalog, rules: Rules) -> Draft:
    """Judge a unit as far as its load alone allows."""
    finding = judge.find(unit, catalog)
    demand, found = None, []
    if finding not in (Finding.STOPPED, Finding.NOT_ENOUGH_DATA):
        current = catalog.instance_type(unit.instance_type).type
        demand = judge.demand_of(unit, current, rules)
        if finding not in (Finding.EXCLUDED, Finding.IDLE):
            found = options(unit, catalog, demand, finding, rules)
    return Draft(unit, finding, demand, tuple(found), judge.is_preliminary(unit, rules))


def advise(drafted: Draft, replays: Mapping[str, Replay], catalog: Catalog, rules: Rules) -> Advice:
    """Complete a draft with its replays, by the key of their case.

    An over-provisioned unit is one that a smaller type carries for less money and less carbon, the
    whole interval of the saving above zero; a newer type of the same size alone does not make it
    one.
    """
    unit, finding = drafted.unit, drafted.finding
    current = catalog.instance_type(unit.instance_type).type
    now = replays.get(f"{current.name}/{energy.common_method(current, current)}")
    rated = [] if now is None else _rated(drafted, replays, catalog)
    price = _price(catalog, unit.instance_type, unit.region)
    rated.sort(key=lambda r: _score(r, replays, current, price, rules), reverse=True)
    best = _best(rated, finding)
    is_known = now is not None and price is not None
    if finding is Finding.OPTIMISED and best is not None:
        finding = Finding.OVER
    stop = None
    if finding is Finding.IDLE and now is not None:
        stop = savings.saving(unit, now, None, price, 0.0)
    return Advice(
        unit=unit,
        finding=finding,
        is_preliminary=drafted.is_preliminary,
        reason=words.reason(unit, finding, drafted.demand, best, is_comparable=is_known),
        changes=words.changes(finding, drafted.demand, rules),
        notes=words.notes(unit, finding, drafted.demand, is_preliminary=drafted.is_preliminary),
        demand=drafted.demand,
        now=now,
        best=best,
        others=tuple(r for r in rated if r is not best),
        stop_saving=stop,
        confidence=_confidence(drafted, finding, best),
    )


def _rated(drafted: Draft, replays: Mapping[str, Replay], catalog: Catalog) -> list[Rated]:
    unit = drafted.unit
    current = catalog.instance_type(unit.instance_type).type
    price = _price(catalog, current.name, unit.region)
    found = []
    for option in drafted.options:
        method = energy.common_method(current, option.type)
        now = replays.get(f"{current.name}/{method}")
        then = replays.get(f"{option.type.name}/{method}")
        if now is None or then is None:
            continue
        found.append(
            Rated(
                option,
                savings.saving(
                    unit, now, then, price, _price(catalog, option.type.name, unit.region)
                ),
                savings.confidence(unit, option, is_preliminary=drafted.is_preliminary),
                savings.risk(then.over_share),
            )
        )
    return found


def _best(rated: Sequence[Rated], finding: Finding) -> Rated | None:
    """The first feasible option of those that answer the finding."""
    feasible = [r for r in rated if r.option.is_feasible]
    if finding in (Finding.UNDER, Finding.BURST):
        # Ranked by what they cost: a machine that is too small is never kept so for carbon.
        return min(feasible, key=lambda r: -(r.saving.list_usd_per_h or 0.0), default=None)
    if finding is not Finding.OPTIMISED:
        return None
    # Another size of the family is the smaller change: another class only where none fits.
    for kind in ("size", "family"):
        fitting = [r for r in feasible if r.option.kind == kind and _pays(r)]
        if fitting:
            return fitting[0]
    return None


def _pays(rated: Rated) -> bool:
    """Lower cost, and less carbon beyond doubt."""
    saving = rated.saving
    return (saving.list_usd_per_h or 0.0) > 0 and saving.carbon_g_per_h.low > 0


def _score(
    rated: Rated,
    replays: Mapping[str, Replay],
    current: InstanceType,
    price: float | None,
    rules: Rules,
) -> float:
    """Weighted saving of carbon and cost [1], each relative to now by the option's own method."""
    now = replays[f"{current.name}/{energy.common_method(current, rated.option.type)}"]
    carbon = rated.saving.carbon_g_per_h.central / now.total_g_per_h
    cost = 0.0
    if price and now.running_per_h:
        cost = (rated.saving.list_usd_per_h or 0.0) / (price * now.running_per_h)
    return rules.carbon_weight * carbon + (1 - rules.carbon_weight) * cost


def _confidence(drafted: Draft, finding: Finding, best: Rated | None) -> Confidence:
    if best is not None:
        return best.confidence
    if drafted.is_preliminary or finding in (Finding.EXCLUDED, Finding.NOT_ENOUGH_DATA):
        return "LOW"
    if drafted.unit.memory_known_pct is None:
        # That CPU is too small is seen without memory; that nothing is in use, or all fits, is not.
        return "MEDIUM" if finding in (Finding.UNDER, Finding.BURST) else "LOW"
    return "HIGH" if drafted.unit.history_days >= 28 else "MEDIUM"


def _price(catalog: Catalog, instance_type: str, region: str) -> float | None:
    price = catalog.price(instance_type, region)
    return price.usd_per_hour if price else None

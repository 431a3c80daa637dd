"""Which types a unit could run on for its finding, and what stands in the way of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from spectra.catalog import Catalog, InstanceType
from spectra.insight.rightsizing import candidates
from spectra.insight.rightsizing.model import (
    Demand,
    Effort,
    Finding,
    Option,
    OptionKind,
    Rules,
    Unit,
)

CAP_SHARE = 0.8
MAX_UPWARD = 2
MAX_RESHAPED = 3


def options(
    unit: Unit, catalog: Catalog, demand: Demand, finding: Finding, rules: Rules
) -> list[Option]:
    """Types worth a replay, in the order they are looked at; those without a price are left out."""
    fit = Fit(unit, catalog, demand, rules)
    if finding is Finding.BURST:
        return _steady(fit)
    if finding is Finding.UNDER:
        return list(_upward(fit))
    return list(_downward(fit))


def _downward(fit: Fit) -> Iterator[Option]:
    """Smaller sizes, then successors of the present size and of the smallest that fits."""
    catalog, region = fit.catalog, fit.unit.region
    own = [
        fit.option(t, "size")
        for t in _priced(candidates.smaller(catalog, fit.current), region, catalog)
    ]
    yield from own
    shaped = _cheapest(candidates.reshaped(catalog, fit.current), region, catalog)
    carrying = (o for t in shaped if (o := fit.option(t, "family")).is_feasible)
    yield from islice(carrying, MAX_RESHAPED)
    fitting = [option.type for option in own if option.is_feasible]
    for size in (fit.current, *fitting[-1:]):
        for kind in _by_maker(candidates.successors(catalog, size), region, catalog):
            is_port = kind.architecture != fit.current.architecture
            yield fit.option(kind, "graviton" if is_port else "generation")


def _upward(fit: Fit) -> Iterator[Option]:
    """The next sizes that carry the load, and where it is memory alone a roomier class."""
    catalog, region = fit.catalog, fit.unit.region
    larger = _priced(candidates.larger(catalog, fit.current), region, catalog)
    grown = (fit.option(t, "size") for t in larger)
    yield from islice((o for o in grown if o.is_feasible), MAX_UPWARD)
    if fit.demand.memory_gib > fit.current.memory_gib:
        roomier = _cheapest(candidates.roomier(catalog, fit.current), region, catalog)
        grown = (fit.option(t, "family") for t in roomier)
        yield from islice((o for o in grown if o.is_feasible), 1)
    if fit.current.burstable:
        steady = _cheapest(candidates.unburst(catalog, fit.current), region, catalog)
        grown = (fit.option(t, "family") for t in steady)
        yield from islice((o for o in grown if o.is_feasible), 1)


def _steady(fit: Fit) -> list[Option]:
    """Types of steady performance with as many vCPU, or the next number that carries the load."""
    found: list[Option] = []
    for times in (1, 2, 4):
        kinds = candidates.unburst(fit.catalog, fit.current, times)
        tried = [
            fit.option(t, "family") for t in _cheapest(kinds, fit.unit.region, fit.catalog)[:3]
        ]
        found += tried
        if any(option.is_feasible for option in tried):
            break
    return found


def _priced(kinds: Iterable[InstanceType], region: str, catalog: Catalog) -> Iterator[InstanceType]:
    return (t for t in kinds if _usd(t, region, catalog) < float("inf"))


def _cheapest(kinds: Iterable[InstanceType], region: str, catalog: Catalog) -> list[InstanceType]:
    return sorted(
        _priced(kinds, region, catalog), key=lambda t: (_usd(t, region, catalog), -t.generation)
    )


def _usd(kind: InstanceType, region: str, catalog: Catalog) -> float:
    price = catalog.price(kind.name, region)
    return price.usd_per_hour if price else float("inf")


def _by_maker(kinds: Iterable[InstanceType], region: str, catalog: Catalog) -> list[InstanceType]:
    """The cheapest type of each maker of processors, a newer one before an equal."""
    best: dict[str, InstanceType] = {}
    for kind in _cheapest(kinds, region, catalog):
        best.setdefault(candidates.maker(kind), kind)
    return list(best.values())


@dataclass
class Fit:
    """Holds a unit's demand against types; `current` is the one it has."""

    unit: Unit
    catalog: Catalog
    demand: Demand
    rules: Rules

    @property
    def current(self) -> InstanceType:
        """The present type."""
        return self.catalog.instance_type(self.unit.instance_type).type

    def option(self, kind: InstanceType, how: OptionKind) -> Option:
        """A type with what stands in the way and what is to be checked."""
        ratio = self.current.vcpu / kind.vcpu
        return Option(
            type=kind,
            kind=how,
            effort=self._effort(kind, how),
            load_ratio=ratio,
            peak_pct=self.demand.peak_pct * ratio,
            checks=tuple(self._checks(kind)),
            obstacles=tuple(self._obstacles(kind, ratio)),
        )

    def _effort(self, kind: InstanceType, how: OptionKind) -> Effort:
        if how == "graviton":
            return "MEDIUM" if self.unit.kind == "group" else "HIGH"
        is_other_maker = candidates.maker(kind) != candidates.maker(self.current)
        return "MEDIUM" if how == "family" or is_other_maker else "LOW"

    def _obstacles(self, kind: InstanceType, ratio: float) -> Iterator[str]:
        demand, limit = self.demand, self.rules.cpu_limit_pct
        if demand.peak_pct * ratio > limit:
            yield f"CPU would peak at {min(demand.peak_pct * ratio, 999):.0f} %, over {limit:.0f} %"
        elif demand.sustained_pct * ratio > limit:
            yield f"within 28 days CPU may have stayed above {limit:.0f} % of it for 15 minutes"
        if kind.memory_gib < demand.memory_gib - 1e-6:
            why = "" if demand.memory_is_known else " (its use is not watched)"
            yield f"{kind.memory_gib:g} GiB of memory, {demand.memory_gib:.1f} GiB needed{why}"
        if kind.gpu_count != self.current.gpu_count:
            yield f"{kind.gpu_count:g} accelerators instead of {self.current.gpu_count:g}"
        baseline = self.catalog.burst_baseline_pct(kind.name) if kind.burstable else None
        if baseline is not None and (self.unit.mean_pct or 0.0) * ratio > baseline:
            yield f"the mean load would be above its burst baseline of {baseline:g} %"
        yield from self._over_caps(kind)

    def _over_caps(self, kind: InstanceType) -> Iterator[str]:
        limits = self.catalog.limits(kind.name)
        network = limits.network_baseline_gbps if limits else None
        ebs = limits.ebs_baseline_mbps if limits else None
        if network and (self.unit.network_mbps or 0.0) > CAP_SHARE * network * 1_000:
            yield (
                f"network of {self.unit.network_mbps:.0f} Mbit/s, its baseline is "
                f"{network * 1_000:.0f} Mbit/s"
            )
        if ebs and (self.unit.ebs_mbps or 0.0) > CAP_SHARE * ebs:
            yield f"EBS traffic of {self.unit.ebs_mbps:.0f} Mbit/s, its baseline is {ebs:g} Mbit/s"

    def _checks(self, kind: InstanceType) -> Iterator[str]:
        current, unit = self.current, self.unit
        old, new = self.catalog.limits(current.name), self.catalog.limits(kind.name)
        if unit.kind == "group":
            yield "Change the launch template; new members take the type over."
        elif unit.lifecycle == "spot":
            yield "A spot instance is launched anew: it cannot be resized in place."
        if kind.architecture != current.architecture:
            yield "Image, packages and containers must exist for arm64; no speed-up is assumed."
        elif candidates.maker(kind) != candidates.maker(current):
            yield "Another maker's processor: compare the speed of one core first."
        if old and new and old.hypervisor == "xen" != new.hypervisor:
            yield "Nitro: the image needs ENA and NVMe drivers, and disks appear under other names."
        if unit.network_mbps is None or new is None or new.network_baseline_gbps is None:
            yield "Network traffic could not be held against the type's limit."
        if unit.ebs_mbps is None:
            yield "EBS traffic is not known: compare it with the type's limit."
        if old and (old.instance_storage_gb or 0) > ((new and new.instance_storage_gb) or 0):
            yield "Local disks are smaller or absent: their data is lost at the change anyway."

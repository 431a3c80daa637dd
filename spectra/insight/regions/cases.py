"""How a machine is carried over to a target region: as the same type, or as the nearest one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from spectra.carbon.embodied import embodied_g_per_h
from spectra.carbon.energy import common_method, curve, curve_by, gpu_watts, power_tier
from spectra.carbon.method import Method
from spectra.carbon.uncertainty import POWER_GSD, burst_sigma
from spectra.catalog import Catalog, InstanceType, PowerCurve
from spectra.insight.regions.equivalent import nearest_equivalent

_CURVE_POINTS = ("0", "10", "50", "100")


@dataclass(frozen=True, slots=True)
class Case:
    """A type before and after a move.

    Attributes
    ----------
    target_type : str
        Type in the target region.
    is_same : bool
        False where the type is not offered there.
    power_sigma, burst_sigma : float
        Log deviation of the power model, and that below it of a burstable type.
    values : dict
        What `store.move_queries.replay` takes of a case.
    """

    target_type: str
    is_same: bool
    power_sigma: float
    burst_sigma: float
    values: dict[str, Any]


def case_for(catalog: Catalog, name: str, target: str, method: Method) -> Case | None:
    """A type as it would run in a target region; None where nothing like it is offered.

    The same type keeps the power curve of the ledger. Two types are compared by one method alone:
    the difference between two methods would pass for a saving.
    """
    if catalog.price(name, target) is not None:
        return case_between(catalog, name, name, method)
    other = nearest_equivalent(catalog, name, target)
    if other is None:
        return None
    return case_between(catalog, name, other.name, method)


def case_between(catalog: Catalog, name: str, other: str, method: Method) -> Case:
    """A type before and another, or the same one, after; offered or not."""
    match, after = catalog.instance_type(name), catalog.instance_type(other).type
    sigmas = (
        math.log(POWER_GSD[power_tier(match)]),
        max(burst_sigma(match.type), burst_sigma(after)),
    )
    if name == other:
        own = curve(match, method.power_model)
        return Case(name, True, *sigmas, _values(match.type, after, own, own, method))
    common = common_method(match.type, after)
    curves = curve_by(match.type, common), curve_by(after, common)
    return Case(other, False, *sigmas, _values(match.type, after, *curves, method))


def _values(
    before: InstanceType, after: InstanceType, a: PowerCurve, b: PowerCurve, method: Method
) -> dict[str, Any]:
    sides = (("a", before, a), ("b", after, b))
    values: dict[str, Any] = {"load_ratio": before.vcpu / after.vcpu}
    for side, kind, watts in sides:
        values |= {f"{side}{load}": w for load, w in zip(_CURVE_POINTS, watts.watts, strict=True)}
        values[f"{side}_gpu_idle"] = gpu_watts(kind, 0)
        values[f"{side}_gpu_max"] = gpu_watts(kind, 100)
        values[f"{side}_embodied"] = embodied_g_per_h(kind, method.life_hours)
    return values

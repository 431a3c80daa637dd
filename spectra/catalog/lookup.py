"""Finds the type that stands for an instance type's name, down to averages; never nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from spectra.catalog.types import InstanceType, PowerCurve, TypeMatch

# vCPUs that a size name stands for where the family is unknown: the most frequent count in
# the catalogue; "metal" is the median host.
VCPU_BY_SIZE = {
    "nano": 2,
    "micro": 2,
    "small": 2,
    "medium": 1,
    "large": 2,
    "xlarge": 4,
    "metal": 96,
}
VCPU_PER_XLARGE = 4
UNPARSABLE_VCPU = 4
# A server of this size is assumed where nothing is known about the platform.
UNKNOWN_PLATFORM_VCPU = 96

_NAME = re.compile(r"(?P<family>[a-z][a-z0-9-]*)\.(?P<size>[a-z0-9-]+)")
_COUNTED_SIZE = re.compile(r"(?:metal-)?(?P<count>[1-9]\d{0,2})xl(?:arge)?")


@dataclass(frozen=True, slots=True)
class Averages:
    """What is assumed of a type about which nothing is known, per vCPU."""

    min_w_per_vcpu: float
    max_w_per_vcpu: float
    memory_gib_per_vcpu: float
    embodied_kg_per_vcpu: float


def size_vcpu(size: str) -> int | None:
    """Return the vCPUs that a size name usually stands for, or None if it is no size."""
    counted = _COUNTED_SIZE.fullmatch(size)
    if counted:
        return VCPU_PER_XLARGE * int(counted["count"])
    return VCPU_BY_SIZE.get(size)


def match_type(name: str, types: Mapping[str, InstanceType], averages: Averages) -> TypeMatch:
    """Find the type for a name: listed, else scaled from its family, else averages.

    Parameters
    ----------
    name
        An instance type as AWS or a person writes it; case and outer spaces do not matter.
    types
        All listed types by name.
    averages
        Figures per vCPU for families that are not listed.

    Returns
    -------
    TypeMatch
        Tier A, C or D with its reason; watts and embodied emissions are never 0.

    References
    ----------
    METHOD.md, section 1.3, "unknown type".
    """
    clean = str(name).strip().lower()
    listed = types.get(clean)
    if listed is not None:
        return _listed(listed)
    parsed = _NAME.fullmatch(clean)
    vcpu = size_vcpu(parsed["size"]) if parsed else None
    if parsed is None or vcpu is None:
        basis = "Name not understood: averages of AWS processors for an xlarge (4 vCPU)."
        return TypeMatch(
            _average(clean or "unknown", "unknown", UNPARSABLE_VCPU, averages), "D", basis
        )
    family, size = parsed["family"], parsed["size"]
    relatives = [kind for kind in types.values() if kind.family == family]
    if relatives:
        return _scaled(clean, size, vcpu, relatives)
    basis = f"Family {family} not listed: averages of AWS processors for {vcpu} vCPU."
    return TypeMatch(_average(clean, family, vcpu, averages), "D", basis)


def _listed(listed: InstanceType) -> TypeMatch:
    """Grade a listed type by the origin of its curve."""
    if listed.teads is not None:
        return TypeMatch(listed, "A", "Measured power curve of this type (Teads).")
    basis = "Listed without a measurement: derived from its processor and calibrated."
    return TypeMatch(listed, "C", basis)


def _scaled(name: str, size: str, vcpu: int, relatives: list[InstanceType]) -> TypeMatch:
    """Scale the nearest size of the same family by vCPU."""
    if size == "metal":
        # A bare host is the whole platform of its family.
        vcpu = max(kind.platform_vcpu for kind in relatives)
    nearest = min(relatives, key=lambda kind: (abs(math.log(kind.vcpu / vcpu)), -kind.vcpu))
    factor = vcpu / nearest.vcpu
    # More vCPUs than one server has stand for several servers.
    servers = max(1.0, vcpu / nearest.platform_vcpu)
    kind = replace(
        nearest,
        name=name,
        vcpu=vcpu,
        memory_gib=nearest.memory_gib * factor,
        gpu_count=nearest.gpu_count * factor,
        bare_metal=size.startswith("metal"),
        platform_vcpu=max(vcpu, nearest.platform_vcpu),
        platform_memory_gib=nearest.platform_memory_gib * servers,
        embodied_platform_kg=nearest.embodied_platform_kg * servers,
        teads=nearest.teads.scaled(factor) if nearest.teads else None,
        uniform=nearest.uniform.scaled(factor),
        ccf_extra_memory_gib=nearest.ccf_extra_memory_gib * factor,
        notes=f"scaled from {nearest.name}",
    )
    basis = f"Size not listed: {nearest.name} scaled by vCPU ({nearest.vcpu} to {vcpu})."
    return TypeMatch(kind, "D", basis)


def _average(name: str, family: str, vcpu: int, averages: Averages) -> InstanceType:
    """Build a type from averages per vCPU."""
    platform_vcpu = max(UNKNOWN_PLATFORM_VCPU, vcpu)
    return InstanceType(
        name=name,
        family=family,
        generation=_generation(family),
        vcpu=vcpu,
        memory_gib=averages.memory_gib_per_vcpu * vcpu,
        architecture="unknown",
        processor="unknown",
        microarchitecture="Unknown",
        gpu_count=0.0,
        gpu_model=None,
        gpu_idle_w=0.0,
        gpu_max_w=0.0,
        # T is the one burstable series: t3, t4g, t8i; not trn.
        burstable=re.match(r"t\d", family) is not None,
        bare_metal=".metal" in name,
        current_generation=True,
        platform_vcpu=platform_vcpu,
        platform_memory_gib=averages.memory_gib_per_vcpu * platform_vcpu,
        embodied_platform_kg=averages.embodied_kg_per_vcpu * platform_vcpu,
        teads=None,
        uniform=_average_curve(averages).scaled(vcpu),
        ccf_min_w_per_vcpu=averages.min_w_per_vcpu,
        ccf_max_w_per_vcpu=averages.max_w_per_vcpu,
        ccf_extra_memory_gib=0.0,
        notes="not listed: averages; accelerators, if any, are not modelled",
    )


def _average_curve(averages: Averages) -> PowerCurve:
    """Return the curve of one average vCPU, linear in load as CCF has it."""
    span_w = averages.max_w_per_vcpu - averages.min_w_per_vcpu
    return PowerCurve(*(averages.min_w_per_vcpu + load * span_w for load in (0.0, 0.1, 0.5, 1.0)))


def _generation(family: str) -> int:
    """Return the generation a family name states, or 0."""
    digits = re.search(r"\d{1,2}", family)
    return int(digits[0]) if digits else 0

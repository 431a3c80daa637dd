"""The nearest type to one that a region does not offer."""

from __future__ import annotations

import math

from spectra.catalog import Catalog, InstanceType
from spectra.insight.rightsizing.candidates import family_of, maker

# Growth of vCPU times memory beyond which another class is nearer than a larger size.
MOST_GROWTH = 4.0


def nearest_equivalent(catalog: Catalog, name: str, region: str) -> InstanceType | None:
    """The type offered in a region that is most like another one and no smaller; None without any.

    It has the same architecture, accelerators and kind of machine, and no less vCPU or memory.
    The same class comes first, then the closest size, the same maker, the closest generation.
    """
    current = catalog.instance_type(name).type
    found = [
        kind
        for kind in catalog.instance_types
        if kind.name != current.name
        and _suits(kind, current)
        and catalog.price(kind.name, region) is not None
    ]
    return min(found, key=lambda kind: _distance(kind, current), default=None)


def _suits(kind: InstanceType, current: InstanceType) -> bool:
    return (
        kind.architecture == current.architecture
        and kind.vcpu >= current.vcpu
        and kind.memory_gib >= current.memory_gib
        and (kind.gpu_count, kind.gpu_model) == (current.gpu_count, current.gpu_model)
        and kind.bare_metal == current.bare_metal
    )


def _distance(
    kind: InstanceType, current: InstanceType
) -> tuple[bool, bool, float, bool, bool, bool, int, str]:
    own, other = family_of(current.family), family_of(kind.family)
    is_same_class = own is not None and other is not None and own.letters == other.letters
    is_same_extras = own is not None and other is not None and own.extras == other.extras
    growth = math.log(kind.vcpu / current.vcpu) + math.log(kind.memory_gib / current.memory_gib)
    return (
        growth > math.log(MOST_GROWTH) + 1e-9,
        not is_same_class,
        round(growth, 6),
        kind.burstable != current.burstable,
        not is_same_extras,
        maker(kind) != maker(current),
        abs(kind.generation - current.generation),
        kind.name,
    )

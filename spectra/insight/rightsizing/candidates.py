"""Types that a unit could run on instead: smaller or larger ones, newer ones, Graviton."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from spectra.catalog import Catalog, InstanceType

# Letters in a family's name that say who made the processor.
_PROCESSORS = frozenset("aig")
MAX_STEPS_DOWN = 2
MAX_SHRINK = 4
# Generations from this one on run on Nitro, whatever runs on an older one.
FIRST_NITRO = 5


class Family(NamedTuple):
    """A family's name taken apart: ``m6gd`` is class m, generation 6, extras d."""

    letters: str
    generation: int
    extras: str


@functools.cache
def family_of(name: str) -> Family | None:
    """Take a family's name apart; None for one that does not follow the pattern."""
    match = re.fullmatch(r"([a-z]+?)(\d+)([a-z]*)(-flex)?", name)
    if match is None:
        return None
    extras = "".join(letter for letter in match[3] if letter not in _PROCESSORS)
    return Family(match[1], int(match[2]), extras + (match[4] or ""))


def sizes(catalog: Catalog, family: str) -> list[InstanceType]:
    """Virtual sizes of a family, smallest first."""
    return sorted(
        (t for t in catalog.instance_types if t.family == family and not t.bare_metal),
        key=lambda t: (t.vcpu, t.memory_gib, t.name),
    )


def smaller(catalog: Catalog, current: InstanceType) -> list[InstanceType]:
    """Sizes of the family within one change: at most two steps down, at most a quarter."""
    family = sizes(catalog, current.family)
    place = _place(family, current)
    below = family[max(place - MAX_STEPS_DOWN, 0) : place]
    return [t for t in reversed(below) if t.vcpu * MAX_SHRINK >= current.vcpu]


def larger(catalog: Catalog, current: InstanceType) -> list[InstanceType]:
    """Larger sizes of the family, smallest first."""
    family = sizes(catalog, current.family)
    return family[_place(family, current) + 1 :]


# A fleet of thousands has dozens of types: each looks through the catalogue once.
@functools.lru_cache(maxsize=2_048)
def successors(catalog: Catalog, current: InstanceType) -> tuple[InstanceType, ...]:
    """The same size in later families of its class, newest first; Graviton of any age included.

    The class letters and the extras (local disks, networking) stay what they are.
    """
    own = family_of(current.family)
    if own is None or current.bare_metal:
        return ()
    size = current.name.partition(".")[2]
    found = []
    for kind in catalog.instance_types:
        family = family_of(kind.family)
        if (
            family is not None
            and (family.letters, family.extras) == (own.letters, own.extras)
            and kind.name.partition(".")[2] == size
            and kind.gpu_count == current.gpu_count
            and (_is_port(current, kind) or _is_later(current, kind))
        ):
            found.append(kind)
    return tuple(sorted(found, key=lambda t: (-t.generation, t.name)))


def maker(kind: InstanceType) -> str:
    """Who made the processor: ``AMD``, ``AWS`` or ``Intel``."""
    if kind.architecture == "arm64":
        return "AWS"
    return "AMD" if "AMD" in kind.processor else "Intel"


def _is_later(current: InstanceType, kind: InstanceType) -> bool:
    return kind.architecture == current.architecture and kind.generation > current.generation


def _is_port(current: InstanceType, kind: InstanceType) -> bool:
    return kind.architecture == "arm64" != current.architecture


def unburst(catalog: Catalog, current: InstanceType, times: int = 1) -> list[InstanceType]:
    """Types of steady performance with no less of anything, for a burstable one; least first.

    They have so many times its vCPU.
    """
    suited = _plain(catalog, current, "mc", current.vcpu * times)
    enough = [t for t in suited if t.memory_gib >= current.memory_gib]
    return sorted(enough, key=lambda t: (t.memory_gib, -t.generation, t.name))


@functools.lru_cache(maxsize=2_048)
def reshaped(catalog: Catalog, current: InstanceType) -> tuple[InstanceType, ...]:
    """Classes c, m and r with as many, half or a quarter of the vCPU, of no older generation.

    What a machine of the wrong shape needs: less CPU for its memory, or less memory for its CPU.
    """
    own = family_of(current.family)
    if own is None or own.letters not in "cmr" or own.extras or current.bare_metal:
        return ()
    return tuple(
        kind
        for share in (1, 2, MAX_SHRINK)
        for kind in _plain(catalog, current, "cmr", current.vcpu / share)
        if kind.family != current.family
        and kind.generation >= current.generation
        and maker(kind) == maker(current)
        and (family := family_of(kind.family)) is not None
        and (share > 1 or family.letters != own.letters)
        and kind.memory_gib <= current.memory_gib
    )


def roomier(catalog: Catalog, current: InstanceType) -> list[InstanceType]:
    """Types of the memory class with as many vCPU and more memory; newest first."""
    suited = _plain(catalog, current, "r", current.vcpu)
    more = [t for t in suited if t.memory_gib > current.memory_gib]
    return sorted(more, key=lambda t: (-t.generation, t.name))


def _plain(
    catalog: Catalog, current: InstanceType, letters: str, vcpu: float
) -> list[InstanceType]:
    """Nitro types of classes without extras, of the same architecture."""
    return [
        t
        for t in catalog.instance_types
        if t.vcpu == vcpu
        and t.architecture == current.architecture
        and t.generation >= FIRST_NITRO
        and not t.bare_metal
        and (family := family_of(t.family)) is not None
        and family.letters in letters
        and not family.extras
    ]


def _place(family: list[InstanceType], current: InstanceType) -> int:
    names = [t.name for t in family]
    return names.index(current.name) if current.name in names else len(names)

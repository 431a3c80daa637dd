"""Names of teams that are probably one team, spelt in two ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import combinations, zip_longest
from typing import NamedTuple

from spectra.insight.allocation.rules import UNALLOCATED

LIKE = 0.84
MIN_LETTERS = 5
SHORT = 3  # letters of a word that is an abbreviation: eu, dev, a
MAX_NAMES = 300  # every pair is compared


class NearMiss(NamedTuple):
    """A name that probably stands for another one, with what it emits [gCO2e]."""

    name: str
    means: str
    likeness: float
    grams: float


def near_misses(grams: Mapping[str, float], limit: int = 50) -> list[NearMiss]:
    """Pairs of names that look like one team, the greatest emissions at stake first.

    The name with less is proposed as an alias of the one with more, each name once.
    """
    names = sorted((n for n in grams if n != UNALLOCATED), key=lambda n: (-grams[n], n))
    names = names[:MAX_NAMES]
    best: dict[str, NearMiss] = {}
    for greater, lesser in combinations(names, 2):
        likeness = _likeness(greater, lesser)
        if likeness and (lesser not in best or likeness > best[lesser].likeness):
            best[lesser] = NearMiss(lesser, greater, likeness, grams[lesser])
    # A name that is itself to be merged is nobody's aim.
    found = [miss for miss in best.values() if miss.means not in best]
    return sorted(found, key=lambda miss: (-miss.grams, miss.name))[:limit]


def _likeness(one: str, other: str) -> float:
    """0 for different teams, up to 1 for the same letters."""
    a, b = _letters(one), _letters(other)
    if not a or not b or re.findall(r"\d+", a) != re.findall(r"\d+", b):
        return 0.0  # team-1 and team-2 are two teams; of mere signs there is nothing to compare
    if a == b:
        return 1.0
    if _initials(one) == b or _initials(other) == a:
        return 0.9
    return 0.0 if _differ_by_design(one, other) else _ratio(a, b)


def _differ_by_design(one: str, other: str) -> bool:
    """Whether a short word tells them apart: platform-eu and platform-us are two teams."""
    pairs = list(zip_longest(_words(one), _words(other), fillvalue=""))
    apart = [pair for pair in pairs if pair[0] != pair[1]]
    return len(pairs) > 1 and any(max(map(len, pair)) <= SHORT for pair in apart)


def _ratio(a: str, b: str) -> float:
    """Likeness of two spellings that are long enough to be compared."""
    shorter, both = min(len(a), len(b)), len(a) + len(b)
    if shorter < MIN_LETTERS or 2 * shorter < LIKE * both:
        return 0.0
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.quick_ratio() < LIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= LIKE else 0.0


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _initials(name: str) -> str:
    words = _words(name)
    return "".join(word[0] for word in words) if len(words) > 1 else ""


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", name.casefold()) if word]

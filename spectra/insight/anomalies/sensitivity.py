"""How easily alerts are raised: one frozen set of numbers, round and the same for every series.

The method names 1.25 times the 99th percentile of a series' own scores. Here it is 1.1 times the
99.5th (of hours, the 99th), which is about as rare, with scores far from usual counting by their
logarithm and over four weeks: on public CloudWatch series that finds more at fewer false
alerts (`python -m tests.benchmarks anomalies`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spectra.errors import InputError

CPU_FLOOR_PCT = 1.0
INTENSITY_FLOOR_G_PER_KWH = 5.0
# How many times the least excess one of a kind must come to; what is off is never raised.
BALANCED = "balanced"
LEVELS = {"off": math.inf, "precise": 5.0, BALANCED: 1.0, "sensitive": 0.2}


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Settings of detection; the defaults are those of the method, balanced.

    Attributes
    ----------
    threshold : float
        A score from here on raises an alert [1]: 1.1 is balanced, 1.5 precise; at least 1.
    floor : float
        Least spread of a series that means anything [unit of the series]; 0 where its unit is not
        known, `CPU_FLOOR_PCT` for CPU.
    realert_hours : int
        Within this long of an alert only a much higher score alerts again [h].
    realert_factor : float
        How much higher it must be [1].
    runaway_pct, runaway_margin_pct, runaway_hours : float, float, int
        A process runs away above this CPU load [%] and this far above its baseline [pp], for so
        many hours on end [h].
    shift_h : float
        CUSUM from which on a level has shifted [1].
    min_excess_g, min_excess_share, min_excess_usd : float
        Least excess to be raised [gCO2e], also as a share of the daily CO2e [1], or [USD].
    levels : mapping
        Of a kind of incident one of `LEVELS`, which raises or lowers its least excess; a kind that
        is not named is balanced.
    """

    threshold: float = 1.1
    floor: float = 0.0
    realert_hours: int = 12
    realert_factor: float = 1.5
    runaway_pct: float = 70.0
    runaway_margin_pct: float = 20.0
    runaway_hours: int = 6
    shift_h: float = 8.0
    min_excess_g: float = 50.0
    min_excess_share: float = 0.05
    min_excess_usd: float = 1.0
    levels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse settings under which everything or nothing would alert."""
        if not self.threshold >= 1 or not self.realert_factor >= 1:
            raise InputError(
                "A threshold and a re-alert factor are at least 1.",
                next_step="Leave them out for the defaults.",
            )
        if self.realert_hours < 0 or self.runaway_hours < 1 or self.floor < 0:
            raise InputError(
                "Hours and the floor of a spread are not negative.",
                next_step="Leave them out for the defaults.",
            )
        if not set(self.levels.values()) <= set(LEVELS):
            raise InputError(
                f"How easily a kind is raised is one of {', '.join(LEVELS)}.",
                next_step="Leave a kind out for balanced.",
            )

    def least_times(self, kind: str) -> float:
        """How many times the least excess an incident of a kind must come to [1]."""
        return LEVELS[self.levels.get(kind, BALANCED)]

    def is_off(self, kinds: pd.Series) -> pd.Series:
        """Of kinds, which are never raised."""
        return kinds.map(self.least_times).eq(math.inf)


DEFAULT = Sensitivity()
CPU = Sensitivity(floor=CPU_FLOOR_PCT)

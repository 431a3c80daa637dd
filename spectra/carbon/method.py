"""The choices within the method that a user may make; everything else is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOURS_PER_YEAR = 8_760.0
METHOD_VERSION = "1.3"  # grows with every change of a figure: databases are recomputed by it


@dataclass(frozen=True, slots=True)
class Method:
    """Choices in force; they are part of the factor set, so changing one rebuilds the ledger.

    Attributes
    ----------
    embodied_years : float
        Service life that hardware is spread over [a]: 6 is AWS's own, 4 the high case.
    pue_source : str
        ``regional`` uses AWS's published figure of the region where there is one, ``global`` its
        average everywhere.
    power_model : str
        ``measured`` curves per type, or the ``linear`` model of Cloud Carbon Footprint, the low
        case.
    """

    embodied_years: float = 6.0
    pue_source: Literal["regional", "global"] = "regional"
    power_model: Literal["measured", "linear"] = "measured"

    @property
    def life_hours(self) -> float:
        """Service life of hardware [h]."""
        return self.embodied_years * HOURS_PER_YEAR

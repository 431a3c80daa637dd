"""How a number of a report is written, the same in every face."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from spectra.reporting.model import Report
from spectra.reporting.parts import Cell, Figure, Row, Table, Unit
from spectra.units import (
    GRAMS_PER,
    KWH_PER,
    MISSING,
    energy,
    energy_text,
    mass,
    number,
    share_text,
    usd_text,
)


def mass_unit(report: Report) -> str:
    """The one unit of mass of a report's tables, so that their rows can be added: g, kg or t."""
    total = report.figure("provider.total_lb").value
    return mass(total).unit if total else "kg"


def figure_text(figure: Figure) -> str:
    """Write a headline figure."""
    return shown(figure.value, figure.unit, missing=figure.missing)


def cell_text(table: Table, row: Row, index: int, mass_unit: str) -> str:
    """Write the cell of a table in its column `index`."""
    return shown(row.cells[index], table.columns[index].unit, mass_unit, table.missing)


def shown(value: Cell, unit: Unit, mass_unit: str = "", missing: str = MISSING) -> str:
    """Write a value with its unit.

    Parameters
    ----------
    mass_unit : str
        ``g``, ``kg`` or ``t`` for tables; "" lets each mass choose its own.
    missing : str
        How a None is written.
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if unit == "day" else f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if value is None or not math.isfinite(value):
        return missing
    return _number(float(value), unit, mass_unit)


_WRITERS: dict[str, Callable[[float], str]] = {
    "kWh": energy_text,
    "USD": usd_text,
    "share": share_text,
    "count": lambda value: f"{value:,.0f}",
    "ratio": number,
    "score": number,
}


def _number(value: float, unit: Unit, mass_unit: str) -> str:
    if unit == "gCO2e":
        chosen = mass_unit or mass(value).unit
        return f"{number(value / GRAMS_PER[chosen], 4)} {chosen}CO₂e"
    writer = _WRITERS.get(unit)
    if writer:
        return writer(value)
    return f"{number(value, 4)} {_spelled(unit)}"


def _spelled(unit: Unit) -> str:
    # The label says which currency the revenue is in.
    return unit.replace("CO2e", "CO₂e").removesuffix("/revenue")


def interval_text(figure: Figure) -> str:
    """The 95 % interval with two significant digits; "" without one."""
    if figure.low is None or figure.high is None:
        return ""
    unit, per_unit = _spelled(figure.unit), 1.0
    if figure.unit == "gCO2e":
        chosen = mass(figure.value or figure.high).unit
        unit, per_unit = f"{chosen}CO₂e", GRAMS_PER[chosen]
    elif figure.unit == "kWh":
        unit = energy(figure.value or figure.high).unit
        per_unit = KWH_PER[unit]
    low, high = (number(x / per_unit, 2) for x in (figure.low, figure.high))
    return f"{low}–{high} {unit}"

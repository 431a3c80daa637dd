"""Units: conversions, the scale a number is best shown in, and how every figure is written."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import NamedTuple

GRAMS_PER_KG = 1_000.0
GRAMS_PER_TONNE = 1_000_000.0

# Rows of (smallest magnitude shown in it, unit, base units per unit), largest first.
Scale = tuple[tuple[float, str, float], ...]
_MASS_SCALE = ((1e6, "t", 1e6), (1e3, "kg", 1e3), (0.0, "g", 1.0))
_ENERGY_SCALE = ((1e6, "GWh", 1e6), (1e3, "MWh", 1e3), (1.0, "kWh", 1.0), (0.0, "Wh", 1e-3))
# Base units of each.
GRAMS_PER = {unit: per_unit for _, unit, per_unit in _MASS_SCALE}
KWH_PER = {unit: per_unit for _, unit, per_unit in _ENERGY_SCALE}

MISSING = "n/a"


class Shown(NamedTuple):
    """A number in the unit it is best read in."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{number(self.value)} {self.unit}"


def scaled(value: float, scale: Scale) -> Shown:
    """Write `value` in the unit of a scale that suits its magnitude."""
    _, unit, per_unit = _row(value, scale)
    return Shown(value / per_unit, unit)


def mass(grams: float) -> Shown:
    """Scale a mass in grams to g, kg or t."""
    return scaled(grams, _MASS_SCALE)


def mass_unit(largest_g: float) -> tuple[str, float]:
    """The unit of an axis that reaches to `largest_g`, and the grams in one of it."""
    _, unit, g_per_unit = _row(largest_g, _MASS_SCALE)
    return unit, g_per_unit


def energy(kwh: float) -> Shown:
    """Scale an energy in kWh to Wh, kWh, MWh or GWh."""
    return scaled(kwh, _ENERGY_SCALE)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with `digits` significant digits and thousands separators.

    A missing value reads ``n/a``, never 0.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return _signed(f"{rounded:,.{decimals}f}")


def mass_text(grams: float | None) -> str:
    """Write a mass of grams with its unit, for example ``12.3 kg``."""
    return MISSING if grams is None or not math.isfinite(grams) else str(mass(grams))


def energy_text(kwh: float | None) -> str:
    """Write an energy of kWh with its unit, for example ``1.20 MWh``."""
    return MISSING if kwh is None or not math.isfinite(kwh) else str(energy(kwh))


def usd_text(usd: float | None) -> str:
    """Write an amount of US dollars; cents below 1,000, hundredths of a cent below a cent."""
    if usd is None or not math.isfinite(usd):
        return MISSING
    amount = abs(usd)
    if 0 < amount < 0.00005:
        return "<$0.0001" if usd > 0 else ">−$0.0001"
    decimals = 4 if 0 < amount < 0.01 else 2 if amount < 1_000 else 0
    return f"{'−' if usd < 0 else ''}${amount:,.{decimals}f}"


def percent_text(percent: float | None, decimals: int = 0) -> str:
    """Write per cent with a fixed number of decimals."""
    if percent is None or not math.isfinite(percent):
        return MISSING
    return _signed(f"{percent:,.{decimals}f} %")


def share_text(share: float | None) -> str:
    """Write a share of 0-1 as per cent; 0 % and 100 % only when it is that, below 0 too."""
    if share is None or not math.isfinite(share):
        return MISSING
    percent, sign = abs(share) * 100, "−" if share < 0 else ""
    if 99.5 <= percent < 100:
        return f"{'<' if sign else '>'}{sign}99 %"
    if 0 < percent <= 0.5:
        return f"{'>' if sign else '<'}{sign}1 %"
    return percent_text(share * 100)


def change_text(share: float | None, decimals: int = 0) -> str:
    """Write a relative change with its sign, for example ``+12 %``; without one where it is 0."""
    text = percent_text(None if share is None else share * 100, decimals)
    digits = text.removeprefix("−")
    if not digits.strip("0.% "):
        return digits
    return f"+{text}" if digits == text != MISSING else text


def duration_text(hours: float | None) -> str:
    """Write a length of time: hours below three days, days below two years, else years."""
    if hours is None or not math.isfinite(hours):
        return MISSING
    if hours < 72:
        return f"{number(hours, 2)} h" if hours < 10 else f"{hours:.0f} h"
    return f"{hours / 24:,.0f} days" if hours < 17_520 else f"{hours / 8_760:,.0f} years"


def age_text(hours: float) -> str:
    """How old something is: ``less than 1 h old``, ``71 h old`` or ``3 days old``."""
    whole = round(hours)
    if whole < 1:
        return "less than 1 h old"
    return f"{whole} h old" if whole < 72 else f"{duration_text(whole)} old"


def moment_text(moment: datetime) -> str:
    """Write a moment to the minute in UTC, for example ``29 Nov 21:45 UTC``."""
    return f"{moment.astimezone(UTC):%d %b %H:%M} UTC"


def until_text(end: datetime, hour: datetime) -> str:
    """Up to when figures are, whose last hour may be the running one, which is not over yet."""
    if end <= hour:
        return f"until {moment_text(end)}"
    return f"to {moment_text(hour)}, that hour included"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Write a number of things, for example ``1 day`` or ``1,200 days``."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def with_article(name: str) -> str:
    """A name behind “a” or “an” as it is spoken: codes such as m5 or io1 letter by letter."""
    is_spelled = re.match(r"(?!mac)[a-z]+[-\d]", name)
    return f"{'an' if name[:1] in ('aefhilmnorsx' if is_spelled else 'aeio') else 'a'} {name}"


def _row(value: float, scale: Scale) -> tuple[float, str, float]:
    # Rounding is done first, so that 999.96 g reads 1.00 kg and never 1,000 g.
    rounded = abs(float(f"{value:.3g}"))
    return next((row for row in scale if rounded >= row[0]), scale[-1])


def _signed(text: str) -> str:
    """The typographic minus, as wide as a plus; none before a zero."""
    digits = text.removeprefix("-")
    return text if digits == text else digits if not digits.strip("0.,% ") else f"−{digits}"

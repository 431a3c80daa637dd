"""The look of the workbook: formats of cells, and how texts and numbers are written into them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from spectra.reporting.faces.text import plain, unit_text
from spectra.reporting.parts import Cell, Unit
from spectra.units import GRAMS_PER, MISSING

_LONGEST = 32_000  # a cell holds 32,767 characters

_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "strong": {"bold": True, "font_color": "#0b6e4f"},
    "caption": {"bold": True},
    "muted": {"font_color": "#5d6863"},
    "id": {"font_color": "#5d6863", "indent": 1},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "link": {"font_color": "#0b6e4f", "underline": 1},
    "head": {"bold": True, "bg_color": "#f2f6f4", "bottom": 1, "text_wrap": True, "valign": "top"},
    "total": {"bold": True, "top": 1},
    "text": {},
}
_NUMBERS = {
    "any": "General", "count": "#,##0", "share": "0.0%", "gCO2e": "#,##0.0000", "USD": "$#,##0.00",
    "kWh": "#,##0.0", "day": "yyyy-mm-dd", "time": 'yyyy-mm-dd hh:mm "UTC"',
}  # fmt: skip
_PLAIN_NUMBER = "#,##0.0000"
_SMALL, _NEARLY = 1e-3, 0.9995  # below and above it the plain form has too few digits
# A pattern with conditions would do, but LibreOffice writes no minus in one.
_EDGES = {"small": "#,##0.000000000", "nearly": '">99.9%"'}


class Look:
    """The formats of one workbook; ``*`` marks that of a total, or of a number's heading."""

    def __init__(self, book: Any) -> None:
        base = {"font_name": "Calibri", "font_size": 10}
        self._formats = {name: book.add_format(base | f) for name, f in _FORMATS.items()}
        self._formats["head*"] = book.add_format(base | _FORMATS["head"] | {"align": "right"})
        total = _FORMATS["total"]
        for name, pattern in {**_NUMBERS, **_EDGES, "number": _PLAIN_NUMBER}.items():
            # The space keeps a number off a text in the next column.
            spaced = pattern if pattern == "General" else f"{pattern}_)"
            shown = {"num_format": spaced, "align": "right"}
            self._formats[name] = book.add_format(base | shown)
            self._formats[f"{name}*"] = book.add_format(base | shown | total)

    def __getitem__(self, name: str) -> Any:
        return self._formats[name]

    def text(self, sheet: Any, row: int, column: int, text: str, form: str = "text") -> None:
        """Write a text that stays one, whatever it begins with."""
        sheet.write_string(row, column, plain(text)[:_LONGEST], self[form])

    def number(  # noqa: PLR0913, PLR0917 (a cell, its place and its look)
        self, sheet: Any, row: int, column: int, value: float | None, form: str,
        missing: str = MISSING,
    ) -> None:  # fmt: skip
        """Write a number in its base unit; an unknown one is said in words."""
        if value is None or not math.isfinite(value):
            sheet.write_string(row, column, missing, self["muted"])
        else:
            sheet.write_number(row, column, value, self[_edge(form, value)])

    def value(  # noqa: PLR0913, PLR0917 (a cell, its place and its unit)
        self, sheet: Any, row: int, column: int, cell: Cell, unit: Unit, mass_unit: str,
        *, total: bool = False, missing: str = MISSING,
    ) -> None:  # fmt: skip
        """Write a cell of the report; a mass in the report's unit of mass."""
        form = self.form(unit, total=total)
        if isinstance(cell, datetime):
            naive = cell.astimezone(UTC).replace(tzinfo=None)
            sheet.write_datetime(row, column, naive, form)
        elif isinstance(cell, bool):
            sheet.write_string(row, column, "yes" if cell else "no", self["text"])
        elif isinstance(cell, str):
            self.text(sheet, row, column, cell, "total" if total else "text")
        elif cell is None or not math.isfinite(cell):
            sheet.write_string(
                row, column, missing if unit else "–", form if unit else self["text"]
            )
        else:
            value = cell / self.per_unit(unit, mass_unit)
            sheet.write_number(row, column, value, self.form(unit, value, total=total))

    def form(self, unit: Unit, value: float = 0.0, *, total: bool = False) -> Any:
        """The format of a unit's numbers, and of a value that would read as 0 or 100 % in it."""
        if not unit:
            return self["total" if total else "text"]
        name = unit if unit in _NUMBERS else "number"
        return self[f"{_edge(name, value)}{'*' if total else ''}"]

    @staticmethod
    def per_unit(unit: Unit, mass_unit: str) -> float:
        """Base units per unit that the sheet shows."""
        return GRAMS_PER[mass_unit] if unit == "gCO2e" else 1.0

    @staticmethod
    def unit_text(unit: Unit, mass_unit: str) -> str:
        """The unit that the sheet shows."""
        return unit if unit in ("USD", "kWh") else unit_text(unit, mass_unit)


def _edge(name: str, value: float) -> str:
    """The format in which a number does not read as the 0 or the 100 % that it is not."""
    if name in ("gCO2e", "number") and 0 < abs(value) < _SMALL:
        return "small"
    return "nearly" if name == "share" and _NEARLY <= value < 1 else name

"""Reads one reference table as declared and says file, line and value of the first bad cell."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from spectra.errors import CatalogError

NEXT_STEP = "Correct the value or restore the file from the release."
# Line 1 is the header; quoted line breaks do not occur in these tables.
FIRST_DATA_LINE = 2


@dataclass(frozen=True, slots=True)
class Column:
    """What one column must hold.

    Attributes
    ----------
    kind
        "text", "number", "whole" (an integer), "flag" (True or False) or "date".
    low, high
        Allowed range, both ends included; for numbers only.
    above
        Exclusive lower bound; for numbers only.
    optional
        True where an empty cell means "not known".
    unit
        Written behind the range in the message.
    """

    name: str
    kind: Literal["text", "number", "whole", "flag", "date"] = "text"
    low: float | None = None
    high: float | None = None
    above: float | None = None
    optional: bool = False
    unit: str = ""


def refuse(path: Path, frame: pd.DataFrame, bad: pd.Series[bool], column: str, why: str) -> None:
    """Raise for the first row where ``bad`` is True, naming key, column and value."""
    if not bad.any():
        return
    index = int(bad.to_numpy().argmax())
    row = frame.iloc[index]
    key = row.iloc[0]
    line = index + FIRST_DATA_LINE
    raise CatalogError(
        f"{path.name} line {line}: {column} is {row[column]!s}, {why} (row {key!s}).",
        next_step=NEXT_STEP,
    )


def read_table(path: Path, columns: Sequence[Column], key: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table and check every cell against its column.

    Parameters
    ----------
    path
        The file; UTF-8, comma-separated.
    columns
        The columns in the order returned; others are ignored.
    key
        Columns that together must not repeat.

    Returns
    -------
    DataFrame
        One row per line, typed; an empty optional number is NaN, an empty optional text "".

    Raises
    ------
    CatalogError
        The file is absent or unreadable, a column is missing, a key repeats, or a cell is
        not what its column declares.
    """
    raw = _read_text(path)
    missing = [column.name for column in columns if column.name not in raw.columns]
    if missing:
        raise CatalogError(f"{path.name} lacks column {', '.join(missing)}.", next_step=NEXT_STEP)
    if raw.empty:
        raise CatalogError(f"{path.name} has no rows.", next_step=NEXT_STEP)
    typed = pd.DataFrame({column.name: _typed(path, raw, column) for column in columns})
    refuse(path, raw, raw.duplicated(list(key)), key[0], f"and repeats the key {', '.join(key)}")
    return typed


def _read_text(path: Path) -> pd.DataFrame:
    """Read every cell as text: "NA" is Namibia, and a line keeps its number."""
    try:
        content = path.read_text(encoding="utf-8")
        return pd.read_csv(
            io.StringIO(content), dtype=str, keep_default_na=False, skip_blank_lines=False
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CatalogError(f"{path.name} cannot be read: {reason}.", next_step=NEXT_STEP) from error


def _typed(path: Path, raw: pd.DataFrame, column: Column) -> pd.Series:
    """Return one column in its type, or raise naming the first bad cell."""
    text = raw[column.name].fillna("")
    if not column.optional:
        refuse(path, raw, text == "", column.name, "which is empty but required")
    if column.kind == "text":
        return text
    if column.kind == "flag":
        refuse(path, raw, ~text.isin(["True", "False"]), column.name, "not True or False")
        return text == "True"
    if column.kind == "date":
        days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
        refuse(path, raw, days.isna(), column.name, "not a date like 2026-01-31")
        return days.dt.date
    return _number(path, raw, column, text)


def _number(path: Path, raw: pd.DataFrame, column: Column, text: pd.Series) -> pd.Series:
    """Return a numeric column, checked for form and range."""
    values = pd.to_numeric(text, errors="coerce").astype(float)
    refuse(path, raw, (text != "") & ~values.abs().lt(float("inf")), column.name, "not a number")
    # 000009 parses as 9 and would pass for a clean grid.
    padded = text.str.match(r"^-?0\d")
    refuse(path, raw, padded, column.name, "written with leading zeros, which looks like a typo")
    outside = pd.Series(False, index=values.index)
    if column.low is not None:
        outside |= values < column.low
    if column.high is not None:
        outside |= values > column.high
    if column.above is not None:
        outside |= values <= column.above
    refuse(path, raw, outside, column.name, f"outside {_range_text(column)}")
    if column.kind == "whole":
        refuse(path, raw, values % 1 != 0, column.name, "not a whole number")
        return values.astype("int64")
    return values


def _range_text(column: Column) -> str:
    """Describe the allowed range in words."""
    parts = []
    if column.above is not None:
        parts.append(f"above {column.above:g}")
    if column.low is not None and column.high is not None:
        parts.append(f"{column.low:g} to {column.high:g}")
    elif column.low is not None:
        parts.append(f"at least {column.low:g}")
    elif column.high is not None:
        parts.append(f"at most {column.high:g}")
    return f"{' and '.join(parts)} {column.unit}".strip()

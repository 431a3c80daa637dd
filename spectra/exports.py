"""Files for spreadsheets: what people typed into tags stays text there."""

from __future__ import annotations

import pandas as pd

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8 with a byte order mark; text that looks like a formula gets a ``'``.

    Numbers stay as they are, negative ones too; an unknown value is an empty cell.
    """
    safe = frame.copy()
    for column in safe.columns:
        if safe[column].dtype == object or isinstance(safe[column].dtype, pd.StringDtype):
            safe[column] = safe[column].map(_neutral, na_action="ignore")
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _neutral(value: object) -> object:
    # One that is guarded already is guarded again, so that taking one mark off gives it back.
    is_formula = isinstance(value, str) and value.lstrip("'").startswith(_FORMULA)
    return f"'{value}" if is_formula else value

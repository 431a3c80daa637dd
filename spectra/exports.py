"""Files for spreadsheets: what people typed into tags stays text there."""

from __future__ import annotations

import re

import pandas as pd

from spectra.store.hashing import digest

# What a spreadsheet may take for the beginning of a formula: a line or cell of its own, or a sign,
# wide ones too, after what is not seen or thrown away on the way in.
_UNSEEN = r"[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*"
_FORMULA = re.compile(rf"'*(?:[\t\r\n]|{_UNSEEN}[-=+@＝＋－＠])")
_MOST_LETTERS = 40  # of one part of a file's name
_TEXT_TYPES = (pd.StringDtype, pd.CategoricalDtype)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8 with a byte order mark; text that looks like a formula gets a ``'``.

    Numbers stay as they are, negative ones too; an unknown value is an empty cell. A null character
    is left out: many readers end the file there.
    """
    safe = frame.copy()
    for column in safe.columns:
        if isinstance(safe[column].dtype, _TEXT_TYPES) or safe[column].dtype == object:
            safe[column] = safe[column].astype(object).map(neutral, na_action="ignore")
    safe.columns = [neutral(name) for name in safe.columns]
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def file_stem(*parts: str) -> str:
    """The name of a file without its ending: parts of letters, digits and dashes.

    A part that is not all of these gives its hash, too: files of two teams never share a name.

    >>> file_stem("chargeback", "2026-11", "web")
    'chargeback_2026-11_web'
    """
    return "_".join(map(_plain, parts))


def _plain(part: str) -> str:
    kept = re.sub(r"[^\w-]+", "-", part).strip("-")[:_MOST_LETTERS]
    return kept if kept == part else f"{kept}-{digest(part)[:6]}".lstrip("-")


def neutral(value: object) -> object:
    """A value for a cell: text that looks like a formula gets a ``'``, anything else is as it was.

    One that is guarded already is guarded again, so that `unguarded` gives it back.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\x00", "")
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Text as it was before `neutral`.

    >>> unguarded(neutral("=1"))
    '=1'
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text

"""Budgets as a CSV file: one row per amount and effective date, to edit and to read back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import NamedTuple, cast

import pandas as pd

from spectra import moments
from spectra.errors import InputError
from spectra.exports import csv_bytes, unguarded
from spectra.insight.budgets import Kind, Version
from spectra.store import Store, budget_log
from spectra.store.budget_log import Basis, Budget, Profile, Scope, new_budget
from spectra.units import GRAMS_PER, GRAMS_PER_KG

COLUMNS = ("scope_kind", "scope_key", "period_kind", "basis", "profile", "valid_from", "amount",
           "unit", "note")  # fmt: skip
_REQUIRED = ("scope_kind", "scope_key", "period_kind", "valid_from", "amount", "unit")
# More than mankind emits in a century.
MAX_GRAMS = 1e19
MAX_ROWS, MAX_BYTES = 20_000, 10_000_000
# Days that calendars and pandas agree on.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


class Imported(NamedTuple):
    """What a file brought."""

    created: int
    changed: int
    unchanged: int


class Row(NamedTuple):
    """One amount of a budget."""

    budget: Budget
    version: Version


def export_budgets(store: Store, today: date) -> bytes:
    """All budgets that are open on a day with every amount in force, in kg."""
    versions = budget_log.versions(store)
    rows = [
        (b.scope_kind, b.scope_key, b.period_kind, b.basis, b.profile, v.valid_from.isoformat(),
         v.grams / GRAMS_PER_KG, "kg", b.note)
        for b in _open(store, today).values()
        for v in versions.get(b.budget_id, [])
    ]  # fmt: skip
    return csv_bytes(pd.DataFrame(rows, columns=list(COLUMNS)))


def read_budgets(content: bytes) -> list[Row]:
    """Read a file of budgets; nothing is kept yet.

    Raises
    ------
    InputError
        If a column is missing or a row cannot be used; names the line.
    """
    if len(content) > MAX_BYTES:
        raise InputError(
            f"The file has {len(content) / 1e6:.0f} MB.",
            next_step=f"Use at most {MAX_BYTES / 1e6:.0f} MB.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", next_step="Save it as CSV UTF-8.") from None
    try:
        return _rows(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(
            f"The file cannot be read as CSV: {error}.",
            next_step="Save it as CSV with commas, texts in double quotes.",
        ) from None


def _rows(reader: csv.DictReader[str]) -> list[Row]:
    missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"The file lacks the columns {', '.join(missing)}.",
            next_step=f"Its first line names {', '.join(COLUMNS)}.",
        )
    rows = [_row(raw, reader.line_num) for raw in islice(reader, MAX_ROWS)]
    if not rows or next(reader, None) is not None:
        said = f"more than {MAX_ROWS}" if rows else "0"
        raise InputError(f"The file has {said} rows.", next_step=f"Use 1 to {MAX_ROWS}.")
    return rows


def import_budgets(store: Store, content: bytes, today: date | None = None) -> Imported:
    """Keep the budgets of a file: new ones are added, what differs is set anew.

    All of it or nothing is kept. An empty note leaves what is kept, an empty profile is
    even.
    """
    known = budget_log.versions(store)
    today = today or moments.today()
    open_ones = _open(store, today)
    created = changed = unchanged = 0
    brought = []
    for budget, versions in _grouped(read_budgets(content)):
        kept = open_ones.get(budget.subject)
        old = {v.valid_from: v.grams for v in known.get(kept.budget_id, [])} if kept else {}
        new = [v for v in versions if not _same(old.get(v.valid_from), v.grams)]
        told = budget if kept is None else _told(kept, budget)
        is_changed = kept is not None and (bool(new) or told != kept)
        created, changed = created + (kept is None), changed + is_changed
        unchanged += kept is not None and not is_changed
        if is_changed or kept is None:
            brought.append((told, new))
    budget_log.keep_all(store, brought, "imported")
    return Imported(created, changed, unchanged)


def _open(store: Store, today: date) -> dict[tuple[str, ...], Budget]:
    """Budgets that are open on a day; where one is set to begin as another ends, the new one."""
    kept = sorted(budget_log.budgets(store, today), key=lambda b: b.closed_on is None)
    return {budget.subject: budget for budget in kept}


def _told(kept: Budget, new: Budget) -> Budget:
    """A kept budget with what a file says of it."""
    return replace(kept, profile=new.profile, note=new.note or kept.note)


def _row(raw: Mapping[str, str | None], line: int) -> Row:
    values = {name: _plain(raw.get(name) or "") for name in COLUMNS}
    try:
        grams = float(values["amount"]) * GRAMS_PER[values["unit"]]
        valid_from = date.fromisoformat(values["valid_from"])
        if not 0 <= grams <= MAX_GRAMS or not FIRST_DAY <= valid_from <= LAST_DAY:
            raise ValueError
    except (ValueError, KeyError):
        raise InputError(
            f"The amount, unit or date of line {line} cannot be used.",
            next_step="Write a number, 0 or more; g, kg or t; and a day such as 2027-01-01.",
        ) from None
    try:
        budget = new_budget(
            cast(Scope, values["scope_kind"]),
            values["scope_key"],
            cast(Kind, values["period_kind"]),
            basis=cast(Basis, values["basis"] or "total_lb"),
            profile=cast(Profile, values["profile"] or "even"),
            note=values["note"],
        )
    except InputError as error:
        raise InputError(f"Line {line}: {error.message}", next_step=error.next_step) from None
    return Row(budget, Version(valid_from, grams))


def _grouped(rows: Iterable[Row]) -> list[tuple[Budget, list[Version]]]:
    """Amounts of one budget together; of one day the last row holds."""
    budgets: dict[tuple[str, ...], Budget] = {}
    amounts: dict[tuple[str, ...], dict[date, Version]] = {}
    for budget, version in rows:
        key = budget.subject
        budgets.setdefault(key, budget)
        amounts.setdefault(key, {})[version.valid_from] = version
    return [(budgets[key], list(found.values())) for key, found in amounts.items()]


def _same(old: float | None, new: float) -> bool:
    return old is not None and math.isclose(old, new, rel_tol=1e-12)


def _plain(text: str) -> str:
    """Text as it was before it was made safe for spreadsheets."""
    return unguarded(text).strip()

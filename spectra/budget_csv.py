"""Budgets as a CSV file: one row per amount and effective date, to edit and to read back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, cast

import pandas as pd

from spectra.errors import InputError
from spectra.exports import csv_bytes
from spectra.insight.budgets import Kind, Version
from spectra.store import Store, budget_log
from spectra.store.budget_log import Basis, Budget, Profile, Scope, new_budget
from spectra.units import GRAMS_PER_KG, GRAMS_PER_TONNE

COLUMNS = ("scope_kind", "scope_key", "period_kind", "basis", "profile", "valid_from", "amount",
           "unit", "note")  # fmt: skip
_GRAMS = {"g": 1.0, "kg": GRAMS_PER_KG, "t": GRAMS_PER_TONNE}
_REQUIRED = ("scope_kind", "scope_key", "period_kind", "valid_from", "amount", "unit")
MAX_ROWS = 20_000


class Imported(NamedTuple):
    """What a file brought."""

    created: int
    changed: int
    unchanged: int


class Row(NamedTuple):
    """One amount of a budget."""

    budget: Budget
    version: Version


def export_budgets(store: Store) -> bytes:
    """All open budgets with every amount in force, in kg."""
    versions = budget_log.versions(store)
    rows = [
        (b.scope_kind, b.scope_key, b.period_kind, b.basis, b.profile, v.valid_from.isoformat(),
         v.grams / GRAMS_PER_KG, "kg", b.note)
        for b in budget_log.budgets(store)
        if b.closed_on is None
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
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", next_step="Save it as CSV UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"The file lacks the columns {', '.join(missing)}.",
            next_step=f"Its first line names {', '.join(COLUMNS)}.",
        )
    rows = [_row(raw, reader.line_num) for raw in reader]
    if not rows or len(rows) > MAX_ROWS:
        raise InputError(f"The file has {len(rows)} rows.", next_step=f"Use 1 to {MAX_ROWS}.")
    return rows


def import_budgets(store: Store, content: bytes) -> Imported:
    """Keep the budgets of a file: new ones are added, an amount that differs is set anew."""
    known = budget_log.versions(store)
    created = changed = unchanged = 0
    for budget, versions in _grouped(read_budgets(content)):
        kept = budget_log.find(store, budget)
        old = {v.valid_from: v.grams for v in known.get(kept.budget_id, [])} if kept else {}
        new = [v for v in versions if not _same(old.get(v.valid_from), v.grams)]
        created, changed = created + (kept is None), changed + (kept is not None and bool(new))
        unchanged += kept is not None and not new
        if new or kept is None:
            budget_log.keep(store, kept or budget, new, "imported")
    return Imported(created, changed, unchanged)


def _row(raw: Mapping[str, str | None], line: int) -> Row:
    values = {name: _plain(raw.get(name) or "") for name in COLUMNS}
    try:
        grams = float(values["amount"]) * _GRAMS[values["unit"]]
        valid_from = date.fromisoformat(values["valid_from"])
        if not math.isfinite(grams) or grams < 0:
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
        key = (budget.scope_kind, budget.scope_key, budget.period_kind, budget.basis)
        budgets.setdefault(key, budget)
        amounts.setdefault(key, {})[version.valid_from] = version
    return [(budgets[key], list(found.values())) for key, found in amounts.items()]


def _same(old: float | None, new: float) -> bool:
    return old is not None and math.isclose(old, new, rel_tol=1e-12)


def _plain(text: str) -> str:
    """Text as it was before it was made safe for spreadsheets."""
    is_guarded = text.startswith("'") and text[1:2] in "=+-@\t\r"
    return (text[1:] if is_guarded and len(text) > 1 else text).strip()

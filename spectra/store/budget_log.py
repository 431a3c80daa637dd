"""Budgets as kept, with their amounts by effective date, and the rules of allocation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args
from uuid import uuid4

import pandas as pd

from spectra.errors import InputError
from spectra.insight.allocation import Rules
from spectra.insight.budgets import KINDS, Kind, Version
from spectra.store.database import Store
from spectra.store.tags import fold

# Budgets of the demo company go with it.
DEMO_PREFIX = "demo-"
Scope = Literal["team", "environment", "tag"]
Basis = Literal["total_lb", "scope2_lb", "scope3"]
Profile = Literal["even", "weekly"]
SCOPES, BASES, PROFILES = get_args(Scope), get_args(Basis), get_args(Profile)


@dataclass(frozen=True, slots=True)
class Budget:
    """A carbon budget of one scope on one declared basis.

    Attributes
    ----------
    scope_key : str
        A team or environment, or a tag as ``key=value``; folded like the tags themselves.
    basis : str
        ``total_lb`` is the provider view, scope 2 location-based and scope 3; ``scope2_lb`` and
        ``scope3`` are its parts.
    profile : str
        How the plan is spread over the hours: ``even``, or as the load runs over the week.
    """

    budget_id: str
    scope_kind: Scope
    scope_key: str
    period_kind: Kind
    basis: Basis = "total_lb"
    profile: Profile = "even"
    note: str = ""
    closed_on: date | None = None

    @property
    def subject(self) -> tuple[str, ...]:
        """What one budget is kept of at a time: scope, period and basis."""
        return self.scope_kind, self.scope_key, self.period_kind, self.basis

    @property
    def name(self) -> str:
        """What it is of, for people."""
        return self.scope_key if self.scope_kind != "environment" else f"{self.scope_key} (env)"


def new_budget(  # noqa: PLR0913 (what a budget is)
    scope_kind: Scope,
    scope_key: str,
    period_kind: Kind,
    *,
    basis: Basis = "total_lb",
    profile: Profile = "even",
    note: str = "",
) -> Budget:
    """A budget that is not kept yet.

    Raises
    ------
    InputError
        If a part of it is none of those there are.
    """
    given: tuple[str, ...] = (scope_kind, period_kind, basis, profile)
    offered: tuple[tuple[str, ...], ...] = (SCOPES, KINDS, BASES, PROFILES)
    for value, known in zip(given, offered, strict=True):
        if value not in known:
            raise InputError(
                f"A budget cannot be of “{value}”.", next_step=f"Use {', '.join(known)}."
            )
    key = fold(scope_key)
    if scope_kind == "tag":
        tag, _, tagged = (part.strip() for part in key.partition("="))
        if not tag or not tagged:
            raise InputError("The tag of a budget has no value.", next_step="Write key=value.")
        key = f"{tag}={tagged}"
    if not key:
        raise InputError(
            "A budget is of nothing yet.", next_step="Name a team, an environment or a tag."
        )
    return Budget(uuid4().hex[:12], scope_kind, key, period_kind, basis, profile, note.strip())


def budgets(store: Store, on: date | None = None) -> list[Budget]:
    """Budgets by name; those that are closed on a day are left out when one is given."""
    rows = (
        store.cursor()
        .execute(
            "SELECT budget_id, scope_kind, scope_key, period_kind, basis, profile, note, closed_on "
            "FROM budgets WHERE $on IS NULL OR closed_on IS NULL OR closed_on > $on::DATE "
            "ORDER BY scope_kind, scope_key, period_kind, basis",
            {"on": on},
        )
        .fetchall()
    )
    return [Budget(*row) for row in rows]


def find(store: Store, like: Budget, on: date) -> Budget | None:
    """The budget of the same scope, period and basis that is kept on a day, or from then on."""
    return next((kept for kept in budgets(store, on) if kept.subject == like.subject), None)


def keep(
    store: Store,
    budget: Budget,
    versions: Iterable[Version],
    note: str = "",
    taken_back: Collection[date] = (),
) -> None:
    """Add a budget or change what it says of itself, and add versions of its amount.

    Parameters
    ----------
    taken_back : collection of date
        Days whose amounts are no longer to be; what was set stays readable.

    Raises
    ------
    InputError
        If an amount is negative or not a number.
    """
    keep_all(store, [(budget, list(versions))], note, {budget.budget_id: taken_back})


def keep_all(
    store: Store,
    changes: Sequence[tuple[Budget, Sequence[Version]]],
    note: str = "",
    taken_back: Mapping[str, Collection[date]] = {},
) -> None:
    """The same of many budgets, all or none."""
    if any(not 0 <= version.grams < float("inf") for _, rows in changes for version in rows):
        raise InputError("The amount of a budget is a number of grams, 0 or more.")
    if not changes:
        return
    now = datetime.now(UTC)
    said = pd.DataFrame([asdict(budget) for budget, _ in changes]).assign(created_at=now)
    gone = [(key, day, None, "taken back", now) for key, days in taken_back.items() for day in days]
    amounts = pd.DataFrame(
        gone
        + [(b.budget_id, v.valid_from, v.grams, note, now) for b, rows in changes for v in rows],
        columns=["budget_id", "valid_from", "grams", "note", "created_at"],
    )
    with store.write() as cursor:
        cursor.register("incoming", said)
        cursor.execute(
            """
            INSERT INTO budgets BY NAME SELECT * REPLACE (closed_on::DATE AS closed_on)
            FROM incoming ON CONFLICT (budget_id)
            DO UPDATE SET profile = excluded.profile, note = excluded.note,
                closed_on = excluded.closed_on
            """
        )
        cursor.unregister("incoming")
        if not amounts.empty:
            cursor.register("incoming", amounts)
            cursor.execute("INSERT INTO budget_versions BY NAME SELECT * FROM incoming")
            cursor.unregister("incoming")


def versions(store: Store) -> dict[str, list[Version]]:
    """Amounts in force by budget, by effective date."""
    rows = (
        store.cursor()
        .execute(
            "SELECT budget_id, valid_from, last(grams ORDER BY created_at, rowid) AS held "
            "FROM budget_versions GROUP BY ALL HAVING held IS NOT NULL ORDER BY ALL"
        )
        .fetchall()
    )
    found: dict[str, list[Version]] = {}
    for budget_id, valid_from, grams in rows:
        found.setdefault(budget_id, []).append(Version(valid_from, grams))
    return found


def version_history(store: Store, budget_id: str) -> pd.DataFrame:
    """Every amount that was ever set: valid_from, grams, note, created_at; the latest first.

    A row without grams takes back what was set for its day.
    """
    return store.frame(
        "SELECT valid_from, grams, note, created_at FROM budget_versions WHERE budget_id = ? "
        "ORDER BY created_at DESC, rowid DESC",
        [budget_id],
    )


def keep_rules(store: Store, rules: Rules, valid_from: date, note: str = "") -> None:
    """Put rules of allocation in force from a UTC day on."""
    with store.write() as cursor:
        cursor.execute(
            "INSERT INTO allocation_rules VALUES (?, ?, ?, ?)",
            [valid_from, rules.to_json(), note, datetime.now(UTC)],
        )


def rules_by_day(store: Store) -> list[tuple[date, Rules]]:
    """Rules of allocation with the day they come into force, in order; none before the first."""
    rows = (
        store.cursor()
        .execute(
            "SELECT valid_from, arg_max(rules, (created_at, rowid)) FROM allocation_rules "
            "GROUP BY ALL ORDER BY ALL"
        )
        .fetchall()
    )
    return [(day, Rules.from_json(text)) for day, text in rows]


def rules_history(store: Store) -> pd.DataFrame:
    """Every version of the rules: valid_from, note, created_at, rules (JSON); the latest first."""
    return store.frame(
        "SELECT valid_from, note, created_at, rules FROM allocation_rules "
        "ORDER BY created_at DESC, rowid DESC"
    )

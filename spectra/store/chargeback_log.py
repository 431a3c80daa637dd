"""Chargeback statements as they were exported: manifests in a chain, and what each said.

The head of the chain is kept apart, so that an export dropped at the end is seen as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.errors import InputError
from spectra.store.database import Store, set_meta
from spectra.store.hashing import canonical, digest

LINE_KEYS = ("team", "account_id", "region", "service")
LINE_VALUES = ("total_g", "energy_kwh", "effective_cost_usd")
_HEAD = "chargeback_head"


@dataclass(frozen=True, slots=True)
class Run:
    """One export.

    Attributes
    ----------
    period : str
        Label such as ``2026-11``.
    """

    run_id: str
    period: str
    start: datetime
    end: datetime
    created_at: datetime
    manifest: dict[str, Any]
    total_g: float

    @property
    def canonical(self) -> str:
        """The manifest as canonical JSON."""
        return canonical(self.manifest)

    @property
    def manifest_hash(self) -> str:
        """SHA-256 of it."""
        return digest(self.canonical)


def lines_digest(lines: pd.DataFrame) -> str:
    """SHA-256 of the lines of an export, in whatever order they come."""
    ordered = lines[[*LINE_KEYS, *LINE_VALUES]].sort_values(list(LINE_KEYS))
    values = ordered.astype(dict.fromkeys(LINE_VALUES, float))
    return digest(values.to_csv(index=False, float_format="%.17g", lineterminator="\n"))


def keep(store: Store, run: Run, lines: pd.DataFrame) -> str:
    """Keep an export with its lines; returns the hash of the chain up to it.

    Raises
    ------
    InputError
        If this very export is kept already.
    """
    with store.write(is_fact=False) as cursor:
        known = cursor.execute("SELECT 1 FROM chargeback_runs WHERE run_id = ?", [run.run_id])
        if known.fetchall():
            raise InputError(
                f"The export {run.run_id} of {run.period} is kept already.",
                next_step="Work the statement out anew to keep another one.",
            )
        # By the order in which they came: a clock may have been set back since.
        rows = cursor.execute(
            "SELECT chain_hash FROM chargeback_runs ORDER BY rowid DESC LIMIT 1"
        ).fetchall()
        chain = digest((rows[0][0] if rows else "") + run.manifest_hash)
        cursor.execute(
            "INSERT INTO chargeback_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [run.run_id, run.period, run.start, run.end, run.created_at, run.canonical,
             run.manifest_hash, chain, run.total_g],
        )  # fmt: skip
        if not lines.empty:
            cursor.register("incoming", lines.assign(run_id=run.run_id))
            cursor.execute("INSERT INTO chargeback_lines BY NAME SELECT * FROM incoming")
            cursor.unregister("incoming")
        set_meta(cursor, _HEAD, chain)
    return chain


def last_run(store: Store, period: str, *, is_demo: bool = False) -> Run | None:
    """The last export of a period, of the demo company or else a real fleet; None without one."""
    row = store.row(
        'SELECT run_id, "period", "start", "end", created_at, manifest, total_g '
        'FROM chargeback_runs WHERE "period" = ? '
        "AND coalesce((manifest::JSON->>'is_demo')::BOOLEAN, false) = ? "
        "ORDER BY rowid DESC LIMIT 1",
        [period, is_demo],
    )
    if row is None:
        return None
    run_id, label, start, end, created_at, manifest, total_g = row
    return Run(run_id, label, start, end, created_at, json.loads(manifest), total_g)


def runs(store: Store) -> pd.DataFrame:
    """All exports, newest first: run_id, period, start, end, created_at, hashes, total_g."""
    return store.frame("SELECT * EXCLUDE (manifest) FROM chargeback_runs ORDER BY rowid DESC")


def lines(store: Store, run_id: str) -> pd.DataFrame:
    """What an export said: team, account_id, region, service, and the sums."""
    return store.frame(
        "SELECT * EXCLUDE (run_id) FROM chargeback_lines WHERE run_id = ? ORDER BY ALL", [run_id]
    )


def chain_holds(store: Store) -> bool:
    """Whether no kept export or line of it was changed, and none dropped.

    An older file does not say which export was its last.
    """
    rows = (
        store.cursor()
        .execute(
            "SELECT run_id, manifest, manifest_hash, chain_hash, total_g FROM chargeback_runs "
            "ORDER BY rowid"
        )
        .fetchall()
    )
    every = store.frame("SELECT * FROM chargeback_lines")
    said_lines = {str(name): lines_digest(part) for name, part in every.groupby("run_id")}
    nothing = lines_digest(every.iloc[:0])
    before = ""
    for run_id, manifest, manifest_hash, chain, total_g in rows:
        if digest(manifest) != manifest_hash or digest(before + manifest_hash) != chain:
            return False
        said = json.loads(manifest)
        kept = {"lines_sha256": said_lines.get(run_id, nothing), "total_g": total_g}
        if any(said.get(name, value) != value for name, value in kept.items()):
            return False
        before = chain
    return store.meta(_HEAD) in (None, before)

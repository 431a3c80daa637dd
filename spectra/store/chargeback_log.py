"""Chargeback statements as they were exported: manifests in a chain, and what each said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.store.database import Store

LINE_KEYS = ("team", "account_id", "region", "service")
LINE_VALUES = ("total_g", "energy_kwh", "effective_cost_usd")


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


def canonical(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def keep(store: Store, run: Run, lines: pd.DataFrame) -> str:
    """Keep an export with its lines; returns the hash of the chain up to it."""
    with store.write(is_fact=False) as cursor:
        rows = cursor.execute(
            "SELECT chain_hash FROM chargeback_runs ORDER BY created_at DESC, rowid DESC LIMIT 1"
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
    return chain


def last_run(store: Store, period: str) -> Run | None:
    """The last export of a period; None before the first."""
    row = store.row(
        'SELECT run_id, "period", "start", "end", created_at, manifest, total_g '
        'FROM chargeback_runs WHERE "period" = ? ORDER BY created_at DESC, rowid DESC LIMIT 1',
        [period],
    )
    if row is None:
        return None
    run_id, label, start, end, created_at, manifest, total_g = row
    return Run(run_id, label, start, end, created_at, json.loads(manifest), total_g)


def runs(store: Store) -> pd.DataFrame:
    """All exports, newest first: run_id, period, start, end, created_at, hashes, total_g."""
    return store.frame(
        "SELECT * EXCLUDE (manifest) FROM chargeback_runs ORDER BY created_at DESC, rowid DESC"
    )


def lines(store: Store, run_id: str) -> pd.DataFrame:
    """What an export said: team, account_id, region, service, and the sums."""
    return store.frame(
        "SELECT * EXCLUDE (run_id) FROM chargeback_lines WHERE run_id = ? ORDER BY ALL", [run_id]
    )


def chain_holds(store: Store) -> bool:
    """Whether no kept export was changed since, and none before the last dropped."""
    rows = (
        store.cursor()
        .execute(
            "SELECT manifest, manifest_hash, chain_hash FROM chargeback_runs "
            "ORDER BY created_at, rowid"
        )
        .fetchall()
    )
    before = ""
    for manifest, manifest_hash, chain in rows:
        if digest(manifest) != manifest_hash or digest(before + manifest_hash) != chain:
            return False
        before = chain
    return True

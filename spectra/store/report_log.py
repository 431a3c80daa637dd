"""Final reports in an append-only chain: ``chain = SHA256(previous chain ‖ record)``.

The record is canonical JSON of everything that a row says, the manifest included, and of the hash
of the report itself, so that no column can be changed unseen. Nothing here changes or deletes a
row. The head is kept apart, so that a report dropped at the end is seen as well. Whoever can write
the file can write a whole new chain: an auditor keeps the last hash, which each report prints.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from spectra.errors import InputError, StoreError
from spectra.moments import in_utc
from spectra.store.database import Store, set_meta
from spectra.store.hashing import canonical, digest

if TYPE_CHECKING:
    import duckdb

FIRST = "0" * 64  # what stands for the hash before the first report
_HEAD = "reports_head"


@dataclass(frozen=True, slots=True)
class Sealing:
    """What a final report says of itself; hashes are SHA-256 in hexadecimal.

    Attributes
    ----------
    scope_key : str
        Period and boundary: a later report of the same scope restates this one.
    manifest : str
        Canonical JSON.
    """

    period: str
    start: datetime
    end: datetime
    scope_key: str
    restates: str
    reason: str
    sealed_at: datetime
    total_lb_g: float
    total_mb_g: float
    manifest: str
    inputs_hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One final report in the chain, without its content."""

    report_id: str
    sequence: int
    period: str
    start: datetime
    end: datetime
    scope_key: str
    restates: str
    reason: str
    sealed_at: datetime
    total_lb_g: float
    total_mb_g: float
    manifest_hash: str
    inputs_hash: str
    content_hash: str
    record: str
    previous_hash: str
    chain_hash: str

    @property
    def manifest(self) -> str:
        """The manifest as canonical JSON."""
        return str(json.loads(self.record)["manifest"])


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold, in words."""

    report_id: str
    what: str


_COLUMNS = ", ".join(f'"{field.name}"' for field in fields(Entry))


def append(store: Store, sealing: Sealing, content: str) -> Entry:
    """Add a final report behind the last one.

    Raises
    ------
    StoreError
        If the chain up to here does not hold: nothing is built on a broken one.
    InputError
        If the report that it restates is not the last of its scope.
    """
    with store.write(is_fact=False) as cursor:
        broken = _breaks(cursor)
        if broken:
            raise StoreError(
                f"The chain of final reports is broken: {broken[0].what}",
                next_step="Restore the database from a copy. Nothing was added.",
            )
        _require_last(cursor, sealing)
        rows = cursor.execute(
            'SELECT "sequence", chain_hash FROM reports ORDER BY "sequence" DESC LIMIT 1'
        ).fetchall()
        before, previous = rows[0] if rows else (0, FIRST)
        made = _entry(sealing, before + 1, previous, digest(content))
        cursor.execute(
            f"INSERT INTO reports ({_COLUMNS}, content) "
            f"VALUES ({', '.join('?' * (len(fields(Entry)) + 1))})",
            [
                *(getattr(made, field.name) for field in fields(Entry)),
                zlib.compress(content.encode()),
            ],
        )
        set_meta(cursor, _HEAD, f"{made.sequence} {made.chain_hash}")
    return made


def head(store: Store) -> str:
    """Number and hash of the last final report, "" before the first: what was sealed so far."""
    return store.meta(_HEAD) or ""


def entries(store: Store) -> list[Entry]:
    """All final reports, the newest first."""
    return _entries(store.cursor())[::-1]


def entry(store: Store, report_id: str) -> Entry:
    """A final report; raises InputError if there is none of this id."""
    found = next((e for e in entries(store) if e.report_id == report_id), None)
    if found is None:
        raise InputError(f"There is no final report “{report_id}”.")
    return found


def content(store: Store, report_id: str) -> str:
    """The report as it was sealed; raises InputError if there is none of this id."""
    row = store.row("SELECT content FROM reports WHERE report_id = ?", [report_id])
    if row is None:
        raise InputError(f"There is no final report “{report_id}”.")
    return zlib.decompress(row[0]).decode()


def sealed(store: Store, report_id: str) -> tuple[Entry, str]:
    """A final report's row and the report itself, both just as they were sealed.

    Raises
    ------
    InputError
        If there is none of this id.
    StoreError
        If its row or its content was changed since: what is left is no final report.
    """
    found = entry(store, report_id)
    packed = store.row("SELECT content FROM reports WHERE report_id = ?", [report_id])
    content = packed[0] if packed else b""
    broken = _own_breaks(found, content)
    if broken:
        raise StoreError(
            f"The final report {report_id} is not as it was sealed: {broken[0].what}",
            next_step="Restore the database from a copy. The other reports can still be had.",
        )
    return found, zlib.decompress(content).decode()


def last_of(newest_first: Iterable[Entry], scope_key: str) -> Entry | None:
    """Of `entries`, the report that stands for a period and boundary; None before the first."""
    return next((e for e in newest_first if e.scope_key == scope_key), None)


def breaks(store: Store) -> list[Break]:
    """Where the chain does not hold, from its first report to its last; empty if it holds."""
    return _breaks(store.cursor())


def _entry(sealing: Sealing, sequence: int, previous: str, content_hash: str) -> Entry:
    known = {
        **asdict(sealing),
        "report_id": f"R{sequence:04d}",
        "sequence": sequence,
        "content_hash": content_hash,
        "manifest_hash": digest(sealing.manifest),
    }
    record = _record(known)
    del known["manifest"]
    return Entry(
        **known, record=record, previous_hash=previous, chain_hash=digest(previous + record)
    )


def _record(known: dict[str, Any]) -> str:
    plain = {
        k: v.astimezone(UTC).isoformat() if isinstance(v, datetime) else v for k, v in known.items()
    }
    return canonical(plain)


def _require_last(cursor: duckdb.DuckDBPyConnection, sealing: Sealing) -> None:
    last = last_of(_entries(cursor)[::-1], sealing.scope_key)
    if sealing.restates != (last.report_id if last else ""):
        raise InputError(
            "Another final report of this period was sealed in the meantime.",
            next_step="Build the report again; nothing was added.",
        )


def _entries(cursor: duckdb.DuckDBPyConnection) -> list[Entry]:
    rows = cursor.execute(f'SELECT {_COLUMNS} FROM reports ORDER BY "sequence"').fetchall()
    return [_read(row) for row in rows]


def _read(row: tuple[Any, ...]) -> Entry:
    values: list[Any] = [in_utc(value) for value in row]
    return Entry(*values)


def _breaks(cursor: duckdb.DuckDBPyConnection) -> list[Break]:
    found = _entries(cursor)
    contents = dict(cursor.execute("SELECT report_id, content FROM reports").fetchall())
    told = [b for e in found for b in _own_breaks(e, contents[e.report_id])]
    if found and (found[0].sequence, found[0].previous_hash) != (1, FIRST):
        told.append(Break(found[0].report_id, "The reports before it are missing."))
    for before, after in pairwise(found):
        if (after.sequence, after.previous_hash) != (before.sequence + 1, before.chain_hash):
            what = f"It does not follow on {before.report_id}: one between was changed or dropped."
            told.append(Break(after.report_id, what))
    heads = cursor.execute("SELECT value FROM meta WHERE name = ?", [_HEAD]).fetchall()
    last = f"{found[-1].sequence} {found[-1].chain_hash}" if found else None
    if last != (heads[0][0] if heads else None):
        name = found[-1].report_id if found else ""
        told.append(Break(name, "The last report is not the one that was sealed last."))
    return told


def _own_breaks(e: Entry, content: bytes) -> list[Break]:
    """What does not fit within one row."""
    try:
        said = json.loads(e.record)
        manifest, text = str(said["manifest"]), zlib.decompress(content).decode()
    except (ValueError, KeyError, TypeError, zlib.error):
        return [Break(e.report_id, "Its record or its content cannot be read any more.")]
    mine = {k: v for k, v in asdict(e).items()
            if k not in ("record", "previous_hash", "chain_hash")}  # fmt: skip
    checks = {
        "Its record was changed.": digest(e.previous_hash + e.record) == e.chain_hash,
        "A column says something else than its record.": (
            _record({**mine, "manifest": manifest}) == e.record
        ),
        "Its manifest was changed.": digest(manifest) == e.manifest_hash,
        "Its content was changed.": digest(text) == e.content_hash,
    }
    return [Break(e.report_id, what) for what, holds in checks.items() if not holds]

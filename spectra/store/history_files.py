"""The folder that history is exported to: Parquet by table and month, and a manifest to trust it.

``FOLDER/manifest.json``, and ``FOLDER/TABLE/year=YYYY/month=MM/part.parquet`` for what has an hour
or a day, ``FOLDER/TABLE/part.parquet`` for the rest. Rows carry natural keys (a resource's ID, a
group's region, team, …), so that they may be read back into any database, and by any other tool.
The retention policy archives a month as ``hours-YYYY-MM``; what came later lies beside it, as
``hours-YYYY-MM.2``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spectra.errors import InputError
from spectra.moments import midnight, next_month
from spectra.store.database import migration_steps
from spectra.store.history_schema import wrong_place
from spectra.units import counted

FORMAT = 1
MANIFEST = "manifest.json"
# A century of months takes less than half of it.
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_GRAMS = "scope2_lb_g + upstream_g + td_g + embodied_g"


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is exported.

    Attributes
    ----------
    select : str
        Its rows with natural keys.
    moment : str
        Column that says which hour or day a row is about; empty for spans, which are kept whole.
    total : str
        What is summed into the manifest; empty for nothing.
    """

    select: str
    moment: str = ""
    total: str = ""


TABLES = {
    "instances": Table("SELECT * EXCLUDE (version_key) FROM instances"),
    "volumes": Table("SELECT * FROM volumes"),
    "intensities": Table("SELECT * FROM intensities", "hour"),
    "intensity_hourly": Table("SELECT * FROM intensity_hourly", "hour"),
    "utilisation": Table(
        "SELECT resource_id, u.* EXCLUDE (resource_key) "
        "FROM utilisation u JOIN resources USING (resource_key)",
        "hour",
        "cpu_avg_pct",
    ),
    "utilisation_filled": Table(
        "SELECT instance_id, valid_from, f.* EXCLUDE (version_key) "
        "FROM utilisation_filled f JOIN instances USING (version_key)",
        "hour",
        "cpu_pct",
    ),
    "costs": Table("SELECT * FROM costs", '"day"', "effective_cost_usd"),
    "provider_emissions": Table("SELECT * FROM provider_emissions", '"month"', "emissions_kg"),
    "emissions_hourly": Table("SELECT * FROM emissions_hourly", "hour", _GRAMS),
    "emissions_daily": Table("SELECT * FROM emissions_daily", '"day"', _GRAMS),
    "rolled_days": Table("SELECT * FROM rolled_days", '"day"'),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its table, month (``YYYY-MM``, empty for spans), rows, size, SHA-256 and sum."""

    path: str
    table: str
    month: str
    rows: int
    size_bytes: int
    sha256: str
    total: float | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export holds.

    Attributes
    ----------
    first_hour, end_hour : datetime
        The hours it is about, `end_hour` exclusive.
    factor_set, method : str
        What its sums were computed with.
    fleets : tuple of str
        Sources of its machines.
    """

    schema_version: int
    exported_at: datetime
    first_hour: datetime
    end_hour: datetime
    factor_set: str
    method: str
    fleets: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def text(self) -> str:
        """What it holds, as one sentence."""
        return (
            f"{counted(self.rows, 'row')} of {counted(len(self.months), 'month')}, "
            f"{self.first_hour:%d %b %Y} to {self.end_hour:%d %b %Y %H:%M} UTC, "
            f"{self.size_bytes / 1e6:,.1f} MB."
        )

    @property
    def months(self) -> list[str]:
        """Months that have files, in order."""
        return sorted({part.month for part in self.parts if part.month})

    def of(self, month: str) -> dict[str, Part]:
        """Files of a month by table; those of spans for the empty one."""
        return {part.table: part for part in self.parts if part.month == month}


def part_path(table: str, month: str) -> str:
    """Where a file lies within the folder."""
    if not month:
        return f"{table}/part.parquet"
    year, number = month.split("-")
    return f"{table}/year={year}/month={number}/part.parquet"


def months_between(first: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Calendar months of [first, end): name, and the part of it within the span."""
    start = first
    while start < end:
        following = midnight(next_month(start))
        yield f"{start:%Y-%m}", start, min(following, end)
        start = following


def archives(folder: Path) -> list[Path]:
    """A month's archive and what was added to it (``hours-2026-03.2``, .3 …), in order.

    Any other folder stands alone.
    """
    match = re.fullmatch(r"(hours-\d{4}-\d{2})(\.\d+)?", folder.name)
    if match is None:
        return [folder]
    added = {
        int(path.name.rpartition(".")[2]): path
        for path in folder.parent.glob(f"{match[1]}.*")
        if path.suffix[1:].isdecimal()
    }
    first = folder.with_name(match[1])
    found = [first] if first.exists() else []
    return found + [added[number] for number in sorted(added)] or [folder]


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest with a hash of its own."""
    values = {"format": FORMAT, **asdict(manifest)}
    text = json.dumps(values, sort_keys=True, default=lambda moment: moment.isoformat())
    sealed = {**json.loads(text), "manifest_sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(sealed, indent=1), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an export, and nothing else of it.

    Raises
    ------
    InputError
        If there is none, it was changed, it is of a newer SPECTRA, or none that SPECTRA writes.
    """
    try:
        values = _read(folder / MANIFEST)
    except (OSError, ValueError, RecursionError):
        raise InputError(
            f"“{folder.name}” is no exported history: its {MANIFEST} is missing or unreadable.",
            next_step="Choose a folder that `history export` wrote. Nothing was changed.",
        ) from None
    if not isinstance(values, dict) or values.get("manifest_sha256") != _hash_of(values):
        raise InputError(
            f"The {MANIFEST} of “{folder.name}” was changed after it was written.",
            next_step="Export again, or take another copy. Nothing was changed.",
        )
    newest = max(migration_steps())
    if _above(values.get("format"), FORMAT) or _above(values.get("schema_version"), newest):
        raise InputError(
            f"“{folder.name}” was exported by a newer SPECTRA; this one knows up to schema "
            f"{newest}.",
            next_step="Update SPECTRA. Nothing was changed.",
        )
    spans = [name for name, table in TABLES.items() if not table.moment]
    place = wrong_place(values, spans, [name for name in TABLES if name not in spans])
    manifest = None if place else _manifest(values)
    if manifest is None or not _is_in_order(manifest):
        where = f" ({place})" if place else ""
        raise InputError(
            f"The {MANIFEST} of “{folder.name}” is none that SPECTRA writes{where}.",
            next_step="Export again, or take another copy. Nothing was changed.",
        )
    return manifest


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        content = file.read(MAX_MANIFEST_BYTES + 1)
    if len(content) > MAX_MANIFEST_BYTES:
        raise ValueError("too large")
    return json.loads(content.decode("utf-8"))


def _above(version: Any, known: int) -> bool:
    return isinstance(version, int) and version > known


def _is_in_order(manifest: Manifest) -> bool:
    """Whether every file has its own place, and hours their order."""
    paths = [part.path for part in manifest.parts]
    return (
        manifest.first_hour < manifest.end_hour
        and len(set(paths)) == len(paths)
        and all(part.path == part_path(part.table, part.month) for part in manifest.parts)
    )


def _hash_of(values: dict[str, Any]) -> str:
    rest = {name: value for name, value in values.items() if name != "manifest_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _manifest(values: dict[str, Any]) -> Manifest:
    exported_at, first_hour, end_hour = (
        datetime.fromisoformat(values[name]) for name in ("exported_at", "first_hour", "end_hour")
    )
    return Manifest(
        values["schema_version"],
        exported_at,
        first_hour,
        end_hour,
        values["factor_set"],
        values["method"],
        tuple(values["fleets"]),
        tuple(Part(**part) for part in values["parts"]),
    )


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest, before anything of them is used.

    Raises
    ------
    InputError
        If one is missing, damaged, or does not belong there; names the first few.
    """
    listed = {part.path: part for part in manifest.parts}
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}
    wrong = [f"{name} is missing" for name in sorted(listed.keys() - found.keys())]
    wrong += [f"{name} does not belong to it" for name in sorted(found.keys() - listed.keys())]
    wrong += [
        f"{name} is damaged"
        for name in sorted(listed.keys() & found.keys())
        if found[name].stat().st_size != listed[name].size_bytes
        or file_hash(found[name]) != listed[name].sha256
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise InputError(
            f"The history in “{folder.name}” cannot be used: {', '.join(wrong[:3])}{more}.",
            next_step="Take another copy of it, or export again. Nothing was changed.",
        )

"""What a workspace holds: datasets with their size, span and age, and their rows for export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from spectra.store.database import Store

# Tables a person may want, with the column that says which moment a row is about.
DATASETS = {
    "intensities": "hour",
    "instances": "valid_from",
    "volumes": "valid_from",
    "utilisation": "hour",
    "costs": '"day"',
    "cost_cuts": '"day"',
    "latency": "measured_at",
    "power_mix": "hour",
    "provider_forecasts": "hour",
    "provider_emissions": '"month"',
    "optimizer_findings": "refreshed_at",
    "emissions_hourly": "hour",
    "emissions_daily": '"day"',
}
COMPUTED = ("emissions_hourly", "emissions_daily")


def datasets(store: Store) -> pd.DataFrame:
    """One row per dataset and source: dataset, source, row_count, first, last, fetched_at."""
    parts = [
        f"SELECT '{table}' AS dataset, source, count(*) AS row_count, "
        f"min({moment})::TIMESTAMPTZ AS first, max({moment})::TIMESTAMPTZ AS last, "
        f"max(fetched_at) AS fetched_at FROM {table} GROUP BY source"
        for table, moment in DATASETS.items()
        if table not in COMPUTED
    ]
    return store.frame(" UNION ALL ".join(parts) + " ORDER BY dataset, source")


def file_size_bytes(store: Store) -> int | None:
    """Size of the database file with its log; None for a store in memory or elsewhere."""
    if not store.is_file:
        return None
    files = (Path(store.path), Path(f"{store.path}.wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def count_between(store: Store, dataset: str, start: datetime, end: datetime) -> int:
    """Rows of a dataset about [start, end)."""
    row = store.row(f"SELECT count(*) FROM {dataset} WHERE {_between(dataset)}", [start, end])
    return int(row[0]) if row else 0


def write_parquet(store: Store, dataset: str, start: datetime, end: datetime, path: Path) -> None:
    """Write the rows of a dataset about [start, end) to a Parquet file."""
    name = str(path).replace("'", "''")
    store.cursor().execute(
        f"COPY (SELECT * FROM {dataset} WHERE {_between(dataset)}) TO '{name}' (FORMAT parquet)",
        [start, end],
    )


def _between(dataset: str) -> str:
    if dataset not in DATASETS:
        raise ValueError(f"not a dataset: {dataset}")
    moment = f"{DATASETS[dataset]}::TIMESTAMPTZ"
    if dataset in ("instances", "volumes"):
        return "coalesce(valid_to, 'infinity') > ? AND valid_from < ?"
    return f"{moment} >= ? AND {moment} < ?"

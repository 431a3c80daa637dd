"""What a workspace holds: datasets with their size, span and age, and their rows for export."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from spectra.store import failures
from spectra.store.database import Store

# Tables a person may want, with the column that says which moment a row is about.
DATASETS = {
    "intensities": "hour",
    "instances": "valid_from",
    "volumes": "valid_from",
    "utilisation": "hour",
    "costs": '"day"',
    "resource_costs": '"day"',
    "latency": "measured_at",
    "power_mix": "hour",
    "provider_forecasts": "hour",
    "provider_emissions": '"month"',
    "optimizer_findings": "refreshed_at",
    "emissions_hourly": "hour",
    "emissions_daily": '"day"',
}
_BATCH_ROWS = 100_000
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
    row = store.row(f"SELECT count(*) FROM {_between(dataset, start, end)}")
    return int(row[0]) if row else 0


def parquet_bytes(store: Store, dataset: str, start: datetime, end: datetime) -> bytes:
    """The rows of a dataset about [start, end) as a Parquet file; no disk sees it on its way."""
    with failures.reading(store.path):
        rows = store.cursor().sql(f"SELECT * FROM {_between(dataset, start, end)}")
        batches = rows.to_arrow_reader(_BATCH_ROWS)
        content = io.BytesIO()
        with pq.ParquetWriter(content, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
    return content.getvalue()


def _between(dataset: str, start: datetime, end: datetime) -> str:
    """The table and the condition on its rows, without parameters: with them nothing streams."""
    if dataset not in DATASETS:
        raise ValueError(f"not a dataset: {dataset}")
    moment = f"{DATASETS[dataset]}::TIMESTAMPTZ"
    first, last = (f"TIMESTAMPTZ '{at.isoformat()}'" for at in (start, end))
    if dataset in ("instances", "volumes"):
        return f"{dataset} WHERE coalesce(valid_to, 'infinity') > {first} AND valid_from < {last}"
    return f"{dataset} WHERE {moment} >= {first} AND {moment} < {last}"

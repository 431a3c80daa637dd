"""The DuckDB store: opening, migrations, bulk writes, the emissions ledger and read queries."""

from spectra.store.database import Store

__all__ = ["Store"]

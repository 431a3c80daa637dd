"""Whom a volume belongs to: its own tags say so, or the machine that it is part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.insight.allocation import UNALLOCATED
from spectra.store.tags import TagRules

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

OWNER = ("team", "environment")


def _first_known(column: str) -> str:
    return f"arg_min(i.{column}, i.valid_from) FILTER (i.{column} <> '{UNALLOCATED}') AS {column}"


def _own_or_followed(column: str) -> str:
    own = f"nullif(o.{column}, '{UNALLOCATED}')"
    return f"coalesce({own}, m.{column}, '{UNALLOCATED}') AS {column}"


# A machine that changes hands is two spans, and so are its volumes from then on; what a span says
# of its owner is what the machine said first.
_OWNED = f"""
    SELECT o.* REPLACE ({", ".join(map(_own_or_followed, OWNER))})
    FROM offered o LEFT JOIN (
        SELECT v.volume_id, v.valid_from, {", ".join(map(_first_known, OWNER))}
        FROM offered v JOIN instances i ON i.instance_id = v.instance_id
            AND coalesce(i.valid_from < v.valid_to::TIMESTAMPTZ, true)
            AND coalesce(i.valid_to > v.valid_from, true)
        GROUP BY ALL) m USING (volume_id, valid_from)
"""


def with_owners(
    cursor: duckdb.DuckDBPyConnection, volumes: pd.DataFrame, rules: TagRules
) -> pd.DataFrame:
    """Add ``team`` and ``environment`` to spans of volumes, read from ``tags`` or the machine's."""
    tagged = rules.with_columns(volumes, *OWNER)
    if tagged.empty:
        return tagged
    cursor.register("offered", tagged)
    rows = cursor.execute(_OWNED).df()
    cursor.unregister("offered")
    return rows

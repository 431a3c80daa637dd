"""Fingerprints of what a report was computed from, so that a later change of it is seen.

A small table is hashed row by row with SHA-256. Telemetry and costs have millions of rows:
each row goes through DuckDB's 64-bit hash, and SHA-256 is taken of their folds by day. That finds
any accidental change, and holds for one version of DuckDB, which is part of the hash. The ledger's
sums are no input: they follow from these, and the last bits of a sum from the order of its rows.
But AWS's figures are shared out by what all teams emitted in a place and month, most of which lies
outside the boundary: that is an input as a sum, rounded to nine digits.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from spectra.store.database import Store
from spectra.store.hashing import digest
from spectra.store.report_sums import COUNTED, months_around, whole_months_sql
from spectra.store.selection import Selection


class Fingerprint(NamedTuple):
    """A table's name, the rows that concern the period, and their SHA-256."""

    name: str
    rows: int
    sha256: str


_LIVED = "valid_from < $end AND coalesce(valid_to > $start, true) AND {filters}"
# What emissions and their sums depend on: a machine that ends after the period, or gets another
# name, changes nothing of it.
_SPAN = "valid_from, CASE WHEN valid_to < $end THEN valid_to END AS valid_to"
_OWNER = "account_id, region, team, environment"
_SMALL = {
    "instances": (
        f"SELECT instance_id, {_SPAN}, {_OWNER}, instance_type, state, asg_name, service_tag "
        f"FROM instances WHERE {_LIVED}"
    ),
    "volumes": f"SELECT volume_id, {_SPAN}, {_OWNER}, volume_type, size_gib FROM volumes "
    f"WHERE {_LIVED}",
    "type_factors": (
        "SELECT * FROM type_factors WHERE instance_type IN (SELECT instance_type FROM instances "
        "WHERE " + _LIVED + ")"
    ),
    "region_factors": "SELECT * FROM region_factors",
    "intensity_hourly": (
        "SELECT * FROM intensity_hourly WHERE hour >= $start AND hour < $end AND zone IN ("
        "SELECT zone FROM region_factors WHERE region IN ("
        f"SELECT region FROM instances WHERE {_LIVED} "
        f"UNION SELECT region FROM volumes WHERE {_LIVED}))"
    ),
    "provider_emissions": (
        f'SELECT * EXCLUDE (fetched_at) FROM ({COUNTED}) WHERE "month" >= '
        "date_trunc('month', $start)::DATE AND \"month\" < $end::DATE"
    ),
}
# Over whole months and all teams: what AWS states of a place is shared out by it.
_SHARED_OUT = {
    "emissions_of_aws_places": (
        "SELECT * REPLACE (printf('%.8e', scope2_lb_g) AS scope2_lb_g) FROM ("
        + whole_months_sql(
            "(region, account_id) IN (SELECT region, account_id FROM provider_emissions "
            'WHERE "month" >= $start::DATE AND "month" < $end::DATE) '
            "AND (region, account_id) IN ("
            f"SELECT region, account_id FROM instances WHERE {_LIVED} "
            f"UNION SELECT region, account_id FROM volumes WHERE {_LIVED})"
        )
        + ")"
    )
}
_LARGE = {
    "utilisation": (
        "hour::DATE",
        "resource_key, hour, cpu_avg_pct, gpu_avg_pct, source",
        "utilisation WHERE hour >= $start AND hour < $end{of_resources}",
    ),
    # What stands in for hours that were not measured follows from hours before the period too.
    "utilisation_filled": (
        "hour::DATE",
        "version_key, hour, cpu_pct, gpu_pct, utilisation_tier",
        "utilisation_filled WHERE hour >= $start AND hour < $end{of_versions}",
    ),
    "costs": (
        '"day"',
        '"day", account_id, region, service, resource_id, purchase_option, billed_cost_usd, '
        "effective_cost_usd, list_cost_usd, source",
        "costs WHERE {days}",
    ),
}


def fingerprints(store: Store, selection: Selection) -> list[Fingerprint]:
    """Fingerprints of all inputs of a period and boundary, in a fixed order."""
    months = selection.between(*months_around(selection.start, selection.end))
    return [
        *(_small(store, selection, *each) for each in _SMALL.items()),
        *(_small(store, months, *each) for each in _SHARED_OUT.items()),
        *(_large(store, selection, name) for name in _LARGE),
    ]


def _small(store: Store, selection: Selection, name: str, select: str) -> Fingerprint:
    select = select.format(filters=selection.sql)
    row = store.row(
        f"""
        SELECT count(*), sha256(coalesce(string_agg(h, '' ORDER BY h), ''))
        FROM (SELECT sha256(row(t)::VARCHAR) AS h FROM ({select}) t)
        """,
        _used(select, selection),
    )
    count, sha256 = row or (0, "")
    return Fingerprint(name, int(count), str(sha256))


def _large(store: Store, selection: Selection, name: str) -> Fingerprint:
    day, columns, source = _LARGE[name]
    filtered = selection.regions or selection.teams or selection.accounts or selection.environments
    mine = f"FROM instances WHERE {selection.sql}"
    of_resources = (
        " AND resource_key IN (SELECT resource_key FROM resources "
        f"WHERE resource_id IN (SELECT instance_id {mine}))"
    )
    source = source.format(
        days=selection.days_sql,
        of_resources=of_resources if filtered else "",
        of_versions=f" AND version_key IN (SELECT version_key {mine})" if filtered else "",
    )
    folds = (
        store.cursor()
        .execute(
            f"""
            SELECT {day} AS d, count(*), bit_xor(hash({columns})),
                sum(hash({columns})::HUGEINT) FROM {source} GROUP BY d ORDER BY d
            """,
            _used(source, selection),
        )
        .fetchall()
    )
    text = "\n".join(str(fold) for fold in [("duckdb", duckdb.__version__), *folds])
    return Fingerprint(name, sum(fold[1] for fold in folds), digest(text))


def _used(sql: str, selection: Selection) -> dict[str, object]:
    """The parameters that a statement names: it refuses any other."""
    return {k: v for k, v in selection.parameters.items() if f"${k}" in sql}

"""SQL macros of the formulas that run over millions of rows, generated from `spectra.carbon`."""

from __future__ import annotations

import hashlib
import math
from contextlib import suppress
from itertools import pairwise

import duckdb

from spectra.carbon import energy, uncertainty, utilisation

# A percentage within 0-100; greatest() and least() alone would turn "unknown" into 0.
_CLIP_PCT = """
CREATE OR REPLACE MACRO clip_pct(pct) AS
CASE WHEN pct IS NULL OR isnan(pct) THEN NULL ELSE least(greatest(pct::DOUBLE, 0), 100) END
"""

# The CCF line of `energy.ccf_watts` as energy at the meter: the low sensitivity.
_CCF_KWH = """
CREATE OR REPLACE MACRO ccf_kwh(share, pue, cpu_pct, gpu_pct, idle, slope, gpu_idle, gpu_max) AS
share * pue / 1000 * (idle + slope * cpu_pct + gpu_idle
                      + coalesce(gpu_pct, 0) / 100 * (gpu_max - gpu_idle))
"""

# Spread of an unknown load: of CPU and accelerator, or of the accelerator alone where the CPU's is
# not the default.
_UNKNOWN_SIGMA = f"""
CREATE OR REPLACE MACRO unknown_sigma(cpu_pct, default_sigma, gpu_sigma) AS
CASE WHEN cpu_pct = {utilisation.DEFAULT_CPU_PCT} THEN default_sigma ELSE gpu_sigma END
"""

# `scopes.upstream_g_per_kwh`.
_UPSTREAM = "CREATE OR REPLACE MACRO upstream(direct, lifecycle) AS greatest(lifecycle - direct, 0)"

# One number for a region and an hour.
_SLOT = """
CREATE OR REPLACE MACRO slot(region_key, hour) AS epoch_us(hour) // 3600000000 * 1000 + region_key
"""

# Share of the hour that a span of history covers; 1 for nearly all rows, so tested first.
_SPAN_SHARE = """
CREATE OR REPLACE MACRO span_share(valid_from, valid_to, hour) AS
CASE WHEN valid_from <= hour AND coalesce(valid_to >= hour + INTERVAL 1 HOUR, true) THEN 1.0::DOUBLE
     ELSE (epoch_us(least(coalesce(valid_to, hour + INTERVAL 1 HOUR), hour + INTERVAL 1 HOUR))
           - epoch_us(greatest(valid_from, hour))) / 3600e6 END
"""


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace the macros, so that they can never lag behind the Python.

    Those that are there already are not written again: a file on a full disk still opens.
    """
    statements = (
        _watts(),
        _intensity_sigma(),
        _utilisation_sigma(),
        _UNKNOWN_SIGMA,
        _storage_watts(),
        _storage_sigma(),
        f"CREATE OR REPLACE MACRO default_gpu_pct() AS {utilisation.DEFAULT_GPU_PCT}::DOUBLE",
        _SPAN_SHARE,
        _CLIP_PCT,
        _CCF_KWH,
        _UPSTREAM,
        _SLOT,
    )
    fingerprint = hashlib.sha256("".join(statements).encode()).hexdigest()
    with suppress(duckdb.CatalogException):
        if connection.execute("SELECT macros_fingerprint()").fetchall() == [(fingerprint,)]:
            return
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"CREATE OR REPLACE MACRO macros_fingerprint() AS '{fingerprint}'")


def _watts() -> str:
    """``host_watts``: the piecewise-linear power curve of `energy.interpolate_watts`."""
    loads = energy.LOAD_POINTS_PCT
    pieces = " ".join(
        f"WHEN cpu_pct < {high} THEN w{i} + (w{i + 1} - w{i}) * (cpu_pct - {low}) / {high - low}"
        for i, (low, high) in enumerate(pairwise(loads))
    )
    return (
        f"CREATE OR REPLACE MACRO host_watts(cpu_pct, w0, w1, w2, w3) AS CASE {pieces} ELSE w3 END"
    )


def _intensity_sigma() -> str:
    cases = " ".join(
        f"WHEN '{tier}' THEN {math.log(gsd)}::DOUBLE"
        for tier, gsd in uncertainty.INTENSITY_GSD.items()
    )
    return f"CREATE OR REPLACE MACRO intensity_sigma(tier) AS CASE tier {cases} END"


def _utilisation_sigma() -> str:
    cases = " ".join(
        f"WHEN {tier} THEN {math.log(gsd)}::DOUBLE"
        for tier, gsd in uncertainty.UTILISATION_GSD.items()
    )
    return (
        "CREATE OR REPLACE MACRO utilisation_sigma(tier, default_sigma) AS "
        f"CASE tier {cases} ELSE default_sigma END"
    )


def _storage_watts() -> str:
    """``storage_watts``: IT power of a volume of so many GiB as in `energy.storage_wh`, of GB."""
    hdd = ", ".join(f"'{name}'" for name in sorted(energy.HDD_VOLUME_TYPES))
    return (
        "CREATE OR REPLACE MACRO storage_watts(size_gib, volume_type) AS "
        f"size_gib * {energy.GIB_TO_GB} / 1000.0 * "
        f"CASE WHEN volume_type IN ({hdd}) THEN {energy.HDD_WH_PER_TB_H} "
        f"ELSE {energy.SSD_WH_PER_TB_H} END * {energy.EBS_REPLICATION}"
    )


def _storage_sigma() -> str:
    sigma = math.log(uncertainty.POWER_GSD["C"])
    return f"CREATE OR REPLACE MACRO storage_sigma() AS {sigma}::DOUBLE"

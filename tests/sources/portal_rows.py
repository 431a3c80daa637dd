"""Rows and headers of portal files, for the tests of their reader."""

from __future__ import annotations

from io import BytesIO, StringIO

import pandas as pd
import pytest

from spectra.errors import InputError
from spectra.sources.electricity_maps_csv import PortalFile, read_portal_file

HEADER_A = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),"
    "Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,"
    "Data Source,Data Estimated,Data Estimation Method"
)
HEADER_B = (
    "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),"
    "Carbon Intensity gCO₂eq/kWh (Life cycle),Carbon-Free Energy Percentage (CFE%),"
    "Renewable Energy Percentage (RE%),Data Source,Data Estimated,Data Estimation Method"
)
HEADER_C = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
    "Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method"
)
HEADER_RENAMED = HEADER_C.replace("Datetime (UTC)", "timestamp").replace(
    "Carbon intensity gCO₂eq/kWh (Life cycle)", "carbon_intensity"
)
COLUMNS = [
    "zone",
    "datetime_utc",
    "intensity_direct_g_per_kwh",
    "intensity_lifecycle_g_per_kwh",
    "low_carbon_pct",
    "renewable_pct",
    "is_estimated",
]


def row(
    time: str = "2022-03-05 00:00:00",
    zone: str = "SE",
    *,
    direct: str = "2.54",
    lifecycle: str = "30.02",
    low_carbon: str = "99.42",
    renewable: str = "60.13",
    estimated: str = "false",
    method: str = "",
) -> str:
    shares = f"{low_carbon},{renewable}"
    return f"{time},Sweden,Sweden,{zone},{direct},{lifecycle},{shares},svk.se,{estimated},{method}"


def hours(start: str, count: int, form: str = "%Y-%m-%d %H:%M:%S", step: str = "h") -> list[str]:
    return list(pd.date_range(start, periods=count, freq=step).strftime(form))


def table(*rows: str, header: str = HEADER_C, end: str = "\n") -> bytes:
    return (end.join((header, *rows)) + end).encode()


def read(content: bytes | str, name: str = "") -> PortalFile:
    source = BytesIO(content) if isinstance(content, bytes) else StringIO(content)
    return read_portal_file(source, name)


def reasons(file: PortalFile) -> list[tuple[int, str]]:
    return [(item.line, item.reason) for item in file.rejected]


def refusal(content: bytes, name: str = "") -> InputError:
    with pytest.raises(InputError) as caught:
        read(content, name)
    return caught.value

"""AWS's carbon emissions data export, as a file that a person uploads: CSV, gzip or Parquet."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from datetime import MINYEAR, datetime

import pandas as pd
import pyarrow.parquet as pq

from spectra.errors import InputError
from spectra.sources.own_figures import KG_PER_UNIT, MAX_KG

SOURCE = "aws_carbon_export"
# A row has about 200 bytes; a reader must hold all of them beside the rest of the app.
MAX_BYTES = 48 * 1024 * 1024
MAX_ROWS = 400_000
SHOWN = 60  # letters of a wrong cell in a message
_NEEDED = ("usage_account_id", "usage_period_start", "model_version")
_COLUMNS = {*_NEEDED, "region_code", "product_code"}
# total_lbm_emissions_value, and total_scope_2_mbm_emissions_value of newer exports.
_VALUE = re.compile(r"total_((?:scope_[123]_)?)((?:[lm]bm_)?)emissions_value")
_KEYS = ["month", "account_id", "region", "service", "emissions_type"]
_NEXT_STEP = "Upload a file of AWS's carbon emissions export as AWS wrote it."


def read_carbon_export(content: bytes, fetched_at: datetime) -> pd.DataFrame:
    """Read an export into the columns of ``provider_emissions`` [kgCO2e].

    Each kind of figure is a row of its own; what AWS leaves empty is left out and never 0.

    Raises
    ------
    InputError
        If the file is no such export, a period is no month, a unit is unknown or a value cannot be.
    """
    table = _table(content)
    missing = [name for name in _NEEDED if name not in table.columns]
    values = [(name, m) for name in table.columns if (m := _VALUE.fullmatch(name))]
    if missing or not values:
        lacking = ", ".join(missing) or "total_lbm_emissions_value"
        raise InputError(f"The export lacks the column {lacking}.", next_step=_NEXT_STEP)
    about = pd.DataFrame(
        {
            "month": _months(table["usage_period_start"]),
            "account_id": table["usage_account_id"],
            "region": _column(table, "region_code"),
            "service": _column(table, "product_code"),
            "model_version": table["model_version"],
        }
    )
    parts = [
        about.assign(
            emissions_type=f"TOTAL_{m[1]}{m[2]}CARBON_EMISSIONS".upper(),
            emissions_kg=_kilograms(table, name),
        )
        for name, m in values
    ]
    rows = pd.concat(parts).dropna(subset="emissions_kg")
    sums = rows.groupby(_KEYS, as_index=False).agg(
        emissions_kg=("emissions_kg", "sum"), model_version=("model_version", _newest)
    )
    return sums.assign(source=SOURCE, fetched_at=fetched_at)


def _table(content: bytes) -> pd.DataFrame:
    """Every cell as text, "" where it is empty."""
    if len(content) > MAX_BYTES:
        raise _too_large()
    try:
        if content.startswith(b"PAR1"):
            return _parquet(content)
        if content.startswith(b"\x1f\x8b"):
            content = _unpacked(content)
        frame = pd.read_csv(
            io.BytesIO(content), encoding="utf-8-sig", dtype=str, keep_default_na=False,
            usecols=_is_read, nrows=MAX_ROWS + 1,
        )  # fmt: skip
    except (ValueError, OSError, EOFError, zlib.error):
        raise InputError("The export cannot be read.", next_step=_NEXT_STEP) from None
    except (NotImplementedError, TypeError, KeyError):  # pyarrow, of a file that nobody writes so
        raise InputError("The export cannot be read.", next_step=_NEXT_STEP) from None
    if len(frame) > MAX_ROWS:
        raise _too_large()
    return frame


def _is_read(name: object) -> bool:
    text = str(name).removesuffix("_unit").removesuffix("_value") + "_value"
    return name in _COLUMNS or _VALUE.fullmatch(text) is not None


def _parquet(content: bytes) -> pd.DataFrame:
    """Only the columns that are read; a file of few bytes may hold rows without end."""
    file = pq.ParquetFile(io.BytesIO(content))
    if file.metadata.num_rows > MAX_ROWS:
        raise _too_large()
    frame: pd.DataFrame = file.read(
        columns=[n for n in file.schema_arrow.names if _is_read(n)]
    ).to_pandas()
    return frame.astype(object).where(frame.notna(), "").astype(str)


def _unpacked(content: bytes) -> bytes:
    """A gzip file's content; a bomb is refused before it fills the memory."""
    with gzip.open(io.BytesIO(content)) as packed:
        plain = packed.read(MAX_BYTES + 1)
    if len(plain) > MAX_BYTES:
        raise _too_large()
    return plain


def _too_large() -> InputError:
    return InputError(
        f"The export is larger than {MAX_BYTES // 1024**2} MB or {MAX_ROWS:,} rows.",
        next_step="Upload it month by month.",
    )


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table.columns else pd.Series("", index=table.index)


def _months(text: pd.Series) -> pd.Series:
    moments = pd.to_datetime(text, utc=True, errors="coerce", format="ISO8601")
    wrong = moments.isna() | (moments != moments.dt.normalize()) | (moments.dt.day != 1)
    wrong |= moments.dt.year < MINYEAR  # "-1" is a year to pandas
    if wrong.any():
        raise InputError(
            f"“{text[wrong].iloc[0][:SHOWN]}” is not the beginning of a month in UTC.",
            next_step=_NEXT_STEP,
        )
    return moments.dt.date


def _kilograms(table: pd.DataFrame, name: str) -> pd.Series:
    text = table[name]
    values = pd.to_numeric(text.where(text != ""), errors="coerce").astype(float)
    wrong = (text != "") & ~values.between(0, MAX_KG / max(KG_PER_UNIT.values()))
    if wrong.any():
        raise InputError(
            f"“{text[wrong].iloc[0][:SHOWN]}” in {name} is no amount of emissions.",
            next_step=_NEXT_STEP,
        )
    units = _column(table, name.replace("_value", "_unit"))
    unknown = values.notna() & ~units.isin(list(KG_PER_UNIT))
    if unknown.any():
        raise InputError(
            f"The export states emissions in an unknown unit (“{units[unknown].iloc[0][:SHOWN]}”).",
            next_step=f"Known: {', '.join(KG_PER_UNIT)}.",
        )
    return values * units.map(KG_PER_UNIT).astype(float)


def _newest(versions: pd.Series) -> str:
    """The greatest version by its numbers: v3.10 comes after v3.9."""

    def order(version: str) -> tuple[list[int], str]:
        return [int(digits) for digits in re.findall(r"[0-9]{1,18}", version)], version

    return max(versions.astype(str), key=order)

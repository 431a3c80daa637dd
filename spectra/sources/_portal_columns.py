"""Converts the text columns of a portal CSV to times, numbers and flags; says what it cannot."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from spectra.errors import InputError
from spectra.sources._portal_text import PortalTable
from spectra.units import counted

HOUR = pd.Timedelta(hours=1)
HOURLY_ONLY = "Download the hourly file of this zone and year from the Electricity Maps portal."

# Output column, its name in messages, its unit and its highest plausible value, by field.
_NUMBERS = {
    "direct": ("intensity_direct_g_per_kwh", "direct intensity", " g/kWh", 1500.0),
    "lifecycle": ("intensity_lifecycle_g_per_kwh", "lifecycle intensity", " g/kWh", 1500.0),
    "low_carbon": ("low_carbon_pct", "low-carbon share", " %", 100.0),
    "renewable": ("renewable_pct", "renewable share", " %", 100.0),
}
# A spreadsheet writes truth in the language of its user.
_FLAGS = dict.fromkeys(("true", "1", "yes", "wahr", "vrai", "verdadero", "vero", "waar"), True)
_FLAGS |= dict.fromkeys(("false", "0", "no", "", "falsch", "faux", "falso", "onwaar"), False)

_ZONE = r"[A-Z]{2,3}(?:-[A-Z0-9]{1,8}){0,4}"
_OFFSET = r"\s?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_ISO = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_CLOCK}(?:{_OFFSET})?"
_DATE = r"^([0-9]{1,4})[./-]([0-9]{1,2})[./-]([0-9]{1,4})[ T,]+"
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
_PLAIN_NUMBER = r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,2})?"


@dataclass(slots=True, eq=False)
class Converted:
    """One row per row of the table, in its order; `reason` is empty where the row is usable."""

    frame: pd.DataFrame
    reason: pd.Series
    notes: list[str] = field(default_factory=list)

    def reject(self, rows: pd.Series, text: pd.Series, template: str) -> None:
        """Give the rows of a mask a reason that shows their text, unless they have one."""
        rows = rows & (self.reason == "")
        if rows.any():
            self.reason[rows] = [template.format(value[:40]) for value in text[rows]]


def convert(table: PortalTable) -> Converted:
    """Convert all columns of a table.

    Returns
    -------
    Converted
        Frame of zone, datetime_utc (UTC, microseconds), the intensities in g/kWh, the shares
        in %, is_estimated.

    Raises
    ------
    InputError
        If day and month, or comma and point, cannot be told apart; if times without offset are
        not known to be UTC; if the file is not hourly.
    """
    zone, text = table.columns["zone"], table.columns["time"]
    times, notes = parse_times(text, zone, table.headers["time"])
    frame = pd.DataFrame({"zone": zone, "datetime_utc": times})
    result = Converted(frame, pd.Series("", index=zone.index, dtype="object"), notes)
    result.reject(~zone.str.fullmatch(_ZONE), zone, "zone id {!r} is not an Electricity Maps zone")
    result.reject(times.isna(), text, "{!r} is not a date and hour")
    require_hourly(frame[result.reason == ""])
    result.reject(times.dt.floor("h") != times, text, "{!r} is not on the hour")
    _convert_numbers(table, result)
    _convert_flags(table, result)
    return result


def parse_times(text: pd.Series, zone: pd.Series, header: str) -> tuple[pd.Series, list[str]]:
    """Read times as UTC, NaT where unreadable; also notes on what had to be decided.

    Raises
    ------
    InputError
        If day and month cannot be told apart, or nothing says that naive times are UTC.
    """
    iso = text.str.fullmatch(_ISO)
    naive = ~(iso & text.str.contains(rf"{_CLOCK}{_OFFSET}$"))
    times = pd.to_datetime(text.where(iso), format="ISO8601", errors="coerce", utc=True)
    times = times.astype("datetime64[us, UTC]")
    notes: list[str] = []
    if not iso.all():
        times[~iso], notes = _parse_spreadsheet_dates(text[~iso], zone[~iso])
    # Years outside these are typing errors, and the arithmetic on them could overflow.
    times = times.where(times.dt.year.between(1990, 2100))
    if (naive & times.notna()).any() and "utc" not in header.lower():
        if header.lower() != "timestamp":
            raise InputError(
                f"The times have no offset and their column {header!r} does not say UTC.",
                next_step="Use the portal's file unchanged: its column is 'Datetime (UTC)'.",
            )
        notes.append(f"times in column {header!r} have no offset: read as UTC")
    return times, notes


def _parse_spreadsheet_dates(text: pd.Series, zone: pd.Series) -> tuple[pd.Series, list[str]]:
    """Read dates as a spreadsheet rewrites them, day and month in an order decided for all."""
    text = text.str.replace(_DATE, r"\1/\2/\3 ", regex=True)
    times = _by_format(text, "%Y/%m/%d")
    left = times.isna()
    order = _date_order(text[left], zone[left])
    if order is None:
        return times, []
    stem, why = order
    times[left] = _by_format(text[left], stem)
    words = stem.replace("%d", "DD").replace("%m", "MM").replace("%Y", "YYYY")
    return times, [f"dates read as {words}: {why}"]


def _date_order(text: pd.Series, zone: pd.Series) -> tuple[str, str] | None:
    """Decide between DD/MM and MM/DD from the whole column; None without any such date."""
    parts = text.str.extract(r"^([0-9]{1,2})/([0-9]{1,2})/[0-9]{4} ").dropna().astype("int64")
    if parts.empty:
        return None
    parts = parts[parts.min(axis=1) <= 12]  # 31/31 is a typing error, and says nothing
    day_first, month_first = (parts[i].between(13, 31).any() for i in (0, 1))
    if day_first != month_first:
        return "%d/%m/%Y" if day_first else "%m/%d/%Y", "some number there is above 12"
    if not day_first:
        readings = {stem: _by_format(text, stem) for stem in ("%d/%m/%Y", "%m/%d/%Y")}
        if (parts[0] == parts[1]).all():
            return "%d/%m/%Y", "day and month are equal in every row"
        steps = {s: int((t.groupby(zone).diff() == HOUR).sum()) for s, t in readings.items()}
        if len(set(steps.values())) > 1:
            return max(steps, key=lambda s: steps[s]), "only so do the hours follow one another"
    raise InputError(
        f"Whether dates such as {text.iloc[0][:40]!r} are DD/MM/YYYY or MM/DD/YYYY "
        + ("differs within the file." if day_first else "cannot be decided from the file."),
        next_step="Use the portal's file unchanged, or format the dates as YYYY-MM-DD HH:MM.",
    )


def _by_format(text: pd.Series, stem: str) -> pd.Series:
    """Parse with one date format and any of the usual clocks; NaT where none fits."""
    times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us, UTC]")
    for clock in _CLOCKS:
        left = times.isna()
        if not left.any():
            break
        parsed = pd.to_datetime(text[left], format=f"{stem} {clock}", errors="coerce", utc=True)
        times[left] = parsed.astype(times.dtype)
    return times


def require_hourly(frame: pd.DataFrame) -> None:
    """Refuse quarter-hourly, daily, monthly and yearly files; one odd row is no such file."""
    distinct = frame.drop_duplicates(["zone", "datetime_utc"]).sort_values(["zone", "datetime_utc"])
    steps = distinct.groupby("zone")["datetime_utc"].diff().dropna()
    if steps.empty:
        return
    off_hour = (distinct["datetime_utc"].dt.floor("h") != distinct["datetime_utc"]).mean()
    median = pd.Timedelta(steps.median())
    if off_hour >= 0.4 and median < HOUR:
        kind = f"{median / pd.Timedelta(minutes=1):.0f}-minute"
    elif (distinct["datetime_utc"].dt.hour == 0).all() and not off_hour:
        days = median / pd.Timedelta(days=1)
        kind = "daily" if days < 27 else "monthly" if days < 300 else "yearly"
    else:
        return
    raise InputError(f"This is a {kind} file; hourly files only.", next_step=HOURLY_ONLY)


def _convert_numbers(table: PortalTable, result: Converted) -> None:
    """Convert intensities and shares; an absent column or an empty cell is NaN."""
    comma = _is_decimal_comma([table.columns[f] for f in _NUMBERS if f in table.columns])
    if comma:
        result.notes.append("decimal comma read as a point")
    for name, (column, label, unit, highest) in _NUMBERS.items():
        if name not in table.columns:
            result.frame[column] = float("nan")
            result.notes.append(f"no column for the {label}")
            continue
        text = table.columns[name]
        plain = text.str.replace(",", ".", regex=False) if comma else text
        readable = plain.str.fullmatch(_PLAIN_NUMBER)
        values = pd.to_numeric(plain.where(readable)).astype("float64")
        result.frame[column] = values
        result.reject(~readable & (text != ""), text, f"{label} {{!r}} is not a number")
        outside = (values < 0) | (values > highest)
        result.reject(outside, text, f"{label} {{}}{unit} is outside 0 to {highest:.0f}{unit}")
    columns = ["intensity_direct_g_per_kwh", "intensity_lifecycle_g_per_kwh"]
    missing = result.frame[columns].isna()
    result.reject(missing.all(axis=1), result.frame["zone"], "no carbon intensity")
    for column in columns:
        count = int((missing[column] & (result.reason == "")).sum())
        if count and column.split("_")[1] in table.columns:
            result.notes.append(f"{counted(count, 'row')} without {column.split('_')[1]} intensity")


def _is_decimal_comma(columns: list[pd.Series]) -> bool:
    """Tell whether numbers are written 71,54; one 71.54 anywhere says that they are not."""
    texts = pd.concat(columns)
    if texts.str.fullmatch(r"-?[0-9]*\.[0-9]+").any():
        return False
    commas = texts[texts.str.fullmatch("-?[0-9]+,[0-9]+")]
    # 1,234 alone may be 1.234 or 1234, a thousandfold error either way.
    if len(commas) and commas.str.fullmatch("1,[0-9]{3}").all():
        raise InputError(
            f"Whether the comma in {commas.iloc[0]!r} is a decimal comma cannot be decided.",
            next_step="Use the portal's file unchanged, with decimal points.",
        )
    return len(commas) > 0


def _convert_flags(table: PortalTable, result: Converted) -> None:
    """Convert the estimation flag; where it is silent, a named estimation method means yes."""
    nothing = pd.Series("", index=result.frame.index, dtype="str")
    text = table.columns.get("estimated", nothing)
    method = table.columns.get("method", nothing) != ""
    flags = text.str.lower().map(_FLAGS)
    result.reject(flags.isna(), text, "estimation flag {!r} is neither true nor false")
    silent = text == ""
    result.frame["is_estimated"] = (flags == True) | (silent & method)  # noqa: E712
    count = int((silent & ~method & (result.reason == "")).sum())
    if "estimated" not in table.columns:
        result.notes.append("no column says whether values are estimated: taken as measured")
    elif count:
        result.notes.append(
            f"{counted(count, 'row')} without a word on estimation: taken as measured"
        )

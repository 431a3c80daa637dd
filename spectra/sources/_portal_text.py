"""Turns the bytes of a portal CSV into columns of text, each row with its line in the file."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from spectra.errors import InputError
from spectra.sources._portal_limits import (
    DOWNLOAD_AGAIN,
    MAX_FILE_BYTES,
    bounded_lines,
    bounded_records,
)

MAX_HEADER_CHARS = 10_000
SAMPLE_CHARS = 200

# Keys are header texts as `header_key` leaves them.
_PORTAL_HEADERS = {
    "datetimeutc": "time",
    "zoneid": "zone",
    "carbonintensitydirect": "direct",
    "carbonintensitylca": "lifecycle",
    "carbonintensitylifecycle": "lifecycle",
    "lowcarbonpercentage": "low_carbon",
    "carbonfreeenergypercentagecfe": "low_carbon",
    "renewablepercentage": "renewable",
    "renewableenergypercentagere": "renewable",
    "dataestimated": "estimated",
    "dataestimationmethod": "method",
}
_RENAMED_HEADERS = {
    "timestamp": "time",
    "timestamputc": "time",
    "datetime": "time",
    "zone": "zone",
    "carbonintensity": "lifecycle",
}
_LABELS = {
    "time": "the time",
    "zone": "the zone id",
    "direct": "the direct carbon intensity in g/kWh",
    "lifecycle": "the lifecycle carbon intensity in g/kWh",
}


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not used: its line in the file (header = 1), why, and how it begins."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class PortalTable:
    """The cells of a portal file as text, before any of it is understood."""

    columns: dict[str, pd.Series]  # by field, stripped; only those that the header has
    headers: dict[str, str]  # by field: the header as written
    lines: npt.NDArray[np.int64]
    rows: list[list[str]]
    misfits: tuple[RejectedRow, ...]
    vintage: str
    notes: tuple[str, ...]


def header_key(header: str) -> str:
    """Reduce a header to what all vintages share: ASCII letters and digits, without its unit."""
    # A resave in another encoding turns the subscript into "?" or mojibake: the 2 is optional.
    key = re.sub(r"[^a-z0-9]", "", header.lower().replace("₂", "2"))
    return re.sub(r"gco2?eqkwh", "", key)


def quote_row(cells: list[str]) -> str:
    """Show how a row begins, for a message."""
    return ",".join(cells[:20])[:SAMPLE_CHARS]


def decode(content: bytes) -> tuple[str, list[str]]:
    """Decode UTF-8, UTF-16 or Windows-1252; refuse what is not a text table."""
    if len(content) > MAX_FILE_BYTES:
        raise InputError(
            f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB.",
            next_step="Load one zone and year per file, as the portal gives them.",
        )
    if content.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")):
        raise InputError(
            "This is a compressed file or an Excel workbook, not a CSV file.",
            next_step="Unpack it, or in Excel save it as 'CSV UTF-8 (comma delimited)'.",
        )
    text, notes = _decode_as(content, _encoding_of(content))
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InputError("The file is empty.", next_step=DOWNLOAD_AGAIN)
    if "\x00" in text:
        raise InputError("This is a binary file, not a CSV file.", next_step=DOWNLOAD_AGAIN)
    if text.lstrip().startswith("<"):
        raise InputError(
            "This is a web page (HTML or XML), not a CSV file.",
            next_step="Sign in to the Electricity Maps portal and download the CSV file itself.",
        )
    return text, notes


def _encoding_of(content: bytes) -> str:
    """Name the encoding: by its mark, or by where the zero bytes of UTF-16 stand."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:4096]
    if head[1::2].count(0) > 0.4 * len(head) and not head[::2].count(0):
        return "utf-16-le"
    if head[::2].count(0) > 0.4 * len(head) and not head[1::2].count(0):
        return "utf-16-be"
    return "utf-8"


def _decode_as(content: bytes, encoding: str) -> tuple[str, list[str]]:
    """Decode, falling back from UTF-8 to Windows-1252 where the result is plain text."""
    try:
        notes = [] if encoding == "utf-8" else ["text read as UTF-16"]
        return content.decode(encoding), notes
    except UnicodeDecodeError as error:
        refusal = InputError(
            "The file is not readable text: it is neither UTF-8, UTF-16 nor Windows-1252.",
            next_step=DOWNLOAD_AGAIN,
        )
        try:
            text = content.decode("cp1252" if encoding == "utf-8" else "ascii")
        except UnicodeDecodeError:
            raise refusal from error
        if re.search(r"[\x00-\x08\x0e-\x1f]", text):
            raise refusal from error
        return text, ["text is not UTF-8: read as Windows-1252"]


def read_table(text: str) -> PortalTable:
    """Split text into the columns that are needed.

    Raises
    ------
    InputError
        If there is no known header, no row, or a quotation mark is never closed.
    """
    stream = StringIO(text, newline="")
    header, header_line = _header_line(stream)
    delimiter, names = _split_header(header)
    fields, vintage, notes = _match_header(names)
    body = _records(stream, delimiter, len(names), header_line)
    last_needed = max(index for field, index in fields.items() if field != "method")
    fitting, misfits = _fit(body, len(names), last_needed + 1)
    cells = list(zip(*(row for _, row in fitting), strict=True)) or [()] * len(names)
    return PortalTable(
        columns={
            field: pd.Series(cells[index], dtype="str").str.strip()
            for field, index in fields.items()
        },
        headers={field: names[index].strip() for field, index in fields.items()},
        lines=np.array([line for line, _ in fitting], dtype=np.int64),
        rows=[row for _, row in fitting],
        misfits=tuple(misfits),
        vintage=vintage,
        notes=tuple(notes),
    )


def _header_line(stream: StringIO) -> tuple[str, int]:
    """Advance past blank lines and Excel's `sep=;` to the header; also its line number."""
    for number, line in enumerate(stream, start=1):
        if len(line) > MAX_HEADER_CHARS:
            raise InputError(
                f"Line {number} has {len(line):,} characters: this is no portal file.",
                next_step=DOWNLOAD_AGAIN,
            )
        if line.strip() and not line.lower().startswith("sep="):
            return line, number
    raise InputError("The file has no header.", next_step=DOWNLOAD_AGAIN)


def _split_header(header: str) -> tuple[str, list[str]]:
    """Split by the separator under which most headers are known; also that separator."""

    def split(delimiter: str) -> list[str]:
        return next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])

    def known(delimiter: str) -> int:
        keys = map(header_key, split(delimiter))
        return sum(key in _PORTAL_HEADERS or key in _RENAMED_HEADERS for key in keys)

    delimiter = max((",", ";", "\t"), key=known)
    return delimiter, split(delimiter)


def _match_header(names: list[str]) -> tuple[dict[str, int], str, list[str]]:
    """Find the column of each field; also the vintage of the header, and notes on guesses."""
    fields: dict[str, int] = {}
    renamed: list[str] = []
    for index, name in enumerate(names):
        key = header_key(name)
        field = _PORTAL_HEADERS.get(key) or _RENAMED_HEADERS.get(key)
        if field is None:
            continue
        if field in fields:
            raise InputError(
                f"The columns {names[fields[field]]!r} and {name!r} could both be "
                f"{_LABELS.get(field, field)}.",
                next_step="Keep one of the two.",
            )
        fields[field] = index
        lost_unit = field in {"direct", "lifecycle"} and "kwh" not in name.lower()
        if lost_unit or key not in _PORTAL_HEADERS:
            renamed.append(f"column {name.strip()!r} read as {_LABELS[field]}")
    _require(fields, names)
    return fields, "renamed" if renamed else _vintage(names, fields), renamed


def _require(fields: dict[str, int], names: list[str]) -> None:
    """Refuse a header without time, zone id or any carbon intensity."""
    missing = [_LABELS[field] for field in ("time", "zone") if field not in fields]
    if not fields.keys() & {"direct", "lifecycle"}:
        missing.append("the carbon intensity in gCO2eq/kWh, direct or lifecycle")
    if missing:
        raise InputError(
            f"The header has no column for {', nor for '.join(missing)}. "
            f"It begins: {quote_row(names)!r}.",
            next_step="Expected the header of an Electricity Maps portal CSV, "
            "with 'Datetime (UTC)', 'Zone id' and 'Carbon intensity gCO₂eq/kWh (Life cycle)'.",
        )


def _vintage(names: list[str], fields: dict[str, int]) -> str:
    """Name the header's vintage: A said LCA and low carbon, C writes `Zone id` in lower case."""
    keys = {header_key(name) for name in names}
    if keys & {"carbonintensitylca", "lowcarbonpercentage", "renewablepercentage"}:
        return "A"
    return "C" if names[fields["zone"]].strip() == "Zone id" else "B"


def _records(
    stream: StringIO, delimiter: str, width: int, header_line: int
) -> list[tuple[int, list[str]]]:
    """Split the rest into non-blank records, each with the line that it starts on."""
    lines = bounded_lines(stream, header_line)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        ended = list(bounded_records(reader, header_line))
    except csv.Error as error:
        raise InputError(
            f"The row that ends on line {reader.line_num + header_line} cannot be split into "
            f"cells: {error}.",
            next_step="Look for a stray quotation mark before it, or download the file again.",
        ) from error
    starts = [header_line + 1, *(end + 1 for end, _ in ended)]
    if ended and ended[-1][0] > starts[-2] and len(ended[-1][1]) != width:
        raise InputError(
            f"A quotation mark on line {starts[-2]} is never closed.",
            next_step="Remove it in a text editor, or download the file again.",
        )
    records = [(start, row) for start, (_, row) in zip(starts, ended, strict=False) if any(row)]
    if not records:
        raise InputError("The file has a header but no rows.", next_step=DOWNLOAD_AGAIN)
    return records


def _fit(
    records: list[tuple[int, list[str]]], width: int, needed: int
) -> tuple[list[tuple[int, list[str]]], list[RejectedRow]]:
    """Separate rows of the header's width from those whose cells cannot be told apart."""
    if all(len(row) == width for _, row in records):
        return records, []
    fitting, misfits = [], []
    for line, row in records:
        if not needed <= len(row) <= width:
            reason = f"{len(row)} cells where the header has {width}"
            if any("\n" in cell or "\r" in cell for cell in row):
                reason += "; lines run together, is a quotation mark left open?"
            misfits.append(RejectedRow(line, reason, quote_row(row)))
        else:  # a spreadsheet may drop the empty cells at the end
            fitting.append((line, row + [""] * (width - len(row))))
    return fitting, misfits

"""How much of a portal file is read: a small file may hold more than the memory does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spectra.errors import InputError

# The portal's files have 1 MB, 8,784 rows and 13 columns each.
MAX_FILE_BYTES = 48 * 1024**2
MAX_CELLS = 3_000_000
MAX_LINE_CHARS = 1_000_000
_ROW_CELLS = 8  # what a row itself takes, in cells
DOWNLOAD_AGAIN = (
    "Download the hourly CSV from the Electricity Maps portal again and use it unchanged."
)


def bounded_lines(stream: Iterable[str], header_line: int) -> Iterator[str]:
    """Lines of a length that can be split.

    Raises
    ------
    InputError
        At a line that is longer.
    """
    for number, line in enumerate(stream, header_line + 1):
        if len(line) > MAX_LINE_CHARS:
            raise InputError(
                f"Line {number} has {len(line):,} characters: this is no portal file.",
                next_step=DOWNLOAD_AGAIN,
            )
        yield line


def bounded_records(
    reader: Iterator[list[str]], header_line: int
) -> Iterator[tuple[int, list[str]]]:
    """Records of a `csv.reader` with the line that each ends on.

    Raises
    ------
    InputError
        Where they are more than a dozen years of hours.
    """
    cells = 0
    for row in reader:
        cells += len(row) + _ROW_CELLS
        if cells > MAX_CELLS:
            raise InputError(
                "The file has more rows than a dozen years of hours.",
                next_step="Load one zone and year per file, as the portal gives them.",
            )
        yield reader.line_num + header_line, row  # type: ignore[attr-defined]

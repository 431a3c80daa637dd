"""Small pictures in plain HTML: a chart or a grid costs a browser a tenth of a second and more."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

import pandas as pd
import streamlit as st

from spectra import charts, units

# Both greens can be told from either theme's ground; text keeps the theme's own colour.
_LINE, _BAR = "#4a9c7d", "rgba(74, 156, 125, 0.4)"
_HEIGHT = 30
SOME_ROWS_PX = 440  # of a table that scrolls
_STYLE = (
    f"<style>.shares {{max-height: {SOME_ROWS_PX}px; overflow-y: auto;"
    " container-type: inline-size}"
    ".shares table {width: 100%; border-collapse: collapse; font-size: 0.9rem}"
    ".shares th, .shares td {padding: 0.3rem 0.4rem; text-align: right; white-space: nowrap;"
    f" border-bottom: 1px solid {charts.GRID_LINE}}}"
    ".shares th {font-weight: 400; opacity: 0.8}"
    ".shares :is(th, td):first-child {text-align: left; white-space: normal;"
    " overflow-wrap: anywhere; min-width: 4.5rem}"
    ".shares td:last-child {min-width: 5.5rem}"
    # In a narrow card the names need the place more than the bars do.
    "@container (max-width: 16rem) {.shares table {font-size: 0.8rem}"
    " .shares :is(th, td) {padding: 0.3rem 0.15rem} .shares td:last-child {min-width: 0}}</style>"
)


def trend(values: Sequence[float], *, alt: str) -> None:
    """A line of the hours from the lowest to the highest, as wide as its place."""
    low, span = min(values), max(values) - min(values) or 1.0
    step = 100.0 / (len(values) - 1)
    line = " ".join(
        f"{round(place * step, 2)},{round(_HEIGHT - 1 - (value - low) / span * (_HEIGHT - 2), 2)}"
        for place, value in enumerate(values)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 {_HEIGHT}" '
        'preserveAspectRatio="none">'
        f'<polygon points="0,{_HEIGHT} {line} 100,{_HEIGHT}" fill="{_BAR}"/>'
        f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="1.5" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    st.html(
        f'<img alt="{escape(alt)}" src="data:image/svg+xml,{quote(svg)}" '
        'style="width: 100%; height: 2.5rem; display: block">'
    )


def shares(rows: pd.DataFrame, heading: str, *, alt: str) -> None:
    """A table of names, amounts and shares, with the shares as bars.

    Parameters
    ----------
    rows : DataFrame
        Columns name and co2e as text, share [0..1], which may be missing.
    heading : str
        What the names are.
    alt : str
        What the table shows; it scrolls, and a reader comes upon it by the keyboard.
    """
    body = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(co2e))}</td>{_share(share)}</tr>"
        for name, co2e, share in zip(rows["name"], rows["co2e"], rows["share"], strict=True)
    )
    st.html(
        f'{_STYLE}<div class="shares" role="region" tabindex="0" aria-label="{escape(alt)}"><table>'
        f'<thead><tr><th scope="col">{escape(heading)}</th><th scope="col">CO₂e</th>'
        f'<th scope="col">Share</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def most(rows: pd.DataFrame) -> str:
    """The greatest of a table of shares in words: ``search with 1.20 kg the most of 3``."""
    if rows["share"].isna().all():
        return "none is known"
    row = rows.iloc[int(rows["share"].argmax())]
    return f"{row['name']} with {row['co2e']} the most of {len(rows)}"


def _share(share: float | None) -> str:
    if pd.isna(share):
        return f"<td>{units.MISSING}</td>"
    percent = 100 * share
    bar = f"linear-gradient({_BAR}, {_BAR}) no-repeat left / {round(percent, 1)}% 65%"
    return f'<td style="background: {bar}">{units.percent_text(percent, 1)}</td>'

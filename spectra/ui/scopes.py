"""The Dashboard's scopes: the provider's operations allocated to us, or our own inventory."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from spectra import units
from spectra.insight.market import ALL, Market
from spectra.reporting.market import market_in
from spectra.ui import cards, drawn
from spectra.ui.frame import Page


class ScopeRow(NamedTuple):
    """A line of the scopes; what nobody can estimate has no grams."""

    name: str
    grams: float | None = None
    share: float | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """Its mass in words."""
        return "not estimated" if self.grams is None else units.mass_text(self.grams) + self.note


def show(page: Page, totals: dict[str, Any]) -> None:
    """Provider view allocated to us, or the same total in our own inventory."""
    view = st.segmented_control(
        "View",
        ["Provider view", "Customer view"],
        default="Provider view",
        required=True,
        key="scope_view",
        label_visibility="collapsed",
    )
    stated = page.get(market_in, page.selection)
    is_provider = view == "Provider view"
    rows = provider_rows(totals, stated) if is_provider else _customer_rows(totals)
    table = pd.DataFrame(rows)
    total = units.mass_text(totals["total_g"])
    drawn.shares(
        table.assign(co2e=[row.text for row in rows]),
        "Scope",
        alt=f"CO₂e by scope: {total} in all, location-based",
    )
    cards.download(
        pd.DataFrame(
            {"scope": table["name"], "co2e_g": table["grams"], "share_pct": 100 * table["share"]}
        ),
        "scopes",
    )
    st.caption(
        "Allocated from AWS's operations: do not book the provider's scope 2 as your own. "
        + _of_aws(stated)
        if is_provider
        else "We own no source and buy no electricity in this boundary: all of it is purchased "
        "services. The totals of both views are equal."
    )


def _of_aws(stated: Market | None) -> str:
    """What is AWS's own figure, and of how much of the period."""
    if stated is None:
        return "Market-based equals location-based here: no residual mix or AWS figure is known."
    if not stated.aws_share and not stated.scope1_share:
        return (
            "Market-based equals location-based here: AWS's figures are of no month that is "
            "accounted for whole, or state neither scope 1 nor market-based."
        )
    return (
        "Rows that say AWS are its own figures of whole months, shared out by scope 2; the percent "
        "is the part of the period's scope 2 in places and months that it states. All else is "
        "modelled. The total is the modelled rows alone; a report adds scope 1 where AWS states "
        "all of it."
    )


def provider_rows(totals: dict[str, Any], stated: Market | None) -> list[ScopeRow]:
    """Scopes by name, mass and share of the modelled total; AWS's own figures in rows apart."""
    parts = [
        ("Scope 2, location-based", totals["scope2_lb_g"]),
        ("Scope 3, upstream of the grid", totals["upstream_g"]),
        ("Scope 3, grid losses", totals["td_g"]),
        ("Scope 3, hardware", totals["embodied_g"]),
    ]
    total = totals["total_g"]
    return [
        *_scope1_rows(stated),
        *(ScopeRow(name, grams, grams / total) for name, grams in parts),
        ScopeRow("Scope 3, buildings"),
        ScopeRow("Total, location-based", total, 1.0),
        *_market_rows(totals["scope2_lb_g"], stated),
    ]


def _scope1_rows(stated: Market | None) -> list[ScopeRow]:
    """Scope 1 where AWS states it, and the rest, which nobody can estimate."""
    share = stated.scope1_share if stated else 0.0
    rows: list[ScopeRow] = []
    if stated and share:
        rows.append(ScopeRow(_aws_row("Scope 1", share), stated.stated_scope1))
    if share < ALL:
        rows.append(ScopeRow("Scope 1, the rest" if rows else "Scope 1"))
    return rows


def _market_rows(scope2_lb_g: float, stated: Market | None) -> list[ScopeRow]:
    """AWS's market-based scope 2, and apart from it the rest, which equals location-based."""
    name, share = "Scope 2, market-based", stated.aws_share if stated else 0.0
    rows: list[ScopeRow] = []
    if stated and share:
        rows.append(ScopeRow(_aws_row(name, share), stated.stated_mb))
    if share < ALL:
        rest = scope2_lb_g * (1 - share)
        rows.append(ScopeRow(f"{name}, the rest" if rows else name, rest, note=" (= LB)"))
    return rows


def _aws_row(name: str, share: float) -> str:
    """A row's name that says whose figure it is and how much of the period it covers."""
    return f"{name}, AWS, {units.share_text(share)} covered"


def _customer_rows(totals: dict[str, Any]) -> list[ScopeRow]:
    total = totals["total_g"]
    return [
        ScopeRow("Scope 1", 0.0, 0.0),
        ScopeRow("Scope 2", 0.0, 0.0),
        ScopeRow("Scope 3, category 1", total, 1.0),
        ScopeRow("Total, location-based", total, 1.0),
    ]

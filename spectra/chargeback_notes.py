"""What a statement says in words: its notes, and what differs from the last export."""

from __future__ import annotations

from typing import Any

import pandas as pd

from spectra.store.chargeback_log import LINE_KEYS
from spectra.store.hashing import canonical

NOTES = (
    "Figures are AWS-operations emissions allocated to the customer: their inventory scope is 3.1.",
    "x_TotalLowKg and x_TotalHighKg are the interval of each row; they do not add up.",
    "The payer account is not known: BillingAccountId is the account of the usage.",
    "x_CarbonCharge is internal and no part of BilledCost.",
)
# What is said of scope 1 and of market-based scope 2, by whether AWS's own figures are in it.
SCOPE1_NOTES = {
    False: "Scope 1 of the provider is left empty: AWS does not state it for all of the period.",
    True: "Scope 1 is AWS's own figure, shared out by location-based scope 2, and part of "
    "x_TotalLbKg.",
}
MARKET_NOTES = {
    False: "Market-based scope 2 is not estimated and left empty.",
    True: "Market-based scope 2 is AWS's own figure, shared out by the location-based one, and "
    "left empty where AWS states none.",
}
LATE_NOTE = (
    "Hours of the period before the first one that is accounted for are in no row, and neither "
    "are costs of the days before."
)
DEMO_NOTE = "The demo company is invented: no figure of this statement is of a real fleet."


def notes(raw: pd.DataFrame, *, is_demo: bool, is_late: bool) -> list[str]:
    """The notes of a statement, after what its rows know of scope 1 and market-based scope 2.

    Parameters
    ----------
    is_late : bool
        Whether hours are accounted for only from within the period on.
    """
    has_scope1, has_market = (bool(raw[n].notna().any()) for n in ("scope1_g", "scope2_mb_g"))
    said = [NOTES[0], SCOPE1_NOTES[has_scope1], MARKET_NOTES[has_market], *NOTES[1:]]
    return [*said, *([LATE_NOTE] if is_late else []), *([DEMO_NOTE] if is_demo else [])]


def changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Lines whose grams differ; a line that one side lacks has nothing there."""
    keys = list(LINE_KEYS)
    both = before[[*keys, "total_g"]].merge(
        after[[*keys, "total_g"]], on=keys, how="outer", suffixes=("_before", "_after")
    )
    frame = both.rename(columns={"total_g_before": "before_g", "total_g_after": "after_g"})
    frame["change_g"] = frame["after_g"].fillna(0.0) - frame["before_g"].fillna(0.0)
    # Sums of floats in another order differ in their last bits; a milligram is not shown.
    differs = frame["change_g"].abs() > 5e-4
    order = frame.loc[differs, "change_g"].abs().sort_values(ascending=False).index
    return frame.loc[order].reset_index(drop=True)


def differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    """What the figures follow from that is not as it was, in sentences."""
    said = {
        "method_version": "The version of the method changed.",
        "allocation_version": "The way in which emissions are allocated changed.",
        "method": "A choice within the method changed.",
        "aws_figures": "AWS's own figures of scope 1 and market-based scope 2 changed.",
        "factor_set": "The factors changed.",
        "tag_rules": "The meaning of tags changed.",
        "allocation_rules": "The rules of allocation changed.",
        "carbon_price_usd_per_tonne": "The internal carbon price changed.",
        "end": "More hours are accounted for.",
        "accounted_from": "Another first hour is accounted for.",
    }
    # What was kept went through JSON, where a tuple is a list.
    found = [
        text
        for name, text in said.items()
        if canonical(before.get(name)) != canonical(after.get(name))
    ]
    if not found and before.get("content_sha256") != after.get("content_sha256"):
        found = ["Data of hours that were accounted for arrived late or were corrected."]
    return tuple(found)

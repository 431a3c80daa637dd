"""What a statement says of itself: its notes, and what it follows from that is not as it was."""

from __future__ import annotations

from typing import Any

import pandas as pd

from spectra.store import Store
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
DEMO_NOTE = "The demo company is invented: no figure of this statement is of a real fleet."


def is_demo(store: Store) -> bool:
    """Whether a statement is of the demo company."""
    return store.row("SELECT 1 FROM instances WHERE source = 'demo' LIMIT 1") is not None


def notes(store: Store, raw: pd.DataFrame) -> list[str]:
    """What has to be said of the figures, by what is known of them."""
    has_scope1, has_market = (bool(raw[n].notna().any()) for n in ("scope1_g", "scope2_mb_g"))
    said = [NOTES[0], SCOPE1_NOTES[has_scope1], MARKET_NOTES[has_market], *NOTES[1:]]
    return [*said, *([DEMO_NOTE] if is_demo(store) else [])]


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

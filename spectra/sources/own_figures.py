"""What AWS's own emissions figures can be, whichever way they come."""

from __future__ import annotations

KG_PER_UNIT = {"MTCO2e": 1_000.0}
# About twice what all of Amazon emits in a month.
MAX_KG = 1e10

"""Rightsizing: what a machine needs, what it could run on, and what that would save.

References
----------
METHOD.md, section 4.
"""

from spectra.insight.rightsizing.advise import Case, Draft, advise, case_of, draft
from spectra.insight.rightsizing.model import (
    Advice,
    Confidence,
    Demand,
    Finding,
    Option,
    Rated,
    Replay,
    Rules,
    Saving,
    Unit,
)

__all__ = [
    "Advice",
    "Case",
    "Confidence",
    "Demand",
    "Draft",
    "Finding",
    "Option",
    "Rated",
    "Replay",
    "Rules",
    "Saving",
    "Unit",
    "advise",
    "case_of",
    "draft",
]

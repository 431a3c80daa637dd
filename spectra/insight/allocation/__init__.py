"""Allocation: whose emissions are whose, shared pools dealt out, and sums that add up.

References
----------
METHOD.md, section 6.
"""

from spectra.insight.allocation.near_miss import NearMiss, near_misses
from spectra.insight.allocation.rounding import apportion, apportion_tree, total_of
from spectra.insight.allocation.rules import UNALLOCATED, Pool, Rules
from spectra.insight.allocation.shares import METHODS, OWN, allocate, distribute

# Grows with every change of whose an emission is: exports say so when they are compared.
ALLOCATION_VERSION = "1.1"

__all__ = [
    "ALLOCATION_VERSION",
    "METHODS",
    "OWN",
    "UNALLOCATED",
    "NearMiss",
    "Pool",
    "Rules",
    "allocate",
    "apportion",
    "apportion_tree",
    "distribute",
    "near_misses",
    "total_of",
]

"""Carbon budgets: the planned path, how fast it is used up, and where the period will end.

References
----------
METHOD.md, section 6.
"""

from spectra.insight.budgets.course import course
from spectra.insight.budgets.judge import (
    THRESHOLDS,
    Known,
    State,
    Threshold,
    crossed,
    judge,
    notice_key,
)
from spectra.insight.budgets.outlook import Ahead, Outlook, ahead, linear_outlook, outlook
from spectra.insight.budgets.periods import KINDS, Kind, Period, period_of
from spectra.insight.budgets.plan import Version, burn, planned, reduction_path, weekly_weights

__all__ = [
    "KINDS",
    "THRESHOLDS",
    "Ahead",
    "Kind",
    "Known",
    "Outlook",
    "Period",
    "State",
    "Threshold",
    "Version",
    "ahead",
    "burn",
    "course",
    "crossed",
    "judge",
    "linear_outlook",
    "notice_key",
    "outlook",
    "period_of",
    "planned",
    "reduction_path",
    "weekly_weights",
]

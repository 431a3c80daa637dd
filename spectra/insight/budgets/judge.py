"""Thresholds that are told once each, and the state of a budget in one word."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from spectra.insight.budgets.outlook import Outlook
from spectra.insight.budgets.periods import Period

HYSTERESIS = 0.02
MIN_COVERAGE = 0.9


class State(StrEnum):
    """What is to be said of a budget, the first that applies."""

    NO_BUDGET = "no budget"
    NOT_ENOUGH_DATA = "not enough data"
    OVER = "over"
    RESTATED = "restated"
    KEPT = "kept"
    ALERT = "likely over"
    WARN = "warn"
    ON_TRACK = "on track"


class Threshold(NamedTuple):
    """A level of the actual, the expected or the chance of an overrun, as shares of 1."""

    name: str
    of: Literal["actual", "forecast", "probability"]
    level: float
    severity: Literal["info", "warning", "critical"]


THRESHOLDS = (
    Threshold("actual-50", "actual", 0.5, "info"),
    Threshold("actual-80", "actual", 0.8, "warning"),
    Threshold("actual-100", "actual", 1.0, "critical"),
    Threshold("forecast-100", "forecast", 1.0, "warning"),
    Threshold("probability-80", "probability", 0.8, "warning"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a budget in a period.

    Attributes
    ----------
    budget_g : float or None
        None when no version is in force. Of 0 there is no share: nothing is held against it.
    coverage : float
        Share of the elapsed hours that is accounted for [1].
    is_seen : bool
        Whether anything belongs to the budget at all; a name that nobody bears emits no 0.
    """

    budget_g: float | None
    actual_g: float | None
    elapsed_share: float
    coverage: float
    outlook: Outlook | None
    is_seen: bool = True


def crossed(known: Known, before: Collection[str] = ()) -> tuple[str, ...]:
    """Names of the thresholds that are reached.

    One that was reached before is left only two points below its level, so that a value that
    wavers around it does not come and go.
    """
    found = []
    for threshold in THRESHOLDS:
        value = _value(known, threshold)
        least = threshold.level - (HYSTERESIS if threshold.name in before else 0.0)
        # A forecast of just the budget keeps it, an actual of 100 % has used it up.
        is_reached = value is not None and (
            value > least if threshold.of == "forecast" else value >= least
        )
        if is_reached:
            found.append(threshold.name)
    return tuple(found)


def judge(
    known: Known, told: Collection[str] = (), *, has_ended: bool = False
) -> tuple[State, str]:
    """The state of a budget and why, in a sentence.

    It follows from the figures as they are: that a threshold is left only two points below its
    level is for what is told alone.

    Parameters
    ----------
    told : collection of str
        Thresholds that were told in this period.
    """
    reached = crossed(known)
    if known.budget_g is None or known.budget_g <= 0:
        amount = "No amount" if known.budget_g is None else "An amount of 0, which is no limit,"
        return State.NO_BUDGET, f"{amount} is set for this period."
    if "actual-100" in reached:
        return State.OVER, "The budget is used up."  # whatever the hours that are missing add
    if lacking := _lacking(known):
        return State.NOT_ENOUGH_DATA, lacking
    withdrawn = [t for t in THRESHOLDS if t.of == "actual" and t.name in set(told) - set(reached)]
    if withdrawn:
        return State.RESTATED, (
            f"{withdrawn[-1].level:.0%} was told as reached; late data, a new amount or new rules "
            f"put the figure below it. {_ahead(known, reached)[1] if not has_ended else ''}".strip()
        )
    if has_ended:
        return State.KEPT, "The period ended within its budget."
    return _ahead(known, reached)


def _lacking(known: Known) -> str:
    """What is missing to say anything; empty for nothing."""
    if not known.is_seen:
        return "Nothing that belongs to this scope was seen: its name may be misspelt."
    if known.elapsed_share <= 0 and known.outlook is None:
        return "No hour of this period is accounted for yet."
    is_missing = known.actual_g is None and known.elapsed_share > 0
    if is_missing or known.coverage < MIN_COVERAGE:
        return f"Only {100 * known.coverage:.0f} % of the hours so far are accounted for."
    return ""


def notice_key(budget_id: str, period: Period, threshold: str) -> str:
    """The same for one threshold of a budget in a period, however often it is found."""
    return f"budget|{budget_id}|{period.label}|{threshold}"


def _ahead(known: Known, reached: Collection[str]) -> tuple[State, str]:
    """The state that follows from what is expected."""
    if known.outlook is None:
        return State.NOT_ENOUGH_DATA, "Too little has been seen to say where the period will end."
    if "probability-80" in reached:
        chance = f"{100 * (known.outlook.probability or 0):.0f}"
        return State.ALERT, f"The budget is overrun with a probability of {chance} %."
    if "forecast-100" in reached:
        return State.WARN, "The period is expected to end above its budget."
    return State.ON_TRACK, "The period is expected to end within its budget."


def _value(known: Known, threshold: Threshold) -> float | None:
    """What a threshold is held against; None where that is not known."""
    if not known.budget_g or known.budget_g < 0:
        return None
    if threshold.of == "actual":
        return None if known.actual_g is None else known.actual_g / known.budget_g
    if known.outlook is None:
        return None
    if threshold.of == "forecast":
        return known.outlook.central_g / known.budget_g
    return known.outlook.probability

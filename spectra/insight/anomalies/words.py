"""The likely cause of an incident in a sentence, from what is known around it."""

from __future__ import annotations

from math import floor
from typing import Any

from spectra import units
from spectra.insight.anomalies.alerts import DROP, RUNAWAY, SHIFT, SPIKE
from spectra.insight.anomalies.costs import COST_SPIKE
from spectra.insight.anomalies.footprint import FOOTPRINT_SPIKE
from spectra.insight.anomalies.gaps import GAP
from spectra.insight.anomalies.grids import INTENSITY_SPIKE
from spectra.insight.anomalies.waste import FORGOTTEN, IDLE, OFF_CPU_PCT, OFF_HOURS, OFF_SHARE
from spectra.insight.idle import IDLE_DAY_BYTES, IDLE_MEAN_PCT, IDLE_PEAK_PCT

# Traffic that rose by so much with CPU says that the work itself grew.
BUSIER, UNCHANGED = 1.5, 1.2


def cause(row: dict[str, Any]) -> str:
    """What is likely behind an incident.

    Parameters
    ----------
    row : dict
        kind, value, expected, days and, where known, traffic (network bytes against the weeks
        before [1]) or usage_g, grid_g, mix_g.
    """
    text = ""
    match row["kind"]:
        case kind if kind in (RUNAWAY, SPIKE, SHIFT):
            text = _usage(row)
        case kind if kind == DROP:
            text = f"{_levels(row)}: work may have stopped, or moved elsewhere."
        case kind if kind == IDLE:
            text = (
                f"It runs and does nothing: CPU below {IDLE_PEAK_PCT:.0f} % in every hour and "
                f"below {IDLE_MEAN_PCT:.0f} % on average, less than {IDLE_DAY_BYTES / 1e6:.0f} MB "
                f"of traffic a day, for {_days(row['days'])}."
            )
        case kind if kind == FORGOTTEN:
            text = (
                f"No running machine has used this volume for at least {_days(floor(row['days']))}."
            )
        case kind if kind == OFF_HOURS:
            text = (
                f"At night and at weekends at least {100 * OFF_SHARE:.0f} % as many machines run "
                f"as by day, at less than {OFF_CPU_PCT:.0f} % CPU."
            )
        case kind if kind == INTENSITY_SPIKE:
            text = (
                f"The grid is at {row['value']:.0f} gCO₂e/kWh where this hour usually has "
                f"{row['expected']:.0f}: dirtier power than usual. Movable work can wait."
            )
        case kind if kind == FOOTPRINT_SPIKE:
            text = _footprint(row)
        case kind if kind == COST_SPIKE:
            text = (
                f"A day cost {units.usd_text(row['value'])} where such a day usually costs "
                f"{units.usd_text(row['expected'])}."
            )
        case kind if kind == GAP:
            text = (
                f"Only {units.share_text(row['value'])} of a day's hours have a value: it is not "
                "watched, or its source failed. It is not taken for a low one."
            )
    return text


def _levels(row: dict[str, Any]) -> str:
    return f"CPU at {row['value']:.0f} % where {row['expected']:.0f} % is usual"


def _days(days: float) -> str:
    return "a day" if round(days) == 1 else f"{days:.0f} days"


def _usage(row: dict[str, Any]) -> str:
    traffic = row.get("traffic")
    if row["value"] < row["expected"]:
        return f"A new level: {_levels(row)}. Work may have stopped, or moved elsewhere."
    lead = {
        RUNAWAY: f"{_levels(row)}, hour after hour",
        SHIFT: f"A new level: {_levels(row)}",
        SPIKE: _levels(row),
    }[row["kind"]]
    if traffic is None or traffic != traffic:  # noqa: PLR0124 (NaN is unequal to itself)
        return f"{lead}. Traffic is not known, so load and fault cannot be told apart."
    if traffic >= BUSIER:
        return f"{lead}; traffic rose to {traffic:.1f} times as much: the work itself grew."
    if traffic < 1 / BUSIER:
        return (
            f"{lead}, though traffic fell to {100 * traffic:.0f} % of what it was: a process of "
            "its own, such as a loop, a stuck job or a miner, rather than more work."
        )
    if traffic <= UNCHANGED:
        return (
            f"{lead}, while traffic stayed as it was: a process of its own, such as a loop, a "
            "stuck job or a miner, rather than more work."
        )
    return f"{lead}; traffic rose a little too."


def _footprint(row: dict[str, Any]) -> str:
    parts = {"usage": row.get("usage_g"), "the grid": row.get("grid_g"),
             "where it ran": row.get("mix_g")}  # fmt: skip
    known = {name: grams for name, grams in parts.items() if grams is not None}
    if not known:
        return "The day emitted far more than such a day usually does."
    main = max(known, key=lambda name: abs(known[name]))
    told = ", ".join(f"{name} {_signed(grams)}" for name, grams in known.items())
    return f"Driven by {main}: {told}."


def _signed(grams: float) -> str:
    return f"{'−' if grams < 0 else '+'}{units.mass_text(abs(grams))}"

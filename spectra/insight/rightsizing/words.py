"""The sentences of the advice."""

from __future__ import annotations

import math

from spectra.insight.idle import IDLE_DAY_BYTES, IDLE_MEAN_PCT, IDLE_PEAK_PCT
from spectra.insight.rightsizing.judge import (
    MIN_COVERAGE,
    MIN_HOURS,
    exclusion,
    strains,
)
from spectra.insight.rightsizing.model import Demand, Finding, Rated, Rules, Unit
from spectra.units import counted


def reason(
    unit: Unit,
    finding: Finding,
    demand: Demand | None,
    best: Rated | None,
    *,
    is_comparable: bool = True,
) -> str:
    """Why the finding is what it is, in a sentence with its numbers.

    Parameters
    ----------
    is_comparable : bool
        Whether a price and a grid are known, without which no other type can be weighed.
    """
    text = _fits(unit, demand, is_comparable=is_comparable)
    match finding:
        case Finding.STOPPED:
            text = _stopped(unit)
        case Finding.NOT_ENOUGH_DATA:
            seen = counted(unit.clock_hours, "hour")
            text = f"{seen} with a CPU value so far; {MIN_HOURS} are needed."
        case Finding.EXCLUDED:
            text = _excluded(unit)
        case Finding.IDLE:
            text = (
                f"In {unit.look_back_days} days CPU never passed {unit.peaks_pct[0]:.1f} %, "
                f"its mean is {unit.mean_pct:.1f} %, and the busiest day moved "
                f"{(unit.busiest_day_bytes or 0) / 1e6:.1f} MB: nothing seems to use it."
            )
        case Finding.UNDER:
            text = _sentence(f"It is too small: {' and '.join(strains(unit))}")
        case Finding.BURST:
            text = (
                f"Its mean CPU of {unit.mean_pct:.0f} % is above what this burstable type may use "
                "without credits: a type of steady performance suits it better than a larger one "
                "of its kind."
            )
        case Finding.OVER if best is not None and demand is not None:
            text = _over(unit, demand, best)
    return text


def changes(finding: Finding, demand: Demand | None, rules: Rules) -> str:
    """What would change the advice; empty where nothing particular would."""
    text = ""
    match finding:
        case Finding.IDLE:
            text = (
                f"CPU above {IDLE_PEAK_PCT:.0f} % in any hour, a mean above {IDLE_MEAN_PCT:.0f} %, "
                f"more than {IDLE_DAY_BYTES / 1e6:.0f} MB of traffic in a day, or a tag that keeps "
                "it (keep, dr, standby) ends this."
            )
        case Finding.UNDER:
            text = "It ends when CPU, credits and memory stay within limits for the look-back."
        case Finding.OVER if demand is not None:
            text = (
                f"A CPU peak that leaves less than {rules.cpu_headroom_pct:.0f} % free on the "
                "proposed type ends this; "
            ) + (
                f"so do more than {demand.memory_gib:.1f} GiB of memory needed."
                if demand.memory_is_known
                else "memory data could allow a type with less of it."
            )
        case Finding.OPTIMISED if demand is not None and not demand.memory_is_known:
            text = "Memory is not watched, so it was never shrunk: an agent could show more."
        case Finding.NOT_ENOUGH_DATA:
            text = f"More hours of telemetry; a first guess is made from {MIN_HOURS} hours on."
    return text


def notes(
    unit: Unit, finding: Finding, demand: Demand | None, *, is_preliminary: bool
) -> tuple[str, ...]:
    """What a reader must know besides."""
    found = []
    if is_preliminary and unit.clock_hours >= MIN_HOURS:
        found.append(
            f"Preliminary: {counted(unit.clock_hours, 'hour')} seen, coverage {unit.coverage:.0%}, "
            f"{unit.weekends} weekends."
        )
    if demand is not None and not demand.is_bound:
        found.append("The highest hour stands in for the 99.5th percentile: too few hours.")
    if demand is not None and not demand.memory_is_known:
        found.append("Memory use is not known, so no type with less memory is proposed.")
    if unit.look_back_days > 14:
        found.append("The load has a monthly pattern, so 32 days were judged.")
    if demand is not None and unit.peaks_pct and demand.peak_pct > unit.peaks_pct[0] * 1.1:
        found.append(f"The load grows: a peak of {demand.peak_pct:.0f} % is expected in a month.")
    if 0 < unit.days_over_90 <= unit.look_back_days / 3:
        found.append(
            f"The hours above 90 % fall on {counted(unit.days_over_90, 'day')}: rule out "
            "a runaway process before paying for a larger machine."
        )
    if finding is Finding.BURST or (unit.credit_empty_hours_per_day or 0.0) >= 1.0:
        found.append(
            "In unlimited mode, the default of T3 and T4g, what it uses beyond its credits is "
            "charged on top: surplus credits of 0.05 USD a vCPU-hour on Linux (T4g 0.04)."
        )
    kept = exclusion(unit)
    if kept is not None and (unit.mean_pct or 100.0) < IDLE_MEAN_PCT:
        found.append(f"It looks idle, but {kept}.")
    if unit.clock_hours >= MIN_HOURS and unit.network_share < MIN_COVERAGE:
        found.append("Network traffic is not known, so it is never called idle.")
    return tuple(found)


def difference_in_words(
    finding: str,
    theirs: str,
    their_days: float | None,
    our_days: int,
    memory_is_known: bool,
) -> str:
    """AWS Compute Optimizer's finding beside ours, with the reasons that the two may differ."""
    if _THEIR_WORDS.get(finding) == theirs:
        return f"AWS Compute Optimizer agrees: {theirs.replace('_', ' ')}."
    reasons = ["it ranks by price and performance, SPECTRA by carbon at no higher cost"]
    if their_days and math.isfinite(their_days) and round(their_days) != our_days:
        reasons.append(f"it looked back {counted(round(their_days), 'day')}, SPECTRA {our_days}")
    if not memory_is_known:
        reasons.append("memory is not known here, so SPECTRA keeps it")
    reasons.append("it sees five-minute samples, SPECTRA the maximum of each hour")
    if theirs == "over_provisioned" and finding == Finding.OPTIMISED:
        reasons.append("SPECTRA takes at most two sizes at a time and counts a newer type apart")
    return _sentence(f"AWS Compute Optimizer says {theirs.replace('_', ' ')}: {'; '.join(reasons)}")


_THEIR_WORDS: dict[str, str] = {
    Finding.OVER: "over_provisioned",
    Finding.UNDER: "under_provisioned",
    Finding.OPTIMISED: "optimized",
    Finding.IDLE: "over_provisioned",
}


def _over(unit: Unit, demand: Demand, best: Rated) -> str:
    name, peak = best.option.type.name, best.option.peak_pct
    memory = (
        f"{demand.memory_gib:.1f} GiB of memory are needed and {best.option.type.memory_gib:g} stay"
        if demand.memory_is_known
        else "memory stays as it is"
    )
    return (
        f"CPU peaked at {unit.peaks_pct[0]:.0f} % in {unit.look_back_days} days (mean "
        f"{unit.mean_pct:.0f} %): on {name} it would peak at {peak:.0f} %, and {memory}."
    )


def _fits(unit: Unit, demand: Demand | None, *, is_comparable: bool) -> str:
    if demand is None:
        return "It fits its load."
    load = f"CPU peaked at {unit.peaks_pct[0]:.0f} % (mean {unit.mean_pct:.0f} %)"
    if not is_comparable:
        return f"{load}: no list price or no grid of its region is known to weigh other types by."
    return f"{load}: no smaller type carries that at lower cost and surely less carbon."


def _stopped(unit: Unit) -> str:
    if unit.clock_hours < MIN_HOURS:
        return "It is stopped and ran too little of late to be judged."
    return "Nothing seemed to use it while it ran, and it is stopped already."


def _excluded(unit: Unit) -> str:
    if unit.tenancy == "host":
        return "It runs on a dedicated host, which decides the types it can have."
    if ".metal" in unit.instance_type:
        return "It is bare metal: another size is another kind of machine."
    return f"The type {unit.instance_type} is not in the catalogue, so nothing can be compared."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

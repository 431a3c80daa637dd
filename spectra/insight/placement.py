"""Where and when to run a job: every region's best slots against running at once at home."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.chance import emission_paths, is_recommended, share_below
from spectra.insight.regions.model import Excluded
from spectra.insight.scheduling import (
    InfeasibleError,
    Job,
    Plan,
    Slot,
    plan,
    run_now_slot,
    saved_g,
    saving_share_pct,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region in which the job may run.

    Attributes
    ----------
    intensity : Series
        Of its grid by hour, the running hour first [gCO2e/kWh].
    errors : ndarray
        Errors of past forecasts, one row an origin, one column an hour of `intensity`; 0 for an
        hour that is known.
    pue : float
        Power at the meter per power of the machines.
    usd_per_hour : float or None
        Price of the job's machines [USD/h]; None where it is not known.
    latency_ms : float or None
        Round trip [ms]; None where it is not known.
    transfer_grams : float
        What moving the job's data there emits [gCO2e].
    """

    region: str
    country: str
    intensity: pd.Series
    errors: np.ndarray
    pue: float = 1.0
    usd_per_hour: float | None = None
    latency_ms: float | None = None
    transfer_grams: float = 0.0


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Hard conditions; a region outside them is excluded and never ranked, home neither.

    A latency that is not known keeps other regions out; home may have none.
    """

    max_latency_ms: float | None = None
    countries: tuple[str, ...] = ()
    grams_per_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Option:
    """The best slots in one region.

    Attributes
    ----------
    grams : float
        In these slots, the transfer included [gCO2e].
    saving_g, saving_pct : float
        Against running at once at home.
    mean_start_grams : float
        Of a start at random at home [gCO2e].
    saving_usd : float or None
        Against the price at home, which is that of any start; None where a price is not known.
    score : float or None
        What options are ranked by: grams, and the price at the weight that was asked for
        [gCO2e-equivalent]; None where that needs a price that is not known.
    probability : float
        That it emits less than running at once at home; NaN where it cannot be said.
    """

    region: str
    plan: Plan
    grams: float
    saving_g: float
    saving_pct: float
    mean_start_grams: float
    saving_usd: float | None
    score: float | None
    probability: float
    is_recommended: bool

    @property
    def saving_vs_mean_g(self) -> float:
        """Against a start at random at home [gCO2e]."""
        return saved_g(self.grams, self.mean_start_grams)

    @property
    def saving_vs_mean_pct(self) -> float:
        """Against a start at random at home [%]; NaN where that is not known or nothing."""
        return saving_share_pct(self.grams, self.mean_start_grams)


def place(
    job: Job, home: str, candidates: Sequence[Candidate], limits: JobLimits | None = None
) -> tuple[list[Option], list[Excluded]]:
    """Options ranked by what they emit, the home region among them, and what is excluded.

    `job.power_kw` is the power of the machines; each region's PUE comes on top. A home that the
    limits exclude is no option, yet still what options are compared with.

    Raises
    ------
    InfeasibleError
        If the home region has no placement at all, or no region is left.
    """
    limits = limits or JobLimits()
    by_region = {candidate.region: candidate for candidate in candidates}
    if home not in by_region:
        raise InfeasibleError(
            f"There is no forecast for {home}.",
            next_step="Choose another region, or bring grid data for its zone.",
        )
    at_once = _at_once(job, by_region[home], limits)
    options, excluded = [], []
    for candidate in candidates:
        reason = _excluded(candidate, limits, is_home=candidate.region == home)
        if reason is None:
            try:
                made = _planned(job, candidate, limits)
            except InfeasibleError as error:
                reason = error.message
            else:
                options.append(_option(job, candidate, made, at_once, limits.grams_per_usd))
        if reason is not None:
            excluded.append(Excluded(candidate.region, reason))
    if not options:
        raise InfeasibleError(
            "No region within the limits of the job can run it in time.",
            next_step="Allow more countries or a higher latency, or offer it more regions.",
        )
    # A price that is not known is no low one: such a region comes after all that are priced.
    options.sort(key=lambda option: (*_rank(option), option.region != home, option.region))
    return options, excluded


def _planned(job: Job, candidate: Candidate, limits: JobLimits) -> Plan:
    here = replace(job, power_kw=job.power_kw * candidate.pue)
    price = candidate.usd_per_hour or 0.0
    return plan(
        candidate.intensity, here, price_usd_per_hour=price, grams_per_usd=limits.grams_per_usd
    )


def _excluded(candidate: Candidate, limits: JobLimits, *, is_home: bool) -> str | None:
    if limits.countries and candidate.country not in limits.countries:
        return f"It lies in {candidate.country}, which is not allowed."
    if limits.max_latency_ms is not None:
        if candidate.latency_ms is None:
            return None if is_home else "Its latency is not known, and there is a limit."
        if candidate.latency_ms > limits.max_latency_ms:
            return f"Its latency of {candidate.latency_ms:.0f} ms is above the limit."
    return None


class _AtOnce(NamedTuple):
    """Running at once at home: its emissions, its price, and its emissions on past errors.

    `mean_grams` are those of a start at random.
    """

    grams: float
    mean_grams: float
    usd: float | None
    paths: np.ndarray


def _at_once(job: Job, home: Candidate, limits: JobLimits) -> _AtOnce:
    made = _planned(job, home, limits)
    slot: Slot = run_now_slot(job, home.intensity.index[0].to_pydatetime())
    paths = emission_paths(home.intensity, home.errors, [slot]) * job.power_kw * home.pue
    usd = _usd(made.cost_run_now_usd, home)
    return _AtOnce(made.grams_run_now, made.grams_mean_start, usd, paths)


def _option(
    job: Job, candidate: Candidate, made: Plan, at_once: _AtOnce, grams_per_usd: float
) -> Option:
    grams = made.grams + candidate.transfer_grams
    saving = saved_g(grams, at_once.grams)
    saving_pct = saving_share_pct(grams, at_once.grams)
    usd = _usd(made.cost_usd, candidate)
    paths = emission_paths(candidate.intensity, candidate.errors, made.slots)
    extra = candidate.transfer_grams + job.restart_grams * (len(made.slots) - 1)
    chance = share_below(paths * job.power_kw * candidate.pue + extra, at_once.paths)
    return Option(
        candidate.region,
        made,
        grams,
        saving,
        saving_pct,
        at_once.mean_grams,
        None if usd is None or at_once.usd is None else _difference(at_once.usd, usd),
        _score(grams, usd, grams_per_usd),
        chance,
        is_recommended(saving_pct, saving, chance),
    )


def _difference(before: float, after: float) -> float:
    """What is saved; nothing where only the order of the sums differs."""
    return 0.0 if math.isclose(before, after, rel_tol=1e-9) else before - after


def _score(grams: float, usd: float | None, grams_per_usd: float) -> float | None:
    if not grams_per_usd:
        return grams
    return None if usd is None else grams + grams_per_usd * usd


def _rank(option: Option) -> tuple[bool, float]:
    return option.score is None, option.grams if option.score is None else option.score


def _usd(amount: float, candidate: Candidate) -> float | None:
    return None if candidate.usd_per_hour is None else amount


def regret_and_capture(
    chosen: Iterable[float], oracle: Iterable[float], at_once: Iterable[float]
) -> tuple[float, float]:
    """How past schedules did on what the grids really were.

    Parameters
    ----------
    chosen, oracle, at_once : iterable of float
        Realised emissions of the slots taken, of the best slots in hindsight, and of running at
        once [gCO2e].

    Returns
    -------
    regret, capture : float
        ``Σ(chosen − oracle)/Σ oracle`` and ``Σ(at once − chosen)/Σ(at once − oracle)``; NaN where
        there is nothing to divide by.
    """
    taken, best, now = (np.fromiter(part, float) for part in (chosen, oracle, at_once))
    possible = float((now - best).sum())
    total = float(best.sum())
    regret = float((taken - best).sum()) / total if total > 0 else float("nan")
    capture = float((now - taken).sum()) / possible if possible > 1e-9 else float("nan")
    return regret, capture

"""Which models suit a series: every candidate is judged on the series' own past, then combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from spectra.insight.forecast import linear, simple
from spectra.insight.forecast.series import Hours

DAY = linear.DAY
Step = Literal["linear", "short", "climatology"]

PENALTIES = (10.0, 20.0, 40.0)
WEATHER_PENALTIES = (20.0, 50.0, 120.0)
MIN_WINDOWS = 35  # fewer examples than this teach a linear model nothing
MAX_ORIGINS, SHORT_ORIGINS, MIN_ORIGINS = 90, 14, 3
MIN_HOURS = 3 * DAY
# An origin is judged where this much of the day before it and of what it is asked for is known.
JUDGED_SHARE = 0.5
# Candidates this close to the best are averaged with it: their errors partly cancel.
TOLERANCE = 0.10
# Logs of a series that touches zero are taken of at least this share of its median.
LOG_FLOOR_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Choice:
    """The members of a combined forecast and how they did on the past.

    Attributes
    ----------
    step : str
        ``linear`` with enough history, ``short`` with at least three days, ``climatology`` where
        less than that is known of the last four weeks.
    members : tuple of str
        Names of the candidates that are averaged.
    errors : ndarray
        Value minus forecast at past origins a day apart, one row an origin, one column an hour
        ahead [as the series]; empty where nothing could be judged, NaN where a value is unknown.
    mae, mae_yesterday : float
        Mean absolute error at those origins, of the combination and of "same hour yesterday".
    """

    step: Step
    members: tuple[str, ...]
    errors: np.ndarray
    mae: float
    mae_yesterday: float


def choose(hours: Hours, horizon: int, weather: np.ndarray | None = None) -> Choice:
    """Judge all candidates by rolling origins over the last quarter or three months of the past.

    Of a history with gaps, those origins count around which it is known.
    """
    count = len(hours.values)
    if count < MIN_HOURS:
        return _unjudged("climatology", horizon)
    recent = hours.is_known[-linear.MEMORY :]
    if recent.sum() < MIN_HOURS:
        return _unjudged("anchored climatology", horizon)
    origins = _origins(hours, horizon, 1 - linear.MAX_FILLED_SHARE)
    possible = (count - linear.MEMORY) // DAY - 1
    available = min(possible, int((origins >= linear.MEMORY).sum()))
    if available >= MIN_WINDOWS and recent.mean() >= JUDGED_SHARE:
        origins = origins[-min(MAX_ORIGINS, available // 3) :]
        candidates = _simple_at(hours, origins, horizon) | _linear_at(
            hours, origins, horizon, weather
        )
        return _combine("linear", hours, origins, horizon, candidates)
    return _short(hours, horizon)


def _short(hours: Hours, horizon: int) -> Choice:
    """Judge what needs little history, as far ahead as there is history to judge it on."""
    count = len(hours.values)
    ahead = min(horizon, DAY * (count // DAY - 1))
    origins = _origins(hours, ahead, JUDGED_SHARE)
    if not len(origins):
        return _unjudged("anchored climatology", horizon)
    spare = max(1, (count - MIN_HOURS) // DAY)
    origins = origins[origins >= min(MIN_HOURS, origins[-1])][-min(SHORT_ORIGINS, spare) :]
    candidates = _simple_at(hours, origins, ahead) | _stl_at(hours, origins, ahead)
    made = _combine("short", hours, origins, ahead, candidates)
    beyond = np.full((len(origins), horizon - ahead), np.nan)
    return replace(made, errors=np.hstack([made.errors, beyond]))


def _unjudged(member: str, horizon: int) -> Choice:
    empty = np.empty((0, horizon))
    return Choice("climatology", (member,), empty, float("nan"), float("nan"))


def predict(
    hours: Hours, choice: Choice, horizon: int, weather: np.ndarray | None = None
) -> np.ndarray:
    """The combined forecast of the hours after the history's last, never below zero."""
    parts: list[np.ndarray] = []
    names = [name for name in choice.members if name.startswith("linear")]
    if names:
        parts += _fitted(hours, horizon, weather, names)
    for name in choice.members:
        if name not in names:
            parts.append(_simple(name, hours, horizon))
    low, high = _plausible(hours.values)
    combined: np.ndarray = np.clip(np.mean(parts, axis=0), low, high)
    return combined


def _origins(hours: Hours, horizon: int, least_known: float) -> np.ndarray:
    """Past origins a day apart, oldest first, with a share known of the day before and ahead."""
    last = len(hours.values) - DAY * (-(-horizon // DAY))
    if last < DAY:
        return np.empty(0, dtype=int)
    origins = np.arange(last, DAY - 1, -DAY)[::-1]
    before = sliding_window_view(hours.is_known, DAY)[origins - DAY].mean(axis=1)
    ahead = sliding_window_view(hours.is_known, horizon)[origins].mean(axis=1)
    judged: np.ndarray = origins[np.minimum(before, ahead) >= least_known]
    return judged


def _combine(
    step: Step,
    hours: Hours,
    origins: np.ndarray,
    horizon: int,
    candidates: Mapping[str, np.ndarray],
) -> Choice:
    """Average the candidates that are about as good as the best one."""
    actual = np.array([hours.values[o : o + horizon] for o in origins])
    known = np.array([hours.is_known[o : o + horizon] for o in origins])
    low, high = _plausible(hours.values)

    def error(forecast: np.ndarray) -> float:
        return float(np.mean(np.abs(actual - forecast)[known]))

    judged = {name: error(np.clip(f, low, high)) for name, f in candidates.items()}
    best = min(judged.values())
    members = tuple(name for name, mae in judged.items() if mae <= best * (1 + TOLERANCE) + 1e-12)
    mean = np.clip(np.mean([candidates[name] for name in members], axis=0), low, high)
    errors = np.where(known, actual - mean, np.nan)
    return Choice(step, members, errors, error(mean), judged["same hour yesterday"])


def _simple_at(hours: Hours, origins: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
    """Forecasts of the simple candidates at each origin."""
    names = ["last value", "same hour yesterday", "mean day", "anchored day"]
    if origins.min() >= simple.WEEK:
        names.append("same hour last week")
    return {
        name: np.array([_simple(name, _until(hours, origin), horizon) for origin in origins])
        for name in names
    }


def _stl_at(hours: Hours, origins: np.ndarray, horizon: int) -> dict[str, np.ndarray]:
    enough = origins.min() >= MIN_HOURS
    if not enough:
        return {}
    return {
        "STL and AR": np.array(
            [_simple("STL and AR", _until(hours, origin), horizon) for origin in origins]
        )
    }


def _simple(name: str, hours: Hours, horizon: int) -> np.ndarray:
    recent = _last(hours, linear.MEMORY)
    makers = {
        "last value": partial(simple.last_value, hours.values),
        "same hour yesterday": partial(simple.same_hour_yesterday, hours.values),
        "same hour last week": partial(simple.same_hour_last_week, hours.values),
        "mean day": partial(simple.climatology, recent),
        "anchored day": partial(simple.anchored_day, recent),
        "climatology": partial(simple.climatology, hours),
        "anchored climatology": partial(simple.anchored_day, hours),
        "STL and AR": partial(simple.stl_ar, recent.values),
    }
    return makers[name](horizon)


def _until(hours: Hours, origin: int) -> Hours:
    return Hours(hours.at[:origin], hours.values[:origin], hours.is_known[:origin])


def _last(hours: Hours, count: int) -> Hours:
    return Hours(hours.at[-count:], hours.values[-count:], hours.is_known[-count:])


def _linear_at(
    hours: Hours, origins: np.ndarray, horizon: int, weather: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Forecasts of the linear candidates, fitted once on what lies before the first origin."""
    found = {}
    for scale in ("level", "log"):
        examples = linear.windows(hours, _scaled(hours.values, scale), horizon, weather)
        # What ends after the first judged origin would know some of what it is asked.
        train = examples.usable & (examples.origins[:-1] + horizon <= origins[0])
        penalties = PENALTIES if weather is None else WEATHER_PENALTIES
        models = linear.fit(examples.features[:-1][train], examples.targets[train], penalties)
        rows = examples.features[np.isin(examples.origins, origins)]
        for penalty, model in zip(penalties, models, strict=True):
            found[f"linear {scale} {penalty:g}"] = _levels(model.predict(rows), hours.values, scale)
    return found


def _fitted(
    hours: Hours, horizon: int, weather: np.ndarray | None, names: list[str]
) -> list[np.ndarray]:
    """Forecasts of linear members, fitted on everything that is known."""
    parts = []
    for scale in ("level", "log"):
        wanted = [n for n in names if n.split()[1] == scale]
        if not wanted:
            continue
        examples = linear.windows(hours, _scaled(hours.values, scale), horizon, weather)
        models = linear.fit(
            examples.features[:-1][examples.usable],
            examples.targets[examples.usable],
            tuple(float(name.split()[2]) for name in wanted),
        )
        rows = examples.features[-1:]
        parts += [_levels(model.predict(rows), hours.values, scale)[0] for model in models]
    return parts


def _floor(values: np.ndarray) -> float:
    return max(float(np.median(values)) * LOG_FLOOR_SHARE, 1e-3)


def _scaled(values: np.ndarray, scale: str) -> np.ndarray:
    return np.log(np.maximum(values, _floor(values))) if scale == "log" else values


def _levels(forecast: np.ndarray, values: np.ndarray, scale: str) -> np.ndarray:
    if scale == "level":
        return forecast
    low, high = _plausible(values)
    # Logs are held within the plausible before they are raised: exp of a wild one is no number.
    floor = np.log(max(low, _floor(values)))
    raised: np.ndarray = np.exp(np.clip(forecast, floor, np.log(max(high, _floor(values)))))
    return raised


def _plausible(values: np.ndarray) -> tuple[float, float]:
    """What a forecast may be: not below zero nor far beyond anything of the last year."""
    year = values[-365 * DAY :]
    return max(0.0, float(year.min()) * 0.5), float(year.max()) * 1.25

"""Accuracy of the forecasts on public grids: last 181 days, from each midnight the next 24 hours.

Refitted every 14 days on all that came before; history alone, or with the weather of the day
forecast. Run with ``python -m tests.benchmarks accuracy FOLDER``; needs the shared data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.forecast import issue

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DAYS, REFIT_DAYS, LEVEL = 181, 14, 0.8

Row = tuple[str, str, str, str]


class Score(NamedTuple):
    """Of one grid: errors [%, or as the series], coverage [%], and time [s]."""

    name: str
    mape: float
    mape_yesterday: float
    coverage: float
    mae_ratio: float
    seconds: float


def score(
    name: str, series: pd.Series, weather: pd.DataFrame | None = None, days: int = DAYS
) -> Score:
    """Forecast each of the last days from what came before its midnight."""
    first = len(series) - days * 24
    started, made, columns = time.perf_counter(), None, ("mean", "lower", "upper")
    mean, low, high = (np.empty((days, 24)) for _ in range(3))
    for day in range(days):
        origin = first + day * 24
        known = None if weather is None else weather.iloc[: origin + 24]
        choice = made.choice if made is not None and day % REFIT_DAYS else None
        made = issue(series.iloc[:origin], 24, LEVEL, weather=known, choice=choice)
        mean[day], low[day], high[day] = (made.frame[c].to_numpy() for c in columns)
    actual = series.to_numpy()[first:].reshape(days, 24)
    yesterday = series.to_numpy()[first - 24 : -24].reshape(days, 24)
    error, naive = np.abs(mean - actual), np.abs(yesterday - actual)
    return Score(
        name,
        float(np.mean(error / actual) * 100),
        float(np.mean(naive / actual) * 100),
        float(np.mean((actual >= low) & (actual <= high)) * 100),
        float(error.mean() / naive.mean()),
        time.perf_counter() - started,
    )


def eleven_grids(folder: Path, small: bool, weather: bool = False) -> Iterator[Row]:
    """The eleven grids of the benchmark, direct intensity of 2019 to 2022."""
    if not (SHARED / "forecast_bench").is_dir():
        yield "forecast accuracy", "eleven grids", "–", "the shared data is not here"
        return
    values = pd.read_parquet(SHARED / "forecast_bench" / "eleven_grids.parquet")
    names = ["PJM"] if small else sorted(values["grid"].unique())
    outside = (
        pd.read_parquet(SHARED / "forecast_bench" / "eleven_grids_weather.parquet")
        if weather
        else None
    )
    work = partial(_one, values, outside, 3 if small else DAYS)
    yield from _table(names, work, "with weather" if weather else "history alone")


def _one(values: pd.DataFrame, weather: pd.DataFrame | None, days: int, name: str) -> Score:
    rows = values[values["grid"] == name].set_index("datetime_utc").sort_index()
    outside = None
    if weather is not None:
        own = weather[weather["grid"] == name].set_index("datetime_utc").sort_index()
        outside = own.drop(columns="grid")
    return score(name, rows["carbon_intensity_direct"], outside, days)


def _scores(names: list[str], work: partial) -> list[Score]:
    """Of each grid, two at a time, each on one thread."""
    if len(names) == 1:
        return [work(names[0])]
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(work, names))


def _table(names: list[str], work: partial, what: str) -> Iterator[Row]:
    scores = _scores(names, work)
    for s in scores:
        note = f"same hour yesterday {s.mape_yesterday:.2f} %, interval held {s.coverage:.0f} %"
        yield f"forecast {s.name}, {what}", "24 h ahead", f"MAPE {s.mape:.2f} %", note
    means = np.mean([s[1:4] for s in scores], axis=0)
    yield (
        f"forecast mean, {what}",
        f"{len(scores)} grids, 24 h ahead",
        f"MAPE {means[0]:.2f} %",
        f"same hour yesterday {means[1]:.2f} %, interval held {means[2]:.1f} %",
    )


def _region_zones(*names: str) -> pd.DataFrame | None:
    """Three years of hours of 28 zones, or some of them; None if they are not here."""
    path = SHARED / "grid" / "hourly_2021_2023.parquet"
    if not path.is_file():
        return None
    return pd.read_parquet(
        path,
        columns=["zone", "datetime_utc", "carbon_intensity_lca"],
        filters=[("zone", "in", names)] if names else None,
    )


def zones(folder: Path, small: bool) -> Iterator[Row]:
    """27 zones that host regions and US-NW-BPAT, lifecycle intensity, last 181 days of 2023."""
    values = _region_zones(*(("DE",) if small else ()))
    if values is None:
        yield "forecast accuracy", "28 zones", "–", "the shared data is not here"
        return
    names = sorted(values["zone"].unique())
    scores = _scores(names, partial(_zone, values, 3 if small else DAYS))
    worst = max(scores, key=lambda s: s.mae_ratio)
    yield (
        "forecast of region zones",
        f"{len(scores)} zones, 24 h ahead",
        f"MAE {np.mean([s.mae_ratio for s in scores]):.3f} of yesterday's",
        f"worst {worst.name} {worst.mae_ratio:.3f}, "
        f"interval held {np.mean([s.coverage for s in scores]):.1f} %",
    )


def _zone(values: pd.DataFrame, days: int, name: str) -> Score:
    rows = values[values["zone"] == name].set_index("datetime_utc").sort_index()
    hourly = rows["carbon_intensity_lca"].asfreq("h").interpolate()
    return score(name, hourly, days=days)


def speed(folder: Path, small: bool) -> Iterator[Row]:
    """Choosing models for all zones, and then a forecast of each."""
    values = _region_zones(*(("DE", "FR") if small else ()))
    if values is None:
        yield "forecast speed", "28 zones", "–", "the shared data is not here"
        return
    from spectra.catalog import load_catalog
    from spectra.refresh.forecasts import issue_forecasts
    from spectra.store import Store
    from spectra.store.factors import write_factors
    from spectra.store.writes import write_intensities
    from tests import fleet

    names = sorted(values["zone"].unique())
    store, catalog = Store(), load_catalog()
    write_factors(store, catalog)
    end = values["datetime_utc"].max().to_pydatetime()
    for name in names:
        rows = values[values["zone"] == name]
        at = pd.DatetimeIndex(rows["datetime_utc"]).as_unit("us")
        level = rows["carbon_intensity_lca"].to_numpy()
        write_intensities(store, fleet.intensities(name, at, level, level), catalog)
    size = f"{len(names)} zones, 3 years of hours, 48 h ahead"
    for what, now in (
        ("choosing models and forecasting", end - pd.Timedelta(hours=1)),
        ("forecasting, models chosen", end),
    ):
        started = time.perf_counter()
        issue_forecasts(store, zones=names, now=now)
        yield f"forecast: {what}", size, f"{time.perf_counter() - started:.1f} s", "two threads"
    store.close()

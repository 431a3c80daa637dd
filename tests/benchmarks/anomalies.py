"""Anomaly detection: 17 labelled CloudWatch series, injections into demo telemetry, and speed.

The series are realAWSCloudwatch of the Numenta Anomaly Benchmark (MIT licence), each about a
fortnight of five-minute values; its first 15 % are for learning. An alert within a labelled window
is right, a window with an alert is found. Run with ``python -m tests.benchmarks anomalies FOLDER``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.catalog import load_catalog
from spectra.insight.anomalies import CPU, DEFAULT, Sensitivity, detect, scan
from spectra.sources.demo import DemoCompany

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LEARNING_SHARE = 0.15
THRESHOLDS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 2.0)
RUNAWAY_HOURS, RUNAWAY_PCT, FOUND_WITHIN_HOURS = 6, 40.0, 3
WARM_UP_DAYS, MONTH_DAYS = 45, 30
END = datetime(2026, 11, 20, tzinfo=UTC)

Row = tuple[str, str, str, str]


class Labelled(NamedTuple):
    """A series, the windows that people marked, and when learning is over."""

    name: str
    series: pd.Series
    windows: list[tuple[pd.Timestamp, pd.Timestamp]]
    learnt: pd.Timestamp


class Tally(NamedTuple):
    """Right and false alerts, found and all windows, and days of series after learning."""

    right: int
    false: int
    found: int
    windows: int
    days: float

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.false, 1)

    @property
    def recall(self) -> float:
        return self.found / self.windows

    @property
    def false_per_day(self) -> float:
        return self.false / self.days

    def __str__(self) -> str:
        return f"precision {self.precision:.2f}, recall {self.recall:.2f}"


def labelled(folder: Path = SHARED / "nab") -> list[Labelled]:
    """All series of the benchmark; none where the shared data is not here."""
    if not folder.is_dir():
        return []
    found = []
    for name, windows in json.loads((folder / "windows.json").read_text()).items():
        rows = pd.read_csv(folder / name, parse_dates=["timestamp"])
        at = pd.DatetimeIndex(rows["timestamp"]).tz_localize("UTC")
        spans = [(pd.Timestamp(a, tz="UTC"), pd.Timestamp(b, tz="UTC")) for a, b in windows]
        learnt = at[int(len(at) * LEARNING_SHARE)]
        found.append(Labelled(name, pd.Series(rows["value"].to_numpy(), at), spans, learnt))
    return found


def is_cpu(case: Labelled) -> bool:
    return "cpu" in case.name


def tally(case: Labelled, threshold: float) -> Tally:
    """Alerts of one series against its windows."""
    alerts = detect(case.series, Sensitivity(threshold=threshold))["start"]
    alerts = alerts[alerts >= case.learnt]
    within = [[begin <= at <= end for begin, end in case.windows] for at in alerts]
    right = sum(map(any, within))
    found = sum(map(any, zip(*within, strict=True)))
    days = (case.series.index[-1] - case.learnt) / pd.Timedelta(days=1)
    return Tally(right, len(alerts) - right, found, len(case.windows), days)


def total(tallies: list[Tally]) -> Tally:
    return Tally(*(sum(column) for column in zip(*tallies, strict=True)))


def left_out(by_threshold: dict[float, list[Tally]]) -> Tally:
    """Each series at the threshold that is best on all others, by precision and recall."""
    count = len(next(iter(by_threshold.values())))
    scored = []
    for place in range(count):

        def on_others(threshold: float, place: int = place) -> float:
            others = by_threshold[threshold]
            rest = total(others[:place] + others[place + 1 :])
            both = rest.precision + rest.recall
            return 2 * rest.precision * rest.recall / both if both else 0.0

        scored.append(by_threshold[max(by_threshold, key=on_others)][place])
    return total(scored)


def accuracy(folder: Path, small: bool) -> Iterator[Row]:
    """Precision and recall on the labelled series at round thresholds, one for all of them."""
    cases = labelled()
    if not cases:
        yield "anomalies", "labelled series", "–", "the shared data is not here"
        return
    groups = {"all": cases[:3] if small else cases}
    if not small:
        groups["CPU"] = [case for case in cases if is_cpu(case)]
    for group, members in groups.items():
        thresholds = (DEFAULT.threshold,) if small else THRESHOLDS
        made = {t: [tally(case, t) for case in members] for t in thresholds}
        sums = {f"threshold {t}": total(each) for t, each in made.items()}
        sums["threshold of the other series"] = left_out(made)
        for at, result in sums.items():
            note = f"{result.false_per_day:.3f} false alerts a series and day"
            yield f"anomalies, {len(members)} series ({group})", at, str(result), note


@cache
def telemetry(seed: int, days: int) -> tuple[pd.DataFrame, dict[str, str]]:
    """Hourly CPU of the demo company's ordinary machines that always run, and their roles."""
    company = DemoCompany(load_catalog(), seed)
    start = END - timedelta(days=days)
    rows = company.utilisation(start, END)
    wide = rows.pivot(index="hour", columns="instance_id", values="cpu_avg_pct")
    groups = {host.instance_id: host.group for host in company._history(int(END.timestamp())).hosts}
    ordinary = [
        name for name in wide.columns
        if groups[name].plan == "steady" and groups[name].habit == "normal"
        and wide[name].notna().mean() > 0.95
    ]  # fmt: skip
    return wide[ordinary], {name: groups[name].role for name in ordinary}


def with_runaways(seeds: int, warm_up_days: int = WARM_UP_DAYS) -> tuple[pd.DataFrame, pd.Series]:
    """Machines of the demo company, one a seed, each running away for six hours of the last week.

    Returns
    -------
    DataFrame, Series
        Hours × seeds: CPU [%]; and by seed the hour of the onset. Only machines that are measured
        in the first three hours can be found.
    """
    columns, onsets = {}, {}
    for seed in range(seeds):
        wide, _ = telemetry(1 + seed % 4, warm_up_days + 10)
        chance = np.random.default_rng(seed)
        while True:
            series = wide.iloc[:, chance.integers(wide.shape[1])].to_numpy().copy()
            onset = len(series) - 24 * 8 + int(chance.integers(24 * 7))
            if np.isfinite(series[onset : onset + FOUND_WITHIN_HOURS]).all():
                break
        series[onset : onset + RUNAWAY_HOURS] += RUNAWAY_PCT
        columns[seed], onsets[seed] = np.minimum(series, 100.0), wide.index[onset]
    return pd.DataFrame(columns, index=wide.index), pd.Series(onsets)


def found_in_time(frame: pd.DataFrame, onsets: pd.Series) -> pd.Series:
    """By seed, whether an alert was raised before three hours were over."""
    alerts = scan(frame).alerts
    late = alerts["at"] - alerts["series"].map(onsets)
    in_time = (late >= pd.Timedelta(0)) & (late < pd.Timedelta(hours=FOUND_WITHIN_HOURS))
    return onsets.index.to_series().isin(alerts.loc[in_time & alerts["is_alert"], "series"])


def clean_rate(seed: int, warm_up_days: int = WARM_UP_DAYS) -> float:
    """Alerts a series and week in a month in which nothing was injected."""
    wide, _ = telemetry(seed, warm_up_days + MONTH_DAYS)
    alerts = scan(wide).alerts
    month = wide.index >= wide.index[0] + pd.Timedelta(days=warm_up_days)
    raised = alerts["is_alert"] & (alerts["at"] >= wide.index[month][0])
    return float(raised.sum() / (wide[month].notna().to_numpy().sum() / (7 * 24)))


def injections(folder: Path, small: bool) -> Iterator[Row]:
    """Runaways that were put into demo telemetry, and alerts where nothing was."""
    seeds, warm_up_days = (1, 15) if small else (200, WARM_UP_DAYS)
    found = found_in_time(*with_runaways(seeds, warm_up_days))
    yield (
        "runaway of +40 points for 6 h", f"demo telemetry, {seeds} seeds",
        f"{found.mean():.1%} found", "within 3 h of the onset",
    )  # fmt: skip
    rates = [clean_rate(seed, warm_up_days) for seed in ((1,) if small else (1, 2, 3))]
    yield (
        "month without an injection", f"demo telemetry, {len(rates)} seeds",
        f"{np.mean(rates):.3f} alerts", "a series and week; machines that swing at random included",
    )  # fmt: skip


def speed(folder: Path, small: bool) -> Iterator[Row]:
    """A history and one new hour of a large fleet."""
    count, days = (50, 30) if small else (5_000, 90)
    hours = days * 24 + 1
    chance = np.random.default_rng(0)
    at = pd.date_range("2026-08-01", periods=hours, freq="h", tz="UTC")
    day = 20 + 15 * np.sin(np.arange(hours) * 2 * np.pi / 24)[:, None]
    load = day * chance.uniform(0.5, 1.5, count) * np.exp(0.08 * chance.normal(size=(hours, count)))
    fleet = pd.DataFrame(load.clip(0, 100), at, [f"i-{k:017x}" for k in range(count)])
    size = f"{count:,} instances"
    started = time.perf_counter()
    state = scan(fleet.iloc[:-1]).state
    took = time.perf_counter() - started
    yield "anomalies in a history", f"{size} x {days} days hourly", f"{took:.1f} s", "two threads"
    started = time.perf_counter()
    scan(fleet.iloc[-1:], state, CPU)
    took = time.perf_counter() - started
    yield "anomalies in one new hour", size, f"{took:.2f} s", "two threads"

"""What is measured: the demo company's day, a large fleet's ledger and queries, and imports."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import psutil

from spectra import (
    advice,
    allocation,
    budgets,
    chargeback,
    chargeback_files,
    migration,
    region_compare,
)
from spectra.catalog import Catalog, load_catalog
from spectra.insight.allocation import Pool, Rules
from spectra.insight.budgets import Version, period_of
from spectra.insight.regions.move_model import Assumptions
from spectra.portal_import import import_files
from spectra.refresh import current_hour, refresh_demo
from spectra.reporting import asking
from spectra.reporting.build import build as build_report
from spectra.store import (
    Store,
    band_queries,
    budget_log,
    emission_queries,
    grid_queries,
    move_queries,
    region_queries,
)
from spectra.store.ledger import HOUR, recompute, restart_ledger
from spectra.store.selection import Selection
from tests import fleet
from tests.benchmarks import accuracy, anomalies, browser, history, live, scale

Row = tuple[str, str, str, str]
REPEATS = 5


def seconds(action: Callable[[], Any]) -> float:
    """Wall time of one call [s]."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def typical(action: Callable[[], Any]) -> tuple[float, float]:
    """Median and maximum of several calls [s]."""
    times = [seconds(action) for _ in range(REPEATS)]
    return median(times), max(times)


def resident() -> str:
    """Resident memory of this process."""
    return f"{psutil.Process().memory_info().rss / 1e6:.0f} MB resident"


def demo(folder: Path, small: bool) -> Iterator[Row]:
    """First start of the demo company and the catch-up of one hour."""
    at = "demo, 240 instances x 90 days"
    catalog, days = load_catalog(), 1 if small else 90
    store = Store(folder / "demo.duckdb")
    before = current_hour() - HOUR
    first = seconds(lambda: refresh_demo(store, catalog, now=before, days=days))
    yield "first start", at, f"{first:.1f} s", "empty file to finished ledger"
    later = seconds(lambda: refresh_demo(store, catalog))
    yield "catch-up of one hour", at, f"{later:.2f} s", resident()
    store.close()


def pages(folder: Path, small: bool, name: str = "demo") -> Iterator[Row]:
    """Server time of pages, switches and reruns over a store built before."""
    os.environ["SPECTRA_DATABASE"] = str(folder / f"{name}.duckdb")
    os.environ["SPECTRA_DEMO"] = "off"
    from tests.pages.conftest import healthy, open_app

    at = "demo" if name == "demo" else "5,000 instances"
    holder: dict[str, Any] = {}
    first = seconds(lambda: holder.update(app=open_app()))
    app = healthy(holder["app"])
    yield "first page, server", at, f"{first:.2f} s", "imports, opening and every query cold"
    for page in ("instances", "regions", "dashboard"):
        cold = seconds(lambda page=page: app.switch_page(f"pages/{page}.py").run())
        middle, worst = typical(app.run)
        healthy(app)
        yield f"switch to {page}, server", at, f"{cold * 1000:.0f} ms", "first time"
        yield f"rerun of {page}, server", at, f"{middle * 1000:.0f} ms", f"max {worst * 1000:.0f}"
    teams = app.multiselect(key="teams").options[: 1 if small else 3]
    times = [seconds(lambda team=team: app.multiselect(key="teams").set_value([team]).run())
             for team in teams]  # fmt: skip
    healthy(app)
    yield (
        "filter a team, server", at, f"{median(times) * 1000:.0f} ms",
        f"queries not cached; {resident()}",
    )  # fmt: skip


def _size(small: bool) -> tuple[int, int, str]:
    """Instances, days and their name of the large fleet."""
    count, days = (50, 3) if small else (5_000, 90)
    return count, days, f"{count:,} instances x {days} days ({count * days * 24 / 1e6:.1f} M rows)"


def facts(folder: Path, small: bool) -> Iterator[Row]:
    """The large fleet's first ledger, from facts just written."""
    count, days, at = _size(small)
    store = Store(folder / "scale.duckdb")
    scale.build(store, count, days, current_hour())
    first = seconds(lambda: recompute(store))
    yield "all emissions from new facts", at, f"{first:.1f} s", resident()
    store.close()


def ledger(folder: Path, small: bool) -> Iterator[Row]:
    """Rebuild of all emissions and one new hour, in an app that opens the large fleet."""
    _, _, at = _size(small)
    store = Store(folder / "scale.duckdb")
    times = [_rebuild(store) for _ in range(1 if small else 3)]
    yield (
        "rebuild of all emissions", at, f"{median(times):.1f} s",
        f"max {max(times):.1f} s; {resident()}",
    )  # fmt: skip
    end, hours = emission_queries.ledger_span(store)[1], range(1 if small else 3)
    times = [seconds(partial(scale.add_hour, store, end + k * HOUR)) for k in hours]
    yield "refresh of one new hour", at, f"{median(times):.2f} s", f"max {max(times):.2f} s"
    size = (folder / "scale.duckdb").stat().st_size / 1e6
    store.close()
    yield "database file", at, f"{size:.0f} MB", resident()


def _rebuild(store: Store) -> float:
    """Time to drop all emissions and compute them again."""

    def rebuild() -> None:
        with store.write() as cursor:
            restart_ledger(cursor)
        recompute(store)

    return seconds(rebuild)


def queries(folder: Path, small: bool) -> Iterator[Row]:
    """Every aggregate of the pages over 30 and 90 days of the large fleet."""
    store = Store(folder / "scale.duckdb")
    start, end = emission_queries.ledger_span(store)
    for days in (30, 90):
        calls = _calls(store, Selection(max(start, end - timedelta(days=days)), end))
        measured = {name: typical(call) for name, call in calls.items()}
        slowest = max(measured, key=lambda name: measured[name][0])
        middle, worst = measured[slowest]
        yield (
            f"aggregates of the pages, {days} days", f"{len(calls)} queries",
            f"{median(m for m, _ in measured.values()) * 1000:.0f} ms",
            f"slowest: {slowest} {middle * 1000:.0f} ms, max {worst * 1000:.0f}; {resident()}",
        )  # fmt: skip
    store.close()


def _calls(store: Store, span: Selection) -> dict[str, Callable[[], Any]]:
    """Each read query that the pages make, by its name, as the pages call it."""
    of_selection = [getattr(emission_queries, name) for name in (
        "totals", "hourly", "top_emitters", "covariance", "costs", "quality",
    )]  # fmt: skip
    of_selection += [
        band_queries.daily_bands, band_queries.total_band, grid_queries.footprint_by_region,
    ]  # fmt: skip
    of_store = [emission_queries.ledger_span, emission_queries.choices,
                grid_queries.stated_span, grid_queries.status]  # fmt: skip
    calls = {query.__name__: partial(query, store, span) for query in of_selection}
    calls |= {query.__name__: partial(query, store) for query in of_store}
    calls |= {
        f"breakdown by {dimension}": partial(emission_queries.breakdown, store, span, dimension)
        for dimension in ("region", "team", "service", "environment")
    }
    start, end, factor = span.start, span.end, "lifecycle"
    calls["regions_now"] = partial(grid_queries.regions_now, store, end - HOUR, factor)
    calls["zone_line"] = partial(grid_queries.zone_line, store, "DE", start, end, factor)
    calls["distribution"] = partial(grid_queries.distribution, store, start, end, factor)
    calls["heat_map"] = partial(
        grid_queries.heat_map, store, "DE", (start, end), "Europe/Berlin", factor
    )
    return calls


def rightsizing(folder: Path, small: bool) -> Iterator[Row]:
    """The whole large fleet judged, with every option replayed."""
    _, _, at = _size(small)
    store, catalog = Store(folder / "scale.duckdb"), load_catalog()
    taken = seconds(lambda: advice.refresh_advice(store, catalog, advice.Rules()))
    count = store.row("SELECT count(*) FROM advice_options")[0]
    yield "rightsizing of the fleet", at, f"{taken:.1f} s", f"{count:,} options; {resident()}"
    store.close()


def regions(folder: Path, small: bool) -> Iterator[Row]:
    """Regions compared for our own load, and the move of a team of the large fleet estimated."""
    _, days, at = _size(small)
    store, catalog = Store(folder / "scale.duckdb"), load_catalog()
    end = emission_queries.ledger_span(store)[1]
    home = region_queries.own_regions(store)[0]
    question = region_compare.Question(home)
    middle, worst = typical(
        lambda: region_compare.regions_for(store, catalog, question, end - HOUR)
    )
    yield "facts of all regions", at, f"{middle:.2f} s", f"slowest {worst:.2f} s"
    team = list(move_queries.tagged(store, "team", scale.TEAMS[0])["instance_id"])[:500]
    assumed = Assumptions(days=max(days, 30))
    middle, worst = typical(
        lambda: migration.estimate_move(store, catalog, team, "eu-north-1", end, assumed)
    )
    yield (
        f"move of {len(team)} instances",
        at,
        f"{middle:.2f} s",
        (f"slowest {worst:.2f} s; {resident()}"),
    )
    store.close()


def carbon_budgets(folder: Path, small: bool) -> Iterator[Row]:
    """Fifty budgets judged at once, rules of allocation tried, and a statement with its files."""
    _, _, at = _size(small)
    store, catalog = Store(folder / "scale.duckdb"), load_catalog()
    span = emission_queries.ledger_span(store)
    assert span is not None
    now, first = span[1], span[0].date()
    scopes = [("team", team) for team in scale.TEAMS]
    scopes += [("environment", name) for name in scale.ENVIRONMENTS]
    scopes += [("tag", f"service=s{k}") for k in range(14)]
    scopes = scopes[:: 10 if small else 1]  # one or two of each kind
    for kind, key in scopes:
        for period in ("month", "quarter"):
            made = budget_log.new_budget(kind, key, period)
            budget_log.keep(store, made, [Version(first, 1e7)])
    middle, worst = typical(lambda: budgets.statuses(store, now))
    yield (
        f"statuses of {2 * len(scopes)} budgets",
        at,
        f"{middle:.2f} s",
        f"slowest {worst:.2f} s; {resident()}",
    )
    rules = Rules(pools=(Pool("shared", "tag", "service=s1"),))
    middle, _ = typical(lambda: allocation.effect_of(store, rules, now))
    yield "effect of other rules", at, f"{middle:.2f} s", "30 days, before and after"
    taken = seconds(lambda: _statement(store, catalog, now))
    yield "chargeback of a month", at, f"{taken:.1f} s", f"CSV and workbook; {resident()}"
    store.close()


def _statement(store: Store, catalog: Catalog, now: datetime) -> None:
    month = period_of("month", now - HOUR)
    made = chargeback.keep(store, chargeback.statement(store, catalog, month, now, 100.0), now)
    chargeback_files.csv_file(made)
    chargeback_files.workbook(made)


def report(folder: Path, small: bool) -> Iterator[Row]:
    """A year of the large fleet reported, after its ledger is there."""
    count, days = (50, 3) if small else (5_000, 365)
    end = current_hour().replace(month=1, day=1, hour=0)
    store, catalog = Store(folder / "year.duckdb"), load_catalog()
    scale.build(store, count, days, end)
    recompute(store)
    request = asking.make_request(catalog, str(end.year - 1))
    taken = seconds(lambda: build_report(store, catalog, request))
    at = f"{count:,} instances x {days} days ({count * days * 24 / 1e6:.1f} M rows)"
    yield "report of a year", at, f"{taken:.1f} s", f"hashes of all inputs; {resident()}"
    store.close()
    (folder / "year.duckdb").unlink()


def imports(folder: Path, small: bool) -> Iterator[Row]:
    """Twenty portal files of a leap year each."""
    catalog = load_catalog()
    zones = sorted({r.zone for r in catalog.regions})[: 2 if small else 20]
    hours = fleet.hours("2024-01-01", "2024-01-05" if small else "2025-01-01")
    paths = [_portal_file(folder, zone, hours) for zone in zones]
    store = Store(folder / "demo.duckdb")
    taken = seconds(lambda: import_files(store, catalog, paths))
    again = seconds(lambda: import_files(store, catalog, paths))
    store.close()
    at = f"{len(paths)} files x {len(hours):,} rows"
    yield "import of portal files", at, f"{taken:.1f} s", f"again: {again:.1f} s, nothing changes"


def _portal_file(folder: Path, zone: str, hours: pd.DatetimeIndex) -> Path:
    from tests.test_portal_import import portal_csv

    path = folder / f"{zone}-2024-hourly.csv"
    path.write_bytes(portal_csv(hours, zone=zone))
    return path


def pages_at_scale(folder: Path, small: bool) -> Iterator[Row]:
    """The pages over the large fleet."""
    return pages(folder, small, "scale")


GROUPS: dict[str, Callable[[Path, bool], Iterator[Row]]] = {
    "demo": demo,
    "pages": pages,
    "facts": facts,
    "ledger": ledger,
    "queries": queries,
    "rightsizing": rightsizing,
    "regions": regions,
    "carbon_budgets": carbon_budgets,
    "report": report,
    "pages_at_scale": pages_at_scale,
    "browser": browser.browser,
    "imports": imports,
    "history": history.out_and_back,
    "live": live.refresh,
    "forecast_speed": accuracy.speed,
    "accuracy": accuracy.eleven_grids,
    "accuracy_weather": partial(accuracy.eleven_grids, weather=True),
    "accuracy_zones": accuracy.zones,
    "anomalies": anomalies.accuracy,
    "anomalies_injected": anomalies.injections,
    "anomalies_speed": anomalies.speed,
}

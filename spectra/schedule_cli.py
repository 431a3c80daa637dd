"""``forecast`` and ``schedule`` on the command line, so that a pipeline can ask."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from spectra import schedule_exports, units
from spectra.catalog import Catalog, Region
from spectra.cli_common import say, up_to_date
from spectra.cron import timezone
from spectra.errors import InputError
from spectra.insight.placement import Option
from spectra.moments import HOUR, iso
from spectra.refresh.forecasts import issue_forecasts
from spectra.refresh.hours import current_hour
from spectra.scheduler import Spec, candidates, place_job
from spectra.store import Store, forecast_log
from spectra.store.grid_queries import Factor


def add_commands(commands: Any) -> None:
    """Add both commands to the parser's subcommands."""
    forecast = commands.add_parser("forecast", help="forecast the carbon intensity of a region")
    forecast.add_argument("--region", required=True)
    forecast.add_argument("--hours", type=int, default=24, choices=range(1, 49), metavar="1-48")
    forecast.add_argument("--json", action="store_true")
    forecast.set_defaults(run=_forecast)
    schedule = commands.add_parser("schedule", help="find the best time and place for a job")
    schedule.add_argument("--region", required=True, help="where it would run otherwise")
    schedule.add_argument("--or-region", action="append", default=[], help="may be repeated")
    schedule.add_argument("--duration", type=float, required=True, help="hours")
    schedule.add_argument("--deadline", required=True, help="finished by, 2026-11-26T18:00")
    schedule.add_argument("--earliest", help="not before; now by default")
    schedule.add_argument("--timezone", default="UTC", help="of both, such as Europe/Berlin")
    schedule.add_argument("--power-kw", type=float, help="of the machines, without PUE")
    schedule.add_argument("--instance-type", default="m5.xlarge")
    schedule.add_argument("--count", type=int, default=1)
    schedule.add_argument("--interruptible", action="store_true")
    schedule.add_argument("--json", action="store_true")
    schedule.set_defaults(run=_schedule)


def _forecast(options: argparse.Namespace) -> int:
    with up_to_date() as (store, catalog, config):
        region = _region(catalog, options.region)
        factor, hour = config.emission_factor, current_hour()
        rows = _this_hours(store, region.zone, factor, hour).head(options.hours)
    points = [
        {
            "hour": iso(row["hour"]),
            **{side: round(row[f"{side}_g_per_kwh"], 1) for side in ("mean", "lower", "upper")},
        }
        for row in rows.to_dict("records")
    ]
    issued_at = iso(hour)
    if options.json:
        about = {
            "region": region.code,
            "zone": region.zone,
            "factor": factor,
            "level": 0.8,
            "issued_at": issued_at,
            "count": len(points),
            "unit": "gCO2e/kWh",
        }
        print(json.dumps({**about, "forecast": points}, indent=2))
    else:
        say(f"{region.code}, {region.zone}, {factor} [gCO2e/kWh], 80 % interval")
        say(f"issued at {issued_at}, {len(points)} of {options.hours} hours")
        for p in points:
            say(f"{p['hour']}  {p['mean']:>7}  {p['lower']:>7} to {p['upper']}")
    return 0


def _this_hours(store: Store, zone: str, factor: Factor, hour: datetime) -> pd.DataFrame:
    """The forecast that is issued at this hour; it may reach less far where data is late.

    Raises
    ------
    InputError
        If there is none: an older one is of hours that have passed.
    """
    issue_forecasts(store, zones=[zone], factor=factor, now=hour)
    rows = forecast_log.latest(store, zone, factor, hour)
    rows = rows[rows["issued_at"] == pd.Timestamp(hour)]
    if rows.empty:
        raise InputError(
            f"There is no history of {zone} from the last two days to forecast from.",
            next_step="Refresh first, or bring grid data.",
        )
    return rows


def _region(catalog: Catalog, code: str) -> Region:
    region = catalog.region(code)
    if region is None:
        raise InputError(f"There is no region {code}.")
    return region


def _instance_type(catalog: Catalog, options: argparse.Namespace) -> str:
    name = str(options.instance_type)
    if options.power_kw is None and name not in {kind.name for kind in catalog.instance_types}:
        raise InputError(
            f"There is no instance type {name} in the reference tables.",
            next_step="Give its power with --power-kw.",
        )
    return name


def _schedule(options: argparse.Namespace) -> int:
    zone = timezone(options.timezone)
    now = datetime.now(UTC)
    earliest = _moment(options.earliest, zone) if options.earliest else now
    deadline = _moment(options.deadline, zone)
    with up_to_date() as (store, catalog, config):
        spec = Spec(
            home=_region(catalog, options.region).code,
            regions=tuple(_region(catalog, code).code for code in options.or_region),
            duration_hours=options.duration,
            window_hours=(deadline - earliest) / HOUR,
            machine_kw=options.power_kw,
            instance_type=_instance_type(catalog, options),
            count=options.count,
            is_interruptible=options.interruptible,
            factor=config.emission_factor,
        )
        offered = candidates(store, catalog, spec, current_hour(now))
        found, excluded = place_job(offered, catalog, spec, earliest, deadline, now=now)
    if options.json:
        print(schedule_exports.as_json("job", found, now, excluded))
        return 0
    for option in found:
        say(line(option, zone))
    for region in excluded:
        say(f"{region.region}  excluded: {region.reason}")
    return 0


def line(option: Option, zone: ZoneInfo) -> str:
    """An option as a person reads it in a terminal."""
    start, end = (m.astimezone(zone) for m in (option.plan.slots[0][0], option.plan.slots[-1][1]))
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    if end.utcoffset() != start.utcoffset():
        until += f" {end:%z}"
    saving = units.percent_text(abs(option.saving_pct), 1)
    kind = "more" if option.saving_pct < 0 else "less"
    chance = units.percent_text(option.probability * 100)
    return (
        f"{option.region}  {start:%Y-%m-%d %H:%M %z} to {until}  {option.grams:.0f} gCO2e, "
        f"{saving} {kind} than at once, better with {chance}"
        f"{'  advised' if option.is_recommended else ''}"
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A local time of a zone, or one with its own offset, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"“{text}” is no moment such as 2026-11-26T18:00.") from None

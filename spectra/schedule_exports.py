"""A schedule for other programs: calendar, cron line, JSON, EventBridge Scheduler command."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Event

from spectra.insight.placement import Option
from spectra.insight.regions.model import Excluded
from spectra.insight.scheduling import Slot
from spectra.moments import iso


def icalendar(name: str, option: Option, issued_at: datetime) -> bytes:
    """An iCalendar file with one event a slot (RFC 5545)."""
    calendar = Calendar()
    calendar.add("prodid", "-//SPECTRA//carbon-aware schedule//EN")
    calendar.add("version", "2.0")
    for number, (start, end) in enumerate(option.plan.slots, start=1):
        event = Event()
        part = f" ({number} of {len(option.plan.slots)})" if len(option.plan.slots) > 1 else ""
        event.add("summary", f"{_one_line(name)}{part}")
        event.add("uid", f"{_slug(name)}-{start:%Y%m%dT%H%M%SZ}@spectra")
        event.add("dtstamp", issued_at.astimezone(UTC))
        event.add("dtstart", start)
        event.add("dtend", end)
        event.add("location", option.region)
        event.add(
            "description",
            f"About {option.grams:.0f} gCO2e{_instead(option)}; a forecast, not a measurement.",
        )
        calendar.add_component(event)
    result: bytes = calendar.to_ical()
    return result


def cron_lines(slots: Sequence[Slot], command: str = "your-command") -> str:
    """One crontab line a slot, in UTC; cron starts on the minute and knows no year."""
    lines = ["# Times are UTC; each line comes due once and is then to be removed."]
    lines += [
        f"{start.minute} {start.hour} {start.day} {start.month} *  {command}"
        for start, _ in ((a.astimezone(UTC), b) for a, b in slots)
    ]
    return "\n".join(lines) + "\n"


def as_json(
    name: str, options: Sequence[Option], issued_at: datetime, excluded: Sequence[Excluded] = ()
) -> str:
    """All options with their figures and units, and the regions that are none with the reason."""
    return json.dumps(
        {
            "job": name,
            "issued_at": iso(issued_at),
            "unit": "gCO2e",
            "options": [option_dict(option) for option in options],
            "excluded": [{"region": each.region, "reason": each.reason} for each in excluded],
        },
        indent=2,
    )


def option_dict(option: Option) -> dict[str, Any]:
    """An option as plain values; what is not known is null."""
    return {
        "region": option.region,
        "slots": [{"start": iso(a), "end": iso(b)} for a, b in option.plan.slots],
        "grams": round(option.grams, 3),
        "grams_run_now": _known(option.grams + option.saving_g, 3),
        "grams_mean_start": _known(option.mean_start_grams, 3),
        "saving_pct": _known(option.saving_pct, 2),
        "saving_vs_mean_pct": _known(option.saving_vs_mean_pct, 2),
        "saving_usd": _known(option.saving_usd, 4),
        "probability_better": _known(option.probability, 3),
        "is_recommended": option.is_recommended,
        "is_clipped_to_horizon": option.plan.is_clipped,
    }


def eventbridge_commands(name: str, option: Option) -> str:
    """AWS CLI commands that create one-time schedules; target and role are to be filled in."""
    target = json.dumps({"Arn": "TARGET_ARN", "RoleArn": "ROLE_ARN"})
    commands = []
    for number, (start, _) in enumerate(option.plan.slots, start=1):
        parts = [
            "aws", "scheduler", "create-schedule",
            "--region", option.region,
            "--name", f"{_slug(name)}-{start:%Y%m%dT%H%M}-{number}",
            "--schedule-expression", f"at({start.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "--schedule-expression-timezone", "UTC",
            "--flexible-time-window", "Mode=OFF",
            "--action-after-completion", "DELETE",
            "--target", target,
        ]  # fmt: skip
        commands.append(shlex.join(parts))
    return "\n".join(commands) + "\n"


def _known(value: float | None, digits: int) -> float | None:
    """JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else round(value, digits)


def _instead(option: Option) -> str:
    at_once = option.grams + option.saving_g
    return f" instead of {at_once:.0f} gCO2e at once" if math.isfinite(at_once) else ""


def _one_line(name: str) -> str:
    """A name without control characters, which no calendar may hold (RFC 5545, 3.3.11)."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).split())


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:40] or "job"

"""A fleet of machines whose verdict is known beforehand, with the reason it is right.

Loads are flat unless a case says otherwise, so that every threshold is met or missed on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from spectra.insight.rightsizing.model import Finding
from tests import fleet

END = datetime.fromisoformat("2026-11-25T00:00+00:00")
DAYS = 40
AT = pd.date_range(END - timedelta(days=DAYS), END, freq="h", inclusive="left", unit="us")
AGE_DAYS = np.asarray((pd.Timestamp(END) - AT).total_seconds()) / 86_400
COLUMNS = {
    "cpu": "cpu_avg_pct", "peak": "cpu_max_pct", "memory": "memory_avg_pct", "gpu": "gpu_avg_pct",
    "credits": "cpu_credit_balance",
}  # fmt: skip
MB = 1e6

Shape = Callable[[dict[str, np.ndarray]], None]


def load(*shapes: Shape, cpu=10.0, peak=None, hourly_bytes: float | None = 1e9, **known: float):
    """Hours of the window: a flat load, then what the shapes make of it."""
    values = {"cpu": np.full(len(AT), float(cpu)),
              "peak": np.full(len(AT), float(cpu * 1.3 if peak is None else peak)),
              "bytes": np.full(len(AT), hourly_bytes or np.nan)}  # fmt: skip
    values |= {name: np.full(len(AT), float(value)) for name, value in known.items()}
    for shape in shapes:
        shape(values)
    return values


def spike(days_ago: float, hours: int = 1, **to: float) -> Shape:
    """Other values in some hours from so many days before the end on."""

    def change(values: dict[str, np.ndarray]) -> None:
        first = len(AT) - round(days_ago * 24)
        for name, value in to.items():
            values[name][first : first + hours] = value

    return change


def growing(start: float, stop: float) -> Shape:
    """CPU that rises evenly over four weeks."""

    def change(values: dict[str, np.ndarray]) -> None:
        level = np.interp(AGE_DAYS, [0, 28], [stop, start])
        values["cpu"], values["peak"] = level / 1.3, level

    return change


def lost(share: float) -> Shape:
    """Every so many-th hour without CPU."""

    def change(values: dict[str, np.ndarray]) -> None:
        values["cpu"][:: round(1 / share)] = np.nan

    return change


@dataclass(frozen=True)
class Case:
    """One machine: what it is and does, the verdict, and why that is right."""

    name: str
    why: str
    finding: Finding
    hours: dict[str, np.ndarray]
    type: str = "m5.2xlarge"
    days: float = DAYS
    row: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    purchase: str | None = "on-demand"
    target_vcpu: float | None = None
    target_min_gib: float | None = None
    target_class: str = ""
    preliminary: bool = False
    confidence: str | None = None
    cash: str | None = None
    said: str = ""
    older: dict[str, Any] | None = None


QUIET = {"cpu": 0.5, "peak": 3.0, "hourly_bytes": 1e5}
HALF = {"cpu": 10.0, "peak": 13.0, "memory": 30.0}

IDLE = (
    Case("idle", "CPU below 5 %, mean below 2 %, 2.4 MB a day", Finding.IDLE,
         load(**QUIET, memory=5.0), confidence="HIGH", cash="positive",
         said="nothing seems to use it"),
    Case("spike", "one hour at 6 % is a use", Finding.OVER, load(spike(3, peak=6.0), **QUIET)),
    Case("mean", "a mean of 2.5 % is a use", Finding.OVER,
         load(cpu=2.5, peak=4.9, hourly_bytes=1e5)),
    Case("traffic", "6 MB in one day is a use", Finding.OVER,
         load(spike(3, bytes=6 * MB), **QUIET)),
    Case("no-traffic-data", "what is not watched is not unused", Finding.OVER,
         load(cpu=0.5, peak=3.0, hourly_bytes=None), said="never called idle"),
    Case("gpu-unused", "nor is its accelerator used", Finding.IDLE, load(**QUIET, gpu=0.0),
         type="g4dn.xlarge"),
    Case("gpu-unknown", "the accelerator may be at work", Finding.OPTIMISED, load(**QUIET),
         type="g4dn.xlarge"),
    Case("gpu-used", "the accelerator is at work", Finding.OPTIMISED, load(**QUIET, gpu=40.0),
         type="g4dn.xlarge"),
    Case("keep", "a tag keeps it", Finding.OVER,
         load(**QUIET), tags={"keep": "true"}, said="looks idle"),
    Case("standby", "a value says standby", Finding.OVER, load(**QUIET), tags={"role": "Standby"}),
    Case("dr", "disaster recovery waits", Finding.OVER, load(**QUIET), tags={"DR": "yes"}),
    Case("licence", "a licence server is quiet", Finding.OVER,
         load(**QUIET), tags={"license": "oracle"}),
    Case("keep-no", "the tag says no", Finding.IDLE, load(**QUIET), tags={"keep": "false"},
         confidence="LOW"),
    Case("cases-busy", "CASES: 3 % CPU, 400 MB/s, 92 % memory: memory is short", Finding.UNDER,
         load(cpu=3.0, memory=92.0, hourly_bytes=400 * MB * 3600), said="memory in use"),
    Case("cases-blind", "CASES: the same without memory: traffic holds its size", Finding.OPTIMISED,
         load(cpu=3.0, hourly_bytes=400 * MB * 3600), confidence="LOW"),
    Case("group-minimum", "its group holds the minimum", Finding.OVER, load(**QUIET),
         row={"asg_name": "held"}, said="keeps at least 2"),
    Case("idle-young", "ten days are a first guess", Finding.IDLE, load(**QUIET), days=10,
         preliminary=True, confidence="LOW"),
    Case("stopped", "it has been off for weeks", Finding.STOPPED, load(**QUIET),
         row={"state": "stopped"}, days=35),
    Case("stopped-idle", "what is stopped already is not told to stop", Finding.STOPPED,
         load(**QUIET), row={"state": "stopped"}, days=5, said="stopped already"),
    Case("stopped-night", "off since noon, it may be on again tomorrow", Finding.IDLE,
         load(**QUIET), row={"state": "stopped"}, days=0.5),
    Case("group-unknown", "a minimum that is not known may hold it", Finding.OVER, load(**QUIET),
         row={"asg_name": "unheard"}, said="minimum of its autoscaling group is not known"),
)  # fmt: skip
UNDER = (
    Case("p95", "95 % of hours reach 85 %", Finding.UNDER,
         load(cpu=60.0, peak=85.0), target_vcpu=16),
    Case("twice", "two hours above 90 %", Finding.UNDER, load(spike(4, 2, peak=95.0), cpu=40.0)),
    Case("once", "one hour alone may be a deployment", Finding.OPTIMISED,
         load(spike(4, peak=95.0), cpu=40.0)),
    Case("credits", "CASES: t3.medium, mean 8, p99 95, no credits two hours a day", Finding.UNDER,
         load(*(spike(d, 2, credits=0.0, cpu=60.0, peak=88.0) for d in range(1, 40)), cpu=5.0,
              credits=200.0), type="t3.medium", said="surplus credits"),
    Case("credits-lately", "two hours a day of the look-back, none in the weeks before it",
         Finding.UNDER,
         load(*(spike(d, 2, credits=0.0, cpu=30.0) for d in range(1, 15)), cpu=4.0, peak=30.0,
              memory=20.0, credits=300.0), type="t3.large", said="2.0 hours a day"),
    Case("memory", "memory at 95 % asks for a roomier class, not for CPU", Finding.UNDER,
         load(memory=95.0), target_vcpu=8, target_min_gib=64, target_class="r"),
    Case("saturated", "a load of 100 % may be more than that", Finding.UNDER,
         load(cpu=99.0, peak=100.0), target_vcpu=16, confidence="MEDIUM"),
    Case("clean-grid", "carbon never hides that it is too small", Finding.UNDER,
         load(cpu=60.0, peak=95.0), row={"region": "eu-north-1"}, target_vcpu=16),
    Case("runaway", "few days: the note says to look for a process", Finding.UNDER,
         load(spike(4, 8, cpu=97.0, peak=99.0), cpu=25.0), said="runaway process"),
)  # fmt: skip
BURST = (
    Case("t3-beyond", "a mean of 25 % is above its 20 %: another class", Finding.BURST,
         load(cpu=25.0), type="t3.medium", target_vcpu=2, target_class="cm",
         said="surplus credits"),
    Case("t3-full", "and where as many cores do not carry it, more of them", Finding.BURST,
         load(cpu=90.0, peak=99.0), type="t3.medium", target_vcpu=4, target_class="cm"),
    Case("t4g-beyond", "the same on arm stays on arm", Finding.BURST,
         load(cpu=25.0), type="t4g.medium",
         row={"architecture": "arm64"}, target_vcpu=2, target_class="cm"),
    Case("t3-within", "15 % is within its 20 %", Finding.OPTIMISED,
         load(cpu=15.0), type="t3.medium"),
    Case("t3-shrinks", "memory at 20 % and 8 % of CPU fit a t3.small", Finding.OVER,
         load(cpu=8.0, memory=35.0), type="t3.medium", target_vcpu=2),
    Case("t3-baseline", "a t3.micro would burst all day", Finding.OVER,
         load(cpu=15.0, memory=20.0), type="t3.medium", target_vcpu=2, target_min_gib=2),
)  # fmt: skip
OVER = (
    Case("half", "13 % and a third of memory fit half the size", Finding.OVER, load(**HALF),
         target_vcpu=4, target_min_gib=16, confidence="HIGH", cash="positive"),
    Case("blind", "memory unknown is never shrunk", Finding.OVER, load(cpu=10.0), target_vcpu=4,
         target_min_gib=32, confidence="MEDIUM"),
    Case("two-steps", "never more than two sizes at a time", Finding.OVER,
         load(cpu=2.5, memory=3.0), type="m5.8xlarge", target_vcpu=8),
    Case("largest", "two sizes below are half of it here", Finding.OVER,
         load(cpu=2.5, memory=3.0), type="m5.24xlarge", target_vcpu=48),
    Case("protected", "day 20 held 75 % long enough to matter", Finding.OVER,
         load(spike(20, cpu=40.0, peak=75.0), cpu=8.0, peak=13.0, memory=30.0), target_vcpu=8),
    Case("short-spike", "a minute at 75 % on day 20 does not", Finding.OVER,
         load(spike(20, cpu=9.0, peak=75.0), cpu=8.0, peak=13.0, memory=30.0), target_vcpu=4),
    Case("monthly", "busy days of the month before count", Finding.OPTIMISED,
         load(*(spike(d, 10, cpu=50.0, peak=70.0) for d in range(18, 23)), cpu=10.0, peak=13.0),
         said="monthly pattern"),
    Case("steady-37", "37 % fits half the size", Finding.OVER,
         load(cpu=28.5, peak=37.0, memory=30.0),
         target_vcpu=4),
    Case("growing-37", "the same on its way up does not", Finding.OVER,
         load(growing(15.0, 37.0), memory=30.0), target_vcpu=8, said="load grows"),
    Case("network-cap", "1.9 Gbit/s is above what half the size keeps up", Finding.OPTIMISED,
         load(cpu=10.0, hourly_bytes=1.9e9 / 8 * 3600)),
    Case("ebs-cap", "1.8 Gbit/s of disk is above what half the size keeps up", Finding.OPTIMISED,
         load(cpu=10.0, ebs=1.8e9 / 8 * 3600)),
    Case("savings-plan", "the plan is paid anyway", Finding.OVER,
         load(**HALF), purchase="savings-plan",
         cash="zero"),
    Case("reserved", "so is the reservation", Finding.OVER, load(**HALF), purchase="reserved",
         cash="zero"),
    Case("spot", "what spot costs is saved", Finding.OVER, load(**HALF), purchase="spot",
         row={"lifecycle": "spot"}, cash="positive"),
    Case("cost-unknown", "list saving alone", Finding.OVER,
         load(**HALF), purchase=None, cash="unknown"),
    Case("arm", "arm stays on arm", Finding.OVER, load(**HALF), type="m6g.2xlarge",
         row={"architecture": "arm64"}, target_vcpu=4),
    Case("dedicated", "a dedicated instance is judged like any", Finding.OVER, load(**HALF),
         row={"tenancy": "dedicated"}, target_vcpu=4),
    Case("memory-bound", "CPU idles, memory does not: fewer cores beside it", Finding.OVER,
         load(cpu=10.0, memory=70.0), target_vcpu=4, target_min_gib=26.9, target_class="r"),
    Case("cpu-bound", "memory idles, CPU does not: a class with less of it", Finding.OVER,
         load(cpu=50.0, memory=20.0), target_vcpu=8, target_class="c"),
    Case("group", "five short lives pooled", Finding.OVER, load(**HALF), row={"asg_name": "pool"}),
    Case("clean", "the same load in a clean grid", Finding.OVER, load(**HALF),
         row={"region": "eu-north-1"}, target_vcpu=4),
    Case("gaps", "5 % of hours lost are little", Finding.OVER,
         load(lost(0.05), **HALF), target_vcpu=4),
)  # fmt: skip
REST = (
    Case("fits", "half full at most, no smaller type carries it", Finding.OPTIMISED,
         load(cpu=50.0, peak=65.0, memory=65.0)),
    Case("smallest", "there is nothing below", Finding.OPTIMISED, load(cpu=50.0), type="c5.large"),
    Case("gpu-count", "fewer accelerators are another machine", Finding.OPTIMISED,
         load(cpu=10.0, memory=10.0, gpu=30.0), type="p3.8xlarge"),
    Case("old", "a newer generation alone is no wrong size", Finding.OPTIMISED,
         load(cpu=50.0, peak=60.0, memory=60.0), type="m4.large"),
    Case("unpriced", "without a price there is nothing to compare", Finding.OPTIMISED, load(**HALF),
         row={"region": "me-west-1"}, said="no list price"),
    Case("29-hours", "one hour short of a first guess", Finding.NOT_ENOUGH_DATA, load(**HALF),
         days=29 / 24, said="29 hours"),
    Case("no-cpu", "traffic alone says nothing", Finding.NOT_ENOUGH_DATA,
         load(cpu=float("nan"), peak=float("nan"))),
    Case("30-hours", "a first guess, of low confidence", Finding.OVER, load(**HALF), days=30 / 24,
         preliminary=True, confidence="LOW"),
    Case("ten-days", "not yet two weeks", Finding.OVER, load(**HALF), days=10, preliminary=True,
         confidence="LOW", said="Preliminary"),
    Case("patchy", "a fifth of hours lost is too much", Finding.OVER, load(lost(0.2), **HALF),
         preliminary=True, confidence="LOW"),
    Case("host", "a dedicated host decides the type", Finding.EXCLUDED, load(**HALF),
         row={"tenancy": "host"}, said="dedicated host"),
    Case("metal", "bare metal has no neighbours in size", Finding.EXCLUDED, load(**HALF),
         type="m5.metal", said="bare metal"),
    Case("unknown-type", "no curve, no price, no verdict", Finding.EXCLUDED, load(**HALF),
         type="m9x.large", said="not in the catalogue"),
    Case("resized", "a week on the new type counts, the month on the old does not", Finding.OVER,
         load(**HALF), days=7, older={"instance_type": "m5.4xlarge"}, preliminary=True),
)  # fmt: skip
CASES = IDLE + UNDER + BURST + OVER + REST
POOL_MEMBERS, POOL_DAYS = 5, 9


def instance_rows() -> list[dict[str, Any]]:
    """Spans of all machines; a pooled group has members that follow one another."""
    rows = []
    for case in CASES:
        born = END - timedelta(days=case.days)
        row = {"instance_id": f"i-{case.name}", "name": case.name, "instance_type": case.type,
               "tags": {"team": "labelled", **case.tags}, **case.row}  # fmt: skip
        if case.name == "group":
            rows += [
                {**row, "instance_id": f"i-group-{k}", "name": f"group-{k}",
                 "valid_from": END - timedelta(days=(POOL_MEMBERS - k) * POOL_DAYS),
                 "valid_to": END - timedelta(days=(POOL_MEMBERS - k - 1) * POOL_DAYS)
                 if k < POOL_MEMBERS - 1 else None}
                for k in range(POOL_MEMBERS)
            ]  # fmt: skip
            continue
        if case.older:
            rows.append({**row, **case.older, "valid_from": END - timedelta(days=DAYS),
                         "valid_to": born})  # fmt: skip
        if case.row.get("state") == "stopped":
            rows.append({**row, "state": "running", "valid_from": END - timedelta(days=DAYS),
                         "valid_to": born})  # fmt: skip
        rows.append({**row, "valid_from": born})
    return rows


def utilisation_of(case: Case, instance_id: str, first: datetime, last: datetime) -> pd.DataFrame:
    """The case's hours in [first, last) as the tidy frame."""
    inside = (first <= AT) & (last > AT)
    frame = fleet.utilisation(instance_id, AT[inside], case.hours["cpu"][inside])
    for name, values in case.hours.items():
        part = values[inside]
        if name in COLUMNS:
            frame[COLUMNS[name]] = part
        elif name == "bytes":
            frame["network_in_bytes"], frame["network_out_bytes"] = part, part * 0
        elif name == "ebs":
            frame["ebs_read_bytes"], frame["ebs_write_bytes"] = part, part * 0
    return frame

"""Demo utilisation: hourly CPU, memory, GPU and network with the rhythm of each machine's role."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.catalog import Catalog
from spectra.sources.demo.blueprint import REGIONS
from spectra.sources.demo.clock import (
    DAY_S,
    EPOCH_S,
    HOUR_S,
    hours_between,
    timestamps,
    utc_offset_s,
)
from spectra.sources.demo.fleet import History, Host
from spectra.sources.demo.noise import Floats, Ints, Keys, normals, uniforms
from spectra.sources.demo.rhythm import FLAT, ROLES, WEEK_HOURS, weekly_shapes
from spectra.sources.demo.tables import stamped

Bools = NDArray[np.bool_]

# A leaking process is restarted every 80 hours. Eight hours long, 80 apart: every four days
# hold a whole episode, and none falls into hours of the week that another one of the last
# ten weeks fell into, so that a seasonal baseline stays clean.
RUNAWAY_PERIOD_H = 80
RUNAWAY_RAMP_PCT = np.array([58.0, 78.0, 91.0, 96.0, 97.0, 97.0, 97.0, 97.0])
# Shares of six-hour blocks without any row, and of hours without CPU [1].
NO_ROW_SHARE, NO_CPU_SHARE = 0.004, 0.002
MEMORY_AGENT_SHARE = 0.5
ML_JOB_H, ML_BUSY_SHARE = 6, 0.55
(_HOUR, _DAY, _MAXIMUM, _NETWORK, _MEMORY, _GPU, _JOB, _ROW, _CPU, _AGENT, _SIZE) = range(11)


@dataclass(frozen=True, slots=True)
class _Traits:
    """What telemetry needs of each host, as columns over the hosts of the window."""

    key: Keys
    level: Floats
    role: Ints
    region: Ints
    idle: Bools
    runaway: Bools
    silent: Bools
    gpu: Bools
    ml: Bools


@dataclass(frozen=True, slots=True)
class _Rows:
    """One row for each machine and hour: place among the hosts, hour, and how it ran."""

    host: Ints
    hour: Ints
    seconds: Ints
    vcpu: Floats
    load_factor: Floats


def utilisation_rows(history: History, catalog: Catalog, first_s: int, last_s: int) -> pd.DataFrame:
    """Tidy frame ``utilisation`` for the hours that begin in [first, last) [s since 1970]."""
    hours = hours_between(first_s, last_s)
    spans = (
        history.running_within(first_s, last_s + HOUR_S) if hours.size else np.zeros(0, np.int64)
    )
    places, number = np.unique(history.host_of[spans], return_inverse=True)
    hosts = [history.hosts[place] for place in places.tolist()]
    traits = _traits(hosts, catalog)
    rows = _rows(history, catalog, spans, number, hours)
    rows = _monitored(traits, rows)
    cpu = _cpu(traits, rows, _rhythm(catalog, traits, rows, hours))
    frame = pd.DataFrame(
        {
            "instance_id": pd.array([h.instance_id for h in hosts], dtype="str").take(rows.host),
            "hour": timestamps(rows.hour),
            **_cpu_columns(traits, rows, cpu),
            **_other_columns(traits, rows, cpu),
        }
    )
    return stamped(frame, last_s)


def _traits(hosts: list[Host], catalog: Catalog) -> _Traits:
    groups = [host.group for host in hosts]
    with_gpu = {
        group.instance_type: catalog.instance_type(group.instance_type).type.gpu_count > 0
        for group in groups
    }
    regions = {code: place for place, code in enumerate(REGIONS)}
    key = np.array([host.key for host in hosts], dtype=np.uint64)
    idle = np.array([group.habit == "idle" for group in groups], dtype=bool)
    role = np.array([ROLES.index(group.role) for group in groups], dtype=np.int64)
    size = uniforms(key, np.zeros(key.size, dtype=np.int64), _SIZE)
    return _Traits(
        key=key,
        level=np.array([group.level for group in groups], dtype=float) * (0.85 + 0.3 * size),
        role=np.where(idle, FLAT, role),
        region=np.array([regions[group.region] for group in groups], dtype=np.int64),
        idle=idle,
        runaway=np.array([group.habit == "runaway" for group in groups], dtype=bool),
        silent=np.array([group.habit == "silent" for group in groups], dtype=bool),
        gpu=np.array([with_gpu[g.instance_type] and g.gpu_agent for g in groups], dtype=bool),
        ml=np.array([group.role == "ml" for group in groups], dtype=bool),
    )


def _rows(history: History, catalog: Catalog, spans: Ints, number: Ints, hours: Ints) -> _Rows:
    """Every hour of the window in which a machine ran, if only for a part of it."""
    begin, end = (int(hours[0]), int(hours[-1]) + HOUR_S) if hours.size else (0, 0)
    start, stop = history.start[spans], history.stop[spans]
    first = np.maximum(start, begin) // HOUR_S
    count = np.maximum(-(-np.minimum(stop, end) // HOUR_S) - first, 0)
    row = np.repeat(np.arange(spans.size), count)
    hour = (first[row] + np.arange(row.size) - (np.cumsum(count) - count)[row]) * HOUR_S
    host = number[row]
    # A machine that stopped and started within the hour has one row, of its first part.
    again = np.zeros(row.size, dtype=bool)
    again[1:] = (host[1:] == host[:-1]) & (hour[1:] == hour[:-1])
    row, hour, host = row[~again], hour[~again], host[~again]
    vcpu = np.array([_vcpu(catalog, history.spans[s].instance_type) for s in spans.tolist()], float)
    planned = np.array(
        [_vcpu(catalog, history.hosts[h].group.instance_type) for h in history.host_of[spans]],
        dtype=float,
    )
    return _Rows(
        host=host,
        hour=hour,
        seconds=np.minimum(stop[row], hour + HOUR_S) - np.maximum(start[row], hour),
        vcpu=vcpu[row],
        load_factor=(planned / vcpu)[row],
    )


def _vcpu(catalog: Catalog, instance_type: str) -> int:
    return catalog.instance_type(instance_type).type.vcpu


def _monitored(traits: _Traits, rows: _Rows) -> _Rows:
    """Drop the machines that never report and the blocks in which monitoring failed."""
    lost = uniforms(traits.key[rows.host], rows.hour // (6 * HOUR_S), _ROW) < NO_ROW_SHARE
    # The runaway stays in view: a lost block could hide the one episode of four days.
    kept = ~(lost & ~traits.runaway[rows.host] | traits.silent[rows.host])
    return _Rows(
        rows.host[kept],
        rows.hour[kept],
        rows.seconds[kept],
        rows.vcpu[kept],
        rows.load_factor[kept],
    )


def _rhythm(catalog: Catalog, traits: _Traits, rows: _Rows, hours: Ints) -> Floats:
    """Relative load of each row by role and the region's local hour of the week [1]."""
    if not rows.hour.size:
        return np.zeros(0)
    weeks = []
    for code in REGIONS:
        region = catalog.region(code)
        # Every region of the blueprint was found when the fleet was built.
        local = hours + utc_offset_s(region.timezone if region else "UTC", hours)
        # 1970-01-01 was a Thursday.
        weeks.append((local // HOUR_S + 3 * 24) % WEEK_HOURS)
    step = (rows.hour - hours[0]) // HOUR_S
    local_hour = np.array(weeks)[traits.region[rows.host], step]
    return np.asarray(weekly_shapes()[traits.role[rows.host], local_hour])


def _cpu(traits: _Traits, rows: _Rows, rhythm: Floats) -> Floats:
    """Hourly mean CPU [%]: level × rhythm × slow and fast noise, plus the habits."""
    key, hour = traits.key[rows.host], rows.hour // HOUR_S
    # Neighbouring hours share half of their noise: a moving average needs no past.
    fast = (normals(key, hour, _HOUR) + normals(key, hour - 1, _HOUR)) / np.sqrt(2.0)
    slow = normals(key, rows.hour // DAY_S, _DAY)
    leak = traits.runaway[rows.host]
    # The leaking service carries a steady load otherwise.
    rhythm = np.where(leak, 1 + 0.3 * (rhythm - 1), rhythm)
    cpu = traits.level[rows.host] * rows.load_factor * rhythm
    cpu *= np.exp(0.07 * fast + 0.05 * slow)
    busy = uniforms(key, hour // ML_JOB_H, _JOB) < ML_BUSY_SHARE
    cpu *= np.where(traits.ml[rows.host], np.where(busy, 1.6, 0.25), 1.0)
    into = (hour - EPOCH_S // HOUR_S) % RUNAWAY_PERIOD_H
    ramp = np.append(RUNAWAY_RAMP_PCT, 0.0)[np.minimum(into, RUNAWAY_RAMP_PCT.size)]
    cpu = np.where(leak, np.maximum(cpu, ramp + np.where(ramp > 0, 0.5 * fast, 0.0)), cpu)
    return np.asarray(np.clip(cpu, 0.0, 100.0).round(2))


def _cpu_columns(traits: _Traits, rows: _Rows, cpu: Floats) -> dict[str, Floats]:
    """Mean and maximum CPU [%]; NaN together in the hours in which the metric is missing."""
    key, hour = traits.key[rows.host], rows.hour // HOUR_S
    swing = uniforms(key, hour, _MAXIMUM)
    # Idle machines must stay below the 5 % that makes them idle.
    extra = np.where(traits.idle[rows.host], 1.5, 3.0)
    peak = np.clip(cpu * (1.08 + 0.22 * swing) + extra * swing, cpu, 100.0).round(2)
    missing = (uniforms(key, hour, _CPU) < NO_CPU_SHARE) & ~traits.runaway[rows.host]
    return {
        "cpu_avg_pct": np.where(missing, np.nan, cpu),
        "cpu_max_pct": np.where(missing, np.nan, peak),
    }


def _other_columns(traits: _Traits, rows: _Rows, cpu: Floats) -> dict[str, Floats]:
    """Memory and GPU [%] where an agent reports them, and network traffic [bytes]."""
    key, hour = traits.key[rows.host], rows.hour // HOUR_S
    agent = uniforms(traits.key, np.zeros(traits.key.size, dtype=np.int64), _AGENT)
    used = 30 + 90 * (agent % MEMORY_AGENT_SHARE)
    memory = used[rows.host] + 0.15 * cpu + 1.5 * normals(key, hour, _MEMORY)
    gpu = 2.8 * cpu + 4 * normals(key, hour, _GPU)
    swing = np.exp(0.25 * normals(key, hour, _NETWORK)) * rows.seconds / HOUR_S
    # About 3 MB per vCPU and CPU percent in an hour; idle machines only talk to their agents.
    received = np.where(traits.idle[rows.host], 4e4, 3e6 * cpu * rows.vcpu) * swing
    with_memory = (agent < MEMORY_AGENT_SHARE)[rows.host]
    return {
        "memory_avg_pct": np.where(with_memory, np.clip(memory, 1.0, 99.0), np.nan).round(2),
        "gpu_avg_pct": np.where(traits.gpu[rows.host], np.clip(gpu, 0.0, 100.0), np.nan).round(2),
        "network_in_bytes": received.round(0),
        "network_out_bytes": (received * 1.7).round(0),
    }

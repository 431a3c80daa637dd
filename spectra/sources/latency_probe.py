"""Our own probe: how long a TCP connect to each region takes from where SPECTRA runs."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from spectra import metering
from spectra.sources.latency_frame import Latency, latency_frame

MEANING = "From where SPECTRA runs to the region's EC2 endpoint, time of a TCP connect"

ATTEMPTS = 5

Endpoint = Callable[[str], tuple[str, int]]


def ec2_endpoint(region: str) -> tuple[str, int]:
    """Host and port of the region's EC2 endpoint."""
    return f"ec2.{region}.amazonaws.com", 443


def probe(
    regions: Sequence[str],
    *,
    endpoint: Endpoint = ec2_endpoint,
    attempts: int = ATTEMPTS,
    timeout_s: float = 2.0,
    workers: int = 8,
) -> Latency:
    """Connect to every region a few times and close at once; nothing is sent.

    The host name is resolved before, so that only the connect is timed. A region that does not
    answer has no row and a note.
    """

    def measure(region: str) -> list[float]:
        return _connect_ms(endpoint(region), attempts, timeout_s)

    with ThreadPoolExecutor(max(1, min(workers, len(regions)))) as pool:
        times = dict(zip(regions, pool.map(measure, regions), strict=True))
    metering.add(requests=sum(len(values) for values in times.values()))
    now = pd.Timestamp.now("UTC")
    rows = [_row(region, values, now) for region, values in times.items() if values]
    silent = [region for region, values in times.items() if not values]
    notes = (f"No answer from {', '.join(silent)}.",) if silent else ()
    return Latency(latency_frame(rows), notes)


def _row(region: str, values_ms: list[float], now: pd.Timestamp) -> dict[str, Any]:
    return {
        "region": region,
        "method": "tcp_probe",
        "measured_at": now,
        "meaning": MEANING,
        "is_proxy": False,
        "rtt_ms_p50": float(np.quantile(values_ms, 0.5)),
        "rtt_ms_p90": float(np.quantile(values_ms, 0.9)),
        "source": "probe",
    }


def _connect_ms(host_port: tuple[str, int], attempts: int, timeout_s: float) -> list[float]:
    """Connect times [ms] of the attempts that were answered."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            *host_port, type=socket.SOCK_STREAM
        )[0]
    except (OSError, UnicodeError):  # a name that no host can have is a UnicodeError
        return []
    times = []
    for _ in range(attempts):
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(timeout_s)
            started = time.perf_counter()
            try:
                connection.connect(address)
            except OSError:
                break  # who does not answer now is not waited for again
            times.append((time.perf_counter() - started) * 1_000)
    return times

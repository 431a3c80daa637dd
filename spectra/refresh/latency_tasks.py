"""What to ask about latency: Cloudflare Radar's origins, and our own TCP probe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from spectra.refresh.tasks import Estimate, Landed, Task
from spectra.sources.cloudflare import Radar
from spectra.sources.latency_probe import ATTEMPTS, probe
from spectra.store import Store
from spectra.store.live_writes import write_rows
from spectra.store.source_state import Key

RADAR_TTL = timedelta(hours=6)
PROBE_TTL = timedelta(hours=1)


def radar_task(store: Store, radar: Radar, countries: Mapping[str, str]) -> Task:
    """Latency of every region (code to country) as Cloudflare sees it."""

    def run() -> Landed:
        latency = radar.latency(countries)
        return Landed(write_rows(store, "latency", latency.frame), notes=latency.notes)

    key = Key("cloudflare_radar", "latency", "")
    return Task(key, RADAR_TTL, run, "cloudflare", lambda: Estimate(len(countries)))


def probe_task(store: Store, regions: tuple[str, ...]) -> Task:
    """Connect times from where SPECTRA runs."""

    def run() -> Landed:
        latency = probe(regions)
        return Landed(write_rows(store, "latency", latency.frame), notes=latency.notes)

    key = Key("probe", "latency", "")
    return Task(key, PROBE_TTL, run, "probe", lambda: Estimate(ATTEMPTS * len(regions)))

"""Every outside service on loopback, and a workspace that is configured for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spectra.catalog import load_catalog
from spectra.config import Config, load_config
from spectra.refresh.connections import Connections
from spectra.refresh.live import Live
from spectra.sources.aws import Access, AwsKeys
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.store import Store
from tests.servers import electricity_maps as em
from tests.servers.aws import AwsServer, endpoints
from tests.servers.aws import aws as aws_server
from tests.servers.cloudflare import TOKEN, CloudflareServer, cloudflare
from tests.servers.electricity_maps import ElectricityMapsServer, electricity_maps
from tests.servers.moto import KEYS, Moto

CATALOG = load_catalog()
HERE = ("us-east-1", "eu-central-1")
HOUR = timedelta(hours=1)
GRID_DAYS = 2  # of more, models would be fitted to each grid at every first refresh


@dataclass
class World:
    """Every service, and what a workspace that is configured for them has."""

    moto: Moto
    aws: AwsServer
    grids: ElectricityMapsServer
    radar: CloudflareServer

    def config(self, **changes: object) -> Config:
        plain = load_config({}, Path("no-such-file.toml"))
        brief = {"aws_history_days": 1, "electricity_maps_history_days": GRID_DAYS}
        return replace(plain, **{"regions": HERE, **brief, **changes})

    def connections(self, **parts: object) -> Connections:
        keys = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
        every = {
            "aws": Access(keys, max_attempts=1),
            "electricity_maps": ElectricityMaps(em.KEY, f"{self.grids.url}/v4"),
            "radar": Radar(TOKEN, self.radar.url),
        }
        return Connections(**{**every, **parts})

    def live(self, store: Store, *, connections: Connections | None = None, **changes) -> Live:
        return Live(store, CATALOG, self.config(**changes), connections or self.connections())

    def settings(self, **changes: str) -> dict[str, str]:
        """The same as environment variables, for a process of its own."""
        return {
            "SPECTRA_AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "SPECTRA_AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
            "SPECTRA_ELECTRICITY_MAPS_KEY": em.KEY,
            "SPECTRA_ELECTRICITY_MAPS_URL": f"{self.grids.url}/v4",
            "SPECTRA_CLOUDFLARE_TOKEN": TOKEN,
            "SPECTRA_CLOUDFLARE_URL": self.radar.url,
            "SPECTRA_REGIONS": ", ".join(HERE),
            "SPECTRA_AWS_HISTORY_DAYS": "1",
            "SPECTRA_ELECTRICITY_MAPS_HISTORY_DAYS": str(GRID_DAYS),
            **changes,
        }

    def endpoints(self) -> dict[str, str]:
        """Where boto3 of a process of its own finds AWS."""
        return {"AWS_ENDPOINT_URL": self.moto.url, **endpoints(self.aws.url)}

    def requests(self) -> int:
        return sum(len(s.requests) for s in (self.aws, self.grids, self.radar))

    def busy(self, region: str, instance_id: str, cpu_pct: float, hours: int = 5) -> None:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        points = {now - n * HOUR + timedelta(minutes=5): cpu_pct for n in range(hours)}
        self.moto.put(region, "CPUUtilization", points, InstanceId=instance_id)


@contextmanager
def every_service(moto: Moto) -> Iterator[World]:
    """Servers that have heard nothing yet, beside a moto that knows nothing any more."""
    moto.reset()
    with (
        aws_server() as aws,
        electricity_maps({"US-MIDA-PJM": em.ALL, "DE": em.ALL}) as grids,
        cloudflare() as radar,
    ):
        yield World(moto, aws, grids, radar)

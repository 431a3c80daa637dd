"""A refresh of a large account on a moto server: wall time, requests, estimated cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.refresh.connections import Connections
from spectra.refresh.live import Live, Report
from spectra.sources.aws import Access, AwsKeys
from spectra.store import Store
from tests.servers.aws import aws, endpoints
from tests.servers.moto import KEYS, Moto, moto

Row = tuple[str, str, str, str]

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-west-1",
    "eu-central-1", "eu-north-1", "ap-northeast-1", "ap-southeast-2",
)  # fmt: skip
INSTANCES, DAYS = 2_000, 1


def refresh(folder: Path, small: bool) -> Iterator[Row]:
    """First refresh of a fleet, then one within the time to live, then one an hour later."""
    count, regions = (20, REGIONS[:2]) if small else (INSTANCES, REGIONS)
    size = f"{count:,} instances, {len(regions)} regions, {DAYS} day of hours"
    with moto() as server, aws() as rest:
        os.environ.update(
            AWS_ENDPOINT_URL=server.url, AWS_EC2_METADATA_DISABLED="true", **endpoints(rest.url)
        )
        _launch(server, count, regions)
        store = Store(folder / "live.duckdb")
        plain = load_config({}, Path("no-such-file.toml"))
        config = replace(plain, regions=regions, aws_history_days=DAYS)
        keys = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
        live = Live(store, load_catalog(), config, Connections(aws=Access(keys)))
        first = live.refresh()
        yield _row("first refresh", size, first)
        for dataset in ("inventory", "utilisation"):
            longest = max(o.seconds for o in first.outcomes if o.key.dataset == dataset)
            yield (f"— its {dataset}", size, f"{longest:.1f} s", "slowest region; they run abreast")
        again = live.refresh()
        yield _row("again, within the time to live", size, again)
        with store.write(is_fact=False) as cursor:
            cursor.execute("UPDATE source_state SET succeeded_at = succeeded_at - INTERVAL 1 HOUR")
        yield _row("an hour later", size, live.refresh())
        store.close()


def _row(what: str, size: str, report: Report) -> Row:
    failed = f", {len(report.failures)} failed" if report.failures else ""
    note = f"{report.request_count} requests, about ${report.estimated_usd:.2f}{failed}"
    return f"live: {what}", size, f"{report.seconds:.1f} s", note


def _launch(server: Moto, count: int, regions: tuple[str, ...]) -> None:
    """Equal parts in every region, a point of CPU load each."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for region in regions:
        launched = server.client("ec2", region).run_instances(
            ImageId="ami-12c6146b", InstanceType="m5.large",
            MinCount=count // len(regions), MaxCount=count // len(regions),
        )  # fmt: skip
        ids = [instance["InstanceId"] for instance in launched["Instances"]]
        data = [
            {
                "MetricName": "CPUUtilization",
                "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
                "Timestamp": now + timedelta(minutes=1),
                "Value": 20.0,
            }
            for instance_id in ids
        ]
        cloudwatch = server.client("cloudwatch", region)
        for start in range(0, len(data), 50):  # moto does not read the body that botocore packs
            cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=data[start : start + 50])

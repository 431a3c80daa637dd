"""Stores with small fleets whose owners are known, and random ones with hostile tags."""

import random
from datetime import date, datetime

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.store import Store
from spectra.store.writes import write_costs
from tests import copies, fleet
from tests.store.conftest import build, with_factors

CATALOG = load_catalog()
ACCOUNTS = ("111111111111", "222222222222")
HOSTILE = (
    '=HYPERLINK("http://x","a")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a,b", 'say "hi"',
    "two\nlines", "Ünïcode", "🚀 team", "<b>bold</b>", "x" * 1000, "Data  Platform",
    "data platform", "'quoted", "  spaces ", "NULL", "1e5", "{}", "{{json}}",
)  # fmt: skip
# A day in summer time, a month's end and a leap day are ordinary hours of UTC.
SPAN = ("2026-10-30", "2026-11-03")


@pytest.fixture
def catalog():
    return CATALOG


def new_store(path):
    """The store at a path, which begins with the factors of the catalogue."""
    return Store(path) if path.exists() else copies.opened(path, with_factors)


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path / "store.duckdb")
    yield store
    store.close()


def running(number, team=None, **more):
    tags = {} if team is None else {"team": team}
    tags |= more.pop("tags", {})
    return {"instance_id": f"i-{number:03d}", "valid_from": "2026-01-01", "tags": tags, **more}


def with_fleet(store, *instances, start="2026-10-01", end="2026-11-13", volumes=()):
    """A fleet over hours whose grids are those of the catalogue."""
    return build(
        store,
        instances=fleet.instances(*instances),
        volumes=fleet.volumes(*volumes) if volumes else None,
        hours=fleet.hours(start, end),
    )


def random_fleet(store, seed, span=SPAN):
    """Tags, accounts, volumes and costs at random; some of them hostile, some missing."""
    rng = random.Random(seed)
    teams = [*rng.sample(HOSTILE, 6), "web", "Web ", None]
    instances, volumes, costs = [], [], []
    days = pd.date_range(*span, inclusive="left")
    for number in range(rng.randint(3, 14)):
        region = rng.choice(["eu-central-1", "eu-north-1", "us-east-1"])
        tags = {"shared": "nat"} if rng.random() < 0.2 else {}
        instances.append(
            running(number, rng.choice(teams), tags=tags, region=region,
                    account_id=rng.choice(ACCOUNTS),
                    instance_type=rng.choice(["m5.xlarge", "t3.micro", "m9x.large"]),
                    name=rng.choice([None, *HOSTILE]))
        )  # fmt: skip
        if rng.random() < 0.6:
            own = rng.choice(teams)
            volumes.append(
                {"volume_id": f"vol-{number:03d}", "valid_from": "2026-01-01", "region": region,
                 "instance_id": rng.choice([f"i-{number:03d}", None]),
                 "tags": {"team": own} if own and rng.random() < 0.5 else {}}
            )  # fmt: skip
        if rng.random() < 0.7:
            costs += [
                cost(day.date(), f"i-{number:03d}", rng.choice([rng.uniform(0, 9), None]), region)
                for day in days
            ]
    costs.append(cost(days[0].date(), "bucket-7", 1.005, "eu-central-1", "Amazon S3"))
    with_fleet(store, *instances, start=span[0], end=span[1], volumes=volumes)
    write_costs(store, pd.DataFrame(costs))
    return rng


def cost(day: date, resource_id: str, usd: float | None, region: str, service="Amazon EC2"):
    return {
        "day": day, "account_id": ACCOUNTS[0], "region": region, "service": service,
        "resource_id": resource_id, "purchase_option": "on-demand", "list_cost_usd": usd,
        "billed_cost_usd": usd, "effective_cost_usd": usd, "is_provisional": False,
        "source": "test", "quality": "measured", "fetched_at": fleet.FETCHED,
    }  # fmt: skip


def utc(text: str) -> datetime:
    return fleet.as_datetime(fleet.utc(text))

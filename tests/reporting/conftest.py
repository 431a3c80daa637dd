"""A small company over October 2026: two accounts, two grids, hostile and missing tags."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from spectra.reporting.asking import make_request
from spectra.reporting.drill import narrowed
from spectra.store import Store, report_queries
from spectra.store.factors import write_factors
from spectra.store.writes import write_costs
from tests import copies, fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-10-01", "2026-11-01")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVIL = '=HYPERLINK("http://x","a")'
ONE, TWO = "111111111111", "222222222222"


def company(store: Store, hours: pd.DatetimeIndex = HOURS, grids: bool = True) -> Store:
    """Instances of a measured, a derived and an unknown type, volumes, grids, costs."""
    since = "2026-09-01T00:00"
    ohio = {"account_id": TWO, "region": "us-east-1"}
    instances = fleet.instances(
        {"instance_id": "i-web", "valid_from": since},
        {"instance_id": "i-data", "valid_from": "2026-10-10T06:30", "instance_type": "m7g.large",
         "tags": {"team": "data", "environment": "staging"}, **ohio},
        {"instance_id": "i-evil", "valid_from": since, "instance_type": "t3.medium",
         "name": "<script>alert(1)</script>", "tags": {"team": EVIL, "environment": "Ünï\u2028"}},
        {"instance_id": "i-odd", "valid_from": since, "instance_type": "m9x.large", "tags": {},
         **ohio},
        {"instance_id": "i-off", "valid_from": since, "state": "stopped"},
    )  # fmt: skip
    volumes = fleet.volumes(
        {"volume_id": "v-web", "valid_from": since, "instance_id": "i-web"},
        {"volume_id": "v-lost", "valid_from": since, "size_gib": 500, "volume_type": "st1", **ohio},
    )
    shape = 400 + 100 * np.sin(np.arange(len(hours)) * 2 * np.pi / 24)
    build(
        store,
        instances=instances,
        hours=hours,
        intensities=[
            fleet.intensities("DE", hours, 320.0, 380.0),
            *([fleet.intensities("US-MIDA-PJM", hours, shape, shape * 1.2)] if grids else []),
        ],
        utilisation=[
            fleet.utilisation("i-web", hours, 30.0),
            fleet.utilisation("i-evil", hours, np.arange(len(hours)) % 60.0),
            fleet.utilisation("i-data", hours[300:], 12.5),
        ],
        volumes=volumes,
    )
    write_factors(store, CATALOG)
    write_costs(store, costs())
    return store


def costs() -> pd.DataFrame:
    rows = [
        (account, region, service, resource, usd)
        for account, region, service, resource, usd in (
            (ONE, "eu-central-1", "Amazon EC2", "i-web", 5.52),
            (TWO, "us-east-1", "Amazon EC2", "i-data", 1.96),
            (TWO, "us-east-1", "Amazon EBS", "v-lost", 0.75),
        )
    ]
    return pd.DataFrame(
        {
            "day": day.date(),
            "account_id": account,
            "region": region,
            "service": service,
            "resource_id": resource,
            "purchase_option": "on-demand",
            "billed_cost_usd": usd,
            "effective_cost_usd": usd,
            "list_cost_usd": usd,
            "is_provisional": False,
            "source": "test",
            "quality": "measured",
            "fetched_at": fleet.FETCHED,
        }
        for day in pd.date_range("2026-10-01", "2026-10-31")
        for account, region, service, resource, usd in rows
    )


@pytest.fixture
def catalog():
    return CATALOG


def accounted(store: Store) -> None:
    write_factors(store, CATALOG)
    company(store)


@pytest.fixture
def store(filled):
    return filled(accounted)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The same store for tests that only read it."""
    store = copies.opened(tmp_path_factory.mktemp("kept") / "company.duckdb", accounted)
    yield store
    store.close()


def october(**options):
    """A request for the month with all that a person may say."""
    about = {"company": "Acme", "assurance": "None.", "revenue": 1_000_000.0, "currency": "EUR"}
    return make_request(CATALOG, "2026-10", **{**about, **options})


def rows_behind(store, report, figure):
    """Resources that a figure sums, as the page follows it down."""
    return report_queries.rows(store, *narrowed(report, figure))

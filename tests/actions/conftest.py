"""An account on moto behind our proxy with a runner that never waits long, and the demo company."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from spectra.actions import Journal, Permit, Target
from spectra.actions.aws_runner import AwsRunner
from spectra.catalog import load_catalog
from spectra.refresh import refresh_demo
from spectra.sources.aws import Access, Account, AwsKeys
from spectra.store import Store
from tests import copies
from tests.servers.moto import ACCOUNT, KEYS
from tests.servers.proxy import proxy

REGION = "us-east-1"
TAG = ("spectra:managed", "true")
OWN = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
YES = Permit()
CATALOG = load_catalog()
NOW = datetime(2026, 11, 25, 5, 40, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)


@pytest.fixture
def store(tmp_path):
    opened = Store(copies.empty_store(tmp_path / "spectra.duckdb"))
    yield opened
    opened.close()


@pytest.fixture
def journal(store):
    return Journal(store)


@pytest.fixture(scope="session")
def gate(moto_process):
    """One proxy for all tests: who signed in through it need not do so again."""
    with proxy(moto_process.url) as server:
        yield server


@pytest.fixture
def aws(gate, moto_process, quiet_environment, monkeypatch):
    moto_process.reset()
    gate.forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL", gate.url)
    return gate


@cache
def account(url: str) -> Account:
    """The account behind a proxy; its clients are built once and shared, as in the app."""
    return Access(OWN, max_attempts=1).account()


@pytest.fixture
def runner(aws, store):
    return runner_on(aws, store)


def runner_on(aws, store):
    return AwsRunner(account(aws.url), store, TAG, delay_s=0.01)


@pytest.fixture
def launch(moto_process):
    """Launch instances tagged for SPECTRA and give them as targets, as they are shown."""

    def launched(kind: str = "m5.large", **tags: str) -> Target:
        ec2 = moto_process.client("ec2", REGION)
        (name,) = moto_process.launch(REGION, 1, kind, ec2=ec2, **{TAG[0]: TAG[1], **tags})
        return shown(moto_process, name)

    return launched


def shown(moto, name: str) -> Target:
    found = moto.client("ec2", REGION).describe_instances(InstanceIds=[name])
    item = found["Reservations"][0]["Instances"][0]
    disks = tuple(d["Ebs"]["VolumeId"] for d in item["BlockDeviceMappings"])
    return Target(
        ACCOUNT, REGION, name, "instance", item["InstanceType"], item["State"]["Name"],
        availability_zone=item["Placement"]["AvailabilityZone"], volume_ids=disks,
    )  # fmt: skip


@pytest.fixture
def volume(moto_process):
    """Make an unattached volume that is tagged for SPECTRA, as the record has one: of no zone."""

    def made(kind: str = "gp2", size: int = 20, **speed: int) -> Target:
        tags = [{"ResourceType": "volume", "Tags": [{"Key": TAG[0], "Value": TAG[1]}]}]
        answer = moto_process.client("ec2", REGION).create_volume(
            AvailabilityZone=f"{REGION}a",
            Size=size,
            VolumeType=kind,
            TagSpecifications=tags,
            **speed,
        )
        return Target(
            ACCOUNT, REGION, answer["VolumeId"], "volume", kind, "available", size_gib=size,
        )  # fmt: skip

    return made


@pytest.fixture
def company(tmp_path):
    """The demo company of three days up to `NOW`."""
    store = Store(copies.demo_company(tmp_path / "company.duckdb", NOW, days=3))
    yield store
    store.close()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The same for tests in which nothing is done to it."""
    store = Store(copies.demo_company(tmp_path_factory.mktemp("calm") / "c.duckdb", NOW, days=3))
    yield store
    store.close()


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """The same up to `LATER`, in which nobody changed anything."""
    folder = tmp_path_factory.mktemp("untouched")
    store = Store(copies.demo_company(folder / "company.duckdb", NOW, days=3))
    refresh_demo(store, CATALOG, now=LATER)
    yield store
    store.close()

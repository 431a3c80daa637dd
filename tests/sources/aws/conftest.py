"""AWS on loopback: one moto server for all tests, a contract server for what it lacks."""

import pytest

from spectra.sources.aws import Access, AwsKeys
from tests.servers.aws import aws as aws_server
from tests.servers.aws import endpoints
from tests.servers.moto import KEYS
from tests.servers.moto import moto as moto_server

OWN = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch):
    """No profile, no metadata service, no credentials of this machine."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture(scope="module")
def moto_process():
    with moto_server() as running:
        yield running


@pytest.fixture
def moto(moto_process, monkeypatch):
    moto_process.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_process.url)
    return moto_process


@pytest.fixture
def aws(monkeypatch):
    """The contract server for the services that moto lacks."""
    with aws_server() as server:
        for name, url in endpoints(server.url, "STS", "COST_EXPLORER", "COMPUTE_OPTIMIZER",
                                   "PRICING", "SUSTAINABILITY", "EC2").items():  # fmt: skip
            monkeypatch.setenv(name, url)
        yield server


@pytest.fixture
def account(aws):
    """An account on the contract server."""
    return Access(OWN, max_attempts=2).account()

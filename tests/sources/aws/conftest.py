"""AWS on loopback: one moto server for all tests, a contract server for what it lacks."""

import pytest

from spectra.sources.aws import Access, AwsKeys
from tests.servers.aws import aws as aws_server
from tests.servers.aws import endpoints
from tests.servers.moto import KEYS

OWN = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])


@pytest.fixture(autouse=True)
def quiet(quiet_environment):
    """For every test here."""


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

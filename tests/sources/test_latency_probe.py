"""Our own probe on loopback: connect times, and silence where nobody answers."""

import socket
from contextlib import closing

import pytest

from spectra.sources.latency_probe import ec2_endpoint, probe


@pytest.fixture
def listener():
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield server.getsockname()


def test_a_region_that_answers(listener):
    latency = probe(["eu-central-1"], endpoint=lambda region: listener)
    (row,) = latency.frame.to_dict("records")
    assert 0 < row["rtt_ms_p50"] <= row["rtt_ms_p90"] < 500
    assert (row["method"], row["source"], row["is_proxy"]) == ("tcp_probe", "probe", False)
    assert "From where SPECTRA runs" in row["meaning"]
    assert latency.notes == ()


def test_a_region_that_does_not_has_no_row(listener):
    ends = {
        "eu-central-1": listener,
        "us-east-1": ("127.0.0.1", 9),
        "x": ("no.invalid", 443),
        "y": ("no..host", 443),
    }
    latency = probe(list(ends), endpoint=lambda region: ends[region], timeout_s=0.5)
    assert list(latency.frame["region"]) == ["eu-central-1"]
    assert latency.notes == ("No answer from us-east-1, x, y.",)


def test_no_region_at_all():
    assert probe([]).frame.empty


def test_the_endpoint_is_the_region_s_own():
    assert ec2_endpoint("eu-west-1") == ("ec2.eu-west-1.amazonaws.com", 443)

"""Latency from Cloudflare Radar: milliseconds or nothing, and always what it means."""

import pandas as pd
import pytest

from spectra import errors
from spectra.sources.cloudflare import Radar
from spectra.sources.json_client import RETRIES
from tests.servers.base import HTML, TRUNCATED, Answer
from tests.servers.cloudflare import BAD_TOKEN, NOT_FOUND, TOKEN, cloudflare, summary

FAST = RETRIES.new(backoff_factor=0, backoff_jitter=0)
PERCENTILE, REGION, IQI = "/PERCENTILE", "/REGION", "/iqi/summary"
HERE = {"eu-central-1": "DE"}


@pytest.fixture
def server():
    with cloudflare() as running:
        yield running


def radar(server, token=TOKEN) -> Radar:
    return Radar(token, server.url, retries=FAST)


def only_row(latency):
    (row,) = latency.frame.to_dict("records")
    return row


def test_percentiles_of_the_region_itself(server):
    row = only_row(radar(server).latency(HERE))
    assert (row["rtt_ms_p50"], row["rtt_ms_p90"], row["rtt_ms_p99"]) == (1.8, 22.4, 140.2)
    assert row["method"] == "radar_origins_percentile"
    assert not row["is_proxy"]
    assert row["meaning"] == "Cloudflare edge to region, TCP round trip"
    assert row["measured_at"] == pd.Timestamp("2026-11-25T00:00Z")
    assert row["confidence_level"] == 5


def test_the_question_is_about_amazon_s_region(server):
    radar(server).latency(HERE)
    params = server.asked(PERCENTILE)[0].params
    assert params == {
        "region": "eu-central-1", "origin": "AMAZON", "metric": "TCP_RTT", "dateRange": "1d",
        "format": "JSON",
    }  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        NOT_FOUND,
        Answer(422, {"success": False, "errors": [{"code": 2002, "message": "cost"}]}),
        Answer(400, {"success": False, "errors": [{"message": "without a code"}]}),
        Answer(200, {"success": False, "errors": [], "result": {}}),
        summary({"p50": "0.3"}, normalization="MIN0_MAX"),
        summary({"p50": "0.3"}, units=[{"name": "*", "value": "%"}]),
        summary({}),
        summary({"p50": "n/a"}),
        HTML,
        TRUNCATED,
    ],
)
def test_without_percentiles_in_ms_the_figure_among_regions_counts(server, answer):
    server.answer(PERCENTILE, answer, forever=True)
    row = only_row(radar(server).latency(HERE))
    assert row["method"] == "radar_origins_region"
    assert row["rtt_ms_p50"] == 2.5
    assert pd.isna(row["rtt_ms_p90"])


def test_then_the_country_as_a_proxy_that_says_so(server):
    server.answer(PERCENTILE, NOT_FOUND, forever=True)
    server.answer(REGION, summary({"us-east-1": "0.4"}, normalization="PERCENTAGE"), forever=True)
    latency = radar(server).latency(HERE)
    row = only_row(latency)
    assert row["is_proxy"]
    assert row["rtt_ms_p50"] == 21.5
    assert "says nothing about AWS" in row["meaning"]
    assert server.asked(IQI)[0].params["location"] == "DE"
    assert "proxy" in latency.notes[0]


def test_then_nothing_which_is_not_zero(server):
    for name in (PERCENTILE, REGION, IQI):
        server.answer(name, NOT_FOUND, forever=True)
    latency = radar(server).latency(HERE)
    assert latency.frame.empty
    assert str(latency.frame["measured_at"].dtype) == "datetime64[us, UTC]"
    assert latency.notes[0].startswith("No latency data for eu-central-1")


def test_what_concerns_many_regions_is_asked_once(server):
    server.answer(PERCENTILE, NOT_FOUND, forever=True)
    server.answer(REGION, NOT_FOUND, forever=True)
    regions = {"us-east-1": "US", "us-east-2": "US", "us-west-2": "US"}
    assert len(radar(server).latency(regions).frame) == 3
    assert len(server.asked(REGION)) == 1
    assert len(server.asked(IQI)) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (BAD_TOKEN, errors.CredentialsError),
        (Answer(403, {"success": False, "errors": [{"code": 9109}]}), errors.CredentialsError),
        (Answer(429, {"success": False, "errors": [{"code": 1015}]}, {"Retry-After": "300"}),
         errors.ThrottledError),
        (Answer(500, {"success": False, "errors": [{"code": 2000}]}), errors.UnreachableError),
    ],
)  # fmt: skip
def test_what_concerns_all_regions_ends_the_question(server, answer, kind):
    server.answer(PERCENTILE, answer, forever=True)
    with pytest.raises(kind) as error:
        radar(server).latency({"us-east-1": "US", "eu-central-1": "DE"})
    assert len({r.params["region"] for r in server.asked(PERCENTILE)}) == 1
    assert TOKEN not in str(error.value)


def test_a_token_is_verified(server):
    radar(server).verify()
    with pytest.raises(errors.CredentialsError):
        radar(server, "wrong").verify()
    server.answer("/verify", Answer(200, {"success": True, "result": {"status": "expired"}}))
    with pytest.raises(errors.CredentialsError, match="not active"):
        radar(server).verify()


def test_it_does_not_show_its_token(server):
    assert TOKEN not in repr(radar(server)) + repr(vars(radar(server)))

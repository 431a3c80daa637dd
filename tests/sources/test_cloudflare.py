"""Latency from Cloudflare Radar: milliseconds or nothing, and always what it means."""

import pandas as pd
import pytest

from spectra import errors
from spectra.sources.cloudflare import Radar
from spectra.sources.json_client import RETRIES
from tests.servers import cloudflare as contract
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


def slow(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, seconds=0.4)


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
        contract.INVALID,
        contract.TOO_COSTLY,
        contract.WITHOUT_A_CODE,
        contract.FAILURE_IN_A_200,
        Answer(200, {"success": False, "errors": [], "result": None}),
        Answer(400, {"success": False, "errors": "not a list"}),
        Answer(400, {"success": False, "errors": [{"code": ["not a number"]}]}),
        summary({"p50": "0.3"}, normalization="MIN0_MAX"),
        summary({"p50": "0.3"}, units=[{"name": "*", "value": "%"}]),
        summary({"p50": "0.3"}, units=[{"name": "*", "value": None}]),
        summary({"p50": "0.3"}, units=[]),
        summary({"p50": "0.3"}, lastUpdated="not a time"),
        summary({"p50": "0.3"}, confidenceInfo={"level": "high"}),
        summary({}),
        summary({"p50": "n/a"}),
        summary({"p50": "NaN", "p90": "inf", "p99": "-1"}),
        summary({"p25": "0.3", "p75": "0.6"}),
        HTML,
        TRUNCATED,
    ],
)
def test_without_percentiles_in_ms_the_figure_among_regions_counts(server, answer):
    server.answer(PERCENTILE, answer, forever=True)
    latency = radar(server).latency(HERE)
    row = only_row(latency)
    assert row["method"] == "radar_origins_region"
    assert row["rtt_ms_p50"] == 2.5
    assert pd.isna(row["rtt_ms_p90"])
    assert latency.notes[0].startswith("Some regions have one figure, no percentiles: Cloudflare")


def test_a_note_says_which_unit_it_was(server):
    server.answer(PERCENTILE, summary({"p50": "0.3"}, units=[]), forever=True)
    (note,) = radar(server).latency(HERE).notes
    assert "not milliseconds (RAW_VALUES, no unit)" in note


def test_a_time_without_a_zone_is_utc(server):
    answer = summary({"p50": "3"}, lastUpdated="2026-11-25T06:00:00", confidenceInfo=None)
    server.answer(PERCENTILE, answer, forever=True)
    row = only_row(radar(server).latency(HERE))
    assert row["measured_at"] == pd.Timestamp("2026-11-25T06:00Z")
    assert pd.isna(row["confidence_level"])


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
        (contract.FORBIDDEN, errors.CredentialsError),
        (contract.ILL_FORMED_TOKEN, errors.CredentialsError),
        (contract.failure(200, 10000), errors.CredentialsError),
        (contract.THROTTLED, errors.ThrottledError),
        (contract.failure(200, 1015), errors.ThrottledError),
        (contract.INTERNAL, errors.UnreachableError),
        (slow(summary({"p50": "1"})), errors.UnreachableError),
    ],
)
def test_what_concerns_all_regions_ends_the_question(server, answer, kind):
    server.answer(PERCENTILE, answer, forever=True)
    with pytest.raises(kind) as error:
        client = Radar(TOKEN, server.url, retries=FAST, timeout_s=(1.0, 0.15))
        client.latency({"us-east-1": "US", "eu-central-1": "DE"})
    assert len({r.params["region"] for r in server.asked(PERCENTILE)}) == 1
    assert TOKEN not in str(error.value)


def test_the_wait_that_is_asked_for_is_handed_on(server):
    server.answer(PERCENTILE, contract.THROTTLED)
    with pytest.raises(errors.ThrottledError) as error:
        radar(server).latency(HERE)
    assert error.value.wait_seconds == 300


@pytest.mark.parametrize("token", ["", "good…token", f"{TOKEN}\n", "two words"])
def test_what_cannot_be_a_token_is_not_sent(server, token):
    for ask in (radar(server, token).verify, lambda: radar(server, token).latency(HERE)):
        with pytest.raises(errors.CredentialsError, match="no token has"):
            ask()
    assert server.requests == []


def test_a_token_is_verified(server):
    radar(server).verify()
    with pytest.raises(errors.CredentialsError):
        radar(server, "wrong").verify()
    server.answer("/verify", Answer(200, {"success": True, "result": {"status": "expired"}}))
    with pytest.raises(errors.CredentialsError, match="not active"):
        radar(server).verify()


def test_it_does_not_show_its_token(server):
    assert TOKEN not in repr(radar(server)) + repr(vars(radar(server)))

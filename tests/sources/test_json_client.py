"""What every JSON service gets: retries where safe, waits kept, keys kept to themselves."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from urllib3.util import Retry

from spectra import errors, metering
from spectra.sources.json_client import RETRIES, JsonClient
from tests.servers.base import EMPTY, HTML, TRUNCATED, Answer, ContractServer, serving

ANY = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}
FINE = Answer(200, {"ok": True})
FAST = RETRIES.new(backoff_factor=0, backoff_jitter=0)


class Plain(ContractServer):
    def default(self, request):
        return FINE


@pytest.fixture
def server():
    with serving(Plain()) as running:
        yield running


def client(server, retries: Retry = FAST, **options) -> JsonClient:
    return JsonClient("Testing", server.url, headers={"x-key": "s3cret"}, retries=retries,
                      **options)  # fmt: skip


def test_an_answer_as_agreed(server):
    one = client(server)
    assert one.get("/a", ANY, {"q": "1"}) == {"ok": True}
    assert server.requests[0].headers["x-key"] == "s3cret"
    assert one.request_count == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401, {}), errors.CredentialsError),
        (Answer(403, {}), errors.NotEntitledError),
        (Answer(404, {}), errors.NoDataError),
        (Answer(418, {}), errors.MalformedError),
        (Answer(429, {}), errors.ThrottledError),
        (Answer(503, {}), errors.ThrottledError),
        (Answer(502, "<html>bad gateway"), errors.UnreachableError),
        (Answer(200, {"ok": "yes"}), errors.MalformedError),
        (Answer(200, {}), errors.MalformedError),
        (HTML, errors.NoDataError),
        (TRUNCATED, errors.MalformedError),
        (EMPTY, errors.MalformedError),
        (Answer(200, b"\xff\xfe\x00"), errors.MalformedError),
    ],
)
def test_each_wrong_answer_is_one_error_without_key_or_address(server, answer, kind):
    server.answer("/a", answer, forever=True)
    with pytest.raises(kind) as error:
        client(server).get("/a", ANY)
    assert type(error.value) is kind
    assert "s3cret" not in str(error.value)
    assert "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failing_server_is_asked_again(server, status):
    server.answer("/a", Answer(status), Answer(status), FINE)
    one = client(server)
    with metering.tally() as tally:
        assert one.get("/a", ANY) == {"ok": True}
    assert len(server.requests) == one.request_count == tally.request_count == 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_asked_for_is_told_and_not_cut_short(server, status):
    server.answer("/a", Answer(status, {}, {"Retry-After": "60"}), FINE)
    started = time.monotonic()
    with pytest.raises(errors.ThrottledError) as error:
        client(server).get("/a", ANY)
    assert error.value.wait_seconds == 60
    assert "60 s" in error.value.next_step
    assert len(server.requests) == 1
    assert time.monotonic() - started < 5


def test_a_wait_may_be_a_date(server):
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    server.answer("/a", Answer(429, {}, {"Retry-After": at}))
    with pytest.raises(errors.ThrottledError) as error:
        client(server).get("/a", ANY)
    assert 290 < error.value.wait_seconds <= 300


@pytest.mark.parametrize("header", ["soon", ""])
def test_a_wait_that_makes_no_sense_is_none(server, header):
    server.answer("/a", Answer(429, {}, {"Retry-After": header}))
    with pytest.raises(errors.ThrottledError) as error:
        client(server).get("/a", ANY)
    assert error.value.wait_seconds is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(server, status):
    with serving(Plain()) as elsewhere:
        server.answer("/a", Answer(status, {}, {"Location": f"{elsewhere.url}/a"}))
        with pytest.raises(errors.MalformedError, match="redirects"):
            client(server).get("/a", ANY)
        assert elsewhere.requests == []


def test_a_slow_answer_is_given_up(server):
    server.answer("/a", Answer(200, {"ok": True}, seconds=1.0), forever=True)
    one = client(server, timeout_s=(1.0, 0.2))
    with pytest.raises(errors.UnreachableError, match="did not answer"):
        one.get("/a", ANY)
    assert len(server.requests) == one.request_count == 1 + FAST.read


@pytest.mark.parametrize("part", ["all", "body"])
def test_an_answer_that_drips_is_given_up(server, part):
    server.answer("/a", Answer(200, {"ok": True, "more": "." * 100}, drips=part))
    started = time.monotonic()
    with pytest.raises(errors.UnreachableError, match="did not answer"):
        client(server, retries=FAST.new(total=0, read=0), timeout_s=(1.0, 0.2)).get("/a", ANY)
    assert 0.5 < time.monotonic() - started < 4  # of six


def test_nobody_listening(server):
    one = JsonClient("Testing", "http://127.0.0.1:9", retries=FAST)
    with metering.tally() as tally, pytest.raises(errors.UnreachableError):
        one.get("/a", ANY)
    assert tally.request_count == one.request_count == 1 + FAST.total


def test_a_netrc_does_not_replace_the_key(server, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    JsonClient("T", server.url, headers={"Authorization": "Bearer k"}, retries=FAST).get("/a", ANY)
    assert server.requests[0].headers["authorization"] == "Bearer k"


def test_it_does_not_show_its_key(server):
    assert "s3cret" not in repr(client(server)) + repr(vars(client(server)))

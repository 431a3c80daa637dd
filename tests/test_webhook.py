"""Notices: what is sent, to whom never, and that the address stays a secret."""

import socket
from datetime import UTC, datetime

import pytest

from spectra import errors, webhook
from spectra.webhook import Notice, check_url, send
from tests.servers.base import Answer, ContractServer, serving

NOTICE = Notice("k", "intensity", "DE <high> & rising", "Above 500 g/kWh.",
                datetime(2026, 11, 25, 12, tzinfo=UTC))  # fmt: skip
PUBLIC = {"hooks.example.com": ["93.184.216.34"], "both.example.com": ["93.184.216.34", "10.0.0.5"],
          "mapped.example.com": ["::ffff:10.0.0.1"], "inside.example.com": ["192.168.1.4"],
          "none.example.com": []}  # fmt: skip


class Receiver(ContractServer):
    def default(self, request):
        return Answer(200, "ok")


@pytest.fixture
def receiver():
    with serving(Receiver()) as running:
        yield running


def resolve(host):
    if host in PUBLIC:
        return PUBLIC[host]
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "file:///etc/passwd",
        "ftp://hooks.example.com",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.5/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0x7f000001/x",
        "https://2130706433/",
        "https://localhost/x",
        "https://inside.example.com/x",
        "https://both.example.com/x",
        "https://mapped.example.com/x",
        "https://none.example.com/x",
        "https://user:pw@hooks.example.com/x",
        "https://hooks.example.com:port/x",
        "https:///x",
        "https://hooks .example.com/x",
        "https://224.0.0.1/x",
        "hooks.example.com/x",
        "",
    ],
)
def test_addresses_that_are_refused(url):
    with pytest.raises(errors.InputError, match="cannot be used") as error:
        check_url(url, resolve=resolve)
    assert not url or url not in str(error.value)


def test_an_address_on_the_internet_is_fine():
    check_url("https://hooks.example.com:8443/services/T0/B0?x=1", resolve=resolve)


def test_the_operator_may_allow_private_ones():
    check_url("http://127.0.0.1:9000/x", allow_private=True)
    with pytest.raises(errors.InputError):
        check_url("file:///x", allow_private=True)


def test_a_generic_notice(receiver):
    send(f"{receiver.url}/hook", NOTICE, allow_private=True)
    (request,) = receiver.requests
    assert request.method == "POST"
    assert request.json == {
        "source": "spectra",
        "key": "k",
        "kind": "intensity",
        "severity": "warning",
        "title": "DE <high> & rising",
        "text": "Above 500 g/kWh.",
        "at": "2026-11-25T12:00:00Z",
    }


def test_a_slack_notice_is_escaped(receiver):
    send(f"{receiver.url}/hook", NOTICE, style="slack", allow_private=True)
    assert receiver.requests[0].json == {"text": "*DE &lt;high&gt; &amp; rising*\nAbove 500 g/kWh."}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, errors.NotEntitledError),
        (410, errors.NotEntitledError),
        (429, errors.ThrottledError),
        (500, errors.UnreachableError),
        (302, errors.UnreachableError),
    ],
)
def test_a_notice_that_is_not_taken_is_sent_once_and_told(receiver, status, kind):
    receiver.answer("/secret-path", Answer(status, "", {"Location": receiver.url}))
    with pytest.raises(kind) as error:
        send(f"{receiver.url}/secret-path", NOTICE, allow_private=True)
    assert len(receiver.requests) == 1
    assert "secret-path" not in str(error.value)


def test_a_name_that_changes_its_address_after_the_check_reaches_nobody(receiver, monkeypatch):
    port = int(receiver.url.rpartition(":")[2])
    monkeypatch.setattr(webhook, "check_url", lambda *_, **__: None)  # as if it had been public
    with pytest.raises(errors.InputError, match="private network"):
        send(f"https://127.0.0.1:{port}/x", NOTICE)
    assert receiver.requests == []


def test_nobody_there(monkeypatch):
    with pytest.raises(errors.UnreachableError) as error:
        send("http://127.0.0.1:9/secret", NOTICE, allow_private=True)
    assert "secret" not in str(error.value)

"""Notices: what is sent, to whom never, and that the address stays a secret."""

import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spectra import errors, webhook
from spectra.webhook import Notice, check_url, send
from tests.servers.base import Answer
from tests.servers.webhook import webhook as webhook_server

NOTICE = Notice("k", "intensity", "DE <high> & rising", "Above 500 g/kWh.",
                datetime(2026, 11, 25, 12, tzinfo=UTC))  # fmt: skip
PUBLIC = {"hooks.example.com": ["93.184.216.34"], "both.example.com": ["93.184.216.34", "10.0.0.5"],
          "mapped.example.com": ["::ffff:10.0.0.1"], "inside.example.com": ["192.168.1.4"],
          "none.example.com": []}  # fmt: skip


@pytest.fixture
def receiver():
    with webhook_server() as running:
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
        " https://hooks.example.com/x",
        "https://hooks..example.com/x",
        "https://@hooks.example.com/x",
        "https://[::1/x",
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


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),  # the first one, behind NAT64
        ("2002:a00:5::1", False),  # 10.0.0.5 as 6to4
        ("64:ff9b::a00:5", False),  # and behind NAT64
        ("::10.0.0.5", False),
        ("fec0::1", False),
        ("fe80::1%eth0", False),
        ("100.64.0.1", False),
        ("ff0e::1", False),
        ("240.0.0.1", False),
    ],
)
def test_an_address_counts_by_the_one_inside_it(address, is_public):
    def ask():
        check_url("https://hooks.example.com/x", resolve=lambda _: [address])

    if is_public:
        ask()
    else:
        with pytest.raises(errors.InputError, match="private network"):
            ask()


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
        "link": "",
    }


def test_a_slack_notice_is_escaped(receiver):
    send(f"{receiver.url}/hook", NOTICE, style="slack", allow_private=True)
    assert receiver.requests[0].json == {
        "text": "*DE &lt;high&gt; &amp; rising*\nAbove 500 g/kWh.",
        "unfurl_links": False,
        "unfurl_media": False,
    }


def test_a_link_goes_along_in_both_forms(receiver):
    notice = replace(NOTICE, link="https://spectra.example.com/grid?zone=DE&hours=24")
    send(f"{receiver.url}/hook", notice, allow_private=True)
    send(f"{receiver.url}/hook", notice, style="slack", allow_private=True)
    generic, slack = (request.json for request in receiver.requests)
    assert generic["link"] == notice.link
    assert slack["text"].endswith("\nhttps://spectra.example.com/grid?zone=DE&amp;hours=24")


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


def test_a_redirect_is_not_even_looked_at(receiver):
    receiver.answer("/x", Answer(302, "", {"Location": "http://[no-address"}))
    with pytest.raises(errors.UnreachableError, match="HTTP 302"):
        send(f"{receiver.url}/x", NOTICE, allow_private=True)


def test_the_wait_that_is_asked_for_is_handed_on(receiver):
    receiver.answer("/x", Answer(429, "", {"Retry-After": "30"}))
    with pytest.raises(errors.ThrottledError) as error:
        send(f"{receiver.url}/x", NOTICE, allow_private=True)
    assert error.value.wait_seconds == 30


def test_the_path_is_in_no_log(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    send(f"{receiver.url}/secret-path", NOTICE, allow_private=True)
    assert "secret-path" not in caplog.text


@pytest.mark.parametrize("answer", [Answer(200, "ok", seconds=0.4), Answer(200, drips="all")])
def test_a_slow_receiver_is_not_waited_for(receiver, answer):
    receiver.answer("/x", answer)
    with pytest.raises(errors.UnreachableError, match="did not answer") as error:
        send(f"{receiver.url}/x", NOTICE, allow_private=True, timeout_s=(1.0, 0.1))
    assert type(error.value) is errors.UnreachableError  # it may have arrived


def test_a_name_that_changes_its_address_after_the_check_reaches_nobody(receiver, monkeypatch):
    port = int(receiver.url.rpartition(":")[2])
    monkeypatch.setattr(webhook, "check_url", lambda *_, **__: None)  # as if it had been public
    with pytest.raises(errors.InputError, match="private network"):
        send(f"https://127.0.0.1:{port}/x", NOTICE)
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no..host"])
def test_nobody_there(host):
    with pytest.raises(errors.NoConnectionError) as error:
        send(f"http://{host}/secret", NOTICE, allow_private=True)
    assert "secret" not in str(error.value)

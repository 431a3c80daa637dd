"""Notices of hostile names, and addresses by which a notice could reach into the network."""

import json
import re
from datetime import UTC, datetime

import pytest

from spectra.errors import InputError
from spectra.webhook import Notice, check_url, payload
from tests.attacks.texts import LONG, TEXTS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("name", [*TEXTS.values(), LONG], ids=[*TEXTS, "long"])
def test_a_name_calls_nobody_links_nowhere_and_keeps_to_its_line(name):
    notice = Notice("k", "incident", f"{name}: runaway process", f"{name} runs.", NOW)
    text = payload(notice, "slack")["text"]
    assert not re.search(r"<|>|@\w|\]\(|://|(?i:www)\.", text)
    assert not UNSEEN.search(text)
    assert len(text.splitlines()) == 2
    assert len(text) < 3_500
    plain = payload(notice, "generic")
    assert not UNSEEN.search(plain["title"] + plain["text"])
    assert len(json.dumps(plain)) < 40_000


INSIDE = (
    "127.1", "0", "0177.0.0.1", "0x7f.1", "017700000001", "127.0.0.1.", "①②⑦.⓪.⓪.①",
    "[::]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[fec0::1]",
    "[ff02::1]", "[2001:db8::1]", "100.64.0.1", "192.0.0.192", "198.18.0.1", "0.0.0.0",  # noqa: S104 (an address that is refused)
    "255.255.255.255", "240.0.0.1", "172.31.255.254", "localhost.localdomain",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_spelling_of_an_address_inside_is_taken(host):
    with pytest.raises(InputError) as refused:
        check_url(f"https://{host}/hook-secret")
    assert "hook-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com@127.0.0.1/x",
        "https://hooks.example.com:x@127.0.0.1/x",
        "https://127.0.0.1#@hooks.example.com/",
        "https://127.0.0.1\\@hooks.example.com/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://127.0.0.1?@hooks.example.com/",
        "https://127.0.0.1%2f@hooks.example.com/",
        "https://127.0.0.1\r\nHost: hooks.example.com/",
        "https://127.0.0.1\x00.example.com/",
        "gopher://hooks.example.com/x",
        "data:text/plain,x",
        "javascript:alert(1)",
        "//hooks.example.com/x",
        "HTTPS:hooks.example.com",
        "",
    ],
)
def test_no_trick_of_an_address_is_taken(url):
    with pytest.raises(InputError):
        check_url(url, resolve=lambda host: ["93.184.216.34"] if "127" not in host else [host])

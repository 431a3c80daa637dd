"""Answers of a service that would hurt whoever believes them."""

import gzip
import tracemalloc

import pytest

from spectra import errors
from spectra.sources.json_client import MAX_BODY_BYTES, MAX_WAIT_S
from tests.servers.base import Answer
from tests.sources.test_json_client import ANY, client, server  # noqa: F401 (a fixture)

BOMB = gzip.compress(b" " * (4 * MAX_BODY_BYTES), 1)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, BOMB, {"Content-Encoding": "gzip"}),
        Answer(200, "[" * 200_000),
        Answer(200, b"\x1f\x8b\x08 no gzip", {"Content-Encoding": "gzip"}),
        Answer(200, '{"ok": ' + "9" * 10_000 + "}"),
    ],
    ids=["bomb", "depth", "broken", "number"],
)
def test_a_hostile_body_is_one_error_in_bounded_memory(server, answer):  # noqa: F811
    server.answer("/a", answer, forever=True)
    tracemalloc.start()
    with pytest.raises((errors.MalformedError, errors.UnreachableError)):
        client(server).get("/a", ANY)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < 3 * MAX_BODY_BYTES


@pytest.mark.parametrize(
    "wait", ["9" * 400, "99999999999", "Fri, 31 Dec 9999 23:59:59 -1200"], ids=len
)
def test_no_service_silences_itself_for_years(server, wait):  # noqa: F811
    server.answer("/a", Answer(429, {}, {"Retry-After": wait}))
    with pytest.raises(errors.ThrottledError) as told:
        client(server).get("/a", ANY)
    assert told.value.wait_seconds is None or told.value.wait_seconds <= MAX_WAIT_S


def test_a_key_goes_to_no_other_host(server):  # noqa: F811
    other = server.url.replace("127.0.0.1", "localhost")
    for status in (301, 302, 303, 307, 308):
        server.answer("/a", Answer(status, {}, {"Location": f"{other}/taken"}))
        with pytest.raises(errors.SourceError) as told:
            client(server).get("/a", ANY)
        assert "localhost" not in str(told.value)
    assert not server.asked("/taken")

"""A proxy of ours before moto: keeps every call, and answers some with an error or late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.servers.base import Answer, ContractServer, Request, serving

# Everything that begins so leaves an account as it is.
READS = ("Describe", "Get", "List", "AssumeRole")
# Of one connection alone, or said anew for the next; what comes back is to be plain.
_HOP = ("content-length", "accept-encoding", "connection", "expect")


class Proxy(ContractServer):
    """Forwards what is not scripted; `late` holds an answer back after the call took effect."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = upstream
        self.late: dict[str, float] = {}

    def forget(self) -> None:
        """As it was before it was asked or told anything."""
        self.__dict__.pop("default", None)  # which a test may have put before the own one
        for kept in (self.requests, self.scripted, self.always, self.late):
            kept.clear()

    def name_of(self, request: Request) -> str:
        if "x-amz-target" in request.headers:  # the JSON services
            return request.headers["x-amz-target"].rpartition(".")[2]
        form = parse_qs(request.body.decode("latin-1"))
        return form.get("Action", [request.path])[0]

    def default(self, request: Request) -> Answer:
        given = {k: v for k, v in request.headers.items() if k not in _HOP}
        path = request.path + (f"?{urlencode(request.params)}" if request.params else "")
        connection = HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        with closing(connection):
            connection.request(request.method, path, request.body, given)
            answer = connection.getresponse()
            content = answer.read()
        time.sleep(self.late.pop(self.name_of(request), 0))
        kind = answer.headers.get("Content-Type", "text/xml")
        return Answer(answer.status, content, {"Content-Type": kind})

    def writes(self) -> list[str]:
        """Names of the calls that would change something, dry runs left out."""
        return [
            name
            for request in self.requests
            if not (name := self.name_of(request)).startswith(READS)
            and b"DryRun=true" not in request.body
        ]


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    server = Proxy(upstream)
    with serving(server):
        yield server

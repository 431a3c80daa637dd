"""A small HTTP server on loopback that answers as a service would, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")


@dataclass
class Answer:
    """What is sent; a body that is no text is sent as JSON, `seconds` go by before.

    `drips` names what comes byte by byte for seconds, each soon after the other: "all" or "body".
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drips: str = ""

    def sent(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


HTML = Answer(404, "<html><body><pre>Cannot GET /nosuchroute</pre></body></html>")
TRUNCATED = Answer(200, '{"zone": "DE", "history": [{"datetime": "2026-1')
EMPTY = Answer(200, "")


class ContractServer:
    """Answers what was scripted for a path (or an operation), else what `default` says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.scripted: dict[str, list[Answer]] = {}
        self.always: dict[str, Answer] = {}
        self.url = ""

    def answer(self, name: str, *answers: Answer, forever: bool = False) -> None:
        """Script the next answers of a path that ends so; `forever` keeps giving the last."""
        if forever:
            self.always[name] = answers[-1]
            answers = answers[:-1]
        self.scripted.setdefault(name, []).extend(answers)

    def asked(self, name: str) -> list[Request]:
        return [request for request in self.requests if self.name_of(request).endswith(name)]

    def name_of(self, request: Request) -> str:
        return request.path

    def default(self, request: Request) -> Answer:
        raise NotImplementedError

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        name = self.name_of(request)
        for ending, answers in self.scripted.items():
            if name.endswith(ending) and answers:
                return answers.pop(0)
        for ending, answer in self.always.items():
            if name.endswith(ending):
                return answer
        return self.default(request)


class Dripping:
    """Writes byte by byte."""

    def __init__(self, out: Any) -> None:
        self.out = out

    def write(self, sent: bytes) -> None:
        for at in range(len(sent)):
            self.out.write(sent[at : at + 1])
            time.sleep(0.05)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.out, name)


@contextmanager
def serving(server: ContractServer) -> Iterator[ContractServer]:
    """Run a contract server for the time of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            params = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {k.lower(): v for k, v in self.headers.items()}
            answer = server.respond(
                Request(self.command, parts.path, params, headers, self.rfile.read(length))
            )
            if answer.seconds:
                time.sleep(answer.seconds)
            body = answer.sent()
            if answer.drips == "all":
                self.wfile = Dripping(self.wfile)
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if answer.drips == "body":
                self.wfile = Dripping(self.wfile)
            self.wfile.write(body)

        do_GET = do_POST = _handle  # noqa: N815 (the names http.server looks for)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # a client that did not wait
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()

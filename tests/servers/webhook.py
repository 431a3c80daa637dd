"""A receiver of notices that takes every one and keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.base import Answer, ContractServer, Request, serving


class Receiver(ContractServer):
    def default(self, request: Request) -> Answer:
        return Answer(200, "ok")


@contextmanager
def webhook() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(receiver):
        yield receiver

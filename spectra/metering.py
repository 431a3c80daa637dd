"""Counts requests and what they cost, for the piece of work that a thread is doing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """What was asked of the outside since the tally began.

    Attributes
    ----------
    request_count : int
        HTTP requests, retries included.
    estimated_usd : float
        What the providers charge for them [USD].
    """

    request_count: int = 0
    estimated_usd: float = 0.0


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tally() -> Iterator[Tally]:
    """Count what this thread asks for inside the block."""
    counted = Tally()
    token = _current.set(counted)
    try:
        yield counted
    finally:
        _current.reset(token)


def add(*, requests: int = 0, usd: float = 0.0) -> None:
    """Add to the running tally of this thread, if there is one."""
    counted = _current.get()
    if counted is not None:
        counted.request_count += requests
        counted.estimated_usd += usd

"""A process that kills itself within a transaction of its choice, and what it would have done."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from spectra.store import Store
from tests import forked
from tests.faults.steps import FIRST, STEPS

Moment = Literal["before", "after"]  # the commit
_WHOLE = Store.write


@contextmanager
def watched(seen: Callable[[str, Moment], None]) -> Iterator[None]:
    """Tell of every transaction by the name of the function that writes."""

    @contextmanager
    def write(self: Store, *, is_fact: bool = True) -> Iterator[object]:
        name = sys._getframe(2).f_code.co_name
        with _WHOLE(self, is_fact=is_fact) as cursor:
            yield cursor
            seen(name, "before")
        seen(name, "after")

    Store.write = write
    try:
        yield
    finally:
        Store.write = _WHOLE


def die_in(nth: int, moment: Moment, work: Callable[[], object]) -> None:
    """Do some work until its nth transaction, which is left before or after its commit."""
    counted, lock = {"before": 0, "after": 0}, threading.Lock()

    def seen(name: str, at: Moment) -> None:
        with lock:
            counted[at] += 1
            if (counted[at], at) == (nth, moment):
                os.kill(os.getpid(), signal.SIGKILL)

    with watched(seen):
        work()


def die_in_step(path: str, name: str, nth: int, moment: Moment) -> None:
    store = Store(path)
    die_in(nth, moment, lambda: {**STEPS, **FIRST}[name](store))


def die_in_refresh(settings: dict[str, str], nth: int, moment: Moment) -> None:
    from spectra.cli import main

    os.environ.update(settings)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 (for the whole process)
    die_in(nth, moment, lambda: main(["refresh"]))


def run(target: Callable[..., None], *arguments: object) -> bool:
    """Run it in a process of its own; whether it was killed."""
    process = forked.start(target, *arguments)
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0

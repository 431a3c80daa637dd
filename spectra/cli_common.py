"""What the commands share: the workspace brought up to date, days, lines to read, whole files."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from spectra.catalog import Catalog
from spectra.config import Config
from spectra.moments import midnight
from spectra.refresh import refresh_demo, settle
from spectra.refresh.connections import shared_connections
from spectra.shared_workspace import shared_workspace
from spectra.store import Store

# What a terminal obeys, what turns the direction of a line, and halves of characters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def up_to_date() -> Iterator[tuple[Store, Catalog, Config]]:
    """The shared workspace with what follows from its facts computed, and the demo as it runs."""
    with shared_workspace() as (store, catalog, config):
        if config.demo and shared_connections(config).aws is None:
            refresh_demo(store, catalog, days=config.demo_days)
        settle(store, catalog, config=config)
        yield store, catalog, config


def day(text: str) -> datetime:
    """A UTC day of the command line; raises what argparse tells as wrong use."""
    try:
        return midnight(datetime.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError("expected a day such as 2026-11-01") from None


def plain(text: str) -> str:
    """Text on one line that a terminal only shows, whatever a name or an answer holds."""
    return _UNSEEN.sub("", re.sub(r"[\t\r\n]+", " ", text))


def say(text: str, *, is_error: bool = False) -> None:
    """Print a line for a person."""
    print(plain(text), file=sys.stderr if is_error else sys.stdout, flush=True)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, or leave what was there; raises OSError.

    A pipe or a device is written to as it is.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    whole = path.resolve()
    half = whole.with_name(f".spectra-{os.getpid()}.partial")
    try:
        with half.open("wb") as file:
            if whole.exists():
                shutil.copymode(whole, half)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(whole)
    finally:
        half.unlink(missing_ok=True)

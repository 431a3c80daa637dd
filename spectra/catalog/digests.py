"""Hashes of text files, the same on systems that check out CRLF."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from spectra.catalog.schema import NEXT_STEP
from spectra.errors import CatalogError


def file_digest(path: Path) -> str:
    """SHA-256 of a text file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def table_hashes(data_dir: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of tables by file name.

    Raises
    ------
    CatalogError
        If one cannot be read.
    """
    hashes = {}
    for name in names:
        try:
            hashes[name] = file_digest(data_dir / name)
        except OSError as error:
            raise CatalogError(f"{name} cannot be read.", next_step=NEXT_STEP) from error
    return hashes

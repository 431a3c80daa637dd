"""The one tree of errors raised on purpose; each says what happened and what to do next."""

from __future__ import annotations


class SpectraError(Exception):
    """Base of all deliberate errors.

    Parameters
    ----------
    message
        What happened, in a plain sentence without secrets.
    next_step
        What the reader can do about it; empty when there is nothing to do.

    Notes
    -----
    ::

        SpectraError
        ├── InputError     a file or value given by a person cannot be used
        ├── CatalogError   a reference table in ``data/`` is invalid
        ├── StoreError     the DuckDB store cannot be opened or written
        └── SourceError    an outside service did not give what was asked
    """

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class InputError(SpectraError):
    """A file or value given by a person cannot be used."""


class CatalogError(SpectraError):
    """A reference table in ``data/`` is invalid; names the file and the row."""


class StoreError(SpectraError):
    """The DuckDB store cannot be opened or written."""


class SourceError(SpectraError):
    """An outside service did not give what was asked."""

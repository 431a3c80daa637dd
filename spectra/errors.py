"""The one tree of errors raised on purpose; each says what happened and what to do next."""

from __future__ import annotations

import traceback
from pathlib import Path


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
        │   └── StoreLockedError   another process has it open
        ├── BusyError      the same work is already under way
        ├── GuardError     SPECTRA itself does not go on with a change; nothing was changed
        └── SourceError    an outside service did not give what was asked
            ├── CredentialsError   the key is wrong, missing or expired
            ├── NotEntitledError   the key is good, but its plan or permissions exclude this
            ├── UnknownPlaceError  there is no such zone or region
            ├── NoDataError        the service has no data for this
            ├── ThrottledError     too many requests; says how long to wait
            ├── UnreachableError   no answer, or the service is failing
            │   └── NoConnectionError  nobody took the connection: nothing was sent
            ├── RefusedError       the service says by a code why it does not do it
            └── MalformedError     an answer that is not what the service promises
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


class StoreLockedError(StoreError):
    """Another process has the database open."""


class BusyError(SpectraError):
    """The same work is already under way; nothing was started."""


class GuardError(SpectraError):
    """SPECTRA itself does not go on with a change; nothing was changed."""


class SourceError(SpectraError):
    """An outside service did not give what was asked."""


class CredentialsError(SourceError):
    """The key is wrong, missing or expired."""


class NotEntitledError(SourceError):
    """The key is good, but its plan or its permissions exclude this.

    Attributes
    ----------
    action : str
        The permission that is missing, such as ``ec2:DescribeInstances``; empty where a plan is.
    """

    def __init__(self, message: str, *, next_step: str = "", action: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.action = action


class UnknownPlaceError(SourceError):
    """There is no such zone or region."""


class NoDataError(SourceError):
    """The service has no data for this."""


class ThrottledError(SourceError):
    """Too many requests.

    Attributes
    ----------
    wait_seconds : float or None
        How long the service asks to wait [s]; None when it does not say.
    """

    def __init__(
        self, message: str, *, next_step: str = "", wait_seconds: float | None = None
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.wait_seconds = wait_seconds


class UnreachableError(SourceError):
    """No answer, or the service is failing."""


class NoConnectionError(UnreachableError):
    """Nobody took the connection: nothing was sent."""


class RefusedError(SourceError):
    """The service says by a code why it does not do what was asked.

    Attributes
    ----------
    code : str
        As the service spells it, such as ``InsufficientInstanceCapacity``.
    """

    def __init__(self, message: str, *, next_step: str = "", code: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.code = code


class MalformedError(SourceError):
    """An answer that is not what the service promises."""


def unexpected(error: Exception) -> SpectraError:
    """An error of ours for one that nobody foresaw.

    A message of foreign code may hold an address or a key: its kind and place are enough.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    return SpectraError(
        f"An unexpected {type(error).__name__} in {Path(place.filename).name}, "
        f"line {place.lineno}.",
        next_step="The rest goes on. Please report it with this sentence.",
    )

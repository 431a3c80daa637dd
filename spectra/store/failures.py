"""What DuckDB's failures mean for a person: locked, full, denied, newer, damaged, out of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from spectra.errors import StoreError, StoreLockedError
from spectra.store import motherduck

# A checkpoint that finds no room on the disk ends the database until it is opened anew.
_OF_THE_MACHINE = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException)


# A log begins with its version: the field and the kind of the first entry.
_LOG = b"\x64\x00\x62"


class _Meaning(NamedTuple):
    """What a failure is told by, in lower case, and what is told of it."""

    words: tuple[str, ...]
    message: str
    next_step: str
    kind: type[StoreError] = StoreError


_LEFT = "Nothing was changed."
_LOCKED = _Meaning(
    ("could not set lock", "conflicting lock"),
    "Another process has the database “{name}” open.",
    "Close the other SPECTRA, or set SPECTRA_DATABASE to another file.",
    StoreLockedError,
)
_FULL = _Meaning(
    ("no space left", "file too large", "quota exceeded"),
    "The disk of the database “{name}” is full.",
    "Free some space on it and reload; what was saved before is whole.",
)
_MEMORY = _Meaning(
    ("out of memory",),
    "The database needs more memory than it may use.",
    "Choose a shorter period or fewer resources, or raise SPECTRA_MEMORY_LIMIT.",
)
_DENIED = _Meaning(
    ("permission denied", "read-only", "operation not permitted"),
    "SPECTRA may not write the database “{name}”.",
    "Give its user the right to write the file and its folder, or set SPECTRA_DATABASE to another "
    f"file. {_LEFT}",
)
_NEWER = _Meaning(
    ("newer version", "storage version"),
    "The database “{name}” was written by a newer DuckDB.",
    f"Update duckdb, or set SPECTRA_DATABASE to another file. {_LEFT}",
)
_NO_FOLDER = _Meaning(
    ("not a directory", "file exists"),
    "The folder of the database “{name}” cannot be made: a file is in its place.",
    f"Set SPECTRA_DATABASE to another file. {_LEFT}",
)
_DAMAGED = _Meaning(
    ("corrupt", "could not read enough bytes", "checksum"),
    "The database “{name}” cannot be read: the file is damaged or is no DuckDB database.",
    f"Restore it from a copy, or move it and its .wal away and SPECTRA builds a new one. {_LEFT}",
)
_KNOWN = (_LOCKED, _FULL, _MEMORY, _DENIED, _NEWER, _NO_FOLDER, _DAMAGED)


def open_error(path: str, error: Exception) -> StoreError:
    """Why a database does not open; what is not known of a file means that it is damaged."""
    if path.startswith(motherduck.PREFIX):
        return motherduck.open_error(path, error)
    return _told(_meaning(error) or _DAMAGED, path)


def require_log(path: str) -> None:
    """Refuse a log that does not begin as one: DuckDB would pass over what it holds, and drop it.

    A kill may have cut it anywhere, within its first bytes too.

    Raises
    ------
    StoreError
        If its first bytes are others.
    """
    log = Path(f"{path}.wal")
    if not log.is_file():
        return
    with log.open("rb") as file:
        found = file.read(len(_LOG))
    if found != _LOG[: len(found)]:
        raise _told(_DAMAGED, path)


def write_error(path: str, error: BaseException) -> StoreError | None:
    """Why a change was not written, and what became of it; None where it is no such failure."""
    cause = explained(path, error)
    if cause is None and not isinstance(error, _OF_THE_MACHINE):
        return None
    why = f" {cause.message}" if cause else ""
    if isinstance(error, duckdb.FatalException):
        # A checkpoint follows the commit: whether the change was written first, nobody says.
        return StoreError(
            f"The database stopped while a change was written.{why} Nothing else is lost.",
            next_step="Free some disk space, reload, and look whether the change is there.",
        )
    return StoreError(
        f"A change could not be written to the database and was rolled back.{why} "
        "Nothing else is lost.",
        next_step="Free some disk space, or raise SPECTRA_MEMORY_LIMIT, and reload."
        if cause is None
        else cause.next_step,
    )


def is_locked(error: Exception) -> bool:
    """Whether another process has the file open."""
    return _meaning(error) is _LOCKED


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Tell a read that fails for the disk's, the file's or the memory's sake as a StoreError."""
    try:
        yield
    except duckdb.Error as error:
        if (told := explained(path, error)) is None:
            raise
        raise told from error


def explained(path: str, error: BaseException) -> StoreError | None:
    """An error of DuckDB's as a person should meet it; None where SPECTRA itself is wrong."""
    cause = _meaning(error) if isinstance(error, duckdb.Error) else None
    return _told(cause, path) if cause else None


def _meaning(error: BaseException) -> _Meaning | None:
    text = str(error).lower()
    return next((m for m in _KNOWN if any(word in text for word in m.words)), None)


def _told(meaning: _Meaning, path: str) -> StoreError:
    name = Path(path).name
    return meaning.kind(meaning.message.format(name=name), next_step=meaning.next_step)

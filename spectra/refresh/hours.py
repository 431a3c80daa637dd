"""The running hour."""

from __future__ import annotations

from datetime import UTC, datetime

from spectra.errors import InputError
from spectra.moments import hour_of


def current_hour(now: datetime | None = None) -> datetime:
    """Beginning of the hour that `now` lies in, aware UTC.

    Raises
    ------
    InputError
        If `now` is naive.
    """
    now = now or datetime.now(UTC)
    if now.tzinfo is None:
        raise InputError("A moment must be timezone-aware UTC.")
    return hour_of(now)

"""The memory of this process: how its C library keeps it, and what the collector goes through."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache

# malloc.h of glibc
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES, _LARGE_BYTES = 4_000_000, 32_000_000


def settle() -> None:
    """Prepare a process that serves many visitors; call it before it has many threads."""
    share()
    spare()


def share() -> None:
    """Let all threads have one heap, and heaps give back what they free, where the C library can.

    glibc gives threads heaps of their own, and lets each keep twice the largest block it ever freed
    at its end. Where Streamlit had a dozen threads already, whose heaps stay, the first look for
    anomalies in 5,000 machines held 1.3 GB; it holds 0.6 GB. Matrices stay on the heap: fresh pages
    for each would cost half of the time again.
    """
    if (mallopt := _of_c_library("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library can.

    It keeps all that lies below anything still in use: after a look at 5,000 machines 0.1 GB.
    """
    if (trim := _of_c_library("malloc_trim")) is not None:
        trim(0)


def _of_c_library(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library
        return None
    return function


@cache
def spare() -> None:
    """Leave what there is, nearly all of it modules, out of collections from now on.

    Streamlit asks for a full one after every run, which stopped all sessions for 0.2 s. Without
    any, what old runs left was kept: at 5,000 machines 1.3 GB.
    """
    gc.freeze()


def spare_nothing() -> None:
    """Let the collector go through everything again.

    The first visitor's session was there when `spare` was called, and would be kept for ever. It
    may not be from the moment a visitor types a key, be it taken or refused.
    """
    gc.unfreeze()

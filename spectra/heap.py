"""The heap of this process, as its C library can be told to keep it."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h of glibc


def share() -> None:
    """Let all threads have one heap, where the C library can.

    glibc gives threads heaps of their own and keeps in each what was freed: with ten visitors, the
    first look for anomalies in 5,000 machines held 1.6 GB, and 0.8 GB on one heap.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    mallopt(_M_ARENA_MAX, 1)

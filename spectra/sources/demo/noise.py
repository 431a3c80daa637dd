"""Seeded noise by counter: a key and an index give the same value whenever they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MASK_16 = np.uint64(0xFFFF)


def key64(*parts: object) -> int:
    """Return a 64-bit key for a path of names, the same in every process."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def share(*parts: object) -> float:
    """Return a uniform number in [0, 1) for a path of names."""
    return (key64(*parts) >> 11) / float(1 << 53)


def _mixed(keys: Keys, index: Ints) -> Keys:
    """SplitMix64 finaliser over key + index (Steele, Lea and Flood, OOPSLA 2014)."""
    state = keys + (index.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return np.asarray(state ^ (state >> np.uint64(31)), dtype=np.uint64)


def uniforms(keys: Keys, index: Ints, stream: int = 0) -> Floats:
    """Uniform numbers in [0, 1).

    Parameters
    ----------
    keys, index
        Arrays that broadcast: whose noise, and the hour or day it is for.
    stream
        Separates independent series of the same owner.
    """
    salted = keys ^ np.uint64(key64("stream", stream))
    return np.asarray((_mixed(salted, index) >> np.uint64(11)) / float(1 << 53))


def normals(keys: Keys, index: Ints, stream: int = 0) -> Floats:
    """Standard normal numbers, near enough: the scaled sum of four 16-bit uniforms.

    The sum ends at ±3.5 standard deviations, which suits a demonstration: no absurd hour.
    """
    bits = _mixed(keys ^ np.uint64(key64("stream", stream)), index)
    total = np.zeros(bits.shape)
    for shift in (0, 16, 32, 48):
        total += (bits >> np.uint64(shift)) & _MASK_16
    # Mean of one part is 32767.5; the variance of the sum is 4 · (2^32 − 1)/12.
    return np.asarray((total - 4 * 32767.5) / np.sqrt((2.0**32 - 1.0) / 3.0))

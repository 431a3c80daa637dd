"""What holds a secret lives in memory alone: it is shown nowhere, and nothing writes it down."""

from __future__ import annotations

from hashlib import blake2s
from typing import Any, NoReturn


class Unwritten:
    """Base of what holds a secret: a cache, a dump or a queue that would pickle it is refused."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be written.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(f"{type(self).__name__} holds secrets and is never written down.")


def fingerprint(secret: str) -> str:
    """Eight hexadecimal digits that tell one secret from another and may be written down.

    They are too few to tell which of all possible secrets it is.
    """
    return blake2s(secret.encode(), digest_size=4).hexdigest()

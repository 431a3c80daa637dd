"""What holds a secret lives in memory alone: it is shown nowhere, and nothing writes it down."""

from __future__ import annotations

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

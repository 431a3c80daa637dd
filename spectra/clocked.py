"""HTTP answers on a clock: a server that drips a byte now and then is not waited for without end.

A timeout of `requests` is for each read. Here all reads of an answer, of its head and its body,
have a time together: so many times that of one.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TIMES = 4


class _Clocked(io.RawIOBase):
    """What arrives on a socket."""

    def __init__(self, connected: socket.socket, arriving: io.RawIOBase) -> None:
        self._socket, self._arriving = connected, arriving
        self._each_s = connected.gettimeout()
        self._began_at = time.monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._each_s is not None:
            left_s = self._began_at + TIMES * self._each_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("The whole answer took too long.")
            self._socket.settimeout(min(left_s, self._each_s))
        return self._arriving.readinto(buffer)

    def close(self) -> None:
        self._arriving.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Clocked(sock, self.fp.detach()))


class Connection(HTTPConnection):
    """A plain connection whose answers are on a clock."""

    response_class = _Answer


class SecureConnection(HTTPSConnection):
    """A TLS connection whose answers are on a clock."""

    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = SecureConnection


class ClockedAdapter(HTTPAdapter):
    """Lets a session of `requests` read answers on a clock, also through a proxy."""

    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {
        "http": _Pool,
        "https": _SecurePool,
    }

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make pools of such connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """Make such pools for a proxy; one for SOCKS has its own."""
        manager = super().proxy_manager_for(*arguments, **options)
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = dict(self.pools)
        return manager

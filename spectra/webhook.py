"""Sends a notice to a webhook: https alone, never to an address inside the network."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import requests
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    SSLError,
)

from spectra.clocked import ClockedAdapter, SecureConnection
from spectra.errors import (
    InputError,
    NoConnectionError,
    NotEntitledError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from spectra.moments import iso
from spectra.unlinked import unlinked

Style = Literal["generic", "slack"]
Severity = Literal["info", "warning", "critical"]
Resolve = Callable[[str], Iterable[str]]

MAX_TITLE, MAX_TEXT = 250, 2_500
MAX_WAIT_S = 7 * 86_400.0
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_UNICAST = ipaddress.IPv6Network("2000::/3")
# Kept by IANA for protocols; older Pythons take it for public, and a cloud's metadata is in it.
_PROTOCOLS = ipaddress.IPv4Network("192.0.0.0/24")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# urllib3 writes the path of every request to its debug log; the path of a webhook is its secret.
_is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)
logging.getLogger("urllib3.connectionpool").addFilter(lambda record: not _is_sending.get())


@dataclass(frozen=True, slots=True)
class Notice:
    """One event, told once.

    Attributes
    ----------
    key : str
        The same for the same event, however often it is found.
    at : datetime
        When it was found, aware UTC.
    link : str
        Where to read more; empty without.
    covers : tuple of str
        Keys of events that this notice tells of too, so that none is told alone.
    """

    key: str
    kind: str
    title: str
    text: str
    at: datetime
    severity: Severity = "warning"
    link: str = ""
    covers: tuple[str, ...] = ()


def check_url(url: str, *, allow_private: bool = False, resolve: Resolve | None = None) -> None:
    """Refuse an address that notices must not go to.

    Raises
    ------
    InputError
        With the reason; the address itself is a secret and not in it.
    """
    parts = _split(url)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise _refused("it does not begin with https://")
    if not parts.hostname:
        raise _refused("it names no host")
    if "@" in parts.netloc:
        raise _refused("it holds a user name or password")
    if allow_private:
        return
    try:
        addresses = list((resolve or _resolve)(parts.hostname))
    except (OSError, UnicodeError):  # a name that no host can have is a UnicodeError
        raise _refused("its host name is not known") from None
    if not addresses or not all(map(_is_public, addresses)):
        raise _refused("it leads to an address inside a private network")


def send(
    url: str,
    notice: Notice,
    *,
    style: Style = "generic",
    allow_private: bool = False,
    timeout_s: tuple[float, float] = (5.0, 10.0),
) -> None:
    """Post a notice once: tried again at once it could arrive twice.

    Raises
    ------
    InputError, NoConnectionError, NotEntitledError, ThrottledError
        If the address is not allowed, nobody is there, or it was refused: it has not arrived.
    SourceError
        If it was not taken; it may have arrived all the same.
    """
    check_url(url, allow_private=allow_private)
    answer = _post(url, payload(notice, style), allow_private, timeout_s)
    if not 200 <= answer.status_code < 300:
        raise _not_taken(answer)


def payload(notice: Notice, style: Style) -> dict[str, Any]:
    """What is sent: all fields, or one text in Slack's notation; names in it stay names.

    Title and text are lines of bounded length: a service that finds one too long drops it.
    """
    title, text = _line(notice.title, MAX_TITLE), _line(notice.text, MAX_TEXT)
    if style == "slack":
        lines = [f"*{_slack(title)}*", _slack(text), _escaped(notice.link)]
        shown = "\n".join(line for line in lines if line)
        # Addresses in a name are not to be fetched for a preview.
        return {"text": shown, "unfurl_links": False, "unfurl_media": False}
    return {
        "source": "spectra",
        "key": notice.key,
        "kind": notice.kind,
        "severity": notice.severity,
        "title": title,
        "text": text,
        "at": iso(notice.at),
        "link": notice.link,
    }


def _post(
    url: str, body: dict[str, Any], allow_private: bool, timeout_s: tuple[float, float]
) -> requests.Response:
    """The answer without its body, which nobody needs and which may be of any length."""
    with _Session() as session, _unlogged():
        session.trust_env = False  # through a proxy the address behind it could not be checked
        session.mount("http://", ClockedAdapter())
        session.mount("https://", ClockedAdapter() if allow_private else _PublicAdapter())
        try:
            answer = session.post(
                url, json=body, timeout=timeout_s, allow_redirects=False, stream=True
            )
        except (requests.exceptions.RequestException, HTTPError) as error:
            kind = NoConnectionError if _is_unconnected(error) else UnreachableError
            raise kind(
                f"The webhook did not answer ({type(error).__name__}).",
                next_step="Check its address and the network.",
            ) from None
        answer.close()
        return answer


def _is_unconnected(error: Exception) -> bool:
    """Whether it failed before anything was sent."""
    if isinstance(error, (requests.exceptions.InvalidURL, LocationParseError)):
        return True
    reason = getattr(next(iter(error.args), None), "reason", None)
    if isinstance(reason, SSLError):
        return isinstance(next(iter(reason.args), None), ssl.SSLCertVerificationError)
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError))


def _line(text: str, longest: int) -> str:
    """One line without control characters and what turns its direction; a cut is shown."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _slack(text: str) -> str:
    """Text that calls nobody, whose addresses are no links, and that fetches nothing.

    Also where Markdown is read.
    """
    return unlinked(_escaped(text)).replace("](", "]\u200b(")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@contextmanager
def _unlogged() -> Iterator[None]:
    token = _is_sending.set(True)
    try:
        yield
    finally:
        _is_sending.reset(token)


def _split(url: str) -> Any:
    if any(c.isspace() or not c.isprintable() for c in url):
        raise _refused("it holds a space or a control character")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where the port is no number
    except ValueError:
        raise _refused("it is no address") from None
    return parts


def _resolve(host: str) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]


def _is_public(address: str) -> bool:
    """Whether an address, or the IPv4 one inside it, belongs to the internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        nat64 = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
        inner = ip.ipv4_mapped or ip.sixtofour or nat64
        if inner is None and ip not in _UNICAST:
            return False
        ip = inner or ip
    return ip.is_global and not ip.is_multicast and ip not in _PROTOCOLS


def _refused(why: str) -> InputError:
    return InputError(
        f"The webhook address cannot be used: {why}.",
        next_step="Set SPECTRA_WEBHOOK_URL to an https address on the internet, or let the "
        "operator allow private ones (SPECTRA_WEBHOOK_ALLOW_PRIVATE).",
    )


def _not_taken(answer: requests.Response) -> SourceError:
    status = answer.status_code
    if status in (401, 403, 404, 410):
        return NotEntitledError(
            f"The webhook does not take notices any more (HTTP {status}).",
            next_step="Make a new one and set SPECTRA_WEBHOOK_URL.",
        )
    if status == 429:
        wait = answer.headers.get("Retry-After", "")
        return ThrottledError(
            "The webhook has had too many notices.",
            next_step="Wait a while.",
            wait_seconds=min(float(wait), MAX_WAIT_S) if wait.isdecimal() else None,
        )
    return UnreachableError(
        f"The webhook did not take the notice (HTTP {status}).",
        next_step="See what its service says; a notice is not sent again, as it may have arrived.",
    )


class _Session(requests.Session):
    """Does not even look where a redirect leads: requests parses that, and reads the body."""

    def get_redirect_target(self, _: requests.Response) -> None:
        """Find no target in any answer."""


class _PublicConnection(SecureConnection):
    """Looks at who answered before anything is sent: a name may have changed its address."""

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        if not _is_public(connected.getpeername()[0]):
            connected.close()
            raise _refused("it leads to an address inside a private network")
        return connected


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(ClockedAdapter):
    """Connects to public addresses alone."""

    pools: ClassVar = {**ClockedAdapter.pools, "https": _PublicPool}

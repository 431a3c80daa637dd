"""One JSON service over HTTPS: timeouts, safe retries, no redirects, and one tree of errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import requests
from jsonschema import Draft202012Validator
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from spectra import metering
from spectra.clocked import ClockedAdapter
from spectra.errors import (
    CredentialsError,
    MalformedError,
    NoDataError,
    NotEntitledError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from spectra.unwritten import Unwritten

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 30.0
# The largest answer that any service gives is a month of hours, about 1 MB.
MAX_BODY_BYTES = 32 * 1024 * 1024
# No service means a longer wait than a week, and a number of seconds may be of any size.
MAX_WAIT_S = 7 * 86_400.0
_SENT = "times_sent"


class CountedRetry(Retry):
    """Leaves with the error that ends a request how often it was sent."""

    def increment(self, *args: Any, **keywords: Any) -> Self:
        """As ever: what is left after one more that failed."""
        try:
            return super().increment(*args, **keywords)
        except HTTPError as error:
            setattr(error, _SENT, len(self.history) + 1)
            raise


# 429 and 503 are not retried here: they may name a wait, which is the caller's to keep.
RETRIES = CountedRetry(
    total=3,
    read=1,
    redirect=False,
    status_forcelist=(500, 502, 504),
    allowed_methods={"GET"},
    backoff_factor=0.3,
    backoff_jitter=0.3,
    respect_retry_after_header=False,
    raise_on_status=False,
)

Classify = Callable[[int, Any], SourceError | None]


class JsonClient(Unwritten):
    """GET requests to one service.

    Parameters
    ----------
    name : str
        The service, as a person knows it.
    base_url : str
        Address that paths are appended to.
    headers : mapping
        Sent with every request; they hold the key and are never shown.
    classify : callable, optional
        What the service itself means by a status and body, asked before the general rules; None
        from it leaves the decision to them.
    retries : urllib3.Retry
        When a request is tried again.
    timeout_s : tuple of float
        To connect and for each read [s]; all reads of an answer have `clocked.TIMES` as long.

    Attributes
    ----------
    request_count : int
        Requests sent so far, retries included.
    """

    def __init__(  # noqa: PLR0913 (one keyword for each thing services differ in)
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        classify: Classify | None = None,
        retries: Retry = RETRIES,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.request_count = 0
        self._classify = classify or (lambda status, body: None)
        self._timeout_s = timeout_s
        self._count_lock = threading.Lock()
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": "spectra"})
        self._session.headers.update(headers or {})
        self._session.auth = _keep_headers  # without it a .netrc would replace our own header
        adapter = ClockedAdapter(max_retries=retries)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def __repr__(self) -> str:
        return f"JsonClient({self.name!r})"

    def get(
        self, path: str, schema: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the body of a successful answer, checked against a JSON schema.

        Raises
        ------
        SourceError
            The subclass says what is wrong; messages hold neither the key nor the address.
        """
        response, content = self._send(path, params)
        body = _json(content)
        if not response.ok or response.is_redirect:
            raise self._classify(response.status_code, body) or self._general(response)
        if body is None:
            raise self._malformed("its body is not JSON")
        wrong = next(Draft202012Validator(schema).iter_errors(body), None)
        if wrong is not None:
            place = "/".join(str(part) for part in wrong.absolute_path) or "the top level"
            raise self._malformed(f"at {place}, {wrong.validator} is not as agreed")
        return body

    def _send(self, path: str, params: Mapping[str, Any] | None) -> tuple[requests.Response, bytes]:
        sent = 1
        try:
            response = self._session.get(
                self.base_url + path,
                params=params,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
            sent += len(response.raw.retries.history) if response.raw.retries else 0
            content = self._content(response)
        except UnicodeEncodeError:
            sent = 0
            raise CredentialsError(
                f"The key of {self.name} holds a character that no key has.",
                next_step="Copy it again and enter it in Settings.",
            ) from None
        except requests.exceptions.RequestException as error:
            sent = max(sent, *(getattr(cause, _SENT, 1) for cause in error.args))
            # The message of the library holds the address; its kind is enough.
            raise UnreachableError(
                f"{self.name} did not answer ({type(error).__name__}).",
                next_step="Check the network and the address in Settings; SPECTRA tries again by "
                "itself and shows the last values with their age.",
            ) from None
        except ValueError:  # a redirect to an address that is none
            raise self._malformed("it redirects to no address") from None
        finally:
            metering.add(requests=sent)
            with self._count_lock:
                self.request_count += sent
        return response, content

    def _content(self, response: requests.Response) -> bytes:
        """The unpacked body; one without end is not read to its end."""
        content = bytearray()
        for part in response.iter_content(64 * 1024):
            content += part
            if len(content) > MAX_BODY_BYTES:
                response.close()
                raise self._malformed("it is larger than any that is promised")
        return bytes(content)

    def _general(  # noqa: PLR0911 (one line for each meaning)
        self, response: requests.Response
    ) -> SourceError:
        """What a status means where the service has no meaning of its own for it."""
        status = response.status_code
        if status == 401:
            return CredentialsError(
                f"{self.name} does not accept the key.",
                next_step="Enter a valid key in Settings.",
            )
        if status == 403:
            return NotEntitledError(
                f"{self.name} does not allow this with the key in use.",
                next_step="See what the plan of the key includes.",
            )
        if status == 404:
            return NoDataError(f"{self.name} has no data for this.")
        if status in (429, 503):
            wait = _retry_after_s(response.headers.get("Retry-After"))
            patience = f"It asks to wait {wait:.0f} s." if wait is not None else "Wait a while."
            if status == 429:
                return ThrottledError(
                    f"{self.name} has had too many requests.",
                    next_step=patience,
                    wait_seconds=wait,
                )
            return ThrottledError(
                f"{self.name} is not available just now.", next_step=patience, wait_seconds=wait
            )
        if status >= 500:
            return UnreachableError(
                f"{self.name} is failing (HTTP {status}).", next_step="It is tried again later."
            )
        if response.is_redirect:
            return self._malformed("it redirects elsewhere, which a request with a key never does")
        return self._malformed(f"HTTP {status}")

    def _malformed(self, why: str) -> MalformedError:
        return MalformedError(
            f"{self.name} gave an answer that SPECTRA does not understand: {why}.",
            next_step="Check the address in Settings; the last values stay, with their age.",
        )


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _retry_after_s(header: str | None) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return min(float(header), MAX_WAIT_S)
    try:
        at = parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), MAX_WAIT_S)

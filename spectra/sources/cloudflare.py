"""Latency per AWS region from Cloudflare Radar: what its edge sees of each region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from urllib3.util import Retry

from spectra.errors import (
    CredentialsError,
    MalformedError,
    NoDataError,
    NotEntitledError,
    SourceError,
    ThrottledError,
    UnknownPlaceError,
)
from spectra.sources.json_client import RETRIES, JsonClient
from spectra.sources.latency_frame import Latency, latency_frame
from spectra.unwritten import fingerprint

DEFAULT_URL = "https://api.cloudflare.com/client/v4"
NAME = "Cloudflare Radar"

EDGE = "Cloudflare edge to region, TCP round trip"
COUNTRY = "User-side last-mile latency of the region's country; says nothing about AWS"

_META: dict[str, Any] = {
    "type": "object",
    "required": ["lastUpdated", "normalization", "units"],
    "properties": {
        "lastUpdated": {"type": "string"},
        "normalization": {"type": "string"},
        "units": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["value"],
                "properties": {"value": {"type": "string"}},
            },
        },
        "confidenceInfo": {
            "type": ["object", "null"],
            "properties": {"level": {"type": ["integer", "null"]}},
        },
    },
}
_SUMMARY: dict[str, Any] = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"type": "boolean"},
        "result": {
            "type": ["object", "null"],
            "properties": {
                "meta": _META,
                "summary_0": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
    },
}
_VERIFY: dict[str, Any] = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean"}, "result": {"type": ["object", "null"]}},
}
MAX_MS = 10_000.0  # no answer takes longer
# One place without data is a reason to fall back; a bad key or a limit concerns all of them.
_FALL_BACK = (NoDataError, MalformedError, NotEntitledError, UnknownPlaceError)
# A token that is not even well-formed is refused with status 400, so its codes count as well.
_TOKEN_CODES, _THROTTLED_CODE, _COST_CODE, _NOT_FOUND_CODE = {6003, 9109, 10000}, 1015, 2002, 7003


@dataclass(frozen=True, slots=True)
class _Summary:
    """Values in ms, when they were last updated, and how sure Radar is of them; or why none."""

    values_ms: dict[str, float]
    updated_at: datetime | None = None
    confidence: int | None = None
    why: str = f"{NAME} has no figure here."

    def pick(self, **groups: str) -> dict[str, float]:
        """The columns whose group has a figure."""
        return {c: self.values_ms[group] for c, group in groups.items() if group in self.values_ms}


class Radar:
    """A client with one token.

    Parameters
    ----------
    token : str
        With the permission Account, Radar, Read; never shown. `fingerprint` tells it from others.
    """

    def __init__(
        self,
        token: str,
        base_url: str = DEFAULT_URL,
        *,
        retries: Retry = RETRIES,
        timeout_s: tuple[float, float] = (5.0, 30.0),
    ) -> None:
        self.fingerprint = fingerprint(token)
        self._is_sendable = re.fullmatch(r"[\x21-\x7e]+", token) is not None
        self._client = JsonClient(
            NAME,
            base_url,
            headers={"Authorization": f"Bearer {token}"},
            classify=_classify,
            retries=retries,
            timeout_s=timeout_s,
        )

    def __repr__(self) -> str:
        return "Radar()"

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self._client.request_count

    def verify(self) -> None:
        """Ask whether the token is active; raises CredentialsError if not."""
        body = self._get("/user/tokens/verify", _VERIFY)
        if (body.get("result") or {}).get("status") != "active":
            raise CredentialsError(
                "The Cloudflare token is not active.", next_step="Make a new one in Cloudflare."
            )

    def latency(self, regions: Mapping[str, str]) -> Latency:
        """Latency of regions, each from the best statement there is of it.

        Percentiles of the region's own round trips; else its figure among all regions; else, as a
        proxy, the last-mile latency of its country; else none, never 0.

        Parameters
        ----------
        regions : mapping
            AWS region code to the country it lies in (ISO alpha-2).

        Raises
        ------
        SourceError
            CredentialsError, ThrottledError or UnreachableError, which concern all regions.
        """
        asked = _Asked(self)
        rows, notes = [], []
        for region, country in regions.items():
            row, why = asked.region(region, country)
            notes += [why] if why else []
            rows += [row] if row else []
        return Latency(latency_frame(rows), tuple(dict.fromkeys(notes)))

    def summary_ms(self, path: str, **parameters: str) -> _Summary:
        """A summary in milliseconds; MalformedError if its unit or normalisation is another."""
        body = self._get(path, _SUMMARY, {**parameters, "format": "JSON"})
        result = body.get("result") or {}
        if "summary_0" not in result or "meta" not in result:
            raise NoDataError(f"{NAME} has no figure here.")
        meta = result["meta"]
        units = {unit["value"].lower() for unit in meta["units"]}
        is_ms = bool(units) and units <= {"ms", "milliseconds"}
        if meta["normalization"] != "RAW_VALUES" or not is_ms:
            raise MalformedError(
                f"{NAME} gave values that are not milliseconds "
                f"({meta['normalization']}, {', '.join(sorted(units)) or 'no unit'})."
            )
        confidence = (meta.get("confidenceInfo") or {}).get("level")
        return _Summary(_figures(result["summary_0"]), _time(meta["lastUpdated"]), confidence)

    def _get(self, path: str, schema: Mapping[str, Any], params: Any = None) -> Any:
        """The envelope of a success; an error may come with a status 200 as well."""
        if not self._is_sendable:
            raise CredentialsError(
                "The Cloudflare token is empty or holds a character that no token has.",
                next_step="Copy it again and enter it in Settings.",
            )
        body = self._client.get(path, schema, params)
        if not body["success"]:
            raise _classify(200, body) or NoDataError(f"{NAME} has no figure here.")
        return body


class _Asked:
    """One round of questions; what concerns many regions is asked once."""

    def __init__(self, radar: Radar) -> None:
        self._radar = radar
        self._answers: dict[tuple[str, ...], _Summary] = {}

    def region(self, region: str, country: str) -> tuple[dict[str, Any] | None, str]:
        """A row of the latency frame and a note on what it is not."""
        origin = {"origin": "AMAZON", "metric": "TCP_RTT", "dateRange": "1d"}
        own = self._ask("/radar/origins/summary/PERCENTILE", region=region, **origin)
        if known := own.pick(rtt_ms_p50="p50", rtt_ms_p90="p90", rtt_ms_p99="p99"):
            return _row(region, "radar_origins_percentile", EDGE, own, known), ""
        every = self._ask("/radar/origins/summary/REGION", **origin)
        if known := every.pick(rtt_ms_p50=region):
            row = _row(region, "radar_origins_region", EDGE, every, known)
            return row, f"Some regions have one figure, no percentiles: {_why(own)}"
        users = self._ask("/radar/quality/iqi/summary", metric="LATENCY", location=country)
        if known := users.pick(rtt_ms_p50="p50"):
            row = _row(region, "radar_iqi_country", COUNTRY, users, known)
            note = "Some regions have a proxy only, the last mile of their country:"
            return row, f"{note} {_why(own, every)}"
        return None, f"No latency data for {region}: {_why(own, every, users)}"

    def _ask(self, path: str, **parameters: str) -> _Summary:
        key = (path, *parameters.values())
        if key not in self._answers:
            try:
                self._answers[key] = self._radar.summary_ms(path, **parameters)
            except _FALL_BACK as error:
                self._answers[key] = _Summary({}, why=error.message)
        return self._answers[key]


def _why(*answers: _Summary) -> str:
    return " ".join(dict.fromkeys(answer.why for answer in answers))


def _figures(texts: Mapping[str, str]) -> dict[str, float]:
    """The groups with a plausible duration; Radar writes some without, which is not 0."""
    values = {}
    for name, text in texts.items():
        try:
            value = float(text)
        except ValueError:
            continue
        if 0 <= value <= MAX_MS:
            values[name] = value
    return values


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedError(f"{NAME} does not say when its values are from.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _row(
    region: str, method: str, meaning: str, summary: _Summary, values: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "region": region,
        "method": method,
        "measured_at": summary.updated_at,
        "meaning": meaning,
        "is_proxy": meaning == COUNTRY,
        **values,
        "confidence_level": summary.confidence,
        "source": "cloudflare_radar",
    }


def _codes(body: Any) -> set[int]:
    """The codes of the errors in an envelope; an error may have none."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return set()
    codes = (error.get("code") for error in errors if isinstance(error, dict))
    return {code for code in codes if isinstance(code, int)}


def _classify(  # noqa: PLR0911 (one line for each meaning)
    status: int, body: Any
) -> SourceError | None:
    """What Cloudflare means by a status and its codes."""
    codes = _codes(body)
    if status == 401 or (status in (200, 400) and codes & _TOKEN_CODES):
        return CredentialsError(
            "Cloudflare does not accept the token.",
            next_step="It needs the permission Account, Radar, Read; enter it in Settings.",
        )
    if status == 403:
        return CredentialsError(
            "The Cloudflare token lacks the permission Account, Radar, Read.",
            next_step="Add it to the token in Cloudflare.",
        )
    if status == 200 and _THROTTLED_CODE in codes:
        return ThrottledError(f"{NAME} has had too many requests.", next_step="Wait a while.")
    if status == 422 or _COST_CODE in codes:
        return MalformedError(f"{NAME} finds the question too costly.")
    if status == 404 and _NOT_FOUND_CODE in codes:
        return UnknownPlaceError(f"{NAME} does not know this.")
    if status == 400:
        return MalformedError(f"{NAME} refuses the request.")
    return None

"""Latency per AWS region from Cloudflare Radar: what its edge sees of each region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from urllib3.util import Retry

from spectra.errors import (
    CredentialsError,
    MalformedError,
    NoDataError,
    NotEntitledError,
    SourceError,
    UnknownPlaceError,
)
from spectra.sources.json_client import RETRIES, JsonClient
from spectra.sources.latency_frame import Latency, latency_frame

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
        "units": {"type": "array", "items": {"type": "object", "required": ["value"]}},
        "confidenceInfo": {"type": ["object", "null"]},
    },
}
_SUMMARY: dict[str, Any] = {
    "type": "object",
    "required": ["success", "result"],
    "properties": {
        "success": {"type": "boolean"},
        "result": {
            "type": "object",
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
    "properties": {"result": {"type": ["object", "null"]}},
}
# One place without data is a reason to fall back; a bad key or a limit concerns all of them.
_FALL_BACK = (NoDataError, MalformedError, NotEntitledError, UnknownPlaceError)


@dataclass(frozen=True, slots=True)
class _Summary:
    """Values in ms, when they were last updated, and how sure Radar is of them."""

    values_ms: dict[str, float]
    updated_at: str
    confidence: int | None


class Radar:
    """A client with one token.

    Parameters
    ----------
    token : str
        With the permission Account, Radar, Read; never shown.
    """

    def __init__(
        self,
        token: str,
        base_url: str = DEFAULT_URL,
        *,
        retries: Retry = RETRIES,
        timeout_s: tuple[float, float] = (5.0, 30.0),
    ) -> None:
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
        body = self._client.get("/user/tokens/verify", _VERIFY)
        if not body["success"] or (body.get("result") or {}).get("status") != "active":
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
        body = self._client.get(path, _SUMMARY, {**parameters, "format": "JSON"})
        result = body["result"]
        if not body["success"] or "summary_0" not in result or "meta" not in result:
            raise NoDataError(f"{NAME} has no figure here.")
        meta = result["meta"]
        units = {unit["value"].lower() for unit in meta["units"]}
        if meta["normalization"] != "RAW_VALUES" or not units <= {"ms", "milliseconds"}:
            raise MalformedError(
                f"{NAME} gave values that are not milliseconds "
                f"({meta['normalization']}, {', '.join(sorted(units)) or 'no unit'})."
            )
        values = {}
        for name, text in result["summary_0"].items():
            try:
                values[name] = float(text)
            except ValueError:
                continue  # Radar writes some groups without a figure
        if not values:
            raise NoDataError(f"{NAME} has no figure here.")
        confidence = (meta.get("confidenceInfo") or {}).get("level")
        return _Summary(values, meta["lastUpdated"], confidence)


class _Asked:
    """One round of questions; what concerns many regions is asked once."""

    def __init__(self, radar: Radar) -> None:
        self._radar = radar
        self._answers: dict[tuple[str, ...], _Summary | SourceError] = {}

    def region(self, region: str, country: str) -> tuple[dict[str, Any] | None, str]:
        """A row of the latency frame and a note on what it is not."""
        origin = {"origin": "AMAZON", "metric": "TCP_RTT", "dateRange": "1d"}
        own = self._ask("/radar/origins/summary/PERCENTILE", region=region, **origin)
        if isinstance(own, _Summary):
            percentiles = {
                f"rtt_ms_{name}": own.values_ms.get(name) for name in ("p50", "p90", "p99")
            }
            if any(re.fullmatch(r"p\d+", name) for name in own.values_ms):
                return _row(region, "radar_origins_percentile", EDGE, own, percentiles), ""
        every = self._ask("/radar/origins/summary/REGION", **origin)
        if isinstance(every, _Summary) and region in every.values_ms:
            value = {"rtt_ms_p50": every.values_ms[region]}
            return _row(region, "radar_origins_region", EDGE, every, value), ""
        users = self._ask("/radar/quality/iqi/summary", metric="LATENCY", location=country)
        if isinstance(users, _Summary) and "p50" in users.values_ms:
            value = {"rtt_ms_p50": users.values_ms["p50"]}
            row = _row(region, "radar_iqi_country", COUNTRY, users, value, is_proxy=True)
            return row, "Some regions have a proxy only: the last mile of their country."
        reasons = {str(e.message) for e in (own, every, users) if isinstance(e, SourceError)}
        return None, f"No latency data for {region}: {' '.join(sorted(reasons))}".strip()

    def _ask(self, path: str, **parameters: str) -> _Summary | SourceError:
        key = (path, *parameters.values())
        if key not in self._answers:
            try:
                self._answers[key] = self._radar.summary_ms(path, **parameters)
            except _FALL_BACK as error:
                self._answers[key] = error
        return self._answers[key]


def _row(  # noqa: PLR0913 (one keyword for each thing a value says of itself)
    region: str,
    method: str,
    meaning: str,
    summary: _Summary,
    values: Mapping[str, float | None],
    *,
    is_proxy: bool = False,
) -> dict[str, Any]:
    return {
        "region": region,
        "method": method,
        "measured_at": pd.Timestamp(summary.updated_at),
        "meaning": meaning,
        "is_proxy": is_proxy,
        **values,
        "confidence_level": summary.confidence,
        "source": "cloudflare_radar",
    }


def _classify(status: int, body: Any) -> SourceError | None:
    """What Cloudflare means by a status and its codes."""
    errors = body.get("errors") or [] if isinstance(body, dict) else []
    codes = {error.get("code") for error in errors if isinstance(error, dict)}
    if status == 401:
        return CredentialsError(
            "Cloudflare does not accept the token.",
            next_step="It needs the permission Account, Radar, Read; enter it in Settings.",
        )
    if status == 403:
        return CredentialsError(
            "The Cloudflare token lacks the permission Account, Radar, Read.",
            next_step="Add it to the token in Cloudflare.",
        )
    if status == 422 or 2002 in codes:
        return MalformedError(f"{NAME} finds the question too costly.")
    if status == 404 and 7003 in codes:
        return UnknownPlaceError(f"{NAME} does not know this.")
    if status == 400:
        return MalformedError(f"{NAME} refuses the request.")
    return None

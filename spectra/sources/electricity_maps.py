"""Carbon intensity, power mix and forecasts from the Electricity Maps API, v4 or v3."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

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
from spectra.moments import HOUR, hour_of, iso
from spectra.sources import _electricity_maps_shapes as shapes
from spectra.sources.json_client import RETRIES, JsonClient
from spectra.unwritten import fingerprint

DEFAULT_URL = "https://api.electricitymaps.com/v4"
NAME = "Electricity Maps"
# What the service gives at once of the past, and what it gives without being asked for the past.
WINDOW = timedelta(hours=240)
HISTORY = timedelta(hours=24)

Factor = Literal["lifecycle", "direct"]
FACTORS: tuple[Factor, ...] = ("lifecycle", "direct")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What the plan of a key allows.

    Attributes
    ----------
    access : mapping
        Allowed requests by zone, such as ``carbon-intensity/history``, or ``*``.
    is_known : bool
        False where the service does not say; then only what every plan has is tried.
    """

    access: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_known: bool = True

    def allows(self, zone: str, request: str) -> bool:
        """Whether a request may be made for a zone."""
        if not self.is_known:
            return request in ("carbon-intensity/latest", "carbon-intensity/history")
        granted = self.access.get(zone, frozenset())
        return "*" in granted or request in granted

    def covers(self, zones: Iterable[str]) -> bool:
        """Whether it says of every zone what is allowed there, if only that nothing is."""
        return not self.is_known or self.access.keys() >= set(zones)

    def to_json(self, zones: Iterable[str]) -> str:
        """As text, for some zones, with those that the plan does not have."""
        known = {z: sorted(self.access.get(z, ())) for z in zones}
        return json.dumps({"access": known, "is_known": self.is_known})

    @classmethod
    def from_json(cls, text: str) -> Entitlements:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        access = {zone: frozenset(granted) for zone, granted in data["access"].items()}
        return cls(access, data["is_known"])


@dataclass(frozen=True, slots=True)
class Observed:
    """Hours of a zone: the tidy ``intensities`` frame, and what it lacks in plain sentences."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


class ElectricityMaps:
    """A client with one key.

    Parameters
    ----------
    key : str
        Sent as header, never shown.
    base_url : str
        Address of version 4 or 3 of the API.

    Attributes
    ----------
    fingerprint : str
        Tells this key from others.
    """

    def __init__(
        self,
        key: str,
        base_url: str = DEFAULT_URL,
        *,
        retries: Retry = RETRIES,
        timeout_s: tuple[float, float] = (5.0, 30.0),
    ) -> None:
        self.fingerprint = fingerprint(key)
        self._client = JsonClient(
            NAME,
            base_url,
            headers={"auth-token": key},
            classify=_classify,
            retries=retries,
            timeout_s=timeout_s,
        )
        self._entitlements: Entitlements | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "ElectricityMaps()"

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self._client.request_count

    def entitlements(self, *, again: bool = False) -> Entitlements:
        """What the plan allows; asked once, and `again` by who wants to know of a change.

        Without a list of what is allowed the answer is the public one, and says nothing of the key.

        Raises
        ------
        SourceError
            CredentialsError for a wrong key, where the service looks at it.
        """
        with self._lock:
            if self._entitlements is None or again:
                zones = self._client.get("/zones", shapes.ZONES)
                access = {
                    zone: frozenset(facts["access"])
                    for zone, facts in zones.items()
                    if "access" in facts
                }
                self._entitlements = Entitlements(access, is_known=bool(access))
            return self._entitlements

    def observed(self, zone: str, since: datetime | None = None) -> Observed:
        """Read a zone's hours: the last 24, and from `since` on where the plan has the past.

        Raises
        ------
        SourceError
            The subclass says what is wrong. Direct factors or the past outside the plan are no
            error: they are noted, and the rest is returned.
        """
        notes: list[str] = []
        points: dict[str, pd.DataFrame] = {}
        for factor in FACTORS:
            try:
                rows = self._rows(zone, factor, since, notes)
            except NotEntitledError:
                if factor == "lifecycle":
                    raise
                notes.append("Direct factors are not in the plan; they are scaled from lifecycle.")
                continue
            points[factor], left_out = shapes.points(rows, factor)
            notes += [
                f"{factor.capitalize()} hours that {why}: {n}." for why, n in left_out.items() if n
            ]
        frame = shapes.intensities(zone, points["lifecycle"], points.get("direct"))
        return Observed(frame, tuple(dict.fromkeys(notes)))

    def forecast(
        self, zone: str, factor: Factor = "lifecycle", horizon_hours: int = 24
    ) -> pd.DataFrame:
        """The provider's own forecast: zone, issued_at, hour, factor, g_per_kwh [gCO2e/kWh]."""
        body = self._ask(
            zone, "/carbon-intensity/forecast", shapes.FORECAST,
            emissionFactorType=factor, horizonHours=horizon_hours,
        )  # fmt: skip
        return shapes.forecasts(zone, factor, body)

    def try_key(self, zone: str) -> None:
        """Ask for the newest hour of a zone, which is refused to a wrong key; the zones are not."""
        self._ask(zone, "/carbon-intensity/latest", shapes.LATEST)

    def power_mix(self, zone: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Power by energy source [MW] of the last 24 hours, and low-carbon shares [%] by hour."""
        body = self._ask(zone, "/power-breakdown/history", shapes.MIX_HISTORY)
        return shapes.mixes(zone, body["history"])

    def _rows(
        self, zone: str, factor: Factor, since: datetime | None, notes: list[str]
    ) -> list[Row]:
        """All rows of one factor, the past first, the newest last."""
        now = hour_of(datetime.now(UTC))
        rows: list[Row] = []
        if since is not None and since < now - HISTORY:
            rows += self._past(zone, factor, since, now - HISTORY + HOUR, notes)
        history = self._ask(
            zone, "/carbon-intensity/history", shapes.HISTORY, emissionFactorType=factor
        )
        rows += history["history"]
        latest = self._ask(
            zone, "/carbon-intensity/latest", shapes.LATEST, emissionFactorType=factor
        )
        return [*rows, latest]

    def _past(
        self, zone: str, factor: Factor, start: datetime, end: datetime, notes: list[str]
    ) -> list[Row]:
        """The past in windows that the service accepts; outside the plan there is none."""
        if not self.entitlements().allows(zone, "carbon-intensity/past-range"):
            notes.append("Past hours are not in the plan; only the last 24 were read.")
            return []
        rows: list[Row] = []
        while start < end:
            stop = min(start + WINDOW, end)
            try:
                body = self._ask(
                    zone, "/carbon-intensity/past-range", shapes.PAST_RANGE,
                    emissionFactorType=factor, start=iso(start), end=iso(stop),
                )  # fmt: skip
                rows += body["data"]
            except NoDataError:
                notes.append(f"There is no past data from {start:%Y-%m-%d} to {stop:%Y-%m-%d}.")
            start = stop
        return rows

    def _ask(self, zone: str, path: str, schema: Mapping[str, Any], **parameters: Any) -> Any:
        """One request about a zone; the zone answered must be the zone asked for."""
        body = self._client.get(
            path, schema, {"zone": zone, "disableCallerLookup": "true", **parameters}
        )
        if body["zone"] != zone:
            raise MalformedError(
                f"{NAME} answered for zone {body['zone']} instead of {zone}; it was not used.",
                next_step="Check the zone of the region; the service may have renamed it.",
            )
        return body


def _classify(status: int, body: Any) -> SourceError | None:
    """What Electricity Maps means by a status and its text."""
    texts = [str(body.get(k, "")) for k in ("error", "message")] if isinstance(body, dict) else []
    text = " ".join(texts)
    make = _MEANINGS.get(status)
    return make(text, isinstance(body, dict)) if make else None


def _refused(text: str, is_json: bool) -> SourceError:
    if "invalid auth-token" in text.lower():
        return CredentialsError(
            f"{NAME} does not know the key.", next_step="Check it in Settings, Grids and latency."
        )
    return NotEntitledError(
        f"The {NAME} key is valid, but its plan does not include this zone or request.",
        next_step="What the plan includes goes on; see Settings, Grids and latency.",
    )


def _bad_request(text: str, is_json: bool) -> SourceError:
    if "does not exist" in text:
        return UnknownPlaceError(
            f"{NAME} does not know this zone (any more).",
            next_step="Hours that were read stay; the zone may have been split or renamed.",
        )
    return MalformedError(f"{NAME} refuses the request: {text[:120] or 'no reason given'}.")


def _not_found(text: str, is_json: bool) -> SourceError:
    if is_json:
        return NoDataError(f"{NAME} has no recent data for this zone.")
    return MalformedError(
        f"{NAME} has no such request any more.",
        next_step="Check the address in Settings; its end names the version of the API.",
    )


_MEANINGS: dict[int, Callable[[str, bool], SourceError]] = {
    400: _bad_request,
    401: _refused,
    403: _refused,
    404: _not_found,
}

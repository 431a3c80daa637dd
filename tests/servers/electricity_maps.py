"""Electricity Maps as its contract says: zones and plans, windows, estimates, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.base import Answer, ContractServer, Request, serving

KEY = "em-good-key"
ALL = ["*"]
HOUR = timedelta(hours=1)
BAD_KEY = Answer(
    401,
    {
        "error": "Invalid auth-token",
        "message": "The provided token is invalid. If this token used to work, please visit …",
    },
)
NOT_IN_PLAN = Answer(401, {"error": "Token unauthorized for zoneKey"})
THROTTLED = Answer(429, {"message": "Too many requests"}, {"Retry-After": "60"})

Value = Callable[[str, datetime, str], float | None]


def steady(zone: str, hour: datetime, factor: str) -> float:
    return {"lifecycle": 300.0, "direct": 250.0}[factor] + hour.hour


class ElectricityMapsServer(ContractServer):
    """Zones with their plan; values by zone, hour and factor; the last two hours are estimated."""

    def __init__(self, zones: dict[str, list[str]], value: Value) -> None:
        super().__init__()
        self.zones, self.value = zones, value
        self.keys = {KEY}
        self.estimated_for = 2 * HOUR
        self.updated_at: datetime | None = None  # of every point; by default its own hour

    def default(self, request: Request) -> Answer:
        path = request.path.removeprefix("/v4").removeprefix("/v3")
        if path == "/zones":
            return self._zones(request)
        zone = request.params.get("zone", "")
        if zone not in self.zones:
            return Answer(400, {"status": "error", "message": f"Zone '{zone}' does not exist."})
        if request.headers.get("auth-token") not in self.keys:
            return BAD_KEY
        granted = self.zones[zone]
        if "*" not in granted and path.lstrip("/") not in granted:
            return NOT_IN_PLAN
        signal, _, kind = path.lstrip("/").partition("/")
        make = {
            "carbon-intensity": self._intensity,
            "power-breakdown": self._mix,
        }.get(signal)
        if make is None:
            return Answer(404, f"<html><pre>Cannot GET {request.path}</pre></html>")
        return make(zone, kind, request.params)

    def _zones(self, request: Request) -> Answer:
        token = request.headers.get("auth-token")
        if token not in (None, "", *self.keys):
            return BAD_KEY
        listed = {
            zone: {"zoneName": zone, "zoneKey": zone, "countryCode": zone[:2]}
            | ({"access": granted} if token else {})
            for zone, granted in self.zones.items()
        }
        return Answer(200, listed)

    def _intensity(self, zone: str, kind: str, params: dict[str, str]) -> Answer:
        factor = params.get("emissionFactorType", "lifecycle")
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        if kind == "latest":
            return Answer(200, self.point(zone, now, factor))
        if kind == "history":
            hours = [now - n * HOUR for n in range(24, 0, -1)]
            points = [self.point(zone, hour, factor) for hour in hours]
            return Answer(200, {"zone": zone, "history": points, "temporalGranularity": "hourly"})
        if kind == "past-range":
            return self._past(zone, factor, params)
        if kind == "forecast":
            count = int(params.get("horizonHours", 24))
            points = [
                {"datetime": _iso(hour), "carbonIntensity": self.value(zone, hour, factor)}
                for hour in (now + n * HOUR for n in range(count))
            ]
            return Answer(200, {"zone": zone, "forecast": points, "updatedAt": _iso(now)})
        return Answer(404, "<html><pre>Cannot GET</pre></html>")

    def _past(self, zone: str, factor: str, params: dict[str, str]) -> Answer:
        start, end = (datetime.fromisoformat(params[name]) for name in ("start", "end"))
        if end - start > timedelta(hours=240):
            message = "Range exceeds the maximum of 240 hours."
            return Answer(400, {"status": "error", "message": message})
        count = int((end - start) / HOUR)
        points = [self.point(zone, start + n * HOUR, factor) for n in range(count)]
        return Answer(200, {"zone": zone, "data": points, "temporalGranularity": "hourly"})

    def _mix(self, zone: str, kind: str, params: dict[str, str]) -> Answer:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        rows = [
            {
                "datetime": _iso(now - n * HOUR),
                "updatedAt": _iso(now),
                "powerConsumptionBreakdown": {"wind": 400, "gas": 100, "hydro discharge": None},
                "powerProductionBreakdown": {"wind": 380, "gas": 120},
                "fossilFreePercentage": 80,
                "renewablePercentage": 75,
                "isEstimated": n < 2,
            }
            for n in range(24, 0, -1)
        ]
        return Answer(200, {"zone": zone, "history": rows})

    def point(self, zone: str, hour: datetime, factor: str) -> dict[str, Any]:
        estimated = datetime.now(UTC) - hour < self.estimated_for
        return {
            "zone": zone,
            "carbonIntensity": self.value(zone, hour, factor),
            "datetime": _iso(hour),
            "updatedAt": _iso(self.updated_at or hour),
            "createdAt": _iso(hour - 72 * HOUR),
            "emissionFactorType": factor,
            "flowTraced": True,
            "isEstimated": estimated,
            "estimationMethod": "TIME_SLICER_AVERAGE" if estimated else None,
            "temporalGranularity": "hourly",
        }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@contextmanager
def electricity_maps(
    zones: dict[str, list[str]] | None = None, value: Value = steady
) -> Iterator[ElectricityMapsServer]:
    server = ElectricityMapsServer(zones or {"DE": ALL, "FR": ALL, "IE": ALL}, value)
    with serving(server):
        yield server

"""Shapes of Electricity Maps' answers, and how their rows become tidy frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from spectra.catalog.columns import MAX_G_PER_KWH

SOURCE = "electricity_maps"
# How far the service's clock may be ahead of ours.
AHEAD = pd.Timedelta(hours=1)

_TIME = {"type": "string", "minLength": 16}
_NUMBER = {"type": ["number", "null"]}
POINT: dict[str, Any] = {
    "type": "object",
    "required": ["datetime", "carbonIntensity"],
    "properties": {"datetime": _TIME, "carbonIntensity": _NUMBER},
}
_ZONE: dict[str, Any] = {"zone": {"type": "string"}}


def _rows(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["zone", name],
        "properties": {**_ZONE, name: {"type": "array", "items": item}},
    }


LATEST: dict[str, Any] = {**POINT, "required": ["zone", *POINT["required"]]}
HISTORY = _rows("history", POINT)
PAST_RANGE = _rows("data", POINT)
FORECAST = _rows("forecast", POINT)
MIX_POINT: dict[str, Any] = {
    "type": "object",
    "required": ["datetime"],
    "properties": {
        "datetime": _TIME,
        "powerConsumptionBreakdown": {"type": ["object", "null"]},
        "powerProductionBreakdown": {"type": ["object", "null"]},
        "fossilFreePercentage": _NUMBER,
        "renewablePercentage": _NUMBER,
    },
}
MIX_HISTORY = _rows("history", MIX_POINT)
ZONES: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "object",
        "properties": {"access": {"type": "array", "items": {"type": "string"}}},
    },
}

INTENSITY_COLUMNS = [
    "zone",
    "hour",
    "intensity_direct_g_per_kwh",
    "intensity_lifecycle_g_per_kwh",
    "low_carbon_pct",
    "renewable_pct",
    "is_estimated",
    "direct_is_scaled",
    "source",
    "quality",
    "updated_at",
    "fetched_at",
]


def points(rows: Iterable[Mapping[str, Any]], factor: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Usable points of one emission factor, and how many were left out for which reason.

    Columns hour, g_per_kwh, is_estimated, updated_at. A point that is not of a whole hour, or of
    another factor than asked for, is no hourly value of ours; nor is one of an hour to come, which
    nobody can have observed.
    """
    kept, now = [], _now()
    left_out = dict.fromkeys(
        ("had no value", "were implausible", "were not hourly", "have not begun yet"), 0
    )
    for row in rows:
        hour = pd.Timestamp(row["datetime"])
        value = row["carbonIntensity"]
        is_hourly = row.get("temporalGranularity", "hourly") == "hourly"
        if not is_hourly or hour.minute or row.get("emissionFactorType", factor) != factor:
            left_out["were not hourly"] += 1
        elif (hour if hour.tzinfo else hour.tz_localize("UTC")) > now + AHEAD:
            left_out["have not begun yet"] += 1
        elif value is None:
            left_out["had no value"] += 1
        elif not 0 <= value <= MAX_G_PER_KWH:
            left_out["were implausible"] += 1
        else:
            updated_at = pd.Timestamp(row.get("updatedAt") or row["datetime"])
            kept.append((hour, float(value), bool(row.get("isEstimated", False)), updated_at))
    frame = pd.DataFrame(kept, columns=["hour", "g_per_kwh", "is_estimated", "updated_at"])
    for column in ("hour", "updated_at"):
        frame[column] = _utc(frame[column])
    newest_last = frame.sort_values(["hour", "updated_at"], kind="stable")
    return newest_last.drop_duplicates("hour", keep="last").reset_index(drop=True), left_out


def intensities(zone: str, lifecycle: pd.DataFrame, direct: pd.DataFrame | None) -> pd.DataFrame:
    """The tidy ``intensities`` frame of a zone from its points by factor; NaN where one lacks."""
    if direct is None:
        direct = lifecycle.iloc[:0]
    both = lifecycle.merge(direct, on="hour", how="outer", suffixes=("_lifecycle", "_direct"))
    estimated = [both[f"is_estimated_{f}"].eq(True) for f in ("lifecycle", "direct")]
    both["is_estimated"] = estimated[0] | estimated[1]
    updated = both[["updated_at_lifecycle", "updated_at_direct"]]
    return both.assign(
        zone=zone,
        intensity_direct_g_per_kwh=both["g_per_kwh_direct"].astype(float),
        intensity_lifecycle_g_per_kwh=both["g_per_kwh_lifecycle"].astype(float),
        low_carbon_pct=float("nan"),
        renewable_pct=float("nan"),
        direct_is_scaled=False,
        source=SOURCE,
        quality=both["is_estimated"].map({True: "provider-estimated", False: "measured"}),
        updated_at=_utc(updated.max(axis=1)),
        fetched_at=_now(),
    )[INTENSITY_COLUMNS]


def forecasts(zone: str, factor: str, body: Mapping[str, Any]) -> pd.DataFrame:
    """Rows zone, issued_at, hour, factor, g_per_kwh; a point without a value is left out."""
    rows = [row for row in body["forecast"] if row["carbonIntensity"] is not None]
    frame = pd.DataFrame(
        {
            "zone": pd.Series([zone] * len(rows), dtype="str"),
            "issued_at": _utc([body.get("updatedAt") or _now()] * len(rows)),
            "hour": _utc([row["datetime"] for row in rows]),
            "factor": factor,
            "g_per_kwh": [float(row["carbonIntensity"]) for row in rows],
            "source": SOURCE,
            "fetched_at": _utc([_now()] * len(rows)),
        }
    )
    whole = frame["hour"].dt.minute.eq(0) & frame["g_per_kwh"].between(0, MAX_G_PER_KWH)
    usable: pd.DataFrame = frame[whole]
    return usable.drop_duplicates("hour", keep="last").reset_index(drop=True)


def mixes(zone: str, rows: Iterable[Mapping[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Power by energy source [MW], and the low-carbon and renewable shares [%]."""
    parts, shares = [], []
    for row in rows:
        used = row.get("powerConsumptionBreakdown") or {}
        made = row.get("powerProductionBreakdown") or {}
        shares.append(
            (zone, row["datetime"], row.get("fossilFreePercentage"), row.get("renewablePercentage"))
        )
        parts += [
            (
                zone,
                row["datetime"],
                name,
                used.get(name),
                made.get(name),
                bool(row.get("isEstimated", False)),
                row.get("updatedAt"),
            )
            for name in sorted({*used, *made})
        ]
    mix = pd.DataFrame(
        parts,
        columns=["zone", "hour", "energy_source", "consumption_mw", "production_mw",
                 "is_estimated", "updated_at"],
    )  # fmt: skip
    share = pd.DataFrame(shares, columns=["zone", "hour", "low_carbon_pct", "renewable_pct"])
    for frame in (mix, share):
        frame["hour"] = _utc(frame["hour"])
    mix["updated_at"] = _utc(mix["updated_at"])
    for frame, columns in ((mix, ["consumption_mw", "production_mw"]),
                           (share, ["low_carbon_pct", "renewable_pct"])):  # fmt: skip
        frame[columns] = frame[columns].astype(float)
    return mix.assign(source=SOURCE, fetched_at=_now()), share


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC").as_unit("us")


def _utc(values: Any) -> pd.Series:
    moments = pd.Series(pd.to_datetime(values, utc=True, format="ISO8601"))
    return moments.astype("datetime64[us, UTC]")

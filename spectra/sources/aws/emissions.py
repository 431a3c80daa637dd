"""AWS's own monthly estimate of an account's emissions, location- and market-based."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
from botocore.exceptions import UnknownServiceError

from spectra.errors import MalformedError, NotEntitledError
from spectra.moments import midnight
from spectra.sources.aws.access import HOME_REGION, Account
from spectra.sources.aws.frames import tidy
from spectra.sources.aws.pages import paginate
from spectra.sources.own_figures import KG_PER_UNIT, MAX_KG

ACTION = "sustainability:GetEstimatedCarbonEmissions"
TYPES = [
    "TOTAL_LBM_CARBON_EMISSIONS",
    "TOTAL_MBM_CARBON_EMISSIONS",
    "TOTAL_SCOPE_1_CARBON_EMISSIONS",
    "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS",
    "TOTAL_SCOPE_2_MBM_CARBON_EMISSIONS",
    "TOTAL_SCOPE_3_LBM_CARBON_EMISSIONS",
    "TOTAL_SCOPE_3_MBM_CARBON_EMISSIONS",
]


def monthly_emissions(
    account: Account, start: date, end: date, *, fetched_at: datetime
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Emissions by month, account, region, service and kind [kgCO2e], and what is left out of them.

    Totals and scopes, location- and market-based, are rows of their own and never added. What
    cannot be (a negative amount, one without end) is unknown and said.

    Raises
    ------
    SourceError
        NotEntitledError where it is not allowed, or boto3 is too old to know the service.
    """
    rows = [
        {
            "month": result["TimePeriod"]["Start"].astimezone(UTC).date(),
            "account_id": result["DimensionsValues"].get("USAGE_ACCOUNT_ID", account.account_id),
            "region": result["DimensionsValues"].get("REGION", ""),
            "service": result["DimensionsValues"].get("SERVICE", ""),
            "emissions_type": kind,
            "emissions_kg": value["Value"] * _kg_per_unit(value["Unit"]),
            "model_version": result.get("ModelVersion", ""),
            "source": "aws_sustainability",
            "fetched_at": fetched_at,
        }
        for page in _pages(account, start, end)
        for result in page["Results"]
        for kind, value in result["EmissionsValues"].items()
    ]
    kept = [row for row in rows if 0 <= row["emissions_kg"] <= MAX_KG]
    left_out = len(rows) - len(kept)
    note = f"{left_out} of AWS's emissions figures were implausible and are left out."
    return tidy("emissions", kept), (note,) if left_out else ()


def _pages(account: Account, start: date, end: date) -> list[dict]:  # type: ignore[type-arg]
    span = {
        "Start": midnight(start),
        "End": midnight(end),
    }
    try:
        return list(
            paginate(
                account, ACTION, "get_estimated_carbon_emissions", HOME_REGION,
                TimePeriod=span, Granularity="MONTHLY",
                GroupBy=["USAGE_ACCOUNT_ID", "REGION", "SERVICE"], EmissionsTypes=TYPES,
            )
        )  # fmt: skip
    except UnknownServiceError:
        raise NotEntitledError(
            "The installed boto3 does not know AWS's sustainability service.",
            next_step="Update boto3; the rest works without it.",
        ) from None


def _kg_per_unit(unit: str) -> float:
    if unit not in KG_PER_UNIT:
        raise MalformedError(f"AWS states emissions in an unknown unit ({unit}).")
    return KG_PER_UNIT[unit]

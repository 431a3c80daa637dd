"""What AWS Compute Optimizer says of each instance."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.errors import RefusedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.frames import tidy
from spectra.sources.aws.pages import by_token

ACTION = "compute-optimizer:GetEC2InstanceRecommendations"


def findings(account: Account, region: str, *, fetched_at: datetime) -> pd.DataFrame:
    """Findings and options of every instance of a region.

    Raises
    ------
    SourceError
        NotEntitledError where the account has not opted in to Compute Optimizer; RefusedError
        where it could not look at all of the instances.
    """
    client = account.client("compute-optimizer", region)
    pages = list(
        by_token(
            ACTION,
            lambda token: client.get_ec2_instance_recommendations(
                accountIds=[account.account_id], maxResults=1000, **token
            ),
            sent_as="nextToken",
            found_in="nextToken",
        )
    )
    if failed := [error for page in pages for error in page.get("errors", ())]:
        code = str(failed[0].get("code"))[:60]
        raise RefusedError(f"AWS refuses {ACTION} in {region} ({code}).", code=code)
    rows = [
        {
            "instance_id": found["instanceArn"].rpartition("/")[2],
            "account_id": found.get("accountId", account.account_id),
            "region": region,
            "instance_type": found["currentInstanceType"],
            "finding": _snake(found["finding"]),
            "reasons": json.dumps([_snake(r) for r in found.get("findingReasonCodes", [])]),
            "look_back_days": found.get("lookBackPeriodInDays"),
            "options": json.dumps([_option(o) for o in found.get("recommendationOptions", [])]),
            "refreshed_at": found.get("lastRefreshTimestamp"),
            "source": "aws_compute_optimizer",
            "fetched_at": fetched_at,
        }
        for page in pages
        for found in page["instanceRecommendations"]
    ]
    return tidy("findings", rows)


def _option(option: dict[str, Any]) -> dict[str, Any]:
    saving = option.get("savingsOpportunity") or {}
    monthly = saving.get("estimatedMonthlySavings") or {}
    return {
        "instance_type": option.get("instanceType"),
        "rank": option.get("rank"),
        "performance_risk": option.get("performanceRisk"),
        "migration_effort": option.get("migrationEffort"),
        "saving_pct": saving.get("savingsOpportunityPercentage"),
        "saving_usd_per_month": monthly.get("value") if monthly.get("currency") == "USD" else None,
    }


def _snake(word: str) -> str:
    """One spelling for ``OVER_PROVISIONED``, ``Overprovisioned`` and ``OverProvisioned``."""
    if "_" not in word and not word.isupper():
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word)
    text = word.lower()
    return {
        "overprovisioned": "over_provisioned",
        "underprovisioned": "under_provisioned",
        "notoptimized": "not_optimized",
    }.get(text.replace("_", ""), text)

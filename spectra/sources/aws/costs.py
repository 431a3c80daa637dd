"""Daily costs from Cost Explorer, of teams and of machines apart; every page costs $0.01."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from spectra.errors import MalformedError
from spectra.sources.aws.access import CE_USD_PER_REQUEST, Account
from spectra.sources.aws.frames import tidy
from spectra.sources.aws.pages import by_token

SOURCE = "aws_cost_explorer"
COMPUTE = "Amazon Elastic Compute Cloud - Compute"
SERVICES = {COMPUTE: "Amazon EC2", "EC2 - Other": "EC2 - Other"}
OPTIONS = {
    "on demand": "on-demand", "spot": "spot", "savings plan": "savings-plan",
    "reserved": "reserved",
}  # fmt: skip
SETTLED_AFTER = timedelta(days=2)
RESOURCE_DAYS = timedelta(days=14)
# More than any account pays for one day.
MAX_USD = 1e9
UNALLOCATED = "unallocated"

Group = tuple[date, list[str], dict[str, Any], bool]


def daily_costs(
    account: Account, start: date, end: date, *, team_tag: str | None, now: datetime
) -> pd.DataFrame:
    """Costs by day, service, region and team.

    Parameters
    ----------
    start, end : date
        UTC days, the end exclusive.
    team_tag : str, optional
        Cost allocation tag that names the team; without it everything is unallocated.

    Returns
    -------
    DataFrame
        The tidy ``costs`` frame: unblended as ``billed_cost_usd``, amortised as
        ``effective_cost_usd``, never added; the last two days are provisional.
    """
    by = [_dimension("REGION")] + ([{"Type": "TAG", "Key": team_tag}] if team_tag else [])
    rows = [
        {
            "day": day,
            "account_id": account.account_id,
            "region": keys[0],
            "service": name,
            "resource_id": "",
            "purchase_option": "all",
            "team": _team(keys[1]) if team_tag else UNALLOCATED,
            "list_cost_usd": float("nan"),
            **amounts,
            "is_provisional": is_provisional,
            "source": SOURCE,
            "quality": "measured",
            "fetched_at": now,
        }
        for service, name in SERVICES.items()
        for day, keys, amounts, is_provisional in _groups(account, start, end, now, service, by)
    ]
    return tidy("costs", rows)


def resource_costs(account: Account, start: date, end: date, *, now: datetime) -> pd.DataFrame:
    """The compute part by instance and purchase option, where the account tells it.

    Of the last 14 days at most. What a bill holds that belongs to no instance is left out.

    Returns
    -------
    DataFrame
        The tidy ``resource_costs`` frame, amounts as in `daily_costs`.
    """
    first = max(start, now.date() - RESOURCE_DAYS)
    by = [_dimension("RESOURCE_ID"), _dimension("PURCHASE_TYPE")]
    rows = [
        {
            "day": day,
            "account_id": account.account_id,
            "resource_id": keys[0],
            "purchase_option": _option(keys[1]),
            **amounts,
            "is_provisional": is_provisional,
            "source": SOURCE,
            "fetched_at": now,
        }
        for day, keys, amounts, is_provisional in _groups(
            account, first, end, now, COMPUTE, by, with_resources=True
        )
        if keys[0].startswith("i-")
    ]
    return tidy("resource_costs", rows)


def _option(purchase_type: str) -> str:
    """A purchase type of Cost Explorer as SPECTRA calls it; one that is not known as it is."""
    words = purchase_type.lower()
    return next((option for part, option in OPTIONS.items() if part in words), purchase_type)


def _groups(  # noqa: PLR0913, PLR0917 (the parts of one question)
    account: Account,
    start: date,
    end: date,
    now: datetime,
    service: str,
    by: Sequence[dict[str, str]],
    *,
    with_resources: bool = False,
) -> Iterator[Group]:
    """Every group of every day and page: day, keys, amounts, whether it may still change."""
    if start >= end:
        return
    action = "GetCostAndUsageWithResources" if with_resources else "GetCostAndUsage"
    client = account.client("ce")
    ask = client.get_cost_and_usage_with_resources if with_resources else client.get_cost_and_usage
    question = {
        "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "AmortizedCost"],
        "GroupBy": list(by),
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "SERVICE", "Values": [service]}},
                {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account.account_id]}},
            ]
        },
    }

    def page(token: dict[str, str]) -> dict[str, Any]:
        account.meter.charge(CE_USD_PER_REQUEST)
        answer: dict[str, Any] = ask(**question, **token)
        return answer

    for answer in by_token(f"ce:{action}", page, sent_as="NextPageToken", found_in="NextPageToken"):
        for result in answer["ResultsByTime"]:
            day = date.fromisoformat(result["TimePeriod"]["Start"][:10])
            is_provisional = result.get("Estimated", False) or day > now.date() - SETTLED_AFTER
            for group in result.get("Groups", []):
                yield day, group["Keys"], _amounts(group["Metrics"]), is_provisional


def _amounts(metrics: dict[str, Any]) -> dict[str, float | None]:
    """Unblended and amortised cost [USD]; None where Cost Explorer does not give one.

    Raises
    ------
    SourceError
        MalformedError for an amount that is no number, or in another currency.
    """

    def amount(name: str) -> float | None:
        found = metrics.get(name)
        if not found:
            return None
        text, unit = found["Amount"], found.get("Unit", "USD")
        try:
            usd = float(Decimal(text))
        except (InvalidOperation, ValueError):
            usd = math.nan
        if unit != "USD" or not abs(usd) <= MAX_USD:
            raise MalformedError(
                f"Cost Explorer gave {name} as “{text[:20]} {unit[:20]}”, which is no amount in "
                "US dollars; nothing of the answer was used.",
                next_step="It is asked again later; the last costs stay, with their age.",
            )
        return usd

    return {
        "billed_cost_usd": amount("UnblendedCost"),
        "effective_cost_usd": amount("AmortizedCost"),
    }


def _team(key: str) -> str:
    """The value in a key such as ``team$core``; untagged is ``team$``."""
    return key.partition("$")[2].strip() or UNALLOCATED


def _dimension(key: str) -> dict[str, str]:
    return {"Type": "DIMENSION", "Key": key}

"""Which of the permissions SPECTRA reads with an account grants, found by asking for little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from spectra.errors import NotEntitledError, SourceError
from spectra.moments import DAY, HOUR, first_of_month, hour_of, midnight, today
from spectra.sources.aws.access import CE_USD_PER_REQUEST, HOME_REGION, Account
from spectra.sources.aws.errors import translated


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM action, what SPECTRA uses it for, and whether it is granted.

    Attributes
    ----------
    is_needed : bool
        Without it there is no fleet; the others add to it.
    error : SourceError or None
        Why it is not granted; None when it is.
    """

    action: str
    purpose: str
    is_needed: bool
    error: SourceError | None = None


def probe(account: Account, region: str = HOME_REGION) -> list[Permission]:
    """Ask for each action once, as dry run or for one row; costs $0.01 (Cost Explorer)."""
    return [
        Permission(action, purpose, is_needed, _error(call, account, region, action))
        for action, purpose, is_needed, call in _PROBES
    ]


Call = Callable[[Account, str], Any]


def _error(call: Call, account: Account, region: str, action: str) -> SourceError | None:
    try:
        with translated(action, region):
            _unless_dry_run(lambda: call(account, region))
    except SourceError as error:
        return error
    return None


def _unless_dry_run(call: Callable[[], Any]) -> None:
    """A dry run that would have succeeded is answered with an error of its own."""
    try:
        call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "DryRunOperation":
            raise


def _dry(operation: str) -> Call:
    return lambda account, region: getattr(account.client("ec2", region), operation)(DryRun=True)


def _groups(account: Account, region: str) -> Any:
    return account.client("autoscaling", region).describe_auto_scaling_groups(MaxRecords=1)


def _list_metrics(account: Account, region: str) -> Any:
    return account.client("cloudwatch", region).list_metrics(Namespace="AWS/EC2")


def _metric_data(account: Account, region: str) -> Any:
    end = hour_of(datetime.now(UTC))
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"}
    query = {
        "Id": "cpu",
        "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Average"},
    }
    return account.client("cloudwatch", region).get_metric_data(
        MetricDataQueries=[query], StartTime=end - HOUR, EndTime=end
    )


def _costs(account: Account, region: str) -> Any:
    end = today()
    account.meter.charge(CE_USD_PER_REQUEST)
    return account.client("ce").get_cost_and_usage(
        TimePeriod={"Start": str(end - 2 * DAY), "End": str(end)},
        Granularity="DAILY",
        Metrics=["UnblendedCost"],
    )


def _recommendations(account: Account, region: str) -> Any:
    """Advice on one machine; an account that is not enrolled never has any, and is told so."""
    client = account.client("compute-optimizer", region)
    status = str(client.get_enrollment_status().get("status"))
    if status != "Active":
        raise NotEntitledError(
            f"The AWS account is not enrolled in Compute Optimizer (it says: {status}).",
            next_step="Wait a day: AWS enrols it."
            if status == "Pending"
            else "Enrol in it in the AWS console; the rest works without it.",
        )
    return client.get_ec2_instance_recommendations(maxResults=1)


def _products(account: Account, region: str) -> Any:
    return account.client("pricing").get_products(ServiceCode="AmazonEC2", MaxResults=1)


def _emissions(account: Account, region: str) -> Any:
    end = midnight(first_of_month(today()))
    start = midnight(first_of_month(end - DAY))
    return account.client("sustainability").get_estimated_carbon_emissions(
        TimePeriod={"Start": start, "End": end}, MaxResults=1
    )


_PROBES: tuple[tuple[str, str, bool, Call], ...] = (
    ("ec2:DescribeRegions", "which regions are enabled", True, _dry("describe_regions")),
    ("ec2:DescribeInstances", "the fleet", True, _dry("describe_instances")),
    ("ec2:DescribeVolumes", "disks", False, _dry("describe_volumes")),
    ("autoscaling:DescribeAutoScalingGroups", "autoscaling groups", False, _groups),
    ("cloudwatch:GetMetricData", "utilisation", False, _metric_data),
    ("cloudwatch:ListMetrics", "memory and GPU metrics of the agent", False, _list_metrics),
    ("ce:GetCostAndUsage", "costs", False, _costs),
    ("pricing:GetProducts", "list prices", False, _products),
    (
        "compute-optimizer:GetEC2InstanceRecommendations",
        "AWS's own rightsizing advice",
        False,
        _recommendations,
    ),
    (
        "sustainability:GetEstimatedCarbonEmissions",
        "AWS's own emissions figures",
        False,
        _emissions,
    ),
)

# Asking for it costs a request to Cost Explorer, and few use it: it is not asked for.
RESOURCE_COSTS = "ce:GetCostAndUsageWithResources"

READ_ACTIONS = tuple(
    dict.fromkeys(
        [action for action, *_ in _PROBES]
        + [RESOURCE_COSTS, "compute-optimizer:GetEnrollmentStatus"]
    )
)

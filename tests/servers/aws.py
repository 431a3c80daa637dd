"""What moto lacks: Cost Explorer, Compute Optimizer, Pricing, sustainability, true error codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.servers.base import Answer, ContractServer, Request, serving

ENDPOINTS = ("COST_EXPLORER", "COMPUTE_OPTIMIZER", "PRICING", "SUSTAINABILITY")


def refusal(code: str, message: str = "", status: int = 400) -> Answer:
    """An error as the JSON services of AWS send it."""
    return Answer(status, {"__type": code, "message": message}, {"x-amzn-errortype": code})


def ec2_refusal(code: str, message: str = "", status: int = 403) -> Answer:
    """An error as EC2 sends it."""
    body = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        "<RequestID>1</RequestID></Response>"
    )
    return Answer(status, body, {"Content-Type": "text/xml"})


def sts_refusal(code: str, message: str = "", status: int = 403) -> Answer:
    """An error as STS sends it."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender'
        f"</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId>"
        "</ErrorResponse>"
    )
    return Answer(status, body, {"Content-Type": "text/xml"})


IDENTITY = Answer(
    200,
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/test</Arn>"
    "<UserId>AIDA</UserId><Account>111111111111</Account></GetCallerIdentityResult>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    {"Content-Type": "text/xml"},
)
NO_INSTANCES = Answer(
    200,
    "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>",
    {"Content-Type": "text/xml"},
)


class AwsServer(ContractServer):
    """Small consistent answers: two teams, two types, one region, the days that are asked for."""

    def name_of(self, request: Request) -> str:
        target = request.headers.get("x-amz-target", "")
        if target:
            return target.rpartition(".")[2]
        form = dict(pair.partition("=")[::2] for pair in request.body.decode("latin-1").split("&"))
        return form.get("Action") or request.path

    def default(self, request: Request) -> Answer:
        name = self.name_of(request)
        make = {
            "GetCallerIdentity": lambda _: IDENTITY,
            "GetCostAndUsage": self._costs,
            "GetCostAndUsageWithResources": self._costs,
            "ListMetrics": lambda _: Answer(200, {"Metrics": []}),
            "GetEnrollmentStatus": lambda _: Answer(200, {"status": "Active"}),
            "GetEC2InstanceRecommendations": lambda _: Answer(200, FINDINGS),
            "GetProducts": self._products,
            "/v1/estimated-carbon-emissions": lambda _: Answer(200, EMISSIONS),
        }.get(name)
        return make(request) if make else refusal("UnknownOperationException", name)

    def _costs(self, request: Request) -> Answer:
        asked = request.json
        start, end = (date.fromisoformat(asked["TimePeriod"][k]) for k in ("Start", "End"))
        by = [group["Key"] for group in asked.get("GroupBy", [])]
        results = [
            {
                "TimePeriod": {"Start": f"{day}", "End": f"{day + timedelta(days=1)}"},
                "Estimated": day >= datetime.now(UTC).date() - timedelta(days=1),
                "Groups": [
                    {"Keys": keys, "Metrics": _amounts(dollars)} for keys, dollars in _split(by)
                ],
                "Total": {},
            }
            for day in (start + timedelta(days=n) for n in range((end - start).days))
        ]
        return Answer(200, {"ResultsByTime": results, "DimensionValueAttributes": []})

    def _products(self, request: Request) -> Answer:
        wanted = {f["Field"]: f["Value"] for f in request.json.get("Filters", [])}
        kind = wanted.get("instanceType", "m5.large")
        usd = {"m5.large": "0.1150000000", "t3.micro": "0.0120000000"}.get(kind)
        found = [json.dumps(product(kind, usd))] if usd else []
        return Answer(200, {"PriceList": found})


def _split(by: list[str]) -> list[tuple[list[str], str]]:
    """Ten dollars a day, split by team, or by machine and purchase option."""
    if by[:1] == ["RESOURCE_ID"]:
        machine = "i-0000000000000001"
        return [
            ([machine, "On Demand Instances"], "6.0"), ([machine, "Savings Plans"], "2.0"),
            (["NoResourceId", "Standard Reserved Instances"], "2.0"),
        ]  # fmt: skip
    teams = [("team$core", "6.5"), ("team$Data ", "2.5"), ("team$", "1.0")]
    parts = teams if by[1:] == ["team"] else [("", "10.0")]
    return [(["us-east-1", key], usd) for key, usd in parts]


def _amounts(usd: str) -> dict[str, Any]:
    amortised = f"{float(usd) * 0.9:.10f}"
    return {
        "UnblendedCost": {"Amount": usd, "Unit": "USD"},
        "AmortizedCost": {"Amount": amortised, "Unit": "USD"},
    }


def product(kind: str, usd: str) -> dict[str, Any]:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": usd}}
    term = {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": {"a.b.c": dimension}}
    return {
        "product": {"attributes": {"instanceType": kind}},
        "terms": {"OnDemand": {"a.b": term}},
    }


FINDINGS = {
    "instanceRecommendations": [
        {
            "instanceArn": "arn:aws:ec2:us-east-1:123456789012:instance/i-0000000000000001",
            "accountId": "123456789012",
            "currentInstanceType": "m5.large",
            "finding": "OVER_PROVISIONED",
            "findingReasonCodes": ["CPUOverprovisioned"],
            "lookBackPeriodInDays": 14.0,
            "lastRefreshTimestamp": 1_764_028_800,
            "recommendationOptions": [
                {
                    "instanceType": "t3.medium",
                    "rank": 1,
                    "performanceRisk": 1.0,
                    "migrationEffort": "VeryLow",
                    "savingsOpportunity": {
                        "savingsOpportunityPercentage": 40.0,
                        "estimatedMonthlySavings": {"currency": "USD", "value": 28.0},
                    },
                }
            ],
        }
    ],
    "errors": [],
}

EMISSIONS = {
    "Results": [
        {
            "TimePeriod": {"Start": "2026-09-01T00:00:00Z", "End": "2026-10-01T00:00:00Z"},
            "DimensionsValues": {
                "USAGE_ACCOUNT_ID": "123456789012",
                "REGION": "us-east-1",
                "SERVICE": "AmazonEC2",
            },
            "ModelVersion": "v3.0.0",
            "EmissionsValues": {
                "TOTAL_LBM_CARBON_EMISSIONS": {"Value": 0.0125, "Unit": "MTCO2e"},
                "TOTAL_MBM_CARBON_EMISSIONS": {"Value": 0.0021, "Unit": "MTCO2e"},
            },
        }
    ]
}


def endpoints(url: str, *names: str) -> dict[str, str]:
    """Environment that points boto3 at this server for what moto lacks, or for what is named."""
    return {f"AWS_ENDPOINT_URL_{name}": url for name in names or ENDPOINTS}


@contextmanager
def aws() -> Iterator[AwsServer]:
    server = AwsServer()
    with serving(server):
        yield server

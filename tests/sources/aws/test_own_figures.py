"""What AWS says itself: findings, list prices, emissions."""

import json
from datetime import UTC, date, datetime

import pytest

from spectra.errors import MalformedError, NotEntitledError, RefusedError
from spectra.sources.aws.emissions import monthly_emissions
from spectra.sources.aws.optimizer import findings
from spectra.sources.aws.pricing import on_demand_prices
from tests.servers.aws import EMISSIONS, FINDINGS, product, refusal
from tests.servers.base import Answer

NOW = datetime.now(UTC)


def test_findings_have_one_spelling(account, aws):
    row = findings(account, "us-east-1", fetched_at=NOW).iloc[0]
    assert (row["instance_id"], row["finding"]) == ("i-0000000000000001", "over_provisioned")
    (option,) = json.loads(row["options"])
    assert (option["instance_type"], option["saving_usd_per_month"]) == ("t3.medium", 28.0)


@pytest.mark.parametrize(
    ("spelt", "finding"),
    [
        ("OVER_PROVISIONED", "over_provisioned"),
        ("Overprovisioned", "over_provisioned"),
        ("UnderProvisioned", "under_provisioned"),
        ("OPTIMIZED", "optimized"),
        ("NotOptimized", "not_optimized"),
    ],
)
def test_every_spelling_of_a_finding(account, aws, spelt, finding):
    found = {**FINDINGS["instanceRecommendations"][0], "finding": spelt}
    aws.answer(
        "GetEC2InstanceRecommendations",
        Answer(200, {"instanceRecommendations": [found], "errors": []}),
    )
    assert findings(account, "us-east-1", fetched_at=NOW).iloc[0]["finding"] == finding


def test_findings_over_several_pages(account, aws):
    aws.answer("GetEC2InstanceRecommendations", Answer(200, {**FINDINGS, "nextToken": "t"}))
    assert len(findings(account, "us-east-1", fetched_at=NOW)) == 2


def test_findings_that_are_not_all_are_refused(account, aws):
    partly = {**FINDINGS, "errors": [{"identifier": "123456789012", "code": "InternalError"}]}
    aws.answer("GetEC2InstanceRecommendations", Answer(200, partly))
    with pytest.raises(RefusedError, match="InternalError"):
        findings(account, "us-east-1", fetched_at=NOW)


def test_an_account_that_has_not_opted_in_says_how(account, aws):
    aws.answer("GetEC2InstanceRecommendations", refusal("OptInRequiredException"))
    with pytest.raises(NotEntitledError, match="opted in") as error:
        findings(account, "us-east-1", fetched_at=NOW)
    assert "Enrol" in error.value.next_step
    assert len(aws.asked("GetEC2InstanceRecommendations")) == 1  # not retried


def test_a_price_that_is_not_listed_has_no_row(account):
    frame = on_demand_prices(account, ["m5.large", "nosuch.type"], ["eu-central-1"], fetched_at=NOW)
    assert frame[["instance_type", "usd_per_hour", "as_of"]].values.tolist() == [
        ["m5.large", 0.115, date(2026, 11, 1)]
    ]


def test_a_price_of_zero_is_no_price(account, aws):
    aws.answer("GetProducts", Answer(200, {"PriceList": [json.dumps(product("m5.large", "0"))]}))
    assert on_demand_prices(account, ["m5.large"], ["us-east-1"], fetched_at=NOW).empty


def test_emissions_in_kilograms_both_bases_apart(account):
    frame, notes = monthly_emissions(account, date(2026, 9, 1), date(2026, 11, 1), fetched_at=NOW)
    assert notes == ()
    by_type = frame.set_index("emissions_type")["emissions_kg"]
    assert by_type["TOTAL_LBM_CARBON_EMISSIONS"] == pytest.approx(12.5)
    assert by_type["TOTAL_MBM_CARBON_EMISSIONS"] == pytest.approx(2.1)
    assert set(frame["month"]) == {date(2026, 9, 1)}
    assert set(frame["model_version"]) == {"v3.0.0"}


def test_emissions_in_an_unknown_unit_are_refused(account, aws):
    values = {"TOTAL_LBM_CARBON_EMISSIONS": {"Value": 1.0, "Unit": "lbs"}}
    result = {**EMISSIONS["Results"][0], "EmissionsValues": values}
    aws.answer("/v1/estimated-carbon-emissions", Answer(200, {"Results": [result]}))
    with pytest.raises(MalformedError, match="unknown unit"):
        monthly_emissions(account, date(2026, 9, 1), date(2026, 11, 1), fetched_at=NOW)


def test_emissions_that_cannot_be_are_left_out_and_said(account, aws):
    lies = (-5.0, float("nan"), float("inf"), 1e300, 2e7)
    kinds = ("TOTAL_LBM", "TOTAL_MBM", "TOTAL_SCOPE_1", "TOTAL_SCOPE_2_LBM", "TOTAL_SCOPE_2_MBM")
    values = {
        f"{kind}_CARBON_EMISSIONS": {"Value": value, "Unit": "MTCO2e"}
        for kind, value in (*zip(kinds, lies, strict=True), ("TOTAL_SCOPE_3_LBM", 0.0))
    }
    result = {**EMISSIONS["Results"][0], "EmissionsValues": values}
    aws.answer("/v1/estimated-carbon-emissions", Answer(200, {"Results": [result]}))
    frame, (note,) = monthly_emissions(account, date(2026, 9, 1), date(2026, 11, 1), fetched_at=NOW)
    assert dict(zip(frame["emissions_type"], frame["emissions_kg"], strict=True)) == {
        "TOTAL_SCOPE_3_LBM_CARBON_EMISSIONS": 0.0
    }
    assert note == "5 of AWS's emissions figures were implausible and are left out."

"""Cost Explorer: every page, every cut on its own, bases apart, the last days provisional."""

from datetime import UTC, date, datetime, timedelta

import pytest

from spectra.errors import MalformedError, NotEntitledError
from spectra.sources.aws.costs import daily_costs, resource_costs
from tests.servers.aws import refusal
from tests.servers.base import Answer

NOW = datetime.now(UTC)
TODAY = NOW.date()
START, END = TODAY - timedelta(days=4), TODAY + timedelta(days=1)


def page(day, token=None, usd="1.0"):
    amount = {"Amount": usd, "Unit": "USD"}
    group = {"Keys": ["us-east-1", "team$a"], "Metrics": {"UnblendedCost": amount}}
    period = {"Start": f"{day}", "End": f"{day + timedelta(days=1)}"}
    body = {"ResultsByTime": [{"TimePeriod": period, "Estimated": False, "Groups": [group]}]}
    return Answer(200, body | ({"NextPageToken": token} if token else {}))


def test_costs_by_day_service_region_and_team(account):
    frame = daily_costs(account, START, END, team_tag="team", now=NOW)
    assert set(frame["service"]) == {"Amazon EC2", "EC2 - Other"}
    assert set(frame["team"]) == {"core", "Data", "unallocated"}
    one_day = frame[frame["day"].eq(START) & frame["service"].eq("Amazon EC2")]
    assert one_day["billed_cost_usd"].sum() == pytest.approx(10.0)
    assert one_day["effective_cost_usd"].sum() == pytest.approx(9.0)
    assert one_day["list_cost_usd"].isna().all()


def test_the_last_two_days_are_provisional(account):
    frame = daily_costs(account, START, END, team_tag=None, now=NOW)
    provisional = frame.groupby("day")["is_provisional"].first().to_dict()
    assert provisional == {
        START: False,
        TODAY - timedelta(days=3): False,
        TODAY - timedelta(days=2): False,
        TODAY - timedelta(days=1): True,
        TODAY: True,
    }


def test_the_question_names_account_service_and_exclusive_end(account, aws):
    daily_costs(account, START, END, team_tag="Team", now=NOW)
    asked = aws.asked("GetCostAndUsage")[0].json
    assert asked["TimePeriod"] == {"Start": f"{START}", "End": f"{END}"}
    assert asked["GroupBy"] == [
        {"Type": "DIMENSION", "Key": "REGION"},
        {"Type": "TAG", "Key": "Team"},
    ]
    values = {f["Dimensions"]["Key"]: f["Dimensions"]["Values"] for f in asked["Filter"]["And"]}
    assert values["LINKED_ACCOUNT"] == ["111111111111"]


def test_all_pages_are_read_and_each_is_charged(account, aws):
    days = [START, START + timedelta(days=1), START + timedelta(days=2)]
    aws.answer("GetCostAndUsage", page(days[0], "t1"), page(days[1], "t2"), page(days[2]))
    frame = daily_costs(account, START, END, team_tag="team", now=NOW)
    first = frame[frame["service"].eq("Amazon EC2")]
    assert list(first["day"]) == days
    assert first["effective_cost_usd"].isna().all()  # not stated is not zero
    assert account.meter.estimated_usd == pytest.approx(0.04)


def test_a_token_that_comes_again_ends_with_an_error(account, aws):
    aws.answer("GetCostAndUsage", page(START, "t1"), page(START, "t1"))
    with pytest.raises(MalformedError, match="repeats a page"):
        daily_costs(account, START, END, team_tag="team", now=NOW)


@pytest.mark.parametrize("day", [date(2025, 3, 1), date(2024, 2, 29), date(2025, 12, 31)])
def test_no_day_asked_for_asks_nobody(account, aws, day):
    assert daily_costs(account, day, day, team_tag=None, now=NOW).empty
    assert aws.asked("GetCostAndUsage") == []


def test_resources_of_the_last_fourteen_days_at_most(account, aws):
    frame = resource_costs(account, TODAY - timedelta(days=60), END, now=NOW)
    assert set(frame["resource_id"]) == {"i-0000000000000001"}  # what belongs to none is left out
    day = frame[frame["day"].eq(START)].set_index("purchase_option")
    assert day["billed_cost_usd"].to_dict() == pytest.approx(
        {"on-demand": 6.0, "savings-plan": 2.0}
    )
    assert day["effective_cost_usd"].sum() == pytest.approx(7.2)
    asked = aws.asked("GetCostAndUsageWithResources")[0].json
    assert asked["TimePeriod"]["Start"] == f"{TODAY - timedelta(days=14)}"


def test_a_denied_question_names_the_permission(account, aws):
    aws.answer(
        "GetCostAndUsage",
        refusal("AccessDeniedException", "User: arn:aws:iam::1:user/a is not authorized to "
                "perform: ce:GetCostAndUsage on resource: *"),
    )  # fmt: skip
    with pytest.raises(NotEntitledError) as error:
        daily_costs(account, START, END, team_tag=None, now=NOW)
    assert error.value.action == "ce:GetCostAndUsage"
    assert "ce:GetCostAndUsage" in error.value.next_step

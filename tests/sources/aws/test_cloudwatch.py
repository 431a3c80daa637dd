"""Utilisation: within CloudWatch's limits, whole rows, unknown is not zero."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.sources.aws import Access
from spectra.sources.aws.cloudwatch import (
    ALWAYS,
    MAX_POINTS,
    MAX_QUERIES,
    Query,
    failed_inside,
    merge_pages,
    plan_calls,
    plan_metrics,
    utilisation_batches,
)
from spectra.sources.aws.metric_frame import utilisation_frame
from tests.sources.aws.conftest import OWN

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def wanted(*rows: dict) -> pd.DataFrame:
    plain = {
        "instance_type": "m5.large",
        "is_burstable": False,
        "has_gpu": False,
        "start": NOW - 4 * HOUR,
        "end": NOW + HOUR,
    }
    frame = pd.DataFrame([{**plain, **row} for row in rows])
    for column in ("start", "end"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    return frame


def fleet(count: int, hours: int) -> pd.DataFrame:
    return wanted(
        *({"instance_id": f"i-{n}", "start": NOW - hours * HOUR, "end": NOW} for n in range(count))
    )


def read(moto, region, frame):
    account = Access(OWN, max_attempts=1).account()
    batches = list(utilisation_batches(account, region, frame))
    rows = pd.concat([b.frame for b in batches]).set_index(["instance_id", "hour"])
    return rows, {note for b in batches for note in b.notes}, account.meter


def test_averages_maxima_and_sums_by_hour(moto):
    at = NOW - 2 * HOUR
    moto.put("us-east-1", "CPUUtilization",
             {at + timedelta(minutes=1): 10.0, at + timedelta(minutes=6): 30.0},
             InstanceId="i-1")  # fmt: skip
    moto.put("us-east-1", "NetworkIn", {at + timedelta(minutes=1): 5e6}, InstanceId="i-1")
    rows, notes, _ = read(moto, "us-east-1", wanted({"instance_id": "i-1"}))
    row = rows.loc["i-1", pd.Timestamp(at)]
    assert (row["cpu_avg_pct"], row["cpu_max_pct"]) == (20.0, 30.0)
    assert row["network_in_bytes"] == 5e6
    assert notes == set()


def test_an_hour_without_a_point_has_no_row_and_an_unknown_value_is_not_zero(moto):
    at = NOW - 2 * HOUR
    moto.put("us-east-1", "CPUUtilization", {at + timedelta(minutes=1): 10.0}, InstanceId="i-1")
    rows, _, _ = read(moto, "us-east-1", wanted({"instance_id": "i-1"}, {"instance_id": "i-new"}))
    assert list(rows.index.get_level_values("instance_id").unique()) == ["i-1"]
    assert len(rows) == 1
    assert pd.isna(rows.iloc[0]["memory_avg_pct"])
    assert pd.isna(rows.iloc[0]["cpu_credit_balance"])


def test_memory_is_found_under_its_real_dimensions(moto):
    at = {NOW - HOUR + timedelta(minutes=1): 62.0}
    moto.put("us-east-1", "mem_used_percent", at, "CWAgent", InstanceId="i-1", ImageId="ami-1",
             InstanceType="m5.large")  # fmt: skip
    rows, _, _ = read(moto, "us-east-1", wanted({"instance_id": "i-1"}))
    assert rows.iloc[0]["memory_avg_pct"] == 62.0
    assert rows.iloc[0]["memory_max_pct"] == 62.0


def test_memory_is_read_under_the_type_that_a_machine_has_now():
    old, now, bare = (
        (("InstanceId", "i-1"), *((("InstanceType", kind),) if kind else ()), ("ImageId", "ami-1"))
        for kind in ("m5.4xlarge", "m5.large", "")
    )
    for known, expected in (
        ([old, now], now), ([now, old], now), ([old], old), ([old, bare], bare), ([now, bare], bare)
    ):  # fmt: skip
        (call,) = plan_calls(wanted({"instance_id": "i-1"}), {"i-1": known}, {})
        asked = [q.dimensions for q in call.queries if q.metric.namespace == "CWAgent"]
        assert asked == [expected] * 2


def test_credits_of_burstable_types_alone(moto):
    at = {NOW - HOUR + timedelta(minutes=1): 144.0}
    for name in ("i-t3", "i-m5"):
        moto.put("us-east-1", "CPUCreditBalance", at, InstanceId=name)
        moto.put("us-east-1", "CPUUtilization", dict.fromkeys(at, 44.0), InstanceId=name)
    rows, _, _ = read(
        moto,
        "us-east-1",
        wanted({"instance_id": "i-t3", "is_burstable": True}, {"instance_id": "i-m5"}),
    )
    credit = rows["cpu_credit_balance"].droplevel("hour")
    assert credit["i-t3"] == 144.0
    assert pd.isna(credit["i-m5"])


def test_every_metric_asked_for_is_charged(moto):
    _, _, meter = read_with_cpu(moto)
    assert meter.estimated_usd == pytest.approx(len(ALWAYS) * 0.01 / 1000)


def read_with_cpu(moto):
    moto.put("us-east-1", "CPUUtilization", {NOW - HOUR: 1.0}, InstanceId="i-1")
    return read(moto, "us-east-1", wanted({"instance_id": "i-1"}))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 400), hours=st.integers(1, 24 * 400))
def test_no_call_goes_over_the_limits_and_no_instance_is_split(count, hours):
    calls = list(plan_calls(fleet(count, hours), {}, {}))
    seen = []
    for call in calls:
        points = (call.end - call.start) // HOUR
        assert len(call.queries) <= MAX_QUERIES
        assert len(call.queries) * points <= MAX_POINTS or len(call.queries) == len(ALWAYS)
        seen += list(dict.fromkeys(q.instance_id for q in call.queries))
    assert sorted(seen) == sorted(f"i-{n}" for n in range(count))


def test_fourteen_days_of_two_hundred_instances_are_few_calls():
    estimate = plan_metrics(fleet(200, 24 * 14))
    assert estimate.metric_count == 200 * len(ALWAYS)
    assert estimate.request_count == 4  # 300 queries of 336 points each
    assert estimate.estimated_usd == pytest.approx(0.012)


def test_a_start_beyond_the_retention_is_clipped():
    (call,) = plan_calls(fleet(1, 24 * 600), {}, {})
    assert NOW - call.start <= timedelta(days=455) + HOUR


def query(instance_id="i-1", position=0):
    return Query(instance_id, ALWAYS[position], (("InstanceId", instance_id),))


def result(name, points, status="Complete"):
    times, values = zip(*points, strict=True) if points else ((), ())
    return {"Id": name, "Timestamps": times, "Values": values, "StatusCode": status}


def test_a_query_in_parts_on_several_pages_is_put_together_in_order():
    pages = [
        {"MetricDataResults": [result("q0", [(NOW, 3.0)], "PartialData")]},
        {"MetricDataResults": [result("q0", [(NOW - HOUR, 2.0)])]},
    ]
    series, problems = merge_pages({"q0": query()}, pages, "us-east-1")
    frame = utilisation_frame(series)
    assert list(frame["cpu_avg_pct"]) == [2.0, 3.0]
    assert problems == []


@pytest.mark.parametrize("status", ["Forbidden", "InternalError"])
def test_what_cloudwatch_does_not_answer_is_noted_and_not_zero(status):
    pages = [{"MetricDataResults": [result("q0", [], status)]}]
    series, problems = merge_pages({"q0": query()}, pages, "eu-west-1")
    assert utilisation_frame(series).empty
    assert problems == [f"CloudWatch in eu-west-1 gave no CPUUtilization ({status})."]
    # What is forbidden would be asked for, and paid, until somebody changes a policy.
    again = {"i-1"} if status == "InternalError" else set()
    assert failed_inside({"q0": query()}, pages) == again


def test_times_of_another_zone_become_utc_hours():
    from zoneinfo import ZoneInfo

    local = datetime(2026, 11, 25, 14, 5, tzinfo=ZoneInfo("Asia/Kolkata"))
    series, _ = merge_pages(
        {"q0": query()}, [{"MetricDataResults": [result("q0", [(local, 1.0)])]}], "x"
    )
    assert utilisation_frame(series)["hour"][0] == pd.Timestamp("2026-11-25T08:00Z")

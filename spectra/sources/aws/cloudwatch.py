"""Hourly utilisation from CloudWatch, asked for in as few and as small calls as it allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from spectra.errors import NotEntitledError
from spectra.sources.aws.access import CLOUDWATCH_USD_PER_METRIC, Account
from spectra.sources.aws.metric_frame import Series, plausible, utilisation_frame
from spectra.sources.aws.pages import paginate

MAX_QUERIES, MAX_POINTS = 500, 100_800
PERIOD = timedelta(hours=1)
RETENTION = timedelta(days=455)
AGENT = "CWAgent"


class Metric(NamedTuple):
    """One series of an instance: what CloudWatch calls it and our column for it."""

    column: str
    namespace: str
    name: str
    statistic: str


ALWAYS = (
    Metric("cpu_avg_pct", "AWS/EC2", "CPUUtilization", "Average"),
    Metric("cpu_max_pct", "AWS/EC2", "CPUUtilization", "Maximum"),
    Metric("network_in_bytes", "AWS/EC2", "NetworkIn", "Sum"),
    Metric("network_out_bytes", "AWS/EC2", "NetworkOut", "Sum"),
    Metric("ebs_read_bytes", "AWS/EC2", "EBSReadBytes", "Sum"),
    Metric("ebs_write_bytes", "AWS/EC2", "EBSWriteBytes", "Sum"),
)
BURSTABLE = (Metric("cpu_credit_balance", "AWS/EC2", "CPUCreditBalance", "Average"),)
MEMORY = (
    Metric("memory_avg_pct", AGENT, "mem_used_percent", "Average"),
    Metric("memory_max_pct", AGENT, "mem_used_percent", "Maximum"),
)
GPU = (Metric("gpu_avg_pct", AGENT, "nvidia_smi_utilization_gpu", "Average"),)

Dimensions = tuple[tuple[str, str], ...]
AgentSeries = dict[str, list[Dimensions]]


class Query(NamedTuple):
    """One series to ask for."""

    instance_id: str
    metric: Metric
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class Call:
    """Queries that share a span and fit into one call."""

    start: datetime
    end: datetime
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class MetricEstimate:
    """What a read would ask for, made without asking.

    Attributes
    ----------
    estimated_usd : float
        At the price of one metric each [USD]; agent metrics are not among them.
    """

    request_count: int
    metric_count: int
    estimated_usd: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Tidy ``utilisation`` rows of some instances, and what could not be read of them.

    Attributes
    ----------
    answered : frozenset of str
        Instances of which all was answered, be it that nothing is known or may be read.
    is_whole : bool
        Whether those are all that were asked for.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    answered: frozenset[str] = frozenset()
    is_whole: bool = True


def plan_metrics(wanted: pd.DataFrame) -> MetricEstimate:
    """Estimate a read of `wanted` (see `utilisation_batches`)."""
    calls = list(plan_calls(wanted, {}, {}))
    count = sum(len(call.queries) for call in calls)
    return MetricEstimate(len(calls), count, count * CLOUDWATCH_USD_PER_METRIC)


def utilisation_batches(account: Account, region: str, wanted: pd.DataFrame) -> Iterator[Batch]:
    """Read the hours of instances, a batch a call.

    Parameters
    ----------
    wanted : DataFrame
        Columns instance_id, instance_type, is_burstable, has_gpu, start and end (aware UTC hours,
        the end exclusive).

    Yields
    ------
    Batch
        Every hour of its instances that has at least one value; a value that CloudWatch does not
        have is NaN, never 0.

    Raises
    ------
    SourceError
        NotEntitledError if metrics may not be read at all.
    """
    if wanted.empty:
        return
    notes: list[str] = []
    memory = _agent_series(account, region, MEMORY[0].name, notes)
    gpu = _agent_series(account, region, GPU[0].name, notes) if wanted["has_gpu"].any() else {}
    for call in plan_calls(wanted, memory, gpu):
        asked = {f"q{number}": query for number, query in enumerate(call.queries)}
        pages = _read(account, region, call, asked)
        series, problems = merge_pages(asked, pages, region)
        series, left_out = plausible(series, call.start, call.end)
        every, failed = {query.instance_id for query in call.queries}, failed_inside(asked, pages)
        notes_here = (*notes, *problems, *left_out)
        yield Batch(utilisation_frame(series), notes_here, frozenset(every - failed), not failed)


def plan_calls(wanted: pd.DataFrame, memory: AgentSeries, gpu: AgentSeries) -> Iterator[Call]:
    """Group instances by their span, so that no call goes over CloudWatch's limits.

    All queries of an instance stay in one call: its rows are whole.
    """
    earliest = pd.Timestamp.now("UTC").floor("h") - RETENTION
    clipped = wanted.assign(start=wanted["start"].mask(wanted["start"] < earliest, earliest))
    for span, group in clipped.groupby(["start", "end"], sort=True):
        start, end = (moment.to_pydatetime() for moment in span)  # type: ignore[attr-defined]
        points = max(1, int((end - start) / PERIOD))
        limit = max(1, min(MAX_QUERIES, MAX_POINTS // points))
        batch: list[Query] = []
        for row in group.itertuples(index=False):
            queries = _queries(row, memory, gpu)
            if batch and len(batch) + len(queries) > limit:
                yield Call(start, end, tuple(batch))
                batch = []
            batch += queries
        if batch:
            yield Call(start, end, tuple(batch))


def _queries(row: Any, memory: AgentSeries, gpu: AgentSeries) -> list[Query]:
    own: Dimensions = (("InstanceId", row.instance_id),)
    queries = [
        Query(row.instance_id, metric, own)
        for metric in (*ALWAYS, *(BURSTABLE if row.is_burstable else ()))
    ]
    # Several sets of dimensions are the same memory reported twice; several GPUs are not.
    for dimensions in sorted(memory.get(row.instance_id, []), key=partial(_rank, row))[:1]:
        queries += [Query(row.instance_id, metric, dimensions) for metric in MEMORY]
    for dimensions in gpu.get(row.instance_id, []):
        queries += [Query(row.instance_id, metric, dimensions) for metric in GPU]
    return queries


def _rank(row: Any, dimensions: Dimensions) -> tuple[bool, int]:
    """The fewest dimensions first, those of a type that the machine no longer has last."""
    kind = dict(dimensions).get("InstanceType", row.instance_type)
    return kind != row.instance_type, len(dimensions)


def _agent_series(account: Account, region: str, metric: str, notes: list[str]) -> AgentSeries:
    """Sets of dimensions under which the agent of each instance reports a metric."""
    found: AgentSeries = {}
    try:
        for page in paginate(
            account, "cloudwatch:ListMetrics", "list_metrics", region,
            Namespace=AGENT, MetricName=metric,
        ):  # fmt: skip
            for series in page["Metrics"]:
                dimensions = tuple((d["Name"], d["Value"]) for d in series["Dimensions"])
                instance_id = dict(dimensions).get("InstanceId")
                if instance_id:
                    found.setdefault(instance_id, []).append(dimensions)
    except NotEntitledError as error:
        notes.append(f"{error.message} Memory and GPU load are unknown there.")
    return found


def _read(
    account: Account, region: str, call: Call, asked: dict[str, Query]
) -> list[dict[str, Any]]:
    """All pages of a call."""
    pages = []
    for page in paginate(
        account, "cloudwatch:GetMetricData", "get_metric_data", region,
        MetricDataQueries=[_as_sent(name, query) for name, query in asked.items()],
        StartTime=call.start, EndTime=call.end, ScanBy="TimestampAscending",
    ):  # fmt: skip
        account.meter.charge(len(asked) * CLOUDWATCH_USD_PER_METRIC)
        pages.append(page)
    return pages


def merge_pages(
    asked: dict[str, Query], pages: Iterable[dict[str, Any]], region: str
) -> tuple[list[Series], list[str]]:
    """Series by query over all pages, and what CloudWatch could not answer.

    A query may come in parts on several pages. One that is forbidden or failed inside CloudWatch
    is noted and has no values.
    """
    values: dict[str, list[tuple[datetime, float]]] = {}
    problems: list[str] = []
    for page in pages:
        for result in page["MetricDataResults"]:
            name, status = result["Id"], result.get("StatusCode", "Complete")
            if name not in asked:
                continue
            if status in ("Forbidden", "InternalError"):
                metric = asked[name].metric.name
                problems.append(f"CloudWatch in {region} gave no {metric} ({status}).")
                continue
            values.setdefault(name, []).extend(
                zip(result["Timestamps"], result["Values"], strict=True)
            )
    series = [
        Series(asked[name].instance_id, asked[name].metric.column, points)
        for name, points in values.items()
    ]
    return series, list(dict.fromkeys(problems))


def failed_inside(asked: dict[str, Query], pages: Iterable[dict[str, Any]]) -> set[str]:
    """Instances that CloudWatch failed to answer for, and are to be asked for again.

    What is forbidden is an answer: it lasts until somebody changes a policy, and each question
    costs. Who has changed it reads again with ``--since``.
    """
    return {
        asked[result["Id"]].instance_id
        for page in pages
        for result in page["MetricDataResults"]
        if result.get("StatusCode") == "InternalError" and result["Id"] in asked
    }


def _as_sent(name: str, query: Query) -> dict[str, Any]:
    dimensions: Sequence[dict[str, str]] = [
        {"Name": key, "Value": value} for key, value in query.dimensions
    ]
    metric = {
        "Namespace": query.metric.namespace,
        "MetricName": query.metric.name,
        "Dimensions": dimensions,
    }
    return {
        "Id": name,
        "MetricStat": {
            "Metric": metric,
            "Period": int(PERIOD.total_seconds()),
            "Stat": query.metric.statistic,
        },
    }

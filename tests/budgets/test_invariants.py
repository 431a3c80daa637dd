"""What holds of every fleet, however its owners, pools, credits and hours lie."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import allocation, budgets, chargeback, teams
from spectra.chargeback_rows import PARTS, SCOPE1
from spectra.insight.allocation import UNALLOCATED, Pool, Rules, total_of
from spectra.insight.budgets import period_of
from spectra.moments import DAY, HOUR
from spectra.store import budget_log
from spectra.store.budget_log import new_budget
from spectra.store.emission_queries import TOTAL_G
from spectra.store.writes import write_costs
from tests import copies, fleet
from tests.budgets.conftest import ACCOUNTS, CATALOG, cost, running, utc, with_fleet
from tests.store.conftest import with_factors

# Ends of months, one of a leap year, and both changes of the clocks of Berlin and New York.
SPANS = (
    ("2026-10-24T13:00", "2026-10-27T05:00"),
    ("2026-10-30", "2026-11-02T23:00"),
    ("2027-03-27", "2027-03-29T01:00"),
    ("2027-03-13T01:00", "2027-03-15"),
    ("2028-02-28", "2028-03-02"),
    ("2026-12-30T07:00", "2027-01-02"),
)
NAMES = st.sampled_from(["web", "data", "net", "sales", None])
TEAM = st.sampled_from(["web", "data", "net", "sales", "web2"])
USD = st.none() | st.floats(-50, 50) | st.sampled_from([0.0, 0.005, -1e-7])
MACHINE = st.fixed_dictionaries(
    {
        "team": NAMES,
        "shared": st.booleans(),
        "account_id": st.sampled_from(ACCOUNTS),
        "region": st.sampled_from(["eu-central-1", "eu-north-1", "us-east-1"]),
        "volume": st.sampled_from([None, "its own", "inherited"]),
        "usd": USD,
    }
)


@st.composite
def pools(draw):
    found = []
    for number in range(draw(st.integers(0, 2))):
        by = draw(st.sampled_from(["direct", "even", "fixed"]))
        match, key = draw(
            st.sampled_from([("tag", "shared=nat"), ("service", "Amazon EBS"), ("team", "net"),
                             ("account", ACCOUNTS[1])])
        )  # fmt: skip
        shares = {"web": 100 / 3, "sales": draw(st.floats(0, 60))} if by == "fixed" else {}
        among = tuple(draw(st.lists(TEAM, max_size=3))) if by != "fixed" else ()
        found.append(Pool(f"p{number}", match, key, by, shares, among))
    return tuple(found)


@st.composite
def rules(draw):
    accounts = draw(st.sampled_from([{}, {ACCOUNTS[1]: "it"}]))
    aliases = draw(st.sampled_from([{}, {"web2": "web"}, {"data": "web"}]))
    policy = draw(st.sampled_from(["visible", "direct", "even"]))
    return Rules(aliases, accounts, draw(pools()), policy)


# Rows are rounded to six digits, each sum of theirs once.
ULP = Decimal("0.000002")
FLEETS = {
    "span": st.sampled_from(SPANS),
    "machines": st.lists(MACHINE, min_size=1, max_size=6),
    "first": rules(),
    "second": st.none() | rules(),
}


@contextmanager
def filled(span, machines, first, second):
    """A store of these machines, whose rules change within the span where there are second ones."""
    with TemporaryDirectory() as folder:
        store = copies.opened(Path(folder) / "store.duckdb", with_factors)
        try:
            yield _filled(store, span, machines, first, second)
        finally:
            store.close()


def _filled(store, span, machines, first, second):
    rows, volumes, usd = [], [], []
    last = pd.Timestamp(span[1]) - pd.Timedelta("1h")
    days = pd.date_range(pd.Timestamp(span[0]).normalize(), last.normalize(), freq="D")
    for number, one in enumerate(machines):
        tags = {"shared": "nat"} if one["shared"] else {}
        where = {"region": one["region"], "account_id": one["account_id"]}
        rows.append(running(number, one["team"], tags=tags, **where))
        if one["volume"]:
            of = {"instance_id": f"i-{number:03d}"} if one["volume"] == "inherited" else {}
            own = {} if of else {"tags": {"team": "data"}}
            volumes.append({"volume_id": f"vol-{number}", "valid_from": "2026-01-01",
                            **where, **of, **own})  # fmt: skip
        usd += [cost(day.date(), f"i-{number:03d}", one["usd"], one["region"]) for day in days]
    with_fleet(store, *rows, start=span[0], end=span[1], volumes=volumes)
    write_costs(store, pd.DataFrame(usd))
    budget_log.keep_rules(store, first, date(2026, 1, 1))
    if second is not None:
        budget_log.keep_rules(store, second, days[1].date())
    return store


def added(values):
    return sum((value for value in values if value is not None), Decimal(0))


def stored(store, column, table="emissions_daily"):
    return store.row(f"SELECT coalesce(sum({column}), 0) FROM {table}")[0]


@given(**FLEETS)
@settings(max_examples=12, deadline=None)
def test_statements_add_up(span, machines, first, second):
    with filled(span, machines, first, second) as store:
        start, end = utc(span[0]), utc(span[1])
        months = [period_of("month", start)]
        while months[-1].end < end:
            months.append(months[-1].next)
        made = [chargeback.statement(store, CATALOG, month, end, 87.5) for month in months]
        the_store_has_it_all(store, made)
        for one in made:
            rows_are_within_what_is_accounted_for(one, start, end)
            its_parts_are_the_whole(one)
        same = chargeback.statement(store, CATALOG, months[0], end, 87.5)
        assert same.run.manifest["content_sha256"] == made[0].run.manifest["content_sha256"]


def the_store_has_it_all(store, made):
    """Of each month the figures are rounded once: as many may be off by half a unit."""
    most = Decimal("0.0000005") * len(made) + Decimal("1e-9")
    sums = {
        "x_TotalLbKg": stored(store, TOTAL_G) / 1000,
        "x_EnergyKWh": stored(store, "energy_kwh"),
        "EffectiveCost": stored(store, "effective_cost_usd", "costs"),
        "ListCost": stored(store, "list_cost_usd", "costs"),
        "x_CarbonCharge": stored(store, TOTAL_G) / 1e6 * 87.5,
    }
    for column, exact in sums.items():
        shown = sum((added(one.rows[column]) for one in made), Decimal(0))
        assert abs(shown - Decimal(exact)) <= most, column
    if len(made) == 1:
        assert added(made[0].rows["EffectiveCost"]) == total_of([sums["EffectiveCost"]], 6)
    hours = sum((added(one.rows["ConsumedQuantity"]) for one in made), Decimal(0))
    exact = stored(store, "resource_hours", "emissions_spread")
    assert float(hours) == pytest.approx(exact, abs=1e-6)


def rows_are_within_what_is_accounted_for(made, start, end):
    for row in made.rows.to_dict("records"):
        parts = [row[name] for name in (SCOPE1, *PARTS) if not pd.isna(row[name])]
        assert pd.isna(row["x_TotalLbKg"]) == (not parts)
        assert sum(parts) == (row["x_TotalLbKg"] if parts else 0)
        assert utc_of(row["ChargePeriodStart"]) >= max(start, made.run.start)
        assert utc_of(row["ChargePeriodEnd"]) <= min(end, made.run.end)
        assert row["ChargePeriodStart"] < row["ChargePeriodEnd"]
        assert row["x_TotalLbKg"] is None or pd.isna(row["x_TotalLbKg"]) or row["x_TotalLbKg"] >= 0


def utc_of(text):
    return fleet.as_datetime(pd.Timestamp(text))


def its_parts_are_the_whole(made):
    parts = [chargeback.of_team(made, name) for name in made.teams["team"]]
    assert sum(len(part.rows) for part in parts) == len(made.rows)
    for column, of, unit in (
        ("x_TotalLbKg", "total_kg", Decimal("0.001")),
        ("x_EnergyKWh", "energy_kwh", Decimal("0.001")),
        ("EffectiveCost", "effective_usd", Decimal("0.01")),
        ("ListCost", "list_usd", Decimal("0.01")),
    ):
        sums = [added(part.rows[column]) for part in parts]
        assert sum(sums, Decimal(0)) == added(made.rows[column])
        # The table of teams is rounded from the same sums, to fewer digits.
        assert abs(added(made.teams[of]) - sum(sums, Decimal(0))) <= unit / 2 + ULP
        for part, exact, shown in zip(parts, sums, made.teams[of], strict=True):
            assert part.rows[column].notna().any() == (shown is not None)
            assert shown is None or abs(shown - exact) <= unit + ULP, (column, shown, exact)
    amounts = [made.rows[name] for name in ("EffectiveCost", "ListCost", "BilledCost")]
    for value in pd.concat([*amounts, made.teams["effective_usd"], made.teams["list_usd"]]):
        assert value is None or not (value.is_zero() and value.is_signed()), "-0.00"


@given(**FLEETS)
@settings(max_examples=7, deadline=None)
def test_whoever_asks_finds_the_same_sums(span, machines, first, second):
    """The league, days, places, a budget's use and the resources of a statement agree."""
    last = utc(span[1]) - HOUR
    start, end = utc(span[0]).date(), last.date() + DAY
    with filled(span, machines, first, second) as store:
        league = allocation.league(store, start, end).set_index("team")
        assert league["total_g"].sum() == pytest.approx(stored(store, TOTAL_G))
        assert (league["total_g"] >= 0).all()
        policy = allocation.rules_on(store, end - DAY).unallocated
        deals = policy != "visible" and set(league.index) != {UNALLOCATED}
        rest = league["none_g"].sum() if deals else 0.0
        assert league["distributed_g"].sum() == pytest.approx(rest)
        rows = allocation.allocated_resources(store, start, end)
        resources = rows.groupby("team")["total_g"].sum()
        for name, total in league["total_g"].items():
            assert resources[name] == pytest.approx(total), name
            assert teams.days(store, name, start, end)["total_g"].sum() == pytest.approx(total)
            parts = [teams.places(store, name, *days) for days in months(start, end)]
            assert sum(part["total_g"].sum() for part in parts) == pytest.approx(total)
            a_budget_has_used_as_much(store, name, start, last)


def a_budget_has_used_as_much(store, name, start, last):
    for kind in ("month", "quarter"):
        made = budgets.create(store, new_budget("team", name, kind), 1e9, date(2026, 1, 1))
        (found,) = budgets.statuses(store, last, [made])
        since = max(start, found.period.start.date())
        own = allocation.league(store, since, last.date() + DAY).set_index("team")["total_g"]
        # One that the rules have merged since has nothing there, which is not known to be 0.
        assert (found.actual_g or 0.0) == pytest.approx(own.get(name, 0.0), abs=1e-9), kind


def months(start, end):
    firsts = [day.date() for day in pd.date_range(start, end, freq="MS")]
    return pairwise([start, *(day for day in firsts if start < day < end), end])


@pytest.mark.parametrize(
    ("month", "hours"),
    [("2026-10", 744), ("2027-03", 744), ("2028-02", 696), ("2027-02", 672), ("2026-11", 720)],
)
def test_a_month_has_its_hours_of_utc_whatever_clocks_do(month, hours):
    """A machine that runs all along has as many, and a budget is spread over as many."""
    period = period_of("month", date.fromisoformat(f"{month}-01"))
    span = (f"{period.start:%Y-%m-%dT%H:%M}", f"{period.end:%Y-%m-%dT%H:%M}")
    one = {"team": "web", "shared": False, "account_id": ACCOUNTS[0], "region": "us-east-1",
           "volume": None, "usd": -0.25}  # fmt: skip
    with filled(span, [one], Rules(), None) as store:
        made = chargeback.statement(store, CATALOG, period, period.end)
        assert made.is_final
        assert made.rows["ConsumedQuantity"].tolist() == [Decimal(hours)]
        assert made.run.manifest["accounted_hours"] == made.run.manifest["hours"] == hours
        days = (period.end - period.start).days
        assert made.rows["EffectiveCost"].tolist() == [Decimal("-0.25") * days]
        kept = budgets.create(store, new_budget("team", "web", "month"), 1000.0, date(2026, 1, 1))
        (found,) = budgets.statuses(store, period.end - HOUR, [kept])
        assert len(found.plan) == hours
        assert found.planned_g == pytest.approx(1000.0)
        assert found.actual_g == pytest.approx(stored(store, TOTAL_G))

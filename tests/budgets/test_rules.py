"""Rules of allocation on a real store: previews, leagues, what nobody owns, names to merge."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from spectra import allocation, teams
from spectra.insight.allocation import Pool, Rules
from spectra.moments import DAY
from spectra.store import budget_log
from spectra.store.emission_queries import TOTAL_G
from spectra.store.ledger import recompute
from spectra.store.writes import write_instances, write_volumes
from tests import fleet
from tests.budgets.conftest import random_fleet, running, utc, with_fleet
from tests.store.conftest import with_factors

START, END = date(2026, 10, 30), date(2026, 11, 3)
NOW = utc("2026-11-02T12:00")


@pytest.fixture
def fleet_store(filled):
    return filled(owned_fleet)


def owned_fleet(store):
    with_factors(store)
    with_fleet(
        store,
        running(1, "web"),
        running(2, "Web"),
        running(3, "payments"),
        running(4, "paymnets"),
        running(5, None, name="lost"),
        running(6, "web", tags={"shared": "NAT "}),
        running(7, None, account_id="222222222222"),
        start="2026-10-30",
        end="2026-11-03",
        volumes=[
            {"volume_id": "vol-own", "valid_from": "2026-01-01", "tags": {"team": "data"}},
            {"volume_id": "vol-child", "valid_from": "2026-01-01", "instance_id": "i-003"},
        ],
    )


def total(store):
    return store.row(f"SELECT sum({TOTAL_G}) FROM emissions_daily")[0]


def by_team(frame, column="total_g"):
    return frame.set_index("team")[column].to_dict()


def test_the_league_says_how_each_came_to_its_total(fleet_store):
    rules = Rules(
        aliases={"paymnets": "payments"},
        accounts={"222222222222": "platform"},
        pools=(Pool("network", "tag", "shared=nat"),),
        unallocated="direct",
    )
    budget_log.keep_rules(fleet_store, rules, date(2026, 1, 1))
    table = allocation.league(fleet_store, START, END).set_index("team")
    assert table["total_g"].sum() == pytest.approx(total(fleet_store))
    parts = ["direct_g", "account_g", "parent_g", "pool_g", "none_g"]
    assert table[parts].sum(axis=1).to_list() == pytest.approx(table["total_g"].to_list())
    one = table.loc["web", "direct_g"] / 2
    assert table.loc["payments", "direct_g"] == pytest.approx(2 * one)
    assert table.loc["payments", "parent_g"] == pytest.approx(table.loc["data", "direct_g"])
    assert table.loc["platform", "account_g"] == pytest.approx(one)
    assert table.loc["unallocated", "none_g"] == pytest.approx(one)
    assert table["pool_g"].sum() == pytest.approx(one)
    assert table["distributed_g"].sum() == pytest.approx(one)
    assert table.loc["unallocated", "distributed_g"] == 0


def test_what_nobody_owns_is_dealt_out_by_what_teams_emit_themselves(fleet_store):
    """A share of a pool is nobody's own: whoever carries most of it would carry more again."""
    shares = {"data": 50, "sales": 50}
    pools = (Pool("network", "tag", "shared=nat", "fixed", shares),)
    for policy in ("direct", "even"):
        rules = Rules(pools=pools, unallocated=policy)
        budget_log.keep_rules(fleet_store, rules, date(2026, 1, 1))
        table = allocation.league(fleet_store, START, END).set_index("team")
        rest = table.loc["unallocated", "none_g"]
        assert table["distributed_g"].sum() == pytest.approx(rest)
        teams = table.drop("unallocated")
        own = teams[["direct_g", "account_g", "parent_g"]].sum(axis=1)
        assert own["sales"] == 0
        shown = (teams["distributed_g"] / rest).to_dict()
        even = dict.fromkeys(teams.index, 1 / len(teams))
        assert shown == pytest.approx(even if policy == "even" else (own / own.sum()).to_dict())


def test_the_rules_of_the_last_day_shown_say_what_is_dealt_out(fleet_store):
    budget_log.keep_rules(fleet_store, Rules(), date(2026, 1, 1))
    budget_log.keep_rules(fleet_store, Rules(unallocated="even"), END)
    assert allocation.league(fleet_store, START, END)["distributed_g"].sum() == 0
    budget_log.keep_rules(fleet_store, Rules(unallocated="even"), END - DAY)
    table = allocation.league(fleet_store, START, END)
    assert table["distributed_g"].sum() == pytest.approx(table["none_g"].sum())


def test_a_default_of_the_account_comes_before_the_parent(fleet_store):
    budget_log.keep_rules(fleet_store, Rules(accounts={"111111111111": "it"}), date(2026, 1, 1))
    table = allocation.league(fleet_store, START, END).set_index("team")
    assert table["parent_g"].sum() == 0
    assert table.loc["it", "account_g"] > table.loc["data", "direct_g"]


def test_the_effect_of_rules_is_shown_before_they_are_saved(fleet_store):
    before = allocation.league(fleet_store, START, END)
    tried = Rules(pools=(Pool("payments", "team", "payments", "even", {}, ("web", "data")),))
    effect = allocation.effect_of(fleet_store, tried, NOW)
    assert effect["before_g"].sum() == pytest.approx(effect["after_g"].sum())
    assert by_team(effect, "before_g") == pytest.approx(by_team(before))
    assert by_team(effect, "after_g")["payments"] == 0
    assert effect["team"].iloc[0] == "payments"
    assert budget_log.rules_by_day(fleet_store) == []
    budget_log.keep_rules(fleet_store, tried, START)
    after = by_team(allocation.league(fleet_store, START, END))
    assert after["web"] == pytest.approx(by_team(effect, "after_g")["web"])


def test_the_worst_of_what_nobody_owns(fleet_store):
    worst = allocation.worst_unallocated(fleet_store, START, END)
    assert worst["resource_id"].tolist() == ["i-005", "i-007"]
    assert worst["name"].tolist()[0] == "lost"
    assert worst["share"].tolist() == pytest.approx([0.5, 0.5])
    assert allocation.worst_unallocated(fleet_store, START, END, limit=1)["share"].iloc[0] == 0.5


def test_names_to_merge_until_they_are(fleet_store):
    (miss,) = allocation.merge_candidates(fleet_store, START, END)
    assert {miss.name, miss.means} == {"paymnets", "payments"}
    merged = allocation.with_alias(Rules(aliases={"pmt": miss.name}), miss.name, miss.means)
    assert merged.aliases == {"pmt": miss.means, miss.name: miss.means}
    budget_log.keep_rules(fleet_store, merged, date(2026, 1, 1))
    assert allocation.merge_candidates(fleet_store, START, END) == []


def test_a_tag_that_changes_puts_a_machine_into_the_pool_from_that_day(fleet_store):
    rules = Rules(pools=(Pool("network", "tag", "shared=nat", "fixed", {"net": 100}),))
    budget_log.keep_rules(fleet_store, rules, date(2026, 1, 1))
    first = by_team(allocation.league(fleet_store, START, END))["net"]
    write_instances(
        fleet_store,
        fleet.instances(
            running(1, "web", valid_to="2026-11-01"),
            running(1, "web", valid_from="2026-11-01", tags={"shared": "nat"}),
        ),
    )
    days = allocation.allocated_days(fleet_store, START, END)
    net = days[days["team"] == "net"].groupby("day")["total_g"].sum()
    assert net.iloc[-1] == pytest.approx(2 * net.iloc[0], rel=0.3)
    assert net.sum() > first


def test_a_volume_follows_its_machine_into_a_pool_and_a_tag_budget(fleet_store):
    """Also from the day on which the machine's tags change; what it says itself comes first."""
    of_six = {"valid_from": "2026-01-01", "instance_id": "i-006"}
    write_instances(
        fleet_store,
        fleet.instances(
            running(6, "web", tags={"shared": "nat"}, valid_to="2026-11-01"),
            running(6, "web", tags={"project": "apollo"}, valid_from="2026-11-01"),
        ),
    )
    write_volumes(
        fleet_store,
        fleet.volumes(
            {"volume_id": "vol-6", **of_six},
            {"volume_id": "vol-data", **of_six, "tags": {"Team": "data"}},
            {"volume_id": "vol-alone", **of_six, "tags": {"shared": "none", "Project": "zeus"}},
        ),
    )
    recompute(fleet_store)
    rules = Rules(pools=(Pool("network", "tag", "shared=nat", "fixed", {"net": 100}),))
    budget_log.keep_rules(fleet_store, rules, date(2026, 1, 1))
    days = allocation.allocated_resources(fleet_store, START, END)
    teams = days.groupby("resource_id")["team"].unique().map(list).to_dict()
    assert teams["i-006"] == teams["vol-6"] == ["net", "web"]
    assert (teams["vol-data"], teams["vol-alone"]) == (["data"], ["web"])
    said = allocation.classes(fleet_store, rules, ["project=apollo"])
    since = said[said["labels"] != ""].set_index("resource_id")["valid_from"]
    assert set(since.index) == {"i-006", "vol-6", "vol-data"}
    assert set(since) == {fleet.utc("2026-11-01")}


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_ever_dropped(store, seed):
    rng = random_fleet(store, seed)
    pools = tuple(
        Pool(f"p{number}", *rng.choice([("tag", "shared=nat"), ("account", "111111111111"),
                                        ("service", "Amazon EBS"), ("team", "web")]),
             *rng.choice([("direct",), ("even",), ("fixed", {"web": 33.3, "a": 33.3})]))
        for number in range(rng.randint(0, 3))
    )  # fmt: skip
    accounts = rng.choice([{}, {"222222222222": "it"}])
    for day in (START, START + timedelta(days=2)):
        budget_log.keep_rules(store, Rules({}, accounts, pools), day)
    whole = total(store)
    assert allocation.allocated_days(store, START, END)["total_g"].sum() == pytest.approx(whole)
    resources = allocation.allocated_resources(store, START, END)
    assert resources["total_g"].sum() == pytest.approx(whole)
    groups = allocation.allocated_groups(store, START, END)
    assert groups["total_g"].sum() == pytest.approx(whole)
    by_place = resources.groupby(["team", "region", "service"])["total_g"].sum(min_count=1).dropna()
    for name in {str(team) for team, _, _ in by_place.index}:
        found = teams.places(store, name, START, END).set_index(["region", "service"])["total_g"]
        assert found.to_dict() == pytest.approx(by_place[name].to_dict())


def test_an_alias_of_an_alias_means_its_team_and_a_circle_nothing():
    rules = Rules({"analytics": "bi"})
    assert allocation.with_alias(rules, "analitics", "analytics").aliases == {
        "analytics": "bi",
        "analitics": "bi",
    }
    assert allocation.with_alias(rules, "bi", "analytics") == rules
    assert allocation.with_alias(rules, "bi", "insight").aliases == {
        "analytics": "insight",
        "bi": "insight",
    }


def test_the_league_of_parts_of_a_month_adds_up_to_its_own(store):
    machines = running(1, "web"), running(2, "data", valid_from="2026-10-10"), running(3, "net")
    with_fleet(store, *machines, start="2026-10-01", end="2026-11-01")
    rules = Rules(pools=(Pool("net", "team", "net"),))
    budget_log.keep_rules(store, rules, date(2026, 1, 1))
    edges = [date(2026, 10, 1), date(2026, 10, 12), date(2026, 11, 1)]
    whole = by_team(allocation.league(store, edges[0], edges[2]))
    parts = [by_team(allocation.league(store, a, b)) for a, b in pairwise(edges)]
    assert parts[0]["data"] + parts[1]["data"] == pytest.approx(whole["data"])
    assert parts[0]["web"] + parts[1]["web"] == pytest.approx(whole["web"])

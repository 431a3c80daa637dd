"""Whose emissions are whose, and rounding that adds up at every level."""

import random
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import InputError
from spectra.insight.allocation import (
    UNALLOCATED,
    Pool,
    Rules,
    allocate,
    apportion,
    apportion_tree,
    distribute,
    near_misses,
    total_of,
)


def decimals(*texts):
    return [Decimal(text) for text in texts]


def test_largest_remainder_vectors():
    assert apportion([12.345, 7.655, 0.5], 1) == decimals("12.3", "7.7", "0.5")
    assert apportion([1 / 3] * 3, 2) == decimals("0.34", "0.33", "0.33")


def test_ties_go_to_the_larger_amount_then_to_the_first():
    assert apportion([0.5, 2.5], 0, Decimal(3)) == decimals("0", "3")
    assert apportion([0.5, 0.5], 0, Decimal(1)) == decimals("1", "0")


def test_amounts_below_zero_are_apportioned_among_themselves():
    parts = apportion([1.004, 1.004, -0.335, -0.335], 2)
    assert sum(parts) == Decimal("1.34")
    assert [part < 0 for part in parts] == [False, False, True, True]
    assert sum(parts[2:]) == Decimal("-0.67")
    assert apportion([-1 / 3] * 3, 2) == decimals("-0.34", "-0.33", "-0.33")


def test_a_small_credit_rounds_to_a_plain_zero():
    assert [str(part) for part in apportion([-1e-9, 1e-9], 2)] == ["0.00", "0.00"]
    assert [str(part) for part in apportion([-1e-9, -0.0], 2)] == ["0.00", "0.00"]
    assert str(total_of([-1e-9], 2)) == "0.00"


AMOUNTS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(AMOUNTS, st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_each_amount_stays_within_a_unit_of_itself(amounts, digits):
    """Within two, where credits stand beside charges and the rest makes up their total."""
    parts = apportion(amounts, digits)
    assert sum(parts) == total_of(amounts, digits)
    unit = Decimal(1).scaleb(-digits)
    are_mixed = min(amounts) < 0 <= max(amounts)
    for part, amount in zip(parts, amounts, strict=True):
        assert abs(part - Decimal(amount)) < (2 if are_mixed else 1) * unit
        assert part == 0 or (part < 0) == (amount < 0)


def test_an_amount_that_is_not_known_is_not_rounded_away():
    with pytest.raises(ValueError, match="not known"):
        apportion([1.0, float("nan")], 1)
    frame = pd.DataFrame({"team": ["a", "a"], "kg": [1.26, None]})
    assert apportion_tree(frame, "kg", ["team"], 1).tolist() == [Decimal("1.3"), None]


@pytest.mark.parametrize("seed", range(40))
def test_every_level_adds_up_whatever_the_numbers(seed):
    rng = random.Random(seed)
    digits, count = rng.randint(0, 6), rng.randint(1, 60)
    scale = 10 ** rng.uniform(-4, 6)
    frame = pd.DataFrame(
        {
            "scope": [rng.choice("xyz") for _ in range(count)],
            "team": [rng.choice(["a", "b", "ünï", "=1"]) for _ in range(count)],
            "kg": [rng.choice([0.0, rng.expovariate(1) * scale, scale / 3]) for _ in range(count)],
        }
    )
    frame["shown"] = apportion_tree(frame, "kg", ["scope", "team"], digits)
    assert frame["shown"].sum() == total_of(list(frame["kg"]), digits)
    for keys in (["scope"], ["scope", "team"]):
        sums = frame.groupby(keys).agg(kg=("kg", "sum"), shown=("shown", "sum"))
        off = [
            abs(Decimal(kg) - shown) for kg, shown in zip(sums["kg"], sums["shown"], strict=True)
        ]
        # Rounded up or down, at each level once.
        assert max(off) <= len(keys) * Decimal(1).scaleb(-digits)


def rows(*given):
    defaults = {"period": "2026-11", "account_id": "1", "service": "Amazon EC2",
                "environment": "production", "tag_pool": "", "is_inherited": False}  # fmt: skip
    return pd.DataFrame([{**defaults, **row} for row in given])


def carried(frame, rules):
    found = allocate(frame, rules, ("total_g",))
    assert found["total_g"].sum() == pytest.approx(frame["total_g"].sum())
    return found.groupby(["team", "method"])["total_g"].sum().to_dict()


def test_the_order_is_direct_account_parent_pool_and_the_rest_stays_visible():
    frame = rows(
        {"team": "web", "total_g": 10.0},
        {"team": "web", "total_g": 4.0, "is_inherited": True},
        {"team": "web", "total_g": 5.0, "is_inherited": True, "account_id": "2"},
        {"team": UNALLOCATED, "total_g": 7.0, "account_id": "2"},
        {"team": UNALLOCATED, "total_g": 3.0},
    )
    assert carried(frame, Rules(accounts={"2": "data"})) == {
        ("web", "direct"): 10.0,
        ("web", "parent"): 4.0,
        ("data", "account"): 12.0,
        (UNALLOCATED, "none"): 3.0,
    }


def test_a_pool_is_dealt_out_as_the_teams_emit_evenly_or_by_fixed_shares():
    frame = rows(
        {"team": "a", "total_g": 30.0},
        {"team": "b", "total_g": 10.0},
        {"team": "net", "total_g": 8.0},
    )

    def of(**more):
        found = carried(frame, Rules(pools=(Pool("shared", "team", "net", **more),)))
        return {team: grams for (team, method), grams in found.items() if method != "direct"}

    assert of() == {"a": 6.0, "b": 2.0}
    assert of(by="even") == {"a": 4.0, "b": 4.0}
    assert of(by="even", teams=("b", "c")) == {"b": 4.0, "c": 4.0}
    assert of(by="fixed", shares={"a": 25, "b": 50}) == {"a": 2.0, "b": 4.0, UNALLOCATED: 2.0}
    # Where those who take part emit nothing, even; where nobody takes part, nobody carries it.
    assert of(teams=("c", "d")) == {"c": 4.0, "d": 4.0}
    alone = Rules(pools=(Pool("shared", "team", "net"),))
    assert carried(rows({"team": "net", "total_g": 8.0}), alone) == {(UNALLOCATED, "none"): 8.0}


def test_the_first_pool_that_matches_holds():
    frame = rows(
        {"team": "a", "total_g": 30.0},
        {"team": "net", "total_g": 8.0, "service": "Amazon EBS"},
    )
    team = Pool("of a team", "team", "NET", "fixed", {"b": 100})
    disks = Pool("of disks", "service", "AMAZON ebs", "fixed", {"c": 100})
    assert ("b", "pool") in carried(frame, Rules(pools=(team, disks)))
    assert ("c", "pool") in carried(frame, Rules(pools=(disks, team)))


def test_who_has_less_than_nothing_takes_no_share_of_a_pool():
    frame = rows(
        {"team": "a", "total_g": 30.0},
        {"team": "b", "total_g": -10.0},
        {"team": "net", "total_g": 8.0},
    )
    found = allocate(frame, Rules(pools=(Pool("shared", "team", "net"),)), ("total_g",))
    pooled = found[found["method"] == "pool"].groupby("team")["total_g"].sum()
    assert pooled.to_dict() == {"a": 8.0, "b": 0.0}


def test_a_share_that_is_left_of_the_whole_stays_unallocated():
    frame = rows({"team": "net", "total_g": 1000.0})
    found = carried(frame, Rules(pools=(Pool("n", "team", "net", "fixed", {"a": 99.9}),)))
    assert found == {("a", "pool"): pytest.approx(999), (UNALLOCATED, "none"): pytest.approx(1)}
    with pytest.raises(InputError, match=r"add up to 100\.5 %"):
        Pool("n", "team", "net", "fixed", {"a": 60.5, "b": 40})


def test_rules_name_whom_they_give_something():
    shares, teams = {"a": 50.0}, ("b", "ml")
    rules = Rules(
        {"ml": "machine-learning", "n/a": UNALLOCATED},
        {"1": "c", "2": "n/a"},
        (
            Pool("by shares", "team", "x", "fixed", shares, ("left from another way",)),
            Pool("by emissions", "team", "y", "direct", {"left": 1.0}, teams),
        ),
    )
    assert rules.receivers == {"a", "b", "c", "machine-learning"}
    assert Rules().receivers == frozenset()


def test_pools_are_dealt_out_within_each_period():
    frame = rows(
        {"team": "a", "total_g": 10.0},
        {"team": "b", "total_g": 10.0, "period": "2026-12"},
        {"team": "net", "total_g": 2.0},
        {"team": "net", "total_g": 4.0, "period": "2026-12"},
    )
    found = carried(frame, Rules(pools=(Pool("shared", "team", "net"),)))
    assert found[("a", "pool")] == 2.0
    assert found[("b", "pool")] == 4.0


def test_aliases_come_before_everything():
    frame = rows({"team": "ml", "total_g": 1.0}, {"team": "machine-learning", "total_g": 2.0})
    assert carried(frame, Rules(aliases={"ml": "machine-learning"})) == {
        ("machine-learning", "direct"): 3.0
    }


def test_aliases_hold_in_pools_and_accounts_too():
    frame = rows(
        {"team": "web", "total_g": 10.0},
        {"team": "network", "total_g": 4.0},
        {"team": UNALLOCATED, "total_g": 2.0, "account_id": "2"},
        {"team": UNALLOCATED, "total_g": 1.0, "account_id": "3"},
        {"team": "old disks", "total_g": 6.0, "service": "Amazon EBS"},
    )
    rules = Rules(
        {"network": "net", "shop": "web", "n/a": UNALLOCATED},
        {"2": "shop", "3": "n/a"},
        (
            Pool("shared", "team", "net", "fixed", {"shop": 50, "web": 25}),
            Pool("disks", "service", "amazon ebs", "even", {}, ("shop", "web")),
        ),
    )
    assert carried(frame, rules) == {
        ("web", "direct"): 10.0,
        ("web", "account"): 2.0,
        ("web", "pool"): 9.0,
        (UNALLOCATED, "none"): 2.0,
    }


@pytest.mark.parametrize(
    "shares",
    [
        {"a": 50, UNALLOCATED: 20},
        {"a": 100 / 3, "b": 100 / 3, "c": 100 / 3},
        {"a": 33.33335, "b": 33.33335, "c": 33.33335},
        {"a": 99.99999},
    ],
)
def test_fixed_shares_deal_out_the_whole(shares):
    pool = Pool("shared", "team", "net", "fixed", shares)
    found = allocate(rows({"team": "net", "total_g": 1e9}), Rules(pools=(pool,)), ("total_g",))
    assert found["total_g"].sum() == pytest.approx(1e9, rel=1e-14)


def test_a_team_that_only_costs_is_no_team_that_emits():
    frame = rows(
        {"team": "a", "total_g": 3.0},
        {"team": "finance", "total_g": float("nan")},
        {"team": "net", "total_g": 2.0},
    )
    found = allocate(frame, Rules(pools=(Pool("n", "team", "net", "even"),)), ("total_g",))
    assert found.loc[found["method"] == "pool", "team"].tolist() == ["a"]


def test_rules_survive_json_and_bad_ones_are_refused():
    pool = Pool("n", "tag", "shared=nat", "fixed", {"web": 60.0}, ("web",))
    rules = Rules({"ml": "machine-learning"}, {"1": "web"}, (pool,), "even")
    assert Rules.from_json(rules.to_json()) == rules
    for bad in (
        lambda: Pool("n", "tag", "shared"),
        lambda: Rules({UNALLOCATED: "web"}),
        lambda: Pool("n", "team", "x", "fixed", {"a": 60, "b": 50}),
        lambda: Pool("n", "team", "x", "fixed"),
        lambda: Pool("n", "colour", "x"),
        lambda: Rules({"a": "b", "b": "c"}),
        lambda: Rules(pools=(Pool("n", "team", "x"), Pool("n", "team", "y"))),
    ):
        with pytest.raises(InputError):
            bad()


def test_what_is_unallocated_may_be_shown_dealt_out_beside():
    own = pd.Series({"a": 3.0, "b": 1.0, UNALLOCATED: 0.0})
    assert distribute(own, 8.0, "direct").to_dict() == {"a": 6.0, "b": 2.0, UNALLOCATED: 0.0}
    assert distribute(own, 8.0, "even").to_dict() == {"a": 4.0, "b": 4.0, UNALLOCATED: 0.0}
    assert distribute(own, 8.0, "visible").sum() == 0
    nothing = pd.Series({"a": 0.0, "b": 0.0})
    assert distribute(nothing, 8.0, "direct").to_dict() == {"a": 4.0, "b": 4.0}
    assert distribute(nothing[:0], 8.0, "direct").empty


def test_near_misses_are_spellings_and_not_neighbours():
    grams = {"checkout": 9.0, "chekout": 2.0, "machine-learning": 8.0, "ml": 1.0,
             "machine_learning": 2.0, "platform": 4.0, "data-platform": 5.0, "team-1": 3.0,
             "team-2": 1.0, "web": 1.0, "wed": 1.0, "🚀": 2.0, "🔥": 1.0,
             "x" * 1000: 1.0, "x" * 999: 2.0, UNALLOCATED: 50.0}  # fmt: skip
    found = {miss.name: miss.means for miss in near_misses(grams)}
    assert found == {"chekout": "checkout", "ml": "machine-learning",
                     "machine_learning": "machine-learning", "x" * 1000: "x" * 999}  # fmt: skip
    assert near_misses({}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("platform-eu", "platform-us"),
        ("platform-a", "platform-b"),
        ("analytics dev", "analytics prd"),
        ("data-platform", "data-platform-eu"),
    ],
)
def test_names_that_a_short_word_tells_apart_are_two_teams(one, other):
    assert near_misses({one: 2.0, other: 1.0}) == []
    # A slip of the pen in a long word is none.
    assert near_misses({"platform-eu": 2.0, "plattform-eu": 1.0})

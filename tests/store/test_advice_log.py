"""The life of a recommendation: decided, snoozed, dismissed, done, and what came of it."""

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from spectra.store import Store, advice_log
from spectra.store.advice_log import Decision, Run
from spectra.store.selection import Selection
from spectra.store.writes import write_instances
from tests import fleet
from tests.store.conftest import build

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def row(unit_id, finding="over-provisioned", action="resize", team="web", **extra):
    return {
        "unit_id": unit_id, "kind": "instance", "name": unit_id, "account_id": "1",
        "region": "eu-central-1", "team": team, "environment": "production",
        "instance_type": "m5.xlarge", "state": "running", "lifecycle": "on-demand",
        "purchase_option": None, "members": 1, "finding": finding, "is_preliminary": False,
        "confidence": "HIGH", "action": action,
        "target_type": "m5.large" if action == "resize" else None, "reason": "", "changes": "",
        "notes": [], "look_back_days": 14, "coverage": 1.0, "now_g_per_h": 10.0,
        "carbon_g_per_h": 4.0, "carbon_low_g_per_h": 3.0, "carbon_high_g_per_h": 5.0,
        "list_usd_per_h": 0.1, "cash_usd_per_h": 0.1, "cash_note": "", **extra,
    }  # fmt: skip


def keep(store, *rows):
    run = Run(NOW, NOW, "{}", "factors", 0.1)
    advice_log.keep(store, run, pd.DataFrame(rows), pd.DataFrame())


@pytest.fixture
def store():
    store = Store()
    keep(store, row("i-1"), row("i-2", "idle", "stop", team="data"), row("i-3", "optimised", None))
    yield store
    store.close()


def states(store, now=NOW):
    frame = advice_log.advice(store, now)
    known = zip(frame["unit_id"], frame["state_now"], strict=True)
    return {unit: state for unit, state in known if pd.notna(state)}


def decide(store, unit_id, state, at=NOW, finding="over-provisioned", **extra):
    advice_log.decide(store, [Decision(unit_id, finding, state, at, **extra)])


def test_what_is_advised_is_open_and_what_is_not_has_no_state(store):
    assert states(store) == {"i-1": "open", "i-2": "open"}


def test_the_last_decision_holds_and_all_are_kept(store):
    decide(store, "i-1", "accepted")
    decide(store, "i-1", "dismissed", NOW + DAY, reason="needed in spring")
    assert states(store, NOW + DAY)["i-1"] == "dismissed"
    assert advice_log.events(store, "i-1")["state"].tolist() == ["dismissed", "accepted"]


def test_a_snooze_ends_by_itself(store):
    decide(store, "i-1", "snoozed", until=NOW + 7 * DAY)
    assert states(store, NOW + 6 * DAY)["i-1"] == "snoozed"
    assert states(store, NOW + 7 * DAY)["i-1"] == "open"


def test_a_dismissal_is_of_one_finding_not_of_the_machine(store):
    decide(store, "i-1", "dismissed", reason="spare")
    keep(store, row("i-1", "under-provisioned"))
    assert states(store) == {"i-1": "open"}
    keep(store, row("i-1"))
    assert states(store) == {"i-1": "dismissed"}


def test_done_enters_the_ledger_with_what_was_promised(store):
    decide(store, "i-1", "done")
    entry = advice_log.carried_out(store).iloc[0]
    assert (entry["old_type"], entry["new_type"], entry["carbon_g_per_h"]) == (
        "m5.xlarge", "m5.large", 4.0,
    )  # fmt: skip
    assert states(store, NOW + DAY)["i-1"] == "done"
    # Advised again days later, it was not done or needs doing again.
    assert states(store, NOW + 3 * DAY)["i-1"] == "open"


def test_marked_and_then_seen_is_one_change(store):
    decide(store, "i-1", "done")
    decide(store, "i-1", "done", NOW + DAY, reason="seen in the inventory")
    assert advice_log.carried_out(store)["how"].tolist() == ["seen in the inventory"]


def test_a_mark_is_taken_back_but_not_what_the_inventory_has_seen(store):
    decide(store, "i-1", "done")
    decide(store, "i-2", "done", finding="idle")
    decide(store, "i-1", "open", NOW + DAY)
    assert states(store, NOW + DAY) == {"i-1": "open", "i-2": "done"}
    assert advice_log.carried_out(store)["unit_id"].tolist() == ["i-2"]
    decide(store, "i-2", "done", NOW + DAY, "idle", reason="seen in the inventory")
    decide(store, "i-2", "open", NOW + 2 * DAY, "idle")
    assert advice_log.carried_out(store)["unit_id"].tolist() == ["i-2"]


def test_the_same_advice_carried_out_again_is_another_change(store):
    """Stopped in spring, started again, idle again: the ledger keeps both."""
    decide(store, "i-2", "done", NOW - 90 * DAY, finding="idle")
    decide(store, "i-2", "done", NOW, finding="idle")
    assert len(advice_log.carried_out(store)) == 2


def test_a_change_lasts_until_its_machine_is_otherwise_and_saves_on_through_the_next_of_it(store):
    """Made smaller twice, then larger by hand; stopped twice; resized and gone; a group of two."""
    at = [NOW - days * DAY for days in (80, 60, 40, 20)]
    group = "asg/111111111111/eu-central-1/web"
    resize, steps = ("over-provisioned", "resize"), ("m5.2xlarge", "m5.xlarge", "m5.large")
    done = [("i-1", *resize, *steps[:2], at[0]), ("i-1", *resize, *steps[1:], at[1]),
            ("i-2", "idle", "stop", "m5.large", None, at[0]),
            ("i-2", "idle", "stop", "m5.large", None, at[2]),
            ("i-3", *resize, *steps[:2], at[0]), (group, *resize, *steps[:2], at[0])]  # fmt: skip
    for unit_id, finding, action, old, new, when in done:
        keep(store, row(unit_id, finding, action, instance_type=old, target_type=new))
        decide(store, unit_id, "done", when, finding=finding)
    spans = [("i-1", at[0], at[1], "m5.xlarge"), ("i-1", at[1], at[2], "m5.large"),
             ("i-1", at[2], None, "m5.4xlarge"), ("i-3", at[0], at[3], "m5.xlarge"),
             ("i-4", at[1], None, "m5.xlarge"), ("i-5", at[2], None, "m5.2xlarge")]  # fmt: skip
    ups = [(at[0], at[1], "stopped"), (at[1], at[2], "running"), (at[2], None, "stopped")]
    write_instances(
        store,
        fleet.instances(
            *({"instance_id": i, "valid_from": since, "valid_to": to, "instance_type": name,
               "asg_name": "web" if i > "i-3" else None} for i, since, to, name in spans),
            *({"instance_id": "i-2", "valid_from": since, "valid_to": to, "state": state}
              for since, to, state in ups),
        ),
    )  # fmt: skip
    found = advice_log.carried_out(store).set_index(["unit_id", "done_at"])
    ends = {key: tuple(None if pd.isna(to) else to for to in pair)
            for key, *pair in found[["held_until", "saves_until"]].itertuples()}  # fmt: skip
    assert ends == {
        ("i-1", at[0]): (at[1], at[2]),
        ("i-1", at[1]): (at[2], at[2]),
        ("i-2", at[0]): (at[1], at[1]),
        ("i-2", at[2]): (None, None),
        ("i-3", at[0]): (at[3], at[3]),
        (group, at[0]): (None, None),
    }


def test_a_machine_that_is_gone_was_done_when_it_went_not_when_it_was_born(store):
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-2", "valid_from": "2026-03-01", "valid_to": "2026-11-23"},
        ),
    )
    (seen,) = advice_log.seen_done(store, NOW)
    assert seen.decided_at == fleet.utc("2026-11-23")
    ended = {"instance_id": "i-2", "valid_from": "2026-11-23", "state": "terminated"}
    for until in (None, "2026-11-24"):  # AWS lists it for an hour or so after it went
        write_instances(store, fleet.instances(ended | {"valid_to": until}))
        assert advice_log.seen_done(store, NOW) == [seen]
    advice_log.decide(store, [seen])
    assert advice_log.seen_done(store, NOW) == []


def test_a_machine_that_was_stopped_before_it_went_was_done_when_it_stopped(store):
    """Whether that is seen while it is stopped, while AWS lists it still, or long after."""
    stop, gone = "2026-11-10", "2026-11-20"
    up = {"instance_id": "i-2", "valid_from": "2026-11-01", "valid_to": stop}
    off = {"instance_id": "i-2", "valid_from": stop, "state": "stopped"}
    ended = {"instance_id": "i-2", "valid_from": gone, "state": "terminated"}
    for spans in ([off], [off | {"valid_to": gone}, ended],
                  [off | {"valid_to": gone}, ended | {"valid_to": "2026-11-21"}]):  # fmt: skip
        write_instances(store, fleet.instances(up, *spans))
        (seen,) = advice_log.seen_done(store, NOW)
        assert seen.decided_at == fleet.utc(stop)
    advice_log.decide(store, [seen])
    assert advice_log.seen_done(store, NOW) == []  # its going is no second change


def test_only_what_is_live_counts_as_open_savings(store):
    by_team = advice_log.open_savings(store, NOW, "team").set_index("name")
    assert by_team["carbon_g_per_h"].to_dict() == {"web": 4.0, "data": 4.0}
    decide(store, "i-2", "dismissed", finding="idle", reason="spare")
    assert advice_log.open_savings(store, NOW, "team")["name"].tolist() == ["web"]


def test_a_change_that_the_inventory_shows_is_written_down(store):
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-1", "valid_from": "2026-11-01", "valid_to": "2026-11-24"},
            {"instance_id": "i-1", "valid_from": "2026-11-24", "instance_type": "m5.large",
             "valid_to": "2026-11-25"},
            {"instance_id": "i-2", "valid_from": "2026-11-01", "valid_to": "2026-11-23"},
            {"instance_id": "i-2", "valid_from": "2026-11-23", "state": "stopped"},
        ),
    )  # fmt: skip
    seen = advice_log.seen_done(store, NOW)
    assert {(d.unit_id, d.state) for d in seen} == {("i-1", "done"), ("i-2", "done")}
    advice_log.decide(store, seen)
    assert advice_log.seen_done(store, NOW) == []
    handed = {"valid_from": "2026-11-25", "tags": {"team": "data"}}
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-1", "instance_type": "m5.large", **handed},
            {"instance_id": "i-2", "valid_from": "2026-11-23", "state": "stopped",
             "valid_to": "2026-11-25"},
            {"instance_id": "i-2", "state": "stopped", **handed},
        ),
    )  # fmt: skip
    assert advice_log.seen_done(store, NOW) == []  # another owner is no other change
    assert set(advice_log.carried_out(store)["how"]) == {"seen in the inventory"}


def test_a_machine_that_was_just_stopped_is_not_yet_called_gone(store):
    write_instances(
        store,
        fleet.instances({"instance_id": "i-2", "valid_from": "2026-11-25", "state": "stopped"}),
    )
    assert advice_log.seen_done(store, NOW) == []
    assert [d.unit_id for d in advice_log.seen_done(store, NOW + DAY)] == ["i-2"]


def test_alternatives_count_what_fits_and_pays(store):
    option = {
        "kind": "generation", "effort": "LOW", "is_best": False, "peak_pct": 50.0, "checks": [],
        "obstacles": [], "confidence": "HIGH", "risk": 0,
        "carbon_high_g_per_h": 0.0, "scope2_g_per_h": 0.0, "scope3_g_per_h": 0.0,
        "embodied_g_per_h": 0.0, "kwh_per_h": 0.0, "cash_note": "",
    }  # fmt: skip
    rows = [
        {**option, "unit_id": "i-1", "instance_type": t, "is_feasible": ok, "carbon_g_per_h": g,
         "carbon_low_g_per_h": g - 0.5 if t != "e" else -1.0, "list_usd_per_h": usd}
        for t, ok, g, usd in (("a", True, 1.0, 0.1), ("b", True, 2.0, 0.2), ("c", False, 9.0, 1.0),
                              ("d", True, 5.0, -0.1), ("e", True, 4.0, 0.3))
    ]  # fmt: skip
    run = Run(NOW, NOW, "{}", "factors", 0.1)
    advice_log.keep(store, run, pd.DataFrame([row("i-1")]), pd.DataFrame(rows))
    found = advice_log.alternatives(store, Selection(NOW, NOW + DAY))
    assert found["generation"]["count"] == 1
    assert found["generation"]["carbon_g_per_h"] == 2.0
    assert advice_log.options(store, "i-1")["instance_type"].tolist() == ["d", "e", "b", "a", "c"]


def test_decisions_outlive_the_process(tmp_path):
    path = tmp_path / "s.duckdb"
    store = Store(path)
    keep(store, row("i-1"))
    decide(store, "i-1", "accepted")
    store.close()
    again = Store(path)
    assert states(again) == {"i-1": "accepted"}
    assert advice_log.last_run(again).factor_set == "factors"
    again.close()


@pytest.fixture
def stopped():
    """A machine that is gone, and a group that runs on."""
    at = fleet.hours("2026-11-20", "2026-11-25")
    store = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-2", "valid_from": "2026-11-01", "valid_to": "2026-11-22"},
            {"instance_id": "i-4", "valid_from": "2026-11-01", "asg_name": "web"},
        ),
        hours=at,
        intensities=[fleet.intensities("DE", at, 300.0, 380.0)],
    )
    yield store
    store.close()


def realised(store, unit_id):
    done = NOW - 4 * DAY
    decide(store, unit_id, "done", done, finding="idle")
    return advice_log.realised_stop(store, unit_id, done, NOW)


def test_what_a_stop_saved_is_all_that_it_was_and_no_price_is_no_amount(stopped):
    keep(stopped, row("i-2", "idle", "stop", now_g_per_h=10.0, list_usd_per_h=None))
    grams, usd = realised(stopped, "i-2")
    assert grams == 10.0
    assert math.isnan(usd)


def test_a_group_that_runs_on_has_saved_nothing(stopped):
    unit_id = "asg/111111111111/eu-central-1/web"
    now = stopped.row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) / 24, sum(list_cost_usd) / 24 "
        "FROM emissions_daily WHERE resource_id = 'i-4' AND \"day\" = '2026-11-22'"
    )
    keep(stopped, row(unit_id, "idle", "stop", now_g_per_h=now[0], list_usd_per_h=now[1]))
    assert realised(stopped, unit_id) == pytest.approx((0.0, 0.0), abs=1e-9)

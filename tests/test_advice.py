"""From the advice to what came of it, as the fleet is judged again and again."""

from datetime import UTC, datetime, timedelta

import pytest

from spectra import actions
from spectra.actions.targets import target
from spectra.advice import follow_plans, is_due, refresh_advice
from spectra.carbon.method import Method
from spectra.insight.rightsizing import Rules
from spectra.store import Store, advice_log
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import write_instances
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-10-20", "2026-11-23")
STOPPED = HOURS[-1] + timedelta(hours=1)
BORN = fleet.utc("2026-10-01")


@pytest.fixture
def store():
    """One machine that idles."""
    store = build(
        Store(),
        instances=fleet.instances({"instance_id": "i-1", "valid_from": BORN}),
        hours=HOURS,
        intensities=[fleet.intensities("DE", HOURS, 300.0, 380.0)],
        utilisation=[fleet.utilisation("i-1", HOURS, 0.5)],
    )
    yield store
    store.close()


def judged_after(store, hours):
    """Judge the fleet so many hours after the stop; what is said of the machine."""
    end = (STOPPED + timedelta(hours=hours)).to_pydatetime()
    extend_ledger(store, CATALOG, HOURS[0].to_pydatetime(), end)
    recompute(store)
    refresh_advice(store, CATALOG, Rules(), end)
    return advice_log.of_unit(store, "i-1", end)


def test_another_method_is_judged_by_at_once(store):
    made = judged_after(store, 0)
    assert not is_due(store, CATALOG, Rules())
    write_factors(store, CATALOG, Method(embodied_years=4.0))
    recompute(store)
    assert is_due(store, CATALOG, Rules())
    assert judged_after(store, 0)["now_g_per_h"] > made["now_g_per_h"]
    assert not is_due(store, CATALOG, Rules())


def test_an_idle_machine_that_is_stopped_is_done_once_and_not_told_again(store):
    assert judged_after(store, 0)["action"] == "stop"
    assert not is_due(store, CATALOG, Rules())
    # Of a version that judged otherwise.
    store.cursor().execute("UPDATE advice_runs SET rules = replace(rules, 'revision', 'x')")
    assert is_due(store, CATALOG, Rules())
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN, "valid_to": STOPPED},
            {"instance_id": "i-1", "valid_from": STOPPED, "state": "stopped"},
            # What keeps the ledger going.
            {"instance_id": "i-2", "valid_from": STOPPED},
        ),
    )
    for hours in (6, 30, 80):
        made = judged_after(store, hours)
    assert (made["finding"], made["action"]) == ("stopped", None)
    done = advice_log.carried_out(store)
    assert done["how"].tolist() == ["seen in the inventory"]
    assert done["done_at"].tolist() == [STOPPED]


def test_what_was_carried_out_is_in_the_ledger_until_it_is_undone(store):
    assert judged_after(store, 0)["action"] == "stop"
    plan, book = actions.stop(target(store, "instance", "i-1")), actions.Journal(store)
    book.begin(plan, "aws")

    def becomes(state):
        book.set(plan.plan_id, state)
        follow_plans(store, CATALOG, Rules(), [plan.plan_id])
        now = datetime.now(UTC)
        saved = advice_log.open_savings(store, now, "team")["count"].tolist()
        state_now = advice_log.of_unit(store, "i-1", now)["state_now"]
        return advice_log.carried_out(store)["how"].tolist(), state_now, saved

    assert becomes("done") == (["carried out here"], "done", [])
    assert becomes("rolled back") == ([], "open", [1])
    said = advice_log.events(store, "i-1")
    assert said["reason"].tolist() == ["undone here", "carried out here"]

"""Killed in the middle of a write: the file opens, nothing is lost or doubled, all is made up."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from spectra.store import Store
from tests.faults import killing, steps
from tests.faults.conftest import copy_of
from tests.faults.steps import STEPS, counts, sums

# Transactions by number, and whether the process dies before or after its commit. Each start goes
# on from what the one before has left.
FIRST = ((1, "before"), (1, "after"))
KILLS = {
    "extend": ((8, "before"),),
    "keep_settings": FIRST,
    "keep_budget": FIRST,
    "export_chargeback": FIRST,
    "seal_report": FIRST,
    "import_portal": (*FIRST, (2, "before"), (2, "after"), (2, "before")),
    "look_for_trouble": ((1, "after"), (3, "before")),
    "judge_sizes": ((2, "before"),),
    "save_job": FIRST,
    "tell": (*FIRST, (2, "before"), (4, "after")),
    "decide": ((2, "before"), (3, "before"), (3, "after"), (2, "before")),
    "import_carbon": ((1, "before"), (2, "before")),
    "settle_anew": ((3, "before"),),
    "plan_jobs": ((2, "before"),),
    "roll_up": FIRST,
    "clear": FIRST,
    "stop_a_machine": ((1, "after"), (2, "before"), (3, "before"), (6, "before"), (9, "after")),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_killed_is_completed_by_the_next(built, tmp_path, name):
    whole = Store(copy_of(built, tmp_path / "whole"))
    STEPS[name](whole)
    path = copy_of(built, tmp_path / "killed")
    before = counts(whole)
    for nth, moment in KILLS[name]:
        assert killing.run(killing.die_in_step, str(path), name, nth, moment)
    store = Store(path)
    STEPS[name](store)
    assert counts(store) == before
    assert sums(store) == pytest.approx(sums(whole), rel=1e-9)
    store.close()
    whole.close()


KILLS_OF_FIRST = {
    "found": ((1, "before"), (2, "after"), (4, "before"), (6, "after"), (9, "before")),
    "read_history": ((2, "after"), (3, "before"), (4, "before")),
}


@pytest.mark.parametrize("name", steps.FIRST)
def test_a_first_build_that_is_killed_is_completed_by_the_next(built, tmp_path, name):
    fill = steps.FIRST[name]
    shutil.copytree(built / "history", tmp_path / "history")
    whole = Store(tmp_path / "whole.duckdb")
    fill(whole)
    path = tmp_path / "s.duckdb"
    for nth, moment in KILLS_OF_FIRST[name]:
        assert killing.run(killing.die_in_step, str(path), name, nth, moment)
    store = Store(path)
    fill(store)
    assert counts(store) == counts(whole)
    assert sums(store) == pytest.approx(sums(whole), rel=1e-9)
    store.close()
    whole.close()


KEYED = {
    "intensities": "zone, hour, source",
    "utilisation": "resource_key, hour",
    "instances": "instance_id, valid_from",
    "volumes": "volume_id, valid_from",
    "costs": '"day", account_id, region, service, resource_id, purchase_option, source',
    "resource_costs": '"day", account_id, resource_id, purchase_option',
    "hourly_sums": "hour, group_key",
    "daily_sums": '"day", item_key',
}
FACTS = ("intensities", "utilisation", "instances", "volumes", "costs")


def doubled(store):
    found = {
        table: store.row(
            f"SELECT count(*) FROM (SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1)"
        )[0]
        for table, key in KEYED.items()
    }
    return {table: count for table, count in found.items() if count}


def test_a_refresh_is_killed_from_its_first_to_its_last_write(world, tmp_path):
    (busy,) = world.moto.launch("us-east-1")
    world.busy("us-east-1", busy, 20.0)
    path = tmp_path / "s.duckdb"
    settings = world.settings(
        SPECTRA_DATABASE=str(path), SPECTRA_PORTAL_FOLDER=str(tmp_path / "none"),
        SPECTRA_REGIONS="us-east-1", SPECTRA_ELECTRICITY_MAPS_HISTORY_DAYS="1",
        AWS_EC2_METADATA_DISABLED="true", **world.endpoints(),
    )  # fmt: skip
    before, killed, nth = dict.fromkeys(FACTS, 0), [], 1
    while killing.run(killing.die_in_refresh, settings, nth, ("before", "after")[nth % 2]):
        killed.append(nth)
        nth += 1 + nth // 2
        store = Store(path)
        assert doubled(store) == {}, killed
        after = {table: counts(store)[table] for table in FACTS}
        assert all(after[table] >= before[table] for table in FACTS), (killed, before, after)
        before = after
        # As time goes by everything is due again: the next one has the same work before it.
        with store.write(is_fact=False) as cursor:
            cursor.execute("UPDATE source_state SET succeeded_at = NULL, retry_at = NULL")
        store.close()
    assert len(killed) >= 6
    store = Store(path)  # the last one was not killed
    assert doubled(store) == {}
    assert store.row("SELECT count(*) FROM stale_hours") == (0,)
    assert store.row("SELECT count(*) FROM instances") == (1,)
    assert store.row("SELECT count(DISTINCT resource_key) FROM utilisation") == (1,)
    hour = datetime.now(UTC) - timedelta(hours=2)
    assert store.row("SELECT count(*) > 0 FROM emissions_hourly WHERE hour >= ?", [hour]) == (True,)
    gap = store.row(
        "SELECT count(*) FROM ledger_hours() h ANTI JOIN emissions_hourly e ON e.hour = h.hour "
        "WHERE h.hour >= (SELECT min(hour) FROM emissions_hourly)"
    )
    assert gap == (0,)
    store.close()

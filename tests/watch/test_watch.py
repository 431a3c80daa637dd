"""The watch over a whole store: every family finds its trouble, once, and lets the rest be."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from spectra.moments import midnight
from spectra.store import incident_log, incident_queries, watch_queries
from spectra.store.clearing import clear_source
from spectra.store.incident_log import Decision, PlannedEvent
from spectra.store.writes import (
    write_instances,
    write_utilisation,
)
from spectra.watch import FAMILIES, KINDS, Watcher, back_test, daily, family_of, sensitivity_of
from tests import fleet
from tests.store.conftest import CATALOG
from tests.watch.conftest import AT, CONFIG, END, NOW, go_on

HOUR = timedelta(hours=1)
LASTING = ["series", "kind", "start", "last_seen", "end", "alerts", "severity"]
# What the table of incidents does not keep.
EXTRA = {"state", "until", "reason", "decided_at", "days", "g_per_day", "usd_per_day"}


def found(store, **equal):
    frame = incident_log.incidents(store, NOW)
    for column, value in equal.items():
        frame = frame[frame[column] == value]
    return frame


def test_every_trouble_is_found_in_its_family(watched):
    live = found(watched)
    pairs = set(zip(live["series"], live["family"], strict=True))
    expected = {
        ("i-run", "usage"), ("i-gap", "gap"), ("i-idle", "idle"), ("vol-lost", "volume"),
        ("lab · development · eu-central-1", "fleet"), ("DE", "grid"), ("batch", "team"),
        ("web", "cost"),
    }  # fmt: skip
    assert expected <= pairs
    assert "i-clean" not in set(live["series"])
    assert "vol-used" not in set(live["series"])
    assert set(live["family"]) <= set(FAMILIES)
    assert all(family_of(kind) in FAMILIES for kind in KINDS)


def test_a_runaway_is_told_with_its_onset_cost_and_cause(watched):
    row = found(watched, series="i-run", family="usage").iloc[0]
    assert row["kind"] == "runaway process"
    assert END - 10 * HOUR <= row["start"] <= END - 7 * HOUR
    assert pd.isna(row["end"])
    # 97 % instead of about 35 for some nine hours, of a machine of four vCPU.
    assert 20 < row["excess_g"] < 200
    assert row["excess_usd"] == pytest.approx(9 * 0.6 * 0.23, rel=0.2)
    assert row["severity"] in ("warning", "critical")
    assert (row["name"], row["team"]) == ("run", "web")
    assert "97 %" in row["cause"] or "CPU at" in row["cause"]


def test_what_load_adds_is_reckoned_as_the_ledger_reckons_a_day(watched):
    """A kWh more emits what a kWh of the same hours emitted, losses included."""
    midnight = pd.Timestamp("2026-11-25T00:00Z")
    rate = watch_queries.usage_rates(watched, midnight).loc["i-idle"]
    ledger_g_per_kwh, kwh_per_point = watched.row(
        """
        SELECT sum(scope2_lb_g + upstream_g + td_g) / sum(energy_kwh),
            (SELECT (watts_at_100 - watts_at_0) / 1e5 FROM type_factors
             WHERE instance_type = 'm5.xlarge')
            * (SELECT pue FROM region_factors WHERE region = 'eu-central-1')
        FROM emissions_daily WHERE resource_id = 'i-idle' AND "day" >= '2026-11-18'
            AND "day" < '2026-11-25'
        """
    )
    assert rate["g_per_excess"] == pytest.approx(ledger_g_per_kwh * kwh_per_point, rel=1e-3)
    lifecycle_g, whole_g = watched.row(
        "SELECT sum(scope2_lb_g + upstream_g), sum(scope2_lb_g + upstream_g + td_g) "
        "FROM emissions_daily WHERE \"day\" >= '2026-11-18' AND \"day\" < '2026-11-25'"
    )
    (kwh,) = watched.row(
        "SELECT sum(energy_kwh) FROM emissions_daily "
        "WHERE \"day\" >= '2026-11-18' AND \"day\" < '2026-11-25'"
    )
    of_grid = watch_queries.grid_rates(watched, midnight).loc["DE"]
    assert of_grid["g_per_excess"] == pytest.approx(kwh / 168 * whole_g / lifecycle_g)
    # The ledger begins four days before, at noon.
    young = watch_queries.grid_rates(watched, AT[0] + 96 * HOUR).loc["DE"]
    assert young["g_per_excess"] == pytest.approx(of_grid["g_per_excess"], rel=0.1)


def test_what_has_no_price_costs_nothing_known(watched):
    assert pd.isna(found(watched, family="grid")["excess_usd"].iloc[0])
    assert pd.isna(found(watched, family="gap")["excess_g"].iloc[0])
    assert pd.isna(found(watched, family="cost")["excess_g"].iloc[0])
    assert found(watched, family="cost")["excess_usd"].iloc[0] == pytest.approx(390, abs=2)


def test_a_second_look_finds_nothing_new(watched):
    before = found(watched)
    assert not Watcher(watched).is_due(NOW)
    assert Watcher(watched).look(CONFIG, NOW) == 0
    pd.testing.assert_frame_equal(found(watched), before)


def off_for_the_night(store, name, days=3):
    """It runs from midnight to eleven on the last days, and is off at the last look."""
    noon = [END - day * 24 * HOUR for day in range(days, -1, -1)]
    spans = [("2026-10-01", noon[0])] + [(t - 12 * HOUR, t - HOUR) for t in noon[1:]]
    write_instances(store, fleet.instances(*(
        {"instance_id": name, "valid_from": start, "valid_to": end} for start, end in spans
    )))  # fmt: skip
    with store.write() as cursor:
        cursor.execute(
            "DELETE FROM utilisation u USING resources k WHERE u.resource_key = k.resource_key "
            "AND resource_id = ? AND hour >= ? AND hour(hour) >= 11",
            [name, noon[0]],
        )


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "a new process"])
def test_hour_by_hour_is_the_same_as_all_at_once(company, is_restarted):
    off_for_the_night(company, "i-run")
    new = {"instance_id": "i-new", "valid_from": END - 34 * HOUR}
    write_instances(company, fleet.instances({**new, "valid_to": END - 2 * HOUR}))
    write_utilisation(company, fleet.utilisation("i-new", AT[-34:-2], [20.0] * 30 + [99.0] * 2))
    watcher = Watcher(company)
    for back in range(12, -1, -1):
        watcher = Watcher(company) if is_restarted else watcher
        watcher.look(CONFIG, NOW - back * HOUR)
    streamed = found(company, family="usage")
    assert {"i-run", "i-new"} <= set(streamed["series"])
    incident_log.restart(company, "usage", ["usage"])
    Watcher(company).look(CONFIG, NOW)
    at_once = found(company, family="usage")
    by_series = [f.sort_values("series")[LASTING].reset_index(drop=True)
                 for f in (streamed, at_once)]  # fmt: skip
    pd.testing.assert_frame_equal(*by_series)


def test_waste_that_outlasts_the_window_stays_one_incident(watched):
    before = found(watched, family="volume").iloc[0]
    Watcher(watched).look(CONFIG, NOW + timedelta(days=2))
    after = found(watched, family="volume")
    assert after["incident_id"].tolist() == [before["incident_id"]]
    assert after["start"].iloc[0] == before["start"]
    assert after["found_at"].iloc[0] == before["found_at"]


def test_a_day_that_is_not_known_ends_no_waste(watched):
    """No telemetry came since: that the machine does nothing is neither confirmed nor refuted."""
    Watcher(watched).look(CONFIG, NOW + timedelta(days=1))
    assert pd.isna(found(watched, series="i-idle", family="idle")["end"].iloc[0])


def test_waste_that_works_again_has_ended(watched):
    go_on(watched, NOW.replace(hour=0) + timedelta(days=2), i_idle=60.0)
    Watcher(watched).look(CONFIG, NOW + timedelta(days=2))
    assert found(watched, series="i-idle", family="idle")["end"].notna().all()


def test_a_machine_that_was_stopped_ends_its_incidents_at_once(watched):
    rows = fleet.instances(
        {"instance_id": "i-run", "valid_from": "2026-10-01", "valid_to": NOW, "name": "run"},
        {"instance_id": "i-run", "valid_from": NOW, "state": "stopped", "name": "run"},
    )
    write_instances(watched, rows)
    watcher = Watcher(watched)
    assert watcher.is_due(NOW)
    watcher.look(CONFIG, NOW + timedelta(minutes=5))
    assert found(watched, series="i-run", family="usage")["end"].iloc[0] == NOW
    assert not watcher.is_due(NOW)


@pytest.mark.parametrize(
    "about", [{}, {"series": "i-run"}, {"tag": "release", "value": "run"}],
    ids=["everything", "the machine", "its tag"],
)  # fmt: skip
def test_what_was_planned_raises_nothing(company, about):
    event = PlannedEvent("e1", "load test", NOW - 24 * HOUR, NOW + HOUR, **about)
    incident_log.plan(company, event, NOW)
    Watcher(company).look(CONFIG, NOW)
    assert found(company, series="i-run", family="usage").empty


def test_a_plan_for_another_machine_explains_nothing(company):
    event = PlannedEvent("e1", "load test", NOW - 24 * HOUR, NOW + HOUR, series="i-clean")
    incident_log.plan(company, event, NOW)
    Watcher(company).look(CONFIG, NOW)
    assert len(found(company, series="i-run", family="usage")) == 1
    assert len(found(company, series="i-gap", family="gap")) == 1


@pytest.mark.parametrize(
    ("about", "gaps", "spikes"),
    [({}, [], []), ({"series": "i-gap"}, [], ["batch", "web"]),
     ({"tag": "team", "value": "batch"}, ["i-gap"], ["web"]),
     ({"tag": "release", "value": "gap"}, [], ["batch", "web"])],
    ids=["everything", "a machine", "a tag of a team", "a tag of one of its machines"],
)  # fmt: skip
def test_what_was_planned_explains_gaps_and_days_of_those_it_is_about(company, about, gaps, spikes):
    """An event ends half an hour before the load comes back, or lasts an hour of a dear day."""
    dear = pd.Timestamp("2026-11-18T23:30Z").to_pydatetime()
    for name, start, end in (
        ("gap", END - 14.5 * HOUR, END - HOUR / 2), ("cost", dear, dear + HOUR),
        ("batch", dear + 5 * 24 * HOUR, dear + 5 * 24 * HOUR + HOUR),
    ):  # fmt: skip
        incident_log.plan(company, PlannedEvent(name, name, start, end, **about), NOW)
    Watcher(company).look(CONFIG, NOW)
    assert found(company, family="gap")["series"].tolist() == gaps
    assert sorted({*found(company, family="team")["series"],
                   *found(company, family="cost")["series"]}) == spikes  # fmt: skip


def test_another_sensitivity_looks_anew_and_keeps_what_was_decided(watched):
    run = found(watched, series="i-run", family="usage")["incident_id"].iloc[0]
    idle = found(watched, series="i-idle", family="idle")["incident_id"].iloc[0]
    incident_log.decide(watched, [Decision(idle, "dismissed", NOW, reason="false alarm")])
    deaf = replace(CONFIG, anomaly_runaway_pct=100, anomaly_least_g=10**6, anomaly_least_usd=10**6)
    Watcher(watched).look(deaf, NOW)
    kept = found(watched)
    assert idle in set(kept["incident_id"])
    now = kept[kept["incident_id"] == run]
    assert now.empty or now["kind"].iloc[0] != "runaway process"
    Watcher(watched).look(CONFIG, NOW)
    assert run in set(found(watched)["incident_id"])


def test_a_back_test_counts_what_the_watch_raised_and_keeps_nothing(watched):
    before = watched.revision
    span = (NOW - timedelta(days=30), NOW)
    counts = back_test(watched, span, sensitivity_of(CONFIG))
    raised = found(watched)
    raised = raised[raised["severity"] != "log"]
    assert counts == {kind: int(raised["kind"].eq(kind).sum()) for kind in KINDS}
    less = back_test(watched, span, sensitivity_of(replace(CONFIG, anomaly_least_g=10**6,
                                                           anomaly_least_usd=10**6)))  # fmt: skip
    assert sum(less.values()) < sum(counts.values())
    assert watched.revision == before


def test_a_kind_is_raised_as_easily_as_its_level_says(watched):
    def severities(**levels):
        config = replace(CONFIG, anomaly_levels={k.replace("_", " "): v for k, v in levels.items()})
        Watcher(watched).look(config, NOW)
        return found(watched).groupby("family")["severity"].agg(set)

    usual = severities()
    off = severities(
        runaway_process="off", idle_instance="off", cost_spike="off", data_gap="off",
        intensity_spike="off", forgotten_volume="off", footprint_spike="off",
    )  # fmt: skip
    assert {name for name, kept in off.items() if kept != {"log"}} <= {"usage", "fleet"}
    assert "runaway process" not in set(
        found(watched, family="usage").query("severity != 'log'")["kind"]
    )
    assert {"idle", "volume", "cost", "team", "grid"} <= {
        name for name, kept in usual.items() if kept != {"log"}
    }
    pd.testing.assert_series_equal(severities(), usual)


def test_the_level_of_a_kind_moves_its_least_excess(watched):
    """Of what is raised at 100 g by the week, five and a fifth times as much."""
    idle = found(watched, series="i-idle", family="idle").iloc[0]
    week_g = idle["excess_g"] / idle["excess"] * 7

    def severity(least_g, level):
        levels = {"idle instance": level}
        config = replace(CONFIG, anomaly_least_g=round(least_g), anomaly_least_usd=10**6)
        Watcher(watched).look(replace(config, anomaly_levels=levels), NOW)
        return found(watched, series="i-idle", family="idle")["severity"].iloc[0]

    assert severity(week_g * 0.9, "balanced") == "warning"
    assert severity(week_g * 0.9, "precise") == "log"
    assert severity(week_g * 4.5, "balanced") == "log"
    assert severity(week_g * 4.5, "sensitive") == "warning"
    assert severity(week_g * 5.5, "sensitive") == "log"


def test_only_the_family_whose_level_changes_is_looked_at_anew(watched):
    before = {name: incident_log.looked(watched, name).sensitivity for name in FAMILIES}
    Watcher(watched).look(replace(CONFIG, anomaly_levels={"cost spike": "precise"}), NOW)
    after = {name: incident_log.looked(watched, name).sensitivity for name in FAMILIES}
    assert {name for name in FAMILIES if after[name] != before[name]} == {"cost"}


def test_a_back_test_counts_waste_that_is_over_by_now(watched):
    """What was idle or forgotten for a while in the span is counted once."""
    span = (NOW - timedelta(days=30), NOW)
    waste = ("idle instance", "forgotten volume", "off-hours fleet")

    def counted():
        counts = back_test(watched, span, sensitivity_of(CONFIG))
        return {kind: counts[kind] for kind in waste}

    before = counted()
    with watched.write() as cursor:
        cursor.execute(
            "UPDATE utilisation SET cpu_avg_pct = 60, cpu_max_pct = 70 FROM resources k "
            "WHERE k.resource_key = utilisation.resource_key AND resource_id = 'i-idle' "
            "AND hour >= ?",
            [END - timedelta(days=3)],
        )
        cursor.execute(
            "UPDATE volumes SET valid_to = ? WHERE volume_id = 'vol-lost'",
            [END - timedelta(days=2)],
        )
    none = incident_log.going_on(watched, "").iloc[:0]
    for find in (daily.idle, daily.volumes):
        now = find(watched, (span[0], midnight(NOW)), sensitivity_of(CONFIG), NOW, none)
        assert now.empty
    assert counted() == before
    assert min(before.values()) >= 1


def test_nothing_known_is_nothing_looked_at(store):
    watcher = Watcher(store)
    assert not watcher.is_due(NOW)
    assert watcher.look(CONFIG, NOW) == 0
    assert incident_log.looked(store, "usage") is None


def test_a_grid_of_which_no_energy_is_known_has_no_excess_known(company):
    with company.write() as cursor:
        for table in ("hourly_sums", "daily_sums"):
            cursor.execute(f"DELETE FROM {table}")
    Watcher(company).look(CONFIG, NOW)
    assert found(company, family="grid")["excess_g"].isna().all()


def test_a_grid_that_falls_silent_is_a_gap_and_one_that_nobody_states_is_none(company):
    write_instances(company, fleet.instances(
        {"instance_id": "i-cape", "valid_from": "2026-10-01", "region": "af-south-1"}
    ))  # fmt: skip
    silent = NOW - 20 * HOUR
    with company.write() as cursor:
        cursor.execute("DELETE FROM intensities WHERE hour >= ?", [silent])
        cursor.execute("UPDATE intensity_hourly SET tier = 'C' WHERE hour >= ?", [silent])
    watcher = Watcher(company)
    for now in (NOW - HOUR, NOW, NOW + 48 * HOUR):
        watcher.look(CONFIG, now)
    gaps = found(company, family="gap").set_index("series")
    assert "ZA" not in gaps.index
    row = gaps.loc["DE"]
    assert (row["name"], row["region"]) == ("Grid DE (eu-central-1)", "eu-central-1")
    assert (row["severity"], row["alerts"]) == ("warning", 1)
    assert row["start"] == silent + 2 * HOUR
    assert pd.isna(row["end"])
    assert "source failed" in row["cause"]
    drawn = incident_queries.series(company, "gap", "DE", silent - 24 * HOUR, silent)
    assert drawn["value"].between(350, 410).all()


def test_incidents_go_with_the_fleet_they_are_about(watched):
    clear_source(watched, CATALOG, "latency")
    assert not found(watched).empty
    with watched.write() as cursor:
        cursor.execute("UPDATE instances SET source = 'aws'")
    clear_source(watched, CATALOG, "aws")
    assert found(watched).empty
    assert incident_log.looked(watched, "usage") is None


def test_what_was_planned_for_a_demo_machine_goes_with_it_and_the_rest_stays(store):
    ours = {"instance_id": "i-demo", "valid_from": "2026-10-01", "source": "demo"}
    real = {"instance_id": "i-real", "valid_from": "2026-10-01", "source": "aws"}
    write_instances(store, fleet.instances(ours, real))
    for name, about in (("demo", {"series": "i-demo"}), ("real", {"series": "i-real"}),
                        ("tagged", {"tag": "team", "value": "web"}), ("all", {})):  # fmt: skip
        incident_log.plan(store, PlannedEvent(name, name, NOW, NOW + HOUR, **about), NOW)
    clear_source(store, CATALOG, "latency")
    assert len(incident_log.planned(store)) == 4
    clear_source(store, CATALOG, "demo")
    assert set(incident_log.planned(store)["event_id"]) == {"real", "tagged", "all"}


def test_hours_that_come_late_are_looked_at_when_they_come(company):
    """Telemetry ends at `END`; three hours later the same watch goes on from there."""
    watcher = Watcher(company)
    watcher.look(CONFIG, NOW + 3 * HOUR)
    assert incident_log.looked(company, "usage").until == END
    assert not watcher.is_due(NOW + 3 * HOUR)
    late = fleet.hours("2026-11-25T12:00", "2026-11-25T15:00")
    write_utilisation(company, fleet.utilisation("i-run", late, 98.0))
    assert watcher.is_due(NOW + 3 * HOUR)
    watcher.look(CONFIG, NOW + 3 * HOUR)
    rows = found(company, series="i-run", family="usage")
    assert len(rows) == 1
    assert rows["last_seen"].iloc[0] == END + 2 * HOUR
    assert len(AT) == 45 * 24

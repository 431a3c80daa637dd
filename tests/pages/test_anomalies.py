"""The Anomalies page: what is found, what becomes of it, and every view in every state."""

import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.store import Store, incident_log
from spectra.store.factors import write_factors
from spectra.store.incident_log import PlannedEvent
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.saved_settings import saved_settings
from spectra.store.writes import (
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)
from spectra.ui import cards, workspace
from tests import fleet
from tests.copies import once
from tests.pages.conftest import app_store, choose_row, files, healthy, metrics, open_page, table

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DAYS = 35
BORN = (END - timedelta(days=90)).isoformat()
HOSTILE = "**bold** [x](javascript:alert(1)) :red[r] $x$"


@pytest.fixture
@once
def company(database):
    """A runaway, an idle machine with a hostile name, a lost volume, and one that is clean."""
    store, catalog = Store(database), load_catalog()
    at = pd.date_range(END - timedelta(days=DAYS), END, freq="h", inclusive="left", unit="us")
    rng = np.random.default_rng(3)
    usual = 25 + 8 * np.sin(2 * np.pi * at.hour.to_numpy() / 24)
    loads = {
        "i-run": np.r_[usual[:-12] + rng.normal(0, 1, len(at) - 12), np.full(12, 98.0)],
        "i-idle": np.full(len(at), 0.6) + 0.1 * rng.random(len(at)),
        "i-clean": usual + rng.normal(0, 1, len(at)),
    }
    names = {"i-run": "run", "i-idle": HOSTILE, "i-clean": "clean"}
    write_instances(
        store,
        fleet.instances(
            *({"instance_id": name, "valid_from": BORN, "name": names[name],
               "tags": {"team": "data" if name == "i-idle" else "web",
                        "environment": "production"}} for name in loads)
        ),
    )  # fmt: skip
    write_volumes(
        store,
        fleet.volumes({"volume_id": "vol-lost", "valid_from": BORN, "size_gib": 2_000}),
    )
    write_factors(store, catalog)
    extend_ledger(store, catalog, at[0].to_pydatetime(), END)
    write_intensities(store, fleet.intensities("DE", at, 300.0, 380.0), catalog)
    for name, load in loads.items():
        write_utilisation(store, fleet.utilisation(name, at, load))
    recompute(store)
    store.close()


def anomalies(**parameters):
    return healthy(open_page("anomalies", **parameters))


def texts(app) -> str:
    kinds = ("markdown", "caption", "info", "warning", "title", "header", "subheader")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(app, kind))


def kinds(app) -> set[str]:
    return set(app.dataframe[0].value["kind"])


def incident(kind: str) -> str:
    found = incident_log.incidents(app_store(), datetime.now(UTC))
    return found[found["kind"] == kind]["incident_id"].iloc[0]


def button(app, label: str):
    return next(b for b in app.button if b.label == label)


def links(app) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


def test_what_goes_on_is_ranked(company):
    app = anomalies()
    assert {"runaway process", "idle instance", "forgotten volume"} <= kinds(app)
    shown = metrics(app)
    assert int(shown["Need attention"]) == len(app.dataframe[0].value)
    assert shown["If nothing is done"].endswith("a day")
    assert shown["False alarms"] == "none judged"


def test_without_a_fleet_the_page_says_what_to_do(database):
    app = anomalies()
    assert "There is no fleet with hours of load yet." in texts(app)
    assert not app.dataframe


def test_kinds_and_states_filter(company):
    app = anomalies()
    app.multiselect(key="kinds").set_value(["idle instance"])
    healthy(app.run())
    assert kinds(app) == {"idle instance"}
    assert "1 incident, the gravest first" in texts(app)
    app.button_group(key="show_incidents").set_value(["Settled"])
    healthy(app.run())
    assert "Nothing of these kinds needs attention." in texts(app)


def test_one_incident_shows_series_cost_and_cause(company):
    anomalies()
    for kind in ("runaway process", "idle instance", "forgotten volume"):
        app = anomalies(anomaly_view="One incident", incident=incident(kind))
        shown = {"Excess so far", "Cost so far", "If nothing is done", "Lasts"}
        assert shown <= set(metrics(app)), kind
        assert app.get("plotly_chart"), kind
        assert kind in texts(app)
    machine = incident("idle instance")
    app = anomalies(anomaly_view="One incident", incident=machine)
    assert "Open the machine: advice, stop, resize" in links(app)
    with app_store().write() as cursor:
        cursor.execute("UPDATE instances SET state = 'terminated' WHERE instance_id = 'i-idle'")
    assert "Open the machine" in links(anomalies(anomaly_view="One incident", incident=machine))


def test_the_address_names_the_incident(company):
    anomalies()
    wanted = incident("idle instance")
    app = anomalies(anomaly_view="One incident", incident=wanted)
    assert app.query_params["incident"] in (wanted, [wanted])
    other = incident("runaway process")
    app.selectbox(key="incident").set_value(other)
    healthy(app.run())
    assert app.query_params["incident"] in (other, [other])
    assert app.selectbox(key="incident").value == other


def test_nothing_stands_in_for_an_unknown_incident_of_the_address(company):
    for incident_id in ("nobody", "'; DROP TABLE incidents; --"):
        app = anomalies(anomaly_view="One incident", incident=incident_id)
        assert "of this page's address is not in the selection" in texts(app), incident_id
        assert "Excess so far" not in metrics(app), incident_id
    assert app.query_params["incident"] in (incident_id, [incident_id])
    app.selectbox(key="incident").set_value(incident("runaway process"))
    assert "Excess so far" in metrics(healthy(app.run()))


def test_an_empty_incident_in_the_address_is_none(company):
    assert "Excess so far" in metrics(anomalies(anomaly_view="One incident", incident=""))


def test_an_incident_is_dismissed_with_a_reason(company):
    anomalies()
    app = anomalies(anomaly_view="One incident", incident=incident("idle instance"))
    app.button_group(key="incident_choice").set_value("dismissed")
    healthy(app.run())
    app.selectbox(key="incident_because").set_value("other")
    healthy(button(app, "Keep").click().run())
    assert "Say in words why" in texts(app)
    app.selectbox(key="incident_because").set_value("false alarm")
    app.text_input(key="incident_words").set_value("a warm spare")
    healthy(button(app, "Keep").click().run())
    decided = incident_log.events(app_store(), incident("idle instance")).iloc[0]
    assert (decided["state"], decided["reason"]) == ("dismissed", "false alarm: a warm spare")
    later = anomalies()
    assert "idle instance" not in kinds(later)
    assert metrics(later)["False alarms"] == "100 %"


def test_after_a_decision_nothing_is_chosen(company):
    """The rows below move up: they must not stand chosen, with the same decision at hand."""
    app = anomalies()
    ids = list(table(app, 0)["incident_id"])
    choose_row(app, cards.rows_key("incidents", ids), 0)
    healthy(app.run())
    app.button_group(key="incidents_choice").set_value("expected")
    healthy(app.run())
    healthy(button(app, "Keep").click().run())
    healthy(app.run())
    assert list(table(app, 0)["incident_id"]) == ids[1:]
    assert "Choose rows to decide on them." in texts(app)
    assert "Keep" not in [b.label for b in app.button]


def test_a_visitor_of_a_public_deployment_decides_nothing(company, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    anomalies()
    app = anomalies(anomaly_view="One incident", incident=incident("idle instance"))
    assert "decisions are not kept" in texts(app)
    assert "Keep" not in [b.label for b in app.button]
    planned = anomalies(anomaly_view="Planned events")
    assert "nothing is planned here" in texts(planned)


def test_an_event_is_planned_and_taken_away(company):
    app = anomalies(anomaly_view="Planned events")
    healthy(button(app, "Plan it").click().run())
    assert "It needs a name" in texts(app)
    app.text_input(key="plan_name").set_value("<b>Load test</b>")
    healthy(button(app, "Plan it").click().run())
    assert incident_log.planned(app_store())["name"].tolist() == ["<b>Load test</b>"]
    assert "planned_events_csv" in files(app)
    healthy(button(app, "Delete").click().run())
    assert incident_log.planned(app_store()).empty


def test_an_event_that_ends_before_it_begins_is_refused(company):
    app = anomalies(anomaly_view="Planned events")
    app.text_input(key="plan_name").set_value("test")
    app.date_input(key="plan_to_day").set_value(END.date() - timedelta(days=3))
    healthy(button(app, "Plan it").click().run())
    assert "It ends before it begins." in texts(app)
    assert incident_log.planned(app_store()).empty


def test_other_settings_are_tried_on_the_past(company):
    app = anomalies(anomaly_view="Sensitivity")
    app.number_input(key="anomaly_try_grams").set_value(1_000_000)
    app.number_input(key="anomaly_try_usd").set_value(1_000_000)
    healthy(button(app, "Try").click().run())
    counts = app.dataframe[0].value
    assert counts.loc["all", "In force"] >= 3
    assert counts.loc["all", "Tried"] < counts.loc["all", "In force"]
    assert {"back_test_csv", "kinds_csv"} <= files(app)


def test_a_kind_that_was_tried_is_put_in_force(company):
    app = anomalies(anomaly_view="Sensitivity")
    assert app.button(key="put_in_force").disabled
    app.selectbox(key="anomaly_try_idle instance").select("off").run()
    healthy(button(app, "Try").click().run())
    counts = app.dataframe[0].value
    assert counts.loc["idle instance", "In force"] > counts.loc["idle instance", "Tried"] == 0
    healthy(app.button(key="put_in_force").click().run())
    assert saved_settings(app_store())["anomaly_levels"] == "idle instance=off"
    assert app.button(key="put_in_force").disabled


def test_what_is_stated_elsewhere_is_not_put_in_force(company, monkeypatch):
    monkeypatch.setenv("SPECTRA_ANOMALY_LEVELS", "cost spike=off")
    app = anomalies(anomaly_view="Sensitivity")
    assert app.selectbox(key="anomaly_try_cost spike").value == "off"
    app.selectbox(key="anomaly_try_cost spike").select("precise").run()
    assert "Anomaly levels" in texts(app)
    assert "put_in_force" not in [b.key for b in app.button]


def test_what_was_tried_is_not_run_again_with_each_click(company):
    app = anomalies(anomaly_view="Sensitivity")
    app.number_input(key="anomaly_try_grams").set_value(1_000_000)
    healthy(button(app, "Try").click().run())
    counts = app.dataframe[0].value
    incident_log.plan(app_store(), PlannedEvent("e", "x", END, END), END)  # another revision
    settings = workspace.config()
    shared = workspace.shared_workspace(settings.database, settings.memory_limit)
    tried = shared.setup.watcher._trying
    assert tried.acquire(blocking=False)
    try:
        app.number_input(key="anomaly_try_grams").set_value(0)
        healthy(app.run())
        pd.testing.assert_frame_equal(app.dataframe[0].value, counts)
        assert "press Try" in texts(app)
        button(app, "Try").click().run()
        assert "being tried just now" in app.error[0].value
        assert not app.exception
    finally:
        tried.release()
    _, found = app.session_state["_spectra_kept"]["tried_sensitivity"]
    app.session_state["_spectra_kept"] = {"tried_sensitivity": (("another workspace",), found)}
    assert "these would have raised" in texts(healthy(app.run()))


@contextmanager
def full_disk(database):
    """No file grows any more."""
    log = database.with_name(f"{database.name}.wal")
    size = log.stat().st_size if log.exists() else 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_what_was_found_stays(company):
    app = anomalies()
    before = kinds(app)
    with app_store().write() as cursor:
        cursor.execute("UPDATE watch_state SET until = until - INTERVAL 2 HOUR")
    with full_disk(company):
        app.run()
    assert not app.exception, [e.value for e in app.exception]
    assert "Free some space on it" in app.error[0].value
    assert "was found before is below" in texts(app)
    assert kinds(app) == before
    with app_store().write() as cursor:
        cursor.execute("DELETE FROM watch_state")
    with full_disk(company):
        app.run()
    assert not app.exception, [e.value for e in app.exception]
    assert "No hour was looked at yet" in texts(app)
    assert "There is no fleet" not in texts(app)


def test_names_are_shown_as_text(company):
    anomalies()
    app = anomalies(anomaly_view="One incident", incident=incident("idle instance"))
    assert HOSTILE not in texts(app)


def test_what_is_not_known_of_any_is_not_said_to_be_nothing(company):
    anomalies()
    with app_store().write() as cursor:
        cursor.execute("UPDATE incidents SET excess_g = NULL, excess_usd = NULL")
    app = anomalies()
    assert metrics(app)["If nothing is done"] == "not known"
    note = next(m.delta for m in app.metric if m.label == "If nothing is done")
    assert note == "cost not known (0 and 0 known)"


def test_silent_machines_of_a_region_lead_to_the_account_and_to_no_team(company):
    anomalies()
    place = "111111111111 · eu-central-1"
    with app_store().write() as cursor:
        cursor.execute(
            "UPDATE incidents SET family = 'gap', kind = 'data gap', series = ?, team = NULL "
            "WHERE family = 'volume'", [place]
        )  # fmt: skip
    app = anomalies(anomaly_view="One incident", incident=incident("data gap"))
    assert "See in Settings whether the account is read" in links(app)
    assert "The team's days on the Dashboard" not in links(app)

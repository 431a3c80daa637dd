"""The Instances page: what is advised, what becomes of it, and every view in every state."""

import io
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from spectra import advice, exports, units
from spectra.catalog import load_catalog
from spectra.insight.rightsizing import Rules
from spectra.store import Store, advice_log
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import (
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)
from tests import fleet
from tests.copies import once
from tests.pages.conftest import app_store, healthy, metrics, open_app, open_page

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DAYS = 29
BORN = (END - timedelta(days=90)).isoformat()
MACHINES = {
    # name: type, CPU mean [%], memory [%]
    "roomy": ("m5.4xlarge", 10.0, 35.0),
    "idle": ("m5.xlarge", 0.5, None),
    "busy": ("m5.large", 70.0, 60.0),
    "=HYPERLINK(1)": ("c5.xlarge", 30.0, 50.0),
}


@pytest.fixture
@once
def machines(database):
    """Four machines of which one is too large, one idle, one too small; a stopped one; disks."""
    store, catalog = Store(database), load_catalog()
    at = pd.date_range(END - timedelta(days=DAYS), END, freq="h", inclusive="left", unit="us")
    rows = [
        {"instance_id": f"i-{k}", "valid_from": BORN, "name": name, "instance_type": kind,
         "tags": {"team": "web" if k % 2 else "data", "environment": "production"}}
        for k, (name, (kind, _, _)) in enumerate(MACHINES.items())
    ]  # fmt: skip
    rows.append({"instance_id": "i-off", "valid_from": BORN, "name": "off", "state": "stopped"})
    write_instances(store, fleet.instances(*rows))
    write_volumes(
        store,
        fleet.volumes(
            {"volume_id": "vol-off", "valid_from": BORN, "instance_id": "i-off"},
            {"volume_id": "vol-lost", "valid_from": BORN, "volume_type": "gp2"},
        ),
    )
    write_factors(store, catalog)
    extend_ledger(store, catalog, at[0].to_pydatetime(), END)
    write_intensities(store, fleet.intensities("DE", at, 300.0, 380.0), catalog)
    for k, (_, cpu, memory) in enumerate(MACHINES.values()):
        wave = cpu * (1 + 0.2 * np.sin(2 * np.pi * at.hour.to_numpy() / 24))
        frame = fleet.utilisation(f"i-{k}", at, wave)
        frame["cpu_max_pct"] = np.minimum(wave * 1.3, 100)
        frame["memory_avg_pct"] = np.nan if memory is None else memory
        write_utilisation(store, frame)
    recompute(store)
    store.close()


def instances(**parameters):
    return healthy(open_page("instances", **parameters))


def fleet_table(app) -> pd.DataFrame:
    return app.dataframe[0].value.set_index("name")


def texts(app) -> str:
    return "\n".join(
        str(e.value) for kind in ("markdown", "caption", "info", "warning") for e in
        getattr(app, kind)
    )  # fmt: skip


def test_without_a_fleet_it_says_what_to_do(database):
    app = instances()
    assert "There is no fleet" in app.info[0].value
    assert not app.dataframe


def test_a_fleet_that_somebody_else_is_reading_is_not_called_none(machines):
    app = healthy(open_app())
    with app_store().refresh_lock:
        app.switch_page("pages/instances.py").run()
    assert "just now" in healthy(app).info[0].value
    assert not healthy(app.run()).info


def test_every_machine_has_its_finding_and_the_headlines_sum_them(machines):
    app = instances()
    table = fleet_table(app)
    assert table["finding"].to_dict() == {
        "roomy": "over-provisioned",
        "idle": "idle",
        "busy": "under-provisioned",
        "=HYPERLINK(1)": "optimised",
        "off": "stopped",
    }
    assert table.loc["idle", "advice"] == "stop"
    assert table.loc["roomy", "advice"].startswith("→ ")
    shown = metrics(app)
    savings = table.loc[["roomy", "idle"], "kg_per_month"].sum()
    assert shown["Could be saved a month"] == units.mass_text(savings * 1_000)
    assert shown["Idle · over-provisioned"] == "1 · 1"
    assert shown["Too small"] == "1"


def test_a_price_that_is_not_known_is_not_nothing(machines):
    instances()

    def shown(where: str) -> tuple[str, str, str]:
        with app_store().write() as cursor:
            cursor.execute(f"UPDATE advice SET list_usd_per_h = NULL WHERE {where}")
        found = {m.label: m for m in instances().metric}
        price = found["List price to save a month"]
        return price.value, price.delta, found["Too small"].delta

    value, note, _ = shown("finding = 'idle'")
    assert value.startswith("$")
    assert note.endswith("; list price known of 1 of 2")
    value, note, to_mend = shown("true")
    assert value == units.MISSING
    assert "list price" not in note
    assert to_mend == "what mends it is not known"


def test_what_was_saved_is_what_the_ledger_says_of_an_idle_machine(machines):
    app = instances()
    saved = fleet_table(app).loc["idle", "kg_per_month"]
    row = app_store().row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) / count(DISTINCT \"day\") / 24 "
        "FROM emissions_daily WHERE resource_id = 'i-1' AND \"day\" >= ? AND \"day\" < ?",
        [END - timedelta(days=27), END.date()],
    )  # fmt: skip
    assert saved == pytest.approx(row[0] * 730 / 1_000, rel=0.01)


def test_search_and_findings_narrow_the_table(machines):
    app = instances()
    app.text_input(key="search").set_value("WEB m5 i-1").run()
    assert list(fleet_table(healthy(app)).index) == ["idle"]
    app.text_input(key="search").set_value("").run()
    app.multiselect(key="findings").set_value(["idle", "optimised"]).run()
    assert set(fleet_table(healthy(app)).index) == {"idle", "=HYPERLINK(1)"}
    app.text_input(key="search").set_value("no such").run()
    assert "No machine matches" in healthy(app).info[0].value


def test_the_csv_is_safe_for_spreadsheets_and_whole():
    frame = pd.DataFrame({"name": ["=1+1", 'Ünï, "x"\n', "-x", None], "n": [-5.2, 1, 2, None]})
    data = exports.csv_bytes(frame)
    back = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")
    assert back["name"].tolist()[:3] == ["'=1+1", 'Ünï, "x"\n', "'-x"]
    assert back["n"].tolist()[0] == -5.2
    assert back.isna().iloc[3].all()


def test_a_machine_explains_itself(machines):
    app = instances(view="One machine", unit="i-0")
    said = texts(app)
    assert "**Move to " in said
    assert "would peak at" in said
    assert "What would change it" in said
    options = app.dataframe[0].value
    assert options["fits"].iloc[0] == "recommended"
    assert "does not fit" in set(options["fits"])
    assert metrics(app)["Saves a month"].endswith("kg")
    said = " ".join(chart.proto.alt for chart in app.get("plotly_chart"))
    assert "99.5th percentile of memory 35." in said
    assert "99.5th percentile of network" in said


def test_a_machine_whose_load_is_mostly_unknown_is_of_low_confidence(machines):
    store = Store(machines)
    store.cursor().execute(
        "INSERT INTO utilisation_filled SELECT version_key, hour, 50, NULL, 4 "
        "FROM instances, (SELECT DISTINCT hour FROM utilisation WHERE hour(hour) < 8) "
        "WHERE instance_id = 'i-0'"
    )
    store.close()
    assert "33 % of its load assumed" in texts(instances(view="One machine", unit="i-0"))
    assert "Low confidence" not in texts(instances(view="One machine", unit="i-1"))


def test_a_name_is_shown_as_text_whatever_it_is(machines):
    name = "**a** :red[b] $c$ [x](javascript:alert(1)) <b>d</b>"
    store = Store(machines)
    store.cursor().execute("UPDATE instances SET name = ? WHERE instance_id = 'i-0'", [name])
    store.close()
    app = instances(view="One machine", unit="i-0")
    shown = next(str(e.value) for e in app.header if "javascript" in str(e.value))
    assert shown == r"\*\*a\*\* \:red\[b\] \$c\$ \[x\](javascript\:alert(1)) \<b\>d\</b\>"


def test_rows_that_were_chosen_do_not_pass_to_the_rows_that_follow_them(machines):
    app = instances()
    before = app.dataframe[0].proto.id
    assert app.run().dataframe[0].proto.id == before
    app.text_input(key="search").set_value("m5").run()
    assert healthy(app).dataframe[0].proto.id != before


def test_what_no_type_carries_is_too_small_all_the_same(machines):
    store = Store(machines)
    store.cursor().execute(
        "UPDATE instances SET instance_type = 'c5.24xlarge' WHERE instance_id = 'i-2'"
    )
    store.close()
    app = instances()
    assert fleet_table(app).loc["busy", "advice"] == ""
    assert metrics(app)["Too small"] == "1"


def test_two_amounts_in_a_sentence_are_no_formula(machines):
    said = next(str(c.value) for c in instances().caption if "newer generation" in str(c.value))
    assert re.search(r"(?<!\\)\$", said) is None


def test_an_idle_machine_of_an_unknown_region_has_a_page_too(machines):
    store = Store(machines)
    store.cursor().execute("UPDATE instances SET region = 'xx-new-1' WHERE instance_id = 'i-1'")
    store.close()
    assert "no grid of its region" in texts(instances(view="One machine", unit="i-1"))


def test_a_stopped_machine_has_a_page_too(machines):
    app = instances(view="One machine", unit="i-off")
    assert "ran too little of late" in texts(app)
    assert "Nothing was measured" in texts(app)


def picked():
    """The choice of a machine as a script of its own: a machine, and a group that has members."""
    from types import SimpleNamespace

    import pandas as pd
    import streamlit as st

    from spectra.ui.instances import picking

    units = ("i-1", "asg/1/eu-central-1/web")
    table = pd.DataFrame({"unit_id": units, "name": units, "instance_type": "", "region": ""})
    page = SimpleNamespace(get=lambda _, asked: {"i-9": units[1]}.get(asked))
    st.session_state["picked"] = picking.pick(page, table)


def test_a_link_to_a_member_of_a_group_opens_the_group(database):
    app = AppTest.from_function(picked)
    app.query_params["unit"] = "i-9"
    for _ in range(2):
        assert healthy(app.run()).session_state["picked"]["unit_id"] == "asg/1/eu-central-1/web"
        assert "i-9 is a member of this group" in texts(app)
    app.selectbox(key="unit").set_value("i-1")
    assert "member" not in texts(healthy(app.run()))
    app.query_params["unit"] = "i-gone"
    assert healthy(app.run()).session_state["picked"] is None
    assert "“i-gone” of this page's address is not in the selection" in texts(app)


def test_a_decision_holds_and_needs_a_reason(machines):
    app = instances(view="One machine", unit="i-1")
    app.segmented_control(key="one_i-1_state").set_value("dismissed").run()
    app.button(key="one_i-1_keep").click().run()
    assert "needs a reason" in healthy(app).warning[0].value
    # What was begun for one machine is not begun for another.
    app.selectbox(key="unit").set_value("i-0").run()
    assert app.segmented_control(key="one_i-0_state").value is None
    app.selectbox(key="unit").set_value("i-1").run()
    app.segmented_control(key="one_i-1_state").set_value("dismissed").run()
    app.text_input(key="one_i-1_reason").set_value("standby of the till").run()
    app.button(key="one_i-1_keep").click().run()
    healthy(app)
    now = datetime.now(UTC) + timedelta(seconds=1)
    state = advice_log.of_unit(app_store(), "i-1", now)
    assert (state["state_now"], state["state_reason"]) == ("dismissed", "standby of the till")
    assert metrics(app)["Idle · over-provisioned"] == "0 · 1"


def test_a_public_visitor_decides_nothing(machines, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = instances(view="One machine", unit="i-1")
    assert "decisions are not kept" in texts(app)
    assert not [b for b in app.button if b.key == "one_i-1_keep"]


def test_waste_is_listed_with_its_cost(machines):
    app = instances(view="Waste")
    lost = app.dataframe[0].value
    assert lost["volume_id"].tolist() == ["vol-lost"]
    assert lost["days"].iloc[0] >= 89
    assert lost["usd_per_month"].iloc[0] == pytest.approx(10.0)
    assert lost["cost_basis"].iloc[0] == "list price of us-east-1"
    assert app.dataframe[1].value["instance_id"].tolist() == ["i-off"]


def test_what_if_answers_and_refuses_in_words(machines):
    app = instances(view="What if", unit="i-0")
    app.selectbox(key="try_type_i-0").set_value("m6g.xlarge").run()
    app.selectbox(key="try_region_i-0").set_value("eu-north-1").run()
    shown = metrics(healthy(app))
    assert shown["CO₂e a month"].endswith("g")
    app.selectbox(key="try_type_i-0").set_value("t3.nano").run()
    assert "would not carry the load" in texts(healthy(app))
    app.segmented_control(key="try_schedule").set_value("Weekdays").run()
    app.slider(key="try_hours").set_value((8, 8)).run()
    assert "No hour is chosen" in healthy(app).info[0].value
    app.segmented_control(key="try_schedule").set_value("As it runs").run()
    app.selectbox(key="unit").set_value("i-off").run()
    assert not app.exception
    assert "No CPU load" in app.error[0].value


def test_results_are_empty_until_something_is_done(machines):
    app = instances(view="Results")
    assert "No recommendation has been carried out" in app.info[0].value
    store = app_store()
    done = END - timedelta(days=3)
    advice_log.decide(store, [advice_log.Decision("i-0", "over-provisioned", "done", done)])
    app.run()
    row = healthy(app).dataframe[0].value.iloc[0]
    assert row["promised_kg_per_month"] > 0
    # It still runs on the old type, so nothing was saved.
    assert row["realised_kg_per_month"] == pytest.approx(0, abs=1e-9)


def test_the_fleet_is_judged_once_and_again_when_rules_change(machines):
    app = instances()
    first = advice_log.last_run(app_store())
    app.run()
    assert advice_log.last_run(app_store()) == first
    assert not advice.is_due(app_store(), load_catalog(), Rules())
    assert advice.is_due(app_store(), load_catalog(), Rules(cpu_headroom_pct=30.0))

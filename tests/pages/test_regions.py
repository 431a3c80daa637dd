"""The Regions page: the comparison, the estimate of a move, moves made, and every empty state."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from spectra.catalog import load_catalog
from spectra.move_history import Standing
from spectra.store import Store
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import (
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)
from spectra.ui import cards
from spectra.ui.regions import moved
from tests import fleet
from tests.copies import once
from tests.pages.conftest import (
    app_store,
    choose_row,
    healthy,
    metrics,
    open_app,
    open_page,
    table,
)

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DAYS = 40
BORN = (END - timedelta(days=90)).isoformat()
HOSTILE = "**bold** [x](javascript:alert(1)) :red[r] $x$"


@pytest.fixture
@once
def company(database):
    """A team in Frankfurt, one in Stockholm, and hourly grids of both."""
    store, catalog = Store(database), load_catalog()
    at = pd.date_range(END - timedelta(days=DAYS), END, freq="h", unit="us")
    machines = {"i-web": ("web", "m5.xlarge"), "i-old": ("web", "c4.2xlarge"),
                "i-gpu": ("ml", "p3.8xlarge")}  # fmt: skip
    write_instances(
        store,
        fleet.instances(
            *({"instance_id": name, "valid_from": BORN, "instance_type": kind,
               "name": HOSTILE if name == "i-web" else name, "tags": {"team": team}}
              for name, (team, kind) in machines.items()),
            {"instance_id": "i-north", "valid_from": BORN, "region": "eu-north-1",
             "tags": {"team": "north"}},
            *({"instance_id": f"i-cn{n}", "valid_from": BORN, "region": "cn-north-1",
               "tags": {"team": f"far{n}"}} for n in range(4)),
        ),
    )  # fmt: skip
    write_volumes(
        store, fleet.volumes({"volume_id": "vol-1", "valid_from": BORN, "instance_id": "i-web"})
    )
    write_factors(store, catalog)
    extend_ledger(store, catalog, at[0].to_pydatetime(), END + timedelta(hours=1))
    # The clock may go on between the import of this module and its last test.
    known = pd.date_range(at[0], END + timedelta(hours=2), freq="h", unit="us")
    for zone, level in (("DE", 380.0), ("SE-SE3", 30.0), ("FR", 60.0)):
        wave = level * (1 + 0.1 * np.sin(2 * np.pi * known.hour.to_numpy() / 24))
        write_intensities(store, fleet.intensities(zone, known, wave * 0.8, wave), catalog)
    for name in (*machines, "i-north"):
        write_utilisation(store, fleet.utilisation(name, at, 30.0))
    recompute(store)
    store.close()


def regions(**parameters):
    return healthy(open_page("regions", **parameters))


def texts(app) -> str:
    kinds = ("markdown", "caption", "info", "warning", "title", "header", "subheader", "error")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(app, kind))


COLUMN_OF = {
    "ranking": "score", "not_ranked": "reason", "move_sides": "what",
    "move_machines": "target_type", "moves_made": "realised_kg_per_month",
}  # fmt: skip


def frame(app, name: str) -> pd.DataFrame:
    return next(d.value for d in app.dataframe if COLUMN_OF[name] in d.value.columns)


def test_the_map_is_what_one_sees_first(company):
    store = Store(company)
    store.cursor().execute(
        "DELETE FROM intensity_hourly WHERE zone = 'FR' AND hour > ?", [END - timedelta(days=30)]
    )
    store.close()
    app = regions(region="eu-west-3", period="90 days")
    assert "Greenest now: **eu-north-1**" in texts(app)
    assert app.selectbox(key="region").value == "eu-west-3"
    # Of a zone whose hours end before the last weeks there is a line all the same.
    assert "No hour of the last 28 days of the period is known." in texts(app)
    assert any("by day, between" in chart.proto.alt for chart in app.get("plotly_chart"))


def test_the_region_in_detail_is_the_one_chosen_last(company):
    """The table is in another order when a grid changes; the region chosen below it stays."""
    app = regions()
    order = list(table(app, 0)["region"])
    choose_row(app, cards.rows_key("regions_table", order), order.index("eu-north-1"))
    assert healthy(app.run()).selectbox(key="region").value == "eu-north-1"
    app.selectbox(key="region").set_value("eu-west-3")
    healthy(app.run())
    hours = pd.date_range(END, END + timedelta(hours=2), freq="h", unit="us")
    newer = fleet.intensities("SE-SE3", hours, 720.0, 900.0)
    write_intensities(app_store(), newer.assign(fetched_at=fleet.utc("2099-01-01")), load_catalog())
    healthy(app.run())
    assert list(table(app, 0)["region"]).index("eu-north-1") != order.index("eu-north-1")
    assert app.selectbox(key="region").value == "eu-west-3"


def test_regions_are_ranked_with_reasons_for_the_others(company):
    app = regions(region_view="Compare")
    app.button_group(key="compare_load").set_value("One instance type")
    healthy(app.run())
    ranking = frame(app, "ranking")
    assert ranking["region"].tolist() == ["eu-north-1", "eu-west-3", "eu-central-1"]
    assert ranking["score"].iloc[-1] == 0
    assert "**eu-north-1** comes first: CO₂e −" in texts(app)
    left_out = frame(app, "not_ranked").set_index("region")["reason"]
    assert "annual or monthly mean" in left_out["us-east-1"]
    assert len(left_out) + len(ranking) == len(load_catalog().regions)
    assert "by distance" in " ".join(ranking["latency_is"])
    assert app.get("plotly_chart")


def test_our_own_fleet_needs_all_its_types(company):
    app = regions(region_view="Compare")
    assert frame(app, "ranking")["region"].tolist() == ["eu-central-1"]
    assert "**eu-central-1** is the best of 1 region " in texts(app)
    reasons = frame(app, "not_ranked").set_index("region")["reason"]
    assert reasons["eu-north-1"] == "Not offered there: c4.2xlarge, p3.8xlarge."
    app.toggle(key="needs_types").set_value(False)
    app.slider(key="weight_price").set_value(0)
    healthy(app.run())
    ranking = frame(app, "ranking")
    assert ranking["region"].iloc[0] == "eu-north-1"
    assert np.isnan(ranking["usd_per_h"].iloc[0])


def test_conditions_exclude_and_say_so(company):
    app = regions(region_view="Compare")
    app.button_group(key="compare_load").set_value("One instance type")
    app.multiselect(key="only_countries").set_value(["FR"])
    healthy(app.run())
    assert frame(app, "ranking")["region"].tolist() == ["eu-west-3"]
    assert "which is not allowed" in frame(app, "not_ranked")["reason"].str.cat()
    app.number_input(key="most_latency").set_value(1.0)
    healthy(app.run())
    assert "No region meets the conditions." in texts(app)


def wishes_and_assumptions():
    """What is asked for of a region and of a move, as a script of its own that can be left."""
    import pandas as pd
    import streamlit as st

    from spectra.catalog import load_catalog
    from spectra.ui.regions import choosing, comparing

    if not st.session_state.get("elsewhere"):
        st.session_state["limits"] = comparing._wishes(load_catalog())[1]
        st.session_state["assumed"] = choosing.assumptions(pd.Series([1.0]))


def test_what_was_asked_for_outlives_a_visit_to_another_view(database):
    app = healthy(AppTest.from_function(wishes_and_assumptions).run(timeout=60))
    for box in app.number_input:
        box.set_value(box.min + 1 if box.max > 1 else box.max)
    app.toggle(key="needs_types").set_value(False)
    app.slider(key="move_days").set_value(200)
    healthy(app.run())
    asked = app.session_state["limits"], app.session_state["assumed"]
    assert (asked[0].max_latency_ms, asked[1].dual_hours, asked[1].days) == (2.0, 1.0, 200)
    for elsewhere in (True, False):
        app.session_state["elsewhere"] = elsewhere
        healthy(app.run())
    assert (app.session_state["limits"], app.session_state["assumed"]) == asked


def test_what_cannot_be_compared_is_said(company):
    app = (
        open_app(region_view="Compare", compare_home="eu-west-1")
        .switch_page("pages/regions.py")
        .run()
    )
    assert not app.exception
    assert "Nothing of ours runs in eu-west-1" in texts(app)


def test_weights_of_nothing_are_refused(company):
    app = regions(region_view="Compare")
    for name in ("carbon", "price", "latency"):
        app.slider(key=f"weight_{name}").set_value(0)
    app.run()
    assert not app.exception
    assert "No figure has a weight" in texts(app)


def test_a_team_is_estimated(company):
    app = regions(region_view="Move")
    app.selectbox(key="move_team").set_value("web")
    healthy(app.run())
    shown = metrics(app)
    assert "Saves a month" in shown
    assert shown["Made up for after"].endswith(("h", "days"))
    sides = frame(app, "move_sides").set_index("what")
    assert sides.loc["Total, location-based", "Change"].startswith("−")
    assert "(= LB)" in sides.loc["Total, market-based", "As it is"]
    assert "c4.2xlarge is not offered in eu-north-1" in texts(app)
    assert "2 machines" in texts(app)
    assert HOSTILE not in texts(app)


def test_a_filter_of_the_sidebar_holds(company):
    app = regions(region_view="Move", regions="eu-north-1", move_to="eu-west-3")
    assert app.selectbox(key="move_team").options == ["north"]


def test_a_region_without_any_grid_is_not_estimated(company):
    app = regions(region_view="Move")
    app.selectbox(key="move_team").set_value("far0")
    app.run()
    assert not app.exception
    assert "No hour is known both of these machines" in texts(app)


def test_assumptions_change_the_move_itself(company):
    app = regions(region_view="Move")
    app.selectbox(key="move_team").set_value("web")
    before = metrics(healthy(app.run()))["The move itself"]
    app.number_input(key="move_gb").set_value(50_000.0)
    app.number_input(key="move_egress").set_value(0.02)
    assert before.startswith("at least ")  # of one machine no volume is known
    assert "The volumes of 1 of 2 machines are not known" in texts(app)
    after = healthy(app.run())
    assert not metrics(after)["The move itself"].startswith("at least ")
    assert "In money it is made up for after" in texts(after)


def test_what_cannot_move_is_refused_in_words(company):
    app = regions(region_view="Move")
    app.selectbox(key="move_team").set_value("ml")
    app.run()
    assert not app.exception
    assert "None of these machines can be moved there" in texts(app)
    app.selectbox(key="move_team").set_value("north")
    app.run()
    assert "already" in texts(app)


def test_instances_and_tags_choose_as_well(company):
    app = regions(region_view="Move", move_to="eu-west-3")
    app.button_group(key="move_by").set_value("Instances")
    assert "No machine is chosen." in texts(healthy(app.run()))
    app.multiselect(key="move_ids").set_value(["i-gpu"])
    app.run()
    assert not app.exception
    app.button_group(key="move_by").set_value("Tag")
    app.run()
    app.selectbox(key="move_value_team").set_value("north")
    healthy(app.run())
    assert frame(app, "move_machines")["instance_id"].tolist() == ["i-north"]


def test_an_unknown_target_in_the_address_is_passed_over(company):
    known = {r.code for r in load_catalog().regions}
    for target in ("eu-west-9", "'; DROP TABLE moves; --", ""):
        app = regions(region_view="Move", move_to=target)
        assert app.selectbox(key="move_to").value in known, target


@pytest.fixture
def demo(database, monkeypatch):
    """The demo company of three days."""
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "3")
    return database


def test_a_machine_of_the_demo_is_moved_through_its_plan(demo):
    assert "No machine has been moved yet." in texts(regions(region_view="Moves made"))
    app = regions(region_view="Move", move_to="eu-north-1")
    app.button_group(key="move_by").set_value("Instances")
    app.run()
    machine = running_machine(app_store())
    app.multiselect(key="move_ids").set_value([machine])
    healthy(app.run())
    next(b for b in app.button if b.label == "Plan the move of 1").click()
    app.run()
    healthy(app.switch_page("pages/instances.py").run())
    assert any("Move" in e.label for e in app.expander)
    left = texts(app)
    assert "Left to a person" in left  # on screen before anything is typed
    assert all(word in left for word in ("DNS", "Elastic IP", "Load balancers", "Roles"))
    app.text_input(key="plan_typed").set_value(machine)
    next(b for b in app.button if b.label == "Carry it out").click()
    healthy(app.run())
    app = regions(region_view="Moves made")
    rows = frame(app, "moves_made")
    assert rows["target"].tolist() == ["eu-north-1"]
    assert rows["promised_kg_per_month"].notna().all()
    assert rows["realised_kg_per_month"].isna().all()
    assert rows["now"].tolist() == ["Both run"]
    assert "A move adds emissions until its source is stopped" in texts(app)
    app.button(key="stop_sources").click()
    app.run()
    healthy(app.switch_page("pages/instances.py").run())
    assert any(e.label.startswith("Stop") for e in app.expander)


def test_the_moment_from_which_a_move_saves_names_its_zone():
    for ended_at in (None, END):
        assert moved._now(Standing("m5.large", END, False, ended_at)).endswith("UTC")


def running_machine(store):
    return store.row(
        "SELECT instance_id FROM instances WHERE state = 'running' AND valid_to IS NULL "
        "AND asg_name IS NULL AND region = 'us-east-1' AND lifecycle = 'on-demand' "
        "ORDER BY instance_id LIMIT 1"
    )[0]


def test_without_data_every_view_says_what_to_do(database):
    for view in ("Map and hours", "Compare", "Move", "Moves made"):
        app = regions(region_view=view)
        assert "There is no grid data yet." in texts(app), view
        assert not app.dataframe, view


OLD_END = END.replace(year=END.year - 1, month=11, day=29, hour=23)


@pytest.fixture
def old_files(database):
    """Grids of last autumn alone, as a portal file of last year brings them."""
    store, catalog = Store(database), load_catalog()
    write_factors(store, catalog)
    at = pd.date_range(OLD_END - timedelta(days=60), OLD_END, freq="h", unit="us")
    for zone, level in (("DE", 380.0), ("SE-SE3", 30.0)):
        grid = fleet.intensities(zone, at, level * 0.8, level, source="electricity_maps_portal")
        write_intensities(store, grid, catalog)
    store.close()


def test_files_of_the_past_are_shown_with_their_age(old_files):
    app = regions()
    age = f"{round((END - OLD_END) / timedelta(days=1)):,} days old"
    assert f"{OLD_END:%d %b %Y} 23:00 UTC, {age}" in texts(app)
    held = next(d.value for d in app.dataframe if "last_hour" in d.value.columns)
    assert held.set_index("zone")["hours"].to_dict() == {"DE": 1441, "SE-SE3": 1441}
    assert held["regions"].str.contains("eu-central-1").any()
    app.selectbox(key="past_region").select("eu-north-1").run()
    assert "Carbon intensity of eu-north-1" in texts(healthy(app))
    assert "Mean 30" in texts(app)


@pytest.mark.parametrize("view", ["Compare", "Move"])
def test_what_needs_grids_of_late_says_so_where_there_are_old_ones_alone(old_files, view):
    app = regions(region_view=view)
    assert "days old" in texts(app)
    assert "Connect Electricity Maps" in {link.proto.label for link in app.get("page_link")}
    assert not app.dataframe

"""Settings: what is saved takes effect, what is wrong changes nothing, what is secret stays so."""

import gc
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st

from spectra import checks
from spectra.config import load_config
from spectra.errors import InputError
from spectra.refresh import current_hour
from spectra.refresh.automation import Tick
from spectra.refresh.connections import SessionKeys
from spectra.settings import SETTINGS
from spectra.sources.aws import Access, AwsKeys, Role
from spectra.store import Store
from spectra.store.saved_settings import save_settings, saved_settings
from spectra.ui import data, kept, workspace
from spectra.ui.frame import Page
from spectra.ui.settings import automation
from spectra.ui.settings.data_section import place
from spectra.ui.workspace import Workspace
from tests.pages.conftest import app_store, healthy, metrics, open_page
from tests.servers import electricity_maps as em
from tests.servers.cloudflare import TOKEN
from tests.servers.moto import KEYS

SECTIONS = ("Workspace", "AWS", "Grids and latency", "Regions", "Tags", "Method", "Rightsizing",
            "Anomalies", "Budgets", "Automation", "Data", "Usage")  # fmt: skip


def settings(section: str, **parameters: str):
    return healthy(open_page("settings", section=section, **parameters))


def texts(app) -> str:
    parts = [e.value for kind in ("markdown", "caption", "success", "info", "error", "code")
             for e in getattr(app, kind)]  # fmt: skip
    return "\n".join(str(part) for part in parts)


def save(app):
    button = next(b for b in app.button if b.label == "Save")
    return button.click().run()


@pytest.fixture
def services(world, database, monkeypatch):
    """The app on the loopback world, without any key of the operator."""
    monkeypatch.setenv("SPECTRA_ELECTRICITY_MAPS_URL", f"{world.grids.url}/v4")
    monkeypatch.setenv("SPECTRA_CLOUDFLARE_URL", world.radar.url)
    monkeypatch.setenv("SPECTRA_REGIONS", "us-east-1,eu-central-1")
    monkeypatch.setenv("SPECTRA_AWS_HISTORY_DAYS", "1")
    return world


def test_every_section_opens_and_every_saved_setting_can_be_changed_somewhere(database):
    found = set()
    words = {
        "Workspace": "Keys typed under AWS or under Grids and latency open a private workspace",
        "Method": "A new emission factor computes no hour anew",
    }
    for section in SECTIONS:
        app = settings(section)
        assert app.title[0].value == "Settings", section
        assert words.get(section, "") in texts(app)
        for kind in ("text_input", "toggle", "selectbox", "multiselect"):
            found |= {w.key for w in getattr(app, kind) if w.key}
    wanted = {f"setting_{s.name}" for s in SETTINGS if s.saved}
    assert wanted <= found


def test_a_saved_setting_takes_effect_and_stays(database):
    other = settings("Method")
    app = settings("Method")
    app.selectbox(key="setting_embodied_years").select("4")
    app = healthy(save(app))
    assert "Saved." in texts(app)
    assert saved_settings(app_store()) == {"embodied_years": "4"}
    other.selectbox(key="setting_power_model").select("linear")
    other = healthy(save(other))
    assert "Changed elsewhere meanwhile: Embodied years." in other.warning[0].value
    assert saved_settings(app_store()) == {"embodied_years": "4"}  # not taken back unasked
    assert other.selectbox(key="setting_embodied_years").value == "4"
    other = healthy(save(other))
    assert saved_settings(app_store()) == {"embodied_years": "4", "power_model": "linear"}
    assert workspace.shared_workspace(str(database), "256MB").config.embodied_years == "4"
    st.cache_resource.clear()
    app = settings("Method")
    assert app.selectbox(key="setting_embodied_years").value == "4"


def test_a_wrong_value_is_told_and_saves_nothing_and_a_right_one_takes_effect(
    database, monkeypatch
):
    app = settings("Automation")
    app.text_input(key="setting_automation_minutes").set_value("3")
    app.toggle(key="setting_automation").set_value(True)
    app = save(app)
    assert "expected 15 to 1440 minutes" in app.error[0].value
    assert saved_settings(app_store()) == {}
    assert app.text_input(key="setting_automation_minutes").value == "3"  # nothing typed is lost
    app.text_input(key="setting_automation_minutes").set_value("30")
    app = save(app)
    acted = Tick(datetime(2026, 11, 25, 7, 30, tzinfo=UTC), "Stopped web-1.")
    schedule = SimpleNamespace(next_at=None, last=None, last_action=acted)
    monkeypatch.setattr(workspace, "automation", lambda *_: schedule)
    told = "Started or stopped by the clock, 25 Nov 07:30 UTC: Stopped web-1."
    assert told in texts(healthy(app.run()))


def test_what_the_operator_pinned_cannot_be_changed_here(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_EMBODIED_YEARS", "4")
    app = settings("Method")
    widget = app.selectbox(key="setting_embodied_years")
    assert widget.disabled
    assert "Set by the environment" in widget.help


def test_on_a_public_deployment_shared_settings_are_read_only(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = settings("Method")
    assert app.selectbox(key="setting_embodied_years").disabled
    assert next(b for b in app.button if b.label == "Save").disabled
    assert "only its operator" in texts(app)
    app = settings("Grids and latency")  # tests spend its operator's money
    assert not {b.key for b in app.button} & {"test_electricity_maps", "test_cloudflare_radar"}
    app = settings("Data")
    assert app.button(key="clear").disabled
    with pytest.raises(KeyError):
        app.button(key="refresh_now")


def test_a_secret_is_never_shown(database, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ELECTRICITY_MAPS_KEY",
                 "CLOUDFLARE_TOKEN", "WEBHOOK_URL"):  # fmt: skip
        monkeypatch.setenv(f"SPECTRA_{name}", f"s3cret-{name}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SPECTRA_ELECTRICITY_MAPS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SPECTRA_CLOUDFLARE_URL", "http://127.0.0.1:9")
    for section in SECTIONS:
        app = settings(section)
        shown = texts(app) + str([w.value for w in app.text_input]) + str(app.session_state)
        assert "s3cret" not in shown
    workspace.shared_workspace(str(database), "256MB").refresher.wait(60)


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("AWS", {"aws_id": "AKIAX", "aws_secret": "s3cret"}),
        ("AWS", {"aws_id": "AKIAX"}),
        ("Grids and latency", {"electricity_maps_secret": "s3cret"}),
    ],
    ids=["keys", "half of them", "one key"],
)
def test_what_is_typed_ends_with_its_session_taken_or_refused(
    services, monkeypatch, section, fields
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    app = settings(section)
    gc.freeze()  # as in a server, whose first visitor's session is never collected
    for key, value in fields.items():
        app.text_input(key=key).set_value(value)
    app = next(b for b in app.button if b.label == "Use in this session").click().run()
    assert app.error, "nothing was taken"
    assert gc.get_freeze_count() == 0


def test_keys_of_a_session_open_a_workspace_of_its_own(services):
    services.moto.launch("us-east-1", team="core")
    save_settings(app_store(), {"cost_explorer": "off"})
    app = settings("AWS")
    assert not app.toggle(key="setting_cost_explorer").value
    app.text_input(key="aws_id").set_value(KEYS["aws_access_key_id"])
    app.text_input(key="aws_secret").set_value(KEYS["aws_secret_access_key"])
    app = next(b for b in app.button if b.label == "Use in this session").click().run()
    app = healthy(app)
    assert "private workspace" in texts(app)
    assert app.toggle(key="setting_cost_explorer").value  # as in force in the private one
    private = app.session_state["_spectra_private"]
    private.refresher.wait(60)
    assert private.store.path == ":memory:"
    assert private.store.row("SELECT count(*) FROM instances") == (1,)
    assert app_store().row("SELECT count(*) FROM instances WHERE source = 'aws'") == (0,)
    dashboard = healthy(app.switch_page("pages/dashboard.py").run())
    assert any("Private workspace" in m.value for m in dashboard.markdown)
    assert metrics(dashboard)["CO₂e now"] != "n/a"
    assert app.text_input == [] or all(w.value in ("", None) for w in app.text_input)


def use(app, keys):
    """Type keys for AWS and wait for the refresh that follows."""
    for field, value in zip(("aws_id", "aws_secret", "aws_token"), keys.values(), strict=False):
        app.text_input(key=field).set_value(value)
    app = healthy(submit(app, "aws_keys"))
    private = app.session_state["_spectra_private"]
    private.refresher.wait(60)
    return app, private


def test_keys_of_another_account_begin_with_an_empty_fleet(services):
    services.moto.launch("us-east-1")
    arn = "arn:aws:iam::222222222222:role/Spectra"
    services.moto.launch("us-east-1", ec2=services.moto.assumed(arn, "ec2"))
    app, first = use(settings("AWS"), KEYS)
    first.save({"embodied_years": "4"})
    app, again = use(app, KEYS)
    assert again is first
    app, second = use(app, services.moto.keys_of(arn))
    assert "empty fleet" in texts(app)
    listed = second.store.frame("SELECT account_id FROM instances")
    assert list(listed["account_id"]) == ["222222222222"]
    assert second.config.embodied_years == "4"


def test_a_private_workspace_without_a_fleet_says_whether_one_is_on_its_way(services):
    """It says what the session can do, and not what an operator might set."""
    app, private = use(settings("AWS"), KEYS)
    refresher, go_on = private.refresher, threading.Event()
    live = refresher._live
    refresher._live = lambda: (go_on.wait(60), live())[1]
    assert refresher.start()
    told = {}
    for name in ("dashboard", "anomalies", "instances", "budgets", "reports"):
        app.switch_page(f"pages/{name}.py").run()
        (told[name],) = [info.value for info in app.info if "There is no fleet" in info.value]
    assert {"A refresh is under way" in text for text in told.values()} == {True}
    assert "Look again" in [button.label for button in app.button]
    go_on.set()
    refresher.wait(60)
    (text,) = [info.value for info in app.run().info if "There is no fleet" in info.value]
    assert "no machine of it is known" in text
    assert "SPECTRA_DEMO" not in text
    links = [link.proto.label for link in app.get("page_link")]
    assert {"How each source fares", "Regions that are asked"} <= set(links)


def test_keys_that_end_in_an_error_nobody_foresaw_can_be_forgotten(database, monkeypatch):
    monkeypatch.setattr(Access, "account", lambda self, role=None: {}["s3cret"])
    app = settings("AWS")
    app.text_input(key="aws_id").set_value("AKIAX")
    app.text_input(key="aws_secret").set_value("s3cret")
    app = submit(app, "aws_keys")
    assert "An unexpected KeyError" in app.error[0].value
    healthy(app.button(key="aws_forget").click().run())


def test_keys_that_aws_does_not_take_can_be_tried_again_or_forgotten(services, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    app = settings("AWS")
    app.text_input(key="aws_id").set_value("AKIAX")
    app.text_input(key="aws_secret").set_value("s3cret")
    app = next(b for b in app.button if b.label == "Use in this session").click().run()
    assert "did not answer" in app.error[0].value
    assert "s3cret" not in app.error[0].value
    assert "_spectra_private" not in app.session_state
    again = app.button(key="aws_again").click().run()
    assert "did not answer" in again.error[0].value
    app.text_input(key="aws_id").set_value("AKIAY")
    app = submit(app, "aws_keys")
    assert "Nothing was kept" in app.error[0].value
    assert len(app.error) == 1
    assert "aws_again" not in {b.key for b in app.button}
    app.text_input(key="aws_id").set_value("AKIAX")
    app.text_input(key="aws_secret").set_value("s3cret")
    submit(app, "aws_keys")
    monkeypatch.setenv("AWS_ENDPOINT_URL", services.moto.url)
    app = app.run()
    assert "did not answer" in app.error[0].value  # nobody is asked unasked
    app = healthy(app.button(key="aws_again").click().run())
    assert "private workspace" in texts(app)
    app.session_state["_spectra_private"].refresher.wait(60)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"aws_id": "AKIAX"}, "Both the access key ID and its secret are needed."),
        ({"aws_id": "A", "aws_secret": "b", "aws_roles": "nonsense"}, "is not a role ARN"),
    ],
)
def test_a_form_that_makes_no_sense_is_told(database, fields, words):
    app = settings("AWS")
    for key, value in fields.items():
        widget = app.text_area(key=key) if key == "aws_roles" else app.text_input(key=key)
        widget.set_value(value)
    app = next(b for b in app.button if b.label == "Use in this session").click().run()
    assert words in app.error[0].value


def test_a_key_for_grids_alone_goes_over_the_demo_fleet(services, monkeypatch):
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "2")
    app = settings("Grids and latency")
    app.text_input(key="electricity_maps_secret").set_value(em.KEY)
    app = healthy(submit(app, "electricity_maps_key"))
    app.session_state["_spectra_private"].refresher.wait(60)
    app = healthy(app.switch_page("pages/settings.py").run())
    badges = [m.value for m in app.markdown if "Grids:" in str(m.value)]
    assert any("Electricity Maps API" in b and "Fleet: demo" in b for b in badges)


def submit(app, form: str):
    """Click the submit button of a form."""
    return next(b for b in app.button if b.form_id == form).click().run()


def test_a_wrong_key_is_told_and_not_kept(services):
    app = settings("Grids and latency")
    app.text_input(key="electricity_maps_secret").set_value("wrong-s3cret")
    app = submit(app, "electricity_maps_key")
    assert "does not know the key" in app.error[0].value
    assert "s3cret" not in app.error[0].value
    assert "_spectra_private" not in app.session_state


def test_ending_the_private_workspace_forgets_it(services, monkeypatch):
    app = settings("Grids and latency")
    app.text_input(key="cloudflare_secret").set_value(TOKEN)
    app = healthy(submit(app, "cloudflare_key"))
    private = app.session_state["_spectra_private"]
    private.refresher.wait(60)
    metered = "SELECT source, request_count FROM fetch_log WHERE dataset = 'check'"
    assert private.store.row(metered) == ("cloudflare_radar", 1)
    assert app_store().row(metered) is None
    app = healthy(app.button(key="test_cloudflare_radar").click().run())
    assert "The token is active." in app.dataframe[0].value["Found"].tolist()
    app.pills(key="section").set_value("Workspace")
    app = healthy(app.run())
    assert "A private workspace of this session" in texts(app)
    app.session_state["unit"] = app.session_state["_unit_in_address"] = "i-theirs"
    app.session_state["_plans"] = ["stop i-theirs"]
    app.session_state["_move_choices"] = {("i-theirs",): "subnet-theirs"}
    app.session_state["teams"], app.session_state["period"] = ["theirs"], "7 days"
    forgotten = []
    monkeypatch.setattr(data._of_session, "clear", lambda: forgotten.append("rows"))
    app = healthy(app.button(key="end_private").click().run())
    assert "The shared workspace" in texts(app)
    left = app.session_state._state.filtered_state
    assert "_spectra_private" not in left
    assert "theirs" not in str(left)
    assert (left["period"], left["teams"], forgotten) == ("7 days", [], ["rows"])
    app.pills(key="section").set_value("Grids and latency")
    app = healthy(app.run())
    assert (
        not app.dataframe
    )  # what was found with the visitor's token is not told of the operator's


def test_what_is_kept_is_shown_beside_what_it_is_of_alone(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    kept.keep("checks", "found", "store", "key")
    assert kept.kept("checks", "store", "key") == "found"
    assert kept.kept("checks", "store", "another key") is None
    assert kept.kept("checks", "another store", "key") is None
    st.session_state.clear()
    assert kept.kept("checks", "store", "key") is None


def test_clearing_needs_the_name_typed(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "2")
    app = settings("Data")
    assert app.button(key="clear").disabled
    app.text_input(key="clear_typed").set_value("demo")
    app = app.run()
    monkeypatch.setenv("SPECTRA_DEMO", "off")
    app = healthy(app.button(key="clear").click().run())
    assert "Cleared " in texts(app)
    assert app_store().row("SELECT count(*) FROM instances") == (0,)


def test_the_refresh_of_an_operator_s_keys_is_offered_and_metered(services, monkeypatch):
    monkeypatch.setenv("SPECTRA_AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("SPECTRA_AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    services.moto.launch("us-east-1")
    app = settings("Usage")
    shared = workspace.current()
    shared.refresher.wait(60)
    assert shared.refresher.report.failures == ()
    app = settings("Usage")
    shown = metrics(app)
    assert int(shown["Requests today"]) == shared.refresher.report.request_count
    assert shown["A refresh now"] == "$0.00"
    asked = len(services.aws.requests)
    app = healthy(app.run().run().run())
    assert len(services.aws.requests) == asked  # a rerun asks nobody
    assert app.button(key="refresh_now")
    app = settings("AWS")
    app.session_state["_spectra_refresh_shown"] = True  # a refresh that has ended since was shown
    app = healthy(app.button(key="test_aws").click().run())
    assert "ec2:DescribeInstances" in app.dataframe[0].value["What"].tolist()
    spent = "SELECT estimated_usd FROM fetch_log WHERE dataset = 'check'"
    assert app_store().row(spent)[0] == pytest.approx(0.01, abs=1e-4)


def test_the_test_of_aws_costs_a_request_an_account():
    roles = [Role(f"arn:aws:iam::11111111111{k}:role/Spectra") for k in range(3)]
    assert [checks.aws_usd(Access(roles=some)) for some in (roles, roles[:1], ())] == [
        pytest.approx(0.03), 0.01, 0.01,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("is_on", "webhook", "words"),
    [
        (True, "https://example.org", "Incidents, budgets and the levels above raise them."),
        (True, "", "Nothing is sent or kept until the operator sets `SPECTRA_WEBHOOK_URL`."),
        (False, "https://example.org", "or kept until Automation (above) or cron (below) is on."),
        (False, "", "or cron (below) is on and the operator sets `SPECTRA_WEBHOOK_URL`."),
    ],
)  # fmt: skip
def test_no_notice_is_promised_that_is_never_kept(is_on, webhook, words):
    plain = load_config({}, Path("none.toml"))
    config = replace(plain, automation=is_on, webhook_url=webhook)
    assert automation.silence(config).endswith(words)


def test_the_policy_names_every_action_the_checks_ask_for(database):
    from spectra.sources.aws.permissions import READ_ACTIONS

    app = settings("AWS")
    policy = next(c.value for c in app.code if '"Version": "2012-10-17"' in c.value)
    assert all(action in policy for action in READ_ACTIONS)


def test_secrets_are_not_for_saving():
    store = Store()
    for setting in SETTINGS:
        if setting.secret:
            with pytest.raises(InputError):
                save_settings(store, {setting.name: "x"})
    store.close()


def test_session_keys_never_show():
    keys = SessionKeys(AwsKeys("AKIA", "s3cret", "s3cret"), (), "s3cret", "s3cret")
    assert "s3cret" not in repr(keys)


def test_history_is_exported_read_back_and_its_policy_is_told(database, monkeypatch, tmp_path):
    monkeypatch.setenv("SPECTRA_HISTORY_FOLDER", str(tmp_path / "history"))
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "1")
    app = settings("Data", period="Last month")
    assert "Everything is kept" in texts(app)
    last = current_hour().replace(day=1) - timedelta(days=1)
    assert f"to {last:%d %b %Y} UTC" in texts(app)
    app = healthy(app.button(key="history_export").click().run())
    assert "Exported to history-" in texts(app)
    name = next((tmp_path / "history").iterdir()).name
    app = healthy(app.button(key="history_import").click().run())
    assert f"Read {name}" in texts(app)
    next((tmp_path / "history").glob("*/costs/**/*.parquet")).unlink()
    app = app.button(key="history_import").click().run()
    assert "is missing" in app.error[0].value
    assert not app.exception
    app.text_input(key="setting_retention_hourly_days").set_value("61")
    assert "expected 62 to 3650" in save_data(app).error[0].value
    app.text_input(key="setting_retention_hourly_days").set_value("400")
    app = healthy(save_data(app))
    assert "left to roll up" in texts(app)


def save_data(app):
    return next(b for b in app.button if b.label == "Save").click().run()


@pytest.mark.parametrize(
    ("is_private", "path", "words"),
    [
        (True, ":memory:", "in memory of this session"),
        (False, "md:fleet", "in MotherDuck"),
        (False, "here", "0 MB on disk"),
    ],
)
def test_where_a_workspace_is_kept(tmp_path, is_private, path, words):
    store = Store()
    store.path = path if ":" in path else str(tmp_path / path)
    assert (
        place(Page(Workspace(SimpleNamespace(store=store), None, is_private), *[None] * 3)) == words
    )
    store.close()


def test_a_public_deployment_writes_no_history_to_its_disk(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = settings("Data")
    assert "history_export" not in {b.key for b in app.button}

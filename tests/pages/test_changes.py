"""Changing something from the page: plan, checks, confirmation, run, journal; and refusals."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

from spectra import actions
from spectra.errors import RefusedError
from spectra.store import action_log, advice_log
from spectra.store.action_schedules import delete_schedule, save_schedule, schedules
from spectra.ui import cards, workspace
from spectra.ui.instances import changes
from spectra.ui.instances.undisturbed import Undisturbed
from tests.actions.test_plan import MACHINE
from tests.pages.conftest import app_store, choose_row, files, healthy, open_page
from tests.pages.test_instances import instances, machines, texts  # noqa: F401 (a fixture)


def idle_machine(app) -> str:
    table = app.dataframe[0].value
    names = table[table["finding"] == "idle"]["name"].tolist()
    return app_store().row(
        "SELECT min(instance_id) FROM instances WHERE valid_to IS NULL AND asg_name IS NULL "
        "AND state = 'running' AND list_contains(?, name)", [names],
    )[0]  # fmt: skip


def state_of(unit_id: str) -> str:
    return app_store().row(
        "SELECT state FROM instances WHERE instance_id = ? AND valid_to IS NULL", [unit_id]
    )[0]


def planned(app, unit_id: str):
    """The page with a plan to stop a machine."""
    app.query_params["unit"] = unit_id
    app.segmented_control(key="view").set_value("One machine").run()
    app.button(key="one_power").click().run()
    return healthy(app)


def carry_out(app, text: str):
    app.text_input(key="plan_typed").set_value(text)
    next(b for b in app.button if b.label == "Carry it out").click().run()
    return app


def undo(app, plan_id: str, text: str) -> None:
    """Undo the newest plan of the journal."""
    choose_row(app, cards.rows_key("journal", action_log.journal(app_store())["plan_id"]), 0)
    app.run()
    app.text_input(key=f"undo_typed_{plan_id}").set_value(text)
    next(b for b in app.button if b.label == "Undo").click().run()


def test_a_demo_machine_is_stopped_after_a_typed_confirmation_and_started_again(demo):
    app = instances()
    unit_id = idle_machine(app)
    app = planned(app, unit_id)
    assert app.session_state["view"] == "Changes"
    assert "As it was shown" in texts(app)
    assert app.dataframe[0].value["Dry run"].tolist() == ["allowed"]
    carry_out(app, "wrong")
    assert app.error[0].value.count("Type “") == 1  # the next step, once
    assert "does not match" in app.error[0].value
    assert state_of(unit_id) == "running"
    carry_out(app, unit_id)
    assert "done" in healthy(app).success[0].value
    assert state_of(unit_id) == "stopped"
    assert advice_log.carried_out(app_store())["how"].tolist() == ["carried out here"]
    entry = action_log.plans(app_store())[0]
    assert (entry.action, entry.state, entry.runner) == ("stop", "done", "demo")
    undo(app, entry.plan_id, unit_id)
    assert healthy(app).success[0].value.endswith(": undone.")
    assert state_of(unit_id) == "running"
    assert advice_log.carried_out(app_store()).empty
    again = advice_log.of_unit(app_store(), unit_id, datetime.now(UTC))
    assert (again["action"], again["state_now"]) == ("stop", "open")


def tried(plan, *refused):
    """The dry run of a plan in which calls with some arguments are refused."""

    def dry_run(call, results):
        if any(words in str(call.arguments) for words in refused):
            raise RefusedError("No.", code="UnauthorizedOperation")

    return actions.dry_run(plan, SimpleNamespace(dry_run=dry_run))


def test_each_step_shows_the_dry_run_of_its_own_call_and_not_of_a_way_back():
    one_of_two = actions.terminate(MACHINE)
    trials = tried(one_of_two, "'VolumeId': 'vol-01'")
    said = changes.steps_of(one_of_two, trials)["Dry run"].tolist()
    assert said == ["allowed", "refused", "allowed", "allowed"]
    back_alone = actions.resize(MACHINE, "m5.xlarge")
    trials = tried(back_alone, "{'Value': 'm5.large'}")
    assert changes.steps_of(back_alone, trials)["Dry run"].tolist() == ["allowed"] * 4
    (no,) = [trial.place for trial in trials if trial.is_allowed is False]
    assert no == "Step 3, way back: ec2:ModifyInstanceAttribute"


def test_what_keeps_plans_from_being_carried_out_is_always_drawn_and_first():
    plans = [actions.stop(replace(MACHINE, resource_id=f"i-{n}")) for n in range(12)]
    plans[11] = replace(plans[11], checks=(actions.Check("Protection", False, "It is on."),))
    no = {plans[10].plan_id: [actions.Trial("ec2:StopInstances", False, "No.", 1)]}
    assert changes.drawn_of(plans, no) == [*plans[10:], *plans[:8]]
    no = {plan.plan_id: [actions.Trial("ec2:StopInstances", False, "No.", 1)] for plan in plans}
    assert changes.drawn_of(plans, no) == plans


def test_what_was_stopped_emits_no_more(demo):
    app = instances()
    unit_id = idle_machine(app)
    grams = (
        "SELECT coalesce(sum(scope2_lb_g + embodied_g), 0) FROM instance_emissions "
        "WHERE resource_id = ? AND hour = (SELECT max(hour) FROM instance_emissions)"
    )
    before = app_store().row(grams, [unit_id])[0]
    carry_out(planned(app, unit_id), unit_id)
    assert app_store().row(grams, [unit_id])[0] < before


def test_a_disk_without_a_machine_is_planned_with_its_snapshot(demo):
    from spectra.ui.instances import asking

    app = instances(view="Waste")
    lost = app.dataframe[0].value["volume_id"].iloc[0]
    asked = asking.targets(app_store(), kind="volume", ids={lost})[0]
    app.session_state[asking.PLANS] = [asking.build("delete volume", asked, "")]
    app.segmented_control(key="view").set_value("Changes").run()
    steps = healthy(app).dataframe[0].value
    assert "create_snapshot" in steps["Call"].iloc[0]
    assert "delete_volume" in steps["Call"].iloc[-1]
    carry_out(app, lost)
    gone = app_store().row(
        "SELECT count(*) FROM volumes WHERE volume_id = ? AND valid_to IS NULL "
        "AND state <> 'deleted'", [lost],
    )  # fmt: skip
    assert gone[0] == 0
    app.segmented_control(key="view").set_value("Waste").run()
    assert lost not in set(healthy(app).dataframe[0].value["volume_id"])


def test_a_plan_can_be_discarded(demo):
    app = instances()
    app = planned(app, idle_machine(app))
    app.button(key="plan_forget").click().run()
    assert "Nothing is planned" in healthy(app).info[0].value
    assert action_log.plans(app_store()) == []


def test_plans_end_with_the_workspace_that_they_are_about(demo):
    from spectra.ui.instances import asking

    app = instances()
    app = planned(app, idle_machine(app))
    app.session_state[asking.STORE] = "a private one that was closed"
    app.run()
    assert "Nothing is planned" in healthy(app).info[0].value
    assert asking.PLANS not in app.session_state


def test_an_account_is_not_changed_unless_the_operator_enables_it(machines):  # noqa: F811
    app = instances(view="One machine", unit="i-1")
    app.button(key="one_power").click().run()
    assert not app.exception
    assert not [b for b in app.button if b.label == "Carry it out"]
    assert any("SPECTRA_ACTIONS_ENABLED" in info.value for info in app.info)
    assert app.dataframe[0].value["Dry run"].tolist() == ["not asked"]
    assert not [b for b in app.button if b.label == "Check again"]
    assert files(app) >= {"plan_md", "plan_sh"}
    assert state_of("i-1") == "running"


def test_public_visitors_cannot_even_plan(demo, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = instances()
    unit_id = idle_machine(app)
    app.query_params["unit"] = unit_id
    app.segmented_control(key="view").set_value("One machine").run()
    assert not [b for b in healthy(app).button if b.label.startswith("Plan")]
    app.segmented_control(key="view").set_value("Changes").run()
    assert "public" in healthy(app).info[0].value


def delete(app, name: str, tag: str, meanwhile=lambda: None) -> None:
    """Choose a schedule and, after something that another tab does, delete it."""
    box = app.run().selectbox(key="schedule_chosen")
    box.set_value(next(o for o in box.options if o.startswith(name) and tag in o)).run()
    meanwhile()
    next(b for b in healthy(app).button if b.label == "Delete").click().run()


def test_a_schedule_needs_its_name_typed_and_is_deleted_as_it_was_shown(demo, monkeypatch):
    app = instances(view="Changes")
    for key, value in {"s_name": "Office", "s_key": "Schedule", "s_value": "office-hours",
                       "s_start": "0 8 * * 1-5", "s_stop": "0 19 * * 1-5"}.items():  # fmt: skip
        app.text_input(key=key).set_value(value)
    submit = lambda: next(b for b in app.button if b.label == "Keep the schedule")  # noqa: E731
    submit().click().run()
    assert "does not match" in app.error[0].value
    app.text_input(key="s_typed").set_value("Office")
    submit().click().run()
    row = healthy(app).dataframe[0].value.iloc[0]
    assert (row["Name"], row["Start"], row["What"] in ("start", "stop")) == (
        "Office", "0 8 * * 1-5", True,
    )  # fmt: skip
    (kept,) = schedules(app_store())
    for part in ({"tag_value": "weekend"}, {"name": "Zoo"}):
        save_schedule(app_store(), replace(kept, schedule_id=str(part), **part))
    delete(app, "Office", "weekend")
    assert sorted((s.name, s.tag_value) for s in schedules(app_store())) == [
        ("Office", "office-hours"), ("Zoo", "office-hours"),
    ]  # fmt: skip
    delete(
        app, "Zoo", "", lambda: delete_schedule(app_store(), schedules(app_store())[1].schedule_id)
    )
    assert [s.name for s in schedules(app_store())] == ["Office"]
    monkeypatch.setattr(workspace.current(), "is_private", True)
    assert "nothing runs by the clock" in texts(healthy(app.run()))
    assert not [box for box in app.text_input if box.key == "s_name"]


def test_the_page_opens_without_an_error_on_every_view(demo):
    app = open_page("instances")
    for view in ("Fleet", "One machine", "Waste", "What if", "Changes", "Results"):
        app.segmented_control(key="view").set_value(view).run()
        healthy(app)


HOSTILE = "![x](http://y/z.png) :red[gone] $a$ `b` [Carry it out](http://y)"


def test_a_name_in_a_plan_is_no_markup(demo):
    from spectra.ui.instances import asking

    app = instances()
    unit_id = idle_machine(app)
    asked = asking.targets(app_store(), kind="instance", ids={unit_id})[0]
    app.session_state[asking.PLANS] = [
        asking.build("stop", replace(asked, name=HOSTILE, state="stopped"), "")
    ]
    app.session_state[asking.REFUSED] = [HOSTILE]
    app.segmented_control(key="view").set_value("Changes").run()
    said = [app.expander[0].label, app.warning[0].value]
    for text in said:
        assert r"\!\[x\]" in text
        assert r"\:red\[gone\] \$a\$ \`b\` \[Carry" in text


def broken_off(app, unit_id, owner):
    """A termination of which another opening of the store, or this one, began the first step."""
    from spectra import actions
    from spectra.actions.targets import target

    plan = actions.terminate(target(app_store(), "instance", unit_id))
    actions.Journal(app_store()).begin(plan, "demo")
    if owner:
        with app_store().write(is_fact=False) as cursor:
            cursor.execute("UPDATE action_plans SET owner = ?", [owner])
    return plan.plan_id


def test_what_ends_for_good_goes_on_only_when_it_was_typed(demo, monkeypatch):
    app = instances()
    unit_id = idle_machine(app)
    plan_id = broken_off(app, unit_id, "before")
    app.segmented_control(key="view").set_value("Changes").run()
    app.button(key=f"resume_{plan_id}").click().run()
    assert app.error[0].value.count("Type “") == 1  # the next step, once
    assert "does not match" in app.error[0].value
    assert state_of(unit_id) == "running"
    said = []
    monkeypatch.setattr(Undisturbed, "__call__", lambda told, share, text: said.append(text))
    app.text_input(key=f"resume_typed_{plan_id}").set_value(unit_id)
    app.button(key=f"resume_{plan_id}").click().run()
    assert said[-1] == "Done"
    assert "done" in healthy(app).success[0].value
    assert action_log.unfinished(app_store()) == []
    assert advice_log.carried_out(app_store())["how"].tolist() == ["carried out here"]


def test_a_plan_under_way_has_no_buttons_and_one_that_is_over_says_so(demo):
    app = instances()
    unit_id = idle_machine(app)
    plan_id = broken_off(app, unit_id, "")
    app.segmented_control(key="view").set_value("Changes").run()
    assert any("running now" in info.value for info in healthy(app).info)
    choose_row(app, cards.rows_key("journal", [plan_id]), 0)
    assert "its steps stand above" in texts(healthy(app.run()))
    assert not [b for b in app.button if b.label == "Go on"]
    with app_store().write(is_fact=False) as cursor:
        cursor.execute("UPDATE action_plans SET owner = 'before'")
    app.run()
    action_log.set_plan(app_store(), plan_id, "closed")  # in another tab
    app.button(key=f"close_{plan_id}").click().run()
    assert not app.exception
    assert "needs no closing" in app.error[0].value

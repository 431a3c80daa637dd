"""Every empty state says why, and offers the next step as a link or a button that takes it."""

from tests.pages.conftest import LAUNCHED, healthy, open_app, open_page, write_store

CONNECT = "Connect an AWS account"
LONGER, EVERYTHING = "Look at 90 days", "Clear the sidebar's filters"
NOWHERE = {"teams": "web", "regions": "eu-north-1", "period": "7 days"}

# What is there, page, its address, what is said, and the next steps.
CASES = [
    ("nothing", "dashboard", {}, "no fleet to account for", (CONNECT, "Bring grid files")),
    ("nothing", "regions", {}, "no grid data", ("Connect Electricity Maps",)),
    ("nothing", "anomalies", {}, "no fleet with hours", (CONNECT,)),
    ("nothing", "instances", {}, "no fleet with hours", (CONNECT,)),
    ("nothing", "budgets", {}, "no fleet to account for", (CONNECT,)),
    ("nothing", "reports", {}, "no fleet to report on", (CONNECT,)),
    ("nothing", "scheduler", {}, "No job is kept", ("How savings are judged",)),
    ("nothing", "scheduler", {}, "No forecast was issued", ("Connect Electricity Maps",)),
    ("nothing", "settings", {"section": "Tags"}, "has tags", ("Rules of allocation",)),
    ("nothing", "settings", {"section": "Data"}, "workspace is empty", ("Connect AWS",)),
    ("nothing", "settings", {"section": "Usage"}, "Nothing was fetched", ("Connect grids",)),
    ("nothing", "settings", {"section": "Automation"}, "No notice so far", ("Incidents",)),
    ("two", "dashboard", NOWHERE, "Nothing was running", (LONGER, EVERYTHING)),
    ("two", "regions", {"region_view": "Move", **NOWHERE}, "No machine is chosen", (EVERYTHING,)),
    ("two", "regions", {"region_view": "Moves made"}, "has been moved", ("Estimate a move",)),
    ("two", "anomalies", NOWHERE, "Nothing is out of the ordinary", (LONGER, EVERYTHING)),
    ("two", "anomalies", {"anomaly_view": "One incident", **NOWHERE}, "No incident", (LONGER,)),
    ("two", "instances", NOWHERE, "No machine matches", ("Clear the filters above", EVERYTHING)),
    ("two", "instances", {"view": "One machine", **NOWHERE}, "No machine is in", (EVERYTHING,)),
    ("two", "instances", {"view": "What if", **NOWHERE}, "No machine is in", (EVERYTHING,)),
    ("two", "instances", {"view": "Waste"}, "No waste", ("Choose machines in Fleet", EVERYTHING)),
    ("two", "instances", {"view": "Changes"}, "Nothing is planned",
     ("Choose machines in Fleet", "Look at waste")),
    ("two", "instances", {"view": "Results"}, "been carried out", ("Choose machines in Fleet",)),
    ("two", "budgets", {}, "No budget is set", ("Set a budget", "Bring a CSV file")),
    ("two", "budgets", {"budget_view": "One budget"}, "No budget is set", ("Set a budget",)),
    ("two", "reports", {"reports_view": "History"}, "No report is final", ("Make a report",)),
]  # fmt: skip


def offered(app) -> set[str]:
    """What links and buttons say."""
    links = {link.proto.label for link in app.get("page_link")}
    return links | {button.label for button in app.button}


def lacking(state: str) -> list[str]:
    """The cases of a state that do not say what they should, or lack a next step."""
    found = []
    for there, name, address, words, steps in CASES:
        if there == state:
            app = open_page(name, **address)
            assert not app.exception, (name, address)
            said = [info.value for info in app.info if words in info.value]
            if len(said) != 1 or said[0].count("\n\n") != 1 or not offered(app).issuperset(steps):
                found.append(f"{name} {address}: {said}")
    return found


def press(app, label):
    (button,) = [button for button in app.button if button.label == label]
    healthy(button.click().run())


def test_an_empty_database_offers_the_next_step(database):
    assert lacking("nothing") == []


def test_what_is_not_there_yet_offers_the_next_step_and_takes_it(database):
    machine = {"valid_from": LAUNCHED, "instance_type": "m7i.xlarge"}
    elsewhere = {"region": "eu-north-1", "tags": {"team": "data", "environment": "production"}}
    write_store(
        database, {"instance_id": "i-1", **machine}, {"instance_id": "i-2", **machine, **elsewhere}
    )
    assert lacking("two") == []
    app = open_app(**NOWHERE)
    press(app, EVERYTHING)
    assert not [info for info in app.info if "Nothing was running" in info.value]
    press(app.switch_page("pages/budgets.py").run(), "Set a budget")
    assert app.button_group(key="budget_view").value == "Change"
    app.switch_page("pages/instances.py").run()
    app.text_input(key="search").set_value("nowhere to be found").run()
    press(app, "Clear the filters above")
    assert app.text_input(key="search").value == ""
    assert not [info for info in app.info if "No machine matches" in info.value]

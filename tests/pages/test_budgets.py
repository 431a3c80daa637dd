"""The Budgets page: standing, one budget, allocation, chargeback, and changes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from spectra import allocation, budgets, units
from spectra.catalog import load_catalog
from spectra.insight.allocation import Rules
from spectra.insight.budgets import Version, period_of
from spectra.store import Store, budget_log, chargeback_log
from spectra.store.budget_log import new_budget
from spectra.store.factors import write_factors
from spectra.store.hashing import digest
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.saved_settings import save_settings
from spectra.store.writes import write_instances, write_intensities, write_utilisation
from spectra.ui import cards, workspace
from spectra.ui.plain import plain
from tests import fleet
from tests.copies import once
from tests.pages.conftest import app_store, choose_row, files, healthy, metrics, open_app, open_page

# In the first hour of a month as far as that, as a refresh would have it.
_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
END = max(_HOUR, period_of("month", _HOUR).start + timedelta(hours=1))
MONTH = period_of("month", END)
HOSTILE = "**bold** [x](javascript:alert(1)) $x$"
TEAMS = {
    "i-web": "web",
    "i-data": "analytics",
    "i-dat": "analitics",
    "i-none": "",
    "i-odd": HOSTILE,
}


@pytest.fixture
@once
def company(database):
    """Five machines of three teams, one of which is spelt twice, one of nobody."""
    store, catalog = Store(database), load_catalog()
    at = pd.date_range(END - timedelta(days=35), END, freq="h", inclusive="left", unit="us")
    born = (END - timedelta(days=60)).isoformat()
    write_instances(
        store,
        fleet.instances(
            *({"instance_id": name, "valid_from": born, "name": name[2:],
               "tags": {"team": team} if team else {"project": "x", "cost": "1"},
               "instance_type": "m5.4xlarge" if team == "analytics" else "m5.xlarge"}
              for name, team in TEAMS.items())
        ),
    )  # fmt: skip
    write_factors(store, catalog)
    extend_ledger(store, catalog, at[0].to_pydatetime(), END)
    write_intensities(store, fleet.intensities("DE", at, 300.0, 380.0), catalog)
    for name in TEAMS:
        load = 30 + 5 * np.sin(2 * np.pi * at.hour.to_numpy() / 24)
        write_utilisation(store, fleet.utilisation(name, at, load))
    recompute(store)
    store.close()


@pytest.fixture
def budgeted(company):
    """The company with a budget that is far too small, and one that is ample."""
    store = Store(company)
    set_budget(store, "web", 1.0)
    set_budget(store, "analytics", 10e6)
    store.close()
    return company


def set_budget(store, team, grams):
    budgets.create(store, new_budget("team", team, "month"), grams, MONTH.start.date())


def page(view="Overview", **parameters):
    return healthy(open_page("budgets", budget_view=view, **parameters))


def texts(app) -> str:
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(app, kind))


def places(app) -> str:
    """The table of where a team emits."""
    return next(h.proto.body for h in app.get("html") if "Region and service" in h.proto.body)


def button(app, label: str):
    return next(b for b in app.button if b.label == label)


def kept():
    return {b.scope_key: b for b in budget_log.budgets(app_store(), END.date())}


def kept_in(path):
    store = Store(path)
    found = budget_log.budgets(store)
    store.close()
    return found


def test_budgets_stand_the_most_pressing_first(budgeted):
    app = page()
    rows = app.dataframe[0].value
    assert rows["name"].tolist() == ["web", "analytics"]
    assert rows["state"].iloc[0] == "over"
    assert rows["used"].iloc[0] > 1
    assert metrics(app)["Likely over or over"] == "1"
    assert "of nobody" in texts(app) or "belongs to nobody" in texts(app)


def test_without_a_budget_the_page_says_what_to_do(company):
    app = page()
    assert "No budget is set yet." in texts(app)
    assert "belongs to nobody" in texts(app)
    # A team has a page without one, too: its course, where it emits, what would reduce it.
    app = page("One budget")
    assert "No budget is set yet." in texts(app)
    assert app.selectbox(key="budget").options[0] == "analytics · no budget"
    assert "without a limit" in texts(app)
    assert "a day, if carried out now" in texts(app)
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt.startswith("CO₂e of the team by UTC day: ")
    assert "eu-central-1 · Amazon EC2" in places(app)


def test_without_a_fleet_there_is_nothing_to_account_for(database):
    assert "There is no fleet to account for yet." in texts(page())


def test_one_budget_shows_its_course_and_the_way_back(budgeted):
    app = page("One budget")
    shown = metrics(app)
    assert {"Actual", "Budget", "Expected at the end", "Probability of an overrun"} <= set(shown)
    assert shown["Budget"] == "1.00 g"
    assert app.get("plotly_chart")
    assert "must be saved until the end" in texts(app)
    assert "eu-central-1 · Amazon EC2" in places(app)
    assert "The budget is used up." in texts(app)


def test_budgets_of_one_team_on_two_bases_are_told_apart(budgeted):
    store = Store(budgeted)
    budget = new_budget("team", "web", "month", basis="scope3")
    budgets.create(store, budget, 100.0, MONTH.start.date())
    store.close()
    options = page("One budget").selectbox(key="budget").options
    assert len([o for o in options if not o.endswith("no budget")]) == 3
    assert [o for o in options if "scope 3" in o and o.startswith("web")]


def test_the_dashboard_shows_budgets(budgeted):
    app = healthy(open_app())
    assert "1 over" in texts(app)


def test_a_budget_is_set_changed_copied_and_closed(company):
    app = page("Change")
    app.selectbox(key="new_team").set_value("web")
    app.number_input(key="new_amount").set_value(12.5)
    healthy(button(app, "Set").click().run())
    budget = kept()["web"]
    assert budget_log.versions(app_store())[budget.budget_id] == [
        Version(MONTH.start.date(), 12_500.0)
    ]
    app.button_group(key="budget_way").set_value("Amount")
    healthy(app.run())
    app.number_input(key=f"change_{budget.budget_id}_amount").set_value(20.0)
    healthy(button(app, "Set").click().run())
    app.button_group(key="budget_way").set_value("Next period")
    healthy(app.run())
    app.number_input(key=f"next_change_{budget.budget_id}").set_value(-10.0)
    healthy(button(app, "Copy").click().run())
    amounts = budget_log.versions(app_store())[budget.budget_id]
    assert amounts[-1] == Version(MONTH.end.date(), 18_000.0)
    app.run()
    assert f"18.0 kg are set for {MONTH.next.label}" in texts(app)
    app.button_group(key="budget_way").set_value("Amount")
    healthy(app.run())
    app.selectbox(key=f"back_{budget.budget_id}").set_value(MONTH.end.date())
    healthy(app.run())
    healthy(button(app, "Take back").click().run())
    assert budget_log.versions(app_store())[budget.budget_id] == amounts[:-1]
    app.button_group(key="budget_way").set_value("Close")
    healthy(app.run())
    app.date_input(key=f"close_on_{budget.budget_id}").set_value(END.date())
    healthy(button(app, "Close").click().run())
    assert kept() == {}


def test_a_budget_closed_in_another_tab_takes_no_other_with_it(company):
    for team in ("web", "data"):
        budget = new_budget("team", team, "month")
        budgets.create(app_store(), budget, 12_500.0, MONTH.start.date())
    app = page("Change")
    app.button_group(key="budget_way").set_value("Close")
    app = healthy(app.run())
    chosen = app.selectbox(key="budget_changed").value
    app.date_input(key=f"close_on_{chosen}").set_value(END.date())
    closing, other = sorted(kept().values(), key=lambda b: b.budget_id != chosen)
    close = button(app, "Close")
    budgets.close(app_store(), closing, END.date())
    healthy(close.click().run())
    assert list(kept().values()) == [other]


def test_what_was_typed_for_a_budget_is_not_there_for_another(company):
    for team in ("web", "data"):
        budgets.create(app_store(), new_budget("team", team, "month"), 12_500.0, MONTH.start.date())
    app = page("Change")
    app.button_group(key="budget_way").set_value("Amount")
    app = healthy(app.run())
    first = app.selectbox(key="budget_changed").value
    app.date_input(key=f"change_from_{first}").set_value(MONTH.end.date())
    app.text_input(key=f"change_note_{first}").set_value("A late hire.")
    (set_it,) = [b for b in app.button if b.form_id == f"change_amount_{first}"]
    app = healthy(set_it.click().run())
    other = next(one.budget_id for one in kept().values() if one.budget_id != first)
    app.selectbox(key="budget_changed").set_value(other)
    app = healthy(app.run())
    assert app.text_input(key=f"change_note_{other}").value == ""
    assert app.date_input(key=f"change_from_{other}").value != MONTH.end.date()
    app.selectbox(key="budget_changed").set_value(first)
    assert healthy(app.run()).text_input(key=f"change_note_{first}").value == ""
    app.button_group(key="budget_way").set_value("Next period")
    healthy(app.run()).number_input(key=f"next_change_{first}").set_value(-100.0)
    app.selectbox(key="budget_changed").set_value(other)
    healthy(button(healthy(app.run()), "Copy").click().run())
    amounts = budget_log.versions(app_store())
    assert Version(MONTH.end.date(), 12_500.0) in amounts[other]


def test_a_new_budget_begins_with_empty_fields(company):
    app = page("Change")
    app.selectbox(key="new_team").set_value("web")
    app.number_input(key="new_amount").set_value(12.5)
    app.text_input(key="new_note").set_value("agreed with web")
    app = healthy(button(app, "Set").click().run())
    assert app.selectbox(key="new_team").value is None
    assert app.number_input(key="new_amount").value is None
    assert app.text_input(key="new_note").value == ""
    # What is refused stays to be mended.
    app.text_input(key="new_note").set_value("agreed with data")
    app = button(app, "Set").click().run()
    assert "is of nothing yet" in app.error[0].value
    assert app.text_input(key="new_note").value == "agreed with data"


def test_a_budget_that_is_to_be_closed_can_be_kept_on(budgeted):
    app = page("Change")
    app.button_group(key="budget_way").set_value("Close")
    chosen = healthy(app.run()).selectbox(key="budget_changed").value
    app.date_input(key=f"close_on_{chosen}").set_value(MONTH.end.date())
    app = healthy(button(app, "Close").click().run())
    assert any(
        f"until {MONTH.end.date()}" in o for o in app.selectbox(key="budget_changed").options
    )
    assert f"no longer kept from {MONTH.end.date()} on" in texts(app)
    healthy(button(app, "Keep it on").click().run())
    assert {b.closed_on for b in kept().values()} == {None}


def test_a_budget_without_an_amount_is_refused(company):
    app = page("Change")
    app.selectbox(key="new_team").set_value("web")
    button(app, "Set").click().run()
    assert "has no amount" in app.error[0].value
    assert not app.exception
    assert budget_log.budgets(app_store()) == []


def test_a_budget_may_be_of_a_team_that_only_the_rules_know(company):
    store = Store(company)
    rules = Rules({"analitics": "analytics"}, {"999999999999": "sales"})
    budget_log.keep_rules(store, rules, MONTH.start.date())
    store.close()
    offered = page("Change").selectbox(key="new_team").options
    assert "sales" in offered
    assert "analitics" not in offered


def test_an_amount_of_0_is_told_as_one_and_not_as_unset(company):
    app = page("Change")
    app.selectbox(key="new_team").set_value("web")
    app.number_input(key="new_amount").set_value(0.0)
    healthy(button(app, "Set").click().run())
    app = page("One budget", budget=kept()["web"].budget_id)
    assert "An amount of 0, which is no limit, is set" in texts(app)
    assert "No amount is set" not in texts(app)
    assert "must be saved" not in texts(app)
    assert metrics(app)["Probability of an overrun"] == units.MISSING


def test_the_same_budget_twice_is_refused_and_the_first_stays(budgeted):
    app = page("Change")
    app.selectbox(key="new_team").set_value("web")
    app.number_input(key="new_amount").set_value(1.0)
    button(app, "Set").click().run()
    assert not app.exception
    assert "There is a month budget" in app.error[0].value
    assert len(kept()) == 2


def test_a_reduction_path_is_laid_out(budgeted):
    app = page("Change")
    app.button_group(key="budget_way").set_value("Reduction path")
    healthy(app.run())
    chosen = kept()["analytics"].budget_id
    app.selectbox(key="budget_changed").set_value(chosen)
    healthy(app.run())
    app.number_input(key=f"path_base_{chosen}").set_value(1200.0)
    healthy(app.run())
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt.startswith("48 amounts, from ")
    assert "which limits nothing" not in texts(app)
    app.number_input(key=f"path_pct_{chosen}").set_value(30.0)
    said = f"From {END.year + 4}-01-01 on the path is at 0, which limits nothing"
    assert said in texts(healthy(app.run()))
    app.number_input(key=f"path_pct_{chosen}").set_value(4.2)
    healthy(app.run())
    healthy(button(app, "Lay out 48 amounts").click().run())
    amounts = budget_log.versions(app_store())[kept()["analytics"].budget_id]
    last = sum(v.grams for v in amounts if v.valid_from.year == END.year + 4)
    assert last == pytest.approx(1_200_000 * (1 - 4 * 0.042))
    app.number_input(key=f"path_until_{chosen}").set_value(END.year + 1)
    healthy(app.run())
    assert "48 amounts are set from" in texts(app)
    healthy(button(app, "Lay out 12 amounts").click().run())
    assert len(budget_log.versions(app_store())[chosen]) == 1 + 12


def test_names_are_merged_after_their_effect_was_shown(company):
    app = page("Allocation")
    assert "These are the rules in force." in texts(app)
    (nobody,) = [d.value for d in app.dataframe if "tags" in d.value]
    assert nobody["tags"].tolist() == ["project = x, cost = 1"]
    store = app_store()
    first = (END - timedelta(days=30)).date()
    miss = allocation.merge_candidates(store, first, END.date())
    assert [(m.name, m.means) for m in miss] == [("analitics", "analytics")]
    draft(app, Rules({"analitics": "analytics"}))
    healthy(app.run())
    assert "What they would have made of the last 30 days" in texts(app)
    assert "rules_effect_csv" in files(app)
    healthy(button(app, "Put in force").click().run())
    assert allocation.rules_on(app_store(), END.date()).aliases == {"analitics": "analytics"}
    assert "Choose a row to see what its rules say." in texts(app)
    history = budget_log.rules_history(app_store())
    choose_row(app, cards.rows_key("rules_history", history["created_at"].astype(str)), 0)
    (names,) = [d.value for d in healthy(app.run()).dataframe if "Rule" in d.value]
    assert names.to_numpy().tolist() == [["analitics", "stands for", "analytics"]]
    assert "allocation_rules_csv" in files(app)


EDITED = {"edited_rows": {}, "deleted_rows": []}


def base(rules=None):
    """What a draft is of: the workspace, and the rules that it began from."""
    return app_store().identity, (rules or Rules()).to_json()


def draft(app, rules, *of):
    """A draft that the session keeps, as after names were merged."""
    app.session_state["_spectra_kept"] = {"allocation_draft": (of or base(), (rules, 1))}


def typed(app, table, *rows):
    """What a person types into a table of the rules, which AppTest cannot."""
    key = f"{table}_0_{digest(''.join(base()))[:12]}"
    app.session_state[key] = {**EDITED, "added_rows": list(rows)}
    app.run()
    assert not app.exception
    return app


UNREADABLE = (
    ("aliases", [{"of": "a", "to": "b"}, {"of": "b", "to": "c"}], "itself an alias"),
    ("aliases", [{"of": "A", "to": "b"}, {"of": "a ", "to": "c"}], "given to two teams"),
    ("accounts", [{"of": "1", "to": "b"}, {"of": "1", "to": "c"}], "given to two teams"),
    ("aliases", [{"of": "unallocated", "to": "web"}], "belongs to nobody"),
    ("pools", [{"name": "n", "match": "team", "key": "x", "by": "fixed",
                "shares": "web=60, web=40"}], "cannot be read"),
    ("pools", [{"name": "n", "match": "team", "key": "x", "by": "fixed",
                "shares": "web=60, data=50"}], "add up to 110"),
)  # fmt: skip


def test_rules_that_cannot_be_read_are_refused(company):
    for table, rows, said in UNREADABLE:
        app = typed(page("Allocation"), table, *rows)
        assert said in app.error[0].value, rows
        assert "Put in force" not in [b.label for b in app.button], rows


def test_what_was_typed_is_kept_when_names_are_merged(company):
    app = typed(page("Allocation"), "accounts", {"of": "111111111111", "to": "web"})
    chosen = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.session_state[cards.rows_key("near_misses", ["analitics"])] = chosen
    button(healthy(app.run()), "Merge in the rules below").click()
    healthy(app.run())
    of, (rules, _) = app.session_state["_spectra_kept"]["allocation_draft"]
    assert of == base()
    assert rules == Rules({"analitics": "analytics"}, {"111111111111": "web"})


def test_a_draft_ends_where_the_rules_in_force_change(company):
    app = page("Allocation")
    draft(app, Rules({"analitics": "analytics"}))
    assert "What they would have made" in texts(healthy(app.run()))
    newer = Rules({"analitics": "web"})
    budget_log.keep_rules(app_store(), newer, END.date(), "by another person")
    healthy(app.run())
    assert "These are the rules in force." in texts(app)
    draft(app, Rules(), "another workspace", newer.to_json())
    assert "These are the rules in force." in texts(healthy(app.run()))
    draft(app, Rules(), *base(newer))
    healthy(app.run())
    # Set for the first of the month, they would be replaced again today.
    (since,) = [d for d in app.date_input if d.label.startswith("In force")]
    assert since.value == END.date()
    since.set_value(END.date() - timedelta(days=3))
    assert f"They hold until {END.date()}" in texts(healthy(app.run()))


def test_a_statement_adds_up_and_is_kept(company):
    app = page("Chargeback")
    statement = app.dataframe[0].value
    assert "Unallocated" in set(statement["team"])
    assert "This period has not been exported yet." in texts(app)
    healthy(button(app, "Export and keep").click().run())
    runs = chargeback_log.runs(app_store())
    assert runs["period"].tolist() == [MONTH.label]
    assert runs["total_g"].iloc[0] / 1000 == pytest.approx(statement["total_kg"].sum(), abs=1e-3)
    later = page("Chargeback")
    assert "Nothing differs." in texts(later)
    assert chargeback_log.chain_holds(app_store())
    assert "does not hold" not in texts(later)
    assert "chargeback_exports_csv" in files(later)
    with app_store().write() as cursor:
        cursor.execute("DELETE FROM chargeback_runs")
    assert "does not hold" in page("Chargeback").warning[0].value


def test_the_files_after_an_export_are_those_that_are_kept(company):
    app = page("Chargeback")
    assert "The files are those of a draft" in texts(app)
    healthy(button(app, "Export and keep").click().run())
    (run,) = chargeback_log.runs(app_store()).to_dict("records")
    of, made = app.session_state["_spectra_kept"]["chargeback_kept"]
    assert of == (app_store().identity,)
    assert made.run.manifest_hash == run["manifest_hash"]
    assert set(made.rows["x_RunId"]) == {run["run_id"]}
    assert f"the export {run['run_id']}, which is kept" in texts(app)
    assert datetime.now(UTC) - run["created_at"] < timedelta(minutes=10)
    app.number_input(key="chargeback_price_None").set_value(100.0)
    assert "The files are those of a draft" in texts(healthy(app.run()))


def test_a_statement_says_from_which_hour_it_is(company):
    app = page("Chargeback")
    app.button_group(key="chargeback_kind").set_value("year")
    first = END - timedelta(days=35)
    since = f" from {units.moment_text(first)}" if first > period_of("year", END).start else ""
    said = texts(healthy(app.run()))
    assert f"so far,{since} until" in said or f"so far,{since} to" in said


def test_a_carbon_price_charges(company):
    app = page("Chargeback")
    app.number_input(key="chargeback_price_None").set_value(100.0)
    healthy(app.run())
    statement = app.dataframe[0].value
    expected = statement["total_kg"] * 0.1
    assert statement["carbon_charge_usd"].tolist() == pytest.approx(expected.tolist(), abs=0.02)


def test_another_price_in_the_settings_is_charged_in_the_same_session(company):
    app = page("Chargeback")
    for usd in (100.0, 100_000.0):  # the most that the settings take
        shared = workspace.shared_workspace(str(company), "256MB")
        save_settings(shared.store, {"carbon_price_usd_per_tonne": str(usd)})
        shared.setup.reload()
        (price,) = [n for n in healthy(app.run()).number_input if "price" in n.label]
        assert price.value == usd


@pytest.fixture
def names(monkeypatch):
    """Names of the files that pages offer, by their keys."""
    found, plain_button = {}, st.download_button

    def offered(label, data, file_name, *args, **kwargs):
        found[kwargs["key"]] = file_name
        return plain_button(label, data, file_name, *args, **kwargs)

    monkeypatch.setattr(st, "download_button", offered)
    return found


def test_files_are_named_by_team_and_period(budgeted, names):
    app = page("Chargeback")
    assert names["chargeback_csv"] == f"chargeback_{MONTH.label}.csv"
    app.selectbox(key="chargeback_team").set_value("web")
    healthy(app.run())
    assert names["chargeback_json"] == f"chargeback_{MONTH.label}_web.json"
    app = page("One budget")
    assert names["burn_down_csv"] == f"burn_down_web_{MONTH.label}_total_lb.csv"
    last_day = (END - timedelta(hours=1)).date()
    assert names["team_places_csv"] == f"team_places_web_{MONTH.start.date()}_{last_day}.csv"
    app.selectbox(key="budget").set_value("team:analitics")
    healthy(app.run())
    assert names["team_days_csv"] == f"team_days_analitics_{MONTH.label}.csv"


@pytest.mark.parametrize("parameter", ["team", "teams"])
def test_a_link_names_a_team(budgeted, parameter):
    app = page("One budget", **{parameter: "analytics"})
    assert app.selectbox(key="budget").value == kept()["analytics"].budget_id
    assert app.multiselect(key="teams").value == ["analytics"]
    app = page("One budget", **{parameter: "analitics"})
    assert app.selectbox(key="budget").value == "team:analitics"
    app.selectbox(key="budget").set_value(kept()["web"].budget_id)  # by hand it may be another
    assert "The budget is used up." in texts(healthy(app.run()))
    app = page("Chargeback", **{parameter: "web"})
    assert app.selectbox(key="chargeback_team").value == "web"
    app = page(**{parameter: "web"})
    assert "This view is of all teams, and not of “web” alone." in texts(app)
    healthy(button(app, "Open it").click().run())
    assert app.selectbox(key="budget").value == kept()["web"].budget_id


@pytest.mark.parametrize("parameter", ["team", "teams"])
@pytest.mark.parametrize("view", ["Overview", "One budget", "Allocation", "Chargeback", "Change"])
def test_an_unknown_team_of_a_link_is_told_and_nothing_stands_in(budgeted, view, parameter):
    app = page(view, **{parameter: "[nobody](x)"})
    assert "No team is called “\\[nobody\\](x)”" in texts(app)
    for key in ("budget", "chargeback_team"):
        assert [box.value for box in app.selectbox if box.key == key] in ([], [None])
    assert "The budget is used up." not in texts(app)
    assert "chargeback_csv" not in files(app)
    assert "No team is called" in texts(healthy(app.run()))  # until something else is chosen
    if view != "Chargeback":
        healthy(button(app, "Look at all teams").click().run())
    else:
        healthy(app.selectbox(key="chargeback_team").set_value("web").run())
        assert "chargeback_csv" in files(app)
    assert "No team is called" not in texts(app)
    app.button_group(key="budget_view").set_value("One budget")
    if view != "Chargeback":
        assert "No team is called" not in texts(healthy(app.run()))
        assert app.selectbox(key="budget").value is not None


def test_a_link_to_a_budget_says_more_than_its_filters(budgeted):
    found = {b.scope_key: b.budget_id for b in kept_in(budgeted)}
    app = page("One budget", teams="web", budget=found["analytics"])
    assert app.selectbox(key="budget").value == found["analytics"]
    app = page("One budget", budget="gone")
    assert "is closed, or never was" in texts(app)
    assert app.selectbox(key="budget").value is None


def test_a_team_that_only_another_month_has_is_told(budgeted):
    store = Store(budgeted)
    write_instances(store, fleet.instances(
        {"instance_id": "i-old", "valid_from": (END - timedelta(days=60)).isoformat(),
         "valid_to": MONTH.start.isoformat(), "tags": {"team": "old"}}
    ))  # fmt: skip
    recompute(store)
    store.close()
    app = page("One budget", team="old")
    assert "“old” has no budget and has emitted nothing this month." in texts(app)
    app = page("Chargeback", team="old")
    said = f"Nothing in the statement of {MONTH.label} belongs to “old”."
    assert said in texts(app)
    assert "chargeback_csv" not in files(app)
    app.selectbox(key="chargeback_month").set_value(MONTH.previous.label)
    assert said not in texts(healthy(app.run()))
    assert app.selectbox(key="chargeback_team").value == "old"
    assert "chargeback_csv" in files(app)
    app.selectbox(key="chargeback_month").set_value(MONTH.label)
    assert said in texts(healthy(app.run()))


def test_longer_periods_have_statements(company):
    app = page("Chargeback")
    for kind in ("quarter", "year"):
        app.button_group(key="chargeback_kind").set_value(kind)
        healthy(app.run())
        assert len(app.dataframe[0].value) == len(TEAMS), kind
    app.button_group(key="chargeback_kind").set_value("month")
    chosen = healthy(app.run()).selectbox(key="chargeback_month").set_value(MONTH.previous.label)
    healthy(chosen.run().switch_page("pages/method.py").run())
    healthy(app.switch_page("pages/budgets.py").run())
    assert app.selectbox(key="chargeback_month").value == MONTH.previous.label


def test_visitors_of_a_public_deployment_change_nothing(budgeted, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = page("Change")
    assert "budgets are shown and not changed" in texts(app)
    assert [b.label for b in app.button if b.label in ("Set", "Copy", "Close")] == []
    assert "rules are shown and not changed" in texts(page("Allocation"))
    assert "Export and keep" not in [b.label for b in page("Chargeback").button]


def test_an_amount_is_that_of_the_budget_that_is_chosen(budgeted):
    app = page("Change")
    app.button_group(key="budget_way").set_value("Amount")
    healthy(app.run())
    for key, kg in (("analytics", 10_000.0), ("web", 0.001), ("analytics", 10_000.0)):
        chosen = kept()[key].budget_id
        app.selectbox(key="budget_changed").set_value(chosen)
        healthy(app.run())
        (shown,) = [n for n in app.number_input if n.label == "Amount"]
        assert shown.value == pytest.approx(kg)


def test_budgets_that_overlap_are_not_summed(budgeted):
    store = Store(budgeted)
    for kind, key in (("environment", "unallocated"), ("team", "web")):
        budget = new_budget(kind, key, "quarter")
        budgets.create(store, budget, 200.0, MONTH.start.date())
    found = budgets.statuses(store, END)
    store.close()
    app = page()
    gaps = {s.budget.name: s.gap_g for s in found if s.gap_g and s.gap_g > 0}
    assert metrics(app)["Furthest above budget"] == units.mass_text(max(gaps.values()))


def test_a_policy_shows_what_it_deals_out_beside_what_teams_emit(company):
    store = Store(company)
    budget_log.keep_rules(store, Rules(unallocated="even"), MONTH.start.date())
    store.close()
    table = page().dataframe[-1].value
    assert table["distributed_g"].sum() == pytest.approx(
        table.loc[table["team"] == "unallocated", "total_g"].sum()
    )


def test_names_are_shown_as_text(company):
    store = Store(company)
    set_budget(store, HOSTILE, 100.0)
    store.close()
    overview = page()
    notes = [m.delta for m in overview.metric]
    assert plain(HOSTILE.casefold()) in notes
    assert HOSTILE.casefold() not in notes
    app = page("One budget")
    assert HOSTILE.casefold() not in texts(app).casefold()

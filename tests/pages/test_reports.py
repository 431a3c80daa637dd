"""The Reports page: a draft on the screen and in files, a final one in its chain, drill-down."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.insight.budgets import period_of
from spectra.reporting import asking, final
from spectra.reporting.kept_budgets import budget_lines
from spectra.store import Store, report_log
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import write_instances, write_intensities, write_utilisation
from spectra.ui import cards
from spectra.ui.reports import drill
from spectra.ui.reports.history import TODAY
from tests import fleet
from tests.copies import once
from tests.pages.conftest import app_store, choose_row, files, healthy, metrics, open_page
from tests.sources.test_carbon_export import line, text

# In the first hour of a month as far as that, as a refresh would have it.
_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
END = max(_HOUR, period_of("month", _HOUR).start + timedelta(hours=1))
LAST = period_of("month", END).previous
HOSTILE = "**bold** [x](javascript:alert(1)) $x$"


@pytest.fixture
@once
def company(database):
    """Three machines over the whole of last month and up to now."""
    store, catalog = Store(database), load_catalog()
    start = pd.Timestamp(LAST.start) - pd.Timedelta(days=2)
    at = pd.date_range(start, END, freq="h", inclusive="left", unit="us")
    born = (start - pd.Timedelta(days=30)).isoformat()
    teams = {"i-web": "web", "i-data": "data", "i-odd": HOSTILE}
    write_instances(
        store,
        fleet.instances(
            *({"instance_id": name, "valid_from": born, "name": name[2:],
               "tags": {"team": team, "environment": "production"}}
              for name, team in teams.items())
        ),
    )  # fmt: skip
    write_factors(store, catalog)
    extend_ledger(store, catalog, at[0].to_pydatetime(), END)
    write_intensities(store, fleet.intensities("DE", at, 300.0, 380.0), catalog)
    for name in teams:
        load = 30 + 5 * np.sin(2 * np.pi * at.hour.to_numpy() / 24)
        write_utilisation(store, fleet.utilisation(name, at, load))
    recompute(store)
    store.close()


@pytest.fixture
def sealed(company):
    """The company with last month's report sealed."""
    store, catalog = Store(company), load_catalog()
    request = asking.make_request(catalog, LAST.label, company="Acme")
    report = final.seal(store, catalog, request, budgets=budget_lines)
    store.close()
    return report.seal.report_id


def page(view="Report", **parameters):
    return healthy(open_page("reports", reports_view=view, **parameters))


def texts(app) -> str:
    kinds = ("markdown", "caption", "info", "warning", "success")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(app, kind))


def button(app, label: str):
    return next(b for b in app.button if b.label == label)


def test_a_draft_shows_totals_blockers_and_sections(company):
    app = page()
    shown = metrics(app)
    assert "Our inventory: total, location-based" in shown
    assert (
        shown["Our inventory: total, location-based"]
        == shown["AWS operations, allocated to us: total, location-based"]
    )
    assert "Neither company nor reporting entity is named" in texts(app)
    assert len(app.selectbox(key="report_section").options) >= 15


def test_without_a_fleet_there_is_nothing_to_report_on(database):
    assert "There is no fleet to report on yet." in texts(page())


def test_a_template_shows_its_own_sections(company):
    app = page()
    every = len(app.selectbox(key="report_section").options)
    for template in ("executive", "team"):
        app.selectbox(key="report_template").set_value(template)
        if template == "team":
            assert "A statement of a team is of one team." in app.run().error[0].value
            app.multiselect(key="report_teams").set_value(["web"])
        healthy(app.run())
        assert 2 <= len(app.selectbox(key="report_section").options) < every, template


def test_every_section_can_be_opened(company):
    app = page()
    for name in app.selectbox(key="report_section").options:
        app.selectbox(key="report_section").set_value(name)
        healthy(app.run())


def test_other_periods(company):
    app = page()
    for kind in ("quarter", "year", "Days"):
        app.button_group(key="report_kind").set_value(kind)
        app.run()
        assert not app.exception, kind
        assert metrics(app) or app.error, kind
    first = LAST.start.date()
    app.date_input(key="report_days").set_value((first,))
    assert "Pick the last day too." in texts(healthy(app.run()))
    assert not metrics(app)
    app.date_input(key="report_days").set_value((first, first + timedelta(days=3)))
    assert metrics(healthy(app.run()))
    # What is asked for stays while another page is looked at; a period that is gone does not.
    healthy(app.switch_page("pages/method.py").run())
    healthy(app.switch_page("pages/reports.py").run())
    assert app.date_input(key="report_days").value == (first, first + timedelta(days=3))
    app.button_group(key="report_kind").set_value("month")
    running = period_of("month", END).label
    healthy(app.run()).selectbox(key="report_month").set_value(running)
    healthy(app.run().switch_page("pages/method.py").run())
    healthy(app.switch_page("pages/reports.py").run())
    assert app.selectbox(key="report_month").value == running
    app.switch_page("pages/method.py").run()
    app.session_state["report_month"] = "1999-01"
    healthy(app.switch_page("pages/reports.py").run())
    assert app.selectbox(key="report_month").value == LAST.label


def test_data_that_end_with_last_month_are_reported_up_to_it(company):
    store = Store(company)
    with store.write() as cursor:
        cursor.execute("DELETE FROM hourly_sums WHERE hour >= ?", [LAST.end])
    store.close()
    assert page().selectbox(key="report_month").value == LAST.label


def test_a_boundary_of_one_team_is_smaller(company):
    app = page()
    whole = metrics(app)["Our inventory: total, location-based"]
    app.multiselect(key="report_teams").set_value(["web"])
    healthy(app.run())
    assert metrics(app)["Our inventory: total, location-based"] != whole
    assert "web" in texts(app)


def test_what_cannot_be_used_is_refused(company):
    app = page()
    app.text_input(key="report_currency").set_value("dollars and cents")
    app.run()
    assert not app.exception
    assert app.error
    app.text_input(key="report_currency").set_value("EUR")
    healthy(app.run())


def test_a_figure_is_followed_to_its_rows(company, monkeypatch):
    monkeypatch.setattr(drill, "MOST_ROWS", 2)
    assert "The 2 largest of 3 are shown; the CSV has all." in texts(page())
    monkeypatch.undo()
    app = page()
    rows = app.dataframe[-1].value
    assert set(rows["resource_id"]) == {"i-web", "i-data", "i-odd"}
    assert rows["share"].sum() == pytest.approx(1.0)
    assert "3 resources sum to" in texts(app)
    assert "its carbon export states them" not in texts(app)
    figure = app.selectbox(key="report_figure")
    assert any(name.startswith("Emissions by team: web, Total") for name in figure.options)
    choose_row(app, cards.rows_key(f"report_rows_{figure.value}", rows["resource_id"]), 2)
    healthy(app.run())
    hours = app.dataframe[-1].value
    assert hours["value"].sum() == pytest.approx(rows["value"].iloc[2], rel=1e-9)
    assert set(hours["resource_id"]) == {rows["resource_id"].iloc[2]}
    app.selectbox(key="report_figure").set_value("by_team/:web/total_lb")  # it has one row
    healthy(app.run())
    assert "Choose a row to see its hours." in texts(app)
    assert "1 resource sums to" in texts(app)


def test_a_report_is_sealed_and_stands_in_history(company):
    app = page()
    app.text_input(key="report_company").set_value("Acme")
    healthy(app.run())
    healthy(button(app, "Seal as final").click().run())
    assert "is sealed" in texts(app)
    entries = report_log.entries(app_store())
    assert [e.period for e in entries] == [LAST.label]
    name = next(n for n in app.selectbox(key="report_section").options if "estatements" in n)
    app.selectbox(key="report_section").set_value(name)
    healthy(app.run())
    assert entries[0].report_id in texts(app)  # the draft below knows of it
    button(app, "Seal as final").click().run()
    assert not app.exception
    assert "Nothing has changed since" in app.error[0].value
    assert len(report_log.entries(app_store())) == 1


def test_the_running_period_cannot_be_final(company):
    app = page()
    app.selectbox(key="report_month").set_value(period_of("month", END).label)
    healthy(app.run())
    button(app, "Seal as final").click().run()
    assert not app.exception
    assert app.error
    assert report_log.entries(app_store()) == []


def test_a_final_report_is_computed_again(sealed):
    app = page("History")
    assert "The chain holds" in texts(app)
    assert "They say the same." not in texts(app)  # nothing is computed until it is asked for
    app.selectbox(key="report_other").set_value(TODAY)
    healthy(app.run())
    assert "They say the same." in texts(app)
    healthy(button(app, "Run").click().run())
    assert "Every total is reproduced." in texts(app)


def test_late_data_show_as_a_difference(sealed, company):
    store = Store(company)
    late = pd.date_range(LAST.start, periods=48, freq="h", unit="us")
    write_utilisation(store, fleet.utilisation("i-web", late, 95.0))
    recompute(store)
    store.close()
    app = page("History")
    app.selectbox(key="report_other").set_value(TODAY)
    healthy(app.run())
    assert "Headline figures" in texts(app)
    assert {"final_reports_csv", "changed_figures_csv"} <= files(app)
    healthy(button(app, "Run").click().run())
    assert "a restatement is due" in texts(app)


def test_a_changed_report_breaks_the_chain_and_has_no_files_any_more(sealed, company):
    store, catalog = Store(company), load_catalog()
    request = asking.make_request(catalog, LAST.label, teams=["web"], company="Acme")
    other = final.seal(store, catalog, request, budgets=budget_lines).seal.report_id
    with store.write() as cursor:
        cursor.execute("UPDATE reports SET total_lb_g = 1 WHERE report_id = ?", [sealed])
    store.close()
    app = open_page("reports", reports_view="History")
    app.selectbox(key="report_id").set_value(sealed).run()
    assert not app.exception
    assert sealed in app.error[0].value
    assert any(f"{sealed} is not as it was sealed" in e.value for e in app.error)
    assert files(app) == {"final_reports_csv"}
    app.selectbox(key="report_id").set_value(other).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "final_pdf" in files(app)


def test_history_is_empty_at_first(company):
    assert "No report is final yet." in texts(page("History"))


def test_visitors_of_a_public_deployment_seal_nothing(company, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = page()
    assert "reports are drafts here" in texts(app)
    assert "Seal as final" not in [b.label for b in app.button]


def test_names_are_shown_as_text(company):
    app = page()
    app.multiselect(key="report_teams").set_value([HOSTILE.casefold()])
    app.run()
    assert not app.exception
    assert HOSTILE.casefold() not in texts(app).casefold()


def test_days_that_are_yet_to_come_are_refused(company):
    app = page()
    app.button_group(key="report_kind").set_value("Days")
    app.run()
    tomorrow = END.date() + timedelta(days=2)
    app.date_input(key="report_days").set_value((tomorrow, tomorrow))
    app.run()
    assert not app.exception
    assert app.error


def test_a_carbon_export_of_aws_is_brought_in_or_refused(company):
    app = page()
    start = f"{LAST.start:%Y-%m-%d} 00:00:00Z"
    stated = text(line(lbm="0.4", mbm="0.1", start=start, region="eu-central-1"))
    content = stated.replace(b"total_", b"total_scope_2_").replace(b"000000000012", b"1" * 12)
    app.file_uploader(key="carbon_export").set_value(("export.csv", content, "text/csv"))
    healthy(app.run())
    healthy(button(app, "Bring it in").click().run())
    assert app_store().row("SELECT sum(emissions_kg) FROM provider_emissions") == (500.0,)
    assert "its carbon export states them by month" in texts(app)
    app.file_uploader(key="carbon_export").set_value(("no.csv", b"a,b\n1,2\n", "text/csv"))
    app.run()
    button(app, "Bring it in").click().run()
    assert not app.exception
    assert app.error

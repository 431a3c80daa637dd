"""Pages in the states a first user meets: empty, tiny, unknown, locked and damaged stores."""

import importlib
import inspect
import subprocess
import sys
from datetime import timedelta

import pandas as pd
import pytest

from spectra import portal_import, units
from spectra.errors import StoreError
from spectra.refresh import current_hour
from spectra.store import Store
from spectra.ui import method
from tests import fleet
from tests.pages.conftest import (
    LAUNCHED,
    PAGES,
    ROOT,
    app_store,
    healthy,
    metrics,
    open_app,
    open_page,
    shares,
    table,
    write_store,
)
from tests.store.conftest import build

HOSTILE = {"team": "<script>alert(1)</script>", "environment": "=HYPERLINK(1)"}


def visit_all(app):
    for page in PAGES:
        app.switch_page(page).run()
        healthy(app)
    return app


def test_an_empty_store_offers_the_next_step(database):
    app = healthy(open_app())
    assert any("no fleet" in info.value and "SPECTRA_DEMO" in info.value for info in app.info)
    app.switch_page("pages/regions.py").run()
    assert any("no grid data" in info.value for info in healthy(app).info)
    app.switch_page("pages/method.py").run()
    healthy(app)


def test_one_instance(database):
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    app = healthy(open_app(period="7 days"))
    kwh = 21.1 * 1.35 / 1000
    embodied = 1610.8 * 1000 * 4 / 96 / 52_560
    td = 0.0465 / (1 - 0.0465)
    assert metrics(app)["CO₂e now"] == f"{units.mass_text(kwh * 380 * (1 + td) + embodied)}/h"
    assert metrics(app)["Fleet carbon intensity"] == "380 g/kWh"
    (list_usd,) = app_store().row("SELECT sum(list_cost_usd) FROM emissions_daily")
    assert metrics(app)["Cost in the period"] == units.usd_text(list_usd)
    assert "at list price, no bill is known" in [m.delta for m in app.metric]
    assert shares(app)["CO₂e by region"]["name"].tolist() == ["eu-central-1"]
    visit_all(app)


def test_only_unknown_types_are_estimated_and_marked(database):
    write_store(
        database, *({"instance_id": f"i-{k}", "valid_from": LAUNCHED, "instance_type": "m9x.large"}
                    for k in range(3))
    )  # fmt: skip
    app = healthy(open_app(period="7 days"))
    assert metrics(app)["CO₂e now"] not in ("0 g/h", "n/a/h")
    emitters = table(app, 0)
    assert emitters["power_tier"].tolist() == ["D"] * 3
    assert emitters["list_cost_usd"].isna().all()
    visit_all(app)


def test_an_old_store_is_not_shown_as_live(database):
    end = pd.Timestamp(current_hour()).as_unit("us") - timedelta(hours=9)
    at = pd.date_range(end - timedelta(days=2), end, freq="h", unit="us")
    store = Store(database)
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": LAUNCHED}),
        hours=at,
        intensities=[fleet.intensities("DE", at, 320.0, 380.0)],
        utilisation=[fleet.utilisation("i-1", at, 30.0)],
    )
    store.close()
    app = healthy(open_app())
    assert "CO₂e 9 h ago" in metrics(app)
    assert any("9 h old" in text.value for text in app.markdown)


def test_text_from_outside_is_shown_as_text(database):
    write_store(
        database,
        {"instance_id": "i-1", "valid_from": LAUNCHED, "tags": HOSTILE, "name": "<img src=x>"},
    )
    app = visit_all(open_app(period="7 days"))
    app.switch_page("pages/dashboard.py").run()
    assert shares(app)["CO₂e by team"]["name"].tolist() == ["<script>alert(1)</script>"]
    assert not any("<script>" in text.value for text in app.markdown)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "x", "region": "atlantis-1", "topic": "x"},
        {"teams": "nobody", "period": "Custom", "days": "x"},
    ],
)
def test_a_wrong_link_still_opens(database, query):
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    visit_all(healthy(open_app(**query)))


def test_a_damaged_database_is_told_without_a_traceback(database):
    database.write_bytes(b"not a database" * 1000)
    app = open_app()
    assert not app.exception
    assert len(app.error) == 1
    assert "damaged" in app.error[0].value
    assert "Nothing was changed" in app.error[0].value


def test_a_locked_database_is_told_without_a_traceback(database):
    Store(database).close()
    holder = subprocess.Popen(
        [sys.executable, "-c", f"from spectra.store import Store; s = Store({str(database)!r}); "
         "print('open', flush=True); input()"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline().strip() == "open"
        app = open_app()
        assert not app.exception
        assert "Another process" in app.error[0].value
    finally:
        holder.communicate("\n", timeout=20)


def test_a_bad_setting_is_told_without_its_value(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "s3cret")
    app = open_app()
    assert not app.exception
    assert "SPECTRA_DEMO_DAYS" in app.error[0].value
    assert "s3cret" not in app.error[0].value


def test_the_method_page_lists_every_public_function(database):
    for topic, name in method.TOPICS.items():
        module = importlib.import_module(name)
        public = {
            key for key, thing in vars(module).items()
            if not key.startswith("_") and getattr(thing, "__module__", "") == name
            and (inspect.isfunction(thing) or inspect.isclass(thing))
        }  # fmt: skip
        assert {entry.name for entry in method.entries(topic)} == public, topic
        app = open_app(topic=topic)
        app.switch_page("pages/method.py").run()
        healthy(app)


def test_public_visitors_may_not_import(database, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    write_store(database, {"instance_id": "i-1", "valid_from": LAUNCHED})
    app = open_app()
    app.switch_page("pages/regions.py").run()
    app.button(key="open_upload").click().run()
    assert any("public deployment" in info.value for info in healthy(app).info)
    assert not app.get("file_uploader")


def test_an_import_that_cannot_be_kept_is_told(database, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(portal_import, "import_files", full)
    app = healthy(open_page("regions"))
    app.button(key="open_upload").click().run()
    # AppTest runs the whole page, which draws the dialog when its button was pressed.
    app.file_uploader(key="portal_files").set_value([("DE.csv", b"", "text/csv")])
    app.button(key="open_upload").click().run()
    app.button(key="open_upload").click()
    app.button(key="import_files").click().run()
    assert "The disk is full" in app.error[0].value
    assert app.button(key="import_files"), "the dialog goes on"

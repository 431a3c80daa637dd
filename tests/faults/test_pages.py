"""Pages on a full disk and a damaged file: what happened, what is shown, and how old it is."""

from tests.faults.conftest import copy_of
from tests.faults.test_file import damage_table
from tests.pages.conftest import app_store, database, metrics, open_app  # noqa: F401 (a fixture)


def test_on_a_full_disk_the_last_hours_are_shown_with_their_age(
    built,
    disk,
    database,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setenv("SPECTRA_DATABASE", str(copy_of(built, disk.folder / "page")))
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    with disk.full():
        app = open_app(period="30 days")
        assert not app.exception
        (error,) = app.error
        assert "is full" in error.value
        assert "Free some space" in error.value
        assert any(" old" in text.value for text in app.markdown)
        assert metrics(app)
    app_store().close()


def test_damage_that_a_page_meets_is_told_in_its_place(company, database, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SPECTRA_DATABASE", str(company))
    damage_table(company, "daily_sums")
    app = open_app(period="30 days")
    assert not app.exception
    (error,) = app.error
    assert "damaged" in error.value
    assert "Restore it from a copy" in error.value
    app.switch_page("pages/method.py").run()
    assert not app.exception
    app_store().close()

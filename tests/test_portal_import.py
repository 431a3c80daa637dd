"""Portal files into the store: what lands, what is refused, and what a second time changes."""

import io
from datetime import timedelta

import numpy as np
import pytest

from spectra.catalog import load_catalog
from spectra.portal_import import import_files, import_folder
from spectra.store import Store
from spectra.store.database import migration_steps
from spectra.store.ledger import recompute
from tests import fleet
from tests.store.conftest import build

CATALOG = load_catalog()
HEADER = (
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),"
    "Carbon intensity gCO₂eq/kWh (Life cycle),Carbon-free energy percentage (CFE%),"
    "Renewable energy percentage (RE%),Data source,Data estimated,Data estimation method"
)
HOURS = fleet.hours("2026-11-01", "2026-11-03")
INSTANCE = fleet.instances({"instance_id": "i-1", "valid_from": "2020-01-01T00:00Z"})


def portal_csv(at=HOURS, zone="DE", direct=100.0, lifecycle=150.0) -> bytes:
    rows = [
        f"{hour:%Y-%m-%d %H:%M:%S},Germany,Germany,{zone},{direct},{lifecycle},60.1,50.2,x,false,"
        for hour in at
    ]
    return "\n".join([HEADER, *rows]).encode()


def upload(name="DE-2026-hourly.csv", content=None):
    return (name, io.BytesIO(portal_csv() if content is None else content))


@pytest.fixture
def store():
    store = Store()
    demo = fleet.intensities("DE", HOURS, 400.0, 500.0, source="demo", quality="demo")
    build(
        store,
        instances=INSTANCE,
        hours=HOURS,
        intensities=[demo],
        utilisation=[fleet.utilisation("i-1", HOURS, 30.0)],
    )
    yield store
    store.close()


def sources(store):
    return store.frame("SELECT DISTINCT source FROM intensity_hourly WHERE zone = 'DE'")["source"]


def test_imported_hours_take_the_place_of_demo_values(store):
    before = store.row("SELECT sum(scope2_lb_g), sum(energy_kwh) FROM emissions_hourly")
    (report,) = import_files(store, CATALOG, [upload()])
    recompute(store)
    assert (report.status, report.row_count, report.changed_count) == ("imported", 48, 48)
    assert sources(store).tolist() == ["electricity_maps_portal"]
    after = store.row("SELECT sum(scope2_lb_g), sum(energy_kwh) FROM emissions_hourly")
    assert after[0] == pytest.approx(before[0] / 4)
    assert after[1] == before[1]
    assert store.row("SELECT status, row_count FROM fetch_log") == ("ok", 48)
    assert store.row("SELECT DISTINCT low_carbon_pct FROM intensities WHERE low_carbon_pct > 0")[
        0
    ] == pytest.approx(60.1)


def test_a_repeated_import_changes_nothing(store):
    import_files(store, CATALOG, [upload()])
    recompute(store)
    (report,) = import_files(store, CATALOG, [upload("another-name.csv")])
    assert (report.status, report.changed_count) == ("unchanged", 0)
    assert store.row("SELECT count(*) FROM stale_hours") == (0,)


def test_a_newer_vintage_replaces_the_whole_zone_year(store):
    import_files(store, CATALOG, [upload("snapshots_2026-11-10_DE-2026-hourly.csv")])
    newer = portal_csv(HOURS[:40], lifecycle=160.0)
    (report,) = import_files(
        store, CATALOG, [upload("snapshots_2026-11-20_DE-2026-hourly.csv", newer)]
    )
    assert (report.status, report.changed_count) == ("imported", 48)
    rows = store.frame(
        "SELECT intensity_lifecycle_g_per_kwh AS g FROM intensities WHERE source <> 'demo'"
    )
    assert rows["g"].tolist() == [160.0] * 40
    shares = portal_csv(HOURS[:40], lifecycle=160.0).replace(b",60.1,", b",62.5,")
    (report,) = import_files(
        store, CATALOG, [upload("snapshots_2026-11-21_DE-2026-hourly.csv", shares)]
    )
    assert report.changed_count == 40
    assert store.row("SELECT max(low_carbon_pct), count(low_carbon_pct) FROM intensities "
                     "WHERE source <> 'demo'") == (62.5, 40)  # fmt: skip
    (older,) = import_files(store, CATALOG, [upload("snapshots_2026-11-15_DE-2026-hourly.csv")])
    assert (older.status, older.changed_count) == ("older", 0)


def test_a_row_that_strays_into_another_year_replaces_nothing_of_it(store):
    old = fleet.hours("2025-12-31", "2026-01-01")
    stray = HOURS[:9].union(old[-1:])
    files = {
        "DE-2025-hourly.csv": portal_csv(old, lifecycle=160.0),
        "DE-2026-hourly.csv": portal_csv(stray),
        "no-year-in-its-name.csv": portal_csv(stray, lifecycle=170.0),
    }
    before, after = [
        import_files(store, CATALOG, [upload(name, files[name]) for name in order])
        for order in (list(files)[1:], list(files))
    ]
    kept = store.frame(
        "SELECT year(hour) AS y, count(*) AS n, min(intensity_lifecycle_g_per_kwh) AS g "
        "FROM intensities WHERE source <> 'demo' GROUP BY y ORDER BY y"
    )
    assert kept.to_numpy().tolist() == [[2025, 24, 160.0], [2026, 9, 170.0]]
    added = "DE: 1 row of 2025 added to that year, which is not the file's own."
    assert before[0].notes[-1] == added
    left_out = "DE: 1 row of 2025 left out: DE-2025-hourly.csv states that year."
    assert [report.notes[-1] for report in after[1:]] == [left_out] * 2
    assert [report.status for report in after] == ["imported"] * 3
    with store.write() as cursor:  # as an older version left it
        cursor.execute(
            "UPDATE portal_imports SET row_count = 1, file_name = 'no-year-in-its-name.csv' "
            'WHERE "year" = 2025'
        )
        cursor.execute(migration_steps()[15])
    assert store.frame('SELECT "year" FROM portal_imports')["year"].tolist() == [2026]


def test_a_bad_file_stops_no_other_and_says_why(store):
    reports = import_files(
        store,
        CATALOG,
        [
            upload("broken.csv", b"\x00\x01"),
            upload("DE-2019-hourly.csv"),
            upload("page.csv", b"<html>sign in</html>"),
            upload(),
        ],
    )
    assert [r.status for r in reports] == ["refused", "refused", "refused", "imported"]
    assert all(r.message for r in reports[:3])
    assert store.row("SELECT count(*) FROM fetch_log WHERE status = 'failed'") == (3,)


def test_rows_that_cannot_be_used_are_named_and_the_rest_lands(store):
    content = portal_csv() + b"\n2026-11-03 00:00:00,G,G,DE,1,9999,1,1,x,false,"
    (report,) = import_files(store, CATALOG, [upload(content=content)])
    assert (report.status, report.row_count, report.rejected_count) == ("imported", 48, 1)
    assert report.rejected[0].line == 50
    assert "9999" in report.rejected[0].reason


def test_a_folder_is_read_when_it_changes(store, tmp_path):
    assert import_folder(store, CATALOG, tmp_path / "missing") == []
    (tmp_path / "DE-2026-hourly.csv").write_bytes(portal_csv())
    assert [r.status for r in import_folder(store, CATALOG, tmp_path)] == ["imported"]
    assert import_folder(store, CATALOG, tmp_path) == []
    (tmp_path / "FR-2026-hourly.csv").write_bytes(portal_csv(zone="FR"))
    assert [r.status for r in import_folder(store, CATALOG, tmp_path)] == ["unchanged", "imported"]


@pytest.mark.parametrize(
    ("file", "zone", "region", "hour"),
    [
        (
            "v1_US-MIDA-PJM_2023_hourly_quoted_comma.csv",
            "US-MIDA-PJM",
            "us-east-1",
            "2023-07-04T18",
        ),
        ("v2_US-CAL-CISO_2024_hourly.csv", "US-CAL-CISO", "us-west-1", "2024-02-29T12"),
    ],
)
def test_a_known_hour_of_an_original_reaches_the_fleet(shared_data, file, zone, region, hour):
    path = shared_data / "grid" / "originals" / file
    stamp = fleet.utc(hour)
    line = next(
        row
        for row in path.read_text(encoding="utf-8").splitlines()
        if row.startswith(f"{stamp:%Y-%m-%d %H:%M:%S}")
    )
    direct, lifecycle = (float(cell) for cell in line.rsplit(",", 7)[1:3])
    store = Store()
    at = fleet.hours(hour, f"{stamp + timedelta(hours=1):%Y-%m-%dT%H}")
    build(
        store,
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": "2020-01-01T00:00Z", "region": region}
        ),
        hours=at,
        utilisation=[fleet.utilisation("i-1", at, 30.0)],
    )
    (report,) = import_files(store, CATALOG, [path])
    recompute(store)
    assert report.status == "imported"
    shown = store.row(
        "SELECT intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh, tier "
        "FROM intensity_hourly WHERE zone = ? AND hour = ?",
        [zone, stamp],
    )
    assert shown == (direct, lifecycle, "A")
    energy_kwh, scope2, upstream = store.row(
        "SELECT sum(energy_kwh), sum(scope2_lb_g), sum(upstream_g) FROM emissions_hourly"
    )
    assert energy_kwh == pytest.approx(21.1 * CATALOG.region(region).pue / 1000)
    assert scope2 == pytest.approx(energy_kwh * direct)
    assert scope2 + upstream == pytest.approx(energy_kwh * lifecycle)
    store.close()


def test_the_tampered_original_is_refused(shared_data, store):
    folder = shared_data / "grid" / "originals"
    reports = {r.name: r for r in import_files(store, CATALOG, sorted(folder.glob("*.csv")))}
    refused = [name for name, report in reports.items() if report.status == "refused"]
    assert refused == ["tampered_US-CAL-CISO_2024_hourly_dates_2020.csv"]
    assert store.row("SELECT count(*) FROM intensities WHERE year(hour) = 2020") == (0,)
    assert np.all([r.changed_count for r in reports.values() if r.status == "imported"])

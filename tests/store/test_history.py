"""History as Parquet: what goes out comes back, whole or not at all, as often as one likes."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from spectra.errors import InputError
from spectra.store import Store, emission_queries, history_export, history_files
from spectra.store.factors import write_factors
from spectra.store.history_export import export_history
from spectra.store.history_files import MANIFEST, read_manifest
from spectra.store.history_import import import_history
from spectra.store.ledger import recompute, restart_ledger
from spectra.store.selection import Selection
from spectra.store.writes import write_utilisation
from tests import fleet
from tests.store.attached import AttachedStore
from tests.store.conftest import CATALOG, build
from tests.store.test_ledger import HOURS, fleet_of_everything

ROOT = Path(__file__).resolve().parents[2]
START, END = HOURS[0].to_pydatetime(), datetime(2026, 11, 2, tzinfo=UTC)
EVERYTHING = Selection(START, END)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
CHECKED = ("hourly_sums", "daily_sums", "utilisation", "utilisation_filled", "costs",
           "provider_emissions",
           "intensities", "intensity_hourly", "instances", "volumes", "stale_hours")  # fmt: skip


@pytest.fixture(scope="module")
def filled():
    store = Store()
    write_factors(store, CATALOG)
    fleet_of_everything(store)
    with store.write() as cursor:  # a day of each month has a cost and AWS's own figure
        cursor.execute(
            "INSERT INTO costs SELECT unnest([DATE '2026-10-30', DATE '2026-11-01']), '1', 'r', "
            "'Amazon EC2', 'i-00', 'on-demand', 't0', 'e0', 1, 1, 2, FALSE, 'aws', 'measured', "
            "TIMESTAMPTZ '2026-11-02 00:00+00'"
        )
        cursor.execute(
            "INSERT INTO provider_emissions SELECT DATE '2026-10-01', '1', 'r', 'EC2', 'T', 5, "
            "'v3', 'aws_sustainability', TIMESTAMPTZ '2026-11-02 00:00+00'"
        )
    yield store
    store.close()


@pytest.fixture(scope="module")
def exported(filled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history") / "all"
    export_history(filled, folder)
    return folder


@pytest.fixture
def empty():
    store = Store()
    yield store
    store.close()


def sizes(store):
    return {t: store.row(f"SELECT count(*) FROM {t}")[0] for t in CHECKED}


def figures(store):
    """Totals and every breakdown of the pages."""
    found = {name: value for name, value in emission_queries.totals(store, EVERYTHING).items()
             if isinstance(value, float)}  # fmt: skip
    for dimension in emission_queries.DIMENSIONS:
        rows = emission_queries.breakdown(store, EVERYTHING, dimension).set_index("name")
        found |= {f"{dimension}/{name}": g for name, g in rows["total_g"].items()}
    return found


def test_what_goes_out_comes_back(filled, exported, empty):
    manifest = import_history(empty, CATALOG, exported)
    assert manifest.months == ["2026-10", "2026-11"]
    assert (manifest.first_hour, manifest.end_hour) == (datetime(2026, 10, 1, tzinfo=UTC), END)
    assert figures(empty) == pytest.approx(figures(filled), rel=1e-9)
    assert sizes(empty) == sizes(filled)
    assert empty.row("FROM ledger") == filled.row("FROM ledger")
    before = empty.row("SELECT max(computed_at) FROM hourly_sums")
    import_history(empty, CATALOG, exported)  # again: nothing is counted twice, nothing recomputed
    assert sizes(empty) == sizes(filled)
    assert empty.row("SELECT max(computed_at) FROM hourly_sums") == before


def test_any_tool_can_read_it(filled, exported):
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT year, month, sum(energy_kwh) FROM read_parquet("
            f"'{exported}/emissions_hourly/**/*.parquet', hive_partitioning = true) "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert [(y, int(m)) for y, m, _ in rows] == [(2026, 10), (2026, 11)]
    kwh = filled.row("SELECT sum(energy_kwh) FROM hourly_sums")[0]
    assert sum(k for _, _, k in rows) == pytest.approx(kwh, rel=1e-9)


def test_sums_that_come_along_are_what_the_facts_give(exported, empty):
    import_history(empty, CATALOG, exported)
    kept = figures(empty)
    with empty.write() as cursor:
        restart_ledger(cursor)
    recompute(empty)
    assert figures(empty) == pytest.approx(kept, rel=1e-9)


@pytest.mark.parametrize("order", [("new", "old"), ("old", "new")])
def test_part_of_it_may_go_out_and_the_rest_follow(filled, empty, tmp_path, order):
    export_history(filled, tmp_path / "old", before=NOVEMBER)
    export_history(filled, tmp_path / "new", start=NOVEMBER)
    assert read_manifest(tmp_path / "old").months == ["2026-10"]
    assert " rows of 1 month, " in read_manifest(tmp_path / "old").text
    for part in order:
        import_history(empty, CATALOG, tmp_path / part)
    assert figures(empty) == pytest.approx(figures(filled), rel=1e-9)
    assert empty.row("FROM ledger") == filled.row("FROM ledger")
    assert open_spans(empty) == open_spans(filled)


def open_spans(store):
    return store.row(
        "SELECT (SELECT count(*) FROM instances WHERE valid_to IS NULL), "
        "(SELECT count(*) FROM volumes WHERE valid_to IS NULL)"
    )


def test_months_read_one_after_another_end_nothing_that_runs(empty, tmp_path):
    """As the archives of the retention policy are: each of a month, all spans with it."""
    at, young = fleet.hours("2026-09-30", "2026-11-03"), fleet.utc("2026-10-20")
    seen = {"fetched_at": fleet.utc("2026-11-05")}
    whole = build(
        Store(),
        instances=fleet.instances({"instance_id": "i-old", "valid_from": at[0], **seen},
                                  {"instance_id": "i-young", "valid_from": young, **seen}),
        hours=at,
        intensities=[fleet.intensities("DE", at, 300.0, 380.0)],
    )  # fmt: skip
    for number, month in enumerate((10, 11)):
        export_history(whole, tmp_path / f"{number}", before=datetime(2026, month, 1, tzinfo=UTC))
        import_history(empty, CATALOG, tmp_path / f"{number}")
    assert open_spans(empty) == (2, 0)


def test_what_is_known_newer_stays_and_what_is_missing_is_computed(exported, empty, filled):
    import_history(empty, CATALOG, exported)
    hour = HOURS[3:4]
    late = fleet.utilisation("i-01", hour, 77.0)
    late["fetched_at"] = fleet.utc("2026-12-01")
    write_utilisation(empty, late)
    since = {"since": HOURS[20].to_pydatetime()}
    with empty.write() as cursor:  # readings of a region that were lost, as others' peers, too
        cursor.execute(
            "DELETE FROM utilisation WHERE hour > $since AND resource_key IN (SELECT resource_key "
            "FROM resources JOIN instances ON instance_id = resource_id "
            "WHERE region = 'us-east-1')",
            since,
        )
        restart_ledger(cursor)
    recompute(empty)
    import_history(empty, CATALOG, exported)
    energy = "SELECT sum(energy_kwh), sum(scope2_lb_g) FROM hourly_sums WHERE hour > $since"
    assert empty.row(energy, since) == pytest.approx(filled.row(energy, since), rel=1e-9)
    key = "resource_key = (SELECT resource_key FROM resources WHERE resource_id = 'i-01')"
    assert empty.row(
        f"SELECT cpu_avg_pct FROM utilisation WHERE {key} AND hour = ?", [hour[0].to_pydatetime()]
    ) == (77.0,)
    assert sizes(empty)["stale_hours"] == 0
    assert abs(sizes(empty)["utilisation"] - sizes(filled)["utilisation"]) <= 1


def test_a_history_read_into_a_fleet_that_was_listed_since_counts_nothing_twice(empty, tmp_path):
    """The listing says a disk is as it is since its creation, a machine since its last launch."""
    at = fleet.hours("2026-10-01", "2026-10-08")
    early, late = fleet.utc("2026-10-07T12:00Z"), fleet.utc("2099-01-01")
    before = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": at[0], "fetched_at": early},
            {"instance_id": "i-gone", "valid_from": at[0], "fetched_at": early},
        ),
        volumes=fleet.volumes(
            {"volume_id": "vol-1", "valid_from": at[0], "valid_to": at[48], "volume_type": "gp2",
             "fetched_at": early},
            {"volume_id": "vol-1", "valid_from": at[48], "fetched_at": early},
        ),
        hours=at,
        intensities=[fleet.intensities("DE", at, 300.0, 380.0)],
    )  # fmt: skip
    export_history(before, tmp_path / "all")
    now = fleet.hours("2026-10-01", "2026-10-10")
    listed = build(
        empty,
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": now[-40], "fetched_at": late}
        ),
        volumes=fleet.volumes({"volume_id": "vol-1", "valid_from": at[0], "fetched_at": late}),
        hours=now[-40:],
        intensities=[fleet.intensities("DE", now, 300.0, 380.0)],
    )
    for _ in range(2):
        import_history(listed, CATALOG, tmp_path / "all")
        recompute(listed)
        most = listed.row(
            "SELECT max(hours) FROM (SELECT sum(resource_hours) AS hours FROM emissions_daily "
            'GROUP BY resource_id, "day")'
        )
        assert most[0] == pytest.approx(24)
        ends = listed.frame("SELECT max(valid_to) AS at FROM instances GROUP BY instance_id")
        assert set(ends["at"]) == {at[-1] + timedelta(hours=1)}  # nobody saw them afterwards


def test_a_cost_that_a_later_answer_no_longer_has_does_not_come_back(exported, empty):
    import_history(empty, CATALOG, exported)
    with empty.write() as cursor:  # the day again, cut otherwise
        cursor.execute(
            "UPDATE costs SET resource_id = 'team:web', effective_cost_usd = 1.5, "
            "fetched_at = TIMESTAMPTZ '2026-11-05 00:00+00' WHERE \"day\" = DATE '2026-10-30'"
        )
    import_history(empty, CATALOG, exported)
    assert empty.row("SELECT count(*), sum(effective_cost_usd) FROM costs") == (2, 3.5)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda f: next(f.glob("utilisation/**/*.parquet")).unlink(), "is missing"),
        (lambda f: _append(next(f.glob("costs/**/*.parquet"), next(f.glob("**/*.parquet")))),
         "is damaged"),
        (lambda f: shutil.copy(next(f.glob("**/*.parquet")), f / "more.parquet"),
         "does not belong"),
        (lambda f: (f / MANIFEST).unlink(), "no exported history"),
        (lambda f: (f / MANIFEST).write_text("{"), "no exported history"),
        (lambda f: _edit(f, rows=0), "was changed"),
        (lambda f: (f / MANIFEST).write_text("[" * 200_000), "no exported history"),
        (lambda f: (f / MANIFEST).write_text(" " * 17_000_000), "no exported history"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_as_it_was_written_changes_nothing(
    exported, empty, tmp_path, harm, told
):
    folder = shutil.copytree(exported, tmp_path / "copy")
    harm(folder)
    with pytest.raises(InputError, match=told) as error:
        import_history(empty, CATALOG, folder)
    assert error.value.next_step
    assert set(sizes(empty).values()) == {0}


def _append(path):
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _edit(folder, **values):
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["parts"][0] |= values
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _seal(folder, change):
    """Change the manifest as its author could: its own hash fits."""
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    manifest["manifest_sha256"] = history_files._hash_of(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


HOSTILE = {  # by what is changed in a manifest, and where that is said to be wrong
    "a table of ours": (lambda m: m["parts"][0].update(table="meta"), ".parts[0].table"),
    "SQL": (lambda m: m["parts"][0].update(table="volumes; DROP TABLE meta"), ".parts[0].table"),
    "a table by month without one": (lambda m: m["parts"][2].update(month=""), ".month"),
    "a month of spans": (lambda m: m["parts"][0].update(month="2026-10"), ".month"),
    "no month": (lambda m: m["parts"][2].update(month="2026-13"), ".month"),
    "a place outside": (lambda m: m["parts"][2].update(path="../x"), "writes."),
    "fewer rows than none": (lambda m: m["parts"][2].update(rows=-1), ".rows"),
    "no number of bytes": (lambda m: m["parts"][2].update(size_bytes=1e300), ".size_bytes"),
    "more than a part has": (lambda m: m["parts"][2].update(extra=1), ".parts[2]"),
    "a part twice": (lambda m: m["parts"].append(m["parts"][2]), "writes."),
    "no machines": (lambda m: m["parts"].pop(0), ".parts"),
    "no parts": (lambda m: m.update(parts=None), ".parts"),
    "a local time": (lambda m: m.update(first_hour="2026-10-01T00:00:00"), ".first_hour"),
    "no time": (lambda m: m.update(end_hour="soon"), ".end_hour"),
    "no hours": (lambda m: m.update(first_hour=m["end_hour"]), "writes."),
    "a word for a format": (lambda m: m.update(format="x"), ".format"),
    "no schema": (lambda m: m.pop("schema_version"), "($)"),
    "a newer format": (lambda m: m.update(format=2), "newer SPECTRA"),
}


@pytest.mark.parametrize(("change", "told"), HOSTILE.values(), ids=HOSTILE)
def test_a_manifest_that_spectra_never_wrote_is_refused(exported, tmp_path, change, told):
    shutil.copy(exported / MANIFEST, tmp_path)
    _seal(tmp_path, change)
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read_manifest(tmp_path)
    assert error.value.next_step


def test_a_file_with_other_columns_is_said_whatever_its_manifest_says(exported, empty, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "copy")
    file = next(folder.glob("costs/**/*.parquet"))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS x) TO '{file}' (FORMAT parquet)")

    def name_it(manifest):
        (part,) = (p for p in manifest["parts"] if p["path"] == str(file.relative_to(folder)))
        part.update(size_bytes=file.stat().st_size, sha256=history_files.file_hash(file))

    _seal(folder, name_it)
    with pytest.raises(InputError, match="does not hold what SPECTRA writes") as error:
        import_history(empty, CATALOG, folder)
    assert "stay" in error.value.next_step


def test_an_export_never_writes_over_anything(filled, exported, tmp_path):
    with pytest.raises(InputError, match="exists already"):
        export_history(filled, exported)
    with pytest.raises(InputError, match="nothing to export"):
        export_history(filled, tmp_path / "none", before=datetime(2020, 1, 1, tzinfo=UTC))
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_killed_leaves_no_folder_and_the_next_one_is_whole(exported, tmp_path):
    database, folder = tmp_path / "s.duckdb", tmp_path / "out"
    store = Store(database)
    import_history(store, CATALOG, exported)
    store.close()
    code = (
        "import os; from pathlib import Path; from spectra.store import Store;"
        "from spectra.store.history_export import export_history;"
        "kill = lambda share, text: os._exit(9) if share > 0 else None;"
        f"export_history(Store({str(database)!r}), Path({str(folder)!r}), progress=kill)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == 9
    assert not folder.exists()
    store = Store(database)
    export_history(store, folder)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"out"}
    assert read_manifest(folder).rows == read_manifest(exported).rows
    store.close()


def test_an_import_that_is_stopped_leaves_whole_months_and_the_next_brings_the_rest(
    filled, exported, empty
):
    def stop(share, text):
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_history(empty, CATALOG, exported, stop)
    assert empty.row("SELECT end_hour FROM ledger")[0] == NOVEMBER
    import_history(empty, CATALOG, exported)
    assert figures(empty) == pytest.approx(figures(filled), rel=1e-9)


def test_the_demo_company_never_joins_a_real_fleet(filled, tmp_path, empty):
    demo = fleet.instances({"instance_id": "i-demo", "valid_from": HOURS[0], "source": "demo"})
    write_factors(empty, CATALOG)
    build(empty, instances=demo, hours=HOURS[:4])
    export_history(empty, tmp_path / "demo")
    with pytest.raises(InputError, match="demo company"):
        import_history(filled, CATALOG, tmp_path / "demo")


def test_it_reads_into_an_attached_database_as_into_a_file(filled, exported, tmp_path):
    store = AttachedStore(tmp_path / "attached.duckdb")
    import_history(store, CATALOG, exported)
    assert figures(store) == pytest.approx(figures(filled), rel=1e-9)
    export_history(store, tmp_path / "again")
    assert read_manifest(tmp_path / "again").rows == read_manifest(exported).rows
    store.close()


def test_progress_is_told_by_month(filled, tmp_path):
    said = []
    history_export.export_history(
        filled, tmp_path / "out", progress=lambda share, text: said.append((share, text))
    )
    assert said == [(0.0, "Writing 2026-10"), (0.5, "Writing 2026-11")]

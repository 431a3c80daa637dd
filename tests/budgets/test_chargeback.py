"""Statements add up to the store's total at every level, survive programs, and say what changed."""

import io
import json
import shutil
import subprocess
import zipfile
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import duckdb
import pandas as pd
import pytest

from spectra import chargeback, chargeback_files, chargeback_notes
from spectra.carbon.method import Method
from spectra.chargeback_rows import COLUMNS, PARTS
from spectra.errors import InputError
from spectra.insight.allocation import Pool, Rules, total_of
from spectra.insight.budgets import period_of
from spectra.store import band_queries, budget_log, chargeback_log
from spectra.store.database import set_meta
from spectra.store.emission_queries import TOTAL_G
from spectra.store.factors import write_factors
from spectra.store.hashing import canonical, digest
from spectra.store.ledger import recompute
from spectra.store.selection import Selection
from spectra.store.writes import write_costs, write_instances
from tests import copies, fleet
from tests.budgets.conftest import (
    CATALOG,
    HOSTILE,
    SPAN,
    cost,
    random_fleet,
    running,
    utc,
    with_fleet,
)
from tests.store.conftest import with_factors

NOW = utc("2026-11-03T09:00")
NOVEMBER = period_of("month", date(2026, 11, 1))
QUARTER = period_of("quarter", date(2026, 11, 1))
SUMMED = [*PARTS, "x_TotalLbKg", "x_EnergyKWh", "EffectiveCost", "BilledCost", "ListCost",
          "ConsumedQuantity", "x_CarbonCharge"]  # fmt: skip
PRICE = 100.0


def rules(store, rng):
    pools = (
        Pool("nat", "tag", "shared=nat", rng.choice(["direct", "even"])),
        Pool("disks", "service", "Amazon EBS", "fixed", {"web": 1 / 3 * 100, "=cmd": 1 / 3 * 100}),
    )
    accounts = rng.choice([{}, {"222222222222": "it"}])
    chosen = Rules({}, accounts, pools[: rng.randint(0, 2)])
    budget_log.keep_rules(store, chosen, date(2026, 1, 1))


def made_of(store, period=QUARTER, price=PRICE):
    return chargeback.statement(store, CATALOG, period, NOW, price)


def exported(store, period, now=NOW, price=PRICE):
    made = chargeback.statement(store, CATALOG, period, now, price)
    return chargeback.keep(store, made, now)


def added(values):
    return sum((value for value in values if value is not None), Decimal(0))


def stored(store, column, table="emissions_daily", start="2026-10-01"):
    (value,) = store.row(f"""SELECT sum({column}) FROM {table} WHERE "day" >= '{start}'""")
    return value


@pytest.mark.parametrize("seed", range(12))
def test_every_level_adds_up_to_the_store(store, seed):
    rules(store, random_fleet(store, seed))
    made = made_of(store)
    rows = made.rows
    assert list(rows.columns) == list(COLUMNS)
    total_kg = stored(store, TOTAL_G) / 1000
    assert added(rows["x_TotalLbKg"]) == total_of([total_kg], 6)
    assert added(rows["x_CarbonCharge"]) == total_of([total_kg / 1000 * PRICE], 6)
    assert added(rows["x_EnergyKWh"]) == total_of([stored(store, "energy_kwh")], 6)
    for column, source in (("EffectiveCost", "effective"), ("ListCost", "list")):
        usd = stored(store, f"{source}_cost_usd", "costs")
        assert added(rows[column]) == total_of([usd], 6)
    for column, part in PARTS.items():
        exact = Decimal(stored(store, part) / 1000)
        assert abs(added(rows[column]) - exact) < Decimal("0.000002")
    # A row's parts add up to it; a row of mere cost has no emissions, and not 0.
    for row in rows[["x_TotalLbKg", *PARTS]].itertuples(index=False):
        parts = list(row[1:])
        assert row[0] is None if None in parts else sum(parts) == row[0]
    teams_months_and_methods_are_subtotals(store, made)


def teams_months_and_methods_are_subtotals(store, made):
    raw = chargeback.allocated_resources(store, date(2026, 10, 1), date(2026, 11, 4))
    for keys, names in ((["x_Team"], ["team"]),
                        (["BillingPeriodStart", "x_Team"], ["period", "team"])):  # fmt: skip
        shown = made.rows.groupby(keys)["x_TotalLbKg"].agg(added)
        exact = raw.groupby(names)["total_g"].sum() / 1000
        assert sum(shown) == added(made.rows["x_TotalLbKg"])
        found = sorted(map(float, shown))
        assert found == pytest.approx(sorted(exact), abs=2e-5)
    teams = made.teams
    assert added(teams["total_kg"]) == total_of([stored(store, TOTAL_G) / 1000], 3)
    methods = [f"{name}_kg" for name in ("direct", "account", "parent", "pool", "none")]
    for row in teams.itertuples():
        assert row.total_kg is None or sum(getattr(row, name) for name in methods) == row.total_kg
        assert row.total_kg is None or row.low_kg <= row.total_kg <= row.high_kg
    assert added(teams["effective_usd"]) == total_of(
        [stored(store, "effective_cost_usd", "costs")], 2
    )


def test_a_quarter_is_the_sum_of_its_months(store):
    random_fleet(store, 3)
    months = [made_of(store, period) for period in QUARTER.months[:2]]
    whole = made_of(store)
    parts = sum(added(made.rows["x_TotalLbKg"]) for made in months)
    assert abs(parts - added(whole.rows["x_TotalLbKg"])) <= Decimal("0.000001")


def test_what_each_row_says(store):
    with_fleet(
        store,
        running(1, "web", name="one"),
        running(2, None),
        start="2026-11-01",
        end="2026-11-03T09:00",
        volumes=[{"volume_id": "vol-1", "valid_from": "2026-01-01", "instance_id": "i-001"}],
    )
    made = made_of(store, NOVEMBER)
    rows = made.rows.set_index("ResourceId")
    one, volume = rows.loc["i-001"], rows.loc["vol-1"]
    assert one["ChargePeriodStart"] == one["BillingPeriodStart"] == "2026-11-01T00:00:00Z"
    assert one["ChargePeriodEnd"] == "2026-11-03T09:00:00Z"
    assert one["BillingPeriodEnd"] == "2026-12-01T00:00:00Z"
    assert (one["ResourceName"], one["SkuId"], one["RegionName"]) == (
        "one", "m5.xlarge", CATALOG.region("eu-central-1").name,
    )  # fmt: skip
    assert one["ConsumedQuantity"] == Decimal(57)
    assert (one["x_AllocationMethod"], volume["x_AllocationMethod"]) == ("direct", "parent")
    assert rows.loc["i-002", "x_Team"] == "Unallocated"
    assert one["x_ProviderScope1Kg"] is None or pd.isna(one["x_ProviderScope1Kg"])
    assert one["x_TotalLowKg"] < one["x_TotalLbKg"] < one["x_TotalHighKg"]
    assert (one["x_MeasuredUtilisationPct"], one["x_CoveragePct"]) == (0, 100)
    assert (one["x_UtilisationTier"], one["x_IntensityTier"]) == ("T2-T4", "E")
    assert one["EffectiveCost"] is None or pd.isna(one["EffectiveCost"])
    assert json.loads(one["Tags"]) == {"team": "web"}
    assert float(one["x_CarbonCharge"]) == pytest.approx(
        float(one["x_TotalLbKg"]) / 1000 * PRICE, abs=1e-5
    )
    assert not made.is_final
    assert made_of(store, NOVEMBER, None).rows["x_CarbonCharge"].isna().all()
    web = chargeback.of_team(made, "web")
    assert set(web.rows["ResourceId"]) == {"i-001", "vol-1"}
    with pytest.raises(InputError):
        chargeback.of_team(made, "nobody")


def test_no_charge_is_of_hours_before_the_first_that_is_accounted_for(store):
    with_fleet(store, running(1, "web"), start="2026-11-01T18:00", end="2026-11-03T12:00")
    row = made_of(store, NOVEMBER).rows.iloc[0]
    assert row["ChargePeriodStart"] == "2026-11-01T18:00:00Z"
    assert row["ChargePeriodEnd"] == "2026-11-03T12:00:00Z"
    assert row["x_CoveragePct"] == Decimal("70.0")  # 42 of 60 hours


def second_fleet(store):
    with_factors(store)
    random_fleet(store, 2)


@pytest.fixture
def mixed(tmp_path):
    store = copies.opened(tmp_path / "random.duckdb", second_fleet)
    yield store
    store.close()


def test_a_period_without_hours_is_refused(store):
    with pytest.raises(InputError, match="No hour"):
        made_of(store)
    with_fleet(store, running(1, "web"), start="2026-11-01", end="2026-11-02")
    with pytest.raises(InputError, match="No hour"):
        made_of(store, period_of("month", date(2026, 12, 1)))


def hostile_fleet(store):
    names = [running(n, team, name=team, tags={"note": team}) for n, team in enumerate(HOSTILE)]
    return with_fleet(store, *names, start="2026-11-01", end="2026-11-02")


def texts(rows):
    return [
        ["" if value is None or pd.isna(value) else str(value) for value in row]
        for row in rows.itertuples(index=False)
    ]


def guarded(rows):
    """What a spreadsheet is given for each text."""
    return [
        [f"'{v}" if isinstance(v, str) and v.startswith(("=", "+", "-", "@", "\t", "\r")) else v
         for v in row]
        for row in texts(rows)
    ]  # fmt: skip


def test_hostile_tags_survive_pandas_and_duckdb_and_are_no_formulas(store, tmp_path):
    made = made_of(hostile_fleet(store), NOVEMBER)
    content = chargeback_files.csv_file(made)
    file = tmp_path / "statement.csv"
    file.write_bytes(content)
    read = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert read.to_numpy().tolist() == guarded(made.rows)
    by_duckdb = duckdb.sql(
        f"FROM read_csv('{file}', all_varchar=true, nullstr='\x01', quote='\"', escape='\"')"
    )
    assert [list(map(str, row)) for row in by_duckdb.fetchall()] == guarded(made.rows)
    assert "xxx" in content.decode("utf-8-sig")
    teams = made.rows["x_Team"].tolist()
    assert teams.count("data platform") == 2  # two spellings are one team
    amounts = pd.read_csv(io.BytesIO(content), encoding="utf-8-sig")["x_TotalLbKg"]
    assert amounts.sum() == pytest.approx(float(added(made.rows["x_TotalLbKg"])), abs=1e-9)
    formulas = [cell for row in read.to_numpy() for cell in row if cell[:1] in "=+@\t\r" and cell]
    assert formulas == []


def test_libreoffice_reads_the_same(store, tmp_path):
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: what it makes of the file cannot be tried")
    made = made_of(hostile_fleet(store), NOVEMBER)
    (tmp_path / "in.csv").write_bytes(chargeback_files.csv_file(made))
    subprocess.run(
        [office, "--headless", "--convert-to", 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true',
         "--infilter=CSV:44,34,76,1,,0,true", "--outdir", str(tmp_path / "out"),
         str(tmp_path / "in.csv")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    read = pd.read_csv(tmp_path / "out" / "in.csv", dtype=str, keep_default_na=False)
    written = [row[COLUMNS.index("x_Team")] for row in guarded(made.rows)]
    for shown, text in zip(read["x_Team"], written, strict=True):
        # A spreadsheet takes text such as 1e5 for the number that it is.
        assert shown == text or float(shown) == float(text)
    assert sum(map(Decimal, read["x_TotalLbKg"])) == added(made.rows["x_TotalLbKg"])


SHEET = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(content):
    """Cells of a workbook by sheet, text or number; none is a formula or a link."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:

        def tree(name):
            return ElementTree.fromstring(book.read(f"xl/{name}.xml"))  # noqa: S314 (our own file)

        strings = [
            "".join(part.text or "" for part in item.iter(f"{{{SHEET['m']}}}t"))
            for item in tree("sharedStrings")
        ]
        names = [sheet.get("name") for sheet in tree("workbook").find("m:sheets", SHEET)]
        found = {}
        for number, name in enumerate(names, start=1):
            sheet = tree(f"worksheets/sheet{number}")
            assert not sheet.findall(".//m:f", SHEET)
            assert not sheet.findall(".//m:hyperlink", SHEET)
            rows = sheet.iterfind(".//m:row", SHEET)
            found[name] = [[value_of(cell, strings) for cell in row] for row in rows]
    return found


def value_of(cell, strings):
    text = cell.find("m:v", SHEET).text
    return strings[int(text)] if cell.get("t") == "s" else float(text)


def test_the_workbook_holds_the_same_and_no_formula(store):
    made = made_of(hostile_fleet(store), NOVEMBER)
    found = sheets(chargeback_files.workbook(made))
    assert list(found) == ["Statement", "Rows", "Changes", "Manifest"]
    total = found["Statement"][-1]
    assert total[0] == "Total"
    assert total[1] == float(added(made.teams["total_kg"]))
    assert len(found["Rows"]) == len(made.rows) + 1
    flat = [cell for row in found["Rows"] for cell in row]
    assert '=hyperlink("http://x","a")' in flat
    assert made.run.manifest_hash in [cell for row in found["Manifest"] for cell in row]


def test_the_manifest_says_what_the_figures_follow_from(store):
    random_fleet(store, 1)
    made = exported(store, QUARTER)
    said = json.loads(chargeback_files.manifest_file(made))
    assert said["factor_set"] == CATALOG.fingerprint
    assert said["factor_files"] == dict(CATALOG.file_hashes)
    assert said["totals"]["x_TotalLbKg"] == str(added(made.rows["x_TotalLbKg"]))
    assert said.pop("manifest_sha256") == made.run.manifest_hash
    assert digest(canonical(said)) == made.run.manifest_hash
    again = made_of(store)
    assert again.run.manifest["content_sha256"] == said["content_sha256"]


def test_the_manifest_of_a_team_describes_its_own_file(store):
    random_fleet(store, 1)
    made = exported(store, QUARTER)
    names = made.teams["team"].tolist()
    parts = [chargeback.of_team(made, name) for name in names]
    for name, part in zip(names, parts, strict=True):
        said = json.loads(chargeback_files.manifest_file(part))
        read = pd.read_csv(io.BytesIO(chargeback_files.csv_file(part)), dtype=str)
        assert said["row_count"] == len(read) == len(part.rows)
        text = part.rows.drop(columns="x_RunId").to_csv(index=False, lineterminator="\n")
        assert said["content_sha256"] == digest(text)
        assert said["totals"].get("x_TotalLbKg", "0") == str(added(part.rows["x_TotalLbKg"]))
        assert said["lines_sha256"] == chargeback_log.lines_digest(part.lines)
        assert (said["team"], said["run_id"]) == (name, made.run.run_id)
        assert said["whole_manifest_sha256"] == made.run.manifest_hash
        assert said.pop("manifest_sha256") == digest(canonical(said)) != made.run.manifest_hash
        manifest = sheets(chargeback_files.workbook(part))["Manifest"]
        assert ["row_count", str(len(read))] in manifest
    whole = made.run.manifest
    assert sum(part.run.manifest["row_count"] for part in parts) == whole["row_count"]
    assert sum(part.run.total_g for part in parts) == pytest.approx(whole["total_g"])
    assert added(
        Decimal(part.run.manifest["totals"].get("x_TotalLbKg", "0")) for part in parts
    ) == (Decimal(whole["totals"]["x_TotalLbKg"]))
    with pytest.raises(InputError, match="one team is not kept"):
        chargeback.keep(store, parts[0], NOW)


def test_the_same_period_again_says_what_changed(store, monkeypatch):
    with_fleet(store, running(1, "web"), running(2, "data"), start="2026-11-01", end="2026-11-02")
    first = exported(store, NOVEMBER)
    assert first.changes is None
    same = exported(store, NOVEMBER)
    assert same.changes.empty
    assert same.differences == ()
    assert same.run.manifest["previous_run_id"] == first.run.run_id
    write_instances(store, fleet.instances(running(2, "data", state="stopped")))
    recompute(store)
    late = exported(store, NOVEMBER)
    assert late.changes["team"].tolist() == ["data"]
    assert pd.isna(late.changes["after_g"].iloc[0])  # it is gone, not zero
    assert late.changes["change_g"].iloc[0] < 0
    assert late.differences == (
        "Data of hours that were accounted for arrived late or were corrected.",
    )
    write_factors(store, CATALOG, Method(embodied_years=4.0))
    recompute(store)
    budget_log.keep_rules(store, Rules(aliases={"web": "shop"}), date(2026, 1, 1))
    monkeypatch.setattr(chargeback, "ALLOCATION_VERSION", "next")
    other = exported(store, NOVEMBER, price=50.0)
    assert len(other.differences) == 4
    assert set(other.changes["team"]) == {"web", "shop"}
    assert len(chargeback_log.runs(store)) == 4


def test_a_run_cannot_be_changed_unseen(mixed):
    for _ in range(3):
        exported(mixed, QUARTER)
    assert chargeback_log.chain_holds(mixed)
    runs = chargeback_log.runs(mixed)["run_id"].tolist()
    head = mixed.meta("chargeback_head")
    with mixed.write() as cursor:  # a file of before the head was kept
        cursor.execute("DELETE FROM meta WHERE name = 'chargeback_head'")
    assert chargeback_log.chain_holds(mixed)
    with mixed.write() as cursor:
        set_meta(cursor, "chargeback_head", head)
    with mixed.write() as cursor:
        cursor.execute(
            "UPDATE chargeback_runs SET manifest = replace(manifest, '2026', '2025') "
            "WHERE run_id = ?",
            [runs[1]],
        )
    assert not chargeback_log.chain_holds(mixed)
    with mixed.write() as cursor:
        cursor.execute("DELETE FROM chargeback_runs WHERE run_id = ?", [runs[1]])
    assert not chargeback_log.chain_holds(mixed)


@pytest.mark.parametrize("count", [1, 2])
def test_the_last_run_cannot_be_dropped_unseen(mixed, count):
    for _ in range(count):
        exported(mixed, QUARTER)
    last = chargeback_log.runs(mixed)["run_id"].iloc[0]
    with mixed.write() as cursor:
        for table in ("chargeback_runs", "chargeback_lines"):
            cursor.execute(f"DELETE FROM {table} WHERE run_id = ?", [last])
    assert not chargeback_log.chain_holds(mixed)


def test_the_lines_of_a_run_cannot_be_changed_unseen(mixed):
    exported(mixed, QUARTER)
    # A clock that was set back breaks no chain.
    made = exported(mixed, QUARTER, utc("2026-11-02"))
    assert made.run.manifest["previous_run_id"] == chargeback_log.runs(mixed)["run_id"].iloc[1]
    assert chargeback_log.chain_holds(mixed)
    with mixed.write() as cursor:
        cursor.execute("UPDATE chargeback_lines SET total_g = total_g + 1")
    assert not chargeback_log.chain_holds(mixed)


def test_one_export_is_kept_once_with_its_moment(mixed):
    made = made_of(mixed)
    later = utc("2026-11-03T09:41")
    kept = chargeback.keep(mixed, made, later)
    with pytest.raises(InputError, match="kept already"):
        chargeback.keep(mixed, made, later)
    last = chargeback_log.last_run(mixed, QUARTER.label)
    assert last.manifest_hash == kept.run.manifest_hash
    assert last.created_at == later
    assert json.loads(chargeback_files.manifest_file(kept))["created_at"] == later.isoformat()


def test_a_statement_is_final_only_with_all_its_hours(store):
    with_fleet(store, running(1, "web"), start="2026-10-20", end="2026-12-01")
    october, november = QUARTER.months[:2]
    late = chargeback.statement(store, CATALOG, october, NOW)
    assert not late.is_final
    assert late.run.manifest["accounted_from"] == "2026-10-20T00:00:00+00:00"
    assert chargeback.statement(store, CATALOG, november, NOW).is_final
    with store.write() as cursor:  # an hour in the middle is to be computed again
        cursor.execute("INSERT INTO stale_hours VALUES ('eu-central-1', '2026-11-09T00:00Z')")
    assert not chargeback.statement(store, CATALOG, november, NOW).is_final


def test_no_row_reaches_back_before_what_is_accounted_for(store):
    with_fleet(store, running(1, "web"), start="2026-10-20T13:00", end="2026-11-03T09:00")
    usd = [cost(date(2026, 10, day), "i-001", 1.0, "eu-central-1") for day in (5, 19, 20, 21)]
    write_costs(store, pd.DataFrame(usd))
    made = made_of(store)
    assert made.rows["ChargePeriodStart"].tolist() == [
        "2026-10-20T13:00:00Z", "2026-11-01T00:00:00Z",
    ]  # fmt: skip
    assert made.rows["ChargePeriodEnd"].tolist() == ["2026-11-01T00:00:00Z", "2026-11-03T09:00:00Z"]
    assert added(made.rows["EffectiveCost"]) == 2  # of the days that the rows are of
    said = made.run.manifest
    assert (said["accounted_hours"], said["hours"]) == (332, QUARTER.hours)
    assert chargeback_notes.LATE_NOTE in said["notes"]
    november = made_of(store, NOVEMBER)
    assert chargeback_notes.LATE_NOTE not in november.run.manifest["notes"]
    assert november.run.manifest["accounted_hours"] == 57


def test_hours_in_which_nothing_ran_are_accounted_for(store):
    """A fleet that began and ended within a month has a final statement of it."""
    only = running(1, "web") | {"valid_from": "2026-11-10", "valid_to": "2026-11-12"}
    with_fleet(store, only, start="2026-09-01", end="2026-12-02")
    usd = [cost(date(2026, 11, 1), "bucket-7", 3.0, "eu-central-1", "Amazon S3")]
    write_costs(store, pd.DataFrame(usd))
    made = chargeback.statement(store, CATALOG, NOVEMBER, utc("2026-12-02"))
    assert made.is_final
    assert made.run.manifest["accounted_hours"] == NOVEMBER.hours
    assert added(made.rows["EffectiveCost"]) == 3
    with store.write() as cursor:  # a refresh that has not come to the last hours yet
        cursor.execute("INSERT INTO stale_hours VALUES ('eu-central-1', '2026-11-29T00:00Z')")
    early = chargeback.statement(store, CATALOG, NOVEMBER, utc("2026-12-02"))
    assert not early.is_final
    assert early.run.end == utc("2026-11-12")


def test_a_month_in_which_nothing_ran_has_no_statement(store):
    first = running(1, "web") | {"valid_to": "2026-10-01"}
    with_fleet(store, first, running(2, "data") | {"valid_from": "2026-11-02"},
               start="2026-09-29", end="2026-11-03")  # fmt: skip
    october = period_of("month", date(2026, 10, 1))
    with pytest.raises(InputError, match="No machine ran and nothing was paid for in 2026-10"):
        made_of(store, october)
    with pytest.raises(InputError, match="belongs to “web”") as refused:
        chargeback.of_team(made_of(store, NOVEMBER), "web")
    assert refused.value.next_step
    usd = [cost(date(2026, 10, 5), "i-001", 1.0, "eu-central-1")]
    write_costs(store, pd.DataFrame(usd))
    (team,) = made_of(store, october).teams.itertuples()
    assert (team.team, team.total_kg, team.effective_usd) == ("web", None, Decimal("1.00"))


def test_nobody_has_a_statement_with_its_changes(store):
    machines = running(1, "web"), running(2, None), running(3, None)
    with_fleet(store, *machines, start="2026-11-01", end="2026-11-02")
    exported(store, NOVEMBER, price=None)
    write_instances(store, fleet.instances(running(2, None, state="stopped")))
    recompute(store)
    nobody = chargeback.of_team(made_of(store, NOVEMBER), "Unallocated")
    assert len(nobody.lines) == 1
    assert len(nobody.changes) == 1


def test_the_demo_company_is_named_and_never_compared_with_a_real_fleet(store):
    with_fleet(store, running(1, "web", source="demo"), start="2026-11-01", end="2026-11-02")
    demo = exported(store, NOVEMBER, price=None)
    assert demo.run.manifest["is_demo"]
    assert chargeback_notes.DEMO_NOTE in demo.run.manifest["notes"]
    assert made_of(store, NOVEMBER).changes is not None
    with store.write() as cursor:
        cursor.execute("UPDATE instances SET source = 'aws'")
    real = exported(store, NOVEMBER, price=None)
    assert real.changes is None
    assert not real.run.manifest["is_demo"]
    assert chargeback_log.chain_holds(store)


def test_equal_teams_of_many_equal_resources_stay_equal(store):
    machines = [running(n, "a" if n < 30 else "b") for n in range(60)]
    with_fleet(store, *machines, start="2026-11-01", end="2026-11-02")
    made = made_of(store, NOVEMBER)
    for column in ("x_EnergyKWh", "x_TotalLbKg", "x_CarbonCharge", *PARTS):
        a, b = made.rows.groupby("x_Team")[column].agg(added)
        # Of the parts of a total each may be off by one in the last decimal.
        assert abs(a - b) <= Decimal("0.000004")


def test_a_share_of_a_resource_is_as_uncertain_as_the_whole(store):
    """What is not measured of a machine is off alike on all of its days, in every month."""
    with_fleet(store, running(1, "net"), start=SPAN[0], end=SPAN[1])
    both = band_queries.total_band(store, Selection(utc(SPAN[0]), utc(SPAN[1])))
    (team,) = made_of(store).teams.itertuples()
    assert [float(kg) for kg in (team.low_kg, team.total_kg, team.high_kg)] == pytest.approx(
        [grams / 1000 for grams in both], abs=6e-4
    )
    november = band_queries.total_band(store, Selection(NOVEMBER.start, utc(SPAN[1])))
    whole = made_of(store, NOVEMBER).rows.iloc[0]
    assert float(whole["x_TotalHighKg"]) == pytest.approx(november.high / 1000, abs=1e-6)
    pool = Pool("net", "team", "net", "even", {}, ("a", "b"))
    budget_log.keep_rules(store, Rules(pools=(pool,)), date(2026, 1, 1))
    halves = made_of(store, NOVEMBER)
    for row in halves.rows.itertuples():
        assert float(row.x_TotalHighKg / row.x_TotalLbKg) == pytest.approx(
            float(whole["x_TotalHighKg"] / whole["x_TotalLbKg"]), rel=1e-4
        )
    assert len(halves.rows) == 2
    assert set(halves.rows["x_AllocationKey"]) == {"net"}

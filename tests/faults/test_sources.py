"""Each source that lies: what was known stays, it is said, and it mends."""

import gzip
import json
import os
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spectra.config import load_config
from spectra.errors import InputError, MalformedError
from spectra.portal_import import import_folder
from spectra.refresh import latency_tasks
from spectra.refresh.connections import Connections
from spectra.refresh.live import Live
from spectra.refresh.tasks import Progress, due, run_tasks
from spectra.reporting.carbon_import import import_carbon_export
from spectra.sources.aws import costs as cost_explorer
from spectra.sources.aws.metric_frame import Series, plausible
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.sources.json_client import RETRIES
from spectra.sources.latency_probe import probe
from spectra.store import Store, source_state
from spectra.store.source_state import Key
from tests import copies
from tests.faults.steps import CARBON, CATALOG
from tests.faults.test_file import as_nobody
from tests.servers import electricity_maps as em
from tests.servers.base import EMPTY, TRUNCATED, Answer
from tests.servers.cloudflare import TOKEN, cloudflare, summary
from tests.test_portal_import import portal_csv

HOUR = timedelta(hours=1)
ONCE = RETRIES.new(total=0, read=0)
HTML = Answer(200, "<html>Please sign in to the hotel's network</html>")
PATIENT = (5.0, 5.0)  # a busy machine answers late, too
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def history(**changes):
    """An answer of which one part is not as it should be."""
    points = [
        {"datetime": f"{NOW - n * HOUR:%Y-%m-%dT%H:%M:%S}Z", "carbonIntensity": 300.0, **changes}
        for n in (3, 2, 1)
    ]
    return Answer(200, {"zone": "DE", "history": points})


# What the service says, the status that this gives, and what is told of it.
GRID_LIES = {
    "cut short": (TRUNCATED, "MalformedError", "not JSON"),
    "empty": (EMPTY, "MalformedError", "not JSON"),
    "another shape": (Answer(200, {"zone": "DE"}), "MalformedError", "not as agreed"),
    "another zone": (Answer(200, {"zone": "FR", "history": []}), "MalformedError", "instead of DE"),
    "a word": (history(carbonIntensity="much"), "MalformedError", "not as agreed"),
    "no time": (history(datetime=None), "MalformedError", "not as agreed"),
    "NaN": (history(carbonIntensity=float("nan")), "ok", "were implausible"),
    "negative": (history(carbonIntensity=-40.0), "ok", "were implausible"),
    "absurd": (history(carbonIntensity=1e9), "ok", "were implausible"),
    "quarter-hours": (history(temporalGranularity="15_minutes"), "ok", "were not hourly"),
    "hours to come": (history(datetime="2099-01-01T00:00:00Z"), "ok", "have not begun yet"),
    "the same hour twice": (history(datetime=f"{NOW - HOUR:%Y-%m-%dT%H}:00Z"), "ok", ""),
}


@pytest.fixture(scope="module")
def store():
    opened = Store()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def grids():
    with em.electricity_maps({"DE": em.ALL}) as server:
        yield server


@pytest.mark.parametrize("lie", GRID_LIES)
def test_a_grid_source_that_lies_loses_nothing_and_mends(store, grids, lie):
    answer, status, words = GRID_LIES[lie]
    config = load_config(
        {"SPECTRA_REGIONS": "eu-central-1",
                          "SPECTRA_ELECTRICITY_MAPS_HISTORY_DAYS": "1"})  # fmt: skip
    grids.always.clear()

    def ask():
        """The intensity alone, once the plan is known: what follows from it has its own tests."""
        client = ElectricityMaps(em.KEY, f"{grids.url}/v4", retries=ONCE, timeout_s=PATIENT)
        grid = Live(store, CATALOG, config, Connections(electricity_maps=client))._grid()
        tasks = [t for t in grid.tasks() if t.key.dataset == "intensity"] or grid.plan()
        with store.write(is_fact=False) as cursor:
            cursor.execute("UPDATE source_state SET succeeded_at = NULL WHERE dataset <> 'plan'")
        return run_tasks(store, due(store, tasks, datetime.now(UTC)), Progress())

    ask()  # the plan
    (good,) = ask()
    assert good.status == "ok"
    known = "SELECT * EXCLUDE (fetched_at) FROM intensities ORDER BY hour"
    before = store.frame(known)
    grids.answer("/carbon-intensity/history", answer, forever=True)
    (failed,) = ask()
    state = source_state.read(store, Key("electricity_maps", "intensity", "DE"))
    assert state.status == status
    assert words in f"{failed.detail} {failed.next_step}"
    after = store.frame(known)
    assert after["hour"].max() == before["hour"].max()
    assert set(before["hour"]) == set(after["hour"])
    assert after["intensity_lifecycle_g_per_kwh"].between(250, 350).all()
    assert (state.retry_at is None) == (status == "ok")
    grids.always.clear()
    with store.write(is_fact=False) as cursor:
        cursor.execute("UPDATE source_state SET retry_at = NULL")
    assert ask()[0].status == "ok"
    assert source_state.read(store, Key("electricity_maps", "intensity", "DE")).failure_count == 0


PERCENTILES = "/radar/origins/summary/PERCENTILE"
RADAR_LIES = {
    "HTML": HTML,
    "NaN": summary({"p50": "NaN"}),
    "negative": summary({"p50": "-3"}),
    "absurd": summary({"p50": "1e9"}),
    "another unit": summary({"p50": "2"}, units=[{"name": "*", "value": "s"}]),
}


@pytest.fixture(scope="module")
def radar():
    with cloudflare() as server:
        yield server


@pytest.mark.parametrize("lie", RADAR_LIES)
def test_a_latency_source_that_lies_is_passed_over(radar, lie):
    radar.answer(PERCENTILES, RADAR_LIES[lie], forever=True)
    client = Radar(TOKEN, radar.url, retries=ONCE, timeout_s=PATIENT)
    found = client.latency({"eu-central-1": "DE"})
    (row,) = found.frame.to_dict("records")
    assert (row["method"], row["rtt_ms_p50"]) == ("radar_origins_region", 2.5)
    assert found.notes


AMOUNTS = {
    "NaN": {"Amount": "NaN", "Unit": "USD"},
    "a word": {"Amount": "much", "Unit": "USD"},
    "a signal": {"Amount": "sNaN", "Unit": "USD"},
    "without end": {"Amount": "Infinity", "Unit": "USD"},
    "absurd": {"Amount": "-1e300", "Unit": "USD"},
    "another currency": {"Amount": "10.0", "Unit": "EUR"},
}


@pytest.mark.parametrize("lie", AMOUNTS)
def test_an_amount_that_is_none_in_dollars_is_refused(lie):
    with pytest.raises(MalformedError, match="no amount in US dollars"):
        cost_explorer._amounts({"UnblendedCost": AMOUNTS[lie]})


def test_a_credit_is_an_amount():
    given = {"UnblendedCost": {"Amount": "-5.2", "Unit": "USD"}}
    assert cost_explorer._amounts(given) == {"billed_cost_usd": -5.2, "effective_cost_usd": None}


LOADS = {
    "900 %": ("cpu_avg_pct", 900.0),
    "negative share": ("cpu_avg_pct", -5.0),
    "NaN": ("memory_avg_pct", float("nan")),
    "negative bytes": ("network_in_bytes", -1.0),
    "without end": ("network_in_bytes", float("inf")),
    "absurd bytes": ("ebs_read_bytes", 1e300),
}


@pytest.mark.parametrize("lie", LOADS)
def test_a_load_that_cannot_be_is_unknown_and_said(lie):
    column, value = LOADS[lie]
    given = [Series("i-1", column, [(NOW - HOUR, value), (NOW - 2 * HOUR, 50.0)])]
    (kept,), (note,) = plausible(given, NOW - 3 * HOUR, NOW)
    assert kept.points == [(NOW - 2 * HOUR, 50.0)]
    assert note == f"1 values of {column} were implausible and are left out."


def test_hours_that_were_not_asked_for_are_left_out():
    given = [Series("i-1", "cpu_avg_pct", [(NOW + 9 * HOUR, 50.0), (NOW - 9 * HOUR, 50.0)])]
    (kept,), _ = plausible(given, NOW - 3 * HOUR, NOW)
    assert kept.points == []


@pytest.mark.parametrize("usd", ["NaN", "Infinity", "-1", "1e9", "much"])
def test_a_price_that_cannot_be_is_no_price(usd):
    from spectra.sources.aws.pricing import _offers
    from tests.servers.aws import product

    assert list(_offers(json.loads(json.dumps(product("m5.large", usd))))) == []


FULL = portal_csv()


def whole(path):
    path.write_bytes(FULL)
    os.utime(path, (0, 0))


def unreadable(path):
    whole(path)
    path.chmod(0)


def behind_a_closed_door(path):
    whole(path)
    path.parents[1].chmod(0)


def another(path):
    """A file of the same length and date."""
    path.write_bytes(FULL.replace(b"150.0", b"990.0"))
    os.utime(path, (0, 0))


# What a file is first, what is told of it then, and what makes it whole.
SPOILT = {
    "unreadable": (unreadable, ["refused"], lambda path: path.chmod(0o644)),
    "out of reach": (behind_a_closed_door, [], lambda path: path.parents[1].chmod(0o755)),
    "half-written": (lambda path: path.write_bytes(FULL[:-400]), ["imported"], whole),
    "another one": (another, ["imported"], whole),
    "a folder": (Path.mkdir, [], lambda path: (path.rmdir(), whole(path))),
    "a link": (lambda path: path.symlink_to(path), [], lambda path: (path.unlink(), whole(path))),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_portal_file_takes_nothing_away_and_is_read_when_it_is_whole(tmp_path, spoilt):
    spoil, statuses, mend = SPOILT[spoilt]
    with (
        closing(Store(copies.empty_store(tmp_path / "s.duckdb"))) as opened,
        TemporaryDirectory() as place,  # pytest's own nobody else may enter
    ):
        folder = Path(place) / "portal"
        folder.mkdir()
        Path(place).chmod(0o755)
        (folder / "FR-2026-hourly.csv").write_bytes(portal_csv(zone="FR"))
        import_folder(opened, CATALOG, folder)
        known = (
            "SELECT count(*), count(DISTINCT hour), max(intensity_lifecycle_g_per_kwh) "
            "FROM intensities WHERE zone = ?"
        )
        before = opened.row(known, ["FR"])
        file = folder / "DE-2026-hourly.csv"
        spoil(file)
        with as_nobody():
            found = import_folder(opened, CATALOG, folder)
        assert [report.status for report in found if report.name == file.name] == statuses
        assert all(report.message for report in found if report.status == "refused")
        assert opened.row(known, ["FR"]) == before
        mend(file)
        assert "imported" in [r.status for r in import_folder(opened, CATALOG, folder)]
        assert opened.row(known, ["DE"]) == before


CUT = {"gzip": gzip.compress(CARBON)[:-9], "cell": CARBON[:-40], "parquet": b"PAR1" + bytes(99)}


@pytest.mark.parametrize("cut", CUT)
def test_a_carbon_export_that_is_cut_short_takes_nothing_away_and_its_later_one_replaces_it(
    store, cut
):
    import_carbon_export(store, "export.csv", CARBON)
    with pytest.raises(InputError) as refused:
        import_carbon_export(store, "export.csv", CUT[cut])
    assert refused.value.next_step
    figures = "SELECT count(*), sum(emissions_kg) FROM provider_emissions"
    assert store.row(figures) == (1, 2.0)
    import_carbon_export(store, "export.csv", CARBON.replace(b"0.002", b"0.005"))
    assert store.row(figures) == (1, 5.0)


def test_a_probe_that_nobody_answers_leaves_what_was_measured(store, monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        ends = {"eu-central-1": server.getsockname(), "us-east-1": ("127.0.0.1", 9)}
        monkeypatch.setattr(
            latency_tasks, "probe", lambda regions: probe(regions, endpoint=ends.get, timeout_s=0.5)
        )
        task = latency_tasks.probe_task(store, ("eu-central-1", "us-east-1"))
        (first,) = run_tasks(store, [task], Progress())
        assert (first.status, first.row_count) == ("ok", 1)
        assert first.detail == "No answer from us-east-1."
    (silent,) = run_tasks(store, [task], Progress())
    assert (silent.status, silent.row_count) == ("ok", 0)
    assert silent.detail == "No answer from eu-central-1, us-east-1."
    assert store.row("SELECT count(*) FROM latency WHERE source = 'probe'") == (1,)

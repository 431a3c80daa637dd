"""The command line as cron meets it: its exit status, its JSON, and a file that the app holds."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spectra import advice, cli, notices
from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.errors import StoreError
from spectra.refresh.live import Report
from spectra.store import Store, retention
from spectra.watch import Watcher
from tests import copies, forked
from tests.servers.moto import KEYS

START = datetime.now(UTC)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def settings_of(tmp_path):
    def made(**settings: str) -> dict[str, str]:
        return {
            "SPECTRA_DATABASE": str(tmp_path / "s.duckdb"),
            "SPECTRA_PORTAL_FOLDER": str(tmp_path / "none"),
            "SPECTRA_DEMO_DAYS": "1",
            **settings,
        }

    return made


@pytest.fixture
def run(tmp_path, settings_of):
    """A command in a process of its own, which need not read the imports again."""

    def call(*arguments: str, **settings: str) -> subprocess.CompletedProcess:
        return forked.command(*arguments, folder=tmp_path, settings=settings_of(**settings))

    return call


@pytest.fixture
def ten_days(tmp_path):
    """The demo company of ten days is there already."""
    copies.demo_company(tmp_path / "s.duckdb", START, days=10)


@pytest.fixture
def configured(world):
    world.moto.launch("us-east-1")
    return world, world.settings(SPECTRA_REGIONS="us-east-1")


def test_without_a_key_it_keeps_the_demo_company_up_to_date(tmp_path, settings_of):
    done = subprocess.run(
        [sys.executable, "-m", "spectra", "refresh"], cwd=ROOT, env={**os.environ, **settings_of()},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "s.duckdb")
    assert store.row("SELECT max(hour) FROM emissions_hourly")[0].astimezone(UTC).hour in {
        datetime.now(UTC).hour,
        (datetime.now(UTC).hour - 1) % 24,
    }
    store.close()


def test_a_refresh_tells_what_landed_and_the_next_has_nothing_to_do(run, configured, tmp_path):
    _, settings = configured
    done = run("refresh", "--json", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0
    assert told["request_count"] > 10
    assert {o["status"] for o in told["outcomes"]} == {"ok"}
    again = json.loads(run("refresh", "--json", **settings).stdout)
    assert (again["outcomes"], again["request_count"]) == ([], 0)
    store = Store(tmp_path / "s.duckdb")
    assert store.row("SELECT DISTINCT source FROM instances") == ("aws",)
    store.close()


def test_one_source_alone_and_from_a_day_on(run, configured):
    world, settings = configured
    done = run("refresh", "--source", "electricity_maps", "--since", "2026-11-01", "--json",
               **settings)  # fmt: skip
    told = json.loads(done.stdout)
    assert {o["key"].split("/")[0] for o in told["outcomes"]} == {"electricity_maps"}
    first = min(r.params["start"] for r in world.grids.asked("/past-range"))
    assert first == "2026-11-01T00:00:00Z"


def test_a_failure_is_an_exit_status_and_a_sentence(run, configured):
    _, settings = configured
    done = run("refresh", **{**settings, "SPECTRA_ELECTRICITY_MAPS_KEY": "wrong-secret"})
    assert done.returncode == 1
    assert "does not know the key" in done.stdout
    assert "wrong-secret" not in done.stdout + done.stderr
    assert "still fails" not in done.stdout
    again = run("refresh", **{**settings, "SPECTRA_ELECTRICITY_MAPS_KEY": "wrong-secret"})
    assert again.returncode == 1  # left alone for a while, which is no success
    assert "still fails" in again.stdout


def test_a_file_that_another_process_holds_is_left_alone(run, tmp_path):
    store = Store(tmp_path / "s.duckdb")
    done = run("refresh")
    assert done.returncode == 3
    assert "Automation" in done.stderr
    assert "Traceback" not in done.stderr
    store.close()


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """What `refresh` makes of an empty store of which every source says the same."""

    def call(*arguments, **settings):
        asked = []

        class Silent:
            def __init__(self, *parts):
                pass

            def refresh(self, *, retry):
                asked.append(retry)
                return Report((), START, 0.0, False)

        monkeypatch.setattr(cli, "Live", Silent)
        store = Store(copies.empty_store(tmp_path / "empty.duckdb"))
        plain = load_config({"SPECTRA_DEMO": "off"}, tmp_path / "none.toml")
        config = replace(plain, portal_folder=tmp_path / "portal", **settings)
        options = cli.parser().parse_args(["refresh", *arguments])
        report = cli._bring_up_to_date(store, load_catalog(), config, options)
        store.close()
        return report, *asked

    return call


def test_what_follows_a_refresh_in_the_app_follows_the_command(brought, monkeypatch):
    done = []
    monkeypatch.setattr(Watcher, "look", lambda watcher, config: done.append("look"))
    monkeypatch.setattr(advice, "is_due", lambda *_: True)
    monkeypatch.setattr(advice, "refresh_advice", lambda *_: done.append("advise"))
    monkeypatch.setattr(notices, "events", lambda *_: ["a notice"])
    monkeypatch.setattr(notices, "webhook", lambda config: config.webhook_url)
    monkeypatch.setattr(notices, "tell", lambda store, found, sender: done.append((*found, sender)))
    brought(webhook_url="there")
    assert done == ["look", "advise", ("a notice", "there")]


@pytest.mark.parametrize("error", [StoreError("The disk is full."), ValueError("a bug")])
def test_what_follows_may_fail_and_what_was_read_is_told(brought, monkeypatch, error):
    def fail(*_):
        raise error

    told = []
    monkeypatch.setattr(Watcher, "look", fail)
    monkeypatch.setattr(notices, "tell_new", lambda *_: told.append("told"))
    (failed,) = brought()[0].failures
    assert failed.key.source == "watch"
    assert ("disk is full" if isinstance(error, StoreError) else "ValueError") in failed.detail
    assert told == ["told"]


def test_what_failed_is_asked_again_at_once_only_where_that_is_said(brought):
    assert brought()[1] is False
    assert brought("--retry")[1] is True


def test_a_file_that_is_refused_and_a_month_that_is_not_archived_have_failed(
    brought, tmp_path, monkeypatch
):
    def full(*_, **__):
        raise StoreError("The disk is full.", next_step="Free some space.")

    monkeypatch.setattr(retention, "roll_up", full)
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "x.csv").write_text("hello,world\n1,2\n")
    report = brought(retention_hourly_days=62)[0]
    assert [o.key[:2] for o in report.failures] == [
        ("electricity_maps_portal", "x.csv"), ("retention", "archive"),
    ]  # fmt: skip
    refused, unkept = report.failures
    assert "column" in refused.detail
    assert unkept.detail == "The disk is full. Free some space."


def test_wrong_use(run):
    assert run("refresh", "--since", "yesterday").returncode == 2
    assert run("refresh", "--source", "nobody").returncode == 2
    assert run().returncode == 2


@pytest.mark.usefixtures("ten_days")
def test_a_forecast_for_a_pipeline(run):
    settings = {"SPECTRA_DEMO_DAYS": "10"}
    told = json.loads(run("forecast", "--region", "eu-central-1", "--hours", "6", "--json",
                          **settings).stdout)  # fmt: skip
    assert (told["zone"], told["unit"], len(told["forecast"])) == ("DE", "gCO2e/kWh", 6)
    assert told["count"] == 6
    assert datetime.fromisoformat(told["issued_at"]) <= datetime.now(UTC)
    assert told["issued_at"] <= told["forecast"][0]["hour"]
    assert all(p["lower"] <= p["mean"] <= p["upper"] for p in told["forecast"])
    wrong = run("forecast", "--region", "nowhere-1", **settings)
    assert wrong.returncode == 1
    assert "no region nowhere-1" in wrong.stderr


@pytest.mark.usefixtures("ten_days")
def test_a_schedule_for_a_pipeline(run):
    settings = {"SPECTRA_DEMO_DAYS": "10"}
    deadline = (datetime.now(UTC) + timedelta(hours=20)).strftime("%Y-%m-%dT%H:%M")
    job = ("schedule", "--region", "eu-central-1", "--or-region", "eu-north-1",
           "--or-region", "me-central-1",
           "--duration", "2.5", "--deadline", deadline)  # fmt: skip
    done = run(*job, "--json", **settings)
    told = json.loads(done.stdout)
    assert {o["region"] for o in told["options"]} == {"eu-central-1", "eu-north-1"}
    assert told["excluded"] == [
        {"region": "me-central-1", "reason": "There is no forecast for it."}
    ]
    best = told["options"][0]
    assert best["slots"][-1]["end"] <= f"{deadline}:00Z"
    assert best["grams"] <= best["grams_run_now"] + 1e-6
    spoken = run(*job, "--timezone", "Europe/Berlin", **settings).stdout
    assert "gCO2e" in spoken
    assert "+0" in spoken  # the offset of the named zone
    too_long = run(*job[:-4], "--duration", "99", "--deadline", deadline, **settings)
    assert too_long.returncode == 1
    assert "does not fit" in too_long.stderr
    assert "Traceback" not in too_long.stderr
    assert "more than 0 kW" in run(*job, "--count", "-5", **settings).stderr
    nowhere = run(*job, "--or-region", "nowhere-1", **settings)
    assert (nowhere.returncode, nowhere.stderr) == (1, "There is no region nowhere-1.\n")
    assert (
        "no instance type m5.xlrage" in run(*job, "--instance-type", "m5.xlrage", **settings).stderr
    )


def test_what_cannot_be_written_as_it_is_ends_nothing(monkeypatch):
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(kept, "cp1252", write_through=True))
    wrong = ("--region", "eu-central-1", "--duration", "1", "--deadline", "CO₂")
    assert cli.main(["schedule", *wrong]) == 1
    assert r"CO\u2082" in kept.getvalue().decode("cp1252")


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_checked", interrupted)
    assert cli.main(["check"]) == 130
    assert capsys.readouterr().err == "Interrupted; what was written is kept.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_output_is_a_sentence(settings_of):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "spectra", "check"], cwd=ROOT, stdout=full,
            env={**os.environ, **settings_of()}, stderr=subprocess.PIPE, text=True, timeout=120,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_check_names_what_is_off(run):
    done = run("check")
    assert done.returncode == 0
    for word in ("Database", "AWS", "Electricity Maps", "Cloudflare Radar", "Webhook", "off"):
        assert word in done.stdout


def test_a_check_tells_what_is_permitted_and_entitled(run, configured):
    _, settings = configured
    done = run("check", "--json", **settings, SPECTRA_COST_PER_RESOURCE="on")
    lines = {(line["source"], line["what"]): line for line in json.loads(done.stdout)}
    assert lines["AWS", "own keys"]["status"] == "ok"
    assert lines["AWS", "ec2:DescribeInstances"]["status"] == "ok"
    assert lines["AWS", "ce:GetCostAndUsage"]["status"] == "ok"
    assert lines["AWS", "compute-optimizer:GetEC2InstanceRecommendations"]["status"] == "ok"
    assert lines["AWS", "ce:GetCostAndUsageWithResources"]["status"] == "off"  # not asked for
    assert "forecasts: 1 of 1 zones" in lines["Electricity Maps", "plan"]["detail"]
    assert lines["Cloudflare Radar", "token"]["status"] == "ok"
    assert KEYS["aws_secret_access_key"] not in done.stdout


def test_a_check_with_a_bad_key_fails(run, configured):
    _, settings = configured
    done = run("check", **{**settings, "SPECTRA_CLOUDFLARE_TOKEN": "wrong"})
    assert done.returncode == 1
    assert "does not accept the token" in done.stdout


def test_history_goes_out_and_comes_back(run, tmp_path):
    copies.demo_of_today(tmp_path / "s.duckdb")
    assert run("refresh").returncode == 0
    folder = tmp_path / "out"
    done = run("history", "export", str(folder))
    assert done.returncode == 0, done.stderr
    assert "rows of" in done.stdout
    other = {"SPECTRA_DATABASE": str(tmp_path / "other.duckdb"), "SPECTRA_DEMO": "off"}
    done = run("history", "import", str(folder), **other)
    assert done.returncode == 0, done.stderr
    totals = []
    for name in ("s.duckdb", "other.duckdb"):
        store = Store(tmp_path / name)
        totals.append(store.row("SELECT sum(scope2_lb_g + embodied_g) FROM hourly_sums")[0])
        store.close()
    assert totals[0] == pytest.approx(totals[1], rel=1e-9)
    again = run("history", "export", str(folder))
    assert again.returncode == 1
    assert "exists already" in again.stderr
    (folder / "utilisation").rename(tmp_path / "gone")
    damaged = run("history", "import", str(folder), **other)
    assert damaged.returncode == 1
    assert "is missing" in damaged.stderr
    plan = run("history", "plan", SPECTRA_RETENTION_HOURLY_DAYS="400")
    assert "left to roll up" in plan.stdout
    assert run("history", "export", str(folder), "--before", "soon").returncode == 2

"""The command line as a pipeline meets it: a draft, a final one, the chain, computed again."""

import json
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from spectra import budgets
from spectra.cli import main
from spectra.reporting.codec import from_json
from spectra.store import Store
from spectra.store.budget_log import new_budget
from tests import copies
from tests.reporting.conftest import accounted

ROOT = Path(__file__).resolve().parents[2]


def budgeted(store):
    accounted(store)
    budgets.create(store, new_budget("team", "web", "month"), 50_000.0, date(2026, 1, 1))


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "s.duckdb"
    copies.opened(path, budgeted).close()
    monkeypatch.setenv("SPECTRA_DATABASE", str(path))
    monkeypatch.setenv("SPECTRA_DEMO", "off")
    monkeypatch.chdir(ROOT)
    return path


@pytest.fixture
def run(file, capsys):
    """The command line in this process; `as_a_pipeline` starts one of its own."""

    def call(*arguments: str) -> subprocess.CompletedProcess:
        status = main(arguments)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return call


def as_a_pipeline(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "spectra", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_report_from_draft_to_restatement(run, file, tmp_path):
    out = tmp_path / "r.json"
    wanted = ("report", "--period", "2026-10", "--company", "Acme", "--out", str(out))
    draft = as_a_pipeline(*wanted)
    assert draft.returncode == 0, draft.stderr
    assert draft.stdout.startswith("2026-10: draft, audit-ready")
    made = from_json(out.read_text())
    assert made.cover.status == "draft"
    section = next(s for s in made.sections if s.id == "budgets")
    assert [row.cells[:3] for row in section.tables[0].rows] == [
        ("team web", "all scopes, location-based", "2026-10")
    ]
    final = run(*wanted, "--final")
    assert final.returncode == 0, final.stderr
    sealed = from_json(out.read_text())
    assert sealed.seal.report_id == "R0001"
    assert section in sealed.sections
    again = run(*wanted, "--final")
    assert again.returncode == 1
    assert "Nothing has changed" in again.stderr
    export = tmp_path / "export.csv"
    export.write_text(
        "model_version,product_code,region_code,total_scope_2_mbm_emissions_unit,"
        "total_scope_2_mbm_emissions_value,usage_account_id,usage_period_start\n"
        "v3.0.0,AmazonEC2,eu-central-1,MTCO2e,0.001,111111111111,2026-10-01 00:00:00Z\n"
    )
    restated = run(*wanted, "--final", "--carbon-export", str(export), "--reason", "AWS's figures.")
    assert restated.returncode == 0, restated.stderr
    seal = from_json(out.read_text()).seal
    assert (seal.report_id, seal.restates) == ("R0002", "R0001")
    assert seal.reason.startswith("AWS's figures. Data changed: provider_emissions, ")
    listed = run("reports")
    assert listed.returncode == 0
    assert "R0002  2026-10" in listed.stdout
    assert listed.stdout.endswith("The chain holds.\n")
    assert run("reports", "--reproduce", "R0002").returncode == 0
    differs = as_a_pipeline("reports", "--reproduce", "R0001")
    assert differs.returncode == 1
    assert "provider.scope2_mb" in differs.stdout
    assert run("reports", "--get", "R0001", "--out", str(out)).returncode == 0
    assert json.loads(out.read_text())["seal"]["report_id"] == "R0001"
    with closing(Store(file)) as store, store.write() as cursor:
        cursor.execute("UPDATE reports SET content = (SELECT content FROM reports "
                       "WHERE report_id = 'R0002') WHERE report_id = 'R0001'")  # fmt: skip
    out.unlink()
    refused = run("reports", "--get", "R0001", "--out", str(out))
    assert (refused.returncode, out.exists()) == (1, False)
    assert "R0001 is not as it was sealed: Its content was changed." in refused.stderr
    assert run("reports", "--get", "R0002", "--out", str(out)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--period", "2026-13"), "is not a period"),
        (("--period", "2999"), "has not begun"),
        (("--period", "2026-10", "--region", "eu-west-9"), "no region"),
        (("--period", "2026-10", "--logo", "/nonexistent.png"), "cannot be read"),
        (("--period", "2026-10", "--final", "--logo", "README.md"), "no PNG, JPEG or SVG"),
        (("--period", "2026-10", "--final", "--team", "nobody"), "cannot be final"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run, tmp_path, arguments, says):
    done = run("report", *arguments, "--out", str(tmp_path / "r.json"))
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "r.json").exists()


def test_a_file_that_cannot_be_written(run, tmp_path):
    done = run("report", "--period", "2026-10", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr

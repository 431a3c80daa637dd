"""MotherDuck as far as an offline machine goes: an attached database, and SQL free of files."""

import ast
import re
from pathlib import Path

import pytest

from spectra.refresh import refresh_demo
from spectra.store import Store
from spectra.ui import workspace
from tests.pages.conftest import PAGES, app_store, database, healthy, open_app  # noqa: F401
from tests.store.attached import AttachedStore
from tests.store.conftest import CATALOG

STORE = Path(__file__).resolve().parents[2] / "spectra" / "store"
# What only a file of this machine has, or what a service does not allow.
OF_FILES = re.compile(
    r"\b(CHECKPOINT|VACUUM|PRAGMA|ATTACH|DETACH|INSTALL|LOAD|EXPORT DATABASE|IMPORT DATABASE|"
    r"read_csv\w*|read_json\w*|read_parquet|glob|pragma_database_size|CREATE\s+(UNIQUE\s+)?INDEX|"
    r"COPY)\b"
)
# Files of the client, which read and write them whatever the database is; and a guarded one.
ALLOWED = {
    "archive.py": {"read_parquet"},
    "database.py": {"CHECKPOINT"},
    "history_export.py": {"COPY", "read_parquet"},
    "history_import.py": {"read_parquet"},
}


def test_the_sql_has_nothing_of_files_but_what_is_known():
    found = {
        path.name: names
        for path in [*STORE.glob("*.py"), *STORE.glob("migrations/*.sql")]
        if (names := {match[1] for match in OF_FILES.finditer(_sql_of(path))})
    }
    assert found == ALLOWED


def _sql_of(path: Path) -> str:
    """The strings of a module, docstrings left out: a word of plain English is no statement."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        return re.sub(r"--.*$", "", text, flags=re.MULTILINE)
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return "\n".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    )


@pytest.mark.usefixtures("database")
def test_every_page_runs_on_an_attached_database_as_on_a_file(monkeypatch, tmp_path):
    """MotherDuck attaches its database beside DuckDB's own; no name may lead to the wrong one."""
    monkeypatch.setenv("SPECTRA_DEMO", "on")
    monkeypatch.setenv("SPECTRA_DEMO_DAYS", "2")
    monkeypatch.setattr(workspace, "Store", AttachedStore)
    app = healthy(open_app())
    assert app_store().row("SELECT current_database()") == ("fleet",)
    for page in PAGES:
        healthy(app.switch_page(page).run())
    hour = app_store().row("SELECT max(hour) FROM hourly_sums")[0]
    own = Store(tmp_path / "own.duckdb")
    refresh_demo(own, CATALOG, now=hour, days=2)
    total = (
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) FROM hourly_sums WHERE hour = ?"
    )
    assert app_store().row(total, [hour])[0] == pytest.approx(own.row(total, [hour])[0], rel=1e-9)
    own.close()

"""What leaves the app as a file: no formula, no script, no command, whatever the texts were."""

import csv
import io
import json
import os
import re
import subprocess
from html.parser import HTMLParser

import icalendar
import openpyxl
import pandas as pd
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra import actions, allocation, budget_csv, chargeback, chargeback_files, exports
from spectra import schedule_exports as schedule
from spectra.actions.calls import Call, Result, tagged
from spectra.actions.plan import Target
from spectra.actions.volume_text import volume_migration_text
from spectra.reporting import asking
from spectra.reporting.build import build
from spectra.reporting.faces import FACES
from spectra.reporting.kept_budgets import budget_lines
from spectra.store import Store, advice_log, incident_log
from tests.attacks.hostile_fleet import END, LAST
from tests.attacks.texts import FOREIGN, FORMULAS, LONG, MARKUP, SQL, TEXTS
from tests.store.conftest import CATALOG
from tests.test_schedule_exports import option  # noqa: F401 (a fixture)

ALL = [*TEXTS.values(), LONG]
SIGNS = tuple("=+-@＝＋－＠\t\r\n")
UNSEEN = "".join(map(chr, range(33))) + "\x7f\x85\xa0\u200b\u200e\u202e\u2060\u2066\ufeff"


@pytest.fixture(scope="module")
def store(hostile_file):
    opened = Store(hostile_file)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def report(store):
    request = asking.make_request(
        CATALOG, LAST.label, company=MARKUP, entity=FORMULAS[0], assurance=MARKUP,
        prepared_by=SQL,
    )  # fmt: skip
    return build(store, CATALOG, request, now=END, budgets=budget_lines)


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def formulas_in(content):
    """Cells that a spreadsheet could take for a formula."""
    text = content.decode("utf-8-sig")
    assert "\x00" not in text
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    return [
        cell for cell in cells
        if not is_number(cell) and (cell.lstrip(UNSEEN).startswith(SIGNS) or cell[:1] in SIGNS)
    ]  # fmt: skip


def test_every_csv_is_free_of_formulas(store, report):
    made = chargeback.statement(store, CATALOG, LAST, END)
    days = LAST.start.date(), LAST.end.date()
    files = {
        "budgets": budget_csv.export_budgets(store, END.date()),
        "statement": chargeback_files.csv_file(made),
        "report": FACES["csv"](report),
        "league": exports.csv_bytes(allocation.league(store, *days)),
        "unallocated": exports.csv_bytes(allocation.worst_unallocated(store, *days)),
        "incidents": exports.csv_bytes(incident_log.incidents(store, END)),
        "advice": exports.csv_bytes(advice_log.advice(store, END)),
    }
    assert {name: formulas_in(content)[:3] for name, content in files.items()} == {
        name: [] for name in files
    }


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_columns_of_every_kind_of_text_and_their_names_are_guarded(kind):
    frame = pd.DataFrame({"text": pd.Series(ALL, dtype=kind), "=name": -1.5})
    content = exports.csv_bytes(frame)
    assert formulas_in(content) == []
    assert b",-1.5\r\n" in content


@given(st.text() | st.sampled_from(ALL))
@settings(max_examples=60, deadline=None)
def test_what_is_guarded_comes_back(text):
    known = text.replace("\x00", "")
    assert exports.unguarded(exports.neutral(text)) == known


OWN_FORMULA = re.compile(r"=SUM\([A-Z]+\d+(?::[A-Z]+\d+)?\)")


def test_no_name_of_a_team_leaves_its_folder_or_is_that_of_another_file():
    names = [exports.file_stem("chargeback", "2026-11", text) for text in ALL]
    for name in names:
        assert re.fullmatch(r"chargeback_2026-11_[\w-]+", name)
        assert len(name.encode()) < 250
    assert len({name.casefold() for name in names}) == len(set(ALL))
    assert exports.file_stem("teams") == "teams"


def test_no_workbook_holds_a_foreign_formula_or_link(store, report):
    made = chargeback.statement(store, CATALOG, LAST, END)
    for content in (chargeback_files.workbook(made), FACES["xlsx"](report)):
        book = openpyxl.load_workbook(io.BytesIO(content))
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f" or OWN_FORMULA.fullmatch(cell.value)
                    assert cell.hyperlink is None or FOREIGN not in str(cell.hyperlink.target)


class Elements(HTMLParser):
    """Elements, and attributes that run or fetch something."""

    def __init__(self):
        super().__init__()
        self.scripts = 0
        self.reaching = []

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.reaching += [
            (tag, name, (value or "")[:80]) for name, value in attrs
            if name.startswith("on") or (FOREIGN in (value or "") and name in ("src", "href"))
            or (value or "").strip().lower().startswith("javascript:")
        ]  # fmt: skip


def test_the_html_report_has_no_script_and_no_link_of_a_villain(report, store):
    harmless = build(
        store, CATALOG, asking.make_request(CATALOG, LAST.label), now=END, budgets=budget_lines
    )
    counts = []
    for made in (report, harmless):
        parser = Elements()
        parser.feed(FACES["html"](made).decode())
        assert parser.reaching == []
        counts.append(parser.scripts)
    assert counts[0] == counts[1]


def test_the_pdf_runs_nothing_and_links_nowhere(report):
    content = FACES["pdf"](report)
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    actions_ = [note.get_object().get("/A") for page in pages for note in page.get("/Annots") or ()]
    assert not [a for a in actions_ if a and FOREIGN in str(a.get_object())]
    assert b"/JavaScript" not in content
    assert b"/Launch" not in content


def test_markdown_and_json_stay_what_they_are(report):
    text = FACES["md"](report).decode()
    assert not re.search(r"(?<!\\)(?:<img|<script|!\[x\]|\[y\]\()", text)
    # A backslash within an address keeps not every reader from making a link of it.
    assert not re.search(r"(?i:https?\\?:|www\\?\.|me\\?@)(?:\\?/\\?/)?evil", text)
    assert "evil" in text
    assert json.loads(FACES["json"](report))
    assert "\x00" not in text


PARTS = frozenset(("SUMMARY", "UID", "DTSTAMP", "DTSTART", "DTEND", "LOCATION", "DESCRIPTION"))


@pytest.mark.parametrize("name", ALL, ids=[*TEXTS, "long"])
def test_schedules_for_other_programs(option, name):  # noqa: F811 (a fixture)
    content = schedule.icalendar(name, option, END)
    calendar = icalendar.Calendar.from_ical(content)
    events = calendar.walk("VEVENT")
    assert len(events) == len(option.plan.slots) == len(calendar.walk()) - 1
    assert {frozenset(event) for event in events} == {PARTS}
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)", content)
    assert json.loads(schedule.as_json(name, [option], END))["job"] == name
    command = schedule.eventbridge_commands(name, option)
    assert all(line.startswith("aws scheduler create-schedule") for line in command.splitlines())


def hostile_plans():
    for name in ALL:
        target = Target(
            "111111111111", "eu-central-1", "i-1", "instance", "m5.xlarge", "running", name,
            "eu-central-1a", ("vol-1",), tags={"team": name, name[:100]: "x"},
        )  # fmt: skip
        volume = Target(
            "111111111111", "eu-central-1", "vol-1", "volume", "gp2", "available", name,
            "eu-central-1a", size_gib=8, tags={"team": name},
        )  # fmt: skip
        yield from (actions.terminate(target), actions.resize(target, "m5.large"))
        yield actions.delete_volume(volume)


def test_scripts_call_aws_with_these_texts_and_nothing_else(tmp_path):
    """Run in bash with an ``aws`` that only notes that it was called."""
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "aws").write_text('#!/bin/sh\nprintf "%s\\n" "$1" >>"$CALLS"\n')
    (fake / "aws").chmod(0o755)
    script, calls = tmp_path / "plan.sh", tmp_path / "calls"
    batches = [actions.bulk([plan], 99) for plan in hostile_plans()]
    text = "\n".join(f"(\n{b.as_cli_script()}\n)" for b in batches if "\x00" not in str(b.plans))
    script.write_text(text)
    home = tmp_path / "home"
    home.mkdir()
    (home / "kept").touch()
    env = {"PATH": f"{fake}:{os.environ['PATH']}", "CALLS": str(calls), "HOME": str(home)}
    done = subprocess.run(
        ["bash", str(script)], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert set(calls.read_text().split()) == {"ec2"}
    assert (home / "kept").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bin", "calls", "home", "plan.sh"]


def test_a_tag_that_looks_like_a_result_names_no_variable():
    tags = tagged("volume", {"team": "\x02AWS_SECRET_ACCESS_KEY\x03"})
    call = Call(
        "create_volume", {"SnapshotId": Result("snapshot_1"), "TagSpecifications": [tags]},
        "eu-central-1",
    )  # fmt: skip
    assert "${snapshot_1}" in call.as_cli()
    assert "${AWS" not in call.as_cli()


def test_plans_as_markdown_stay_text():
    for plan in hostile_plans():
        text = re.sub(r"^ *```.*?^ *```$", "", plan.as_markdown(), flags=re.S | re.M)
        assert not re.search(r"(?<!\\)(?:<img|<script|!\[x|\[y)", text)
    volume = Target(
        "1",
        "eu-central-1",
        "vol-1",
        "volume",
        "gp2",
        "in-use",
        MARKUP,
        "eu-central-1a",
        size_gib=99,
    )
    assert not re.search(r"(?<!\\)(?:<img|!\[x)", volume_migration_text(volume, 8))

"""Hours, days and months of UTC are reckoned in one place."""

import ast
import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from spectra.moments import day_after, first_of_month, hour_of, iso, last_day, midnight, next_month

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "spectra" / "moments.py"
KOLKATA = timezone(timedelta(hours=5, minutes=30))
# What only its home may spell out.
SPELT = {
    "midnight": re.compile(r"replace\([^)]*hour=0|combine\([^()]*, time\(\)|\w\.day, tzinfo=UTC"),
    "hour_of": re.compile(r"replace\(minute=0"),
    "first_of_month": re.compile(r"replace\(day=1"),
    "last_day": re.compile(r"- (?:HOUR|timedelta\(hours=1\))\)(?:\.astimezone\(UTC\))?\.date\(\)"),
    "iso": re.compile(r"%Y-%m-%dT%H:%M:%SZ"),
    "in_utc": re.compile(r"astimezone\(UTC\) if isinstance\((\w+), datetime\) else \1"),
    "today": re.compile(r"now\(UTC\)\.date\(\)"),
}


def test_days_and_hours_are_those_of_utc():
    late = datetime(2027, 1, 1, 2, 45, 59, 7, tzinfo=KOLKATA)  # 21:15 of the last day, in UTC
    assert hour_of(late) == datetime(2026, 12, 31, 21, tzinfo=UTC)
    assert iso(late) == "2026-12-31T21:15:59Z"
    assert (last_day(late), day_after(late)) == (date(2026, 12, 31), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 12, 1, 1, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2028, 3, 1, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2027, 1, 1, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_a_span_ends_on_the_day_of_its_last_moment(end, last):
    assert last_day(end) == last
    assert day_after(end) == last + timedelta(days=1)


def test_the_first_of_a_month_and_its_midnight():
    assert first_of_month(date(2028, 2, 29)) == date(2028, 2, 1)
    assert first_of_month(datetime(2026, 12, 31, 23, tzinfo=UTC)) == date(2026, 12, 1)
    assert next_month(date(2028, 1, 31)) == date(2028, 2, 1)
    assert next_month(datetime(2026, 12, 1, 5, tzinfo=UTC)) == date(2027, 1, 1)
    assert midnight(date(2026, 12, 31)) == datetime(2026, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize("name", SPELT)
def test_nobody_else_spells_it_out(name):
    files = [file for file in sorted((ROOT / "spectra").rglob("*.py")) if file != HOME]
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if SPELT[name].search(line)
    ]
    assert found == [], f"spectra.moments has {name}"


def test_an_hour_and_a_day_have_their_names():
    """Only a length of time that has a meaning of its own is written as one, under its name."""
    found = []
    for file in sorted((ROOT / "spectra").rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        named = {id(node) for top in tree.body if isinstance(top, ast.Assign | ast.AnnAssign)
                 for node in ast.walk(top)}  # fmt: skip
        found += [
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and id(node) not in named
            and ast.unparse(node) in ("timedelta(hours=1)", "timedelta(days=1)")
        ]  # fmt: skip
    assert found == []

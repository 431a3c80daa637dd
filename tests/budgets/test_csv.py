"""Budgets out to a file and back, and what is said of a file that cannot be used."""

from datetime import date

import pytest

from spectra.budget_csv import COLUMNS, Imported, export_budgets, import_budgets, read_budgets
from spectra.errors import InputError
from spectra.insight.budgets import Version
from spectra.store import budget_log
from spectra.store.budget_log import new_budget
from tests.budgets.conftest import HOSTILE

TODAY = date(2026, 11, 13)
HEAD = ",".join(COLUMNS)


def file(*lines):
    return "\n".join((HEAD, *lines)).encode()


@pytest.mark.parametrize("team", [*HOSTILE, "'=1", "''+x", "'"])
def test_what_goes_out_comes_back(store, team):
    made = new_budget("team", team, "quarter", basis="scope3", profile="weekly", note=team)
    amounts = [Version(date(2026, 1, 1), 1234.5), Version(date(2026, 7, 1), 1 / 3 * 1e6)]
    budget_log.keep(store, made, amounts)
    content = export_budgets(store, TODAY)
    assert import_budgets(store, content) == Imported(0, 0, 1)
    (row, later) = read_budgets(content)
    assert row.budget.scope_key == made.scope_key
    assert later.version.grams == pytest.approx(amounts[1].grams, rel=1e-12)


def test_a_changed_amount_is_a_new_version_and_a_new_line_a_new_budget(store):
    content = file(
        "team,web,month,total_lb,even,2026-01-01,1.5,t,",
        "environment,production,year,,,2026-01-01,20,kg,whole company",
        "tag,cost-center = 42,month,,,2026-01-01,500,g,",
    )
    assert import_budgets(store, content) == Imported(3, 0, 0)
    again = content.replace(b"1.5,t", b"1400,kg")
    assert import_budgets(store, again) == Imported(0, 1, 2)
    kept = {b.scope_key: b for b in budget_log.budgets(store)}
    assert set(kept) == {"web", "production", "cost-center=42"}
    versions = budget_log.versions(store)[kept["web"].budget_id]
    assert versions == [Version(date(2026, 1, 1), 1.4e6)]
    assert len(budget_log.version_history(store, kept["web"].budget_id)) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"scope_kind,amount\nteam,1\n", "lacks the columns"),
        (file(), "0 rows"),
        (file("team,web,month,,,2026-01-01,-1,kg,"), "line 2"),
        (file("team,web,month,,,2026-01-01,nan,kg,"), "line 2"),
        (file("team,web,month,,,2026-01-01,1,lb,"), "line 2"),
        (file("team,web,month,,,01.02.2026,1,kg,"), "line 2"),
        (file("team,web,month,,,2026-01-01,1,kg,", "team,web,week,,,2026-01-01,1,kg,"), "Line 3"),
        (file("team,,month,,,2026-01-01,1,kg,"), "Line 2"),
        (file("team,web,month,,,0001-01-01,1,kg,"), "line 2"),
        (file("team,web,month,,,9999-01-01,1,kg,"), "line 2"),
        (file("team,web,month,,,2026-01-01,1e300,kg,"), "line 2"),
        (file("team," + "x" * 200_000 + ",month,,,2026-01-01,1,kg,"), "cannot be read as CSV"),
        (file(*["team,web,month,,,2026-01-01,1,kg,"] * 20_001), "more than 20000"),
        (b"x" * 10_000_001, "10 MB"),
        ("team,wéb".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(store, content, said):
    with pytest.raises(InputError, match=said) as error:
        import_budgets(store, content)
    assert error.value.next_step
    assert budget_log.budgets(store) == []


def test_another_profile_or_note_is_a_change(store):
    line = "team,web,month,total_lb,even,2026-01-01,1.5,t,first"
    import_budgets(store, file(line))
    again = line.replace("even", "weekly").replace("first", "second")
    assert import_budgets(store, file(again)) == Imported(0, 1, 0)
    (kept,) = budget_log.budgets(store)
    assert (kept.profile, kept.note) == ("weekly", "second")
    assert len(budget_log.version_history(store, kept.budget_id)) == 1
    # An empty note says nothing of what is kept.
    assert import_budgets(store, file(again.removesuffix("second"))) == Imported(0, 0, 1)
    assert import_budgets(store, export_budgets(store, TODAY)) == Imported(0, 0, 1)


def test_many_budgets_come_in_at_once(store):
    lines = [f"team,team {n},month,,,2026-01-01,1,kg," for n in range(2_000)]
    revision = store.revision
    assert import_budgets(store, file(*lines)) == Imported(2_000, 0, 0)
    assert store.revision == revision + 1

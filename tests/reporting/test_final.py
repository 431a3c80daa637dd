"""Final reports: the chain, restatements after late data, and computing one again."""

import json
import threading
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from spectra.carbon.method import Method
from spectra.errors import InputError, StoreError
from spectra.reporting import final
from spectra.reporting.asking import make_request
from spectra.reporting.build import build
from spectra.reporting.codec import from_json, to_json
from spectra.reporting.diff import compare
from spectra.store import Store, emission_queries, report_inputs, report_log, retention
from spectra.store.factors import write_factors
from spectra.store.hashing import digest
from spectra.store.ledger import HOUR, extend_ledger, recompute
from spectra.store.selection import Selection
from spectra.store.writes import (
    write_costs,
    write_instances,
    write_intensities,
    write_utilisation,
)
from tests import copies, fleet
from tests.reporting.conftest import HOURS, NOW, accounted, costs, october
from tests.reporting.sample import sample
from tests.reporting.test_market import aws
from tests.store.conftest import CATALOG

TOTAL = "provider.total_lb"


def add_late_data(store):
    """Twelve days of one machine arrive later: it worked harder than what stood in for it."""
    write_utilisation(store, fleet.utilisation("i-data", HOURS[230:300], 95.0))
    recompute(store)


def seal(store, **options):
    return final.seal(store, CATALOG, october(**options), now=NOW)


def test_a_final_report_is_kept_as_it_was(store):
    made = seal(store)
    assert made.cover.status == "final"
    assert (made.seal.report_id, made.seal.sequence, made.seal.restates) == ("R0001", 1, "")
    assert made.seal.previous_hash == report_log.FIRST
    assert made.seal.manifest_hash == made.manifest_hash
    assert final.load(store, "R0001") == made
    assert from_json(to_json(made)) == made
    assert report_log.breaks(store) == []


def test_the_hashes_are_what_they_say(store):
    made = seal(store)
    entry = report_log.entry(store, "R0001")
    record = json.loads(entry.record)
    assert digest(record["manifest"]) == made.manifest_hash
    assert digest(report_log.FIRST + entry.record) == made.seal.chain_hash
    assert digest(report_log.content(store, "R0001")) == made.seal.content_hash
    assert record["inputs_hash"] == final.inputs_hash(made.manifest)
    totals = [total for _, total in made.manifest.totals if total is not None]
    assert totals == [float(f"{total:.12g}") for total in totals]  # else no two builds are alike


def test_without_a_change_there_is_no_second_final_report(store):
    seal(store)
    with pytest.raises(InputError, match="Nothing has changed since the final report R0001"):
        seal(store)
    assert len(report_log.entries(store)) == 1


def test_a_grid_that_nothing_ran_on_is_no_input(store):
    seal(store)
    write_intensities(store, fleet.intensities("FR", HOURS, 50.0, 60.0), CATALOG)
    assert final.reproduce(store, CATALOG, "R0001", now=NOW).changed == ()
    write_intensities(store, fleet.intensities("DE", HOURS[:5], 50.0, 60.0), CATALOG)
    recompute(store)
    changed = final.reproduce(store, CATALOG, "R0001", now=NOW).changed
    assert changed == ("Data changed: intensity_hourly.",)


def test_late_data_make_a_restatement_and_never_an_edit(store):
    first = seal(store)
    assert final.reproduce(store, CATALOG, "R0001", now=NOW).holds
    add_late_data(store)
    again = final.reproduce(store, CATALOG, "R0001", now=NOW)
    assert not again.holds
    assert again.changed == ("Data changed: utilisation, utilisation_filled.",)
    draft = build(store, CATALOG, october(), now=NOW)
    told = next(s for s in draft.sections if s.id == "restatements").text[-1]
    assert "R0001" in told
    assert "not significant" in told
    due = next(b for b in draft.blockers if b.id == "restatement")
    assert not due.blocks
    assert "from the final report R0001" in due.what
    second = seal(store)
    assert second.seal.restates == "R0001"
    assert "restatement" not in {b.id for b in second.blockers}  # it is done
    told = next(s for s in second.sections if s.id == "restatements").text[-1]
    assert "R0001 of " in told
    assert "stood for this period and boundary until this one" in told
    assert second.seal.previous_hash == first.seal.chain_hash
    assert second.seal.reason.startswith("Data changed: utilisation, utilisation_filled. The total")
    assert second.figure(TOTAL).value > first.figure(TOTAL).value
    assert final.load(store, "R0001") == first
    assert report_log.breaks(store) == []
    assert final.reproduce(store, CATALOG, "R0002", now=NOW).holds
    after = build(store, CATALOG, october(), now=NOW)
    assert "restatement" not in {b.id for b in after.blockers}
    # A market-based total that AWS states anew is as much a change.
    aws(store, scope_2_mbm=0.0)
    restated = build(store, CATALOG, october(), now=NOW)
    due = next(b for b in restated.blockers if b.id == "restatement")
    told = next(s for s in restated.sections if s.id == "restatements").text[-1]
    share = restated.figure("provider.total_mb").value / second.figure("provider.total_mb").value
    for text in (due.what, told):
        assert f"market-based total differs by −{(1 - share) * 100:.2f} %" in text
        assert "not significant" not in text
    log = next(t for t in build(store, CATALOG, october(), now=NOW).tables if t.id == "report_log")
    assert [row.key for row in log.rows] == ["R0002", "R0001"]


def test_a_period_that_was_rolled_up_is_reproduced_from_its_sums_and_says_so(store):
    seal(store)
    later = NOW + timedelta(days=200)
    assert retention.roll_up(store, 62, now=later) == 0  # its days are held
    assert retention.roll_up(store, 62, now=later, keep_reported=False) > 0
    again = final.reproduce(store, CATALOG, "R0001", now=NOW)
    assert again.holds
    assert len(again.changed) == 1
    assert "rolled up" in again.changed[0]
    with pytest.raises(InputError, match="Nothing has changed"):
        seal(store)


def test_two_reports_are_compared(store):
    first = seal(store)
    assert compare(first, first).is_empty
    add_late_data(store)
    second = seal(store)
    found = compare(first, second)
    totals = next(c for c in found.figures if c.id == TOTAL)
    assert (totals.before, totals.after) == (first.figure(TOTAL).value, second.figure(TOTAL).value)
    assert totals.relative > 0
    assert "by_team/:data/total_lb" in {c.id for c in found.cells}
    assert "by_team/:web/total_lb" not in {c.id for c in found.cells}
    assert found.inputs == ("utilisation", "utilisation_filled")
    assert found.request == ()
    assert compare(second, build(store, CATALOG, october(company="B"), now=NOW)).request == (
        "company",
    )


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda v: v["figures"][0].update(low=1.0), {"figures": "Total, location-based, low"}),
        (lambda v: v["figures"][0].update(high=None), {"figures": "Total, location-based, high"}),
        (lambda v: v["figures"][0].update(coverage=0.5),
         {"figures": "Total, location-based, coverage"}),
        (lambda v: v["figures"][0].update(quality="demo"), {"quality": "Total, location-based"}),
        (lambda v: v["figures"][0].update(note="Other."), {"words": "Total, location-based"}),
        (lambda v: v["sections"][0].update(text=["Other."]), {"words": "Summary"}),
        (lambda v: v["sections"][2]["charts"][0]["series"][0]["values"].__setitem__(0, 1.0),
         {"words": "Scopes"}),
        (lambda v: v["blockers"].pop(0), {"blockers": "coverage"}),
        (lambda v: v["manifest"]["inputs"].pop(0), {}),
    ],
)  # fmt: skip
def test_what_a_number_is_stated_with_is_compared_too(edit, told):
    value = json.loads(to_json(sample()))
    edit(value)
    found = compare(sample(), from_json(json.dumps(value)))
    named = {"figures": tuple(c.label for c in found.figures), "quality": found.quality,
             "words": found.words, "blockers": found.blockers}  # fmt: skip
    assert {k: v for k, v in named.items() if v} == {k: (v,) for k, v in told.items()}
    assert found.is_empty == (not told)


def test_another_choice_within_the_method_is_told(store):
    seal(store)
    write_factors(store, CATALOG, Method(embodied_years=4.0))
    recompute(store)
    again = final.reproduce(store, CATALOG, "R0001", now=NOW)
    assert not again.holds
    assert "The choices within the method changed." in again.changed
    hardware = next(t for t in again.totals if t.figure == "provider.hardware")
    assert hardware.now == pytest.approx(hardware.before * 1.5)


def test_another_boundary_has_a_line_of_its_own(store):
    seal(store)
    mine = seal(store, teams=["web"])
    assert (mine.seal.report_id, mine.seal.restates) == ("R0002", "")


def test_reproduced_from_a_file_in_another_process_s_way(tmp_path):
    path = tmp_path / "s.duckdb"
    store = copies.opened(path, accounted)
    seal(store)
    store.close()
    for threads in (1, 4):
        store = Store(path, threads=threads)
        write_factors(store, CATALOG, Method(power_model="linear"))
        recompute(store)
        write_factors(store, CATALOG, Method())
        recompute(store)
        again = final.reproduce(store, CATALOG, "R0001", now=NOW)
        assert again.holds
        assert again.changed == ()
        assert report_log.breaks(store) == []
        store.close()


@pytest.mark.parametrize(
    ("moment", "why"),
    [(datetime(2026, 10, 20, tzinfo=UTC), "not over"), (datetime(2026, 11, 1, tzinfo=UTC), "")],
)
def test_a_running_period_is_never_final(store, moment, why):
    if why:
        with pytest.raises(InputError, match=f"cannot be final.*{why}"):
            final.seal(store, CATALOG, october(), now=moment)
    else:
        assert final.seal(store, CATALOG, october(), now=moment).seal


def test_nothing_known_or_hours_queued_are_never_final(store):
    with pytest.raises(InputError, match="No resource of the boundary"):
        seal(store, teams=["nobody"])
    write_utilisation(store, fleet.utilisation("i-data", HOURS[230:300], 95.0))
    with pytest.raises(InputError, match="wait to be computed"):
        seal(store)


EDITS = {
    "sequence": '"sequence" = 7',
    "period": "\"period\" = '2026-09'",
    "start": '"start" = "start" - INTERVAL 1 HOUR',
    "end": '"end" = "end" + INTERVAL 1 HOUR',
    "scope_key": "scope_key = 'x'",
    "restates": "restates = 'R0009'",
    "reason": "reason = 'no reason'",
    "sealed_at": "sealed_at = sealed_at + INTERVAL 1 SECOND",
    "total_lb_g": "total_lb_g = total_lb_g * 0.9",
    "total_mb_g": "total_mb_g = 0",
    "manifest_hash": "manifest_hash = sha256('x')",
    "inputs_hash": "inputs_hash = sha256('x')",
    "content_hash": "content_hash = sha256('x')",
    "record": "record = replace(record, 'Acme', 'Evil')",
    "record_broken": "record = '{'",
    "previous_hash": "previous_hash = sha256('x')",
    "chain_hash": "chain_hash = sha256('x')",
    "content_broken": "content = 'x'::BLOB",
}


@pytest.fixture(scope="module")
def kept_three(tmp_path_factory):
    """A store with three final reports."""
    store = copies.opened(tmp_path_factory.mktemp("three") / "company.duckdb", accounted)
    seal(store)
    add_late_data(store)
    seal(store)
    seal(store, teams=["web"])
    edit(store, "CREATE TABLE untouched AS SELECT * FROM reports")
    yield store
    store.close()


@pytest.fixture
def three(kept_three):
    """The same, brought back after each test."""
    yield kept_three
    edit(kept_three, "DELETE FROM reports")
    edit(kept_three, "INSERT INTO reports SELECT * FROM untouched")
    assert report_log.breaks(kept_three) == []


def edit(store, sql, parameters=()):
    with store.write() as cursor:
        cursor.execute(sql, list(parameters))


@pytest.mark.parametrize("sql", EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("report_id", ["R0001", "R0003"])
def test_any_edit_is_told_and_what_was_edited_is_not_handed_out(three, sql, report_id):
    edit(three, f"UPDATE reports SET {sql} WHERE report_id = ?", [report_id])
    assert report_log.breaks(three)
    with pytest.raises(StoreError, match="chain of final reports is broken"):
        append_anything(three)
    with pytest.raises(StoreError, match=f"final report {report_id} is not as it was sealed"):
        final.load(three, report_id)
    assert final.load(three, "R0002").seal.report_id == "R0002"


def test_on_a_broken_chain_nothing_is_built_and_a_draft_says_so(three):
    edit(three, "UPDATE reports SET total_lb_g = 1 WHERE report_id = 'R0002'")
    draft = build(three, CATALOG, october(), now=NOW)
    assert any(b.id.startswith("chain:") and b.blocks for b in draft.blockers)
    with pytest.raises(InputError, match="does not hold"):
        seal(three, teams=["data"])


def append_anything(store):
    sealing = report_log.Sealing("p", NOW, NOW, "k", "", "", NOW, 1.0, 1.0, "{}", "")
    report_log.append(store, sealing, "{}")


def test_a_smaller_total_in_the_content_is_told(three):
    text = report_log.content(three, "R0002").replace('"status":"final"', '"status":"draft"')
    edit(three, "UPDATE reports SET content = ? WHERE report_id = 'R0002'",
         [zlib.compress(text.encode())])  # fmt: skip
    assert [(b.report_id, b.what) for b in report_log.breaks(three)] == [
        ("R0002", "Its content was changed.")
    ]
    with pytest.raises(StoreError, match="R0002 is not as it was sealed: Its content was changed"):
        final.load(three, "R0002")


@pytest.mark.parametrize("report_id", ["R0001", "R0002", "R0003"])
def test_a_report_that_was_dropped_is_told(three, report_id):
    edit(three, "DELETE FROM reports WHERE report_id = ?", [report_id])
    assert report_log.breaks(three)


def test_all_of_them_dropped_is_told(three):
    edit(three, "DELETE FROM reports")
    assert report_log.breaks(three)


def test_a_report_between_two_others_cannot_be_sealed_twice_over(store):
    seal(store)
    sealing = report_log.Sealing(
        "2026-10", NOW, NOW, report_log.entry(store, "R0001").scope_key, "", "", NOW, 1.0, 1.0,
        "{}", "",
    )  # fmt: skip
    with pytest.raises(InputError, match="sealed in the meantime"):
        report_log.append(store, sealing, "{}")


def test_an_unknown_report_is_said_to_be_unknown(store):
    for ask in (final.load, report_log.sealed, report_log.content, report_log.entry):
        with pytest.raises(InputError, match="no final report"):
            ask(store, "R0042")


def test_while_a_refresh_writes_a_draft_says_so_and_nothing_is_final(store):
    done = threading.Event()

    def keep_writing():
        while not done.is_set():
            write_costs(store, costs().tail(3))

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        draft = build(store, CATALOG, october(), now=NOW)
        assert "moving" in {b.id for b in draft.blockers if b.blocks}
        with pytest.raises(InputError, match="Data changed while"):
            seal(store)
    finally:
        done.set()
        writer.join()
    assert seal(store).seal


def test_a_year_later_the_report_of_then_stands_beside(store):
    hours = fleet.hours("2026-11-01", "2027-11-01")
    first = seal(store)
    extend_ledger(store, CATALOG, fleet.as_datetime(hours[0]), fleet.as_datetime(hours[-1]) + HOUR)
    recompute(store)
    add_late_data(store)
    request = make_request(CATALOG, "2027-10", company="Acme")
    later = build(store, CATALOG, request, now=datetime(2027, 12, 1, tzinfo=UTC))
    row = "compared/total_g"
    assert later.figure(f"{row}/reported").value == first.figure(TOTAL).value
    assert later.figure(f"{row}/before").value > first.figure(TOTAL).value
    change = later.figure(f"{row}/now").value / later.figure(f"{row}/before").value - 1
    assert later.figure(f"{row}/change").value == pytest.approx(change)


def test_a_part_of_a_month_is_compared_with_the_same_part_of_the_year_before(store):
    """On the tenth at noon, October of the year before counts until its tenth at noon."""
    hours = fleet.hours("2026-11-01", "2027-10-10T12:00")
    extend_ledger(store, CATALOG, fleet.as_datetime(hours[0]), fleet.as_datetime(hours[-1]) + HOUR)
    recompute(store)
    end = fleet.as_datetime(hours[-1]) + HOUR
    request = make_request(CATALOG, "2027-10", company="Acme")
    report = build(store, CATALOG, request, now=end)
    past = Selection(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 10, 12, tzinfo=UTC))
    then = emission_queries.totals(store, past)["total_g"]
    assert report.figure("compared/total_g/before").value == pytest.approx(then)
    now = report.figure("compared/total_g/now").value
    assert report.figure("compared/total_g/change").value == pytest.approx(now / then - 1)
    table = next(t for t in report.tables if t.id == "compared")
    assert any("228 hours" in note for note in table.notes)
    assert report.cover.data_until == end


def test_data_are_not_said_to_reach_beyond_the_moment_of_the_report(store):
    """The ledger accounts for the running hour as a whole."""
    now = datetime(2026, 10, 31, 23, 20, tzinfo=UTC)
    cover = build(store, CATALOG, october(), now=now).cover
    assert cover.data_until == cover.generated_at == now


def hashes(store, **options):
    made = build(store, CATALOG, october(**options), now=NOW)
    return {i.name: i.sha256 for i in made.manifest.inputs}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_what_happens_after_the_period_is_no_change_of_it(store):
    before = hashes(store)
    web = {"instance_id": "i-web", "valid_from": "2026-09-01T00:00"}
    write_instances(store, fleet.instances({**web, "valid_to": "2026-11-07T00:00", "name": "x"}))
    recompute(store)
    assert hashes(store) == before
    write_instances(store, fleet.instances({**web, "tags": {"team": "data"}}))
    recompute(store)
    assert changed(before, hashes(store)) == {"instances"}


def test_each_kind_of_data_is_seen_to_change(store):
    before = hashes(store)
    write_intensities(store, fleet.intensities("DE", HOURS[5:6], 321.0, 381.0), CATALOG)
    write_costs(store, costs().head(1).assign(effective_cost_usd=9.0))
    recompute(store)
    assert changed(before, hashes(store)) == {"intensity_hourly", "costs"}


def test_data_of_others_are_no_change_of_mine(store):
    before = hashes(store, teams=["web"])
    add_late_data(store)
    assert changed(before, hashes(store, teams=["web"])) == set()
    assert changed(before, hashes(store, teams=["data"])) >= {"utilisation"}


@pytest.mark.parametrize("is_old", [False, True], ids=["", "sealed before it was an input"])
def test_what_others_emit_where_aws_s_figure_is_shared_out_is_an_input(store, is_old, monkeypatch):
    aws(store, scope_2_mbm=1.0)
    kept = report_inputs.fingerprints
    with monkeypatch.context() as patch:
        if is_old:
            patch.setattr(report_inputs, "fingerprints", lambda *of: [
                i for i in kept(*of) if i.name != "emissions_of_aws_places"])  # fmt: skip
        seal(store, teams=["web"])
    add_late_data(store)  # in another place of AWS's
    same = final.reproduce(store, CATALOG, "R0001", now=NOW)
    assert (same.holds, same.changed) == (True, ())
    write_utilisation(store, fleet.utilisation("i-evil", HOURS, 99.0))
    recompute(store)
    again = final.reproduce(store, CATALOG, "R0001", now=NOW)
    told = () if is_old else ("Data changed: emissions_of_aws_places.",)
    assert (again.holds, again.changed) == (False, told)
    reason = seal(store, teams=["web"]).seal.reason
    assert reason.startswith(" ".join((*told, "The total, market-based, changes by -")))
    assert final.reproduce(store, CATALOG, "R0002", now=NOW).holds

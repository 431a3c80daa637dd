"""What is kept of incidents, what is decided of them, how each is drawn, and who is told."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from spectra import notices
from spectra.incident_charts import MAX_ROWS, against_usual, timeline
from spectra.store import incident_log, incident_queries, notice_log
from spectra.store.incident_log import Decision, Looked, PlannedEvent
from spectra.store.selection import Selection
from tests.watch.conftest import CONFIG, END, NOW

HOUR = timedelta(hours=1)


def row(name="i-1", **changes):
    """One row as a detector gives it."""
    start = changes.pop("start", END - 5 * HOUR)
    return {
        "incident_id": f"id-{name}", "series": name, "kind": "usage spike", "family": "usage",
        "start": start, "last_seen": END - HOUR, "end": pd.NaT, "score": 2.0, "value": 90.0,
        "expected": 30.0, "excess": 300.0, "unit": "% CPU", "alerts": 1, "excess_g": 100.0,
        "excess_usd": 1.0, "severity": "warning", "cause": "CPU at 90 %.", "name": name,
        "region": "eu-central-1", "team": "web", "environment": "production",
        "account_id": "111111111111", "found_at": NOW, **changes,
    }  # fmt: skip


def table(*rows):
    frame = pd.DataFrame(rows)
    for column in ("start", "last_seen", "end"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.as_unit("us")
    return frame


def keep(store, *rows):
    return incident_log.keep(store, "usage", Looked(NOW, "{}"), table(*rows))


def names(frame):
    return frame["series"].tolist()


def test_what_goes_on_comes_first_then_what_is_grave_then_what_costs(store):
    keep(
        store,
        row("ended", end=END, severity="critical", excess_g=9e9),
        row("small", severity="log", excess_g=5e9),
        row("light", excess_g=10.0),
        row("heavy", excess_g=1000.0),
        row("unknown", excess_g=None),
        row("grave", severity="critical", excess_g=1.0),
    )
    assert names(incident_log.incidents(store, NOW)) == [
        "grave", "heavy", "light", "unknown", "small", "ended",
    ]  # fmt: skip


def test_what_is_found_again_keeps_when_it_was_found_first(store):
    keep(store, row())
    keep(store, row(found_at=NOW + HOUR, excess_g=500.0))
    one = incident_log.incidents(store, NOW).iloc[0]
    assert (one["found_at"], one["excess_g"]) == (END, 500.0)
    assert one["g_per_day"] == pytest.approx(500 / (5 / 24))


def test_the_last_decision_holds_and_a_snooze_ends_by_itself(store):
    keep(store, row())
    state = lambda now: incident_log.incidents(store, now)["state"].iloc[0]  # noqa: E731
    assert state(NOW) == "open"
    incident_log.decide(store, [Decision("id-i-1", "snoozed", NOW, NOW + 4 * HOUR)])
    assert state(NOW + 3 * HOUR) == "snoozed"
    assert state(NOW + 4 * HOUR) == "open"
    incident_log.decide(store, [Decision("id-i-1", "dismissed", NOW + HOUR, reason="not worth it")])
    assert state(NOW + 5 * HOUR) == "dismissed"
    assert incident_log.events(store, "id-i-1")["state"].tolist() == ["dismissed", "snoozed"]


def test_a_selection_leaves_out_what_is_elsewhere_but_grids_concern_all(store):
    keep(
        store,
        row("here"),
        row("there", region="us-east-1"),
        row("theirs", team="data"),
        row("before", start=END - 90 * 24 * HOUR, end=END - 80 * 24 * HOUR),
        row("DE", family="grid", team=None, environment=None),
    )
    chosen = Selection(NOW - 24 * HOUR, NOW, regions=("eu-central-1",), teams=("web",))
    assert set(names(incident_log.incidents(store, NOW, chosen))) == {"here", "DE"}


def test_statistics_count_what_was_raised_and_judged(store):
    keep(store, row("a"), row("b"), row("c", severity="critical"), row("d", severity="log"))
    incident_log.decide(
        store,
        [Decision("id-a", "dismissed", NOW + 2 * HOUR, reason="false alarm: a test"),
         Decision("id-b", "acknowledged", NOW + 4 * HOUR)],
    )  # fmt: skip
    numbers = incident_log.statistics(store, NOW + 5 * HOUR, NOW - 24 * HOUR)
    assert numbers == {
        "open": 1, "critical": 1, "found": 3, "hours_to_decision": 3.0, "decided": 2,
        "judged": 2, "false_alarms": 1,
    }  # fmt: skip
    kind = incident_log.by_kind(store, NOW + 5 * HOUR, NOW - 24 * HOUR).iloc[0].to_dict()
    assert kind == {"kind": "usage spike", "raised": 3, "decided": 2, "false_alarms": 1,
                    "false_share": 0.5}  # fmt: skip
    assert incident_log.by_kind(store, NOW, NOW + HOUR).empty


def test_what_was_decided_or_told_survives_a_restart_of_the_detector(store):
    """What another sensitivity dates otherwise would else be told again."""
    keep(store, row("a"))
    told(store, [])
    keep(store, row("b"), row("c"))
    incident_log.decide(store, [Decision("id-b", "expected", NOW)])
    incident_log.restart(store, "usage", ["usage"])
    assert sorted(names(incident_log.incidents(store, NOW))) == ["a", "b"]
    assert incident_log.looked(store, "usage") is None


def test_planned_events_come_and_go(store):
    incident_log.plan(store, PlannedEvent("e", "test", NOW, NOW + HOUR, tag="team"), NOW)
    incident_log.plan(store, PlannedEvent("e", "longer", NOW, NOW + 2 * HOUR), NOW)
    assert incident_log.planned(store)["name"].tolist() == ["longer"]
    incident_log.unplan(store, "e")
    assert incident_log.planned(store).empty


# What is drawn of each.


@pytest.mark.parametrize(
    ("family", "name"),
    [("usage", "i-run"), ("idle", "i-idle"), ("gap", "i-gap"), ("grid", "DE"),
     ("fleet", "lab · development · eu-central-1"), ("team", "batch"), ("cost", "web"),
     ("volume", "vol-lost")],
)  # fmt: skip
def test_every_family_has_a_series_and_what_was_usual(company, family, name):
    series = incident_queries.series(company, family, name, NOW - timedelta(days=10), NOW)
    assert list(series.columns) == ["moment", "value", "low", "usual", "high"]
    assert len(series) >= 8
    assert series["value"].notna().all()
    known = series.dropna(subset=["low"])
    assert len(known) >= 5
    assert (known["low"] <= known["usual"]).all()
    assert (known["usual"] <= known["high"]).all()


def test_what_was_usual_never_looks_ahead(company):
    """The runaway of the last hours is no part of what was usual before it."""
    series = incident_queries.series(company, "usage", "i-run", NOW - timedelta(hours=5), NOW)
    assert series["value"].tolist() == [97.0] * 5
    assert series["high"].max() < 60


def test_an_unknown_series_is_empty(company):
    assert incident_queries.series(company, "usage", "i-none", NOW - HOUR, NOW).empty


def test_the_figures_hold_what_they_show(company):
    series = incident_queries.series(company, "usage", "i-run", NOW - timedelta(days=2), NOW)
    figure = against_usual(series, "CPU [%]", (NOW - 10 * HOUR, NOW), NOW - 9 * HOUR)
    assert [trace.name for trace in figure.data if trace.showlegend is not False][-1] == "value"
    assert len(figure.layout.shapes) == 2
    rows = table(*(row(f"i-{k}", start=END - k * HOUR) for k in range(MAX_ROWS + 5)))
    drawn = timeline(rows, NOW - timedelta(days=1), NOW)
    assert sum(len(trace.y) for trace in drawn.data) == MAX_ROWS


def test_bars_of_the_timeline_are_told_apart_without_colour_and_by_their_end():
    names = [f"legacy-reporting-production-0{n}" for n in (1, 2)]
    rows = table(row("i-1", severity="critical"), row("i-2")).assign(name=names)
    drawn = timeline(rows, NOW - timedelta(days=1), NOW)
    assert [trace.name for trace in drawn.data] == ["critical", "warning"]
    assert len({trace.marker.pattern.shape for trace in drawn.data}) == 2
    assert list(drawn.layout.yaxis.ticktext) == [f"legacy-report…-production-0{n}" for n in (1, 2)]


# Who is told.

NOISY = replace(CONFIG, anomaly_notices=True)


def told(store, sent, config=NOISY, now=NOW):
    return notices.tell(store, notices.events(store, config, now), sent.append)


def test_an_incident_is_told_once_and_again_when_it_grows(store):
    sent = []
    keep(store, row())
    assert told(store, sent) == 1
    assert told(store, sent) == 0
    keep(store, row(severity="critical"))
    assert told(store, sent) == 1
    assert [notice.severity for notice in sent] == ["warning", "critical"]
    keep(store, row(severity="warning"))
    assert told(store, sent) == 0
    assert "CPU at 90 %" in sent[0].text
    for kind, count in (("runaway process", 1), ("runaway process", 0), ("usage spike", 0)):
        keep(store, row(kind=kind, severity="critical"))
        assert told(store, sent) == count


@pytest.mark.parametrize(
    "changes",
    [{"severity": "log"}, {"end": END}],
    ids=["small", "ended"],
)
def test_what_is_small_or_over_is_not_told(store, changes):
    keep(store, row(**changes))
    assert told(store, []) == 0


@pytest.mark.parametrize("state", ["acknowledged", "snoozed", "expected", "dismissed"])
def test_what_somebody_has_seen_is_not_told(store, state):
    keep(store, row())
    incident_log.decide(store, [Decision("id-i-1", state, NOW, NOW + HOUR)])
    assert told(store, []) == 0


def test_notices_of_incidents_can_be_switched_off(store):
    keep(store, row())
    assert told(store, [], replace(NOISY, anomaly_notices=False)) == 0


def test_many_at_once_come_in_one_notice_and_none_alone_afterwards(store):
    sent = []
    keep(store, *(row(f"i-{k}", severity="critical" if k < 2 else "warning") for k in range(12)))
    assert told(store, sent) == 1
    assert sent[0].title == "12 new incidents, 2 of them critical"
    assert told(store, sent, now=NOW + HOUR) == 0
    assert notice_log.recent(store)["kind"].tolist() == ["incident"]
    keep(store, row("i-new"))
    assert told(store, sent, now=NOW + HOUR) == 1
    assert sent[1].title == "i-new: usage spike"


def test_an_unknown_excess_is_not_told_as_a_number(store):
    sent = []
    keep(store, row(excess_g=None))
    told(store, sent)
    assert "CO2e" not in sent[0].text


def test_what_somebody_took_on_is_told_when_it_becomes_critical(store):
    sent = []
    keep(store, row())
    told(store, sent)
    incident_log.decide(store, [Decision("id-i-1", "acknowledged", NOW)])
    assert told(store, sent) == 0
    keep(store, row(severity="critical"))
    assert told(store, sent) == 1
    assert told(store, sent) == 0


def test_the_excess_of_days_is_not_spread_over_days_that_are_not_known_yet(store):
    day = END - 5 * 24 * HOUR
    about = {"start": day, "last_seen": day, "excess_usd": 390.0}
    waste = {"start": day, "last_seen": day + 36 * HOUR, "value": 1.5, "excess_g": 30.0}
    families = ("idle", "volume", "fleet")
    keep(store, row("web", family="cost", **about), row("i-1", **about),
         *(row(family, family=family, **waste) for family in families))  # fmt: skip
    rows = incident_log.incidents(store, NOW).set_index("series")
    assert rows.loc[list(families), "g_per_day"].tolist() == [20.0] * 3
    assert rows.loc["web", "usd_per_day"] == pytest.approx(390)
    assert rows.loc["i-1", "usd_per_day"] == pytest.approx(390 / 5)


def test_who_snoozes_or_opens_again_has_not_judged(store):
    keep(store, *(row(name) for name in "abc"))
    incident_log.decide(
        store,
        [Decision("id-a", "dismissed", NOW, reason="false alarm"),
         Decision("id-b", "snoozed", NOW, NOW + 9 * HOUR), Decision("id-c", "open", NOW)],
    )  # fmt: skip
    numbers = incident_log.statistics(store, NOW + HOUR, NOW - 24 * HOUR)
    assert (numbers["decided"], numbers["judged"], numbers["false_alarms"]) == (3, 1, 1)
    kind = incident_log.by_kind(store, NOW + HOUR, NOW - 24 * HOUR).iloc[0]
    assert (kind["decided"], kind["false_share"]) == (1, 1.0)

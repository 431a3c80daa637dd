"""The Electricity Maps client against its contract: plans, windows, estimates, every refusal."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from spectra import errors
from spectra.checks import check_electricity_maps
from spectra.sources.electricity_maps import ElectricityMaps, Entitlements
from spectra.sources.json_client import RETRIES
from tests.servers.base import EMPTY, HTML, TRUNCATED, Answer
from tests.servers.electricity_maps import (
    ALL,
    BAD_KEY,
    KEY,
    NOT_IN_PLAN,
    THROTTLED,
    electricity_maps,
)

FREE = ["carbon-intensity/latest", "carbon-intensity/history", "power-breakdown/history"]
HOUR = timedelta(hours=1)
FAST = RETRIES.new(backoff_factor=0, backoff_jitter=0)


@pytest.fixture
def server():
    with electricity_maps({"DE": ALL, "FR": FREE}) as running:
        yield running


def client(server, key=KEY, version="v4") -> ElectricityMaps:
    return ElectricityMaps(key, f"{server.url}/{version}", retries=FAST)


def now() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("version", ["v4", "v3"])
def test_the_last_day_and_the_running_hour_with_both_factors(server, version):
    observed = client(server, version=version).observed("DE")
    frame = observed.frame
    assert len(frame) == 25
    assert frame["hour"].max() == pd.Timestamp(now())
    assert (
        (frame["intensity_lifecycle_g_per_kwh"] - frame["intensity_direct_g_per_kwh"]).eq(50).all()
    )
    assert str(frame["hour"].dtype) == "datetime64[us, UTC]"
    assert observed.notes == ()


def test_estimated_hours_say_so(server):
    frame = client(server).observed("DE").frame.set_index("hour")
    assert frame.loc[pd.Timestamp(now()), "quality"] == "provider-estimated"
    assert frame.loc[pd.Timestamp(now() - 5 * HOUR), "quality"] == "measured"
    assert frame["is_estimated"].sum() == 2


def test_every_question_forbids_the_lookup_of_the_caller(server):
    client(server).observed("DE")
    asked = server.asked("/history") + server.asked("/latest")
    assert len(asked) == 4
    assert {r.params["disableCallerLookup"] for r in asked} == {"true"}
    assert {r.params["zone"] for r in asked} == {"DE"}


def test_the_past_comes_in_windows_that_the_service_accepts(server):
    since = now() - timedelta(days=25)
    frame = client(server).observed("DE", since=since).frame
    assert frame["hour"].min() == pd.Timestamp(since)
    assert len(frame) == 25 * 24 + 1
    assert frame["hour"].is_unique
    spans = [
        datetime.fromisoformat(r.params["end"]) - datetime.fromisoformat(r.params["start"])
        for r in server.asked("/past-range")
    ]
    assert max(spans) == timedelta(hours=240)


def test_a_plan_without_the_past_gives_the_last_day_and_a_note(server):
    observed = client(server).observed("FR", since=now() - timedelta(days=25))
    assert len(observed.frame) == 25
    assert observed.notes == ("Past hours are not in the plan; only the last 24 were read.",)
    assert server.asked("/past-range") == []


def test_a_plan_without_direct_factors_gives_lifecycle_and_a_note(server):
    def refuse(zone, hour, factor):
        return 300.0

    server.value = refuse
    original = server.default
    server.default = lambda request: (
        NOT_IN_PLAN if request.params.get("emissionFactorType") == "direct" else original(request)
    )
    observed = client(server).observed("DE")
    assert observed.frame["intensity_direct_g_per_kwh"].isna().all()
    assert observed.frame["intensity_lifecycle_g_per_kwh"].eq(300.0).all()
    assert "Direct factors are not in the plan" in observed.notes[0]


def test_hours_without_a_usable_value_are_left_out_and_counted(server):
    gone = {now() - 3 * HOUR: None, now() - 4 * HOUR: -5.0, now() - 5 * HOUR: 5000.0}
    server.value = lambda zone, hour, factor: gone.get(hour, 300.0)
    observed = client(server).observed("DE")
    assert len(observed.frame) == 22
    assert "Lifecycle hours that had no value: 1." in observed.notes
    assert "Direct hours that were implausible: 2." in observed.notes


def test_values_that_are_not_of_whole_hours_are_refused(server):
    point = server.point("DE", now() - 3 * HOUR, "lifecycle")
    coarse = {**point, "temporalGranularity": "daily"}
    fine = {**point, "datetime": (now() - HOUR).strftime("%Y-%m-%dT%H:15:00.000Z")}
    server.answer("/history", Answer(200, {"zone": "DE", "history": [coarse, fine]}))
    observed = client(server).observed("DE")
    assert "Lifecycle hours that were not hourly: 2." in observed.notes


def test_another_zone_than_asked_for_is_never_used(server):
    point = {**server.point("DE", now(), "lifecycle"), "zone": "US-CAL-CISO"}
    server.answer("/history", Answer(200, {"zone": "US-CAL-CISO", "history": [point]}))
    with pytest.raises(errors.MalformedError, match="US-CAL-CISO instead of DE"):
        client(server).observed("DE")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (BAD_KEY, errors.CredentialsError, "does not know the key"),
        (Answer(401, {"error": "Invalid auth-token"}), errors.CredentialsError, "the key"),
        (NOT_IN_PLAN, errors.NotEntitledError, "key is valid, but its plan"),
        (Answer(403, "Endpoint not available"), errors.NotEntitledError, "key is valid"),
        (Answer(400, {"status": "error", "message": "Zone 'XX' does not exist."}),
         errors.UnknownPlaceError, "does not know this zone"),
        (Answer(400, {"status": "error", "message": "bad datetime"}), errors.MalformedError,
         "bad datetime"),
        (Answer(404, {"status": "error", "message": "No recent data available for this zone"}),
         errors.NoDataError, "no recent data"),
        (HTML, errors.MalformedError, "no such request"),
        (THROTTLED, errors.ThrottledError, "too many requests"),
        (Answer(500, "<html>"), errors.UnreachableError, "failing"),
        (TRUNCATED, errors.MalformedError, "not JSON"),
        (EMPTY, errors.MalformedError, "not JSON"),
        (Answer(200, {"zone": "DE"}), errors.MalformedError, "as agreed"),
        (Answer(200, {"zone": "DE", "history": [{"datetime": "x"}]}), errors.MalformedError,
         "history/0"),
    ],
)  # fmt: skip
def test_every_refusal_has_its_meaning(server, answer, kind, words):
    server.answer("/history", answer, forever=True)
    with pytest.raises(kind, match=words) as error:
        client(server).observed("DE")
    assert KEY not in str(error.value)


def test_an_unknown_zone_is_told_before_the_key(server):
    with pytest.raises(errors.UnknownPlaceError):
        client(server, key="wrong").observed("XX")


def test_the_plan_is_asked_for_once_and_again_by_who_wants_to_know(server):
    one = client(server)
    plan = one.entitlements()
    assert plan is one.entitlements()
    one.observed("DE", since=now() - 48 * HOUR)
    assert plan.allows("DE", "carbon-intensity/forecast")
    assert plan.allows("FR", "carbon-intensity/history")
    assert not plan.allows("FR", "carbon-intensity/forecast")
    assert not plan.allows("XX", "carbon-intensity/history")
    assert len(server.asked("/zones")) == 1
    server.zones["FR"] = ALL
    one.entitlements(again=True)
    assert one.entitlements().allows("FR", "carbon-intensity/forecast")


def test_a_plan_that_is_not_stated_allows_what_every_plan_has(server):
    listed = {"DE": {"zoneName": "Germany"}}
    server.answer("/zones", Answer(200, listed))
    plan = client(server).entitlements()
    assert not plan.is_known
    assert plan.allows("DE", "carbon-intensity/history")
    assert not plan.allows("DE", "carbon-intensity/past-range")


@pytest.mark.parametrize(
    ("answer", "zones", "status"),
    [(None, ["DE"], "ok"), (BAD_KEY, ["DE"], "failed"), (NOT_IN_PLAN, ["DE"], "partly"),
     (None, [], "partly")],
)  # fmt: skip
def test_a_key_is_called_good_only_by_what_needs_one(server, answer, zones, status):
    server.answer("/zones", Answer(200, {"DE": {"zoneName": "Germany"}}))
    if answer:
        server.answer("/carbon-intensity/latest", answer)
    line = check_electricity_maps(client(server), zones)
    assert line.status == status
    assert ("works" in line.detail) is (status == "ok")


def test_a_plan_survives_being_written_down():
    plan = Entitlements({"DE": frozenset(ALL), "FR": frozenset(FREE), "SE": frozenset()})
    again = Entitlements.from_json(plan.to_json(["DE", "FR"]))
    assert again.allows("DE", "anything")
    assert again.allows("FR", "power-breakdown/history")
    assert not again.allows("SE", "carbon-intensity/history")
    assert not again.covers(["DE", "SE"])  # it was written down without that zone
    assert again.covers(["DE", "FR"])
    nothing = Entitlements.from_json(plan.to_json(["SE", "NO"]))
    assert nothing.covers(["SE", "NO"])  # although nothing is allowed there
    assert Entitlements(is_known=False).covers(["NO"])


def test_a_forecast_knows_when_it_was_issued(server):
    frame = client(server).forecast("DE", "direct", 24)
    assert len(frame) == 24
    assert set(frame["issued_at"]) == {pd.Timestamp(now())}
    assert set(frame["factor"]) == {"direct"}


def test_the_power_mix_by_source_and_the_shares_by_hour(server):
    mix, shares = client(server).power_mix("DE")
    assert len(shares) == 24
    assert set(shares["low_carbon_pct"]) == {80.0}
    latest = mix[mix["hour"].eq(mix["hour"].max())].set_index("energy_source")
    assert latest.loc["wind", "consumption_mw"] == 400
    assert pd.isna(latest.loc["hydro discharge", "consumption_mw"])
    assert latest.loc["gas", "is_estimated"]


def test_it_does_not_show_its_key(server):
    assert KEY not in repr(client(server)) + repr(vars(client(server)))

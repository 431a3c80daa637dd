"""Another type, region or timetable for a machine's past weeks, and what a resize has saved."""

import numpy as np
import pytest

from spectra.errors import InputError
from spectra.store import Store
from spectra.what_if import Choice, Resize, realised, what_if
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-10-20", "2026-11-25")
END = fleet.as_datetime(fleet.utc("2026-11-25"))
RESIZED = fleet.utc("2026-11-20")
QUIET = fleet.utc("2026-11-05")
BORN = fleet.utc("2026-10-01")
FIRST, SECOND, GONE = (fleet.utc(f"2026-11-{day}") for day in (10, 16, 23))
# A machine made smaller twice, and gone since.
STEPS = (
    (BORN, FIRST, "m5.2xlarge"),
    (FIRST, SECOND, "m5.xlarge"),
    (SECOND, GONE, "m5.large"),
)


@pytest.fixture(scope="module")
def store():
    """One that runs on, one resized, one stopped three weeks ago, and grids of two regions."""
    store = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN},
            {"instance_id": "i-2", "valid_from": BORN, "valid_to": RESIZED},
            {"instance_id": "i-2", "valid_from": RESIZED, "instance_type": "m5.large"},
            {"instance_id": "i-3", "valid_from": BORN, "valid_to": QUIET},
            {"instance_id": "i-3", "valid_from": QUIET, "state": "stopped"},
            *(
                {"instance_id": "i-4", "valid_from": since, "valid_to": to, "instance_type": name}
                for since, to, name in STEPS
            ),
        ),
        hours=HOURS,
        intensities=[
            fleet.intensities("DE", HOURS, 300.0, 380.0),
            fleet.intensities("IN-WE", HOURS, 600.0, 700.0),
        ],
        utilisation=[
            fleet.utilisation("i-1", HOURS, 20.0),
            fleet.utilisation("i-2", HOURS, np.where(HOURS < RESIZED, 20.0, 40.0)),
            fleet.utilisation("i-3", HOURS[HOURS < QUIET], 20.0),
            fleet.utilisation(
                "i-4", HOURS[HOURS < GONE], np.where(HOURS < FIRST, 10, 20)[HOURS < GONE]
            ),
        ],
    )
    yield store
    store.close()


def test_what_is_spared_has_an_interval_of_days_also_of_those_on_which_it_would_not_run(store):
    def spared(awake=()):
        choice = Choice("m5.xlarge", "eu-central-1", awake, "UTC")
        return what_if(store, CATALOG, ["i-1"], END, choice)

    none = spared().saved_g_per_h
    assert (none.low, none.central, none.high) == pytest.approx((0, 0, 0), abs=1e-9)
    weekdays = tuple(range(24 * 5))
    outcome = spared(weekdays)
    assert len(outcome.then.daily_g) == len(outcome.now.daily_g) == 28
    assert sum(g == 0 for g in outcome.then.daily_g) == 8  # four weekends
    saved = outcome.saved_g_per_h
    # Every day is alike but for whether it runs: two of seven are spared.
    assert saved.central == pytest.approx(outcome.now.total_g_per_h * 2 / 7, rel=0.01)
    assert 0 < saved.low < saved.central < saved.high < outcome.now.total_g_per_h


def test_the_same_choice_changes_nothing(store):
    same = what_if(store, CATALOG, ["i-1"], END, Choice("m5.xlarge", "eu-central-1"))
    assert same.then.total_g_per_h == pytest.approx(same.now.total_g_per_h)
    assert same.method == "measured"
    assert same.now_usd_per_h == pytest.approx(
        CATALOG.price("m5.xlarge", "eu-central-1").usd_per_hour
    )


def test_a_timetable_is_of_the_regions_clock(store):
    """Weekdays from 8 to 19 in Mumbai, half an hour beside UTC's hours."""
    awake = tuple(day * 24 + hour for day in range(5) for hour in range(8, 19))
    choice = Choice("m5.xlarge", "ap-south-1", awake, "Asia/Kolkata")
    tried = what_if(store, CATALOG, ["i-1"], END, choice)
    local = HOURS[-28 * 24 :].tz_convert("Asia/Kolkata")
    share = ((local.day_of_week < 5) & (local.hour >= 8) & (local.hour < 19)).mean()
    assert tried.then.running_per_h == pytest.approx(share)
    assert tried.then.embodied_g_per_h == pytest.approx(tried.now.embodied_g_per_h * share)
    whole = what_if(store, CATALOG, ["i-1"], END, Choice("m5.xlarge", "ap-south-1"))
    assert tried.then.scope2_g_per_h == pytest.approx(whole.then.scope2_g_per_h * share)
    ratio = whole.then.scope2_g_per_h / whole.now.scope2_g_per_h
    assert ratio == pytest.approx(600 / 300 * pue(store, "ap-south-1") / pue(store, "eu-central-1"))


def pue(store, region):
    return store.row("SELECT pue FROM region_factors WHERE region = ?", [region])[0]


def test_a_load_of_three_weeks_ago_is_a_load_of_the_last_four(store):
    tried = what_if(store, CATALOG, ["i-3"], END, Choice("m5.large", "eu-central-1"))
    assert 0 < tried.then.total_g_per_h < tried.now.total_g_per_h
    assert tried.peak_pct == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("members", "choice", "said"),
    [
        (["i-1"], Choice("m9x.large", "eu-central-1"), "not in the catalogue"),
        ([], Choice("m5.large", "eu-central-1"), "No CPU load"),
        (["i-none"], Choice("m5.large", "eu-central-1"), "No CPU load"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(store, members, choice, said):
    with pytest.raises(InputError, match=said):
        what_if(store, CATALOG, members, END, choice)


def test_a_resize_is_measured_on_the_hours_since(store):
    grams, usd = realised(
        store, CATALOG, Resize(("i-2",), "m5.xlarge", RESIZED.to_pydatetime()), END
    )
    prices = [
        CATALOG.price(name, "eu-central-1").usd_per_hour for name in ("m5.xlarge", "m5.large")
    ]
    assert usd == pytest.approx(prices[0] - prices[1])
    back = what_if(store, CATALOG, ["i-2"], END, Choice("m5.xlarge", "eu-central-1"))
    assert grams == pytest.approx(back.then.total_g_per_h - back.now.total_g_per_h)
    assert grams > 0


def test_each_of_two_resizes_saves_its_own_step_also_of_a_machine_that_is_gone(store):
    def saved(old_type, since, to):
        resize = Resize(("i-4",), old_type, since.to_pydatetime())
        return realised(store, CATALOG, resize, to.to_pydatetime())

    first, second = saved("m5.2xlarge", FIRST, SECOND), saved("m5.xlarge", SECOND, GONE)
    usd = [CATALOG.price(name, "eu-central-1").usd_per_hour for *_, name in STEPS]
    assert first[1] == pytest.approx(usd[0] - usd[1])
    assert second[1] == pytest.approx(usd[1] - usd[2])
    assert min(first[0], second[0]) > 0


def test_a_resized_machine_that_is_gone_has_no_other_ones_saving(store):
    done = RESIZED.to_pydatetime()
    assert realised(store, CATALOG, Resize((), "m5.xlarge", done), END) is None
    assert realised(store, CATALOG, Resize(("i-2",), "m5.xlarge", END), END) is None

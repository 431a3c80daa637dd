"""Schedules against brute force, and every rule about the edges of a window."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from spectra.insight.alternatives import best_starts
from spectra.insight.chance import emission_paths, is_recommended, share_below
from spectra.insight.scheduling import (
    InfeasibleError,
    Job,
    best_window,
    plan,
    saved_g,
    saving_share_pct,
)

T0 = datetime(2026, 11, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)
# The example of the method: run now 403.3 g, best three hours 250 g.
EXAMPLE = [420, 410, 380, 350, 250, 240, 260, 300, 340, 390, 430, 450]


def series(values, start=T0) -> pd.Series:
    index = pd.date_range(start, periods=len(values), freq="h")
    return pd.Series(np.asarray(values, dtype=float), index=index)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def brute_fixed(values, start_min, end_min, need_min) -> float:
    """Least sum over every start on a grid of one minute [value × hours]."""
    minutes = np.repeat(np.asarray(values, dtype=float), 60) / 60
    sums = np.concatenate([[0], np.cumsum(minutes)])
    starts = np.arange(start_min, end_min - need_min + 1)
    return float((sums[starts + need_min] - sums[starts]).min())


CASES = st.tuples(
    st.lists(st.integers(0, 900), min_size=6, max_size=36),
    st.integers(0, 600),
    st.integers(1, 900),
    st.integers(1, 2200),
)


@settings(max_examples=600, deadline=None)
@given(CASES)
def test_a_fixed_job_is_never_worse_than_any_start_on_a_grid_of_minutes(case):
    values, start, need, length = case
    end = min(start + length, len(values) * 60)
    assume(end - start >= need)
    made = best_window(series(values), need / 60, at(start / 60), at(end / 60))
    brute = brute_fixed(values, start, end, need)
    assert made.grams <= brute + 1e-6
    assert made.grams == pytest.approx(brute, rel=1e-6, abs=0.02 * max(values) + 1e-6)
    ((begin, stop),) = made.slots
    assert begin >= at(start / 60) - timedelta(seconds=1)
    assert stop <= at(end / 60) + timedelta(seconds=1)
    assert abs((stop - begin).total_seconds() - need * 60) <= 1


@settings(max_examples=600, deadline=None)
@given(CASES)
def test_an_interruptible_job_uses_the_cheapest_minutes(case):
    values, start, need, length = case
    end = min(start + length, len(values) * 60)
    assume(end - start >= need)
    made = best_window(series(values), need / 60, at(start / 60), at(end / 60), interruptible=True)
    minutes = np.sort((np.repeat(np.asarray(values, dtype=float), 60) / 60)[start:end])
    assert made.grams == pytest.approx(minutes[:need].sum(), rel=1e-9, abs=1e-6)
    assert sum((b - a).total_seconds() for a, b in made.slots) == pytest.approx(need * 60, abs=2)
    for (_, before), (after, _) in zip(made.slots[:-1], made.slots[1:], strict=True):
        assert before < after


def brute_chunks(  # noqa: PLR0917 (the parts of one question)
    values, slots, need, shortest, most, restart
) -> float:
    """Every way to run `need` quarter hours in at most `most` runs of at least `shortest`."""
    price = np.repeat(np.asarray(values, dtype=float), 4)[:slots] / 4

    @cache
    def least(t: int, left: int, runs: int) -> float:
        if left == 0:
            return 0.0
        if runs == most or t >= slots:
            return float("inf")
        best = least(t + 1, left, runs)
        for length in range(shortest, min(left, slots - t) + 1):
            after = least(min(t + length + 1, slots), left - length, runs + 1)
            fee = restart if runs else 0.0
            best = min(best, price[t : t + length].sum() + fee + after)
        return best

    return least(0, need, 0)


@settings(max_examples=250, deadline=None)
@given(
    values=st.lists(st.integers(0, 900), min_size=3, max_size=7),
    need=st.integers(2, 12),
    shortest=st.integers(1, 4),
    most=st.sampled_from([1, 2, 3, None]),
    restart=st.integers(0, 200),
)
def test_chunks_with_restarts_are_as_cheap_as_any_way_to_cut(values, need, shortest, most, restart):
    assume(shortest <= need <= len(values) * 4)
    job = Job(need / 4, T0, at(len(values)), is_interruptible=True, min_chunk_hours=shortest / 4,
              restart_grams=restart, max_chunks=most)  # fmt: skip
    made = plan(series(values), job)
    brute = brute_chunks(tuple(values), len(values) * 4, need, shortest, most, restart)
    # A grid of minutes allows more than one of quarter hours, never less.
    assert made.grams <= brute + 1e-6
    assert len(made.slots) <= (most or need)
    lengths = [(b - a).total_seconds() / 60 for a, b in made.slots]
    assert sum(lengths) == pytest.approx(need * 15, abs=0.1)
    assert min(lengths) >= shortest * 15 - 0.1


def test_a_job_is_cut_into_as_many_runs_as_pay():
    values = series([100.0, 200.0] * 24)
    free = Job(20, T0, at(48), is_interruptible=True, min_chunk_hours=0.5)
    assert plan(values, free).grams == pytest.approx(2_000)
    made = plan(values, replace(free, restart_grams=1.0))
    assert (len(made.slots), made.grams) == (20, pytest.approx(2_019))
    # Beginning within a minute costs what is lost to the next one at most.
    late = plan(values, replace(free, restart_grams=1.0, earliest=at(0.1034)))
    assert late.grams == pytest.approx(2_019, abs=200 / 60)


@pytest.mark.parametrize(("hours", "window"), [(40.05, 40.05), (3.002, 3.003), (20.03, 21.0)])
def test_a_job_is_never_rounded_out_of_its_window(hours, window):
    values = series([100.0, 200.0] * 24)
    job = Job(hours, T0, at(window), is_interruptible=True, min_chunk_hours=0.5, restart_grams=1.0)
    made = plan(values, job)
    ran = sum((b - a).total_seconds() for a, b in made.slots)
    assert ran == pytest.approx(hours * 3600, abs=1)
    assert made.slots[-1][1] <= at(window) + timedelta(seconds=1)


def test_the_example_of_the_method():
    made = best_window(series(EXAMPLE), 3, T0, at(12))
    assert made.slots == ((at(4), at(7)),)
    assert made.grams == pytest.approx(750)
    assert made.grams_run_now == pytest.approx(1210)
    assert made.saving_pct == pytest.approx(38.0, abs=0.1)


def test_a_fraction_of_an_hour_may_start_within_one():
    made = best_window(series(EXAMPLE), 2.5, T0, at(12))
    assert made.slots == ((at(4), at(6.5)),) or made.slots == ((at(4.5), at(7)),)
    aligned = min(brute_fixed(EXAMPLE, h * 60, h * 60 + 150, 150) for h in range(9))
    assert made.grams <= aligned


def test_the_last_start_leaves_room_for_the_whole_run():
    values = [500.0] * 23 + [1.0]
    made = best_window(series(values), 3, T0, at(24))
    assert made.slots == ((at(21), at(24)),)
    with pytest.raises(InfeasibleError, match="does not fit"):
        best_window(series(values), 25, T0, at(48))
    with pytest.raises(InfeasibleError, match="begins after the last hour") as told:
        best_window(series(values), 3, at(24), at(48))
    assert "earlier" in told.value.next_step


def test_a_deadline_means_finished_by():
    values = [400.0] * 16 + [400.0, 100.0] + [400.0] * 6
    made = best_window(series(values), 4, T0, at(18))
    assert made.slots[0][1] == at(18)
    with pytest.raises(InfeasibleError):
        best_window(series(values), 4, at(15), at(18))


def test_a_deadline_beyond_the_horizon_is_clipped_and_said():
    made = best_window(series(EXAMPLE), 2, T0, at(100))
    assert made.is_clipped
    assert not best_window(series(EXAMPLE), 2, T0, at(12)).is_clipped


def test_the_running_hour_counts_for_its_rest_alone():
    made = best_window(series([10, 500, 500]), 1, at(0.5), at(3))
    assert made.slots == ((at(0.5), at(1.5)),)
    assert made.grams == pytest.approx(0.5 * 10 + 0.5 * 500)


def test_of_equal_slots_the_earliest_is_taken():
    assert best_window(series([300.0] * 12), 2, at(1.25), at(10)).slots[0][0] == at(1.25)


def test_an_unknown_hour_is_never_run_in():
    values = [300, 300, np.nan, np.nan, 10, 300]
    assert best_window(series(values), 2, T0, at(6)).slots == ((at(4), at(6)),)
    made = best_window(series(values), 3, T0, at(6), interruptible=True)
    assert all(stop <= at(2) or begin >= at(4) for begin, stop in made.slots)
    with pytest.raises(InfeasibleError, match="known intensity"):
        best_window(series(values), 3, T0, at(6))


def test_a_gap_of_one_hour_is_interpolated():
    made = best_window(series([300, np.nan, 100]), 3, T0, at(3))
    assert made.grams == pytest.approx(600)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duration_hours": 0}, "longer than 0"),
        ({"deadline": T0}, "not after"),
        ({"earliest": datetime(2026, 11, 25)}, "timezone"),  # noqa: DTZ001 (naive on purpose)
        ({"duration_hours": 13}, "does not fit"),
        ({"power_kw": -1.0}, "more than 0 kW"),
        ({"power_kw": float("nan")}, "more than 0 kW"),
        ({"min_chunk_hours": 3, "is_interruptible": True}, "shortest chunk"),
    ],
)
def test_what_cannot_be_is_said(change, words):
    fields = {"duration_hours": 2, "earliest": T0, "deadline": at(12)} | change
    with pytest.raises(ValueError, match=words):
        plan(series(EXAMPLE), Job(**fields))


def test_a_price_moves_the_choice_as_far_as_it_weighs():
    price = series([0.1] * 6 + [5.0] * 6)
    values = [300] * 6 + [200] * 6
    free = plan(series(values), Job(2, T0, at(12)), price_usd_per_hour=price)
    weighed = plan(series(values), Job(2, T0, at(12)), price_usd_per_hour=price, grams_per_usd=50)
    assert free.slots[0][0] == at(6)
    assert weighed.slots[0][0] == T0
    assert weighed.cost_usd == pytest.approx(0.2)
    assert weighed.grams == pytest.approx(600)  # grams stay grams


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2025, 10, 26), 25), (datetime(2025, 3, 30), 23)],  # noqa: DTZ001
)
def test_days_of_25_and_23_hours(day, hours):
    berlin = ZoneInfo("Europe/Berlin")
    start = day.replace(tzinfo=berlin)
    end = (day + timedelta(days=1)).replace(tzinfo=berlin)
    span = end.astimezone(UTC) - start.astimezone(UTC)
    assert span == timedelta(hours=hours)
    values = series(np.arange(26, 0, -1), start.astimezone(UTC))
    made = best_window(values, 2, start, end)
    assert made.slots[0][1] == end.astimezone(UTC)


def test_the_mean_start_is_the_mean_of_all_starts():
    made = best_window(series(EXAMPLE), 3, T0, at(12))
    minutes = np.repeat(np.asarray(EXAMPLE, dtype=float), 60) / 60
    sums = np.concatenate([[0], np.cumsum(minutes)])
    starts = np.arange(0, 9 * 60 + 1)
    totals = sums[starts + 180] - sums[starts]
    trapezoid = (totals[:-1] + totals[1:]).mean() / 2
    assert made.grams_mean_start == pytest.approx(trapezoid, rel=1e-9)


def test_other_starts_are_the_next_best_an_hour_apart():
    job = Job(3, T0, at(12))
    starts = best_starts(series(EXAMPLE), job, count=4)
    best = best_window(series(EXAMPLE), 3, T0, at(12))
    assert starts[0].at == best.slots[0][0]
    assert starts[0].grams == pytest.approx(best.grams)
    assert [s.grams for s in starts] == sorted(s.grams for s in starts)
    moments = sorted(s.at for s in starts)
    assert min(b - a for a, b in pairwise(moments)) >= HOUR
    assert best_starts(series(EXAMPLE), Job(13, T0, at(12))) == []
    gap = series([300, np.nan, np.nan, 300, 300])
    assert [s.at for s in best_starts(gap, Job(2, T0, at(5)))] == [at(3)]


def probability(forecast, errors, slots, now_slots) -> float:
    return share_below(
        emission_paths(forecast, errors, slots), emission_paths(forecast, errors, now_slots)
    )


def test_the_probability_follows_the_errors_as_whole_paths():
    forecast = series([403.0] * 3 + [385.0] * 3)
    slot, now = [(at(3), at(6))], [(T0, at(3))]
    together = np.tile(np.linspace(-60, 60, 101)[:, None], (1, 6))
    assert probability(forecast, together, slot, now) == 1.0
    chance = np.random.default_rng(1)
    apart = np.hstack([
        np.repeat(chance.normal(0, 10, (4000, 1)), 3, axis=1),
        np.repeat(chance.normal(0, 30, (4000, 1)), 3, axis=1),
    ])  # fmt: skip
    assert probability(forecast, apart, slot, now) == pytest.approx(0.72, abs=0.03)
    assert np.isnan(probability(forecast, np.empty((0, 6)), slot, now))


def test_an_unknown_error_in_an_hour_that_is_not_run_keeps_the_past_forecast():
    forecast = series([400.0, 300.0, 100.0, 100.0])
    errors = np.array([[10.0, np.nan, 0.0, 5.0], [0.0, 0.0, np.nan, 0.0]])
    at_once = emission_paths(forecast, errors, [(T0, at(1))])
    late = emission_paths(forecast, errors, [(at(2), at(4))])
    assert at_once.tolist() == [410.0, 400.0]
    assert late[0] == 205.0
    assert np.isnan(late[1])
    assert share_below(late, at_once) == 1.0


@pytest.mark.parametrize(
    ("saving_pct", "saving_g", "probability", "advised"),
    [(12, 100, 0.9, True), (4.9, 100, 0.9, False), (12, 9, 0.9, False), (12, 100, 0.79, False),
     (12, 100, float("nan"), False)],
)  # fmt: skip
def test_a_shift_is_advised_when_likely_worthwhile_and_material(
    saving_pct, saving_g, probability, advised
):
    assert is_recommended(saving_pct, saving_g, probability) is advised


def test_sums_in_another_order_save_nothing():
    assert saved_g(0.1 + 0.2, 0.3) == 0.0
    assert saved_g(3.0, 5.0) == 2.0
    assert saved_g(5.0, 3.0) == -2.0


@pytest.mark.parametrize(("rho", "probability"), [(0.0, 0.719), (0.5, 0.756)])
def test_vector_12_a_slot_is_better_with_the_probability_of_the_normal_distribution(
    rho, probability
):
    """403.33 ± 10 now against 385 ± 30 then; errors of every hundredth, each with each."""
    steps = norm.ppf((np.arange(300) + 0.5) / 300)
    own, other = (part.ravel() for part in np.meshgrid(steps, steps))
    now = 403.33 + 10 * own
    then = 385 + 30 * (rho * own + np.sqrt(1 - rho**2) * other)
    assert share_below(then, now) == pytest.approx(probability, abs=2e-3)
    assert not is_recommended(4.5, 18.33, probability)


def test_the_same_sum_in_another_order_saves_nothing_and_no_minus_zero():
    share_pct = saving_share_pct(0.1 + 0.2, 0.3)
    assert f"{share_pct:.1f}" == "0.0"
    assert saving_share_pct(75.0, 100.0) == 25.0


def test_a_slot_is_not_said_to_be_better_than_itself():
    """Sums in another order differ in their last bits, now up and now down."""
    paths = np.linspace(100.0, 300.0, 70)
    assert math.isnan(share_below(paths, paths * (1 + 1e-15)))
    assert math.isnan(share_below(paths, paths))
    assert math.isnan(share_below(np.array([]), np.array([])))
    assert share_below(paths, paths + 1) == 1.0

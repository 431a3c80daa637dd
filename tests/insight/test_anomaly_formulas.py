"""The formulas over matrices say the same as the method's definitions, one value at a time."""

from statistics import median

import numpy as np
import pandas as pd
import pytest

from spectra.insight.anomalies import change_points, onset, scores, seasons
from spectra.insight.anomalies.windows import median_of, quantile_of, spread_of, trailing

WEEK = 168
START = pd.Timestamp("2026-09-07T00:00Z")


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    chance = np.random.default_rng(5)
    made = 20 + 10 * np.sin(np.arange(24 * 80) * np.pi / 12) + chance.normal(0, 2, (3, 24 * 80))
    made[chance.random(made.shape) < 0.03] = np.nan
    return made


def known(part: np.ndarray) -> list[float]:
    return [float(v) for v in part if not np.isnan(v)]


def z_of(value: float, past: list[float], share: float, floor: float) -> float:
    middle = median(past)
    mad = median(abs(v - middle) for v in past)
    return (value - middle) / max(1.4826 * mad, share * abs(middle), floor)


def lower_of_three(row: np.ndarray, t: int) -> float:
    three = sorted(known(row[t - 2 : t + 1]))
    if np.isnan(row[t]) or len(three) < 2:
        return np.nan
    return three[1] if len(three) == 3 else three[0]


def test_windows_know_only_what_came_before(values):
    windows = trailing(values, 24, 100)
    assert windows.shape == (3, values.shape[1] - 100, 24)
    np.testing.assert_array_equal(windows[1, 0], values[1, 76:100])
    np.testing.assert_array_equal(trailing(values, 72, 100, 6)[0, 5], values[0, 28:100])
    with pytest.raises(ValueError, match="looks back"):
        trailing(values, 24, 23)


def test_order_statistics_leave_out_the_unknown(values):
    windows = trailing(values, 30, 100)
    middle, spread = median_of(windows), spread_of(windows, 10)
    high = quantile_of(windows, 0.9, 10)
    for row, column in ((0, 0), (1, 500), (2, 1700)):
        past = known(windows[row, column])
        assert middle[row, column] == pytest.approx(median(past), rel=1e-6)
        mad = median(abs(v - median(past)) for v in past)
        assert spread.mad[row, column] == pytest.approx(mad, rel=1e-5)
        assert spread.known[row, column] == len(past)
        assert high[row, column] == pytest.approx(np.quantile(past, 0.9), rel=1e-6)
    assert np.isnan(median_of(np.full((1, 1, 5), np.nan))).all()
    assert np.isnan(spread_of(windows[:, :1], 31).median).all()


def test_the_spike_score_is_the_methods(values):
    past, floor = scores.SPIKE_PAST_HOURS, 1.0
    made = scores.spike(values[:, : past + 2 + 200], None, floor, 1).score
    for row, column in ((0, 0), (1, 17), (2, 150), (0, 199)):
        line = values[row]
        t = past + 2 + column
        smooth = np.array([np.nan, np.nan, *(lower_of_three(line, k) for k in range(2, t + 1))])
        day = known(smooth[t - 24 : t])
        same = known(
            np.concatenate([smooth[t - 24 * d - 1 : t - 24 * d + 2] for d in range(1, 15)])
        )
        if np.isnan(smooth[t]):
            assert np.isnan(made[row, column])
            continue
        options = [
            [z_of(value, ref, 0.05, floor) for value in (smooth[t], line[t])] for ref in (day, same)
        ]
        size = [min(map(abs, pair)) if pair[0] * pair[1] >= 0 else 0.0 for pair in options]
        assert abs(made[row, column]) == pytest.approx(min(size), abs=1e-4)


def test_the_shift_sums_are_the_methods(values):
    past = scores.SHIFT_PAST_HOURS
    z = scores.shift_z(values[:, : past + 300], None, 1.0)
    sums = scores.cusum(z, np.zeros((3, 2)))
    for row in range(3):
        up = down = 0.0
        for hour in range(300):
            t = past + hour
            if not np.isnan(values[row, t]):
                reference = known(values[row, t - 77 : t - 5])
                own = z_of(values[row, t], reference, 0.10, 1.0)
                assert z[row, hour] == pytest.approx(own, abs=1e-4)
                step = min(max(own, -scores.Z_LIMIT), scores.Z_LIMIT)
                up = min(max(up + step - 1, 0), scores.CUSUM_LIMIT)
                down = min(max(down - step - 1, 0), scores.CUSUM_LIMIT)
            assert sums[row, :, hour] == pytest.approx([up, down], abs=1e-2)


def test_sums_go_on_where_they_stopped():
    z = np.random.default_rng(1).normal(0.3, 2, (4, 100))
    whole = scores.cusum(z, np.zeros((4, 2)))
    first = scores.cusum(z[:, :40], np.zeros((4, 2)))
    np.testing.assert_array_equal(scores.cusum(z[:, 40:], first[:, :, -1]), whole[:, :, 40:])


def test_scores_are_measured_by_the_series_own_past():
    chance = np.random.default_rng(2)
    raw = chance.normal(0, 3, (2, 900))
    scale = scores.Scale(0.99, 24, 168, 3.5)
    made = scores.calibrated(raw, 672, scale)
    for row in range(2):
        for column in range(228):
            now = raw[row, 672 + column]
            own = np.quantile(np.abs(raw[row, column : 672 + column]), 0.99)
            expected = now / max(3.5, own) if abs(now) >= 3.5 else now / 3.5
            assert made[row, column] == pytest.approx(expected, rel=1e-5)
    few = np.concatenate([np.full((1, 600), np.nan), np.zeros((1, 72)), [[20.0]]], axis=1)
    assert np.isnan(scores.calibrated(few, 672, scale)).all()
    silent = np.concatenate([np.zeros((1, 672)), [[20.0]]], axis=1)
    assert scores.calibrated(silent, 672, scale)[0, 0] == pytest.approx(20 / 3.5)


def test_a_huge_score_says_little_more_than_a_large_one():
    damped = scores.damped(np.array([-5.0, 0.0, 10.0, 100.0, 1e17, np.nan]))
    assert damped[:3].tolist() == [-5.0, 0.0, 10.0]
    assert damped[3] == pytest.approx(33.03, abs=0.01)
    assert damped[4] < 400
    assert np.isnan(damped[5])


def test_the_baseline_is_of_the_hour_of_the_week_after_four_weeks(values):
    past = seasons.PAST_HOURS
    band = seasons.usual_band(values[:, : past + 48], START)
    for row, column in ((0, 0), (1, 30), (2, 47)):

        def usual(t: int, row: int = row) -> float:
            return median(known(np.array([values[row, t - WEEK * k] for k in range(1, 9)])))

        t = past + column
        around = [usual(t - 1), usual(t), usual(t + 1)]
        assert band.usual[row, column] == pytest.approx(around[1], rel=1e-6)
        assert band.below[row, column] == pytest.approx(min(around) - around[1], abs=1e-5)
        assert band.above[row, column] == pytest.approx(max(around) - around[1], abs=1e-5)


def test_with_two_weeks_it_is_of_the_hour_of_a_workday_or_weekend():
    past, known_days = seasons.PAST_HOURS, 18
    full = np.full((1, past + 72), np.nan)
    at = START + pd.to_timedelta(np.arange(past + 72) - past, unit="h")
    level = np.where(at.day_of_week >= 5, 10.0, 40.0) + at.hour
    full[0, past - 24 * known_days :] = level[past - 24 * known_days :]
    band = seasons.usual_band(full, START)
    np.testing.assert_allclose(band.usual[0], level[past:])  # Monday to Wednesday
    full[0, : past - 24 * 13] = np.nan
    assert np.isnan(seasons.usual_band(full, START).usual[0, :24]).all()


def test_changes_of_level_are_dated():
    chance = np.random.default_rng(0)
    levels = np.repeat([20.0, 26.0, 12.0], [700, 300, 200])
    noisy = levels + chance.normal(0, 2, len(levels))
    assert change_points(noisy) == pytest.approx([700, 1000], abs=2)
    assert change_points(chance.normal(0, 1, 2000)) == []
    assert change_points(np.full(500, 3.0)) == []
    assert change_points(np.array([1.0, 2.0])) == []
    series = pd.Series(noisy, pd.date_range(START, periods=len(noisy), freq="h"))
    raised = series.index[711]
    assert abs(onset(series, raised) - series.index[700]) <= pd.Timedelta(hours=2)
    assert onset(series, series.index[600]) is None

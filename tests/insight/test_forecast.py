"""Forecasts of made-up series whose answer is known, and of every awkward history."""

import numpy as np
import pandas as pd
import pytest

from spectra.errors import InputError
from spectra.insight.forecast import choose, clean_history, forecast_intensity, issue

END = pd.Timestamp("2026-11-25T00:00Z")


def hours(count: int) -> pd.DatetimeIndex:
    return pd.date_range(end=END, periods=count + 1, freq="h")[:-1]


def daily(count: int, noise: float = 5.0, seed: int = 0) -> pd.Series:
    """A day that repeats, a weekend that is lower, and noise."""
    index = hours(count)
    rhythm = 300 + 80 * np.sin(2 * np.pi * index.hour / 24) - 40 * (index.day_of_week >= 5)
    return pd.Series(rhythm + np.random.default_rng(seed).normal(0, noise, count), index=index)


def mae(frame: pd.DataFrame, actual: pd.Series) -> float:
    return float((frame["mean"] - actual.reindex(frame.index)).abs().mean())


def test_the_shape_is_as_promised():
    frame = forecast_intensity(daily(24 * 120), horizon=36, level=0.9)
    assert list(frame.columns) == ["mean", "lower", "upper"]
    assert frame.index[0] == END
    assert len(frame) == 36
    assert str(frame.index.tz) == "UTC"
    assert (frame["lower"] <= frame["mean"]).all()
    assert (frame["mean"] <= frame["upper"]).all()
    assert frame.attrs["step"] == "linear"


def test_a_rhythm_is_learnt():
    whole = daily(24 * 141, noise=8.0)
    errors, naive = [], []
    for day in range(20, 0, -1):
        history, actual = whole.iloc[: -24 * day], whole.iloc[-24 * day :][:24]
        errors.append(mae(forecast_intensity(history), actual))
        naive.append(float(np.abs(history.to_numpy()[-24:] - actual.to_numpy()).mean()))
    assert np.mean(errors) < 0.8 * np.mean(naive)


def test_intervals_hold_about_as_often_as_they_say():
    held = []
    for seed in range(8):
        whole = daily(24 * 150, noise=12.0, seed=seed)
        for day in (1, 4, 7):
            history, actual = whole.iloc[: -24 * day], whole.iloc[-24 * day :][:24]
            frame = forecast_intensity(history, level=0.8)
            held.append(((actual >= frame["lower"]) & (actual <= frame["upper"])).mean())
    assert 0.74 < np.mean(held) < 0.92


@pytest.mark.parametrize(
    ("count", "horizon", "step"),
    [(1, 24, "climatology"), (30, 24, "climatology"), (72, 24, "short"), (72, 168, "short"),
     (120, 168, "short"), (168, 168, "short"), (24 * 20, 24, "short"), (24 * 70, 24, "linear")],
)  # fmt: skip
def test_with_less_history_a_humbler_step_is_taken_and_named(count, horizon, step):
    frame = forecast_intensity(daily(count), horizon)
    assert (len(frame), frame.attrs["step"]) == (horizon, step)
    assert np.isfinite(frame.to_numpy()).all()
    assert frame["mean"].between(100, 500).all()


def test_three_days_beat_a_guess():
    whole = daily(24 * 5, noise=2.0)
    frame = forecast_intensity(whole.iloc[:-24])
    assert mae(frame, whole) < 20


@pytest.mark.parametrize("value", [0.0, 42.0])
def test_a_flat_series_stays_flat(value):
    frame = forecast_intensity(pd.Series(value, index=hours(24 * 90)))
    assert frame["mean"].to_numpy() == pytest.approx(np.full(24, value))
    assert frame["lower"].min() >= 0


def test_a_stepped_series_is_continued_not_smoothed():
    index = hours(24 * 120)
    levels = np.where(np.arange(len(index)) < 24 * 100, 650.0, 690.0)
    frame = forecast_intensity(pd.Series(levels, index=index))
    assert frame["mean"].to_numpy() == pytest.approx(np.full(24, 690.0), abs=6)


def test_gaps_are_no_zeros():
    series = daily(24 * 120)
    gappy = series.copy()
    gappy.iloc[500:502] = np.nan
    gappy.iloc[1000:1100] = np.nan
    gappy = gappy.drop(gappy.index[2000:2050])
    assert mae(forecast_intensity(gappy), forecast_intensity(series)["mean"]) < 5
    filled = clean_history(gappy)
    assert filled.values.min() > 100
    assert (~filled.is_known).sum() == 152


@pytest.mark.parametrize(
    ("lacking", "step"),
    [
        (lambda at: (at < END - pd.Timedelta("24h")) & (at > END - pd.Timedelta("120D")),
         "climatology"),  # last year's file and a day of live hours
        (lambda at: (at < END - pd.Timedelta("5D")) & (at > END - pd.Timedelta("120D")), "short"),
        (lambda at: (at.hour >= 1) & (at.hour <= 6), "linear"),
        (lambda at: (at.hour >= 1) & (at.hour <= 20), "climatology"),
    ],
)  # fmt: skip
def test_whatever_its_gaps_a_series_is_forecast(lacking, step):
    series = daily(24 * 240)
    frame = forecast_intensity(series.mask(lacking(series.index)), horizon=48)
    assert frame.attrs["step"] == step
    assert mae(frame, series.iloc[-168:-120].set_axis(frame.index)) < 60  # as a flat mean is
    assert (frame["upper"] - frame["lower"]).between(5, 400).all()


def test_a_spike_does_not_carry_the_forecast_away():
    series = daily(24 * 120)
    series.iloc[-3] = 5_000.0
    frame = forecast_intensity(series)
    assert frame["mean"].max() < 700


def test_zeros_never_make_it_negative_or_no_number():
    series = daily(24 * 120, noise=60.0) - 280
    frame = forecast_intensity(series.clip(lower=0.0))
    assert (frame["lower"] >= 0).all()
    assert np.isfinite(frame.to_numpy()).all()


def test_unordered_repeated_and_other_zones_are_put_in_order():
    series = daily(24 * 90)
    shuffled = pd.concat([series.sample(frac=1, random_state=1), series.iloc[:5]])
    shuffled.index = shuffled.index.tz_convert("Asia/Kolkata")
    expected = forecast_intensity(series)
    pd.testing.assert_frame_equal(forecast_intensity(shuffled), expected)


@pytest.mark.parametrize(
    ("history", "arguments", "words"),
    [
        (pd.Series([1.0], index=pd.DatetimeIndex(["2026-11-25"])), {}, "timezone-aware"),
        (pd.Series([1.0], index=[1]), {}, "timezone-aware"),
        (pd.Series([np.nan], index=hours(1)), {}, "no history"),
        (pd.Series([1.0], index=pd.DatetimeIndex(["2026-11-25T00:15Z"])), {}, "whole hour"),
        (daily(24), {"horizon": 0}, "1 to 168"),
        (daily(24), {"horizon": 169}, "1 to 168"),
        (daily(24), {"level": 1.0}, "level"),
    ],
)
def test_what_cannot_be_forecast_is_said(history, arguments, words):
    with pytest.raises(InputError, match=words):
        forecast_intensity(history, **arguments)


def test_weather_that_drives_the_series_is_used():
    count = 24 * 150
    index = pd.date_range(end=END + pd.Timedelta("24h"), periods=count + 25, freq="h")[:-1]
    chance = np.random.default_rng(3)
    wind = pd.Series(chance.normal(8, 3, len(index)), index=index).rolling(6, min_periods=1).mean()
    actual = 500 - 30 * wind + chance.normal(0, 2, len(index))
    history, weather = actual.iloc[:-24], wind.to_frame("wind")
    blind = mae(forecast_intensity(history), actual)
    seeing = mae(forecast_intensity(history, weather=weather), actual)
    assert seeing < 0.4 * blind
    with pytest.raises(InputError, match="reach over the horizon"):
        forecast_intensity(history, weather=weather.iloc[:-24])


def test_a_choice_can_be_used_again_later():
    series = daily(24 * 120)
    choice = choose(clean_history(series.iloc[: -24 * 3]), 24)
    made = issue(series, choice=choice)
    assert made.choice is choice
    assert mae(made.frame, forecast_intensity(series)["mean"]) < 6


@pytest.mark.shared
def test_real_grids_are_forecast_better_than_yesterday_says(shared_data):
    grids = pd.read_parquet(shared_data / "forecast_bench" / "eleven_grids.parquet")
    for name in ("DE", "PJM"):
        rows = grids[grids["grid"] == name].set_index("datetime_utc").sort_index()
        series = rows["carbon_intensity_direct"].iloc[-24 * 400 :]
        errors, naive, choice = [], [], None
        for day in range(14, 0, -1):
            history, actual = series.iloc[: -24 * day], series.iloc[-24 * day :][:24].to_numpy()
            made = issue(history, choice=choice)
            choice = made.choice
            errors.append(np.abs(made.frame["mean"].to_numpy() - actual).mean())
            naive.append(np.abs(history.to_numpy()[-24:] - actual).mean())
        assert np.mean(errors) < np.mean(naive)

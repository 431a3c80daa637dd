"""The ladder of carbon intensity: every tier with the value it must give."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.carbon.intensity import DIRECT, LIFECYCLE, AnnualFactor, resolve_intensity
from spectra.errors import InputError
from tests.fleet import hours, intensities

ANNUAL = AnnualFactor(direct=320.0, lifecycle=400.0)


def rhythm(at: pd.DatetimeIndex) -> np.ndarray:
    return np.asarray(300.0 + 5.0 * at.hour + 20.0 * (at.day_of_week >= 5))


def observed(at: pd.DatetimeIndex, missing=(), **extra) -> pd.DataFrame:
    frame = intensities("DE", at, rhythm(at) * 0.8, rhythm(at), **extra)
    return frame.drop(index=list(missing))


def test_measured_and_estimated_hours_stay_as_they_are():
    at = hours("2026-11-01", "2026-11-02")
    result = resolve_intensity(observed(at, is_estimated=[h >= 20 for h in at.hour]), at, ANNUAL)
    assert result[LIFECYCLE].tolist() == pytest.approx(rhythm(at).tolist())
    assert result["tier"].tolist() == ["A"] * 20 + ["B"] * 4


def test_a_gap_of_three_hours_is_a_straight_line():
    at = hours("2026-11-01", "2026-11-02")
    result = resolve_intensity(observed(at, missing=[10, 11, 12]), at, ANNUAL)
    line = np.linspace(rhythm(at)[9], rhythm(at)[13], 5)[1:4]
    assert result[LIFECYCLE].iloc[10:13].tolist() == pytest.approx(line.tolist())
    assert result["tier"].iloc[9:14].tolist() == ["A", "C", "C", "C", "A"]
    assert result["quality"].iloc[10] == "imputed"


def test_vector_16_five_missing_hours_follow_the_profile_at_the_present_level():
    at = hours("2026-10-01", "2026-11-12")
    values = observed(at)
    gap = [len(at) - 60 + k for k in range(5)]
    # The last day before the gap is 20 % above its usual level.
    recent = slice(gap[0] - 24, gap[0] - 1)
    values.loc[recent, [DIRECT, LIFECYCLE]] *= 1.2
    result = resolve_intensity(values.drop(index=gap), at, ANNUAL)
    profile = rhythm(at[gap])
    usual = rhythm(at[gap[0] - 24 : gap[0]]).mean()
    level = rhythm(at[gap[0] - 24 : gap[0]]).mean() * 1.2 / usual
    assert result["tier"].iloc[gap].tolist() == ["D"] * 5
    # A median of four weeks, one of them raised, is the usual value.
    assert result[LIFECYCLE].iloc[gap].tolist() == pytest.approx((profile * level).tolist())
    assert (result["tier"].isin(["A", "B"]).mean()) < 1


def test_an_open_end_is_not_carried_on():
    at = hours("2026-10-01", "2026-11-01")
    known = observed(at).iloc[:-10]
    result = resolve_intensity(known, at, ANNUAL)
    assert result["tier"].iloc[-10:].tolist() == ["D"] * 10
    assert result[LIFECYCLE].iloc[-10:].nunique() > 1


def test_a_gap_of_more_than_a_week_falls_to_the_monthly_mean():
    at = hours("2026-10-01", "2026-11-01")
    gap = range(200, 200 + 9 * 24)
    result = resolve_intensity(observed(at, missing=gap), at, ANNUAL)
    expected = np.delete(rhythm(at), list(gap)).mean()
    assert set(result["tier"].iloc[200 : 200 + 9 * 24]) == {"E"}
    assert result[LIFECYCLE].iloc[250] == pytest.approx(expected)


def test_without_any_observation_the_reference_month_then_the_year_stands():
    at = hours("2026-10-30", "2026-11-02")
    nothing = observed(at).iloc[:0]
    result = resolve_intensity(nothing, at, ANNUAL, {10: (150.0, 250.0)})
    assert result["tier"].tolist() == ["E"] * 48 + ["F"] * 24
    assert result[LIFECYCLE].tolist() == [250.0] * 48 + [400.0] * 24
    assert result[DIRECT].tolist() == [150.0] * 48 + [320.0] * 24
    assert set(result["source"]) == {"catalogue"}


@pytest.mark.parametrize("bad", [-1.0, 1500.1, 2400.0])
def test_implausible_values_are_not_believed(bad):
    at = hours("2026-11-01", "2026-11-02")
    values = observed(at)
    values.loc[5, LIFECYCLE] = bad
    assert resolve_intensity(values, at, ANNUAL)["tier"].iloc[5] == "C"


def test_a_lone_spike_is_dropped_and_a_confirmed_step_is_kept():
    at = hours("2026-11-01", "2026-11-02")
    values = observed(at).assign(**{LIFECYCLE: 100.0, DIRECT: 80.0})
    values.loc[5, [DIRECT, LIFECYCLE]] = [500.0, 600.0]
    values.loc[12:, [DIRECT, LIFECYCLE]] = [500.0, 600.0]
    result = resolve_intensity(values, at, ANNUAL)
    assert result["tier"].iloc[5] == "C"
    assert result["tier"].iloc[12:].tolist() == ["A"] * 12


def test_a_missing_factor_is_scaled_and_is_at_best_estimated():
    at = hours("2026-11-01", "2026-11-02")
    values = observed(at).assign(**{DIRECT: float("nan")})
    result = resolve_intensity(values, at, ANNUAL)
    assert result[DIRECT].tolist() == pytest.approx((rhythm(at) * 0.8).tolist())
    assert set(result["tier"]) == {"B"}
    assert result["direct_is_scaled"].all()


def test_an_observed_zero_is_a_value():
    at = hours("2026-11-01", "2026-11-02")
    values = observed(at).assign(**{LIFECYCLE: 0.0, DIRECT: 0.0})
    result = resolve_intensity(values, at, ANNUAL)
    assert (result[LIFECYCLE] == 0).all()
    assert set(result["tier"]) == {"A"}


def test_naive_hours_are_refused():
    at = hours("2026-11-01", "2026-11-02")
    with pytest.raises(InputError):
        resolve_intensity(observed(at), at.tz_localize(None), ANNUAL)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0))
def test_every_hour_has_a_plausible_value_and_known_ones_keep_theirs(seed, share):
    rng = np.random.default_rng(seed)
    at = hours("2026-09-01", "2026-10-15")
    lifecycle = rng.uniform(200, 400, len(at))
    frame = intensities("DE", at, lifecycle * 0.8, lifecycle)
    kept = rng.random(len(at)) >= share
    result = resolve_intensity(frame[kept], at, ANNUAL, {9: (111.0, 222.0)})
    assert len(result) == len(at)
    assert result[[DIRECT, LIFECYCLE]].notna().all().all()
    assert result["tier"].isin(list("ABCDEF")).all()
    assert (result[LIFECYCLE] > 0).all()
    assert np.allclose(result[LIFECYCLE][kept], lifecycle[kept])
    assert (result["tier"][kept] == "A").all()
    assert (result["tier"][~kept] != "A").all()

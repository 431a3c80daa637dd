"""Several regions: hard limits exclude, the rest is ranked against running at once at home."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.insight.placement import Candidate, JobLimits, place, regret_and_capture
from spectra.insight.scheduling import InfeasibleError, Job

T0 = datetime(2026, 11, 25, tzinfo=UTC)
JOB = Job(2, T0, T0 + timedelta(hours=12), power_kw=1.0)


def grid(*values: float) -> pd.Series:
    return pd.Series(list(values), index=pd.date_range(T0, periods=len(values), freq="h"))


def candidate(region: str, values: pd.Series, **more) -> Candidate:
    quiet = np.random.default_rng(0).normal(0, 1.0, (60, len(values)))
    return Candidate(region, more.pop("country", "DE"), values, quiet, **more)


HOME = candidate("home", grid(400, 400, 300, 300, *[400] * 8), usd_per_hour=1.0)
CLEAN = candidate("clean", grid(*[50] * 12), country="SE", latency_ms=30.0, usd_per_hour=1.5)
FAR = candidate("far", grid(*[20] * 12), country="US", latency_ms=180.0)
NEVER = candidate("never", grid(*[np.nan] * 12), country="FR", latency_ms=10.0)


def test_the_cleanest_comes_first_with_its_saving_against_home_at_once():
    options, excluded = place(JOB, "home", [HOME, CLEAN, FAR])
    assert [o.region for o in options] == ["far", "clean", "home"]
    clean = options[1]
    assert clean.grams == pytest.approx(100)
    assert clean.saving_g == pytest.approx(700)
    assert clean.saving_usd == pytest.approx(-1.0)
    assert options[0].saving_usd is None  # a price that is not known is no saving
    assert excluded == []
    part = Job(1.3, T0, T0 + timedelta(hours=12), power_kw=1.0)
    (alone,), _ = place(part, "home", [HOME])
    assert alone.saving_usd == 0.0  # two sums of the same price, in another order


def test_limits_exclude_with_a_reason_and_hold_for_the_home_too():
    limits = JobLimits(max_latency_ms=100, countries=("SE", "FR"))
    options, excluded = place(JOB, "home", [HOME, CLEAN, FAR, NEVER], limits)
    assert [o.region for o in options] == ["clean"]
    assert options[0].saving_g == pytest.approx(700)  # against what is not allowed, yet done now
    reasons = {e.region: e.reason for e in excluded}
    assert "DE" in reasons["home"]
    slow = replace(HOME, latency_ms=120.0)
    options, _ = place(JOB, "home", [slow, CLEAN], JobLimits(max_latency_ms=100))
    assert [o.region for o in options] == ["clean"]
    with pytest.raises(InfeasibleError, match="No region within the limits"):
        place(JOB, "home", [HOME, CLEAN], JobLimits(countries=("FR",)))
    assert "US" in reasons["far"]
    assert "known intensity" in reasons["never"]
    unknown = candidate("unknown", grid(*[10] * 12))
    _, excluded = place(JOB, "home", [HOME, unknown], JobLimits(max_latency_ms=100))
    assert "not known" in excluded[0].reason


def test_a_transfer_weighs_on_the_region_it_leads_to():
    heavy = candidate("clean", grid(*[50] * 12), transfer_grams=900.0)
    options, _ = place(JOB, "home", [HOME, heavy])
    assert options[0].region == "home"
    assert options[1].grams == pytest.approx(1000)
    assert options[1].saving_g == pytest.approx(-200)
    assert not options[1].is_recommended
    # A start at random is one at home, where nothing is to be moved.
    mean = options[0].mean_start_grams
    assert mean == options[1].mean_start_grams == options[0].plan.grams_mean_start
    assert options[1].saving_vs_mean_g == pytest.approx(mean - 1_000)
    assert options[1].saving_vs_mean_pct == pytest.approx((1 - 1_000 / mean) * 100)


def test_pue_counts_where_the_job_runs():
    wasteful = candidate("clean", grid(*[50] * 12), pue=1.4)
    options, _ = place(JOB, "home", [HOME, wasteful])
    assert options[0].grams == pytest.approx(140)


def test_the_weight_of_the_price_ranks_the_regions():
    free, _ = place(JOB, "home", [HOME, CLEAN, FAR])
    weighed, _ = place(JOB, "home", [HOME, CLEAN, FAR], JobLimits(grams_per_usd=1_000))
    assert [o.region for o in free] == ["far", "clean", "home"]
    # 600 g and $2, 100 g and $3, and a price that is not known, which is no low one.
    assert [o.region for o in weighed] == ["home", "clean", "far"]
    assert [o.score for o in weighed] == [pytest.approx(2_600), pytest.approx(3_100), None]
    assert weighed[1].grams == pytest.approx(100)  # grams stay grams
    light, _ = place(JOB, "home", [HOME, CLEAN], JobLimits(grams_per_usd=100))
    assert [o.region for o in light] == ["clean", "home"]


def test_a_likely_and_material_shift_is_advised_and_a_doubtful_one_is_not():
    (sure,), _ = place(JOB, "home", [HOME])
    assert sure.is_recommended
    assert sure.probability == 1.0
    wild = np.random.default_rng(1).normal(0, 300, (200, 12))
    doubtful = Candidate("home", "DE", HOME.intensity, wild)
    (option,), _ = place(JOB, "home", [doubtful])
    assert option.probability < 0.8
    assert not option.is_recommended


def test_another_region_is_compared_with_home_at_once_not_with_itself():
    level = candidate("clean", grid(*[50] * 12))  # waiting there brings nothing, going there much
    options, _ = place(JOB, "home", [HOME, level])
    assert options[0].region == "clean"
    assert options[0].probability == 1.0
    assert options[0].is_recommended


def test_without_a_forecast_at_home_there_is_no_comparison():
    with pytest.raises(InfeasibleError, match="no forecast for home"):
        place(JOB, "home", [CLEAN])


def test_regret_and_capture_are_ratios_of_sums():
    regret, capture = regret_and_capture([110, 100], [100, 100], [200, 100])
    assert regret == pytest.approx(0.05)
    assert capture == pytest.approx(0.9)
    regret, capture = regret_and_capture([100], [100], [100])
    assert regret == 0
    assert np.isnan(capture)

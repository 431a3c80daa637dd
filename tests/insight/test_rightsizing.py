"""The formulas of rightsizing: acceptance vectors, bounds, intervals, METHOD.md's example."""

import numpy as np
import pytest

from spectra.carbon.embodied import embodied_g_per_h
from spectra.carbon.energy import (
    GLOBAL_PUE,
    calibrated_curve,
    common_method,
    curve_by,
    interpolate_watts,
)
from spectra.catalog import load_catalog
from spectra.insight.rightsizing import Finding, candidates, words
from spectra.insight.rightsizing.quantile import effective_size, upper_peak, upper_rank
from spectra.insight.rightsizing.savings import day_bootstrap, risk

CATALOG = load_catalog()
HOURS_PER_YEAR = 8_760


def kind(name):
    return CATALOG.instance_type(name).type


@pytest.mark.parametrize(
    ("n", "share", "rank"),
    [(4032, 0.995, 4020), (336, 0.95, 326), (336, 0.99, 336), (59, 0.95, 59), (58, 0.95, None),
     (299, 0.99, 299), (298, 0.99, None), (598, 0.995, 598), (597, 0.995, None)],
)  # fmt: skip
def test_vector_13_the_order_statistic(n, share, rank):
    assert upper_rank(n, share) == rank


def test_the_bound_holds_in_95_of_100_samples():
    rng = np.random.default_rng(1)
    samples = np.sort(rng.exponential(size=(2_000, 336)), axis=1)
    bound = samples[:, upper_rank(336, 0.95) - 1]
    covered = (bound >= -np.log(0.05)).mean()
    assert 0.94 <= covered <= 0.99


def test_correlated_hours_are_worth_fewer():
    assert effective_size(336, 0.8) == pytest.approx(336 / 9)
    assert effective_size(336, None) == effective_size(336, -0.3) == 336


def test_few_or_correlated_hours_take_the_maximum():
    values = sorted(np.linspace(10, 90, 4032), reverse=True)
    top = [float(v) for v in values[:64]]
    assert upper_peak(top, 4032, None) == (values[12], True)
    assert upper_peak(top, 4032, 0.9) == (values[0], False)
    assert upper_peak(top, 336, None) == (values[0], False)


def test_hours_of_members_side_by_side_are_no_more_than_hours_of_the_clock():
    """Twenty members that all peak in one hour are one event, not twenty."""
    top = [100.0] * 20 + [30.0] * 44
    assert upper_peak(top, 20 * 336, None, clock_hours=336) == (100.0, False)
    assert upper_peak(top, 20 * 768, None, clock_hours=768) == (30.0, True)


def test_a_rank_deeper_than_what_is_known_is_bounded_from_above():
    top = [90.0 - k for k in range(64)]
    assert upper_peak(top, 100_000, None) == (top[-1], True)


def test_half_the_size_is_not_half_the_power():
    """METHOD.md, section 4.2: 29.4 → 19.0 W; there the figures are rounded, so within 1 %."""
    old, new, port = kind("m5.2xlarge"), kind("m5.xlarge"), kind("m6g.xlarge")
    assert common_method(old, new, port) == "measured"
    watts = [interpolate_watts(curve_by(t, "measured"), u)
             for t, u in ((old, 12), (new, 24), (port, 24))]  # fmt: skip
    assert watts == pytest.approx([29.4, 19.0, 11.7], rel=0.01)
    kwh = [(watts[0] - w) * GLOBAL_PUE * HOURS_PER_YEAR / 1_000 for w in watts[1:]]
    assert [k * 380 / 1_000 for k in kwh] == pytest.approx([39.7, 67.4], rel=0.015)
    embodied = [(embodied_g_per_h(old) - embodied_g_per_h(t)) * HOURS_PER_YEAR / 1_000
                for t in (new, port)]  # fmt: skip
    assert embodied == pytest.approx([11.2, 8.5], rel=0.05)


def test_two_types_are_compared_by_one_method():
    measured, derived = kind("m5.xlarge"), kind("m7g.xlarge")
    assert derived.teads is None
    assert common_method(measured, derived) == "calibrated"
    assert curve_by(measured, "calibrated") == calibrated_curve(measured)


def test_equal_days_have_no_spread_and_noisy_days_more():
    assert day_bootstrap([5.0] * 28) == (5.0, 5.0)
    rng = np.random.default_rng(3)
    widths = [np.diff(day_bootstrap(100 + s * rng.standard_normal(28)))[0] for s in (1, 5, 25)]
    assert widths == sorted(widths)
    low, high = day_bootstrap(100 + 5 * rng.standard_normal(28))
    assert low < 100 + 2 and high > 100 - 2


def test_risk_is_a_bucket_of_the_hours_above_the_limit():
    assert [risk(s) for s in (0, 0.0009, 0.001, 0.005, 0.01, 0.05, 1)] == [0, 0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize(
    ("name", "parts"),
    [("m6gd", ("m", 6, "d")), ("c5", ("c", 5, "")), ("m7i-flex", ("m", 7, "-flex")),
     ("r5dn", ("r", 5, "dn")), ("u-6tb1", None), ("im4gn", ("im", 4, "n"))],
)  # fmt: skip
def test_a_familys_name_is_taken_apart(name, parts):
    assert candidates.family_of(name) == parts


def test_candidates_keep_disks_accelerators_and_architecture():
    for name in ("m5d.2xlarge", "g4dn.xlarge", "m6g.2xlarge", "t3.large", "i3.xlarge"):
        current = kind(name)
        own = candidates.family_of(current.family)
        for other in candidates.successors(CATALOG, current):
            assert candidates.family_of(other.family).extras == own.extras
            assert other.gpu_count == current.gpu_count
            if current.architecture == "arm64":
                assert other.architecture == "arm64"
    assert candidates.reshaped(CATALOG, kind("m5d.2xlarge")) == ()


def test_every_type_of_the_catalogue_has_candidates_or_none_without_an_error():
    for current in CATALOG.instance_types:
        for other in candidates.smaller(CATALOG, current):
            assert other.vcpu * candidates.MAX_SHRINK >= current.vcpu
        candidates.successors(CATALOG, current)
        candidates.reshaped(CATALOG, current)


def test_compute_optimizer_agrees_or_the_difference_has_its_reasons():
    agree = words.difference_in_words(Finding.OVER, "over_provisioned", 14, 14, True)
    assert agree == "AWS Compute Optimizer agrees: over provisioned."
    other = words.difference_in_words(Finding.OPTIMISED, "over_provisioned", 93, 14, False)
    for reason in ("93 days", "memory is not known", "five-minute", "two sizes"):
        assert reason in other
    unknown = words.difference_in_words(
        Finding.OPTIMISED, "over_provisioned", float("nan"), 14, True
    )
    assert "days" not in unknown

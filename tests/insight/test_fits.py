"""What a unit needs, what stands in the way of a type, and what a change really saves."""

from dataclasses import replace

import pytest

from spectra.catalog import load_catalog
from spectra.insight.rightsizing.judge import GROWTH_DAYS, demand_of
from spectra.insight.rightsizing.model import Option, Replay, Rules, Unit
from spectra.insight.rightsizing.options import CAP_SHARE, Fit
from spectra.insight.rightsizing.savings import confidence, saving

CATALOG = load_catalog()
RULES = Rules(memory_headroom_pct=25.0)
UNIT = Unit(
    unit_key=1, unit_id="i-1", kind="instance", name="one", account_id="1", region="eu-central-1",
    team="web", environment="production", instance_type="m5.2xlarge", state="running",
    lifecycle="on-demand", tenancy="default", members=1, min_size=None, tags={}, stopped_hours=None,
    look_back_days=14, running_hours=336, observed_hours=336, clock_hours=336, history_days=28,
    weekends=2, mean_pct=10.0, p95_pct=20.0, peaks_pct=(30.0,) * 64, sustained_peak_pct=25.0,
    lag1=0.0, hours_over_90=0, days_over_90=0, growth_per_day=0.0, memory_pct=40.0,
    memory_share=1.0, gpu_max_pct=None, network_share=1.0, busiest_day_bytes=1e9,
    network_mbps=100.0, ebs_mbps=10.0, credit_empty_hours_per_day=None, paid_share=0.5,
    purchase_option=None,
)  # fmt: skip
BEFORE = Replay((240.0, 264.0, 216.0), 6.0, 2.0, 1.0, 1.0, 0.02, 1.0, 10.0, 0.0)
AFTER = Replay((120.0, 132.0, 108.0), 3.0, 1.0, 0.5, 0.5, 0.01, 1.0, 20.0, 0.0)


def kind(name):
    return CATALOG.instance_type(name).type


def tried(unit, name):
    current = kind(unit.instance_type)
    return Fit(unit, CATALOG, demand_of(unit, current, RULES), RULES).option(kind(name), "size")


def test_a_load_that_grows_needs_more_and_one_that_shrinks_no_less():
    current = kind("m5.2xlarge")
    still, growing, shrinking = (
        demand_of(replace(UNIT, growth_per_day=growth), current, RULES).peak_pct
        for growth in (0.0, 0.01, -0.01)
    )
    assert growing == pytest.approx(still * (1 + 0.01 * GROWTH_DAYS))
    assert shrinking == still


def test_memory_has_its_own_headroom():
    demand = demand_of(UNIT, kind("m5.2xlarge"), replace(RULES, cpu_headroom_pct=90.0))
    assert demand.memory_gib == pytest.approx(32 * 0.40 * 1.25)


def test_a_type_whose_network_is_nearly_full_does_not_fit():
    full = CATALOG.limits("m5.xlarge").network_baseline_gbps * 1_000
    for share, fits in ((CAP_SHARE - 0.01, True), (CAP_SHARE + 0.01, False)):
        found = tried(replace(UNIT, network_mbps=share * full), "m5.xlarge").obstacles
        assert (not any("network of" in text for text in found)) == fits


def test_a_burstable_type_carries_the_mean_load_of_its_own_size():
    """8 % of eight vCPU are 16 % of four, 21 % are 42 %; a t3.xlarge may have 40 %."""
    for mean, fits in ((8.0, True), (21.0, False)):
        found = tried(replace(UNIT, mean_pct=mean), "t3.xlarge").obstacles
        assert (not any("burst baseline" in text for text in found)) == fits


def test_what_is_saved_is_split_into_scopes_that_add_up():
    saved = saving(UNIT, BEFORE, AFTER, 0.4, 0.2)
    assert saved.scope2_g_per_h + saved.scope3_g_per_h == pytest.approx(
        saved.carbon_g_per_h.central
    )
    assert saved.scope2_g_per_h == 3.0


@pytest.mark.parametrize(
    ("option", "prices", "cash"),
    [
        (None, (0.4, 0.2), 0.1),  # half of the list price is paid
        ("spot", (0.4, 0.2), 0.1),
        ("savings-plan", (0.4, 0.2), 0.0),
        ("savings-plan", (0.2, 0.4), -0.1),  # what costs more is paid whatever was committed
    ],
)
def test_cash_is_what_is_really_paid_less(option, prices, cash):
    saved = saving(replace(UNIT, purchase_option=option), BEFORE, AFTER, *prices)
    assert saved.cash_usd_per_h == pytest.approx(cash)


def test_four_weeks_make_a_size_of_the_same_family_sure():
    found = Option(kind("m5.xlarge"), "size", "LOW", 2.0, 60.0)
    for days, told in ((27, "MEDIUM"), (28, "HIGH")):
        assert confidence(replace(UNIT, history_days=days), found, is_preliminary=False) == told
    assert confidence(UNIT, found, is_preliminary=True) == "LOW"

"""Acceptance vectors of the method for energy, scopes, embodied carbon and uncertainty."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.carbon import embodied, energy, scopes, uncertainty, utilisation
from spectra.carbon.utilisation import utilisation_of
from spectra.catalog import load_catalog

CATALOG = load_catalog()
M5_XLARGE = CATALOG.instance_type("m5.xlarge").type

# type, watts at 0, 10, 50, 100 % by the CCF app; the same by Teads; Teads' embodied g/h (34,560 h).
CROSSCHECK = [
    ("t3.micro", (1.28, 1.946, 4.61, 7.94), (3.4, 5.3, 9.8, 13.0), 0.971),
    ("t3.medium", (1.28, 1.946, 4.61, 7.94), (3.8, 6.0, 11.6, 16.0), 0.971),
    ("m5.large", (3.772, 4.494, 7.382, 10.992), (4.4, 7.0, 14.1, 20.0), 0.971),
    ("m5.xlarge", (7.544, 8.988, 14.764, 21.984), (8.8, 14.0, 28.2, 39.9), 1.942),
    ("c5.2xlarge", (8.501, 11.277, 22.381, 36.261), (19.4, 31.3, 53.1, 71.9), 4.3219),
    ("r5.large", (6.829, 7.523, 10.299, 13.769), (5.6, 8.9, 19.1, 27.9), 1.2923),
    ("m6g.large", (2.486, 2.73, 3.706, 4.926), (3.1, 4.8, 7.7, 10.5), 1.2054),
    ("c6g.xlarge", (1.88, 2.368, 4.32, 6.76), (4.6, 7.3, 12.1, 16.2), 2.0896),
    ("m6i.large", (2.554, 3.106, 5.314, 8.074), (4.6, 7.3, 12.1, 16.2), 0.8086),
    ("p3.2xlarge", (61.179, 90.663, 208.599, 356.019), (57.4, 131.3, 279.3, 379.8), 11.3934),
]
TEADS_GPU_RATIO = {0: 0.1167, 10: 0.3183, 50: 0.7523, 100: 1.0187}


@pytest.mark.parametrize(
    ("name", "cpu_pct", "watts", "tier"),
    [("m5.xlarge", 30, 21.1, "A"), ("m7g.xlarge", 50, 14.27, "C")],
)
def test_vector_1_central_watts(name, cpu_pct, watts, tier):
    estimate = energy.instance_watts(name, cpu_pct=cpu_pct)
    assert (round(estimate.watts, 2), estimate.tier) == (watts, tier)
    assert estimate.low < estimate.watts < estimate.high


def test_vector_1_low_sensitivity_with_the_inputs_it_was_worked_with():
    # The vector uses 0.645 / 4.193 W per vCPU and 9.30 GB; the catalogue follows the cross-check
    # (0.65 / 4.26 and 12.61 GB), where the same formula gives 11.88 W.
    worked = replace(
        M5_XLARGE, ccf_min_w_per_vcpu=0.645, ccf_max_w_per_vcpu=4.193, ccf_extra_memory_gib=9.30
    )
    idle, slope = energy.ccf_line(worked)
    assert idle + slope * 30 == pytest.approx(10.48, abs=0.01)
    assert energy.ccf_watts("m5.xlarge", 30) == pytest.approx(11.88, abs=0.01)


def test_vector_1_two_types_are_compared_by_one_method():
    types = [CATALOG.instance_type(name).type for name in ("m5.xlarge", "m7g.xlarge")]
    method = energy.common_method(*types)
    watts = [energy.interpolate_watts(energy.curve_by(kind, method), 50) for kind in types]
    assert watts == pytest.approx([25.44, 14.27], abs=0.01)
    assert energy.instance_watts("m5.xlarge", 50).watts == pytest.approx(28.2)


def test_vector_2_energy_of_an_instance_hour():
    wh = energy.instance_hour_wh(
        21.1, pue=1.14, storage_it_wh=energy.storage_wh(100), network_it_wh=energy.network_wh(5)
    )
    assert wh == pytest.approx(29.328, abs=0.001)


def test_vector_3_scopes():
    parts = scopes.scopes_of(0.02933, 320, 380, td_share=0.06)
    assert parts.scope2_lb == pytest.approx(9.385, abs=0.001)
    assert parts.fera_upstream == pytest.approx(1.760, abs=0.001)
    assert parts.fera_td == pytest.approx(0.711, abs=0.001)


@pytest.mark.parametrize(
    ("hours", "grams"),
    [(embodied.LIFE_HOURS_CENTRAL, 1.2769), (embodied.LIFE_HOURS_SHORT, 1.9154)],
)
def test_vector_4_embodied(hours, grams):
    assert embodied.embodied_g_per_h(M5_XLARGE, hours) == pytest.approx(grams, abs=2e-4)


def test_vector_5_hours_are_multiplied_before_they_are_summed():
    kwh, intensity = [0.010, 0.010, 0.030, 0.030], [200, 250, 450, 500]
    hourly = sum(scopes.scopes_of(e, i, i).scope2_lb for e, i in zip(kwh, intensity, strict=True))
    averaged = sum(kwh) * sum(intensity) / 4
    assert (hourly, averaged) == (pytest.approx(33.0), pytest.approx(28.0))


def test_vector_6_power_is_averaged_not_load():
    halves = [energy.instance_watts("m5.xlarge", load).watts for load in (0.0, 100.0)]
    assert sum(halves) / 2 == pytest.approx(24.35)
    assert energy.instance_watts("m5.xlarge", 50).watts == pytest.approx(28.2)


def test_vector_7_stopped_instance_keeps_its_volume():
    wh = energy.instance_hour_wh(
        21.1, pue=1.14, running_fraction=0.0, storage_it_wh=energy.storage_wh(100)
    )
    assert wh == pytest.approx(0.2736)


@given(
    kwh=st.floats(0, 1e4),
    direct=st.floats(0, 1500),
    upstream=st.floats(-50, 500),
    hardware=st.floats(0, 1e5),
    mix=st.none() | st.floats(0, 900),
)
def test_vector_8_both_views_have_one_total(kwh, direct, upstream, hardware, mix):
    parts = scopes.scopes_of(
        kwh, direct, direct + upstream if direct + upstream > 0 else 0,
        hardware_g=hardware, residual_mix_g_per_kwh=mix,
    )  # fmt: skip
    customer = parts.customer_view()
    assert customer.total_lb - parts.total_lb == 0
    assert customer.total_mb - parts.total_mb == 0
    assert customer.scope1 == customer.scope2 == 0
    assert parts.scope1 is None
    assert parts.exclusions == ("scope 1", "buildings")


def test_vector_15_spreads_combine():
    sigma, factor = uncertainty.combine_gsd(1.35, 1.05, 1.08)
    assert (sigma, factor) == (pytest.approx(0.3136, abs=1e-4), pytest.approx(1.849, abs=1e-3))


@pytest.mark.parametrize(("name", "ccf", "teads", "embodied_g"), CROSSCHECK)
def test_crosscheck_with_other_tools(name, ccf, teads, embodied_g):
    match = CATALOG.instance_type(name)
    for load, expected_ccf, expected_teads in zip((0, 10, 50, 100), ccf, teads, strict=True):
        assert energy.ccf_watts(name, load, gpu_pct=load) == pytest.approx(expected_ccf, rel=0.01)
        host = energy.interpolate_watts(energy.central_curve(match), load)
        # Teads adds the accelerator at the CPU's load; here it has a load of its own.
        gpu = match.type.gpu_count * 300 * TEADS_GPU_RATIO[load]
        assert host + gpu == pytest.approx(expected_teads, abs=0.2)
    assert embodied.embodied_g_per_h(match.type, 34_560) == pytest.approx(embodied_g, rel=0.01)


def test_crosscheck_table_is_the_shared_one(shared_data):
    table = pd.read_csv(shared_data / "ec2" / "crosscheck.csv").set_index(
        ["instance_type", "metric"]
    )
    for name, ccf, teads, embodied_g in CROSSCHECK:
        rows = table.loc[name]
        loads = ["watts_0", "watts_10", "watts_50", "watts_100"]
        assert tuple(rows.loc[loads, "ccf"]) == ccf
        assert tuple(rows.loc[loads, "teads"]) == teads
        assert rows.loc["embodied_g_per_h", "teads"] == embodied_g


def test_lifecycle_never_stands_for_scope_2_beside_upstream():
    parts = scopes.scopes_of(0.02933, 320, 380)
    doubled = 0.02933 * 380 + parts.fera_upstream
    assert parts.scope2_lb + parts.fera_upstream == pytest.approx(0.02933 * 380)
    assert doubled / (parts.scope2_lb + parts.fera_upstream) == pytest.approx(1.158, abs=1e-3)


def test_losses_are_per_kwh_consumed():
    assert 0.02933 * 380 * scopes.td_factor(0.06) == pytest.approx(0.711, abs=1e-3)
    with pytest.raises(Exception, match="share from 0 to below 1"):
        scopes.td_factor(6.0)


def test_a_direct_factor_above_lifecycle_gives_no_negative_upstream():
    assert scopes.scopes_of(1.0, 400, 380).fera_upstream == 0


def test_market_based_says_what_it_rests_on_and_is_never_added():
    unknown, known = scopes.scopes_of(1, 300, 350), scopes.scopes_of(
        1, 300, 350, residual_mix_g_per_kwh=500
    )  # fmt: skip
    assert (unknown.mb_basis, unknown.scope2_mb) == ("location-based", unknown.scope2_lb)
    assert (known.mb_basis, known.scope2_mb) == ("residual-mix", 500)
    assert known.total_lb == pytest.approx(300 + known.scope3)
    assert known.total_mb == pytest.approx(500 + known.scope3)


def test_metal_is_the_whole_host_and_gpus_count_once():
    metal = CATALOG.instance_type("m5.metal").type
    per_hour = embodied.embodied_g_per_h(metal)
    assert per_hour == pytest.approx(metal.embodied_platform_kg * 1000 / 52_560)
    assert energy.instance_watts("p3.2xlarge", 50, gpu_pct=0).watts == pytest.approx(
        53.6 + 35, abs=0.5
    )
    assert energy.gpu_watts(M5_XLARGE, 100) == 0


def test_unknown_type_is_estimated_never_zero():
    estimate = energy.instance_watts("m9x.large", 30)
    assert estimate.tier == "D"
    assert estimate.watts > 0


@pytest.mark.parametrize(
    ("measured", "own", "peers", "expected"),
    [
        (30.0, [1, 2, 3], [9, 9, 9], (30.0, 1)),
        (0.0, [], [], (0.0, 1)),
        (130.0, [], [], (100.0, 1)),
        (None, [10, 30, 20], [], (20, 2)),
        (float("nan"), [10, 30], [50, 60, 70], (60, 3)),
        (None, [], [50, 60], (50.0, 4)),
    ],
)
def test_utilisation_ladder(measured, own, peers, expected):
    assert tuple(utilisation_of(measured, own, peers)) == expected


def test_sci_needs_functional_units():
    assert embodied.sci_g_per_unit(0.02933, 320, 1.277, 12) == pytest.approx(0.888, abs=1e-3)
    assert embodied.sci_g_per_unit(1, 1, 1, 0) is None


def test_disks_draw_less_than_flash():
    assert energy.storage_wh(1000, "st1") < energy.storage_wh(1000, "gp3")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pue_global", energy.GLOBAL_PUE),
        ("storage_ssd_wh_per_tb_h", energy.SSD_WH_PER_TB_H),
        ("storage_hdd_wh_per_tb_h", energy.HDD_WH_PER_TB_H),
        ("storage_replication_ebs", energy.EBS_REPLICATION),
        ("network_kwh_per_gb", energy.NETWORK_KWH_PER_GB),
        ("memory_w_per_gb", energy.MEMORY_W_PER_GB),
        ("default_cpu_utilisation_pct", utilisation.DEFAULT_CPU_PCT),
        ("default_cpu_utilisation_low_pct", utilisation.DEFAULT_RANGE_PCT[0]),
        ("default_cpu_utilisation_high_pct", utilisation.DEFAULT_RANGE_PCT[1]),
        ("default_gpu_utilisation_pct", utilisation.DEFAULT_GPU_PCT),
        ("default_gpu_utilisation_low_pct", utilisation.DEFAULT_GPU_RANGE_PCT[0]),
        ("default_gpu_utilisation_high_pct", utilisation.DEFAULT_GPU_RANGE_PCT[1]),
        *((f"calibration_{load:.0f}", value)
          for load, value in zip(energy.LOAD_POINTS_PCT, energy.CALIBRATION, strict=True)),
        ("embodied_life_h", embodied.LIFE_HOURS_CENTRAL),
        ("embodied_life_short_h", embodied.LIFE_HOURS_SHORT),
        ("embodied_life_long_h", embodied.LIFE_HOURS_LONG),
        ("td_loss_default_pct", scopes.DEFAULT_TD_SHARE * 100),
    ],
)  # fmt: skip
def test_the_constants_of_the_formulas_are_those_of_the_table(name, value):
    assert CATALOG.coefficient(name) == value

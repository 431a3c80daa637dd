"""The shipped tables are valid, complete and agree with the values of METHOD.md and CASES.md."""

from __future__ import annotations

import time
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from spectra.catalog import Catalog, load_catalog
from spectra.catalog.tables import DATA_DIR, TABLE_NAMES

# CASES.md, "Region mapped to the wrong grid"; the rest follow from the region's country.
ZONE_OF_REGION = {
    "us-east-1": "US-MIDA-PJM",
    "us-east-2": "US-MIDA-PJM",
    "us-west-1": "US-CAL-CISO",
    "us-west-2": "US-NW-PACW",
    "sa-east-1": "BR-CS",
    "ca-central-1": "CA-QC",
    "ca-west-1": "CA-AB",
    "eu-south-1": "IT-NO",
    "eu-south-2": "ES",
    "eu-central-2": "CH",
    "eu-north-1": "SE-SE3",
    "ap-south-1": "IN-WE",
    "ap-south-2": "IN-SO",
    "ap-northeast-1": "JP-TK",
    "ap-northeast-3": "JP-KN",
    "ap-southeast-2": "AU-NSW",
    "ap-southeast-4": "AU-VIC",
    "ap-southeast-5": "MY-WM",
    "ap-southeast-6": "NZ",
    "ap-southeast-7": "TH",
    "me-central-1": "AE",
    "me-south-1": "BH",
    "il-central-1": "IL",
    "mx-central-1": "MX",
    "ap-east-1": "HK",
    "af-south-1": "ZA",
    "ap-east-2": "TW",
    "ap-northeast-2": "KR",
    "ap-southeast-1": "SG",
    "ap-southeast-3": "ID",
    "eu-central-1": "DE",
    "eu-west-1": "IE",
    "eu-west-2": "GB",
    "eu-west-3": "FR",
    "me-west-1": "SA",
    "sa-west-1": "CL-SEN",
}


def test_every_region_draws_from_its_grid(cat: Catalog) -> None:
    assert {region.code: region.zone for region in cat.regions} == ZONE_OF_REGION
    assert len(cat.regions) == 36


def test_every_region_is_sound(cat: Catalog) -> None:
    for region in cat.regions:
        zone = cat.zone(region.zone)
        assert zone is not None
        assert zone.country == region.country
        assert ZoneInfo(region.timezone)
        assert 1.0 < region.pue < 2.5
        assert 0.0 <= region.wue_l_per_kwh < 5.0


def test_pue_says_whether_it_is_regional(cat: Catalog) -> None:
    frankfurt, london, santiago = (
        cat.region(code) for code in ("eu-central-1", "eu-west-2", "sa-west-1")
    )
    assert frankfurt is not None
    assert (frankfurt.pue, frankfurt.pue_basis, frankfurt.pue_is_regional) == (
        1.35,
        "AWS 2024",
        True,
    )
    for region in (london, santiago):
        assert region is not None
        assert (region.pue, region.pue_basis) == (1.14, "AWS global average 2025")
        assert not region.pue_is_regional
    virginia = cat.region("us-east-1")
    assert virginia is not None
    assert virginia.pue == 1.15
    assert virginia.pue_is_regional


def test_other_partitions_and_made_up_codes_are_no_regions(cat: Catalog) -> None:
    for code in ("cn-north-1", "us-gov-west-1", "eu-west-9", ""):
        assert cat.region(code) is None


def test_every_zone_is_plausible(cat: Catalog) -> None:
    assert len(cat.zones) == 352
    for zone in cat.zones:
        assert 15 <= zone.annual_lifecycle_g_per_kwh <= 900
        assert 0 <= zone.annual_direct_g_per_kwh <= zone.annual_lifecycle_g_per_kwh
        assert zone.annual_year in (2024, 2025)
        assert ZoneInfo(zone.timezone)
        assert zone.name
        for share in (zone.low_carbon_pct, zone.renewable_pct):
            assert share is None or 0 <= share <= 100


def test_namibia_is_a_zone_and_not_a_missing_value(cat: Catalog) -> None:
    namibia = cat.zone("NA")
    assert namibia is not None
    assert (namibia.name, namibia.country) == ("Namibia", "NA")
    assert namibia.annual_lifecycle_g_per_kwh == 93
    assert namibia.annual_direct_g_per_kwh == pytest.approx(93 * 10.9 / 43.53, abs=0.05)


def test_retired_or_wrong_zone_names_are_unknown(cat: Catalog) -> None:
    for code in ("AUS-NSW", "NZ-NZN", "GLOBAL", ""):
        assert cat.zone(code) is None


def test_sweden_and_france_are_clean(cat: Catalog) -> None:
    for code in ("SE-SE3", "FR"):
        zone = cat.zone(code)
        assert zone is not None
        assert zone.annual_lifecycle_g_per_kwh < 60


def test_profiles_are_complete_and_marked(cat: Catalog) -> None:
    profiles = cat.profiles
    hosting = {region.zone for region in cat.regions}
    assert set(profiles["zone"]) == {zone.code for zone in cat.zones if zone.has_profile}
    assert set(profiles["zone"]) < hosting
    assert hosting - set(profiles["zone"]) == {"AE", "BH", "CA-AB", "HK", "ID", "MX", "SA", "TH"}
    assert not profiles.isna().any(axis=None)
    scaled = profiles.groupby("zone")["direct_is_scaled"].agg(["min", "max"])
    assert (scaled["min"] == scaled["max"]).all()
    assert scaled["min"].sum() == 14
    assert not scaled.loc["DE", "min"]
    assert scaled.loc["FR", "min"]


def test_scaled_direct_keeps_the_annual_ratio(cat: Catalog) -> None:
    france = cat.profiles.query("zone == 'FR'")
    ratio = france["mean_direct_g_per_kwh"].sum() / france["mean_lifecycle_g_per_kwh"].sum()
    assert ratio == pytest.approx(18.40 / 33.44, rel=0.005)


def test_residuals_belong_to_profiles(cat: Catalog) -> None:
    assert set(cat.residuals["zone"]) == set(cat.profiles["zone"])


def test_frames_are_copies(cat: Catalog) -> None:
    profiles, residuals = cat.profiles, cat.residuals
    profiles["mean_direct_g_per_kwh"] = 0.0
    residuals["daily_residual_sd"] = 0.0
    assert (cat.profiles["mean_direct_g_per_kwh"] > 0).all()
    assert (cat.residuals["daily_residual_sd"] > 0).all()


def test_price_of_a_type_that_is_offered(cat: Catalog) -> None:
    price = cat.price("m5.large", "us-east-1")
    assert price is not None
    assert price.usd_per_hour == 0.096
    assert price.as_of == date(2026, 7, 20)
    assert price.source == "karpenter@1d92708"
    assert cat.price(" M5.Large ", "us-east-1") == price


def test_price_is_none_where_it_is_not_known(cat: Catalog) -> None:
    assert cat.price("p4d.24xlarge", "eu-north-1") is None
    assert cat.price("m9x.large", "us-east-1") is None
    assert cat.price("m5.large", "us-gov-west-1") is None
    assert cat.price("m5.large", "sa-west-1") is None


def test_td_loss_ladder(cat: Catalog) -> None:
    germany, singapore = cat.td_loss("DE"), cat.td_loss("SG")
    assert (germany.share, germany.tier) == (pytest.approx(0.0465), "A")
    assert (singapore.share, singapore.tier) == (pytest.approx(0.02), "F")
    for doubtful, share in (("MY", 0.069), ("SA", 0.0875), ("TW", 0.06), ("XX", 0.06)):
        loss = cat.td_loss(doubtful)
        assert (loss.share, loss.tier) == (pytest.approx(share), "F")


def test_coefficients_of_the_method(cat: Catalog) -> None:
    expected = {
        "pue_global": 1.14,
        "storage_ssd_wh_per_tb_h": 1.2,
        "storage_hdd_wh_per_tb_h": 0.65,
        "storage_replication_ebs": 2,
        "network_kwh_per_gb": 0.001,
        "memory_w_per_gb": 0.392,
        "calibration_0": 1.27,
        "calibration_10": 1.80,
        "calibration_50": 1.92,
        "calibration_100": 1.91,
        "embodied_life_h": 6 * 8760,
        "embodied_life_short_h": 4 * 8760,
        "embodied_life_long_h": 7 * 8760,
        "td_loss_default_pct": 6,
    }
    assert {name: cat.coefficient(name) for name in expected} == expected
    assert all(constant.unit and constant.source for constant in cat.coefficients)


def test_an_unknown_coefficient_is_a_mistake(cat: Catalog) -> None:
    with pytest.raises(KeyError):
        cat.coefficient("no_such_constant")


def test_ebs_prices_cover_every_volume_type(cat: Catalog) -> None:
    for kind in ("gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"):
        price = cat.ebs_price_usd_per_gb_month(kind)
        assert price is not None
        assert 0 < price < 0.2
    assert cat.ebs_price_usd_per_gb_month("gp9") is None


def test_limits_say_what_a_type_can_keep_up(cat: Catalog) -> None:
    limits = cat.limits("M5.xlarge ")
    assert limits is not None
    assert (limits.network_baseline_gbps, limits.ebs_baseline_mbps) == (1.25, 1150)
    assert (limits.hypervisor, limits.instance_storage_gb) == ("nitro", 0)
    assert cat.limits("t2.micro").ebs_baseline_mbps is None
    assert cat.limits("m9x.large") is None


def test_every_burstable_type_has_a_baseline_and_no_other(cat: Catalog) -> None:
    for kind in cat.instance_types:
        if cat.limits(kind.name) is not None:
            assert (cat.burst_baseline_pct(kind.name) is not None) == kind.burstable, kind.name
    assert [cat.burst_baseline_pct(t) for t in ("t3.medium", "t2.2xlarge", "t4g.xlarge")] == [
        20, 17, 40,
    ]  # fmt: skip


def test_tables_are_of_modest_size_and_documented() -> None:
    readme = (DATA_DIR / "README.md").read_text(encoding="utf-8")
    for name in TABLE_NAMES:
        assert (DATA_DIR / name).stat().st_size < 1_500_000
        assert name in readme
    assert (DATA_DIR / "zone_profiles.csv").stat().st_size < 800_000


def test_loading_is_cached_and_fast(cat: Catalog) -> None:
    assert load_catalog() is cat
    start = time.perf_counter()
    load_catalog(DATA_DIR)
    # About 0.15 s alone; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 1.5

"""A damaged table stops the load with one error that names file, line and value."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spectra.catalog import load_catalog
from spectra.catalog.tables import TABLE_NAMES
from spectra.errors import CatalogError


def set_cell(path: Path, key: str, column: str, value: str) -> int:
    """Overwrite one cell of the row whose line starts with ``key``; return its line number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    position = lines[0].split(",").index(column)
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith(f"{key},"))
    cells = lines[number - 1].split(",")
    cells[position] = value
    lines[number - 1] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number


DAMAGE = [
    ("zones.csv", "SE-SE3", "annual_lifecycle_g_per_kwh", "9000", "outside 0 to 1500 g/kWh"),
    ("zones.csv", "SE-SE3", "annual_lifecycle_g_per_kwh", "000009", "leading zeros"),
    ("zones.csv", "SE-SE3", "annual_direct_g_per_kwh", "-1", "outside 0 to 1500 g/kWh"),
    ("zones.csv", "SE-SE3", "annual_direct_g_per_kwh", "400", "more than the lifecycle factor"),
    ("zones.csv", "DE", "annual_lifecycle_g_per_kwh", "", "empty but required"),
    ("zones.csv", "DE", "annual_lifecycle_g_per_kwh", "342 g", "not a number"),
    ("zones.csv", "DE", "annual_lifecycle_g_per_kwh", "inf", "not a number"),
    ("zones.csv", "DE", "annual_lifecycle_g_per_kwh", "nan", "not a number"),
    ("zones.csv", "DE", "timezone", "Europe/Berlln", "unknown timezone"),
    ("zones.csv", "DE", "low_carbon_pct", "101", "outside 0 to 100 %"),
    ("zones.csv", "DE", "annual_year", "2025.5", "not a whole number"),
    ("regions.csv", "eu-north-1", "zone", "SE-SE9", "an unknown zone"),
    ("regions.csv", "eu-north-1", "timezone", "../etc/passwd", "unknown timezone"),
    ("regions.csv", "eu-north-1", "pue", "0.9", "outside 1 to 2.5"),
    ("regions.csv", "eu-north-1", "pue", "11", "outside 1 to 2.5"),
    ("regions.csv", "eu-north-1", "lat", "95", "outside -90 to 90 degrees"),
    ("regions.csv", "eu-north-1", "lon", "181", "outside -180 to 180 degrees"),
    ("regions.csv", "eu-north-1", "pue_is_regional", "yes", "not True or False"),
    ("regions.csv", "eu-north-1", "zone_basis", "guessed", "not one of published, inferred"),
    ("instance_types.csv", "m5.large", "teads_50_w", "5", "must not fall with load"),
    ("instance_types.csv", "m5.large", "uniform_100_w", "1", "must not fall with load"),
    ("instance_types.csv", "m5.large", "uniform_0_w", "0", "outside above 0 W"),
    ("instance_types.csv", "m5.large", "vcpu", "0", "outside above 0 vCPU"),
    ("instance_types.csv", "m5.large", "vcpu", "97", "more than platform_vcpu"),
    ("instance_types.csv", "m5.large", "embodied_platform_kg", "-5", "outside above 0 kgCO2e"),
    ("instance_types.csv", "m5.large", "family", "m6", "not the first part of the name"),
    ("instance_types.csv", "m5.large", "gpu_model", "T4", "at odds with gpu_count"),
    ("instance_types.csv", "p3.2xlarge", "gpu_max_w", "20", "does not exceed gpu_idle_w"),
    ("prices.csv", "m5.large,us-east-1", "usd_per_hour", "0", "outside above 0 USD/h"),
    ("prices.csv", "m5.large,us-east-1", "as_of", "20.07.2026", "not a date"),
    ("prices.csv", "m5.large,us-east-1", "region", "eu-west-9", "an unknown region"),
    ("prices.csv", "m5.large,us-east-1", "instance_type", "m9x.large", "an unknown instance_type"),
    ("instance_limits.csv", "m5.large", "network_baseline_gbps", "0", "outside above 0 Gbit/s"),
    ("instance_limits.csv", "m5.large", "burst_baseline_pct", "20", "type that is not burstable"),
    ("td_losses.csv", "DE", "td_loss_pct", "465", "outside above 0 and at most 50 %"),
    ("td_losses.csv", "DE", "tier", "Z", "not one of A, F"),
    ("coefficients.csv", "pue_global", "value", "0", "outside above 0"),
    ("ebs_prices.csv", "gp3", "usd_per_gb_month", "-0.08", "outside above 0 USD/GB-month"),
    ("zone_residuals.csv", "DE", "hourly_residual_lag1", "1.5", "outside -1 to 1"),
    ("zone_residuals.csv", "DE", "zone", "XX", "an unknown zone"),
]


@pytest.mark.parametrize(("file", "key", "column", "value", "why"), DAMAGE)
def test_bad_cell(
    data_copy: Path, *, file: str, key: str, column: str, value: str, why: str
) -> None:
    line = set_cell(data_copy / file, key, column, value)
    with pytest.raises(CatalogError) as caught:
        load_catalog(data_copy)
    assert caught.value.message.startswith(f"{file} line {line}: ")
    assert value in caught.value.message
    assert why in caught.value.message
    assert caught.value.next_step


def test_a_clean_grid_written_plainly_is_accepted(data_copy: Path) -> None:
    set_cell(data_copy / "zones.csv", "SE-SE3", "annual_lifecycle_g_per_kwh", "9")
    zone = load_catalog(data_copy).zone("SE-SE3")
    assert zone is not None
    assert zone.annual_lifecycle_g_per_kwh == 9


def test_an_unknown_share_is_none(data_copy: Path) -> None:
    set_cell(data_copy / "zones.csv", "DE", "renewable_pct", "")
    zone = load_catalog(data_copy).zone("DE")
    assert zone is not None
    assert zone.renewable_pct is None


def test_a_half_given_teads_curve_is_refused(data_copy: Path) -> None:
    line = set_cell(data_copy / "instance_types.csv", "m5.large", "teads_100_w", "")
    with pytest.raises(CatalogError, match=rf"instance_types.csv line {line}: .*four Teads points"):
        load_catalog(data_copy)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("zones.csv", "DE"),
        ("regions.csv", "eu-north-1"),
        ("instance_types.csv", "m5.large"),
        ("prices.csv", "m5.large,us-east-1"),
        ("coefficients.csv", "pue_global"),
    ],
)
def test_duplicate_key(data_copy: Path, file: str, key: str) -> None:
    path = data_copy / file
    content = path.read_text(encoding="utf-8")
    row = next(line for line in content.splitlines() if line.startswith(f"{key},"))
    path.write_text(f"{content}{row}\n", encoding="utf-8")
    line = len(content.splitlines()) + 1
    with pytest.raises(CatalogError, match=rf"{re.escape(file)} line {line}: .*repeats the key"):
        load_catalog(data_copy)


@pytest.mark.parametrize("file", [name for name in TABLE_NAMES if name != "zone_profiles.csv"])
@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text.replace(text.split(",", 1)[0], "other", 1), "lacks column"),
        (lambda text: text.splitlines()[0] + "\n", "has no rows"),
        (lambda text: "", "cannot be read"),
        (lambda text: text + "a,b,c,d" * 40 + "\n", "cannot be read"),
    ],
    ids=["column", "rows", "empty", "ragged"],
)
def test_damaged_file(data_copy: Path, file: str, damage: Callable[[str], str], why: str) -> None:
    path = data_copy / file
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CatalogError, match=rf"{re.escape(file)} {why}"):
        load_catalog(data_copy)


def test_blank_line_is_named(data_copy: Path) -> None:
    path = data_copy / "regions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:5], "", *lines[5:]]) + "\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"regions\.csv line 6: region is .*empty"):
        load_catalog(data_copy)


@pytest.mark.parametrize("file", TABLE_NAMES)
def test_absent_file(data_copy: Path, file: str) -> None:
    (data_copy / file).unlink()
    with pytest.raises(CatalogError, match=re.escape(file)):
        load_catalog(data_copy)


def test_not_utf8(data_copy: Path) -> None:
    (data_copy / "regions.csv").write_bytes(b"region,name\n\xff\xfe,x\n")
    with pytest.raises(CatalogError, match=r"regions\.csv cannot be read"):
        load_catalog(data_copy)


def test_profiles_are_checked_when_first_read(data_copy: Path) -> None:
    line = set_cell(
        data_copy / "zone_profiles.csv", "DE,7,weekday,12", "mean_lifecycle_g_per_kwh", "3000"
    )
    damaged = load_catalog(data_copy)
    with pytest.raises(CatalogError, match=rf"zone_profiles\.csv line {line}: .* is 3000"):
        _ = damaged.profiles


def test_an_hour_missing_from_a_profile_is_refused(data_copy: Path) -> None:
    path = data_copy / "zone_profiles.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("DE,7,weekday,12,")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"zone is DE, whose profile is not 576 hours"):
        _ = load_catalog(data_copy).profiles


def test_fingerprint_follows_content_and_not_line_ends(data_copy: Path) -> None:
    before = load_catalog(data_copy).fingerprint
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert before == load_catalog().fingerprint
    path = data_copy / "regions.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_catalog(data_copy).fingerprint == before
    set_cell(path, "eu-north-1", "pue", "1.11")
    assert load_catalog(data_copy).fingerprint != before

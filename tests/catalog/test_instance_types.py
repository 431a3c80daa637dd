"""Every instance type is sound, and a name that is not listed still gets an honest estimate."""

from __future__ import annotations

import csv
import itertools
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.catalog import Catalog, InstanceType, load_catalog
from spectra.catalog.lookup import VCPU_BY_SIZE, size_vcpu

# The CCF column of the cross-check: watts at 0, 10, 50 and 100 % for ten types.
CCF_WATTS = {
    "t3.micro": (1.28, 1.946, 4.61, 7.94),
    "t3.medium": (1.28, 1.946, 4.61, 7.94),
    "m5.large": (3.772, 4.494, 7.382, 10.992),
    "m5.xlarge": (7.544, 8.988, 14.764, 21.984),
    "c5.2xlarge": (8.501, 11.277, 22.381, 36.261),
    "r5.large": (6.829, 7.523, 10.299, 13.769),
    "m6g.large": (2.486, 2.73, 3.706, 4.926),
    "c6g.xlarge": (1.88, 2.368, 4.32, 6.76),
    "m6i.large": (2.554, 3.106, 5.314, 8.074),
    "p3.2xlarge": (61.179, 90.663, 208.599, 356.019),
}


def ccf_watts(kind: InstanceType, load: float, memory_w_per_gb: float) -> float:
    """CCF's linear model with GPU and extra memory [W]."""
    span = kind.ccf_max_w_per_vcpu - kind.ccf_min_w_per_vcpu
    gpu = kind.gpu_idle_w + load * (kind.gpu_max_w - kind.gpu_idle_w)
    host = kind.vcpu * (kind.ccf_min_w_per_vcpu + load * span)
    return host + kind.gpu_count * gpu + kind.ccf_extra_memory_gib * memory_w_per_gb


def test_every_type_is_sound(cat: Catalog) -> None:
    assert len(cat.instance_types) == 1431
    for kind in cat.instance_types:
        for curve in filter(None, (kind.teads, kind.uniform)):
            assert curve.idle_w > 0
            assert all(low <= high for low, high in itertools.pairwise(curve.watts))
        assert 0 < kind.vcpu <= kind.platform_vcpu
        assert kind.embodied_platform_kg >= 1000
        assert 0 < kind.ccf_min_w_per_vcpu < kind.ccf_max_w_per_vcpu < 10
        assert (kind.gpu_model is not None) == (kind.gpu_count > 0) == (kind.gpu_max_w > 0)


def test_method_vector_1(cat: Catalog) -> None:
    m5, m7g = cat.instance_type("m5.xlarge"), cat.instance_type("m7g.xlarge")
    assert (m5.tier, m7g.tier) == ("A", "C")
    assert m5.type.teads is not None
    assert m5.type.teads.watts == (8.8, 14.0, 28.2, 39.9)
    assert m7g.type.teads is None
    calibration = cat.coefficient("calibration_50")
    assert m7g.type.uniform.at_50_w * calibration == pytest.approx(14.27, abs=0.01)
    assert m5.type.uniform.at_50_w * calibration == pytest.approx(25.44, abs=0.01)


def test_embodied_of_method_section_3(cat: Catalog) -> None:
    kind = cat.instance_type("m5.xlarge").type
    share_kg = kind.embodied_platform_kg * kind.vcpu / kind.platform_vcpu
    per_hour_g = 1000 * share_kg / cat.coefficient("embodied_life_h")
    assert per_hour_g == pytest.approx(1.2769, abs=0.0002)


@pytest.mark.parametrize("name", CCF_WATTS)
def test_ccf_column_of_the_crosscheck(cat: Catalog, name: str) -> None:
    kind = cat.instance_type(name).type
    memory_w_per_gb = cat.coefficient("memory_w_per_gb")
    for load, expected in zip((0.0, 0.1, 0.5, 1.0), CCF_WATTS[name], strict=True):
        assert ccf_watts(kind, load, memory_w_per_gb) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("name", "low", "high", "extra_gib"),
    [
        ("t3.micro", 0.64, 3.97, 0.0),
        ("m5.large", 0.65, 4.26, 6.3058),
        ("c5.2xlarge", 0.645, 4.115, 8.5233),
        ("r5.large", 0.645, 4.115, 14.1308),
        ("m6g.large", 0.47, 1.69, 3.9444),
        ("c6g.xlarge", 0.47, 1.69, 0.0),
        ("m6i.large", 0.74, 3.5, 2.7392),
        ("p3.2xlarge", 0.71, 3.69, 52.2938),
    ],
)
def test_ccf_inputs(cat: Catalog, name: str, low: float, high: float, extra_gib: float) -> None:
    kind = cat.instance_type(name).type
    assert kind.ccf_min_w_per_vcpu == pytest.approx(low)
    assert kind.ccf_max_w_per_vcpu == pytest.approx(high)
    assert kind.ccf_extra_memory_gib == pytest.approx(extra_gib, abs=0.002)


def test_gpu_is_split_off_the_host(cat: Catalog) -> None:
    kind = cat.instance_type("p3.2xlarge").type
    assert (kind.gpu_model, kind.gpu_count, kind.gpu_idle_w, kind.gpu_max_w) == ("V100", 1, 35, 306)
    assert kind.teads is not None
    assert kind.teads.at_50_w == pytest.approx(53.6, abs=0.3)


@pytest.mark.parametrize(
    ("name", "tdp_w"), [("g6.xlarge", 72), ("g6e.xlarge", 350), ("p5.48xlarge", 700)]
)
def test_gpu_that_ccf_does_not_list_follows_its_tdp(cat: Catalog, name: str, tdp_w: float) -> None:
    kind = cat.instance_type(name).type
    assert kind.gpu_idle_w == pytest.approx(0.12 * tdp_w, abs=0.01)
    assert kind.gpu_max_w == pytest.approx(1.02 * tdp_w, abs=0.01)


def test_gpu_and_host_add_up_to_the_source(cat: Catalog, shared_ec2: Path) -> None:
    ratios = [cat.coefficient(f"teads_tdp_ratio_{load}") for load in (0, 10, 50, 100)]
    with (shared_ec2 / "instance_types.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if float(row["gpu_count"]) > 0]
    assert len(rows) == 80
    for row in rows:
        kind = cat.instance_type(row["instance_type"]).type
        source = [float(row[f"uniform_watts_{load}"]) for load in ("idle", "10", "50", "100")]
        gpu_w = [whole - host for whole, host in zip(source, kind.uniform.watts, strict=True)]
        tdp_w = [w / kind.gpu_count / ratio for w, ratio in zip(gpu_w, ratios, strict=True)]
        assert max(tdp_w) == pytest.approx(min(tdp_w), rel=0.005)


@pytest.mark.parametrize("name", ["M5.XLARGE", "  m5.xlarge\n"])
def test_case_and_spaces_do_not_matter(cat: Catalog, name: str) -> None:
    assert cat.instance_type(name) == cat.instance_type("m5.xlarge")


def test_unlisted_size_is_scaled_from_the_nearest(cat: Catalog) -> None:
    match, base = cat.instance_type("m5.3xlarge"), cat.instance_type("m5.2xlarge").type
    assert match.tier == "D"
    assert "scaled by vCPU" in match.basis
    assert (match.type.name, match.type.vcpu) == ("m5.3xlarge", 12)
    assert match.type.teads is not None
    per_vcpu_w = match.type.teads.at_50_w / 12
    assert base.teads is not None
    assert per_vcpu_w == pytest.approx(base.teads.at_50_w / 8, rel=0.01)
    assert match.type.embodied_platform_kg == base.embodied_platform_kg


def test_more_than_one_server_is_several_servers(cat: Catalog) -> None:
    kind, server = cat.instance_type("m5.48xlarge").type, cat.instance_type("m5.24xlarge").type
    assert kind.vcpu == kind.platform_vcpu == 192
    assert kind.embodied_platform_kg == pytest.approx(2 * server.embodied_platform_kg)


def test_unlisted_metal_is_the_whole_platform(cat: Catalog) -> None:
    kind = cat.instance_type("p3.metal").type
    assert kind.bare_metal
    assert kind.vcpu == kind.platform_vcpu == 72
    assert kind.gpu_count > 0


def test_unlisted_family_gets_the_averages(cat: Catalog) -> None:
    match = cat.instance_type("m9x.large")
    assert match.tier == "D"
    assert "m9x not listed" in match.basis
    assert match.type.vcpu == 2
    assert match.type.memory_gib == 8
    assert match.type.uniform.watts == pytest.approx((1.48, 2.032, 4.24, 7.0))
    assert 15 < match.type.embodied_platform_kg / match.type.platform_vcpu < 30


@pytest.mark.parametrize("name", ["", "??", "m5", "db.m5.large", "m5.huge", "m5.0xlarge", "m5."])
def test_name_that_is_not_understood_counts_as_xlarge(cat: Catalog, name: str) -> None:
    match = cat.instance_type(name)
    assert match.tier == "D"
    assert "not understood" in match.basis
    assert match.type.vcpu == 4


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[a-z]{1,3}\d[a-z]{0,3}\.\d{0,4}x?large")))
def test_any_name_gives_a_type_and_never_zero(name: str) -> None:
    kind = load_catalog().instance_type(name).type
    assert 0 < kind.vcpu <= kind.platform_vcpu
    assert kind.memory_gib > 0
    assert kind.embodied_platform_kg > 0
    assert kind.uniform.idle_w > 0
    assert all(low <= high for low, high in itertools.pairwise(kind.uniform.watts))


def test_size_names_follow_the_catalogue(cat: Catalog) -> None:
    counts: dict[str, list[int]] = defaultdict(list)
    for kind in cat.instance_types:
        counts[kind.name.partition(".")[2]].append(kind.vcpu)
    assert VCPU_BY_SIZE["metal"] == median(counts.pop("metal"))
    for size, vcpus in counts.items():
        assert size_vcpu(size) == Counter(vcpus).most_common(1)[0][0]


def test_burstable_and_accelerator_series_are_not_mixed_up(cat: Catalog) -> None:
    assert cat.instance_type("t9.medium").type.burstable
    assert not cat.instance_type("trn9.2xlarge").type.burstable

"""Methods and factors that a report was computed with: version, source, licence, SHA-256, id."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from spectra import METHOD_VERSION, __version__
from spectra.carbon.energy import GPUS_MEASURED, HDD_VOLUME_TYPES
from spectra.carbon.scopes import DEFAULT_TD_SHARE
from spectra.catalog.disclosures import DATAPOINTS_FILE
from spectra.reporting.evidence import Evidence
from spectra.reporting.model import Factor

OURS = "this software"


def factors_of(e: Evidence) -> tuple[Factor, ...]:
    """Groups first, then each table with its source, then each factor in use."""
    return (*_groups(e), *_sources(e), *_regions(e), *_types(e), *_grids(e))


def _groups(e: Evidence) -> Iterator[Factor]:
    """What the figures name as their factors."""
    m = e.method
    hashes = e.catalog.file_hashes
    power = f"{m.power_model} curves" if m.power_model == "measured" else "linear model of CCF"
    yield Factor("method", "Method of computation", METHOD_VERSION, f"SPECTRA {__version__}", OURS)
    yield Factor("power", f"Power of machines: {power}", METHOD_VERSION, "instance_types.csv",
                 "see sources", hashes["instance_types.csv"])  # fmt: skip
    yield Factor("pue", f"PUE: {m.pue_source}", "AWS 2024, global 2025", "regions.csv",
                 "see sources", hashes["regions.csv"])  # fmt: skip
    used = ", ".join(sorted(set(e.grids["source"]))) or "none"
    yield Factor("grid", "Hourly grid intensity, flow-traced: direct, and lifecycle for upstream",
                 METHOD_VERSION, used, "see sources")  # fmt: skip
    yield Factor("losses", "Grid losses L/(1−L)", METHOD_VERSION, "td_losses.csv", "see sources",
                 hashes["td_losses.csv"], DEFAULT_TD_SHARE, "L of others")  # fmt: skip
    yield Factor("embodied", "Hardware: cradle to gate, by vCPU and running hour", METHOD_VERSION,
                 "instance_types.csv", "see sources", hashes["instance_types.csv"],
                 m.embodied_years, "years of service")  # fmt: skip
    versions = ", ".join(sorted(set(e.within(e.provider)["model_version"]))) or "none"
    yield Factor("market", "Market-based scope 2 and scope 1 of AWS", versions,
                 "AWS sustainability service or export", "the customer's own")  # fmt: skip


def _sources(e: Evidence) -> Iterator[Factor]:
    hashes = {**e.catalog.file_hashes, **e.catalog.disclosure_hashes}
    for s in e.catalog.factor_sources:
        licence = s.licence if s.is_confirmed else f"{s.licence}, to be confirmed"
        yield Factor(f"source:{s.id}", f"{s.name} ({s.file})", s.version, s.source, licence,
                     hashes[s.file])  # fmt: skip
    yield Factor("source:datapoints", f"Disclosure datapoints ({DATAPOINTS_FILE})", METHOD_VERSION,
                 "METHOD 10", OURS, hashes[DATAPOINTS_FILE])  # fmt: skip


def _regions(e: Evidence) -> Iterator[Factor]:
    told = set()
    for r in e.factors["regions"].to_dict("records"):
        region = e.catalog.region(r["region"])
        basis = region.pue_basis if region and r["pue_is_regional"] else "AWS global average 2025"
        yield Factor(f"pue:{r['region']}", f"PUE of {r['region']}", basis, "regions.csv",
                     "see source:aws-pue", "", float(r["pue"]), "ratio")  # fmt: skip
        if r["country"] not in told:
            told.add(r["country"])
            tier = e.catalog.td_loss(r["country"]).tier
            yield Factor(f"losses:{r['country']}", f"L/(1−L) of {r['country']}", f"tier {tier}",
                         "td_losses.csv", "see source:world-bank-losses", "",
                         float(r["td_factor"]), "kWh/kWh")  # fmt: skip


def _types(e: Evidence) -> Iterator[Factor]:
    for r in e.factors["types"].to_dict("records"):
        yield Factor(f"type:{r['instance_type']}", f"{r['instance_type']} at 50 % CPU",
                     f"tier {r['power_tier']}", r["basis"], "see source:teads-types", "",
                     float(r["watts_at_50"]), "W")  # fmt: skip
        if r["gpu_max_watts"]:
            yield from _accelerators(e, r)
    for kind in sorted(set(e.bands.loc[e.bands["service"] == "Amazon EBS", "resource_type"])):
        disk = "hdd" if kind in HDD_VOLUME_TYPES else "ssd"
        name = f"storage_{disk}_wh_per_tb_h"
        yield Factor(f"volume:{kind}", f"{kind} volumes, each of their two copies", "b7a049c",
                     "Cloud Carbon Footprint", "Apache-2.0", "", e.catalog.coefficient(name),
                     "Wh/TB-h")  # fmt: skip


def _accelerators(e: Evidence, r: dict[Hashable, Any]) -> Iterator[Factor]:
    """Idle and full watts of all accelerators of a type, which come on top of its curve."""
    name = str(r["instance_type"])
    model = e.catalog.instance_type(name).type.gpu_model
    is_listed = model in GPUS_MEASURED
    basis = "Cloud Carbon Footprint, Appendix III" if is_listed else "0.12 and 1.02 times its TDP"
    licence = "Apache-2.0" if is_listed else OURS
    version = "" if is_listed else "tier D"
    for load, column in (("idle", "gpu_idle_watts"), ("full load", "gpu_max_watts")):
        yield Factor(f"gpu:{name}:{load.partition(' ')[0]}", f"{model} of {name}, {load}", version,
                     basis, licence, "", float(r[column]), "W")  # fmt: skip


def _grids(e: Evidence) -> Iterator[Factor]:
    for zone, rows in e.grids.groupby("zone"):
        mean = float((rows["direct_g_per_kwh"] * rows["hours"]).sum() / rows["hours"].sum())
        sources = ", ".join(sorted(set(rows["source"])))
        tiers = ", ".join(sorted(set(rows["tier"])))
        yield Factor(f"grid:{zone}", f"Mean direct intensity of {zone} in the period",
                     f"tiers {tiers}", sources, "see sources", "", mean, "gCO2e/kWh")  # fmt: skip

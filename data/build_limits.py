"""One-off script that made `instance_limits.csv`; kept for provenance.

Run as ``python data/build_limits.py`` after `build_tables.py`, with the packages for tests: one of
them happens to carry the facts. The dashboard never runs it.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pandas as pd
from build_tables import OUT, read, write

# CPU per vCPU that a burstable size sustains without credits, as AWS documents it; later
# families are like t3.
BURST_BASELINE_PCT = {"nano": 5, "micro": 10, "small": 20, "medium": 20, "large": 30,
                      "xlarge": 40, "2xlarge": 40}  # fmt: skip
T2_BASELINE_PCT = BURST_BASELINE_PCT | {"xlarge": 22.5, "2xlarge": 17}


def burst_baseline_pct(name: str, burstable: bool) -> float | None:
    """CPU per vCPU that a type sustains without credits; None where it is not burstable."""
    family, _, size = name.partition(".")
    baselines = T2_BASELINE_PCT if family == "t2" else BURST_BASELINE_PCT
    return baselines.get(size) if burstable else None


def limits_row(facts: dict) -> dict:
    """One row of instance_limits.csv from what DescribeInstanceTypes says of a type."""
    network, ebs = facts["NetworkInfo"], facts.get("EbsInfo", {})
    optimized = ebs.get("EbsOptimizedInfo", {})
    cards = network.get("NetworkCards", [])
    baselines = [card.get("BaselineBandwidthInGbps") for card in cards]
    storage = facts.get("InstanceStorageInfo", {}).get("TotalSizeInGB")
    return {
        "instance_type": facts["InstanceType"],
        "hypervisor": facts.get("Hypervisor", ""),
        "network_baseline_gbps": sum(baselines) if cards and None not in baselines else None,
        "ebs_baseline_mbps": optimized.get("BaselineBandwidthInMbps"),
        "ena_support": network.get("EnaSupport", ""),
        "instance_storage_gb": storage if facts["InstanceStorageSupported"] else 0,
        "burst_baseline_pct": burst_baseline_pct(
            facts["InstanceType"], facts["BurstablePerformanceSupported"]
        ),
    }


def build_limits() -> None:
    """Write instance_limits.csv from the description of all types that moto ships."""
    path = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    with gzip.open(path) as file:
        described = json.load(file)
    known = set(read(OUT / "instance_types.csv")["instance_type"])
    rows = [limits_row(described[name]) for name in sorted(known & set(described))]
    write(pd.DataFrame(rows), "instance_limits.csv")


if __name__ == "__main__":
    build_limits()

"""What EBS volumes sustain by their size, and what gp3 charges beyond what it includes.

References
----------
AWS documentation, "Amazon EBS General Purpose SSD volumes". Prices of us-east-1 are from general
knowledge of AWS's public price list, to be confirmed.
"""

from __future__ import annotations

GP3_IOPS, GP3_MIB_PER_S = 3_000, 125
MOST_GP3_IOPS, MOST_GP3_MIB_PER_S = 16_000, 1_000
USD_PER_IOPS_MONTH, USD_PER_MIB_PER_S_MONTH = 0.005, 0.04


def gp2_sustains(size_gib: float) -> tuple[int, int]:
    """What a gp2 volume of a size [GiB] gives without burst credits: [1/s] and [MiB/s].

    3 IOPS a GiB, 100 to 16,000, in parts of 256 KiB up to 250 MiB/s.
    """
    iops = round(min(max(3 * size_gib, 100), 16_000))
    return iops, min(-(-iops // 4), 250)


def gp3_like_gp2(size_gib: float) -> tuple[int, int]:
    """What a gp3 volume must have to give no less: IOPS [1/s] and throughput [MiB/s]."""
    iops, mib_per_s = gp2_sustains(size_gib)
    return max(iops, GP3_IOPS), max(mib_per_s, GP3_MIB_PER_S)


def gp3_like_provisioned(iops: int) -> tuple[int, int]:
    """The same after an io1 or io2 volume of so many IOPS, each of which moves 256 KiB at most."""
    mib_per_s = min(max(-(-iops // 4), GP3_MIB_PER_S), MOST_GP3_MIB_PER_S)
    return max(iops, GP3_IOPS), mib_per_s


def gp3_like_gp2_usd_per_month(size_gib: float) -> float:
    """What that costs besides the storage [USD/month]."""
    iops, mib_per_s = gp3_like_gp2(size_gib)
    return (iops - GP3_IOPS) * USD_PER_IOPS_MONTH + (
        mib_per_s - GP3_MIB_PER_S
    ) * USD_PER_MIB_PER_S_MONTH

"""What a gp3 volume has to be asked for, so that it gives no less than the volume before it."""

from __future__ import annotations

from spectra.actions.plan import Target
from spectra.catalog.volumes import (
    GP3_IOPS,
    GP3_MIB_PER_S,
    MOST_GP3_IOPS,
    gp2_sustains,
    gp3_like_gp2,
    gp3_like_provisioned,
)
from spectra.errors import InputError

KEPT = ("gp2", "io1", "io2")
_OWN = f"{GP3_IOPS:,} IOPS and {GP3_MIB_PER_S} MiB/s"


def asked_for(target: Target, iops: int | None) -> tuple[int | None, int | None, str]:
    """IOPS [1/s] and throughput [MiB/s] to ask for, None where gp3's own are enough, and in words.

    Parameters
    ----------
    iops : int or None
        What an io1 or io2 volume is provisioned with; None for what the target says.

    Raises
    ------
    InputError
        If that is not known, or more than gp3 gives.
    """
    if target.type == "gp2":
        return _like_gp2(target.size_gib)
    known = iops if iops is not None else target.iops
    if known is None:
        raise InputError(
            f"How many IOPS {target.label} is provisioned with is not known.",
            next_step="State them: gp3 must give no less.",
        )
    if known > MOST_GP3_IOPS:
        raise InputError(
            f"{target.label} is provisioned with {known:,} IOPS, and gp3 gives at most "
            f"{MOST_GP3_IOPS:,}.",
            next_step=f"Leave it {target.type}.",
        )
    wanted, speed = gp3_like_provisioned(known)
    return *_beyond(wanted, speed), (
        f"As {target.type} it is provisioned with {known:,} IOPS, as gp3 it gets {wanted:,} and "
        f"{speed} MiB/s; what is above {_OWN} is charged on top."
    )


def _like_gp2(size_gib: int | None) -> tuple[int | None, int | None, str]:
    if size_gib is None:
        return None, None, f"Its size is not known, so it gets gp3's {_OWN}: compare them with now."
    now, (iops, speed) = gp2_sustains(size_gib), gp3_like_gp2(size_gib)
    return *_beyond(iops, speed), (
        f"As gp2 it sustains {now[0]:,} IOPS and {now[1]} MiB/s, as gp3 it gets {iops:,} and "
        f"{speed}; what is above {_OWN} is charged on top."
    )


def _beyond(iops: int, speed: int) -> tuple[int | None, int | None]:
    return iops if iops > GP3_IOPS else None, speed if speed > GP3_MIB_PER_S else None

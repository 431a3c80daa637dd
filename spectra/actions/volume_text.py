"""What can only be done to a volume by hand, written out."""

from __future__ import annotations

from spectra.actions.builders import require_kind
from spectra.actions.calls import Call
from spectra.actions.plan import Target
from spectra.actions.text import prose
from spectra.errors import InputError


def volume_migration_text(target: Target, size_gib: int) -> str:
    """How to move an oversized volume to a smaller one, by hand; AWS cannot shrink a volume.

    Parameters
    ----------
    size_gib : int
        Size of the new volume [GiB].

    Raises
    ------
    InputError
        If it is not smaller than the volume.
    """
    require_kind(target, "volume")
    if target.size_gib is not None and size_gib >= target.size_gib:
        raise InputError(f"{size_gib} GiB is no less than what {target.label} has.")
    zone = target.availability_zone or "<the zone of the volume>"
    create = Call(
        "create_volume",
        {"AvailabilityZone": zone, "VolumeType": target.type, "Size": size_gib},
        target.region, gives="new_volume", result_path="VolumeId",
    )  # fmt: skip
    keep = Call("create_snapshot", {"VolumeId": target.resource_id}, target.region)
    return f"""# Move {prose(target.label)} to a volume of {size_gib} GiB

AWS cannot shrink a volume, and only its file system knows what may be left out, so SPECTRA does
not do this by itself. Nothing is deleted before the last step.

1. Find out how much is in use (`df -h`) and leave at least a fifth of the new volume free.
2. Snapshot the old volume and wait until it is complete:

       {keep.as_cli()}

3. Create the smaller volume in the same zone:

       {create.as_cli()}

4. Attach it to the same instance, make a file system on it (`mkfs`) and mount it beside the old.
5. Stop what writes, copy everything (`rsync -aHAX --numeric-ids`), and compare the two.
6. Put the new volume in the place of the old one (`/etc/fstab` by UUID), mount, start, and test.
   A root volume also needs its boot loader; building a new image is safer.
7. Detach the old volume. After some days without trouble, delete it with SPECTRA, which
   snapshots it once more.

Back: mount the old volume again; it is unchanged until step 7.
"""

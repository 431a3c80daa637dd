"""Where an instance is to be moved to, and with what it is launched there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Destination:
    """A place in another region, as the person who decides has chosen it.

    Attributes
    ----------
    instance_type : str
        Type of the copy; empty for that of the source.
    subnet_id : str
        Empty for the default subnet of the zone, in the default VPC.
    security_group_ids : tuple of str
        Empty for the default group of the VPC.
    key_name : str
        Key pair of the target region; empty for none, as the image keeps the keys it has.
    kms_key_id : str
        Key of the target region that encrypts the copies; must be named where a disk of the
        source is encrypted. ``alias/aws/ebs`` is AWS's own.
    instance_profile_arn : str
        Role of the copy; empty for none. Needs iam:PassRole.
    http_tokens : str
        ``required`` or ``optional`` for the metadata service; empty leaves it to the image.
    allowed_regions : tuple of str or None
        Regions that the data may be kept in; None where nothing was said.
    stops_source : bool
        Whether the source is stopped once the copy was checked.
    """

    region: str
    availability_zone: str
    instance_type: str = ""
    subnet_id: str = ""
    security_group_ids: tuple[str, ...] = ()
    key_name: str = ""
    kms_key_id: str = ""
    instance_profile_arn: str = ""
    http_tokens: str = ""
    allowed_regions: tuple[str, ...] | None = None
    stops_source: bool = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Destination:
        """Read what ``asdict`` wrote."""
        allowed = data["allowed_regions"]
        return cls(
            **{
                **data,
                "security_group_ids": tuple(data["security_group_ids"]),
                "allowed_regions": None if allowed is None else tuple(allowed),
            }
        )

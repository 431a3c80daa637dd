"""Where an instance is to be moved to, and with what it is launched there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from spectra.sources.aws.choices import Own


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
    http_tokens, http_endpoint : str
        ``required`` or ``optional``, and ``enabled`` or ``disabled``, for the metadata service;
        empty leaves it to the image.
    http_hop_limit : int or None
        Network hops that an answer of it may take; None leaves it to the image.
    allowed_regions : tuple of str or None
        Regions that the data may be kept in; None where nothing was said.
    stops_source : bool
        Whether the source is stopped once the copy was checked, before anybody has cut over.
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
    http_endpoint: str = ""
    http_hop_limit: int | None = None
    allowed_regions: tuple[str, ...] | None = None
    stops_source: bool = False

    def for_machine(self, instance_type: str, own: Own) -> Destination:
        """The same place for one of several machines, which keeps what is its own.

        A key is named only where a disk is encrypted or may be: no other disk becomes so.
        """
        return replace(
            self,
            instance_type=instance_type,
            kms_key_id="" if own.has_encrypted_disk is False else self.kms_key_id,
            instance_profile_arn=own.instance_profile_arn,
            http_tokens=own.http_tokens,
            http_endpoint=own.http_endpoint,
            http_hop_limit=own.http_hop_limit,
        )

    @property
    def metadata_options(self) -> dict[str, str | int]:
        """What of the metadata service is not left to the image, as ``run_instances`` takes it."""
        named: dict[str, str | int | None] = {
            "HttpTokens": self.http_tokens,
            "HttpEndpoint": self.http_endpoint,
            "HttpPutResponseHopLimit": self.http_hop_limit,
        }
        return {name: value for name, value in named.items() if value}

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

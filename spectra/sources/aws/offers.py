"""Where an instance type is offered."""

from __future__ import annotations

from spectra.errors import NotEntitledError, RefusedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.pages import paginate


def offering_zones(account: Account, region: str, instance_type: str) -> frozenset[str] | None:
    """Availability zones of a region that offer a type; None where AWS does not say."""
    filters = [{"Name": "instance-type", "Values": [instance_type]}]
    try:
        pages = list(
            paginate(
                account, "ec2:DescribeInstanceTypeOfferings", "describe_instance_type_offerings",
                region, LocationType="availability-zone", Filters=filters,
            )
        )  # fmt: skip
    except (NotEntitledError, RefusedError):
        return None
    offers = [offer for page in pages for offer in page["InstanceTypeOfferings"]]
    # Not every server heeds the filter.
    return frozenset(o["Location"] for o in offers if o["InstanceType"] == instance_type)

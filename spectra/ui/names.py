"""What sources are called on screen."""

from __future__ import annotations

from collections.abc import Iterable

_NAMES = {
    "demo": "demo",
    "aws": "AWS",
    "aws_cost_explorer": "AWS Cost Explorer",
    "aws_compute_optimizer": "AWS Compute Optimizer",
    "aws_sustainability": "AWS sustainability",
    "aws_pricing": "AWS Pricing",
    "electricity_maps": "Electricity Maps API",
    "electricity_maps_portal": "Electricity Maps files",
    "cloudflare_radar": "Cloudflare Radar",
    "probe": "TCP probe",
}


def source(name: str) -> str:
    """A source's name for people; an unknown one is shown as it is."""
    return _NAMES.get(name, name)


def sources(names: Iterable[str]) -> list[str]:
    """Names for people, sorted."""
    return sorted({source(name) for name in names})

"""What sources, and the quality of what they state, are called on screen."""

from __future__ import annotations

from collections.abc import Iterable

from spectra import units

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
    "webhook": "Webhook",
}
_QUALITIES = {
    "measured": "measured",
    "provider-estimated": "estimated by provider",
    "imputed": "filled in",
    "default": "annual factor",
    "demo": "demo",
}
FRESH_HOURS = 3


def source(name: str) -> str:
    """A source's name for people; an unknown one is shown as it is."""
    return _NAMES.get(name, name)


def sources(names: Iterable[str]) -> list[str]:
    """Names for people, sorted."""
    return sorted({source(name) for name in names})


def quality(tier: object, quality: object, age_h: float) -> str:
    """How good the intensity of the running hour is, and how old what was last stated [h]."""
    if not isinstance(tier, str):
        return "no data"
    if tier == "F":
        return "annual factor"
    if tier == "E":
        return "monthly mean"
    name = _QUALITIES.get(str(quality), str(quality))
    if not age_h > FRESH_HOURS:
        return name
    # A demo hour after all that was stated: the live source of its zone has fallen silent.
    old = units.age_text(age_h)
    return f"{name}, live {old}" if name == "demo" else f"{name}, {old}"

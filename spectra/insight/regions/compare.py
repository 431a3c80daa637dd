"""Ranks regions relative to where we are now, so that one more region changes nobody's score."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spectra.carbon.uncertainty import EMBODIED_SIGMA
from spectra.errors import InputError
from spectra.insight.regions.model import Comparison, Excluded, Limits, Place, Ranked, Weights
from spectra.insight.regions.pareto import efficient

DRAWS, SEED = 1_000, 20_261_125
# Scores closer than this are equal: the lower emissions decide.
SAME_SCORE = 1e-12
_Values = NDArray[np.float64]


def compare(  # noqa: PLR0913 (the two that are no part of the question have defaults)
    places: Sequence[Place],
    home: str,
    limits: Limits | None = None,
    weights: Weights | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Comparison:
    """Regions that may be considered, ranked; and every other one with its reason.

    The score is ``Σ w·(x − x_home)/x_home`` over carbon, price and latency; ties go to the lower
    emissions. `home` is what all is relative to even where the limits exclude it.

    Raises
    ------
    InputError
        If a figure of `home` that has a weight is not known, or no weight is above 0.

    References
    ----------
    METHOD.md, section 8.
    """
    limits, weights = limits or Limits(), weights or Weights()
    base = next((place for place in places if place.region == home), None)
    if base is None:
        raise InputError(f"There is no region “{home}”.", next_step="Choose one from the list.")
    _require(base, weights)
    reasons = {place.region: _reason(place, limits, weights) for place in places}
    kept = [place for place in places if not reasons[place.region]]
    excluded = tuple(Excluded(region, why) for region, why in sorted(reasons.items()) if why)
    return Comparison(base, _ranked(kept, base, weights, draws, seed), excluded, draws, seed)


def _require(home: Place, weights: Weights) -> None:
    """A change relative to what is not known, or to nothing, is none."""
    w, x = _weights(weights), _values([home])[0]
    if not (w > 0).any() or (w < 0).any():
        raise InputError("No figure has a weight.", next_step="Give carbon or the price one.")
    names = ("carbon", "price", "latency")
    for name, weight, value in zip(names, w, x, strict=True):
        if weight > 0 and not value > 0:
            why = f" {home.no_data}" if name == "carbon" else ""
            raise InputError(
                f"The {name} of {home.region} is not known, and all is relative to it.{why}",
                next_step=f"Compare from another region, or give the {name} no weight.",
            )


def _reason(place: Place, limits: Limits, weights: Weights) -> str:
    """Why a region is not ranked; empty where it is."""
    if place.g_per_h is None:
        return place.no_data or "There is no carbon data for it."
    if limits.countries and place.country not in limits.countries:
        return f"It lies in {place.country}, which is not allowed."
    if limits.regions and place.region not in limits.regions:
        return "It is not on the list of regions allowed."
    if limits.needs_types and place.missing_types:
        return f"Not offered there: {_some(place.missing_types)}."
    if weights.cost > 0 and place.usd_per_h is None:
        return "Its price is not known, and the price has a weight."
    return _latency_reason(place, limits, weights)


def _latency_reason(place: Place, limits: Limits, weights: Weights) -> str:
    if place.latency_ms is None:
        if limits.max_latency_ms is not None or weights.latency > 0:
            return "Its latency is not known, and it counts."
    elif limits.max_latency_ms is not None and place.latency_ms > limits.max_latency_ms:
        what = "estimated latency" if place.latency_is_estimate else "latency"
        return (
            f"Its {what} of {place.latency_ms:.0f} ms is above the limit of "
            f"{limits.max_latency_ms:.0f} ms."
        )
    return ""


def _some(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _ranked(
    places: Sequence[Place], home: Place, weights: Weights, draws: int, seed: int
) -> tuple[Ranked, ...]:
    if not places:
        return ()
    values, base = _values(places), _values([home])[0]
    changes = values / base - 1
    scores = _scores(values, base, weights)
    on_front = efficient(values)
    shares = _first_shares(places, home, weights, draws, seed)
    rows = [
        Ranked(
            place=place,
            score=float(scores[n]),
            carbon_change=_known(changes[n, 0]),
            cost_change=_known(changes[n, 1]),
            is_efficient=bool(on_front[n]),
            first_share=float(shares[n]),
        )
        for n, place in enumerate(places)
    ]
    return tuple(sorted(rows, key=_order))


def _order(row: Ranked) -> tuple[float, float, str]:
    grams = row.place.g_per_h
    assert grams is not None  # noqa: S101 (such a place is excluded)
    return round(row.score / SAME_SCORE) * SAME_SCORE, grams, row.place.region


def _scores(values: _Values, base: _Values, weights: Weights) -> _Values:
    """Σ w·(x − x_home)/x_home over the last axis; a figure without a weight may be unknown."""
    w = _weights(weights)
    counts = w > 0
    relative = (values[..., counts] - base[..., counts]) / base[..., counts]
    return np.asarray(relative @ w[counts])


def _first_shares(
    places: Sequence[Place], home: Place, weights: Weights, draws: int, seed: int
) -> _Values:
    """Share of draws in which each place has the lowest score.

    What a draw says of a zone or a region depends on its name and the seed alone, so that one
    more region changes nothing for the others.
    """
    everyone = [home, *places]
    central = _values(everyone)
    grams = _drawn_grams(everyone, draws, seed)
    latency_z = np.stack([_normal(f"latency {p.region}", draws, seed) for p in everyone])
    latency_sigma = np.array([[p.latency_sigma] for p in everyone])
    usd = np.repeat(central[:, [1]], draws, axis=1)
    drawn = np.stack([grams, usd, central[:, [2]] * np.exp(latency_z * latency_sigma)], axis=-1)
    scores = _scores(drawn[1:], drawn[:1], weights)
    is_least = scores <= scores.min(axis=0) + SAME_SCORE
    first = np.where(is_least, grams[1:], np.inf).argmin(axis=0)
    return np.bincount(first, minlength=len(places)) / draws


def _drawn_grams(places: Sequence[Place], draws: int, seed: int) -> _Values:
    """Emissions in each draw; shape (places, draws) [g/h]. What all share cancels out."""
    hardware = np.exp(_normal("hardware", draws, seed) * EMBODIED_SIGMA)
    rows = [
        (place.operational_g_per_h or 0.0)
        * np.exp(
            _normal(f"zone {place.zone}", draws, seed) * place.intensity_sigma
            + _normal(f"pue {place.region}", draws, seed) * place.pue_sigma
        )
        + place.embodied_g_per_h * hardware
        for place in places
    ]
    return np.stack(rows)


def _normal(name: str, draws: int, seed: int) -> _Values:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return rng.standard_normal(draws)


def _values(places: Sequence[Place]) -> _Values:
    """Carbon, price and latency, one row a place; NaN where unknown."""
    rows = [(place.g_per_h, place.usd_per_h, place.latency_ms) for place in places]
    return np.array(rows, dtype=float)


def _weights(weights: Weights) -> _Values:
    return np.array([weights.carbon, weights.cost, weights.latency])


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

"""Footprint and cost spikes: which days stand out, what drove them, and what is not known yet."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import InputError
from spectra.insight.anomalies import benjamini_hochberg, cost_spikes, decompose, footprint_spikes

DAYS = pd.date_range("2026-09-01", periods=45, freq="D", tz="UTC")
AMOUNT = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))


def zones(**columns: list[float]) -> pd.DataFrame:
    names = ["DE", "FR", "SE"][: len(columns["energy_kwh"])]
    return pd.DataFrame(columns, index=pd.Index(names, name="zone"))


@given(
    st.lists(st.tuples(AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT), min_size=1, max_size=3)
)  # fmt: skip
def test_the_parts_are_the_change_exactly(rows):
    sides = []
    for side in (0, 3):
        energy, intensity, embodied = zip(*(row[side : side + 3] for row in rows), strict=True)
        grams = [e * i for e, i in zip(energy, intensity, strict=True)]
        sides.append(
            zones(energy_kwh=list(energy), grams=grams, embodied_g=list(embodied)).astype(float)
        )
    totals = [float(side[["grams", "embodied_g"]].to_numpy().sum()) for side in sides]
    change = decompose(*sides)
    assert np.isfinite(change).all()
    assert sum(change) == pytest.approx(totals[1] - totals[0], rel=1e-6, abs=1e-6 * sum(totals))


def test_each_part_is_what_its_name_says():
    before = zones(energy_kwh=[10.0, 10.0], grams=[4000.0, 500.0])
    more = decompose(before, before * 1.5)
    assert (more.grid_g, more.mix_g) == pytest.approx((0, 0), abs=1e-9)
    assert more.usage_g == pytest.approx(2250)
    dirtier = decompose(before, before.assign(grams=before["grams"] * 1.2))
    assert (dirtier.usage_g, dirtier.mix_g) == pytest.approx((0, 0), abs=1e-9)
    assert dirtier.grid_g == pytest.approx(900)
    moved = decompose(before, zones(energy_kwh=[15.0, 5.0], grams=[6000.0, 250.0]))
    assert (moved.usage_g, moved.grid_g) == pytest.approx((0, 0), abs=1e-9)
    assert moved.mix_g == pytest.approx(1750)


def test_a_zone_that_comes_or_goes_is_of_the_mix_and_hardware_of_usage():
    before = zones(energy_kwh=[10.0], grams=[4000.0], embodied_g=[100.0])
    after = zones(energy_kwh=[10.0, 5.0], grams=[4000.0, 300.0], embodied_g=[100.0, 50.0])
    change = decompose(before, after)
    assert sum(change) == pytest.approx(350)
    assert change.grid_g == pytest.approx(0, abs=1e-9)
    nothing = zones(energy_kwh=[0.0], grams=[0.0], embodied_g=[0.0])
    assert decompose(nothing, before) == pytest.approx((4100, 0, 0))


@pytest.mark.parametrize("wrong", [{"grams": [-1.0]}, {"grams": [None]}, {"energy_kwh": [0.0]}])
def test_what_cannot_be_compared_is_said(wrong):
    good = zones(energy_kwh=[1.0], grams=[400.0])
    with pytest.raises(InputError):
        decompose(good, good.assign(**wrong).astype(float))


def team_days(seed: int = 0, teams: tuple[str, ...] = ("web", "data")) -> pd.DataFrame:
    """Two teams over two zones, less at weekends."""
    chance = np.random.default_rng(seed)
    rows = []
    for team in teams:
        for day in DAYS:
            for zone, g_per_kwh in (("DE", 400.0), ("FR", 50.0)):
                kwh = (4.0 if day.day_of_week >= 5 else 10.0) * chance.lognormal(0, 0.03)
                rows.append((team, day, zone, kwh, kwh * g_per_kwh, 60.0))
    columns = ["team", "day", "zone", "energy_kwh", "grams", "embodied_g"]
    return pd.DataFrame(rows, columns=columns)


def test_a_footprint_spike_says_what_drove_it():
    rows = team_days()
    assert footprint_spikes(rows).empty
    hit = (rows["team"] == "web") & (rows["day"] == DAYS[40]) & (rows["zone"] == "DE")
    rows.loc[hit, ["grams"]] *= 1.6
    found = footprint_spikes(rows)
    assert found[["series", "at", "kind"]].values.tolist() == [["web", DAYS[40], "footprint spike"]]
    only = found.iloc[0]
    assert only["usage_g"] + only["grid_g"] + only["mix_g"] == pytest.approx(only["excess"])
    assert only["grid_g"] == pytest.approx(only["excess"], rel=0.15)
    assert footprint_spikes(rows, since=DAYS[41]).empty


def test_a_busy_workday_is_compared_with_workdays():
    rows = team_days()
    sunday = next(day for day in DAYS[30:] if day.day_of_week == 6)
    hit = (rows["team"] == "data") & (rows["day"] == sunday)
    rows.loc[hit, ["energy_kwh", "grams"]] *= 2.5  # what a workday uses
    found = footprint_spikes(rows)
    assert found["at"].tolist() == [sunday]
    assert found["usage_g"].iloc[0] == pytest.approx(found["excess"].iloc[0], rel=0.05)


def test_a_team_with_little_history_or_little_footprint_raises_nothing():
    rows = team_days()
    rows.loc[rows["day"] == DAYS[12], ["energy_kwh", "grams"]] *= 3
    assert footprint_spikes(rows[rows["day"] <= DAYS[12]]).empty
    tiny = team_days()
    tiny[["energy_kwh", "grams", "embodied_g"]] /= 1000
    tiny.loc[tiny["day"] == DAYS[40], ["energy_kwh", "grams"]] *= 3
    assert footprint_spikes(tiny).empty


def test_a_day_of_which_a_part_is_unknown_is_not_judged():
    rows = team_days()
    rows.loc[rows["day"] == DAYS[40], ["energy_kwh", "grams"]] *= 3
    assert len(footprint_spikes(rows)) == 2
    rows.loc[(rows["day"] == DAYS[40]) & (rows["zone"] == "FR"), "grams"] = np.nan
    assert footprint_spikes(rows).empty
    assert footprint_spikes(rows.iloc[:0]).empty


def costs(seed: int = 0) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            (name, day, level * chance.lognormal(0, 0.02), False)
            for name, level in (("web", 100.0), ("data", 40.0), ("small", 0.3))
            for day in DAYS
        ],
        columns=["series", "day", "usd", "is_provisional"],
    )


def at(rows: pd.DataFrame, name: str, day: int) -> pd.Series:
    return (rows["series"] == name) & (rows["day"] == DAYS[day])


def test_a_cost_spike_is_found_once_its_day_is_final():
    rows = costs()
    assert cost_spikes(rows).empty
    rows.loc[at(rows, "data", 40), "usd"] += 25
    found = cost_spikes(rows)
    assert found[["series", "at", "kind"]].values.tolist() == [["data", DAYS[40], "cost spike"]]
    assert found["excess"].iloc[0] == pytest.approx(25, abs=2)
    rows.loc[at(rows, "data", 40), "is_provisional"] = True
    assert cost_spikes(rows).empty


def test_a_day_of_which_a_part_is_provisional_is_not_final():
    rows = costs()
    part = pd.DataFrame([("web", DAYS[40], 80.0, True)], columns=rows.columns)
    assert cost_spikes(pd.concat([rows, part])).empty
    assert not cost_spikes(pd.concat([rows, part.assign(is_provisional=False)])).empty


def test_neither_cheap_things_nor_missing_days_raise_a_cost():
    rows = costs()
    rows.loc[at(rows, "small", 40), "usd"] = 1.1
    rows = rows[~at(rows, "web", 35)]
    assert cost_spikes(rows).empty
    assert cost_spikes(rows.iloc[:0]).empty


def test_many_tests_at_once_are_judged_together():
    p = np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, np.nan])
    assert benjamini_hochberg(p, 0.05).tolist() == [True, True] + [False] * 7
    assert benjamini_hochberg(np.array([np.nan]), 0.05).tolist() == [False]
    chance = np.random.default_rng(0)
    false = [benjamini_hochberg(chance.random(500), 0.05).any() for _ in range(200)]
    assert np.mean(false) < 0.1

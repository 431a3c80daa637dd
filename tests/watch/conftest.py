"""A small company with one trouble of every kind, and what is clean beside it."""

import numpy as np
import pandas as pd
import pytest

from spectra.config import load_config
from spectra.store import Store
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import write_costs, write_utilisation
from spectra.watch import Watcher
from tests import fleet
from tests.store.conftest import CATALOG, build

END = pd.Timestamp("2026-11-25T12:00Z").as_unit("us")
NOW = END.to_pydatetime()
AT = pd.date_range(END - pd.Timedelta(days=45), END, freq="h", inclusive="left", unit="us")
CONFIG = load_config({})
TEAMS = {
    "i-clean": ("web", "production"),
    "i-run": ("web", "production"),
    "i-gap": ("web", "production"),
    "i-idle": ("data", "production"),
    "i-dev": ("lab", "development"),
    "i-batch": ("batch", "production"),
}


def _loads() -> dict[str, pd.Series]:
    """CPU [%] by instance; what is not known is left out."""
    rng = np.random.default_rng(7)
    day = 30 + 10 * np.sin(2 * np.pi * AT.hour.to_numpy() / 24)
    busy = {
        name: pd.Series(day + rng.normal(0, 2, len(AT)), AT) for name in ("i-clean", "i-run",
                                                                          "i-gap")
    }  # fmt: skip
    busy["i-run"].iloc[-10:] = 97.0
    busy["i-gap"] = busy["i-gap"].iloc[:-14]
    local = AT.tz_convert("Europe/Berlin")
    at_work = (local.day_of_week < 5) & (local.hour >= 8) & (local.hour < 18)
    quiet = {
        "i-idle": pd.Series(0.5 + 0.1 * rng.random(len(AT)), AT),
        "i-dev": pd.Series(np.where(at_work, 25, 2) + rng.random(len(AT)), AT),
        "i-batch": pd.Series(5 + rng.random(len(AT)), AT),
    }
    quiet["i-batch"].loc["2026-11-23"] = 95.0
    return busy | quiet


def _costs() -> pd.DataFrame:
    days = pd.date_range("2026-10-12", "2026-11-23", freq="D")
    usd = np.where(days == pd.Timestamp("2026-11-18"), 400.0, 10.0 + 0.1 * (days.day % 3))
    return costs_of(days, usd)


def costs_of(days, usd):
    """Rows of a machine's final costs [USD], one a day."""
    return pd.DataFrame(
        {
            "day": days.date, "account_id": "111111111111", "region": "eu-central-1",
            "service": "Amazon EC2", "resource_id": "i-clean", "purchase_option": "on-demand",
            "list_cost_usd": usd, "billed_cost_usd": usd, "effective_cost_usd": usd,
            "is_provisional": False, "source": "test", "quality": "measured",
            "fetched_at": fleet.FETCHED,
        }
    )  # fmt: skip


def in_trouble(store):
    write_factors(store, CATALOG)
    grid = pd.Series(380.0 + 20 * np.sin(2 * np.pi * AT.hour.to_numpy() / 24), AT)
    grid.iloc[-12:] = 900.0
    build(
        store,
        instances=fleet.instances(
            *({"instance_id": name, "valid_from": "2026-10-01", "name": name[2:],
               "tags": {"team": team, "environment": environment, "release": name[2:]}}
              for name, (team, environment) in TEAMS.items())
        ),
        volumes=fleet.volumes(
            {"volume_id": "vol-lost", "valid_from": "2026-10-20", "volume_type": "gp2",
             "size_gib": 2_000},
            {"volume_id": "vol-used", "valid_from": "2026-10-20", "instance_id": "i-clean"},
        ),
        hours=AT,
        intensities=[fleet.intensities("DE", AT, 0.8 * grid.to_numpy(), grid.to_numpy())],
        utilisation=[fleet.utilisation(n, s.index, s.to_numpy()) for n, s in _loads().items()],
    )  # fmt: skip
    write_costs(store, _costs())


def looked_at(store):
    """The same after the first look, which takes longer than most of what follows it."""
    in_trouble(store)
    Watcher(store).look(CONFIG, NOW)


@pytest.fixture
def company(filled):
    """The company, not yet looked at."""
    return filled(in_trouble)


@pytest.fixture
def watched(filled):
    """The company after the first look."""
    return filled(looked_at)


def go_on(store, until, **loads):
    """Load [% CPU] of all but the silent machine from the end of the fixture on, and emissions."""
    at = pd.date_range(END, until, freq="h", inclusive="left", unit="us")
    for name in TEAMS.keys() - {"i-gap"}:
        load = loads.get(name.replace("-", "_"), 0.5 if name == "i-idle" else 20.0)
        write_utilisation(store, fleet.utilisation(name, at, load))
    extend_ledger(store, CATALOG, NOW, until)
    recompute(store)


@pytest.fixture
def store():
    """A store without a fleet."""
    empty = Store()
    yield empty
    empty.close()

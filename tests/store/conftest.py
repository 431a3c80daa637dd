"""A store with factors in place, and a small fleet that uses every path of the ledger."""

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import (
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)
from tests import fleet

CATALOG = load_catalog()


@pytest.fixture
def catalog():
    return CATALOG


def with_factors(store):
    write_factors(store, CATALOG)


@pytest.fixture
def store(filled):
    return filled(with_factors)


def build(store, *, instances, hours, intensities=(), utilisation=(), volumes=None):
    """Write a fleet's facts and compute its ledger over `hours`."""
    write_instances(store, instances)
    if volumes is not None:
        write_volumes(store, volumes)
    write_factors(store, CATALOG)
    extend_ledger(
        store,
        CATALOG,
        fleet.as_datetime(hours[0]),
        fleet.as_datetime(hours[-1] + pd.Timedelta("1h")),
    )
    if intensities:
        write_intensities(store, pd.concat(intensities, ignore_index=True), CATALOG)
    for frame in utilisation:
        write_utilisation(store, frame)
    recompute(store)
    return store

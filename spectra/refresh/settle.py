"""Brings what follows from the facts in line with them: tags, runs, factors, emissions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from spectra.carbon.method import Method
from spectra.catalog import Catalog
from spectra.config import Config
from spectra.store import Store
from spectra.store.database import set_meta
from spectra.store.factors import write_factors
from spectra.store.fleet_queries import history, proven_runs
from spectra.store.ledger import recompute
from spectra.store.tags import TagRules
from spectra.store.writes import write_instances, write_volumes

Progress = Callable[[float, str], None]
_TAG_RULES = "tag_rules"


def settle(
    store: Store,
    catalog: Catalog,
    progress: Progress | None = None,
    *,
    config: Config | None = None,
) -> None:
    """Bring tags, runs, factors and emissions in line with the facts and the settings.

    Parameters
    ----------
    config : Config, optional
        Settings in force; without it the method, the tag rules and the runs stay as they are.
    """
    if config is not None:
        _apply_tag_rules(store, tag_rules(config))
        _count_proven(store, tag_rules(config))
    write_factors(store, catalog, method(config) if config is not None else None)
    recompute(store, progress)


def tag_rules(config: Config) -> TagRules:
    """What the settings say of tags."""
    return TagRules(
        config.team_tag_keys,
        config.environment_tag_keys,
        config.service_tag_keys,
        config.criticality_tag_keys,
        dict(config.tag_aliases),
    )


def method(config: Config) -> Method:
    """What the settings say of the method."""
    return Method(float(config.embodied_years), config.pue_source, config.power_model)


def _apply_tag_rules(store: Store, rules: TagRules) -> None:
    """Read the tags of all resources again when their meaning changed."""
    text = json.dumps(asdict(rules), sort_keys=True)
    known = store.meta(_TAG_RULES) or json.dumps(asdict(TagRules()), sort_keys=True)
    if text == known:
        return
    write_instances(store, history(store, "instances"), rules)
    write_volumes(store, history(store, "volumes"), rules)
    with store.write() as cursor:
        set_meta(cursor, _TAG_RULES, text)


def _count_proven(store: Store, rules: TagRules) -> None:
    """Let machines have run in the hours of which there is a load, though no listing saw them."""
    runs = proven_runs(store)
    if len(runs):
        write_instances(store, runs, rules)

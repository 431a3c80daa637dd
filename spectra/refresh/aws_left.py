"""Places that are not read any more: what ran there counts up to when it was listed last."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd

from spectra.refresh.aws_tasks import SOURCE, AwsTasks
from spectra.refresh.settle import tag_rules
from spectra.store import Store, fleet_queries, source_state
from spectra.store.source_state import Key
from spectra.store.writes import write_instances, write_volumes


def end_left(aws: AwsTasks) -> int:
    """End the open spans of places that are not monitored any more; returns how many there were.

    A region may have been taken out of the settings or opted out of, a role removed. A later
    listing finds them again, from then on. Of accounts that are not signed in to nothing is known.
    """
    read, accounts = {place[1:] for place in aws.places()}, _accounts(aws)
    count = 0
    for account_id, region in fleet_queries.open_places(aws.store):
        if account_id in accounts and (account_id, region) not in read:
            count += _end(aws, account_id, region)
    return count


def _accounts(aws: AwsTasks) -> set[str]:
    """Accounts that are signed in to, and those that these keys led to by a role that is gone."""
    known = dict(aws.known_accounts())
    found = set(known.values())
    if len(known) == len(aws.roles()):  # else one that fails now may be the way to any of them
        found |= _former(aws.store, aws.access.fingerprint)
    return found


def _former(store: Store, fingerprint: str) -> set[str]:
    """Accounts that a key was found to lead to, whichever way."""
    scopes = store.frame(
        "SELECT scope FROM source_state WHERE source = $source AND dataset = 'account'",
        {"source": SOURCE},
    )["scope"]
    texts = (source_state.learned(store, Key(SOURCE, "account", s), fingerprint) for s in scopes)
    return {str(json.loads(text)["account_id"]) for text in texts if text is not None}


def _end(aws: AwsTasks, account_id: str, region: str) -> int:
    """End what is open in a place when it was listed last; if it never was, nothing ends."""
    state = source_state.read(aws.store, Key(SOURCE, "inventory", f"{account_id}/{region}"))
    if state is None or state.succeeded_at is None:
        return 0
    seen_at, rules = min(state.succeeded_at, datetime.now(UTC)), tag_rules(aws.config)
    machines = fleet_queries.open_spans(aws.store, "instances", account_id, region)
    disks = fleet_queries.open_spans(aws.store, "volumes", account_id, region)
    count = 0
    if len(machines):
        count += write_instances(aws.store, _until(machines, seen_at), rules)
    if len(disks):
        count += write_volumes(aws.store, _until(disks, seen_at), rules)
    return count


def _until(spans: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    began_at = spans["valid_from"]
    return spans.assign(valid_to=began_at.mask(began_at < moment, moment))

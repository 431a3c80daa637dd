"""Final reports: sealed into the chain, read back, restated when data change, computed again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.reporting.asking import scope_key
from spectra.reporting.budgets import BudgetReader, no_budgets
from spectra.reporting.build import build
from spectra.reporting.codec import dumps, encoded, from_json, manifest_json, to_json
from spectra.reporting.model import Manifest, Report, Request, Seal
from spectra.store import Store, report_log
from spectra.store.hashing import digest
from spectra.store.report_log import Entry, Sealing
from spectra.store.retention import HOURLY, rolled_days_between

TOLERANCE = 1e-9
# What must not be open in a final report; anything else only keeps it from "audit-ready".
_FORBIDDEN = ("period", "empty", "queued", "moving", "chain:")


def seal(  # noqa: PLR0913
    store: Store,
    catalog: Catalog,
    request: Request,
    *,
    now: datetime | None = None,
    reason: str = "",
    budgets: BudgetReader = no_budgets,
) -> Report:
    """Build a report, freeze it with the hashes of its inputs, and keep it in the chain.

    Where a final report of the same period and boundary stands, this one restates it and says why.

    Raises
    ------
    InputError
        If the period is not over, nothing of it is known, hours wait to be computed, the chain is
        broken, or nothing has changed since the report that stands.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    report = build(store, catalog, request, now=now, status="final", budgets=budgets)
    _require_finished(report)
    standing = report_log.last_of(report_log.entries(store), scope_key(request))
    why = [reason.strip()] if reason.strip() else []
    if standing is not None:
        before = from_json(report_log.content(store, standing.report_id))
        changed = list(_changes(before, report, _gone(store, request)))
        if not changed:
            raise InputError(
                f"Nothing has changed since the final report {standing.report_id}.",
                next_step="Download that one.",
            )
        why += changed
    lb, mb = (report.figure(f"provider.total_{basis}").value or 0.0 for basis in ("lb", "mb"))
    sealing = Sealing(
        request.period, request.start, request.end, scope_key(request),
        standing.report_id if standing else "", " ".join(why), now, lb, mb,
        manifest_json(report.manifest), inputs_hash(report.manifest),
    )  # fmt: skip
    return _sealed(report, report_log.append(store, sealing, to_json(report)))


def load(store: Store, report_id: str) -> Report:
    """A final report as it was sealed, with its seal.

    Raises
    ------
    InputError
        If there is none of this id.
    StoreError
        If it was changed in the database since: it is not handed out with its seal.
    """
    entry, content = report_log.sealed(store, report_id)
    return _sealed(from_json(content), entry)


@dataclass(frozen=True, slots=True)
class Total:
    """A total of the manifest, then and now."""

    figure: str
    before: float | None
    now: float | None

    @property
    def is_equal(self) -> bool:
        """Whether they agree to a billionth."""
        return _equal(self.before, self.now)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A final report computed again from today's store.

    Attributes
    ----------
    changed : tuple of str
        What it was computed from and is not the same any more, in sentences.
    """

    report_id: str
    totals: tuple[Total, ...]
    changed: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every total is reproduced to a billionth."""
        return all(total.is_equal for total in self.totals)


def reproduce(
    store: Store, catalog: Catalog, report_id: str, *, now: datetime | None = None
) -> Reproduction:
    """Run the manifest of a final report again and compare its totals.

    Where they differ, a restatement is due: `seal` with the same request makes it.
    """
    before = load(store, report_id)
    after = build(store, catalog, before.request, now=now, status="final")
    totals = _totals(before, after)
    gone = _gone(store, before.request)
    changed = list(_changed_basis(before, after, gone))
    if gone:
        changed.append(
            "Hourly readings of the period were rolled up: its sums are here, and whether these "
            "inputs changed cannot be told any more."
        )
    return Reproduction(report_id, totals, tuple(changed))


def inputs_hash(manifest: Manifest) -> str:
    """SHA-256 of the list of the inputs' hashes."""
    return digest(dumps(encoded(manifest.inputs)))


def _sealed(report: Report, entry: Entry) -> Report:
    made = Seal(
        entry.report_id,
        entry.sequence,
        entry.sealed_at,
        entry.manifest_hash,
        entry.inputs_hash,
        entry.content_hash,
        entry.previous_hash,
        entry.chain_hash,
        entry.restates,
        entry.reason,
    )
    return replace(report, seal=made, numbers={})


def _require_finished(report: Report) -> None:
    for blocker in report.blockers:
        if blocker.id.startswith(_FORBIDDEN):
            raise InputError(
                f"The report cannot be final: {blocker.what}",
                next_step=f"{blocker.next_step} A draft is possible.",
            )


def _gone(store: Store, request: Request) -> tuple[str, ...]:
    """Inputs of a period that were rolled up into its sums, so that they cannot be compared."""
    return HOURLY if rolled_days_between(store, request.start, request.end) else ()


def _changes(before: Report, after: Report, gone: tuple[str, ...]) -> Iterator[str]:
    """What differs between the report that stands and a new one, in sentences; none if nothing."""
    yield from _changed_basis(before, after, gone)
    yield from _moved(before, after)
    if before.request != after.request:
        yield "Its description was changed."


def _moved(before: Report, after: Report) -> Iterator[str]:
    """By how much the total changes; where it does not, which other totals of the manifest do."""
    moved = {total.figure: total for total in _totals(before, after) if not total.is_equal}
    told = False
    for basis, name in (("location", "provider.total_lb"), ("market", "provider.total_mb")):
        total = moved.get(name)
        if total and total.before and total.now is not None:
            percent = (total.now / total.before - 1) * 100
            yield f"The total, {basis}-based, changes by {percent:+.2f} %."
            told = True
    if moved and not told:
        labels = dict.fromkeys(before.figure(name).label for name in moved)
        yield f"Figures change: {'; '.join(labels)}."


def _totals(before: Report, after: Report) -> tuple[Total, ...]:
    values = dict(after.manifest.totals)
    return tuple(Total(name, then, values.get(name)) for name, then in before.manifest.totals)


def _changed_basis(before: Report, after: Report, gone: tuple[str, ...]) -> Iterator[str]:
    old, new = before.manifest, after.manifest
    # What an older report did not record cannot be told to have changed.
    hashes = {i.name: i.sha256 for i in old.inputs if i.name not in gone}
    names = [i.name for i in new.inputs if hashes.get(i.name, i.sha256) != i.sha256]
    if names:
        yield f"Data changed: {', '.join(names)}."
    if old.factor_set != new.factor_set:
        yield "Factors changed."
    if json.loads(old.config) != json.loads(new.config):
        yield "The choices within the method changed."
    if old.method_version != new.method_version:
        yield f"The method changed from {old.method_version} to {new.method_version}."


def _equal(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return math.isclose(before, now, rel_tol=TOLERANCE, abs_tol=0.0)

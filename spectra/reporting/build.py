"""Puts a report together: evidence, figures, sections with numbered tables, manifest, cover."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal

import spectra
from spectra import METHOD_VERSION, __version__
from spectra.catalog import Catalog
from spectra.catalog.digests import file_digest
from spectra.errors import InputError
from spectra.reporting.blockers import WARNING_COVERAGE, blockers_of
from spectra.reporting.budgets import BudgetLine, BudgetReader, no_budgets
from spectra.reporting.codec import manifest_json
from spectra.reporting.evidence import DRAWS, SEED, Evidence, gather_steady
from spectra.reporting.factors import factors_of
from spectra.reporting.figures import headline_figures
from spectra.reporting.model import (
    SCHEMA,
    Blocker,
    Cover,
    Factor,
    InputHash,
    Manifest,
    Report,
    Request,
)
from spectra.reporting.parts import Figure, Section
from spectra.reporting.sections import actions, audit, basis, breakdowns, results
from spectra.store import Store, report_log
from spectra.store.hashing import digest
from spectra.units import share_text

TOTALS = (
    "provider.scope1", "provider.scope2_lb", "provider.scope2_mb", "provider.fera_upstream",
    "provider.fera_td", "provider.hardware", "provider.scope3", "provider.total_lb",
    "provider.total_mb", "customer.total_lb", "customer.total_mb", "energy.kwh",
    "activity.instance_hours", "activity.vcpu_hours", "quality.coverage", "quality.dqr",
)  # fmt: skip


def build(  # noqa: PLR0913
    store: Store,
    catalog: Catalog,
    request: Request,
    *,
    now: datetime | None = None,
    status: Literal["draft", "final"] = "draft",
    budgets: BudgetReader = no_budgets,
) -> Report:
    """Build the report of a period and boundary from what the store accounts for.

    Nothing is kept; `spectra.reporting.final.seal` keeps a final one. A report without any known
    resource is built too: its totals are None and it says why.

    Raises
    ------
    InputError
        If the period has not begun.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    if request.start > now:
        raise InputError(
            f"The period {request.period} has not begun.", next_step="Choose an earlier one."
        )
    e = gather_steady(store, catalog, request, now)
    return _put_together(e, status, budgets(store, request, now), report_log.breaks(store))


def _put_together(
    e: Evidence,
    status: Literal["draft", "final"],
    lines: list[BudgetLine],
    breaks: list[report_log.Break],
) -> Report:
    figures, factors = headline_figures(e), factors_of(e)
    datapoints = audit.datapoints_of(e, figures)
    blockers = blockers_of(e, breaks, status)
    manifest = _manifest(e, figures)
    manifest_hash = digest(manifest_json(manifest))
    sections = (
        *_results(e),
        *_context(e, lines, factors),
        audit.restatements(e, status),
        audit.index(datapoints, figures),
        audit.appendix(manifest, manifest_hash, blockers),
    )
    return Report(
        SCHEMA,
        e.request,
        _cover(e, status, blockers),
        figures,
        numbered(sections),
        blockers,
        factors,
        datapoints,
        manifest,
        manifest_hash,
    )


def _results(e: Evidence) -> Iterator[Section]:
    """What was emitted."""
    yield results.summary(e)
    yield results.boundary(e)
    yield results.scopes(e)
    yield breakdowns.breakdowns(e)
    yield results.intensity(e)
    yield breakdowns.profile(e)


def _context(
    e: Evidence, lines: list[BudgetLine], factors: tuple[Factor, ...]
) -> Iterator[Section]:
    """What was done about it, and what the figures rest on."""
    yield actions.reductions(e)
    yield actions.budgets(e, lines)
    yield actions.reconciliation(e)
    yield basis.methods(e, factors)
    yield basis.quality(e)
    yield basis.uncertain(e)
    yield basis.exclusions(e)


def numbered(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections with their tables and charts counted through the report."""
    tables, charts = count(1), count(1)
    return tuple(
        replace(
            section,
            tables=tuple(replace(t, number=next(tables)) for t in section.tables),
            charts=tuple(replace(c, number=next(charts)) for c in section.charts),
        )
        for section in sections
    )


def _manifest(e: Evidence, figures: tuple[Figure, ...]) -> Manifest:
    values = {figure.id: figure.value for figure in figures}
    # A picture is no part of what totals follow from: its hash stands for it.
    logo = f"sha256:{digest(e.request.logo)}" if e.request.logo else ""
    return Manifest(
        request=replace(e.request, logo=logo),
        method_version=METHOD_VERSION,
        code_version=f"{__version__}+{code_hash()[:12]}",
        config=json.dumps(asdict(e.method), sort_keys=True),
        factor_set=e.catalog.fingerprint,
        files=tuple(f for f in factors_of(e) if f.sha256),
        inputs=tuple(InputHash(*i) for i in e.inputs),
        seed=SEED,
        draws=DRAWS,
        totals=tuple((name, _steady(values[name])) for name in TOTALS),
    )


def _steady(total: float | None) -> float | None:
    """A total without the last digits, which depend on the order in which threads add up."""
    return None if total is None else float(f"{total:.12g}")


@cache
def code_hash() -> str:
    """SHA-256 over the package's own files: which code computed a report, git or not."""
    root = Path(spectra.__file__).parent
    files = sorted(p for p in root.rglob("*") if p.suffix in (".py", ".sql"))
    return digest("".join(f"{p.relative_to(root).as_posix()} {file_digest(p)}\n" for p in files))


def _cover(e: Evidence, status: Literal["draft", "final"], blockers: tuple[Blocker, ...]) -> Cover:
    r = e.request
    parts = [("regions", r.regions), ("teams", r.teams), ("accounts", r.accounts)]
    named = [f"{what} {', '.join(names)}" for what, names in parts if names]
    badge = "audit-ready"
    if e.is_empty:
        badge = "no data"
    elif any(b.blocks for b in blockers):
        badge = "not audit-ready"
    warnings = []
    if e.coverage is not None and e.coverage < WARNING_COVERAGE:
        warnings.append(
            f"Only {share_text(e.coverage)} of the energy has a stated grid intensity: the totals "
            "rest on filled-in values."
        )
    if e.is_over and not e.is_empty and e.hours_share < 1:
        warnings.append(
            f"Only {share_text(e.hours_share)} of the period's hours are accounted for: the totals "
            "are of those alone."
        )
    return Cover(
        title="Greenhouse gas emissions of cloud use",
        status=status,
        period=r.period,
        boundary="; ".join(named) or "all regions, teams and accounts",
        view=r.view,
        company=r.company,
        entity=r.entity,
        logo=r.logo,
        assurance=r.assurance,
        badge=badge,
        coverage=e.coverage,
        warning=" ".join(warnings),
        generated_at=e.now,
        data_until=None if e.accounted.end is None else min(e.accounted.end, e.now),
    )

"""What keeps a report from "audit-ready", and what a reader is to be warned of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from spectra.insight.periods import relative_change
from spectra.reporting.evidence import Evidence
from spectra.reporting.model import Blocker
from spectra.store.report_log import Break
from spectra.units import mass_text, percent_text, share_text

AUDIT_COVERAGE, WARNING_COVERAGE = 0.95, 0.80
UTILISATION_COVERAGE = 0.80
# A restatement above this is significant.
SIGNIFICANT = 0.05
SAME = 1e-9


def blockers_of(
    e: Evidence, breaks: list[Break], status: Literal["draft", "final"] = "draft"
) -> tuple[Blocker, ...]:
    """Blockers first, then warnings, each with the next step; a final one has restated already."""
    found = [
        *_of_period(e),
        *_of_ledger(e),
        *_of_coverage(e),
        *_of_aws(e),
        *_of_inputs(e),
        *_of_licences(e),
        *(_of_standing(e) if status == "draft" else ()),
        *_of_chain(breaks),
    ]
    return tuple(sorted(found, key=lambda b: not b.blocks))


def _of_period(e: Evidence) -> Iterator[Blocker]:
    if not e.is_over:
        yield Blocker(
            "period",
            "The period is not over.",
            f"Report again after {e.request.end:%Y-%m-%d %H:%M} UTC.",
            "boundary",
        )
    if e.is_empty:
        yield Blocker(
            "empty",
            "No resource of the boundary is known in the period.",
            "Choose another period or boundary, or refresh.",
            "summary",
        )
    elif e.hours_share < 1:
        missing = e.period_hours - e.accounted.hours
        yield Blocker(
            "hours",
            f"{missing:,} of {e.period_hours:,} hours are not accounted for.",
            "Refresh, or choose a period that the data reach into.",
            "quality",
        )


def _of_ledger(e: Evidence) -> Iterator[Blocker]:
    if e.accounted.queued:
        yield Blocker(
            "queued",
            f"{e.accounted.queued:,} region-hours wait to be computed anew.",
            "Run “python -m spectra refresh” and report again.",
            "quality",
        )
    if not e.is_steady:
        yield Blocker(
            "moving",
            "Data changed while the report was built.",
            "Build it again when the refresh is done.",
            "quality",
        )


def _of_coverage(e: Evidence) -> Iterator[Blocker]:
    if e.is_demo:
        yield Blocker(
            "demo",
            "Figures of the demo company are among them.",
            "Connect an AWS account and a grid source in Settings.",
            "quality",
        )
    if e.coverage is not None and e.coverage < AUDIT_COVERAGE:
        yield Blocker(
            "coverage",
            f"Only {share_text(e.coverage)} of the energy has a stated grid "
            f"intensity; {share_text(AUDIT_COVERAGE)} are needed.",
            "Add the grid's hours by API key or by portal files.",
            "quality",
        )
    known = e.utilisation_coverage
    if known is not None and known < UTILISATION_COVERAGE:
        yield Blocker(
            "utilisation",
            f"Only {share_text(known)} of the energy has measured utilisation.",
            "Let CloudWatch be read for all machines.",
            "quality",
            blocks=False,
        )


def _of_aws(e: Evidence) -> Iterator[Blocker]:
    if e.scopes and e.scopes.scope1 is None:
        yield Blocker(
            "scope1",
            "Scope 1 of AWS is not estimated.",
            "Permit AWS's sustainability service, or upload a carbon export.",
            "exclusions",
            blocks=False,
        )
    if e.scopes and e.market.basis != "aws":
        yield Blocker(
            "market",
            "Market-based scope 2 does not rest on AWS's figures alone.",
            "Permit AWS's sustainability service.",
            "reconciliation",
            blocks=False,
        )
    if len(e.unknown_places):
        yield Blocker(
            "aws_unknown",
            f"AWS states {mass_text(float(e.unknown_places['grams'].sum()))} CO₂e of EC2 for "
            "accounts or regions of which no usage is known here.",
            "Connect them, or exclude them from the boundary and say so.",
            "reconciliation",
        )


def _of_inputs(e: Evidence) -> Iterator[Blocker]:
    if not e.request.company and not e.request.entity:
        yield Blocker(
            "entity",
            "Neither company nor reporting entity is named.",
            "Name one of them.",
            "boundary",
        )
    if not e.request.assurance:
        yield Blocker(
            "assurance",
            "No assurance line is given.",
            "Say who assures the report, or that nobody does.",
            "boundary",
            blocks=False,
        )
    if e.request.revenue is None:
        yield Blocker(
            "revenue",
            "No net revenue is given, so intensity per revenue is n/a.",
            "Enter the net revenue of the period.",
            "intensity",
            blocks=False,
        )


def _of_licences(e: Evidence) -> Iterator[Blocker]:
    doubtful = sorted({s.file for s in e.catalog.factor_sources if not s.is_confirmed})
    if doubtful:
        yield Blocker(
            "licences",
            f"To be confirmed: source or licence of {', '.join(doubtful)}.",
            "See methods and factors.",
            "methods",
            blocks=False,
        )


def larger_change(e: Evidence) -> tuple[str, float | None, str]:
    """Which total differs more from the final report that stands, by what share, and its weight.

    The share is None where neither total can be compared.
    """
    s, before = e.scopes, e.standing
    changes = (
        {
            "location-based": relative_change(s.total_lb, before.total_lb_g),
            "market-based": relative_change(s.total_mb, before.total_mb_g),
        }
        if s and before
        else {"location-based": None}
    )
    basis = max(changes, key=lambda name: abs(changes[name] or 0.0))
    change = changes[basis]
    is_significant = change is not None and abs(change) >= SIGNIFICANT
    return basis, change, "significant" if is_significant else "not significant"


def _of_standing(e: Evidence) -> Iterator[Blocker]:
    """The final report that stands and is not what today's data say."""
    if e.standing is None:
        return
    basis, change, weight = larger_change(e)
    if change is not None and abs(change) > SAME:
        yield Blocker(
            "restatement",
            f"The {basis} total differs by {percent_text(change * 100, 2)} ({weight}) from the "
            f"final report {e.standing.report_id}.",
            "Make this report final to restate it.",
            "restatements",
            blocks=False,
        )


def _of_chain(breaks: list[Break]) -> Iterator[Blocker]:
    for found in breaks:
        yield Blocker(
            f"chain:{found.report_id}",
            f"The chain of final reports does not hold at {found.report_id}: {found.what}",
            "Restore the database from a copy.",
            "audit",
        )

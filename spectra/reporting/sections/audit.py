"""For the auditor: restatements, the index of datapoints, and everything to compute it again."""

from __future__ import annotations

from typing import Literal

from spectra.reporting.blockers import SIGNIFICANT, larger_change
from spectra.reporting.evidence import Evidence
from spectra.reporting.model import Blocker, Datapoint, Manifest
from spectra.reporting.parts import Figure, Section, Table
from spectra.reporting.tables import Heading, row, table
from spectra.units import percent_text

_STATUS = {
    "section": "answered in words",
    "partly": "partly",
    "none": "out of reach",
}


def restatements(e: Evidence, status: Literal["draft", "final"]) -> Section:
    """The policy, what this report restates, and the log of final reports."""
    text = [
        "A final report is never changed. When its data change, a further one restates it and says "
        f"by how much; {percent_text(SIGNIFICANT * 100)} or more of either total, location-based "
        "or market-based, is significant.",
    ]
    before = e.standing
    if before is not None:
        basis, change, weight = larger_change(e)
        stood = f"The final report {before.report_id} of {before.sealed_at:%Y-%m-%d} "
        stood += (
            "stood for this period and boundary until this one."
            if status == "final"
            else "stands for this period and boundary."
        )
        text.append(
            f"{stood} By the data of today its {basis} total differs by "
            f"{percent_text(None if change is None else change * 100, 2)}: {weight}."
        )
    headings: list[Heading] = [
        ("report_id", "Report", ""), ("period", "Period", ""), ("sealed_at", "Sealed", "time"),
        ("total_lb", "Total, location-based", "gCO2e"),
        ("total_mb", "Total, market-based", "gCO2e"),
        ("restates", "Restates", ""), ("reason", "Reason", ""), ("chain_hash", "Chain", ""),
    ]  # fmt: skip
    rows = [
        row(x.report_id, x.report_id, x.period, x.sealed_at, x.total_lb_g, x.total_mb_g,
            x.restates, x.reason, x.chain_hash)
        for x in e.log
    ]  # fmt: skip
    return Section(
        "restatements", 14, "Restatements", tuple(text),
        tables=(table("report_log", "Final reports so far", headings, rows),),
    )  # fmt: skip


def datapoints_of(e: Evidence, figures: tuple[Figure, ...]) -> tuple[Datapoint, ...]:
    """Each requirement with how far the report answers it."""
    values = {figure.id: figure.value for figure in figures}
    made = []
    for r in e.catalog.requirements:
        status = _STATUS.get(r.kind, "")
        if not status and values.get(r.figure) is None:
            status = "needs input" if r.kind == "input" else "not estimated"
        elif not status:
            status = "information" if r.kind == "information" else "answered"
        note = r.note if r.is_read else f"{r.note} Reference to be verified.".strip()
        made.append(Datapoint(r.id, r.standard, r.reference, r.title, status, r.figure, note))
    return tuple(made)


def index(datapoints: tuple[Datapoint, ...], figures: tuple[Figure, ...]) -> Section:
    """The index of datapoints with the figure that answers each."""
    labels = {figure.id: figure.label for figure in figures}
    headings: list[Heading] = [
        ("standard", "Standard", ""), ("reference", "Reference", ""), ("title", "Datapoint", ""),
        ("status", "Status", ""), ("label", "Figure", ""), ("figure", "Id", ""),
        ("note", "Note", ""),
    ]  # fmt: skip
    rows = [
        row(d.id, d.standard, d.reference, d.title, d.status, labels.get(d.figure, ""), d.figure,
            d.note)
        for d in datapoints
    ]  # fmt: skip
    text = ("GRI 102 takes the place of GRI 305-1 to 305-5 from 1 January 2027, so both are here.",)
    return Section(
        "datapoints", 15, "Datapoint index", text,
        tables=(table("datapoints", "Disclosure requirements", headings, rows),),
    )  # fmt: skip


def appendix(manifest: Manifest, manifest_hash: str, blockers: tuple[Blocker, ...]) -> Section:
    """Manifest, inputs with their hashes, and what stands in the way."""
    headings: list[Heading] = [("what", "", ""), ("value", "", "")]
    facts = {
        "Method": manifest.method_version,
        "Code": manifest.code_version,
        "Choices": manifest.config,
        "Factor set, SHA-256": manifest.factor_set,
        "Draws and seed": f"{manifest.draws} and {manifest.seed}",
        "Prepared by": manifest.request.prepared_by or "not given",
        "Manifest, SHA-256": manifest_hash,
    }
    made = table("manifest", "Manifest", headings, [row(k, k, v) for k, v in facts.items()])
    text = (
        "The same manifest over the same data gives the same totals to a billionth. A final "
        "report's chain hash is SHA-256 of the hash before it and of its record.",
    )
    return Section(
        "audit", 16, "Audit appendix", text, tables=(made, _inputs(manifest), _open(blockers))
    )


def _inputs(manifest: Manifest) -> Table:
    headings: list[Heading] = [
        ("name", "Table", ""), ("rows", "Rows of the period", "count"), ("sha256", "SHA-256", ""),
    ]  # fmt: skip
    rows = [row(i.name, i.name, i.rows, i.sha256) for i in manifest.inputs]
    notes = ("Tables of millions of rows are folded by day before SHA-256 is taken.",)
    return table("inputs", "Inputs as they were read", headings, rows, notes=notes)


def _open(blockers: tuple[Blocker, ...]) -> Table:
    headings: list[Heading] = [
        ("what", "What", ""), ("blocks", "Keeps from audit-ready", ""), ("next", "Next step", ""),
    ]  # fmt: skip
    rows = [row(b.id, b.what, b.blocks, b.next_step) for b in blockers]
    return table("open", "Open points", headings, rows)

"""``report`` and ``reports`` on the command line: write one, keep it as final, check the chain."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spectra.catalog import Catalog
from spectra.cli_common import say, up_to_date, write_file
from spectra.errors import InputError
from spectra.reporting import asking, final
from spectra.reporting.build import build
from spectra.reporting.carbon_import import import_carbon_export
from spectra.reporting.faces import FACES, written
from spectra.reporting.faces.logo import checked_logo
from spectra.reporting.kept_budgets import budget_lines
from spectra.reporting.model import TEMPLATES, Report, Request
from spectra.reporting.words import figure_text, interval_text
from spectra.store import Store, report_log


def add_commands(commands: Any) -> None:
    """Add both commands to the parser's subcommands."""
    report = commands.add_parser("report", help="write the report of a period")
    report.add_argument(
        "--period", required=True, help="2026-07, 2026-Q3, 2026 or 2026-07-01..2026-07-14"
    )
    report.add_argument("--format", default="json", choices=sorted(FACES))
    report.add_argument("--out", type=Path, required=True, help="the file to write")
    for name in ("region", "team", "account"):
        report.add_argument(f"--{name}", action="append", default=[], help="may be repeated")
    report.add_argument("--view", default="customer", choices=("customer", "provider"))
    report.add_argument("--template", default="full", choices=sorted(TEMPLATES))
    report.add_argument("--company", default="")
    report.add_argument("--entity", default="", help="the reporting entity")
    report.add_argument(
        "--logo", type=Path, help="PNG or JPEG, or SVG for HTML alone, at most 512 KB"
    )
    report.add_argument("--revenue", type=float, help="net revenue of the period")
    report.add_argument("--currency", default="USD", help="of the revenue, such as EUR")
    report.add_argument("--assurance", default="", help="one line: who assures it, or nobody")
    report.add_argument("--prepared-by", default="")
    report.add_argument(
        "--carbon-export", type=Path, help="first read this file of AWS's carbon emissions export"
    )
    report.add_argument("--final", action="store_true", help="keep it for good, in the chain")
    report.add_argument("--reason", default="", help="why a final report is restated")
    report.set_defaults(run=_report)
    reports = commands.add_parser("reports", help="list final reports and check their chain")
    reports.add_argument("--reproduce", metavar="ID", help="compute one again and compare")
    reports.add_argument("--get", metavar="ID", help="write one as it was sealed; needs --out")
    reports.add_argument("--format", default="json", choices=sorted(FACES))
    reports.add_argument("--out", type=Path)
    reports.set_defaults(run=_reports)


def _report(options: argparse.Namespace) -> int:
    with up_to_date() as (store, catalog, _):
        _keep_off(store, options.out)
        request = _request(options, catalog)
        if options.carbon_export:
            import_carbon_export(store, options.carbon_export.name, _read(options.carbon_export))
        if options.final:
            report = final.seal(
                store, catalog, request, reason=options.reason, budgets=budget_lines
            )
        else:
            report = build(store, catalog, request, budgets=budget_lines)
    _write(report, options.format, options.out)
    _tell(report)
    return 0


def _request(options: argparse.Namespace, catalog: Catalog) -> Request:
    return asking.make_request(
        catalog,
        options.period,
        regions=options.region,
        teams=options.team,
        accounts=options.account,
        view=options.view,
        template=options.template,
        company=options.company,
        entity=options.entity,
        logo=checked_logo(_read(options.logo)).uri if options.logo else "",
        revenue=options.revenue,
        currency=options.currency,
        assurance=options.assurance,
        prepared_by=options.prepared_by,
    )


def _reports(options: argparse.Namespace) -> int:
    with up_to_date() as (store, catalog, _):
        if options.get:
            if options.out is None:
                raise InputError("Where to is missing.", next_step="Add --out FILE.")
            _keep_off(store, options.out)
            _write(final.load(store, options.get), options.format, options.out)
            return 0
        if options.reproduce:
            return _tell_reproduction(final.reproduce(store, catalog, options.reproduce))
        for e in report_log.entries(store):
            restates = f"  restates {e.restates}" if e.restates else ""
            say(f"{e.report_id}  {e.period}  {e.sealed_at:%Y-%m-%d}  {e.chain_hash}{restates}")
        breaks = report_log.breaks(store)
    for found in breaks:
        say(f"{found.report_id}: {found.what}", is_error=True)
    say("The chain does not hold." if breaks else "The chain holds.")
    return 1 if breaks else 0


def _tell_reproduction(found: final.Reproduction) -> int:
    for total in found.totals:
        if not total.is_equal:
            say(f"{total.figure}: {total.before} then, {total.now} now")
    for sentence in found.changed:
        say(sentence)
    say("Every total is reproduced." if found.holds else "A restatement is due.")
    return 0 if found.holds else 1


def _tell(report: Report) -> None:
    """What was written, in a few lines."""
    seal = f", {report.seal.report_id}" if report.seal else ""
    say(f"{report.cover.period}: {report.cover.status}{seal}, {report.cover.badge}")
    for basis in ("lb", "mb"):
        total = report.figure(f"{report.cover.view}.total_{basis}")
        say(f"{total.label}: {figure_text(total)} {interval_text(total)}".rstrip())
    for blocker in report.blockers:
        say(f"{'!' if blocker.blocks else '-'} {blocker.what} {blocker.next_step}")


def _keep_off(store: Store, path: Path) -> None:
    """Refuse to write over the database or what belongs to it, before anything is sealed."""
    own = [Path(f"{store.path}{end}") for end in ("", ".wal")] if store.is_file else []
    if any(file.exists() and path.exists() and path.samefile(file) for file in own):
        raise InputError(
            f"“{path.name}” is SPECTRA's own database. Nothing was sealed or written.",
            next_step="Choose another file.",
        )


def _write(report: Report, name: str, path: Path) -> None:
    content = written(report, name)
    try:
        write_file(path, content)
    except OSError as error:
        raise InputError(
            f"“{path.name}” cannot be written: {error.strerror}.",
            next_step="Choose another file; a final report is kept and can be had again.",
        ) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"“{path.name}” cannot be read: {error.strerror}.") from None

"""The command line: refresh the shared workspace, or check what is configured."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spectra import history_cli, notices, report_cli, schedule_cli, units
from spectra.catalog import Catalog, load_catalog
from spectra.checks import Check, check_all, metered
from spectra.cli_common import day, plain, say
from spectra.config import Config, load_config
from spectra.errors import SpectraError, StoreError, StoreLockedError, unexpected
from spectra.following import follow_up
from spectra.portal_import import SOURCE as PORTAL
from spectra.portal_import import FileReport, import_folder
from spectra.refresh import refresh_demo, settle
from spectra.refresh.connections import shared_connections
from spectra.refresh.forecasts import issue_forecasts
from spectra.refresh.keeping import PROBLEM
from spectra.refresh.live import SOURCES, Live, Report
from spectra.refresh.tasks import Outcome
from spectra.shared_workspace import shared_workspace
from spectra.store import Store
from spectra.store.notice_log import failing_sources
from spectra.store.source_state import Key
from spectra.watch import Watcher

OK, FAILED, USAGE, LOCKED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status.

    0 everything worked, 1 something failed, 2 wrong use, 3 another process has the database open,
    130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or a file that cannot write all of it
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        say("Interrupted; what was written is kept.", is_error=True)
        return INTERRUPTED
    except OSError as error:  # what it prints to is full, or nobody reads it any more
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
        if not isinstance(error, BrokenPipeError):
            say(f"It ended early: {error}.", is_error=True)
        return FAILED
    except StoreLockedError as error:
        say(str(error), is_error=True)
        say(
            "SPECTRA itself is running on this file and owns it. Either let it refresh (Settings, "
            "Automation: it runs as long as the app does), or stop it and run this again. "
            "Nothing was changed.",
            is_error=True,
        )
        return LOCKED
    except SpectraError as error:
        say(str(error), is_error=True)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line: one subcommand each, with ``run`` to carry it out."""
    root = argparse.ArgumentParser(
        prog="python -m spectra", description="SPECTRA from the command line."
    )
    commands = root.add_subparsers(required=True, metavar="command")
    refresh = commands.add_parser("refresh", help="bring the shared workspace up to date; for cron")
    refresh.add_argument(
        "--source",
        action="append",
        choices=(*SOURCES, "demo", "portal"),
        help="only this source; may be repeated",
    )
    refresh.add_argument(
        "--since", type=day, help="read again from this UTC day on, such as 2026-11-01"
    )
    refresh.add_argument(
        "--retry",
        action="store_true",
        help="ask at once for what failed before, and what the keys lead to now; a wait that a "
        "service asked for holds",
    )
    refresh.add_argument("--json", action="store_true", help="print the outcome as JSON")
    refresh.set_defaults(run=_refresh)
    schedule_cli.add_commands(commands)
    report_cli.add_commands(commands)
    history_cli.add_commands(commands)
    check = commands.add_parser(
        "check", help="tell what is configured, reachable, entitled and permitted"
    )
    check.add_argument("--json", action="store_true", help="print the table as JSON")
    check.set_defaults(run=_check)
    return root


def _refresh(options: argparse.Namespace) -> int:
    with shared_workspace() as (store, catalog, config):
        report = _bring_up_to_date(store, catalog, config, options)
        left = failing_sources(store, 1, left_since=report.started_at)
    waiting = [
        f"{one.source} {one.dataset} {one.scope}".strip()
        for one in left
        if one.source in (options.source or SOURCES)
    ]
    if options.json:
        print(json.dumps({**_as_json(report), "still_failing": waiting}, indent=2))
    else:
        _print_report(report)
        for name in waiting:
            say(f"{name} still fails.")
    return FAILED if report.failures or waiting else OK


def _bring_up_to_date(
    store: Store, catalog: Catalog, config: Config, options: argparse.Namespace
) -> Report:
    sources = set(options.source or (*SOURCES, "demo", "portal"))
    connections = shared_connections(config)
    if "demo" in sources and config.demo and connections.aws is None:
        refresh_demo(store, catalog, days=config.demo_days)
    files = import_folder(store, catalog, config.portal_folder) if "portal" in sources else []
    settle(store, catalog, config=config)
    live = Live(store, catalog, config, connections, sources & set(SOURCES), options.since)
    report = live.refresh(retry=options.retry)
    # A forecast is issued once an hour: not before there is the newest to make it from.
    issue_forecasts(store, factor=config.emission_factor)
    outcomes = [*map(_of_file, files), *report.outcomes]
    outcomes += _after("watch", lambda: follow_up(store, catalog, config, Watcher(store)))
    outcomes += _after("notices", lambda: notices.tell_new(store, config, datetime.now(UTC)))
    return replace(report, outcomes=(*outcomes, *_of_retention(store, config)))


def _after(name: str, work: Callable[[], object]) -> list[Outcome]:
    """What follows a refresh: where it fails, what was read stays and is told all the same."""
    try:
        work()
    except SpectraError as error:
        return [Outcome(Key(name, "", ""), "failed", detail=str(error))]
    except Exception as error:  # noqa: BLE001 (what was read is told whatever follows)
        return [Outcome(Key(name, "", ""), "failed", detail=str(unexpected(error)))]
    return []


def _of_file(file: FileReport) -> Outcome:
    rejected = file.rejected_count
    unusable = f"{units.counted(rejected, 'row')} cannot be used." if rejected else ""
    return Outcome(
        Key(PORTAL, file.name, ""),
        "failed" if file.status == "refused" else "ok",
        file.changed_count,
        " ".join(filter(None, (file.message or file.status, unusable, *file.notes))),
    )


def _of_retention(store: Store, config: Config) -> list[Outcome]:
    problem = store.meta(PROBLEM) if config.retention_hourly_days is not None else None
    return [Outcome(Key("retention", "archive", ""), "failed", detail=problem)] if problem else []


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "started_at": report.started_at.isoformat(),
        "seconds": round(report.seconds, 3),
        "request_count": report.request_count,
        "estimated_usd": round(report.estimated_usd, 6),
        "failed": len(report.failures),
        "left_alone": report.left_alone,
        "outcomes": [{**asdict(o), "key": "/".join(o.key)} for o in report.outcomes],
    }


def _print_report(report: Report) -> None:
    rows: list[tuple[str, ...]] = [
        ("dataset", "where", "status", "rows", "requests", "USD", "seconds", "detail")
    ]
    rows += [
        (
            f"{o.key.source} {o.key.dataset}",
            o.key.scope,
            o.status,
            f"{o.row_count:,}",
            str(o.request_count),
            f"{o.estimated_usd:.4f}",
            f"{o.seconds:.1f}",
            f"{o.detail} {o.next_step}".strip(),
        )
        for o in report.outcomes
    ]
    _print_table(rows)
    say(
        f"{len(report.outcomes)} datasets, {len(report.failures)} failed, "
        f"{report.request_count} requests, about ${report.estimated_usd:.2f}, "
        f"{report.seconds:.1f} s."
    )
    if report.left_alone:
        say(
            f"{report.left_alone} that failed before were not asked again yet: --retry asks at "
            "once, unless the service said to wait."
        )


def _check(options: argparse.Namespace) -> int:
    lines = _checked()
    if options.json:
        print(json.dumps([asdict(line) for line in lines], indent=2))
    else:
        _print_table(
            [
                ("source", "what", "status", "detail"),
                *((c.source, c.what, c.status, f"{c.detail} {c.next_step}".strip()) for c in lines),
            ]
        )
    return FAILED if any(line.is_bad for line in lines) else OK


def _checked() -> list[Check]:
    """Every check; what it asks for goes into the meter of the workspace, where that opens."""
    with ExitStack() as stack:
        try:
            store, catalog, config = stack.enter_context(shared_workspace())
        except StoreError as error:
            config = load_config()
            return [
                _closed(error),
                *check_all(config, shared_connections(config), load_catalog()),
            ]
        fine = Check("Database", "file", "ok", "It opens and its schema is up to date.")
        connections = shared_connections(config)
        return [
            fine,
            *metered(store, "checks", lambda: check_all(config, connections, catalog)),
        ]


def _closed(error: StoreError) -> Check:
    if isinstance(error, StoreLockedError):
        return Check("Database", "file", "partly", error.message, "SPECTRA is running on it.")
    return Check("Database", "file", "failed", error.message, error.next_step)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell; the last one is as long as it likes."""
    rows = [tuple(map(plain, row)) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        say("  ".join([*cells, row[-1]]).rstrip())

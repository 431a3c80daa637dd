"""``history`` on the command line: export to Parquet, read back, and what the policy would do."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spectra.cli_common import day, say
from spectra.shared_workspace import shared_workspace
from spectra.store import retention
from spectra.store.history_export import export_history
from spectra.store.history_import import import_history


def add_commands(commands: Any) -> None:
    """Add the command and its parts to the parser's subcommands."""
    history = commands.add_parser("history", help="export history to Parquet, or read it back")
    parts = history.add_subparsers(required=True, metavar="what")
    out = parts.add_parser("export", help="write facts and sums by month to a new folder")
    out.add_argument("folder", type=Path)
    out.add_argument("--since", type=day, help="from this UTC day on, such as 2026-01-01")
    out.add_argument("--before", type=day, help="before this UTC day, such as 2026-08-01")
    out.set_defaults(run=_export)
    back = parts.add_parser("import", help="check an exported folder and read it back")
    back.add_argument("folder", type=Path)
    back.set_defaults(run=_import)
    plan = parts.add_parser("plan", help="what the retention policy would roll up now")
    plan.set_defaults(run=_plan)


def _export(options: argparse.Namespace) -> int:
    with shared_workspace() as (store, _, _):
        manifest = export_history(
            store, options.folder, start=options.since, before=options.before, progress=_tell
        )
    say(f"Exported to {options.folder}: {manifest.text}")
    return 0


def _import(options: argparse.Namespace) -> int:
    with shared_workspace() as (store, catalog, _):
        manifest = import_history(store, catalog, options.folder, _tell)
    say(f"Read {options.folder}: {manifest.text}")
    return 0


def _plan(options: argparse.Namespace) -> int:
    with shared_workspace() as (store, _, config):
        found = retention.plan(
            store, config.retention_hourly_days, keep_reported=config.retention_keep_reported
        )
    say(found.text)
    return 0


def _tell(share: float, text: str) -> None:
    say(f"{share:4.0%}  {text}")

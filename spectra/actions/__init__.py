"""What SPECTRA may change in an account: a plan, its dry run, its guarded execution, its undo."""

from spectra.actions.builders import (
    change_volume_type,
    delete_volume,
    resize,
    start,
    stop,
    terminate,
)
from spectra.actions.bulk import Batch, bulk, execute_batch
from spectra.actions.calls import Call, Result, Wait
from spectra.actions.destination import Destination
from spectra.actions.executor import Trial, close, dry_run, examine, execute, resume, roll_back
from spectra.actions.journal import Journal
from spectra.actions.move_log import Move, left_behind, moves
from spectra.actions.moving import plan_move
from spectra.actions.permit import Permit, may_act
from spectra.actions.plan import Check, Plan, Step, Target
from spectra.actions.run import Outcome
from spectra.actions.runner import Runner
from spectra.actions.volume_text import volume_migration_text

__all__ = [
    "Batch",
    "Call",
    "Check",
    "Destination",
    "Journal",
    "Move",
    "Outcome",
    "Permit",
    "Plan",
    "Result",
    "Runner",
    "Step",
    "Target",
    "Trial",
    "Wait",
    "bulk",
    "change_volume_type",
    "close",
    "delete_volume",
    "dry_run",
    "examine",
    "execute",
    "execute_batch",
    "left_behind",
    "may_act",
    "moves",
    "plan_move",
    "resize",
    "resume",
    "roll_back",
    "start",
    "stop",
    "terminate",
    "volume_migration_text",
]

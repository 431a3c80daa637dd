"""What SPECTRA may change in an account: a plan, its dry run, its guarded execution, its undo."""

from spectra.actions.builders import (
    change_volume_type,
    delete_volume,
    resize,
    start,
    stop,
    terminate,
    volume_migration_text,
)
from spectra.actions.calls import Call, Result, Wait
from spectra.actions.plan import Check, Plan, Step, Target

__all__ = [
    "Call",
    "Check",
    "Plan",
    "Result",
    "Step",
    "Target",
    "Wait",
    "change_volume_type",
    "delete_volume",
    "resize",
    "start",
    "stop",
    "terminate",
    "volume_migration_text",
]

"""Many plans of one kind at once: a limit, one confirmation, and an end at the first failure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from spectra.actions.executor import RunnerOf, require_confirmation, require_safe
from spectra.actions.journal import Journal
from spectra.actions.permit import Permit
from spectra.actions.plan import Plan
from spectra.actions.run import Outcome, Progress, Run
from spectra.errors import BusyError, GuardError, InputError, SourceError, StoreError


@dataclass(frozen=True, slots=True)
class Batch:
    """Plans that are decided on together."""

    batch_id: str
    plans: tuple[Plan, ...]

    @property
    def confirmation(self) -> str:
        """What has to be typed before they run, such as ``stop 12 instances``."""
        if len(self.plans) == 1:
            return self.plans[0].confirmation
        first, count = self.plans[0], len(self.plans)
        verb = first.action.removesuffix(" volume").replace(" volume type", " the type of")
        return f"{verb} {count} {first.target.kind}s"

    def as_markdown(self) -> str:
        """All plans, one after the other."""
        return "\n\n---\n\n".join(plan.as_markdown() for plan in self.plans)

    def as_cli_script(self) -> str:
        """One script of all plans; it stops at the first error too."""
        # From the line's beginning: a name may hold the same words.
        head, _, _ = self.plans[0].as_cli_script().partition("\n# 1. ")
        bodies = [plan.as_cli_script().partition("\n# 1. ")[2] for plan in self.plans]
        titles = [" ".join(plan.title.split()) for plan in self.plans]
        parts = [f"## {title}\n# 1. {body}" for title, body in zip(titles, bodies, strict=True)]
        return head.replace(titles[0], self.confirmation, 1) + "\n" + "\n".join(parts)


def bulk(plans: Sequence[Plan], limit: int) -> Batch:
    """Put plans together.

    Raises
    ------
    InputError
        If there is none, they are of several kinds, or one resource comes twice.
    GuardError
        If there are more than the limit.
    """
    if not plans:
        raise InputError("Nothing is chosen.", next_step="Choose at least one resource.")
    if len(plans) > limit:
        raise GuardError(
            f"{len(plans)} are chosen, and at most {limit} may be changed at once.",
            next_step="Choose fewer; the operator sets the limit with SPECTRA_ACTIONS_LIMIT.",
        )
    if len({(plan.action, plan.target.kind) for plan in plans}) > 1:
        raise InputError("Plans of several kinds cannot be confirmed together.")
    if len({plan.target.resource_id for plan in plans}) < len(plans):
        raise InputError("A resource is chosen twice.")
    return Batch(uuid4().hex[:12], tuple(plans))


def execute_batch(  # noqa: PLR0913 (one argument for each guard)
    batch: Batch,
    runner_of: RunnerOf,
    journal: Journal,
    *,
    confirmation: str,
    permit: Permit,
    progress: Progress | None = None,
    origin: str = "page",
) -> list[Outcome]:
    """Carry plans out one after the other; the first failure ends it, and the rest is skipped.

    All of them are checked and dry-run before the first one begins, and each again before its own.

    Raises
    ------
    GuardError
        If it is not allowed, not confirmed, above the limit, or one of the plans is not safe;
        nothing was changed.
    SourceError
        If a resource cannot be read; nothing was changed.
    """
    permit.require()
    bulk(batch.plans, permit.limit)
    require_confirmation(confirmation, batch.confirmation)
    runners = [runner_of(plan) for plan in batch.plans]
    ready: list[Plan] = []
    for plan, runner in zip(batch.plans, runners, strict=True):
        if progress is not None:
            progress(0.0, f"{len(ready) + 1}/{len(runners)}: checking {plan.target.label}")
        ready.append(require_safe(plan, runner))
    outcomes: list[Outcome] = []
    failed: Outcome | None = None
    given = {"origin": origin, "batch_id": batch.batch_id}
    for number, (plan, runner) in enumerate(zip(ready, runners, strict=True)):
        if failed is not None:
            why = f"Not begun: {failed.plan_id} of the same batch failed."
            with suppress(StoreError):  # what became of those before it has to be told
                journal.skip(plan, runner.name, why, **given)
            outcomes.append(Outcome(plan.plan_id, "skipped", f"{plan.title}: {why}"))
            continue
        say = _within(progress, number, len(ready))
        try:
            # Those before it may have taken hours: what was safe then may not be any more.
            checked = require_safe(plan, runner) if number else plan
            journal.begin(checked, runner.name, **given)
        except (BusyError, StoreError) as error:
            outcomes.append(Outcome(plan.plan_id, "skipped", str(error), error=error))
        except (GuardError, SourceError) as error:
            with suppress(StoreError):
                journal.skip(plan, runner.name, str(error), **given)
            outcomes.append(Outcome(plan.plan_id, "skipped", str(error), error=error))
        else:
            outcomes.append(Run(checked, runner, journal, say).forward())
        failed = None if outcomes[-1].is_done else outcomes[-1]
    return outcomes


def _within(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Progress of one plan as its part of the whole."""
    if progress is None:
        return None
    return lambda share, text: progress((number + share) / count, f"{number + 1}/{count}: {text}")

"""The runner for real accounts: every call through one account's clients."""

from __future__ import annotations

from collections.abc import Collection

from spectra.actions import aws_moves
from spectra.actions.builders import PLAN_TAG, STEP_TAG
from spectra.actions.calls import Call, Wait
from spectra.actions.plan import Plan
from spectra.actions.runner import Results
from spectra.sources.aws import Account, changing, described
from spectra.sources.aws.changing import DELAY_S, Ask, Reply
from spectra.sources.aws.choices import Choices, Own, choices, owned
from spectra.sources.aws.described import Described
from spectra.store import Store, source_state
from spectra.store.source_state import Key


class AwsRunner:
    """Carries plans out in one AWS account.

    Parameters
    ----------
    account : Account
        Signed in with the role for changes.
    store : Store
        Told afterwards that its inventory is out of date.
    tag : (key, value) or None
        Only resources with this tag may be changed.
    delay_s : float
        Between two looks while it waits [s].
    """

    name = "aws"

    def __init__(
        self,
        account: Account,
        store: Store,
        tag: tuple[str, str] | None,
        *,
        delay_s: float = DELAY_S,
    ) -> None:
        self._account, self._store, self._delay_s = account, store, delay_s
        self.tag = tag

    @property
    def account_id(self) -> str:
        """Account it works in."""
        return self._account.account_id

    def describe(self, plan: Plan, *, created: bool = False) -> Described:
        """Look afresh at what a plan is about, and with `created` at what it made so far."""
        target = plan.target
        if plan.destination is not None:
            return aws_moves.describe(self._account, plan, plan.destination, created=created)
        if target.kind == "instance":
            wanted = plan.wanted if plan.action == "resize" else ""
            found = described.describe_instance(
                self._account, target.region, target.resource_id, wanted
            )
        else:
            found = described.describe_volume(self._account, target.region, target.resource_id)
        if not created:
            return found
        tags = (PLAN_TAG, STEP_TAG)
        return described.with_created(found, self._account, target.region, tags, plan.plan_id)

    def choices(self, region: str, instance_types: Collection[str]) -> Choices:
        """What can be chosen in a region for copies of these types."""
        return choices(self._account, region, instance_types)

    def owned(self, region: str, instance_ids: Collection[str]) -> dict[str, Own]:
        """What each machine of a region has that its copy is to have."""
        return owned(self._account, region, instance_ids)

    def dry_run(self, call: Call, results: Results) -> None:
        """Ask whether a call would be allowed."""
        changing.dry_run(self._account, _ask(call, results))

    def call(self, call: Call, results: Results) -> Reply:
        """Make a call."""
        return changing.call(self._account, _ask(call, results))

    def wait(self, wait: Wait, results: Results) -> None:
        """Wait for what comes after a call."""
        action = f"{wait.service}:wait {wait.waiter}"
        ask = Ask(wait.service, wait.waiter, wait.region, wait.resolved(results), action)
        changing.wait(self._account, ask, wait.minutes, self._delay_s)

    def settle(self, plan: Plan) -> None:
        """Let the next refresh list every region that the plan touches."""
        regions = {plan.target.region, *(step.call.region for step in plan.steps)}
        for region in sorted(regions):
            scope = f"{self.account_id}/{region}"
            source_state.outdate(self._store, Key("aws", "inventory", scope))


def _ask(call: Call, results: Results) -> Ask:
    return Ask(call.service, call.operation, call.region, call.resolved(results), call.action)

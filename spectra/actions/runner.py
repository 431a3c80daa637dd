"""Who carries a plan out: what every runner can do, whatever it runs against."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from spectra.actions.calls import Call, Wait
from spectra.actions.plan import Plan
from spectra.sources.aws.changing import Reply
from spectra.sources.aws.choices import Choices, Own
from spectra.sources.aws.described import Described

Results = dict[str, str]


class Runner(Protocol):
    """Calls, waits and looks, in one account.

    Attributes
    ----------
    name : str
        ``aws`` or ``demo``, as the journal has it.
    tag : (key, value) or None
        Only resources with this tag may be changed.
    """

    @property
    def name(self) -> str:
        """How the journal names it."""
        ...

    @property
    def account_id(self) -> str:
        """Account it works in."""
        ...

    @property
    def tag(self) -> tuple[str, str] | None:
        """Tag that a resource must have to be changed."""
        ...

    def describe(self, plan: Plan, *, created: bool = False) -> Described:
        """Look afresh at what a plan is about; with `created`, also at what it made so far."""
        ...

    def choices(self, region: str, instance_types: Collection[str]) -> Choices:
        """What can be chosen in a region for copies of these types; raises a SourceError."""
        ...

    def owned(self, region: str, instance_ids: Collection[str]) -> dict[str, Own]:
        """What each machine of a region has that its copy is to have; raises a SourceError."""
        ...

    def dry_run(self, call: Call, results: Results) -> None:
        """Ask whether a call would be allowed; raises a SourceError if not."""
        ...

    def call(self, call: Call, results: Results) -> Reply:
        """Make a call; raises a SourceError if it is refused."""
        ...

    def wait(self, wait: Wait, results: Results) -> None:
        """Wait; raises a SourceError if it does not come true."""
        ...

    def settle(self, plan: Plan) -> None:
        """See to it that the next numbers know of the change; called once, whatever happened."""
        ...

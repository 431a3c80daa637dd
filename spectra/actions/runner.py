"""Who carries a plan out: what every runner can do, whatever it runs against."""

from __future__ import annotations

from typing import Protocol

from spectra.actions.calls import Call, Wait
from spectra.actions.plan import Plan, Target
from spectra.sources.aws.changing import Reply
from spectra.sources.aws.choices import Choices
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

    def choices(self, target: Target, region: str, instance_type: str) -> Choices:
        """What can be chosen in a region for a copy; raises a SourceError or an InputError."""
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

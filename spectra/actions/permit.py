"""Who may change what: off unless the operator enabled it, and never in public."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from spectra.config import Config
from spectra.errors import GuardError


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether changes are allowed here, and if not why.

    Attributes
    ----------
    why_not : str
        Empty when they are allowed.
    next_step : str
        How to allow them, where that is possible.
    limit : int
        Most resources at once, in a plan's script too.
    """

    why_not: str = ""
    next_step: str = ""
    limit: int = 10

    def __bool__(self) -> bool:
        return not self.why_not

    def require(self) -> None:
        """Raise a GuardError unless changes are allowed."""
        if self.why_not:
            raise GuardError(self.why_not, next_step=self.next_step)


def may_act(config: Config, *, is_private: bool, is_demo: bool) -> Permit:
    """Whether a visitor may change things.

    Parameters
    ----------
    is_private : bool
        The workspace lives in the memory of one session.
    is_demo : bool
        What would be changed is the demo fleet.
    """
    permit = partial(Permit, limit=config.actions_limit)
    if config.public:
        return permit("This deployment is public; its visitors change nothing.")
    if is_demo:
        return permit()
    if is_private:
        return permit(
            "The journal of a private workspace ends with its session, so it changes nothing.",
            "Use the plan's script, or configure the account for the shared workspace.",
        )
    if not config.actions_enabled:
        return permit(
            "Changes in AWS accounts are off.",
            "The operator allows them with SPECTRA_ACTIONS_ENABLED=on; the plan's script works "
            "without.",
        )
    return permit()

"""Which runner a plan needs: the demo fleet's, or one of the account it is in."""

from __future__ import annotations

import threading

from spectra.actions.aws_runner import AwsRunner
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.permit import Permit, may_act
from spectra.actions.plan import Plan
from spectra.actions.runner import Runner
from spectra.catalog import Catalog
from spectra.config import Config
from spectra.errors import GuardError
from spectra.refresh.connections import changing_access
from spectra.sources.aws.changing import DELAY_S
from spectra.store import Store


class Runners:
    """The runners of a workspace; accounts are signed in to when they are first needed.

    Parameters
    ----------
    delay_s : float
        Between two looks while a runner waits [s].
    """

    def __init__(
        self, store: Store, catalog: Catalog, config: Config, *, delay_s: float = DELAY_S
    ) -> None:
        self._store, self._catalog, self._config = store, catalog, config
        self._delay_s = delay_s
        self._found: dict[str, AwsRunner] = {}
        self._lock = threading.Lock()

    @property
    def is_demo(self) -> bool:
        """Whether the fleet of the workspace is the demo company's, and nothing but that."""
        row = self._store.row("SELECT bool_and(source = 'demo') FROM instances")
        return row is not None and row[0] is True

    def permit(self, *, is_private: bool) -> Permit:
        """Whether a visitor of the workspace may change its fleet."""
        return may_act(self._config, is_private=is_private, is_demo=self.is_demo)

    def of(self, plan: Plan) -> Runner:
        """The runner of a plan's account.

        Raises
        ------
        GuardError
            If no role leads there.
        SourceError
            If AWS does not let us in.
        """
        account_id = plan.target.account_id
        if self.is_demo:
            return DemoRunner(self._store, self._catalog, account_id)
        with self._lock:
            if account_id not in self._found:
                self._sign_in(account_id)
            return self._found[account_id]

    def _sign_in(self, account_id: str) -> None:
        access = changing_access(self._config)
        if access is None:
            raise GuardError(
                "There is no way into AWS for changes.",
                next_step="The operator configures keys or a profile, and SPECTRA_ACTIONS_ENABLED.",
            )
        for role in access.roles or (None,):
            if role is not None and f"::{account_id}:" not in role.arn:
                continue
            account = access.account(role)
            tag = self._config.actions_tag
            self._found[account.account_id] = AwsRunner(
                account, self._store, tag, delay_s=self._delay_s
            )
        if account_id not in self._found:
            raise GuardError(
                f"No role or key for changes leads to account {account_id}.",
                next_step="Add one to SPECTRA_ACTIONS_ROLE_ARNS.",
            )

"""Who we are in AWS: keys or the default chain, roles in other accounts, clients, and a meter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config as BotoConfig
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader, create_loader
from botocore.session import get_session

from spectra import metering
from spectra.sources.aws.errors import translated
from spectra.unwritten import Unwritten, fingerprint

# At DEBUG botocore logs session tokens, external IDs and the keys of assumed roles; who needs that
# asks for it by `boto3.set_stream_logger`.
logging.getLogger("botocore").setLevel(logging.INFO)

HOME_REGION = "us-east-1"
CE_USD_PER_REQUEST = 0.01
CLOUDWATCH_USD_PER_METRIC = 0.01 / 1000


@dataclass(frozen=True, slots=True)
class AwsKeys(Unwritten):
    """Keys typed in or configured; their secret parts never show."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Role(Unwritten):
    """A role to assume in an account."""

    arn: str
    external_id: str | None = field(default=None, repr=False)


class Meter:
    """Counts what was asked of AWS and what it is estimated to cost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.request_count = 0
        self.estimated_usd = 0.0

    def request(self, **_: Any) -> None:
        """Count one HTTP request; called by botocore, retries included."""
        metering.add(requests=1)
        with self._lock:
            self.request_count += 1

    def charge(self, usd: float) -> None:
        """Add what AWS charges for a call [USD]."""
        metering.add(usd=usd)
        with self._lock:
            self.estimated_usd += usd


class Account(Unwritten):
    """One AWS account through one set of credentials; its clients are built once and shared.

    Parameters
    ----------
    account_id : str
        As the credentials themselves say.
    arn : str
        The identity in use.
    """

    def __init__(
        self, session: boto3.session.Session, account_id: str, arn: str, options: BotoConfig
    ) -> None:
        self.account_id, self.arn = account_id, arn
        self.meter = Meter()
        self._session, self._options = session, options
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()  # sessions are not thread-safe, clients are

    def __repr__(self) -> str:
        return f"Account({self.account_id!r})"

    def client(self, service: str, region: str = HOME_REGION) -> Any:
        """Return the client of a service in a region, the same one each time."""
        with self._lock:
            if (service, region) not in self._clients:
                client = self._session.client(service, region_name=region, config=self._options)
                client.meta.events.register("before-send", self.meter.request)
                self._clients[service, region] = client
            return self._clients[service, region]


class Access(Unwritten):
    """The way into AWS that one workspace has.

    Parameters
    ----------
    keys : AwsKeys, optional
        Without them the default chain is used: profile, SSO, environment, instance role.
    profile : str, optional
        Name of a profile of the default chain.
    roles : sequence of Role
        Accounts to read by assuming a role; none reads the account of the keys themselves.
    max_attempts : int
        Attempts a request, the first included.
    timeout_s : tuple of float
        To connect and to read [s].

    Attributes
    ----------
    fingerprint : str
        Tells these keys from others. A profile has its name's: where it leads may change.
    whole_fingerprint : str
        Tells all that is signed in with from anything else: secrets, roles and external IDs, too.
    """

    def __init__(
        self,
        keys: AwsKeys | None = None,
        *,
        profile: str | None = None,
        roles: Sequence[Role] = (),
        max_attempts: int = 4,
        timeout_s: tuple[float, float] = (5, 30),
    ) -> None:
        self._keys, self._profile = keys, profile
        self.roles = tuple(roles)
        self.fingerprint = fingerprint(keys.access_key_id if keys else f"profile {profile}")
        secrets = (keys.secret_access_key, keys.session_token) if keys else ()
        doors = [(role.arn, role.external_id) for role in self.roles]
        self.whole_fingerprint = fingerprint(f"{self.fingerprint} {secrets} {doors}")
        self._options = BotoConfig(
            retries={"mode": "standard", "total_max_attempts": max_attempts},
            connect_timeout=timeout_s[0],
            read_timeout=timeout_s[1],
            max_pool_connections=20,
            user_agent_extra="spectra",
        )

    def __repr__(self) -> str:
        return f"Access(roles={len(self.roles)})"

    def account(self, role: Role | None = None) -> Account:
        """Sign in, to another account through `role`, and learn which account that is.

        Raises
        ------
        SourceError
            CredentialsError for bad keys, NotEntitledError if the role may not be assumed.
        """
        with translated("sts:AssumeRole" if role else "sts:GetCallerIdentity"):
            base = self._base_session()
            session = self._assumed(base, role) if role else base
            sts = session.client("sts", region_name=HOME_REGION, config=self._options)
            sts.meta.events.register("before-send", _count)
            who = sts.get_caller_identity()
        return Account(session, who["Account"], who["Arn"], self._options)

    def _base_session(self) -> boto3.session.Session:
        if self._keys is None:
            return _with_models(boto3.session.Session(profile_name=self._profile))
        return _with_models(
            boto3.session.Session(
                aws_access_key_id=self._keys.access_key_id,
                aws_secret_access_key=self._keys.secret_access_key,
                aws_session_token=self._keys.session_token,
            )
        )

    def _assumed(self, base: boto3.session.Session, role: Role) -> boto3.session.Session:
        """Build a session whose temporary keys botocore renews before they expire."""
        options = self._options

        def create(service: str, **arguments: Any) -> Any:
            client = base._session.create_client(
                service, region_name=HOME_REGION, config=options, **arguments
            )
            client.meta.events.register("before-send", _count)
            return client

        extra = {"RoleSessionName": "spectra"}
        if role.external_id:
            extra["ExternalId"] = role.external_id
        own = base.get_credentials()
        if own is None:
            raise NoCredentialsError
        fetcher = AssumeRoleCredentialFetcher(create, own, role.arn, extra_args=extra)
        core = get_session()
        core._credentials = DeferredRefreshableCredentials(  # as botocore itself does
            fetcher.fetch_credentials, "assume-role"
        )
        return _with_models(boto3.session.Session(botocore_session=core))


def _count(**_: Any) -> None:
    """Count a request of a sign-in, which is of no account yet."""
    metering.add(requests=1)


@cache
def _models() -> Loader:
    """AWS's descriptions of its services, tens of MB once read: no keys are in them."""
    return create_loader(get_session().get_config_variable("data_path"))


def _with_models(session: boto3.session.Session) -> boto3.session.Session:
    """Let a session read the descriptions that all share, and nothing else of another's."""
    session._session.register_component("data_loader", _models())
    return session

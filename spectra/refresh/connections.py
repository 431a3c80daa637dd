"""The clients that a workspace has, from its settings or from keys of one session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from spectra.config import Config
from spectra.sources.aws import Access, AwsKeys, Role
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.unwritten import Unwritten


@dataclass(frozen=True, slots=True)
class SessionKeys(Unwritten):
    """Keys that one visitor typed in; they live in that session alone and never show.

    Attributes
    ----------
    accounts : frozenset of str
        Accounts that the AWS keys and roles led to when they were typed.
    """

    aws: AwsKeys | None = None
    roles: tuple[Role, ...] = ()
    electricity_maps_key: str = field(default="", repr=False)
    cloudflare_token: str = field(default="", repr=False)
    accounts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.aws or self.electricity_maps_key or self.cloudflare_token)


@dataclass(frozen=True, slots=True)
class Connections:
    """What a workspace may ask of the outside; None where it has no key."""

    aws: Access | None = None
    electricity_maps: ElectricityMaps | None = None
    radar: Radar | None = None

    def __bool__(self) -> bool:
        return any((self.aws, self.electricity_maps, self.radar))

    def fingerprints(self) -> dict[str, str]:
        """What tells the keys of a source from others, by source; of those that have keys."""
        marks = {
            "aws": self.aws and self.aws.whole_fingerprint,
            "electricity_maps": self.electricity_maps and self.electricity_maps.fingerprint,
            "cloudflare_radar": self.radar and self.radar.fingerprint,
        }
        return {source: mark for source, mark in marks.items() if mark}


def shared_connections(config: Config) -> Connections:
    """Connections of the shared workspace: what the operator configured."""
    return Connections(
        _operator_access(config),
        _electricity_maps(config, config.electricity_maps_key),
        _radar(config, config.cloudflare_token),
    )


def private_connections(config: Config, keys: SessionKeys) -> Connections:
    """Connections of one session: the keys typed into it.

    Grids and latency fall back on the operator's keys, except on a public deployment; AWS never
    does.
    """
    own = "" if config.public else config.electricity_maps_key
    token = "" if config.public else config.cloudflare_token
    return Connections(
        Access(keys.aws, roles=keys.roles) if keys.aws else None,
        _electricity_maps(config, keys.electricity_maps_key or own),
        _radar(config, keys.cloudflare_token or token),
    )


def changing_access(config: Config) -> Access | None:
    """The way into AWS for changes: the operator's, through roles of its own where there are some.

    None unless the operator enabled actions; a public deployment never has one.
    """
    if config.public or not config.actions_enabled:
        return None
    return _operator_access(config, config.actions_role_arns or config.aws_role_arns)


def _operator_access(config: Config, role_arns: Sequence[str] | None = None) -> Access | None:
    """Configured keys, else the default chain where the operator allows it.

    A public deployment never uses the chain: it would be whatever its host happens to have.
    """
    arns = config.aws_role_arns if role_arns is None else role_arns
    roles = _roles(arns, config.aws_external_id)
    if config.aws_access_key_id and config.aws_secret_access_key:
        keys = AwsKeys(
            config.aws_access_key_id,
            config.aws_secret_access_key,
            config.aws_session_token or None,
        )
        return Access(keys, roles=roles)
    if config.aws_default_chain and not config.public:
        return Access(profile=config.aws_profile or None, roles=roles)
    return None


def _roles(arns: Sequence[str], external_id: str) -> tuple[Role, ...]:
    return tuple(Role(arn, external_id or None) for arn in arns)


def _electricity_maps(config: Config, key: str) -> ElectricityMaps | None:
    return ElectricityMaps(key, config.electricity_maps_url) if key else None


def _radar(config: Config, token: str) -> Radar | None:
    return Radar(token, config.cloudflare_url) if token else None

"""What decides whose emissions are whose: aliases, account defaults, shared pools."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from spectra.errors import InputError

Match = Literal["tag", "team", "account", "service", "environment"]
By = Literal["direct", "even", "fixed"]
Policy = Literal["visible", "direct", "even"]

UNALLOCATED = "unallocated"
_MATCHES, _WAYS, _POLICIES = (
    ("tag", "team", "account", "service", "environment"),
    ("direct", "even", "fixed"),
    ("visible", "direct", "even"),
)


@dataclass(frozen=True)
class Pool:
    """Resources that several teams use, dealt out by a rule.

    Attributes
    ----------
    match, key : str
        Which resources are in it: a tag as ``key=value``, a team, an account, a service or an
        environment.
    by : str
        ``direct`` in proportion to what the teams emit themselves, ``even``, or ``fixed``.
    shares : mapping
        Per cent by team, for ``fixed``; what is left of 100 stays unallocated.
    teams : tuple of str
        Who takes part; empty for every team that emits.
    """

    name: str
    match: Match
    key: str
    by: By = "direct"
    shares: Mapping[str, float] = field(default_factory=dict)
    teams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.key.strip():
            raise InputError("A shared pool needs a name and what is in it.")
        if self.match not in _MATCHES or self.by not in _WAYS:
            raise InputError(
                f"The shared pool “{self.name}” cannot be read.",
                next_step=f"It matches {', '.join(_MATCHES)} and is dealt out {', '.join(_WAYS)}.",
            )
        if self.match == "tag" and "=" not in self.key:
            raise InputError(
                f"The tag of the shared pool “{self.name}” has no value.",
                next_step="Write it as key=value.",
            )
        if self.by == "fixed":
            self._check_shares()

    def _check_shares(self) -> None:
        values = list(self.shares.values())
        total = math.fsum(values)
        if not values or not all(math.isfinite(v) and v >= 0 for v in values) or total > 100.0001:
            raise InputError(
                f"The shares of the pool “{self.name}” add up to {total:g} %.",
                next_step="Name a share of 0 to 100 % for each team, at most 100 % together.",
            )


@dataclass(frozen=True)
class Rules:
    """One version of all rules; it is in force until the next one.

    Attributes
    ----------
    aliases : mapping
        Team names that stand for another one.
    accounts : mapping
        Team of what has no team in an account.
    pools : tuple of Pool
        The first that matches a resource holds.
    unallocated : str
        ``visible`` leaves the rest alone; ``direct`` and ``even`` also show it dealt out, in a
        column of its own.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    pools: tuple[Pool, ...] = ()
    unallocated: Policy = "visible"

    def __post_init__(self) -> None:
        names = [pool.name for pool in self.pools]
        if len(set(names)) < len(names):
            raise InputError("Two shared pools have the same name.")
        if self.unallocated not in _POLICIES:
            raise InputError(f"What is unallocated is one of {', '.join(_POLICIES)}.")
        if UNALLOCATED in self.aliases:
            raise InputError(
                "What belongs to nobody cannot stand for a team.",
                next_step="Name a team for its account, or a shared pool.",
            )
        if any(new in self.aliases for new in self.aliases.values()):
            raise InputError(
                "A team stands for another one that is itself an alias.",
                next_step="Let every alias name the final team.",
            )

    @property
    def receivers(self) -> frozenset[str]:
        """Teams that the rules name to carry something, whether it came to anything or not."""
        of_pools = [n for p in self.pools for n in (p.shares if p.by == "fixed" else p.teams)]
        names = (*self.aliases.values(), *self.accounts.values(), *of_pools)
        return frozenset(self.team(name) for name in names) - {UNALLOCATED}

    def team(self, name: str) -> str:
        """The team that a name stands for."""
        return self.aliases.get(name, name)

    def names(self, team: str) -> bool:
        """Whether the rules give a team something: by a shared pool, or as an account's default."""
        of_pools = (name for pool in self.pools for name in (*pool.shares, *pool.teams))
        return team in {self.team(name) for name in (*of_pools, *self.accounts.values())}

    def to_json(self) -> str:
        """The rules as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Rules:
        """Read what `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        pools = tuple(Pool(**{**pool, "teams": tuple(pool["teams"])}) for pool in raw["pools"])
        return cls(raw["aliases"], raw["accounts"], pools, raw["unallocated"])

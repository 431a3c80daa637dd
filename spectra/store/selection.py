"""What a reader chose to look at: a time span, regions, teams, environments, accounts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from spectra.errors import InputError
from spectra.moments import last_day


@dataclass(frozen=True, slots=True)
class Selection:
    """A time span and filters; an empty filter means all.

    Attributes
    ----------
    start, end : datetime
        Aware UTC hours, `end` exclusive.
    """

    start: datetime
    end: datetime
    regions: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InputError("A selection needs timezone-aware bounds.")

    @property
    def last_day(self) -> date:
        """The UTC day of its last hour; `end` may be the midnight after it."""
        return last_day(self.end)

    def between(self, start: datetime, end: datetime) -> Selection:
        """The same filters over another span."""
        return replace(self, start=start, end=end)

    @property
    def sql(self) -> str:
        """Condition on region, team, environment and account; values go in as parameters."""
        of_accounts = " AND list_contains($accounts, account_id)" if self.accounts else ""
        return (
            "(len($regions) = 0 OR list_contains($regions, region)) "
            "AND (len($teams) = 0 OR list_contains($teams, team)) "
            "AND (len($environments) = 0 OR list_contains($environments, environment))"
            f"{of_accounts}"
        )

    @property
    def hours_sql(self) -> str:
        """Condition of `sql` and on the hour."""
        return f"hour >= $start AND hour < $end AND {self.sql}"

    @property
    def days_sql(self) -> str:
        """Condition of `sql` and on the UTC day; compared as days, not each day as a moment."""
        last = "($end - INTERVAL 1 MICROSECOND)::DATE"
        return f'"day" >= $start::DATE AND "day" <= {last} AND {self.sql}'

    @property
    def filters(self) -> dict[str, Any]:
        """Parameters of `sql`."""
        return {
            "regions": list(self.regions),
            "teams": list(self.teams),
            "environments": list(self.environments),
            # A statement refuses a parameter that it does not use.
            **({"accounts": list(self.accounts)} if self.accounts else {}),
        }

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of `hours_sql` and `days_sql`."""
        return {**self.filters, "start": self.start, "end": self.end}

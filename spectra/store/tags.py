"""What the tags of a resource say: which keys mean team or environment, and which values agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spectra.errors import StoreError
from spectra.insight.allocation import UNALLOCATED


@dataclass(frozen=True)
class TagRules:
    """Which tag keys mean what; keys and values are compared without case and extra spaces.

    Attributes
    ----------
    team, environment, service_tag, criticality : tuple of str
        Tag keys in the order they are tried.
    aliases : mapping
        Values that stand for another one.
    """

    team: tuple[str, ...] = ("team",)
    environment: tuple[str, ...] = ("environment", "env")
    service_tag: tuple[str, ...] = ("service",)
    criticality: tuple[str, ...] = ("criticality",)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def value(self, text: str) -> str:
        """Fold a tag value and follow its alias."""
        folded = fold(text)
        return self.aliases.get(folded, folded)

    def read(self, tags: str, keys: tuple[str, ...]) -> str | None:
        """Value of the first of `keys` that the tags (JSON text) have, None without any."""
        known = folded(tags)
        return next((self.value(known[key]) for key in keys if known.get(key)), None)

    def with_columns(self, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Add the columns named, read from the column ``tags``."""
        rows = frame.copy()
        for column in columns:
            missing = UNALLOCATED if column in ("team", "environment") else None
            keys = getattr(self, column)
            rows[column] = [self.read(tags, keys) or missing for tags in rows["tags"]]
        return rows


def fold(text: str) -> str:
    """Lower case, single spaces."""
    return " ".join(str(text).lower().split())


def folded(tags: str) -> dict[str, str]:
    """Tags (JSON text) with keys and values folded.

    Raises
    ------
    StoreError
        If they are no JSON object.
    """
    try:
        return {fold(key): fold(value) for key, value in json.loads(tags).items()}
    except (ValueError, AttributeError) as error:
        raise StoreError("Tags of a resource are not a JSON object.") from error

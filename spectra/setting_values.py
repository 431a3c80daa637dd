"""What the text of a setting may be: each turns it into a value, or raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from spectra.insight.anomalies.kinds import KINDS
from spectra.insight.anomalies.sensitivity import LEVELS

ROOT = Path(__file__).resolve().parent.parent
MOST_USD_PER_TONNE = 100_000
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_MOTHERDUCK = re.compile(r"md:[A-Za-z_][\w-]*")
_AMOUNT = re.compile(r"(?=.*[1-9])\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def flag(text: str) -> bool:
    """On or off."""
    lowered = text.strip().lower()
    if lowered not in _TRUE | _FALSE:
        raise ValueError("expected on or off")
    return lowered in _TRUE


def whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    """A whole number within limits."""

    def parse(text: str) -> int:
        if not text.strip().isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"expected {low} to {high} {unit}")
        return int(text)

    return parse


def optional(most: float, expected: str) -> Callable[[str], float | None]:
    """A number above 0 and up to the most, or nothing."""

    def parse(text: str) -> float | None:
        try:
            value = float(text) if text.strip() else None
        except ValueError:
            raise ValueError(expected) from None
        if value is not None and not 0 < value <= most:
            raise ValueError(expected)
        return value

    return parse


optional_number = optional(5_000, "expected a number above 0, up to 5000, or nothing")
optional_price = optional(
    MOST_USD_PER_TONNE, "expected US dollars per tonne above 0, up to 100000, or nothing"
)


def memory(text: str) -> str:
    """An amount of memory with its unit."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise ValueError("expected an amount with its unit, such as 512MB or 2GB")
    return text.strip()


def database(text: str) -> str:
    """A file, relative to the project, or a database at MotherDuck."""
    if not text.startswith("md:"):
        return str((ROOT / text).resolve())
    if not _MOTHERDUCK.fullmatch(text):
        raise ValueError("expected md: and a name; its token goes into motherduck_token")
    return text


def path(text: str) -> Path:
    """A path, relative to the project."""
    return (ROOT / text).resolve()


def words(text: str) -> tuple[str, ...]:
    """Words separated by commas, each once."""
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def optional_days(text: str) -> int | None:
    """Days to keep, or nothing."""
    return whole(62, 3650, "days, or nothing")(text) if text.strip() else None


def tag_keys(text: str) -> tuple[str, ...]:
    """Tag keys, in lower case."""
    return tuple(" ".join(word.lower().split()) for word in words(text))


def regions(text: str) -> tuple[str, ...]:
    """Region codes."""
    codes = words(text.lower())
    if not all(_REGION.fullmatch(code) for code in codes):
        raise ValueError("expected region codes such as eu-central-1, separated by commas")
    return codes


def role_arns(text: str) -> tuple[str, ...]:
    """ARNs of roles."""
    arns = words(text)
    if not all(ROLE_ARN.fullmatch(arn) for arn in arns):
        raise ValueError("expected role ARNs, separated by commas")
    return arns


def tag(text: str) -> tuple[str, str]:
    """A tag's key and value."""
    key, _, value = (part.strip() for part in text.partition("="))
    if not key or not value:
        raise ValueError("expected a tag such as key=value")
    return key, value


def aliases(text: str) -> dict[str, str]:
    """Values by what else they are called."""
    pairs = [[side.strip().lower() for side in word.split("=")] for word in words(text)]
    if not all(len(pair) == 2 and all(pair) for pair in pairs):
        raise ValueError("expected pairs such as old=new, separated by commas")
    return {" ".join(old.split()): " ".join(new.split()) for old, new in pairs}


def levels(text: str) -> dict[str, str]:
    """How easily kinds of incidents are raised."""
    levels = aliases(text)
    if not levels.keys() <= {*KINDS} or not {*levels.values()} <= LEVELS.keys():
        raise ValueError(f"expected one of {', '.join(KINDS)}, = and one of {', '.join(LEVELS)}")
    return levels


def url(text: str) -> str:
    """An address on http or https without a user."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("expected an address that begins with https://")
    return text.strip().rstrip("/")


def choice(*choices: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected {' or '.join(choices)}")
        return text

    return parse

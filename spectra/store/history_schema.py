"""What a manifest of exported history may say: it is believed only where it is of this form."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator

_MOST = 2**53
_COUNT = {"type": "integer", "minimum": 0, "maximum": _MOST}
_MOMENTS = ("exported_at", "first_hour", "end_hour")


def wrong_place(values: Any, spans: Iterable[str], monthly: Iterable[str]) -> str:
    """Where values are not those of a manifest, such as ``$.parts[3].month``; empty if they are.

    Parameters
    ----------
    spans, monthly : iterable of str
        Tables that are exported whole, and those by month.
    """
    error = next(iter(Draft202012Validator(_schema(spans, monthly)).iter_errors(values)), None)
    if error is not None:
        return str(error.json_path)
    return next((f"$.{name}" for name in _MOMENTS if not _is_moment(values[name])), "")


def _schema(spans: Iterable[str], monthly: Iterable[str]) -> dict[str, Any]:
    part: dict[str, Any] = {
        "path": {"type": "string"},
        "table": {"enum": [*spans, *monthly]},
        "month": {"type": "string", "pattern": r"^((19|20|21)[0-9]{2}-(0[1-9]|1[0-2]))?\Z"},
        "rows": _COUNT,
        "size_bytes": _COUNT,
        "sha256": {"type": "string", "pattern": r"^[0-9a-f]{64}\Z"},
        "total": {"type": ["number", "null"]},
    }
    text = {"type": "string"}
    return _object(
        {
            "format": _COUNT,
            "schema_version": _COUNT,
            **dict.fromkeys((*_MOMENTS, "factor_set", "method"), text),
            "fleets": {"type": "array", "items": text},
            "parts": {
                "type": "array",
                "items": {
                    **_object(part),
                    "additionalProperties": False,
                    "if": {"properties": {"table": {"enum": [*spans]}}},
                    "then": {"properties": {"month": {"const": ""}}},
                    "else": {"properties": {"month": {"minLength": 1}}},
                },
                "contains": {"properties": {"table": {"const": "instances"}}},
            },
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False

"""The published JSON schema of a report, made from the model's own annotations.

``data/report.schema.json`` holds what this module writes; a test tells when they differ.
``python -m spectra.reporting.faces.schema`` writes the file again.
"""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from spectra.reporting.model import SCHEMA, Report

PUBLISHED = Path(__file__).resolve().parents[3] / "data" / "report.schema.json"

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    types.NoneType: {"type": "null"},
    datetime: {"$ref": "#/$defs/Moment"},
}
_MOMENT = {
    "type": "object",
    "description": "A moment in UTC.",
    "properties": {"$utc": {"type": "string", "format": "date-time"}},
    "required": ["$utc"],
    "additionalProperties": False,
}


def report_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) of what the JSON face writes."""
    definitions: dict[str, Any] = {"Moment": _MOMENT}
    _reference(Report, definitions)
    definitions["Report"]["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A SPECTRA carbon report",
        "description": "Numbers are unrounded, in the unit beside them; null is not known.",
        "$ref": "#/$defs/Report",
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(report_schema(), indent=1, ensure_ascii=False) + "\n"


def _reference(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Refer to a class of the model, which is defined when it is first met."""
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # so that a class may hold itself
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind) if field.compare]
        definitions[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").split("\n\n")[0].strip(),
            "properties": {key: _schema_of(hints[key], definitions) for key in names},
            "required": names,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(kind, type) and is_dataclass(kind):
        return _reference(kind, definitions)
    inner = get_args(kind)
    origin = get_origin(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple:
        return _tuple(inner, definitions)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(part, definitions) for part in inner]}
    return dict(_PLAIN[kind])


def _tuple(inner: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if inner[1:] == (Ellipsis,):
        return {"type": "array", "items": _schema_of(inner[0], definitions)}
    items = [_schema_of(part, definitions) for part in inner]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")

"""Reports to JSON and back without loss; what does not fit the model is refused."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from spectra.errors import InputError
from spectra.reporting.model import SCHEMA, Manifest, Report
from spectra.reporting.parts import Table

_MOMENT = "$utc"  # tells a moment in a table's cell from a text that looks like one


def to_json(report: Report, *, indent: int | None = None) -> str:
    """Write a report as canonical JSON: sorted keys, floats that read back to the same bits."""
    return dumps(encoded(report), indent=indent)


def from_json(text: str) -> Report:
    """Read a report back.

    Raises
    ------
    InputError
        If it is no report, or one of another version of the schema.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_int=_integer, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise InputError("This file is no JSON, so it is no report.") from None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InputError(
            f"This is not a report of the schema {SCHEMA}.",
            next_step="Use a JSON file that SPECTRA's report wrote.",
        )
    report = _decoded(Report, value, "report")
    assert isinstance(report, Report)  # noqa: S101 (for the type checker)
    return report


def manifest_json(manifest: Manifest) -> str:
    """Canonical JSON of a manifest: what its hash is taken of."""
    return dumps(encoded(manifest))


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Canonical JSON: sorted keys, no NaN, text as it is."""
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=separators,
    )


def encoded(value: Any) -> Any:
    """A value of the model as plain JSON values; NaN becomes null, which is "not known"."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encoded(getattr(value, f.name)) for f in fields(value) if f.compare}
    if isinstance(value, tuple | list):
        return [encoded(item) for item in value]
    if isinstance(value, datetime):
        return {_MOMENT: value.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _finite(text: str) -> float:
    value = float(text)
    return float(_checked(value, math.isfinite(value), text[:20]))


def _integer(text: str) -> int:
    _finite(text)  # also keeps a number of thousands of digits from `int`
    return int(text)


def _decoded(kind: Any, value: Any, where: str) -> Any:
    """Read a value of the kind that the model's annotation names."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind, value, where)
    reader = _READERS.get(get_origin(kind) or kind)
    if reader is not None:
        return reader(get_args(kind), value, where)
    return _checked(value, type(value) is kind, where)


def _literal(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    return _checked(value, isinstance(value, str) and value in kinds, where)


def _items(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    values = _checked(value, isinstance(value, list), where)
    inner = [kinds[0]] * len(values) if kinds[1:] == (Ellipsis,) else list(kinds)
    _checked(value, len(inner) == len(values), where)
    return tuple(_decoded(k, v, where) for k, v in zip(inner, values, strict=True))


def _float(_: tuple[Any, ...], value: Any, where: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(_checked(value, is_number, where))


def _object(kind: type, value: Any, where: str) -> Any:
    known = _hints(kind)
    _checked(value, isinstance(value, dict) and value.keys() == known.keys(), where)
    parts = {k: _decoded(known[k], v, f"{where}.{k}") for k, v in value.items()}
    is_sound = _RULES.get(kind)
    _checked(value, is_sound is None or is_sound(parts), where)
    return kind(**parts)


def _is_rectangular(table: dict[str, Any]) -> bool:
    return all(len(row.cells) == len(table["columns"]) for row in table["rows"])


def _has_unique_ids(report: dict[str, Any]) -> bool:
    tables = [table.id for section in report["sections"] for table in section.tables]
    return all(len(set(ids)) == len(ids) for ids in ([f.id for f in report["figures"]], tables))


_RULES: dict[type, Callable[[dict[str, Any]], bool]] = {
    Table: _is_rectangular,
    Report: _has_unique_ids,
}


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind) if f.compare}


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None or (type(value) in kinds and type(value) is not dict):
        return _checked(value, value is not None or type(None) in kinds, where)
    if datetime in kinds and isinstance(value, dict):
        return _moment((), value, where)
    kind = next((k for k in kinds if k is float or is_dataclass(k)), None)
    _checked(value, kind is not None, where)
    return _decoded(kind, value, where)


def _moment(_: tuple[Any, ...], value: Any, where: str) -> datetime:
    _checked(value, isinstance(value, dict) and value.keys() == {_MOMENT}, where)
    try:
        moment = datetime.fromisoformat(value[_MOMENT])
        _checked(moment, moment.tzinfo is not None, where)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _misfit(where) from None


_READERS: dict[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    Literal: _literal,
    tuple: _items,
    Union: _one_of,
    types.UnionType: _one_of,
    datetime: _moment,
    float: _float,
}


def _checked(value: Any, is_fine: bool, where: str) -> Any:
    if not is_fine:
        raise _misfit(where)
    return value


def _misfit(where: str) -> InputError:
    return InputError(
        f"This is not a report of the schema {SCHEMA}: “{where}” does not fit.",
        next_step="Use a JSON file that SPECTRA's report wrote, unchanged.",
    )

"""The Method page's content, generated from the docstrings of the code that computes."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import docstring_parser

TOPICS = {
    "Energy": "spectra.carbon.energy",
    "Utilisation": "spectra.carbon.utilisation",
    "Intensity": "spectra.carbon.intensity",
    "Scopes": "spectra.carbon.scopes",
    "Embodied": "spectra.carbon.embodied",
    "Uncertainty": "spectra.carbon.uncertainty",
    "Rightsizing": "spectra.insight.rightsizing.judge",
    "Savings": "spectra.insight.rightsizing.savings",
    "Anomalies": "spectra.insight.anomalies.scores",
    "Runaways": "spectra.insight.anomalies.runaway",
    "Waste": "spectra.insight.anomalies.waste",
    "Unusual days": "spectra.insight.anomalies.daily",
    "Incidents": "spectra.insight.anomalies.incidents",
    "Budget plans": "spectra.insight.budgets.plan",
    "Budget outlook": "spectra.insight.budgets.outlook",
    "Budget states": "spectra.insight.budgets.judge",
    "Allocation": "spectra.insight.allocation.shares",
    "Rounding": "spectra.insight.allocation.rounding",
    "Regions": "spectra.insight.regions.compare",
    "Latency": "spectra.insight.regions.distance",
    "Moves": "spectra.insight.regions.move",
}


class Entry(NamedTuple):
    """One documented function or class of a topic, as Markdown."""

    name: str
    text: str


class Constant(NamedTuple):
    """One named constant of a topic and its value."""

    name: str
    value: str


def summary(topic: str) -> str:
    """First line of the topic's module."""
    return (inspect.getdoc(_module(topic)) or "").splitlines()[0]


def entries(topic: str) -> list[Entry]:
    """Public functions and classes of a topic, in the order of the source."""
    return [Entry(name, _markdown(name, thing)) for name, thing in _public(topic)]


def constants(topic: str) -> list[Constant]:
    """Numbers, texts and tables that the topic's formulas use."""
    module = _module(topic)
    return [
        Constant(name, str(value))
        for name, value in vars(module).items()
        if name.isupper()
        and not name.startswith("_")
        and isinstance(value, (int, float, str, tuple, dict, frozenset))
    ]


def _module(topic: str) -> Any:
    return importlib.import_module(TOPICS[topic])


def _public(topic: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    module = _module(topic)
    for name, thing in vars(module).items():
        is_own = getattr(thing, "__module__", None) == module.__name__
        is_own &= inspect.isfunction(thing) or inspect.isclass(thing)
        if is_own and not name.startswith("_") and inspect.getdoc(thing):
            yield name, thing


def _markdown(name: str, thing: Callable[..., Any]) -> str:
    """A docstring as Markdown: description, parameters, results, errors, sources."""
    parsed = docstring_parser.parse(
        inspect.getdoc(thing) or "", style=docstring_parser.DocstringStyle.NUMPYDOC
    )
    parts = [parsed.short_description or "", parsed.long_description or ""]
    rows = [(meta.arg_name, meta.type_name or "", meta.description or "") for meta in parsed.params]
    if rows:
        parts.append(_table(rows))
    if parsed.returns and parsed.returns.description:
        parts.append(f"Returns: {_one_line(parsed.returns.description)}")
    parts += [
        f"Raises {error.type_name}: {_one_line(error.description or '')}" for error in parsed.raises
    ]
    parts += [
        f"Source: {_one_line(meta.description or '').removeprefix('.. [1] ')}"
        for meta in parsed.meta
        if meta.args and meta.args[0] == "references"
    ]
    called = (
        f"({', '.join(inspect.signature(thing).parameters)})" if inspect.isfunction(thing) else ""
    )
    text = re.sub(r" *\[1\]_", "", "\n\n".join(part for part in parts if part))
    return f"`{name}{called}`\n\n{text}"


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| name | type | meaning |", "|---|---|---|"]
    lines += [f"| {name} | {kind} | {_one_line(text)} |" for name, kind, text in rows]
    return "\n".join(lines).replace("|  |", "| |")


def _one_line(text: str) -> str:
    return " ".join(text.split())
